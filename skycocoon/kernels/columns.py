"""Columns of a tabulated density along rays: adaptive Gauss-Kronrod quadrature on a cylindrical grid.

The density is a table on nodes that are uniform in sqrt(R) or R, in phi and in z, |z| or sqrt(|z|), holding n or ln n.
Interpolation is linear in the table; in ln n it keeps an exponential layer exact.

Absorption is a factor on the ray: columns are weighted with exp(-tau_j(s)) for several j (energies) at a time,
tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds', with absorbing fields B_a that are tables as the density is.
Transmissions are smoother than densities: along a stretch they are polynomials through 11 nodes, and what is integrated
panel by panel are the density's moments on that stretch, once for all j. Without absorption there is one j, and one
moment.

A ray is split where the integrand is not smooth: where it enters and leaves the cylinder, at its closest approach to
the axis, and where it crosses z = 0. Each piece is integrated with the 11-point Kronrod extension of 5-point Gauss
quadrature and halved until the two rules agree to ``rtol`` of the column gathered so far, nearest piece first.

Geometry (kpc): axis along z, the observer at (x, y, z) = (sun_radius, 0, sun_height); the direction of Galactic
longitude 0 is -x, of longitude 90 deg is +y. phi = atan2(y, x) is 0 towards the Sun and grows with Galactic rotation.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["KRONROD", "TRANSPARENT", "Absorbers", "Table", "columns", "density"]

FloatArray = NDArray[np.float64]


class Table(NamedTuple):
    """A density on uniform nodes, as the kernels read it: arrays and flags, nothing else.

    Attributes
    ----------
    values
        (n_R, n_phi, n_z) density, or its logarithm; n_phi = 1 is axisymmetric.
    axes
        (3, 3): for R (or its root), phi and z (or its root) the first node, nodes per unit, and the outer boundary in
        kpc.
    flags
        Whether nodes are uniform in sqrt(R), whether z stands for |z|, whether nodes are uniform in sqrt(|z|), whether
        `values` is a logarithm.
    rulers
        (n_R + n_phi + 1 + n_z,) grains between the first node and each, of R, of phi (and once around) and of z: a
        grain is as many cells as the table is smooth over. All 0 along an axis for which one panel can do.
    creases
        (k,) heights [kpc] at which the table has a kink, as the plane of a layer: rays are split there.
    """

    values: FloatArray
    axes: FloatArray
    flags: tuple[bool, bool, bool, bool]
    rulers: FloatArray
    creases: FloatArray


class Absorbers(NamedTuple):
    """What weakens a ray: tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds', for m members j at a time.

    Attributes
    ----------
    uniform
        (m,) absorption coefficients k_j that are the same everywhere [1/kpc].
    factors
        (m, p) coefficients f_ja of the absorbing fields.
    fields
        (p, n_R, 1, n_z) the fields B_a, on nodes uniform in sqrt(R) and sqrt(|z|); beyond these they are constant.
    axes
        (3, 3) as in :class:`Table`, for the fields.
    """

    uniform: FloatArray
    factors: FloatArray
    fields: FloatArray
    axes: FloatArray


# Kronrod nodes, their weights, and the weights of the embedded Gauss rule (0 at nodes that are Kronrod's alone).
# Piessens et al. 1983, QUADPACK, for n = 5: computed to 30 digits there.
_X = np.array(
    [0.984085360094842464, 0.906179845938663993, 0.754166726570849220, 0.538469310105683091, 0.279630413161783191]
)
_K = np.array(
    [0.0425820367510818329, 0.115233316622473394, 0.186800796556492657, 0.241040339228647589, 0.272849801912558922]
)
_G = np.array([0.0, 0.236926885056189088, 0.0, 0.478628670499366468, 0.0])
_NODES = np.concatenate([-_X, [0.0], _X[::-1]])
_BASIS = [np.polynomial.legendre.Legendre.basis(k) for k in range(_NODES.size)]
_LAGRANGE = np.linalg.inv(np.array([p(_NODES) for p in _BASIS]))
_PRIMITIVE = np.array([p.integ(lbnd=-1)(_NODES) for p in _BASIS]).T @ _LAGRANGE.T
KRONROD = np.array(
    [
        _NODES,
        np.concatenate([_K, [0.282987417857491213], _K[::-1]]),
        np.concatenate([_G, [0.568888888888888889], _G[::-1]]),
        *_PRIMITIVE,
        *_LAGRANGE,
    ]
)
"""Rows: nodes on [-1, 1], Kronrod weights, Gauss weights; weights of the integrals from -1 to each node; Legendre
coefficients of the Lagrange polynomial of each node."""

TRANSPARENT = Absorbers(np.zeros(1), np.zeros((1, 0)), np.zeros((0, 2, 1, 2)), np.array([[0.0, 1.0, 1.0]] * 3))
"""No absorption."""

MAX_PANELS = 512
MAX_STRETCHES = 40
# Moments of the density that both rules must agree on: transmissions fall too smoothly for the higher ones to matter.
CHECKED = 3
# A rough table is first cut into panels of this many of its grains, so that no panel can step over a feature.
GRAINS_PER_PANEL = 6.0
# Kinks of a rough table can make two rules agree by chance: where a panel spans more grains than this, its halves must
# agree with it too.
SMOOTH_GRAINS = 0.4

# Flags of a smooth field that absorbs: nodes uniform in sqrt(R) and sqrt(|z|), values as they are.
_FIELD = (True, True, True, False)
# Rows of the one array of scratch, n_nodes long: three of the geometry, the sampled density, moments of a panel by the
# Kronrod and by the Gauss rule, of its two halves, of its far half, those of a stretch; then Legendre polynomials.
_SAMPLED, _PANEL, _WORSE, _HALVES, _FAR, _STRETCH, _WAVES = 3, 4, 5, 6, 7, 8, 9

_HALF_PI, _QUARTER_PI = 0.5 * math.pi, 0.25 * math.pi


# Pieces of one loop, inlined into it: as calls of their own they cost 20 % of an unabsorbed ray.
_piece = njit(nogil=True, cache=True, error_model="numpy", inline="always")


@njit(nogil=True, cache=True, error_model="numpy")
def _azimuth(y, x):  # type: ignore[no-untyped-def]
    """atan2(y, x) to 3e-13 rad, without branches. The library's takes 20 ns, this one 2 ns in a loop."""
    across, along = abs(y), abs(x)
    small, large = min(across, along), max(max(across, along), 1e-300)
    turned = small > 0.41421356237309503 * large  # tan(pi/8)
    t = (small - large if turned else small) / (small + large if turned else large)
    # Taylor series of arctan, to t^27
    q = t * t
    p = 1 / 23 - q * (1 / 25 - q * (1 / 27))
    p = 1 / 17 - q * (1 / 19 - q * (1 / 21 - q * p))
    p = 1 / 11 - q * (1 / 13 - q * (1 / 15 - q * p))
    p = 1 / 5 - q * (1 / 7 - q * (1 / 9 - q * p))
    angle = t - t * q * (1 / 3 - q * p)
    angle = angle + _QUARTER_PI if turned else angle
    angle = _HALF_PI - angle if across > along else angle
    angle = math.pi - angle if x < 0.0 else angle
    return angle if y >= 0.0 else -angle


