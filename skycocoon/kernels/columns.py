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

import numpy as np
from numba import njit

__all__ = ["KRONROD", "TRANSPARENT", "columns", "density"]

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

TRANSPARENT = (np.zeros(1), np.zeros((1, 0)), np.zeros((0, 2, 1, 2)), np.array([[0.0, 1.0, 1.0]] * 3))
"""Absorption arguments of :func:`columns` for no absorption: (k, f, B, axes of B)."""

MAX_PANELS = 512
MAX_STRETCHES = 40
# Moments of the density that both rules must agree on: transmissions fall too smoothly for the higher ones to matter.
CHECKED = 3
# A rough table is first cut into panels of this many of its grains, so that no panel can step over a feature.
GRAINS_PER_PANEL = 6.0
# Kinks of a rough table can make two rules agree by chance: where a panel spans more grains than this, its halves must
# agree with it too.
SMOOTH_GRAINS = 0.4

_HALF_PI, _QUARTER_PI = 0.5 * math.pi, 0.25 * math.pi


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
def _grains(s, direction, observer, axes, root, folded, steep, ruler_r, ruler_phi, ruler_z):  # type: ignore[no-untyped-def]
    """How many grains of a rough table lie between its first node and the point at distance s, for each axis."""
    x = observer[0] - s * direction[0]
    y = s * direction[1]
    z = observer[1] + s * direction[2]
    r = math.sqrt(x * x + y * y)
    if root:
        r = math.sqrt(r)
    if folded:
        z = abs(z)
    if steep:
        z = math.sqrt(z)
    turn = _azimuth(y, x)
    if turn < 0.0:
        turn += 2.0 * math.pi
    a = min(max(int((r - axes[0, 0]) * axes[0, 1] + 0.5), 0), ruler_r.size - 1)
    b = min(int(turn * axes[1, 1] + 0.5), ruler_phi.size - 1)
    c = min(max(int((z - axes[2, 0]) * axes[2, 1] + 0.5), 0), ruler_z.size - 1)
    return ruler_r[a], ruler_phi[b], ruler_z[c]


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _sample(start, stop, direction, observer, values, axes, root, folded, steep, logarithmic, nodes, work, out):  # type: ignore[no-untyped-def]
    """Density at the quadrature nodes between two distances.

    Geometry, look-up and exp are loops of their own, so that the first is vectorised and the others pipeline.
    """
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    ux, uy, uz = direction[0], direction[1], direction[2]
    x0, z0 = observer[0], observer[1]
    r_first, r_scale, z_first, z_scale, phi_scale = axes[0, 0], axes[0, 1], axes[2, 0], axes[2, 1], axes[1, 1]
    n_r, n_phi, n_z = values.shape
    r_last, z_last = n_r - 1.0, n_z - 1.0
    for q in range(nodes.size):
        s = middle + half * nodes[q]
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
        work[0, q] = min(max((r - r_first) * r_scale, 0.0), r_last)
        work[2, q] = min(max((z - z_first) * z_scale, 0.0), z_last)
    if n_phi > 1:
        for q in range(nodes.size):
            s = middle + half * nodes[q]
            phi = _azimuth(s * uy, x0 - s * ux) * phi_scale
            work[1, q] = phi if phi >= 0.0 else phi + n_phi
    for q in range(nodes.size):
        a, c = work[0, q], work[2, q]
        i = min(int(a), n_r - 2)
        k = min(int(c), n_z - 2)
        a -= i
        c -= k
        if n_phi == 1:
            low = values[i, 0, k] + c * (values[i, 0, k + 1] - values[i, 0, k])
            high = values[i + 1, 0, k] + c * (values[i + 1, 0, k + 1] - values[i + 1, 0, k])
        else:
            b = work[1, q]
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
        out[q] = low + a * (high - low)
    if logarithmic:
        for q in range(nodes.size):
            out[q] = math.exp(out[q])


