"""The compiled kernels against their numpy twins and plain quadrature."""

import math

import astropy.units as u
import numpy as np
import pytest

from skycocoon.galaxy import CylindricalGrid, SourceDisc
from skycocoon.kernels.columns import columns
from skycocoon.kernels.tables import RULE, TRANSPARENT, Absorbers

from ..conftest import directions
from ..twins import absorbed_sum, interpolate, plain_column, ray_limits

RATE = u.Unit("cm-3 s-1")


def make_grid(rng, n_phi=1, root=False, folded=False, interpolation="log"):
    r = np.linspace(0, 1, 9) ** (2 if root else 1) * 12
    z = np.linspace(0 if folded else -0.8, 0.8, 6)
    values = rng.lognormal(size=(r.size, n_phi, z.size))
    return CylindricalGrid(r * u.kpc, z * u.kpc, values * RATE, interpolation)


@pytest.mark.parametrize(("row", "degree"), [(1, 23), (2, 11), (3, 5)])
def test_rules_integrate_powers(row, degree):
    """Patterson's rules are exact up to their degree, and not beyond it."""
    for power in range(degree + 1):
        expected = 0.0 if power % 2 else 2 / (power + 1)
        assert RULE[row] @ RULE[0] ** power == pytest.approx(expected, rel=1e-14, abs=1e-15)
    assert abs(RULE[row] @ RULE[0] ** (degree + 1) * (degree + 2) / 2 - 1) > 1e-8


@pytest.mark.parametrize(("row", "degree"), [(34, 13), (35, 5)])
def test_null_rules_see_odd_powers_of_high_degree_alone(row, degree):
    for power in range(degree):
        assert abs(RULE[row] @ RULE[0] ** power) < 1e-14
    assert abs(RULE[row] @ RULE[0] ** degree) > 1e-4


def test_primitives_and_coefficients_of_the_rule():
    """x^3: its integral from -1 is (x^4 - 1)/4, and it is (T_3 + 3 T_1)/4."""
    x = RULE[0, :15]
    np.testing.assert_allclose(RULE[4:19, :15] @ x**3, (x**4 - 1) / 4, rtol=0, atol=1e-14)
    expected = np.zeros(15)
    expected[[1, 3]] = 0.75, 0.25
    np.testing.assert_allclose(x**3 @ RULE[19:34, :15], expected, rtol=0, atol=1e-13)


CASES = [
    (n_phi, root, folded, interpolation)
    for n_phi in (1, 7)
    for root in (False, True)
    for folded in (False, True)
    for interpolation in ("log", "linear")
]


@pytest.mark.parametrize("case", CASES)
def test_density_equals_its_twin(case, rng):
    table = make_grid(rng, *case).table()
    points = np.column_stack([rng.uniform(-13, 13, 200), rng.uniform(-13, 13, 200), rng.uniform(-1, 1, 200)])
    expected = [interpolate(table, *p) for p in points]
    assert 0 < np.count_nonzero(expected) < 200
    np.testing.assert_allclose(table.density(points), expected, rtol=1e-12)


def is_a_fine_sum(case, sun, rng, count):
    """Columns of rays are sums over fine steps of the interpolated density."""
    table = make_grid(rng, *case).table()
    vectors = directions(rng.uniform(0, 360, count), rng.uniform(-20, 20, count))
    found = np.empty((len(vectors), 1))
    columns(vectors, np.array(sun), 0.0, table.for_kernels, TRANSPARENT, RULE, 1e-7, found)
    found = found[:, 0]
    z_low = -table.height[-1] if table.folded else table.height[0]
    for vector, value in zip(vectors, found, strict=True):
        near, far = ray_limits(vector, sun, table.radius[-1], z_low, table.height[-1])
        # midpoint rule on 40000 steps: kinks of the interpolant cost it h^2
        s = near + (far - near) * (np.arange(40_000) + 0.5) / 40_000
        points = np.column_stack([sun[0] - s * vector[0], s * vector[1], sun[1] + s * vector[2]])
        expected = table.density(points).mean() * (far - near)
        assert value == pytest.approx(expected, rel=2e-6, abs=0)


