"""Readable numpy twins of the compiled kernels, and plain quadratures to hold them against."""

import math

import numpy as np


def interpolate(table, x, y, z):
    """What kernels.columns.density does, for one point (kpc), in plain numpy."""
    r = math.hypot(x, y)
    if r > table.axes[0, 2] or z > table.axes[2, 2] or z < (-table.axes[2, 2] if table.folded else table.axes[2, 0]):
        return 0.0
    height = abs(z) if table.folded else z
    height = math.sqrt(height) if table.steep else height
    coordinate = [math.sqrt(r) if table.root else r, math.atan2(y, x) % (2 * math.pi), height]
    values = table.values
    for axis, periodic in ((2, False), (1, True), (0, False)):  # z, phi, R: the axis is removed from the array
        n = table.values.shape[axis]
        if n == 1:
            values = np.take(values, 0, axis=axis)
            continue
        place = max((coordinate[axis] - table.axes[axis, 0]) * table.axes[axis, 1], 0.0)
        low = min(int(place), n - (1 if periodic else 2))
        high = (low + 1) % n
        weight = place - low
        values = (1 - weight) * np.take(values, low, axis=axis) + weight * np.take(values, high, axis=axis)
    return math.exp(values) if table.logarithmic else float(values)


def ray_limits(direction, sun, r_max, z_low, z_high):
    """Distances at which a ray enters and leaves a cylinder, in numpy; (0, 0) if it misses it."""
    x0, z0 = sun
    ux, uy, uz = direction
    near, far = 0.0, math.inf
    a = ux * ux + uy * uy
    if a > 0:
        roots = np.roots([a, -2 * x0 * ux, x0 * x0 - r_max * r_max])
        if np.iscomplexobj(roots) and np.any(np.abs(roots.imag) > 0):
            return 0.0, 0.0
        near, far = max(near, roots.real.min()), min(far, roots.real.max())
    if uz != 0:
        s = sorted([(z_low - z0) / uz, (z_high - z0) / uz])
        near, far = max(near, s[0]), min(far, s[1])
    return (near, far) if far > near else (0.0, 0.0)


def plain_column(density, direction, sun, r_max, z_max, n=400):
    """Column of an analytic density f(R, phi, z): Gauss-Legendre, clustered where the ray passes the axis and the plane.

    Independent of the engine: other nodes, no table, no adaptivity. Good to 1e-8 for discs.
    """
    near, far = ray_limits(direction, sun, r_max, -z_max, z_max)
    if far <= near:
        return 0.0
    ux, uy, uz = direction
    a = ux * ux + uy * uy
    cuts = {near, far}
    if a > 0:
        cuts.add(min(max(sun[0] * ux / a, near), far))
    if uz != 0:
        cuts.add(min(max(-sun[1] / uz, near), far))
    cuts = sorted(cuts)
    x, w = np.polynomial.legendre.leggauss(n)
    t, dt = (x + 1) / 2, w / 2
    # smooth at both ends to third order: s = lo + (hi - lo) (10 t^3 - 15 t^4 + 6 t^5)
    p = t**3 * (10 - 15 * t + 6 * t**2)
    dp = 30 * t**2 * (1 - t) ** 2
    total = 0.0
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        if high <= low:
            continue
        s = low + (high - low) * p
        X, Y, Z = sun[0] - s * ux, s * uy, sun[1] + s * uz
        total += float(np.sum(density(np.hypot(X, Y), np.arctan2(Y, X), Z) * dp * dt) * (high - low))
    return total
