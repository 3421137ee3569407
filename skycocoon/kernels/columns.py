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
_X = np.array([0.984085360094842464, 0.906179845938663993, 0.754166726570849220, 0.538469310105683091, 0.279630413161783191])
_K = np.array([0.0425820367510818329, 0.115233316622473394, 0.186800796556492657, 0.241040339228647589, 0.272849801912558922])
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


@njit(nogil=True, cache=True, error_model="numpy")
def _coordinates(s, direction, observer, axes, root, folded):  # type: ignore[no-untyped-def]
    """Table coordinates (in cells, from the first node) of the point at distance s."""
    x = observer[0] - s * direction[0]
    y = s * direction[1]
    z = observer[1] + s * direction[2]
    r = math.sqrt(x * x + y * y)
    if root:
        r = math.sqrt(r)
    if folded:
        z = abs(z)
    phi = math.atan2(y, x)
    return (r - axes[0, 0]) * axes[0, 1], (phi - axes[1, 0]) * axes[1, 1], (z - axes[2, 0]) * axes[2, 1]


@njit(nogil=True, cache=True, error_model="numpy")
def _sample(start, stop, direction, observer, values, axes, root, folded, logarithmic, nodes, out):  # type: ignore[no-untyped-def]
    """Density at the quadrature nodes between two distances; the geometry first, then exp, so that both pipeline."""
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    ux, uy, uz = direction[0], direction[1], direction[2]
    x0, z0 = observer[0], observer[1]
    r_first, r_scale, z_first, z_scale = axes[0, 0], axes[0, 1], axes[2, 0], axes[2, 1]
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
        a = max((r - r_first) * r_scale, 0.0)
        c = max((z - z_first) * z_scale, 0.0)
        i = min(int(a), n_r - 2)
        k = min(int(c), n_z - 2)
        a -= i
        c -= k
        if n_phi == 1:
            low = values[i, 0, k] + c * (values[i, 0, k + 1] - values[i, 0, k])
            high = values[i + 1, 0, k] + c * (values[i + 1, 0, k + 1] - values[i + 1, 0, k])
        else:
            b = (math.atan2(y, x) - axes[1, 0]) * axes[1, 1]
            if b < 0.0:
                b += n_phi
            j = int(b)
            b -= j
            j = j % n_phi
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
def columns(
    directions, observer, s_min, values, axes, root, folded, logarithmic, grain, kronrod, rtol, out
):  # type: ignore[no-untyped-def]
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
    grain : (3,) array
        Number of cells over which the table is smooth, for each axis; infinite if everywhere.
    kronrod : (3, m) array
        Nodes and the two sets of weights, :data:`KRONROD`.
    rtol : float
        Relative accuracy of a column.
    out : (n,) array
        Receives the columns, in units of density times kpc.
    """
    nodes, fine, coarse = kronrod[0], kronrod[1], kronrod[2]
    sampled = np.empty(nodes.size)
    starts = np.empty(MAX_PANELS + 64)
    stops = np.empty(MAX_PANELS + 64)
    cuts = np.empty(4)
    rough = math.isfinite(grain[0]) or math.isfinite(grain[1]) or math.isfinite(grain[2])
    for ray in range(directions.shape[0]):
        direction = directions[ray]
        enter, leave = _limits(direction, observer, axes, folded, s_min)
        out[ray] = 0.0
        if not leave > enter:
            continue
        # Where the integrand is not smooth: closest approach to the axis, and the plane.
        cuts[0] = enter
        n_cuts = 1
        c2 = direction[0] ** 2 + direction[1] ** 2
        tangent = observer[0] * direction[0] / c2 if c2 > 1e-30 else -1.0
        plane = -observer[1] / direction[2] if direction[2] != 0.0 else -1.0
        near, far = min(tangent, plane), max(tangent, plane)
        if enter < near < leave:
            cuts[n_cuts] = near
            n_cuts += 1
        if enter < far < leave and far != near:
            cuts[n_cuts] = far
            n_cuts += 1
        cuts[n_cuts] = leave
        # Panels are stacked with the nearest on top.
        top = 0
        for piece in range(n_cuts - 1, -1, -1):
            a, b = cuts[piece], cuts[piece + 1]
            parts = 1
            if rough:
                r0, p0, z0 = _coordinates(a, direction, observer, axes, root, folded)
                r1, p1, z1 = _coordinates(b, direction, observer, axes, root, folded)
                turn = abs(p1 - p0)
                turn = min(turn, abs(values.shape[1] - turn))
                steps = max(abs(r1 - r0) / grain[0], turn / grain[1], abs(z1 - z0) / grain[2])
                parts = min(int(steps / GRAINS_PER_PANEL) + 1, MAX_PANELS // 4)
            for part in range(parts - 1, -1, -1):
                starts[top] = a + (b - a) * part / parts
                stops[top] = a + (b - a) * (part + 1) / parts
                top += 1
        smallest = 1e-7 * (leave - enter)
        total = 0.0
        while top > 0:
            top -= 1
            a, b = starts[top], stops[top]
            _sample(a, b, direction, observer, values, axes, root, folded, logarithmic, nodes, sampled)
            better, worse = 0.0, 0.0
            for q in range(nodes.size):
                better += fine[q] * sampled[q]
                worse += coarse[q] * sampled[q]
            half = 0.5 * (b - a)
            if abs(better - worse) * half <= rtol * (total + better * half) or half < smallest:
                total += better * half
            else:
                middle = a + half
                starts[top], stops[top] = middle, b
                starts[top + 1], stops[top + 1] = a, middle
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
        _sample(0.0, 1.0, still, np.zeros(2), values, axes, root, folded, logarithmic, here, sampled)
        out[p] = sampled[0]