@pytest.mark.parametrize("case", [CASES[0], CASES[5], CASES[10], CASES[15]])
@pytest.mark.parametrize("sun", [(8.5, 0.0), (8.5, 0.02), (15.0, 0.3), (0.0, 0.0)])
def test_columns_equal_a_fine_sum(case, sun, rng):
    is_a_fine_sum(case, sun, rng, 12)


def test_a_column_equals_a_fine_sum_over_the_twin(rng):
    """One ray alone, which is affordable without the compiler."""
    is_a_fine_sum(CASES[5], (8.5, 0.02), rng, 1)


def test_s_min_cuts_the_ray(rng):
    table = SourceDisc().table()
    vector, out = directions([20.0], [1.0]), np.empty((1, 1))
    parts = []
    for s_min in (0.0, 1.0, 100.0):
        columns(vector, np.array([8.5, 0.0]), s_min, table.for_kernels, TRANSPARENT, RULE, 1e-8, out)
        parts.append(out[0, 0])
    assert parts[2] == 0.0
    s = (np.arange(20_000) + 0.5) / 20_000
    points = np.column_stack([8.5 - s * vector[0, 0], s * vector[0, 1], s * vector[0, 2]])
    assert parts[0] - parts[1] == pytest.approx(table.density(points).mean(), rel=1e-6)


@pytest.mark.parametrize("vertical", ["exponential", "gaussian"])
def test_disc_columns_are_good_to_the_default_rtol_everywhere(vertical, rng):
    disc = SourceDisc(vertical=vertical)

    def density(r, phi, z):
        return disc.shape(r, z) * disc.normalisation.to_value(RATE)

    lon = np.concatenate([rng.uniform(0, 360, 60), rng.uniform(0, 360, 60), [0, 0, 0, 0, 1e-6, 1e-3, 0.1, 180, 180]])
    lat = np.concatenate(
        [np.degrees(np.arcsin(rng.uniform(-1, 1, 60))), rng.uniform(-1, 1, 60), [0, 0.5, 3, 90, 0, 1e-4, 0.01, 0, 1e-9]]
    )
    vectors = directions(lon, lat)
    table, found = disc.table(1e-5), np.empty((len(vectors), 1))
    columns(vectors, np.array([8.5, 0.0]), 0.0, table.for_kernels, TRANSPARENT, RULE, 2e-5, found)
    found = found[:, 0]
    expected = [plain_column(density, v, (8.5, 0.0), 20.0, 0.5) for v in vectors]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert np.max(np.abs(found / expected - 1)) < 3e-5


def with_blob(r, phi, z, where=(5.0, 0.6, 0.05), size=0.4):
    disc = SourceDisc(radius=10 * u.kpc)
    x, y = r * np.cos(phi) - where[0] * math.cos(where[1]), r * np.sin(phi) - where[0] * math.sin(where[1])
    return disc.shape(r, z) * (1.0 + 50 * np.exp(-0.5 * (x**2 + y**2 + (z - where[2]) ** 2) / size**2))