@njit(nogil=True, cache=True, error_model="numpy")
def _grains(s, ray, values, axes, flags, rulers):  # type: ignore[no-untyped-def]
    """How many grains of a rough table lie between its first node and the point at distance s, for each axis."""
    n_r, n_phi, n_z = values.shape
    x = ray[3] - s * ray[0]
    y = s * ray[1]
    z = ray[4] + s * ray[2]
    r = math.sqrt(x * x + y * y)
    if flags[0]:
        r = math.sqrt(r)
    if flags[1]:
        z = abs(z)
    if flags[2]:
        z = math.sqrt(z)
    turn = _azimuth(y, x)
    if turn < 0.0:
        turn += 2.0 * math.pi
    a = min(max(int((r - axes[0, 0]) * axes[0, 1] + 0.5), 0), n_r - 1)
    b = min(int(turn * axes[1, 1] + 0.5), n_phi)
    c = min(max(int((z - axes[2, 0]) * axes[2, 1] + 0.5), 0), n_z - 1)
    return rulers[a], rulers[n_r + b], rulers[n_r + n_phi + 1 + c]


@njit(nogil=True, cache=True, error_model="numpy")
def _grains_across(start, stop, ray, values, axes, flags, rulers):  # type: ignore[no-untyped-def]
    """Grains that a piece of a ray spans: the more of R and phi, and z."""
    r0, p0, z0 = _grains(start, ray, values, axes, flags, rulers)
    r1, p1, z1 = _grains(stop, ray, values, axes, flags, rulers)
    turn = abs(p1 - p0)
    around = rulers[values.shape[0] + values.shape[1]]
    return max(abs(r1 - r0), min(turn, around - turn)), abs(z1 - z0)