@njit(nogil=True, cache=True, error_model="numpy")
def _limits(direction, observer, axes, folded, s_min):  # type: ignore[no-untyped-def]
    """Distances between which a ray is inside the cylinder; an empty interval if it never is."""
    enter, leave = s_min, math.inf
    x0, z0 = observer[0], observer[1]
    r_max, z_max = axes[0, 2], axes[2, 2]
    z_min = -z_max if folded else axes[2, 0]
    c2 = direction[0] ** 2 + direction[1] ** 2
    # |x(s)|^2 = c2 s^2 - 2 x0 ux s + x0^2 <= r_max^2
    outside = x0 * x0 - r_max * r_max
    if c2 > 1e-30:
        half = x0 * direction[0]
        root = half * half - c2 * outside
        if root <= 0.0:
            return 0.0, 0.0
        root = math.sqrt(root)
        leave = (half + root) / c2
        enter = max(enter, (half - root) / c2)
    elif outside >= 0.0:
        return 0.0, 0.0
    uz = direction[2]
    if uz > 0.0:
        leave = min(leave, (z_max - z0) / uz)
        enter = max(enter, (z_min - z0) / uz)
    elif uz < 0.0:
        leave = min(leave, (z_min - z0) / uz)
        enter = max(enter, (z_max - z0) / uz)
    elif z0 >= z_max or z0 <= z_min:
        return 0.0, 0.0
    return enter, leave


@njit(nogil=True, cache=True, error_model="numpy")
def _transmission(  # type: ignore[no-untyped-def]
    start, stop, direction, observer, uniform, factors, fields, field_axes, kronrod, depth, work, absorbers, gained, out
):  # fmt: skip
    """Transmission exp(-tau_j) at the nodes of a stretch of the ray, for each j; the error of tau, at most.

    ``depth`` holds the integrals of the fields from the observer to the start, ``gained`` receives those over it.
    """
    nodes, fine, coarse = kronrod[0], kronrod[1], kronrod[2]
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    error = 0.0
    for a in range(fields.shape[0]):
        row = absorbers[a]
        _sample(start, stop, direction, observer, fields[a], field_axes, True, True, True, False, nodes, work, row)
        better, worse = 0.0, 0.0
        for q in range(nodes.size):
            better += fine[q] * row[q]
            worse += coarse[q] * row[q]
        gained[a] = half * better
        largest = 0.0
        for j in range(uniform.size):
            largest = max(largest, abs(factors[j, a]))
        error += largest * half * abs(better - worse)
        # From the field to its integral up to each node.
        for q in range(nodes.size):
            part = 0.0
            for k in range(nodes.size):
                part += kronrod[3 + q, k] * row[k]
            work[1, q] = depth[a] + half * part
        for q in range(nodes.size):
            row[q] = work[1, q]
    if fields.shape[0] == 0 and uniform.size > 1:
        # Coefficients on a ladder give powers of one exponential: the exponentials are most of an absorbed ray's cost.
        ladder = True
        for j in range(uniform.size):
            ladder = ladder and abs(uniform[j] - j * uniform[1]) <= 1e-13 * uniform[uniform.size - 1]
        if ladder:
            for q in range(nodes.size):
                out[0, q] = 1.0
                out[1, q] = math.exp(-uniform[1] * (middle + half * nodes[q]))
            for j in range(2, uniform.size):
                for q in range(nodes.size):
                    out[j, q] = out[j - 1, q] * out[1, q]
            return 0.0
    for j in range(uniform.size):
        row = out[j]
        for q in range(nodes.size):
            row[q] = -uniform[j] * (middle + half * nodes[q])
        for a in range(fields.shape[0]):
            for q in range(nodes.size):
                row[q] -= factors[j, a] * absorbers[a, q]
        for q in range(nodes.size):
            row[q] = math.exp(row[q])
    return error