def test_off_axis_blob_in_a_disc():
    """A non-axisymmetric density goes through the same door; the error is that of the grid's interpolation."""
    r, z = np.linspace(0, 10, 201), np.linspace(-0.5, 0.5, 41)
    phi = 2 * math.pi * np.arange(480) / 480
    values = with_blob(np.maximum(r, 1e-6)[:, None, None], phi[:, None], z)
    table = CylindricalGrid(r * u.kpc, z * u.kpc, values * RATE).table()
    assert not table.axisymmetric
    place = np.array([8.5 - 5 * math.cos(0.6), 5 * math.sin(0.6), 0.05])
    l0, b0 = math.degrees(math.atan2(place[1], place[0])), math.degrees(math.asin(0.05 / np.linalg.norm(place)))
    lon, lat = np.meshgrid(l0 + np.linspace(-10, 10, 7), b0 + np.linspace(-3, 3, 5))
    vectors = directions(lon.ravel(), lat.ravel())
    found = np.empty((len(vectors), 1))
    columns(vectors, np.array([8.5, 0.0]), 0.0, table.for_kernels, TRANSPARENT, RULE, 2e-5, found)
    found = found[:, 0]
    # against its own interpolant, on 60000 steps
    for vector, value in zip(vectors, found, strict=True):
        near, far = ray_limits(vector, (8.5, 0.0), 10.0, -0.5, 0.5)
        s = near + (far - near) * (np.arange(60_000) + 0.5) / 60_000
        points = np.column_stack([8.5 - s * vector[0], s * vector[1], s * vector[2]])
        assert value == pytest.approx(table.density(points).mean() * (far - near), rel=1e-4)
    # against the analytic density: linear interpolation of ln n misses sum(step^2)/8 size^2 at most
    expected = [plain_column(with_blob, v, (8.5, 0.0), 10.0, 0.5, n=800) for v in vectors]
    bound = (0.05**2 + (5.5 * 2 * math.pi / 480) ** 2 + 0.025**2) / 8 / 0.4**2
    np.testing.assert_allclose(found, expected, rtol=bound)
    smooth = [plain_column(lambda r, p, z: SourceDisc().shape(r, z), v, (8.5, 0.0), 10.0, 0.5) for v in vectors]
    assert np.max(found / smooth) > 3


def test_lonely_blob_is_never_stepped_over(rng):
    """A blob of three cells in an empty Galaxy: rays through its middle all find it."""
    r, z = np.linspace(0, 20, 201), np.linspace(-0.5, 0.5, 41)
    n_phi = 180
    values = np.zeros((201, n_phi, 41))
    for i, j in ((120, 20), (60, 90), (180, 150)):
        values[i - 1 : i + 2, j - 1 : j + 2, 19:22] = 1.0
    table = CylindricalGrid(r * u.kpc, z * u.kpc, values * RATE).table()
    assert not table.logarithmic
    vectors, nearest = [], []
    for i, j in ((120, 20), (60, 90), (180, 150)):
        angle = 2 * math.pi * j / n_phi
        target = np.array([8.5 - r[i] * math.cos(angle), r[i] * math.sin(angle), 0.0])
        vectors.append(target / np.linalg.norm(target))
        nearest.append(np.linalg.norm(target))
    found = np.empty((3, 1))
    columns(np.array(vectors), np.array([8.5, 0.0]), 0.0, table.for_kernels, TRANSPARENT, RULE, 1e-4, found)
    for vector, value, distance in zip(vectors, found, nearest, strict=True):
        s = distance + np.linspace(-2, 2, 40_001)
        points = np.column_stack([8.5 - s * vector[0], s * vector[1], s * vector[2]])
        assert value == pytest.approx(np.trapezoid(table.density(points), s), rel=1e-3)
        assert value > 0.1


def test_outside_observer_and_missed_cylinder():
    table = make_grid(np.random.default_rng(1)).table()
    out = np.empty((3, 1))
    vectors = directions([0.0, 90.0, 0.0], [0.0, 0.0, 90.0])
    columns(vectors, np.array([30.0, 0.0]), 0.0, table.for_kernels, TRANSPARENT, RULE, 1e-5, out)
    assert out[0] > 0
    assert out[1] == out[2] == 0.0


# --- Absorption ---

KERNEL_RTOL = 1e-7


def flat_table(radius=20.0, top=0.5):
    """Density 1 in a cylinder."""
    r, z = np.linspace(0, radius, 5), np.linspace(0, top, 3)
    return CylindricalGrid(r * u.kpc, z * u.kpc, np.ones((5, 3)) * RATE, "linear").table()