@_piece
def _sample(start, stop, ray, values, axes, flags, kronrod, scratch):  # type: ignore[no-untyped-def]
    """Density at the quadrature nodes between two distances, into a row of ``scratch``.

    Geometry, look-up and exp are loops of their own, so that the first is vectorised and the others pipeline.
    """
    root, folded, steep, logarithmic = flags
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    ux, uy, uz = ray[0], ray[1], ray[2]
    x0, z0 = ray[3], ray[4]
    r_first, r_scale, z_first, z_scale, phi_scale = axes[0, 0], axes[0, 1], axes[2, 0], axes[2, 1], axes[1, 1]
    n_r, n_phi, n_z = values.shape
    r_last, z_last = n_r - 1.0, n_z - 1.0
    for q in range(kronrod.shape[1]):
        s = middle + half * kronrod[0, q]
        x = x0 - s * ux
        y = s * uy
        z = z0 + s * uz
        r = math.sqrt(x * x + y * y)
        if root:
            r = math.sqrt(r)
        if folded:
            z = abs(z)
        if steep:
            z = math.sqrt(z)
        # Inside the first node the table is that of the first node, beyond the last that of the last.
        scratch[0, q] = min(max((r - r_first) * r_scale, 0.0), r_last)
        scratch[2, q] = min(max((z - z_first) * z_scale, 0.0), z_last)
    if n_phi > 1:
        for q in range(kronrod.shape[1]):
            s = middle + half * kronrod[0, q]
            phi = _azimuth(s * uy, x0 - s * ux) * phi_scale
            scratch[1, q] = phi if phi >= 0.0 else phi + n_phi
    for q in range(kronrod.shape[1]):
        a, c = scratch[0, q], scratch[2, q]
        i = min(int(a), n_r - 2)
        k = min(int(c), n_z - 2)
        a -= i
        c -= k
        if n_phi == 1:
            low = values[i, 0, k] + c * (values[i, 0, k + 1] - values[i, 0, k])
            high = values[i + 1, 0, k] + c * (values[i + 1, 0, k + 1] - values[i + 1, 0, k])
        else:
            b = scratch[1, q]
            j = int(b)
            b -= j
            if j >= n_phi:
                j = 0
            j1 = j + 1 if j + 1 < n_phi else 0
            v00 = values[i, j, k] + c * (values[i, j, k + 1] - values[i, j, k])
            v01 = values[i, j1, k] + c * (values[i, j1, k + 1] - values[i, j1, k])
            v10 = values[i + 1, j, k] + c * (values[i + 1, j, k + 1] - values[i + 1, j, k])
            v11 = values[i + 1, j1, k] + c * (values[i + 1, j1, k + 1] - values[i + 1, j1, k])
            low = v00 + b * (v01 - v00)
            high = v10 + b * (v11 - v10)
        scratch[_SAMPLED, q] = low + a * (high - low)
    if logarithmic:
        for q in range(kronrod.shape[1]):
            scratch[_SAMPLED, q] = math.exp(scratch[_SAMPLED, q])