@njit(nogil=True, cache=True, error_model="numpy")
def _moments(  # type: ignore[no-untyped-def]
    start, stop, low, high, direction, observer, values, axes, root, folded, steep, logarithmic, kronrod, work, sampled,
    waves, better, worse,
):  # fmt: skip
    """Integrals of the density times Legendre polynomials of a stretch of the ray over a panel of it, by both rules."""
    nodes, fine, coarse = kronrod[0], kronrod[1], kronrod[2]
    _sample(start, stop, direction, observer, values, axes, root, folded, steep, logarithmic, nodes, work, sampled)
    half = 0.5 * (stop - start)
    above, below = 0.0, 0.0
    for q in range(nodes.size):
        above += fine[q] * sampled[q]
        below += coarse[q] * sampled[q]
    better[0], worse[0] = above * half, below * half
    if better.size == 1:
        return
    for q in range(nodes.size):
        sampled[q] *= half
    offset, scale = (start + stop - low - high) / (high - low), (stop - start) / (high - low)
    for q in range(nodes.size):
        waves[0, q] = 1.0
        waves[1, q] = offset + scale * nodes[q]
    for k in range(2, better.size):
        first, second = (2.0 * k - 1.0) / k, (k - 1.0) / k
        for q in range(nodes.size):
            waves[k, q] = first * waves[1, q] * waves[k - 1, q] - second * waves[k - 2, q]
    for k in range(1, better.size):
        above = 0.0
        for q in range(nodes.size):
            above += fine[q] * sampled[q] * waves[k, q]
        better[k] = above
    for k in range(1, CHECKED):
        below = 0.0
        for q in range(nodes.size):
            below += coarse[q] * sampled[q] * waves[k, q]
        worse[k] = below


