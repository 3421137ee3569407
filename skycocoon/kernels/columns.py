"""Columns of a tabulated density along rays: adaptive Gauss-Kronrod quadrature on a cylindrical grid.

The density is a table on nodes that are uniform in sqrt(R) or R, in phi and in z (or |z|), holding n or ln n.
Interpolation is linear in the table; in ln n it keeps an exponential layer exact.

A ray is split where the integrand is not smooth: where it enters and leaves the cylinder, at its closest approach to
the axis, and where it crosses z = 0. Each piece is integrated with the 11-point Kronrod extension of 5-point Gauss
quadrature and halved until the two rules agree to ``rtol`` of the column gathered so far, nearest piece first.

Geometry (kpc): axis along z, the observer at (x, y, z) = (sun_radius, 0, sun_height); the direction of Galactic
longitude 0 is -x, of longitude 90 deg is +y. phi = atan2(y, x) is 0 towards the Sun and grows with Galactic rotation.
"""

import math

import numpy as np
from numba import njit

__all__ = ["KRONROD", "columns", "density"]

# Kronrod nodes, their weights, and the weights of the embedded Gauss rule (0 at nodes that are Kronrod's alone).
# Piessens et al. 1983, QUADPACK, for n = 5: computed to 30 digits there.
_X = np.array(
    [0.984085360094842464, 0.906179845938663993, 0.754166726570849220, 0.538469310105683091, 0.279630413161783191]
)
_K = np.array(
    [0.0425820367510818329, 0.115233316622473394, 0.186800796556492657, 0.241040339228647589, 0.272849801912558922]
)
_G = np.array([0.0, 0.236926885056189088, 0.0, 0.478628670499366468, 0.0])
KRONROD = np.array(
    [
        np.concatenate([-_X, [0.0], _X[::-1]]),
        np.concatenate([_K, [0.282987417857491213], _K[::-1]]),
        np.concatenate([_G, [0.568888888888888889], _G[::-1]]),
    ]
)
"""Rows: nodes on [-1, 1], Kronrod weights, Gauss weights."""

MAX_PANELS = 512
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
def _grains(s, direction, observer, axes, root, folded, ruler_r, ruler_phi, ruler_z):  # type: ignore[no-untyped-def]
    """How many grains of a rough table lie between its first node and the point at distance s, for each axis."""
    x = observer[0] - s * direction[0]
    y = s * direction[1]
    z = observer[1] + s * direction[2]
    r = math.sqrt(x * x + y * y)
    if root:
        r = math.sqrt(r)
    if folded:
        z = abs(z)
    turn = _azimuth(y, x)
    if turn < 0.0:
        turn += 2.0 * math.pi
    a = min(max(int((r - axes[0, 0]) * axes[0, 1] + 0.5), 0), ruler_r.size - 1)
    b = min(int(turn * axes[1, 1] + 0.5), ruler_phi.size - 1)
    c = min(max(int((z - axes[2, 0]) * axes[2, 1] + 0.5), 0), ruler_z.size - 1)
    return ruler_r[a], ruler_phi[b], ruler_z[c]