@_piece
def _limits(ray, axes, folded, s_min):  # type: ignore[no-untyped-def]
    """Distances between which a ray is inside the cylinder; an empty interval if it never is."""
    enter, leave = s_min, math.inf
    x0, z0 = ray[3], ray[4]
    r_max, z_max = axes[0, 2], axes[2, 2]
    z_min = -z_max if folded else axes[2, 0]
    c2 = ray[0] ** 2 + ray[1] ** 2
    # |x(s)|^2 = c2 s^2 - 2 x0 ux s + x0^2 <= r_max^2
    outside = x0 * x0 - r_max * r_max
    if c2 > 1e-30:
        half = x0 * ray[0]
        root = half * half - c2 * outside
        if root <= 0.0:
            return 0.0, 0.0
        root = math.sqrt(root)
        leave = (half + root) / c2
        enter = max(enter, (half - root) / c2)
    elif outside >= 0.0:
        return 0.0, 0.0
    uz = ray[2]
    if uz > 0.0:
        leave = min(leave, (z_max - z0) / uz)
        enter = max(enter, (z_min - z0) / uz)
    elif uz < 0.0:
        leave = min(leave, (z_min - z0) / uz)
        enter = max(enter, (z_max - z0) / uz)
    elif z0 >= z_max or z0 <= z_min:
        return 0.0, 0.0
    return enter, leave


@_piece
def _cuts(ray, first, enter, leave, creases, cuts):  # type: ignore[no-untyped-def]
    """Distances at which a ray is split, in order, into ``cuts``; gives the number of pieces.

    The integrand is not smooth at the closest approach to the axis, in the plane and at other creases. The way to the
    density's edge counts if there is something on it that absorbs: then it is a piece of its own.
    """
    cuts[0] = first
    pieces = 1
    if enter > first:
        cuts[1] = enter
        pieces = 2
    c2 = ray[0] ** 2 + ray[1] ** 2
    for candidate in range(1 + creases.size):
        if candidate == 0:
            cut = ray[3] * ray[0] / c2 if c2 > 1e-30 else -1.0
        else:
            cut = (creases[candidate - 1] - ray[4]) / ray[2] if ray[2] != 0.0 else -1.0
        if first < cut < leave:
            place = pieces
            while place > 1 and cuts[place - 1] > cut:
                cuts[place] = cuts[place - 1]
                place -= 1
            cuts[place] = cut
            pieces += 1
    cuts[pieces] = leave
    return pieces


@njit(nogil=True, cache=True, error_model="numpy")
def _ladder(uniform):  # type: ignore[no-untyped-def]
    """Whether absorption coefficients are equally spaced from 0."""
    even = uniform.size > 1
    for j in range(uniform.size):
        even = even and abs(uniform[j] - j * uniform[1]) <= 1e-13 * uniform[uniform.size - 1]
    return even


@njit(nogil=True, cache=True, error_model="numpy")
def _field_depths(start, stop, ray, factors, fields, axes, kronrod, depth, scratch, out):  # type: ignore[no-untyped-def]
    """Integrals of the absorbing fields from the observer to the nodes of a stretch, into ``out``.

    Gives the error of tau, at most.
    ``depth[0]`` holds the integrals up to the start, ``depth[1]`` receives those over the stretch.
    """
    n_nodes = kronrod.shape[1]
    half = 0.5 * (stop - start)
    error = 0.0
    for a in range(fields.shape[0]):
        _sample(start, stop, ray, fields[a], axes, _FIELD, kronrod, scratch)
        better, worse = 0.0, 0.0
        for q in range(n_nodes):
            better += kronrod[1, q] * scratch[_SAMPLED, q]
            worse += kronrod[2, q] * scratch[_SAMPLED, q]
        depth[1, a] = half * better
        largest = 0.0
        for j in range(factors.shape[0]):
            largest = max(largest, abs(factors[j, a]))
        error += largest * half * abs(better - worse)
        for q in range(n_nodes):
            part = 0.0
            for k in range(n_nodes):
                part += kronrod[3 + q, k] * scratch[_SAMPLED, k]
            out[a, q] = depth[0, a] + half * part
    return error