@njit(nogil=True, cache=True, error_model="numpy")
def columns(  # type: ignore[no-untyped-def]
    directions, observer, s_min, values, axes, root, folded, steep, logarithmic, ruler_r, ruler_phi, ruler_z, creases,
    uniform, factors, fields, field_axes, kronrod, rtol, out,
):  # fmt: skip
    """Integrate a density along rays, weighted with the transmission to the observer.

    Parameters
    ----------
    directions : (n, 3) array
        Unit vectors in Galactic coordinates: (cos b cos l, cos b sin l, sin b).
    observer : (2,) array
        The Sun's distance from the axis and its height [kpc].
    s_min : float
        Distance at which the density begins to count [kpc].
    values : (n_R, n_phi, n_z) array
        Density, or its logarithm; n_phi = 1 is axisymmetric.
    axes : (3, 3) array
        For R (or its root), phi and z (or its root): first node, nodes per unit, and the outer boundary in kpc.
    root, folded, steep, logarithmic : bool
        Whether nodes are uniform in sqrt(R), whether z stands for |z|, whether nodes are uniform in sqrt(|z|), whether
        `values` is a logarithm.
    ruler_r, ruler_phi, ruler_z : (n_R,), (n_phi + 1,) and (n_z,) arrays
        Grains between the first node and each: a grain is as many cells as the table is smooth over. All 0 if one panel
        can do for the axis.
    creases : (k,) array
        Heights [kpc] at which the table has a kink, as the plane of a layer: rays are split there.
    uniform : (m,) array
        Absorption coefficients k_j that are the same everywhere [1/kpc].
    factors : (m, p) array
        Coefficients f_ja of the absorbing fields, of which
    fields : (p, n_R, 1, n_z) array
        are tables, on nodes uniform in sqrt(R) and sqrt(|z|); beyond these they are constant.
    field_axes : (3, 3) array
        As `axes`, for the fields.
    kronrod : (3 + 2 q, q) array
        Nodes and weights, :data:`KRONROD`.
    rtol : float
        Relative accuracy of a column, and accuracy of an optical depth over a stretch.
    out : (n, m) array
        Receives the columns, in units of density times kpc.
    """
    count, n_fields = uniform.size, fields.shape[0]
    absorbing = n_fields > 0
    for j in range(count):
        absorbing = absorbing or uniform[j] != 0.0
    # Without absorption the column is the first moment, and a ray one stretch between its cuts.
    n_nodes = kronrod.shape[1]
    n_moments = n_nodes if absorbing else 1
    checked = CHECKED if absorbing else 1
    sampled = np.empty(n_nodes)
    transmitted = np.ones((count, n_nodes))
    absorbers = np.empty((n_fields, n_nodes))
    waves = np.empty((n_moments, n_nodes))
    depth, gained = np.zeros(n_fields), np.zeros(n_fields)
    better, worse, both = np.zeros(n_moments), np.zeros(n_moments), np.zeros(n_moments)
    other, moments = np.zeros(n_moments), np.zeros(n_moments)
    work = np.empty((3, n_nodes))
    starts = np.empty(MAX_PANELS + 64)
    stops = np.empty(MAX_PANELS + 64)
    doubtful = np.empty(MAX_PANELS + 64, dtype=np.bool_)
    ends = np.empty(MAX_STRETCHES)
    cuts = np.empty(4 + creases.size)
    around = ruler_phi[-1]
    rough = ruler_r[-1] + around + ruler_z[-1] > 0.0
    for ray in range(directions.shape[0]):
        direction = directions[ray]
        enter, leave = _limits(direction, observer, axes, folded, s_min)
        out[ray, :] = 0.0
        if not leave > enter:
            continue
        # Where the integrand is not smooth: closest approach to the axis, the plane and other creases; in order. The
        # way to the density's edge counts if there is something on it that absorbs.
        first_cut = 0.0 if n_fields > 0 else enter
        cuts[0] = first_cut
        n_cuts = 1
        if enter > first_cut:
            cuts[1] = enter
            n_cuts = 2
        c2 = direction[0] ** 2 + direction[1] ** 2
        for candidate in range(1 + creases.size):
            if candidate == 0:
                cut = observer[0] * direction[0] / c2 if c2 > 1e-30 else -1.0
            else:
                cut = (creases[candidate - 1] - observer[1]) / direction[2] if direction[2] != 0.0 else -1.0
            if first_cut < cut < leave:
                place = n_cuts
                while place > 1 and cuts[place - 1] > cut:
                    cuts[place] = cuts[place - 1]
                    place -= 1
                cuts[place] = cut
                n_cuts += 1
        cuts[n_cuts] = leave
        smallest = 1e-7 * (leave - first_cut)
        total = 0.0
        depth[:] = 0.0
        for piece in range(n_cuts):
            # Stretches over which the transmission is a polynomial, nearest first.
            low, waiting = cuts[piece], 1
            ends[0] = cuts[piece + 1]
            while waiting > 0:
                high = ends[waiting - 1]
                if absorbing:
                    error = _transmission(
                        low, high, direction, observer, uniform, factors, fields, field_axes, kronrod, depth, work,
                        absorbers, gained, transmitted,
                    )  # fmt: skip
                    if error > rtol and high - low > smallest and waiting < MAX_STRETCHES:
                        ends[waiting] = 0.5 * (low + high)
                        waiting += 1
                        continue
                waiting -= 1
                for k in range(n_fields):
                    depth[k] += gained[k]
                if high <= enter:
                    low = high
                    continue
                # Panels over which the density is one, stacked with the nearest on top.
                parts = 1
                doubt = False
                if rough:
                    r0, p0, z0 = _grains(
                        low, direction, observer, axes, root, folded, steep, ruler_r, ruler_phi, ruler_z
                    )  # fmt: skip
                    r1, p1, z1 = _grains(
                        high, direction, observer, axes, root, folded, steep, ruler_r, ruler_phi, ruler_z
                    )  # fmt: skip
                    turn = abs(p1 - p0)
                    across = max(abs(r1 - r0), min(turn, around - turn))
                    doubt = across > SMOOTH_GRAINS
                    parts = min(int(max(across, abs(z1 - z0)) / GRAINS_PER_PANEL) + 1, MAX_PANELS // 2)
                top = 0
                for part in range(parts - 1, -1, -1):
                    starts[top] = low + (high - low) * part / parts
                    stops[top] = low + (high - low) * (part + 1) / parts
                    doubtful[top] = doubt
                    top += 1
                moments[:] = 0.0
                while top > 0:
                    top -= 1
                    a, b, doubt = starts[top], stops[top], doubtful[top]
                    half = 0.5 * (b - a)
                    middle = a + half
                    _moments(
                        a, b, low, high, direction, observer, values, axes, root, folded, steep, logarithmic, kronrod,
                        work, sampled, waves, better, worse,
                    )  # fmt: skip
                    allowed = rtol * (total + better[0])
                    good = True
                    for k in range(checked):
                        good = good and abs(better[k] - worse[k]) <= allowed
                    good = good or half < smallest
                    if good and doubt and half > smallest:
                        r0, p0, z0 = _grains(
                            a, direction, observer, axes, root, folded, steep, ruler_r, ruler_phi, ruler_z
                        )  # fmt: skip
                        r1, p1, z1 = _grains(
                            b, direction, observer, axes, root, folded, steep, ruler_r, ruler_phi, ruler_z
                        )  # fmt: skip
                        turn = abs(p1 - p0)
                        if max(abs(r1 - r0), min(turn, around - turn)) > SMOOTH_GRAINS:
                            _moments(
                                a, middle, low, high, direction, observer, values, axes, root, folded, steep,
                                logarithmic, kronrod, work, sampled, waves, both, worse,
                            )  # fmt: skip
                            _moments(
                                middle, b, low, high, direction, observer, values, axes, root, folded, steep,
                                logarithmic, kronrod, work, sampled, waves, other, worse,
                            )  # fmt: skip
                            allowed = rtol * (total + both[0] + other[0])
                            for k in range(n_moments):
                                halves = both[k] + other[k]
                                good = good and (k >= checked or abs(halves - better[k]) <= allowed)
                                better[k] = halves
                    if good:
                        total += better[0]
                        for k in range(n_moments):
                            moments[k] += better[k]
                    else:
                        starts[top], stops[top] = middle, b
                        starts[top + 1], stops[top + 1] = a, middle
                        doubtful[top], doubtful[top + 1] = doubt, doubt
                        top += 2
                if absorbing:
                    # Product integration: the weight of node q is the integral of its Lagrange polynomial.
                    for q in range(n_nodes):
                        weight = 0.0
                        for k in range(n_nodes):
                            weight += kronrod[3 + n_nodes + q, k] * moments[k]
                        for j in range(count):
                            out[ray, j] += weight * transmitted[j, q]
                else:
                    out[ray, :] = total
                low = high


@njit(nogil=True, cache=True, error_model="numpy")
def density(points, values, axes, root, folded, steep, logarithmic, out):  # type: ignore[no-untyped-def]
    """Interpolate the table at points (x, y, z) [kpc, Galactocentric]; zero outside the cylinder.

    Parameters
    ----------
    points : (n, 3) array
    values, axes, root, folded, steep, logarithmic
        As in :func:`columns`.
    out : (n,) array
        Receives the density.
    """
    here = np.zeros(1)
    sampled = np.empty(1)
    still = np.zeros(3)
    work = np.empty((3, 1))
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        r = math.sqrt(x * x + y * y)
        z_min = -axes[2, 2] if folded else axes[2, 0]
        if r > axes[0, 2] or z > axes[2, 2] or z < z_min:
            out[p] = 0.0
            continue
        # A ray of unit length from (r, 0) that turns by the point's azimuth: reuse of the one interpolation.
        still[0], still[1], still[2] = -x, y, z
        here[0] = 1.0
        _sample(0.0, 1.0, still, np.zeros(2), values, axes, root, folded, steep, logarithmic, here, work, sampled)
        out[p] = sampled[0]