@njit(nogil=True, cache=True, error_model="numpy")
def _sample(start, stop, direction, observer, values, axes, root, folded, logarithmic, nodes, work, out):  # type: ignore[no-untyped-def]
    """Density at the quadrature nodes between two distances.

    Geometry, look-up and exp are loops of their own, so that the first is vectorised and the others pipeline.
    """
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    ux, uy, uz = direction[0], direction[1], direction[2]
    x0, z0 = observer[0], observer[1]
    r_first, r_scale, z_first, z_scale, phi_scale = axes[0, 0], axes[0, 1], axes[2, 0], axes[2, 1], axes[1, 1]
    n_r, n_phi, n_z = values.shape
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
        # Inside the first node the density is that of the first node.
        work[0, q] = max((r - r_first) * r_scale, 0.0)
        work[2, q] = max((z - z_first) * z_scale, 0.0)
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
def columns(  # type: ignore[no-untyped-def]
    directions, observer, s_min, values, axes, root, folded, logarithmic, ruler_r, ruler_phi, ruler_z, creases, kronrod,
    rtol, out,
):  # fmt: skip
    """Integrate a density along rays.

    Parameters
    ----------
    directions : (n, 3) array
        Unit vectors in Galactic coordinates: (cos b cos l, cos b sin l, sin b).
    observer : (2,) array
        The Sun's distance from the axis and its height [kpc].
    s_min : float
        Distance at which the rays begin [kpc].
    values : (n_R, n_phi, n_z) array
        Density, or its logarithm; n_phi = 1 is axisymmetric.
    axes : (3, 3) array
        For R (or its root), phi and z: first node, nodes per unit, and the outer boundary in kpc.
    root, folded, logarithmic : bool
        Whether nodes are uniform in sqrt(R), whether z stands for |z|, whether `values` is a logarithm.
    ruler_r, ruler_phi, ruler_z : (n_R,), (n_phi + 1,) and (n_z,) arrays
        Grains between the first node and each: a grain is as many cells as the table is smooth over. All 0 if one panel
        can do for the axis.
    creases : (k,) array
        Heights [kpc] at which the table has a kink, as the plane of a layer: rays are split there.
    kronrod : (3, m) array
        Nodes and the two sets of weights, :data:`KRONROD`.
    rtol : float
        Relative accuracy of a column.
    out : (n,) array
        Receives the columns, in units of density times kpc.
    """
    nodes, fine, coarse = kronrod[0], kronrod[1], kronrod[2]
    sampled = np.empty(nodes.size)
    work = np.empty((3, nodes.size))
    starts = np.empty(MAX_PANELS + 64)
    stops = np.empty(MAX_PANELS + 64)
    doubtful = np.empty(MAX_PANELS + 64, dtype=np.bool_)
    cuts = np.empty(3 + creases.size)
    around = ruler_phi[-1]
    rough = ruler_r[-1] + around + ruler_z[-1] > 0.0
    for ray in range(directions.shape[0]):
        direction = directions[ray]
        enter, leave = _limits(direction, observer, axes, folded, s_min)
        out[ray] = 0.0
        if not leave > enter:
            continue
        # Where the integrand is not smooth: closest approach to the axis, the plane and other creases; in order.
        cuts[0] = enter
        n_cuts = 1
        c2 = direction[0] ** 2 + direction[1] ** 2
        for candidate in range(1 + creases.size):
            if candidate == 0:
                cut = observer[0] * direction[0] / c2 if c2 > 1e-30 else -1.0
            else:
                cut = (creases[candidate - 1] - observer[1]) / direction[2] if direction[2] != 0.0 else -1.0
            if enter < cut < leave:
                place = n_cuts
                while place > 1 and cuts[place - 1] > cut:
                    cuts[place] = cuts[place - 1]
                    place -= 1
                cuts[place] = cut
                n_cuts += 1
        cuts[n_cuts] = leave
        # Panels are stacked with the nearest on top.
        top = 0
        r0, p0, z0 = 0.0, 0.0, 0.0
        if rough:
            r0, p0, z0 = _grains(leave, direction, observer, axes, root, folded, ruler_r, ruler_phi, ruler_z)
        for piece in range(n_cuts - 1, -1, -1):
            a, b = cuts[piece], cuts[piece + 1]
            parts = 1
            doubt = False
            if rough:
                r1, p1, z1 = r0, p0, z0
                r0, p0, z0 = _grains(a, direction, observer, axes, root, folded, ruler_r, ruler_phi, ruler_z)
                turn = abs(p1 - p0)
                across = max(abs(r1 - r0), min(turn, around - turn))
                doubt = across > SMOOTH_GRAINS
                parts = min(int(max(across, abs(z1 - z0)) / GRAINS_PER_PANEL) + 1, MAX_PANELS // 4)
            for part in range(parts - 1, -1, -1):
                starts[top] = a + (b - a) * part / parts
                stops[top] = a + (b - a) * (part + 1) / parts
                doubtful[top] = doubt
                top += 1
        smallest = 1e-7 * (leave - enter)
        total = 0.0
        while top > 0:
            top -= 1
            a, b, doubt = starts[top], stops[top], doubtful[top]
            _sample(a, b, direction, observer, values, axes, root, folded, logarithmic, nodes, work, sampled)
            half = 0.5 * (b - a)
            middle = a + half
            better, worse = 0.0, 0.0
            for q in range(nodes.size):
                better += fine[q] * sampled[q]
                worse += coarse[q] * sampled[q]
            better *= half
            good = abs(better - worse * half) <= rtol * (total + better) or half < smallest
            if good and doubt and half > smallest:
                r0, p0, z0 = _grains(a, direction, observer, axes, root, folded, ruler_r, ruler_phi, ruler_z)
                r1, p1, z1 = _grains(b, direction, observer, axes, root, folded, ruler_r, ruler_phi, ruler_z)
                turn = abs(p1 - p0)
                if max(abs(r1 - r0), min(turn, around - turn)) > SMOOTH_GRAINS:
                    both = 0.0
                    for side in range(2):
                        first = a if side == 0 else middle
                        _sample(
                            first, first + half, direction, observer, values, axes, root, folded, logarithmic, nodes,
                            work, sampled,
                        )  # fmt: skip
                        for q in range(nodes.size):
                            both += 0.5 * half * fine[q] * sampled[q]
                    good = abs(both - better) <= rtol * (total + both)
                    better = both
            if good:
                total += better
            else:
                starts[top], stops[top] = middle, b
                starts[top + 1], stops[top + 1] = a, middle
                doubtful[top], doubtful[top + 1] = doubt, doubt
                top += 2
        out[ray] = total


@njit(nogil=True, cache=True, error_model="numpy")
def density(points, values, axes, root, folded, logarithmic, out):  # type: ignore[no-untyped-def]
    """Interpolate the table at points (x, y, z) [kpc, Galactocentric]; zero outside the cylinder.

    Parameters
    ----------
    points : (n, 3) array
    values, axes, root, folded, logarithmic
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
        _sample(0.0, 1.0, still, np.zeros(2), values, axes, root, folded, logarithmic, here, work, sampled)
        out[p] = sampled[0]