@njit(nogil=True, cache=True, error_model="numpy")
def _transmission(start, stop, uniform, factors, nodes, depths, out):  # type: ignore[no-untyped-def]
    """Transmission exp(-tau_j) at the nodes of a stretch of the ray, for each j.

    ``depths`` are the integrals of the absorbing fields up to the nodes.
    """
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    if depths.shape[0] == 0 and _ladder(uniform):
        # Coefficients on a ladder give powers of one exponential: the exponentials are most of an absorbed ray's cost.
        for q in range(nodes.size):
            out[0, q] = 1.0
            out[1, q] = math.exp(-uniform[1] * (middle + half * nodes[q]))
        for j in range(2, uniform.size):
            for q in range(nodes.size):
                out[j, q] = out[j - 1, q] * out[1, q]
        return
    for j in range(uniform.size):
        row = out[j]
        for q in range(nodes.size):
            row[q] = -uniform[j] * (middle + half * nodes[q])
        for a in range(depths.shape[0]):
            for q in range(nodes.size):
                row[q] -= factors[j, a] * depths[a, q]
        for q in range(nodes.size):
            row[q] = math.exp(row[q])


@_piece
def _moments(panel, stretch, ray, values, axes, flags, kronrod, scratch, n_moments, rows):  # type: ignore[no-untyped-def]
    """Integrals over a panel of the density times Legendre polynomials of the stretch that holds it.

    By the Kronrod rule into the first of two rows of ``scratch``, by the Gauss rule into the second.
    """
    (start, stop), (low, high), (better, worse) = panel, stretch, rows
    _sample(start, stop, ray, values, axes, flags, kronrod, scratch)
    n_nodes = kronrod.shape[1]
    half = 0.5 * (stop - start)
    above, below = 0.0, 0.0
    for q in range(n_nodes):
        above += kronrod[1, q] * scratch[_SAMPLED, q]
        below += kronrod[2, q] * scratch[_SAMPLED, q]
    scratch[better, 0], scratch[worse, 0] = above * half, below * half
    if n_moments == 1:
        return
    offset, scale = (start + stop - low - high) / (high - low), (stop - start) / (high - low)
    for q in range(n_nodes):
        scratch[_SAMPLED, q] *= half
        scratch[_WAVES, q] = 1.0
        scratch[_WAVES + 1, q] = offset + scale * kronrod[0, q]
    for k in range(2, n_moments):
        first, second = (2.0 * k - 1.0) / k, (k - 1.0) / k
        wave = _WAVES + k
        for q in range(n_nodes):
            scratch[wave, q] = first * scratch[_WAVES + 1, q] * scratch[wave - 1, q] - second * scratch[wave - 2, q]
    for k in range(1, n_moments):
        above = 0.0
        for q in range(n_nodes):
            above += kronrod[1, q] * scratch[_SAMPLED, q] * scratch[_WAVES + k, q]
        scratch[better, k] = above
    for k in range(1, CHECKED):
        below = 0.0
        for q in range(n_nodes):
            below += kronrod[2, q] * scratch[_SAMPLED, q] * scratch[_WAVES + k, q]
        scratch[worse, k] = below


@_piece
def _agree(scratch, n_moments, one, other, allowed):  # type: ignore[no-untyped-def]
    """Whether two rows of moments are equal within what is allowed, as far as they are checked."""
    good = True
    for k in range(min(CHECKED, n_moments)):
        good = good and abs(scratch[one, k] - scratch[other, k]) <= allowed
    return good