def uniform_absorber(*coefficients):
    k = np.array(coefficients)
    return TRANSPARENT._replace(uniform=k, factors=np.zeros((k.size, 0)))


def layered_absorber(rng, energies=4, fields=2):
    """Smooth random fields, thin and thick, as the kernel takes them; optical depths of order 1 across the Galaxy."""
    last, counts, order = np.array([25.0, 5.0]), (30, 20), 6
    nodes = (1 - np.cos(np.pi * (np.arange(order) + 0.5) / order)) / 2
    r, z = (end * ((np.arange(m)[:, None] + nodes) / m) ** 2 for end, m in zip(last, counts, strict=True))
    powers = np.linalg.inv(np.vander(nodes, increasing=True))
    values = np.zeros((*counts, order, order, 4))
    for a in range(fields):
        field = np.exp(-r[:, None, :, None] / rng.uniform(2, 8) - z[None, :, None, :] / rng.uniform(0.3, 1.0))
        values[..., a] = powers @ field @ powers.T
    factors = np.zeros((energies, 4))
    factors[:, :fields] = rng.uniform(0, 0.3, (energies, fields))
    return Absorbers(rng.uniform(0, 0.15, energies), factors, values, last)


def absorbed(table, absorber, vectors, sun=(8.5, 0.0), s_min=0.0, rtol=KERNEL_RTOL):
    out = np.empty((len(vectors), absorber[0].size))
    columns(vectors, np.array(sun), s_min, table.for_kernels, absorber, RULE, rtol, out)
    return out


SKY = directions([0, 0, 0, 20, 30, 77, 90, 180, 180, 250, 10], [0, 0.3, 5, 1, -0.1, 0, 2, 0, 40, -1, 90])


def test_uniform_absorption_has_a_closed_form():
    """(1 - exp(-k L))/k of a ray of length L through density 1, for many k at once."""
    k = np.array([1e-6, 1e-3, 0.02, 0.1415, 0.2])
    table = flat_table()
    length = np.array([np.ptp(ray_limits(v, (8.5, 0.0), 20.0, -0.5, 0.5)) for v in SKY])
    expected = -np.expm1(-np.outer(length, k)) / k
    np.testing.assert_allclose(absorbed(table, uniform_absorber(*k), SKY), expected, rtol=1e-6)
    # Also at the rtol of the engine's default: the transmission costs nothing of it.
    np.testing.assert_allclose(absorbed(table, uniform_absorber(*k), SKY, rtol=2e-5), expected, rtol=1e-6)


def test_uniform_absorption_with_a_near_edge():
    """exp(-k s_min) (1 - exp(-k (L - s_min)))/k."""
    k = np.array([0.01, 0.1415])
    length = np.array([np.ptp(ray_limits(v, (8.5, 0.0), 20.0, -0.5, 0.5)) for v in SKY])
    reach = np.maximum(length - 2.0, 0)[:, None]
    found = absorbed(flat_table(), uniform_absorber(*k), SKY, s_min=2.0)
    assert 0 < np.count_nonzero(reach) < len(SKY)
    np.testing.assert_allclose(found, np.exp(-2 * k) * -np.expm1(-k * reach) / k, rtol=1e-6)


@pytest.mark.parametrize("case", [CASES[0], CASES[5], CASES[10], CASES[15]])
def test_no_absorption_is_the_transparent_sky(case, rng):
    """k = 0 among others, k to 0, and nothing but k = 0."""
    table = make_grid(rng, *case).table()
    transparent = absorbed(table, TRANSPARENT, SKY)[:, 0]
    np.testing.assert_array_equal(absorbed(table, uniform_absorber(0.0), SKY)[:, 0], transparent)
    found = absorbed(table, uniform_absorber(0.0, 1e-9, 0.1), SKY)
    # Another path through the same integrand: other panels, both good to the rtol asked for.
    np.testing.assert_allclose(found[:, 0], transparent, rtol=5 * KERNEL_RTOL)
    # First order in k: k times the length of the ray, at most.
    np.testing.assert_allclose(found[:, 1], found[:, 0], rtol=3e-8)
    assert np.all(found[:, 2] < found[:, 0])


