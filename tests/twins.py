"""Readable numpy twins of the compiled kernels, and plain quadratures to hold them against."""

import math
from functools import lru_cache

import numpy as np

from skycocoon.kernels.tables import EMPTY, LOGARITHM

# A solution of 400 x 400 eigenvalues: once is enough.
gauss = lru_cache(np.polynomial.legendre.leggauss)


def interpolate(table, x, y, z):
    """What kernels.columns.density does, for one point (kpc), in plain numpy."""
    r = math.hypot(x, y)
    height = abs(z) if table.folded else z
    if r > table.radius[-1] or not table.height[0] <= height <= table.height[-1]:
        return 0.0
    i, k = (
        min(np.searchsorted(edges, at, side="right") - 1, edges.size - 2)
        for edges, at in ((table.radius, r), (table.height, height))
    )
    if table.kinds[i, k] == EMPTY:
        return 0.0
    parts = []
    for edges, n, at, root in ((table.radius, i, r, table.root), (table.height, k, height, table.steep)):
        low, high, here = (math.sqrt(v) if root else v for v in (edges[n], edges[n + 1], at))
        parts.append((here - low) / (high - low))
    if not table.cells:
        value = np.polynomial.polynomial.polyval2d(*(2 * part - 1 for part in parts), table.values[i, k])
    else:
        n_phi = table.values.shape[1]
        turn = math.atan2(y, x) % (2 * math.pi) * n_phi / (2 * math.pi)
        j = int(turn) % n_phi
        corners = table.values[i : i + 2, :, k : k + 2, 0].take([j, j + 1], axis=1, mode="wrap")
        for part in (parts[0], turn % 1, parts[1]):
            corners = (1 - part) * corners[0] + part * corners[1]
        value = float(corners)
    return math.exp(value) if table.kinds[i, k] == LOGARITHM else value


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
    x, w = gauss(n)
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


def field_at(fields, edges, f, r, z):
    """An absorbing field at R and z [kpc] in numpy: polynomials of sqrt(R) and sqrt(|z|) in elements of equal widths.

    Beyond the last edges it falls like the inverse square of the distance.
    """
    far = np.maximum(np.maximum(r / edges[0], np.abs(z) / edges[1]), 1.0)
    x, y = fields.shape[0] * np.sqrt(r / far / edges[0]), fields.shape[1] * np.sqrt(np.abs(z) / far / edges[1])
    i, k = np.minimum(x.astype(int), fields.shape[0] - 1), np.minimum(y.astype(int), fields.shape[1] - 1)
    powers = [(part[..., None] ** np.arange(n)) for part, n in ((x - i, fields.shape[2]), (y - k, fields.shape[3]))]
    return np.einsum("...a,...b,...ab->...", *powers, fields[i, k, :, :, f]) / far**2


def absorbed_sum(table, absorber, direction, sun, s_min=0.0, steps=80_000):
    """What kernels.columns.columns does for one ray, (m,): midpoint rule, optical depths by a running sum.

    ``absorber`` is (uniform, factors, fields, edges of the fields), as the kernel takes it. The steps begin at the
    observer, so that what absorbs in front of the density counts.
    """
    uniform, factors, fields, edges_of_fields = absorber
    z_low = -table.height[-1] if table.folded else table.height[0]
    near, far = ray_limits(direction, sun, table.radius[-1], z_low, table.height[-1])
    near = max(near, s_min)
    if far <= near:
        return np.zeros(uniform.size)
    # Steps end where the density begins.
    in_front = round(steps * near / far)
    parts = [(0.0, near, in_front)] if in_front else []
    edges = [a + (b - a) * np.arange(n + 1) / n for a, b, n in [*parts, (near, far, steps - in_front)]]
    s = np.concatenate([(e[1:] + e[:-1]) / 2 for e in edges])
    ds = np.concatenate([np.diff(e) for e in edges])
    x, y, z = sun[0] - s * direction[0], s * direction[1], sun[1] + s * direction[2]
    tau = np.outer(uniform, s)
    for a in range(factors.shape[1]):
        seen = field_at(fields, edges_of_fields, a, np.hypot(x, y), z) * ds
        tau += factors[:, a, None] * (np.cumsum(seen) - seen / 2)
    density = np.where(s > near, table.density(np.column_stack([x, y, z])), 0.0)
    return np.exp(-tau) @ (density * ds)


def absorbed_column(density, coefficient, direction, sun, r_max, z_max, radii=()):
    """Absorbed columns (m,) of an analytic density f(R, z), weighted with exp(-tau): composite Gauss-Legendre.

    Independent of the engine: neither tables nor chosen energies nor adaptivity. ``coefficient(R, z)`` gives (m, ...)
    absorption coefficients [1/kpc]. Panels are graded towards the Sun, the closest approach to the axis and the plane,
    and cut at the ``radii`` where the density has kinks or jumps; optical depths at the nodes are the integrals of the
    polynomial through the nodes of a panel. Good to 1e-8 for the models of these tests.
    """
    near, far = ray_limits(direction, sun, r_max, -z_max, z_max)
    if far <= near:
        return 0.0
    ux, uy, uz = direction
    flat = ux * ux + uy * uy
    middle = sun[0] * ux / flat if flat > 1e-20 else 0.0
    graded = 1e-3 * 1.6 ** np.arange(25)
    marks = [np.array([near, far]), np.linspace(0, far, 60)]
    for bend in (0.0, middle, -sun[1] / uz if uz else 0.0):
        marks += [np.array([bend]), bend - graded, bend + graded]
    chord = (sun[0] * ux) ** 2 - flat * (sun[0] ** 2 - np.asarray(radii) ** 2)
    chord = np.sqrt(chord[chord > 0]) / flat if flat > 1e-20 else np.zeros(0)
    marks = np.concatenate([*marks, middle - chord, middle + chord])
    cuts = np.unique(marks[(marks >= 0) & (marks <= far)])
    n = 16
    x, w = gauss(n)
    basis = [np.polynomial.legendre.Legendre.basis(k) for k in range(n)]
    to_coefficients = np.linalg.inv(np.stack([p(x) for p in basis], axis=1))
    primitive = np.stack([p.integ(lbnd=-1)(x) for p in basis], axis=1) @ to_coefficients
    half, centre = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    s = centre[:, None] + half[:, None] * x
    r, z = np.hypot(sun[0] - s * ux, s * uy), sun[1] + s * uz
    k = coefficient(r, z)
    gained = (k @ w) * half
    tau = (np.cumsum(gained, axis=1) - gained)[..., None] + half[:, None] * (k @ primitive.T)
    seen = np.where(s > near, density(r, z), 0.0)
    return np.sum(seen * np.exp(-tau) * w * half[:, None], axis=(1, 2))


def sum_of_terms(weights, columns):
    """What kernels.cube.add_up does: term after term."""
    total = weights[:, :1] * columns[0]
    for weight, column in zip(weights.T[1:], columns[1:], strict=True):
        total = total + weight[:, None] * column
    return total


def table_rows(values, dtype, numbers=None):
    """What kernels.rows.pack does, for values that fit: bytes of a table with a row per pixel."""
    columns = [] if numbers is None else [("number", ">i4")]
    rows = np.empty(values.shape[1], [*columns, ("values", np.dtype(dtype).newbyteorder(">"), (len(values),))])
    if numbers is not None:
        rows["number"] = numbers
    rows["values"] = values.T
    return rows.tobytes()