@_piece
def _stretch(  # type: ignore[no-untyped-def]
    low, high, ray, values, axes, flags, rulers, kronrod, rtol, total, smallest, rough, panels, scratch, n_moments
):  # fmt: skip
    """Moments of the density over a stretch of a ray, into a row of ``scratch``; gives the ray's total with them.

    The stretch is cut into panels, as many as a rough table has grains there; the nearest is integrated first, and
    halved until two rules agree to ``rtol`` of the total. Where a panel may span more grains than a rule can see, its
    halves must agree with it too, and are taken instead.
    """
    stretch = (low, high)
    parts, doubt = 1, False
    if rough:
        across, along = _grains_across(low, high, ray, values, axes, flags, rulers)
        doubt = across > SMOOTH_GRAINS
        parts = min(int(max(across, along) / GRAINS_PER_PANEL) + 1, MAX_PANELS // 2)
    top = 0
    for part in range(parts - 1, -1, -1):
        panels[0, top] = low + (high - low) * part / parts
        panels[1, top] = low + (high - low) * (part + 1) / parts
        top += 1
    for k in range(n_moments):
        scratch[_STRETCH, k] = 0.0
    while top > 0:
        top -= 1
        a, b = panels[0, top], panels[1, top]
        half = 0.5 * (b - a)
        middle = a + half
        _moments((a, b), stretch, ray, values, axes, flags, kronrod, scratch, n_moments, (_PANEL, _WORSE))
        good = _agree(scratch, n_moments, _PANEL, _WORSE, rtol * (total + scratch[_PANEL, 0])) or half < smallest
        if good and doubt and half > smallest:
            across, along = _grains_across(a, b, ray, values, axes, flags, rulers)
            if across > SMOOTH_GRAINS:
                _moments((a, middle), stretch, ray, values, axes, flags, kronrod, scratch, n_moments, (_HALVES, _WORSE))
                _moments((middle, b), stretch, ray, values, axes, flags, kronrod, scratch, n_moments, (_FAR, _WORSE))
                for k in range(n_moments):
                    scratch[_HALVES, k] += scratch[_FAR, k]
                good = _agree(scratch, n_moments, _PANEL, _HALVES, rtol * (total + scratch[_HALVES, 0]))
                for k in range(n_moments):
                    scratch[_PANEL, k] = scratch[_HALVES, k]
        if good:
            total += scratch[_PANEL, 0]
            for k in range(n_moments):
                scratch[_STRETCH, k] += scratch[_PANEL, k]
        else:
            panels[0, top], panels[1, top] = middle, b
            panels[0, top + 1], panels[1, top + 1] = a, middle
            top += 2
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _weigh(scratch, transmitted, kronrod, out, n):  # type: ignore[no-untyped-def]
    """Add a stretch to the columns of ray n, weighted with its transmissions.

    Product integration: the weight of node q is the integral of the density times the node's Lagrange polynomial.
    """
    n_nodes = kronrod.shape[1]
    for q in range(n_nodes):
        weight = 0.0
        for k in range(n_nodes):
            weight += kronrod[3 + n_nodes + q, k] * scratch[_STRETCH, k]
        for j in range(out.shape[1]):
            out[n, j] += weight * transmitted[j, q]


@njit(nogil=True, cache=True, error_model="numpy")
def columns(directions, observer, s_min, table, absorbers, kronrod, rtol, out):  # type: ignore[no-untyped-def]
    """Integrate a density along rays, weighted with the transmission to the observer.

    Parameters
    ----------
    directions : (n, 3) array
        Unit vectors in Galactic coordinates: (cos b cos l, cos b sin l, sin b).
    observer : (2,) array
        The Sun's distance from the axis and its height [kpc].
    s_min : float
        Distance at which the density begins to count [kpc].
    table : Table
        The density.
    absorbers : Absorbers
        What absorbs, for m members; :data:`TRANSPARENT` if nothing does.
    kronrod : (3 + 2 q, q) array
        Nodes and weights, :data:`KRONROD`.
    rtol : float
        Relative accuracy of a column, and accuracy of an optical depth over a stretch.
    out : (n, m) array
        Receives the columns, in units of density times kpc.
    """
    # Tuples are taken apart once: handed on whole, each of their arrays would be counted at every call.
    values, axes, flags, rulers, creases = table
    uniform, factors, fields, field_axes = absorbers
    n_nodes, n_fields = kronrod.shape[1], fields.shape[0]
    absorbing = n_fields > 0
    for j in range(uniform.size):
        absorbing = absorbing or uniform[j] != 0.0
    # Without absorption the column is the first moment, and a ray one stretch between its cuts.
    n_moments = n_nodes if absorbing else 1
    scratch = np.empty((_WAVES + n_moments, n_nodes))
    transmitted = np.ones((uniform.size, n_nodes))
    depths, depth = np.empty((n_fields, n_nodes)), np.zeros((2, n_fields))
    panels = np.empty((2, MAX_PANELS + 64))
    ends, cuts = np.empty(MAX_STRETCHES), np.empty(4 + creases.size)
    rough = rulers[-1] + rulers[values.shape[0] - 1] + rulers[values.shape[0] + values.shape[1]] > 0.0
    ray = np.empty(5)
    ray[3:] = observer
    for n in range(directions.shape[0]):
        for k in range(3):
            ray[k] = directions[n, k]
        enter, leave = _limits(ray, axes, flags[1], s_min)
        for j in range(uniform.size):
            out[n, j] = 0.0
        if not leave > enter:
            continue
        first = 0.0 if n_fields > 0 else enter
        pieces = _cuts(ray, first, enter, leave, creases, cuts)
        smallest = 1e-7 * (leave - first)
        total = 0.0
        for k in range(n_fields):
            depth[0, k] = 0.0
        # Stretches over which the transmission is a polynomial, nearest first: the ends of those that wait.
        low, piece, waiting = first, 0, 0
        while waiting > 0 or piece < pieces:
            if waiting == 0:
                piece += 1
                ends[0], waiting = cuts[piece], 1
            high = ends[waiting - 1]
            if absorbing:
                error = _field_depths(
                    low, high, ray, factors, fields, field_axes, kronrod, depth, scratch, depths
                )  # fmt: skip
                if error > rtol and high - low > smallest and waiting < MAX_STRETCHES:
                    ends[waiting] = 0.5 * (low + high)
                    waiting += 1
                    continue
                _transmission(low, high, uniform, factors, kronrod[0], depths, transmitted)
            waiting -= 1
            for k in range(n_fields):
                depth[0, k] += depth[1, k]
            if high > enter:
                total = _stretch(
                    low, high, ray, values, axes, flags, rulers, kronrod, rtol, total, smallest, rough, panels, scratch,
                    n_moments,
                )  # fmt: skip
                if absorbing:
                    _weigh(scratch, transmitted, kronrod, out, n)
            low = high
        if not absorbing:
            for j in range(uniform.size):
                out[n, j] = total


@njit(nogil=True, cache=True, error_model="numpy")
def density(points, table, out):  # type: ignore[no-untyped-def]
    """Interpolate a table at points (x, y, z) [kpc, Galactocentric]; zero outside the cylinder.

    Parameters
    ----------
    points : (n, 3) array
        Where.
    table : Table
        The density.
    out : (n,) array
        Receives the density.
    """
    values, axes, flags, _, _ = table
    here = np.zeros((1, 1))
    still = np.zeros(5)
    scratch = np.empty((_SAMPLED + 1, 1))
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        r = math.sqrt(x * x + y * y)
        z_min = -axes[2, 2] if flags[1] else axes[2, 0]
        if r > axes[0, 2] or z > axes[2, 2] or z < z_min:
            out[p] = 0.0
            continue
        # A ray of unit length from (r, 0) that turns by the point's azimuth: reuse of the one interpolation.
        still[0], still[1], still[2] = -x, y, z
        here[0, 0] = 1.0
        _sample(0.0, 1.0, still, values, axes, flags, here, scratch)
        out[p] = scratch[_SAMPLED, 0]