def test_smooth_density_without_absorption_to_the_last_digits():
    """The constant density needs one panel, so that moments must add up to the column itself."""
    found = absorbed(flat_table(), uniform_absorber(0.0, 0.1), SKY)[:, 0]
    np.testing.assert_allclose(found, absorbed(flat_table(), TRANSPARENT, SKY)[:, 0], rtol=1e-12)


@pytest.mark.parametrize("case", [CASES[0], CASES[5], CASES[10], CASES[15]])
@pytest.mark.parametrize(
    ("sun", "s_min"), [((8.5, 0.0), 0.0), ((8.5, 0.02), 3.0), ((15.0, 0.3), 0.0), ((0.0, 0.0), 1.0)]
)
def test_absorbed_columns_equal_their_twin(case, sun, s_min, rng):
    """A rough density behind smooth fields; (15, 0.3) is outside: fields absorb on the way to the density too."""
    table, absorber = make_grid(rng, *case).table(), layered_absorber(rng)
    vectors = directions(rng.uniform(0, 360, 6), rng.uniform(-15, 15, 6))
    if sun[0] > 12:
        vectors = directions(rng.uniform(-40, 40, 6), rng.uniform(-3, 1, 6))
    found = absorbed(table, absorber, vectors, sun, s_min)
    expected = [absorbed_sum(table, absorber, v, sun, s_min) for v in vectors]
    assert np.count_nonzero(expected) > 8
    np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_disc_behind_a_thin_layer_equals_its_twin(rng):
    table, absorber = SourceDisc().table(), layered_absorber(rng, fields=3)
    found = absorbed(table, absorber, SKY)
    expected = [absorbed_sum(table, absorber, v, (8.5, 0.0), steps=200_000) for v in SKY]
    np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_way_to_the_density_absorbs():
    """A constant field equals a uniform coefficient, from the observer on, not from the density's edge on."""
    k = np.array([0.02, 0.1])
    as_field = Absorbers(np.zeros(2), np.outer(k, [1, 0, 0, 0]), np.ones((1, 1, 1, 1, 4)), np.array([60.0, 60.0]))
    vectors = directions([0, 3, 10, 25, 0], [0, 0.2, -0.5, 0.1, 1])
    for sun, s_min in (((30.0, 0.0), 0.0), ((8.5, 0.0), 4.0), ((30.0, 0.2), 25.0)):
        found = absorbed(flat_table(), as_field, vectors, sun, s_min)
        near, far = np.array([ray_limits(v, sun, 20.0, -0.5, 0.5) for v in vectors]).T
        near = np.maximum(near, s_min)
        expected = (np.exp(-np.outer(near, k)) - np.exp(-np.outer(far, k))) / k
        assert np.any(expected > 0)
        np.testing.assert_allclose(found, np.where((far > near)[:, None], expected, 0), rtol=1e-6)
        both = absorbed(flat_table(), uniform_absorber(*k), vectors, sun, s_min)
        np.testing.assert_allclose(found, both, rtol=1e-6)


def test_energies_do_not_know_of_each_other(rng):
    """Stretches are chosen for all of them at once; at 1e-8 what is left of that is below the rtol asked for above."""
    table, absorber = SourceDisc().table(), layered_absorber(rng, energies=6)
    together = absorbed(table, absorber, SKY, rtol=1e-8)
    for j in range(6):
        one = Absorbers(absorber[0][j : j + 1], absorber[1][j : j + 1], *absorber[2:])
        np.testing.assert_allclose(together[:, j], absorbed(table, one, SKY, rtol=1e-8)[:, 0], rtol=3e-7)
