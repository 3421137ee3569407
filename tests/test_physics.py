"""The numbered checks of the physics note: cocoons of arXiv:2503.14651, B/C aside.

Numbers are of an independent calculation in plain numpy and scipy from the same equations, or of the literature.
"""

import math

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc

from skycocoon import Cocoons, ConstantGrammage, DiffusiveGrammage, ExponentialGrammage, Injection, Region, load_model
from skycocoon.cosmicrays.injection import momentum_integral
from skycocoon.emission.production import Production
from skycocoon.galaxy import CylindricalGrid, SourceDisc, Sun
from skycocoon.interactions import KelnerGamma, KelnerNeutrino, kelner
from skycocoon.kinematics import SPECIES, Species
from skycocoon.los import column, column_map, region_column, region_sed
from skycocoon.units import CM_PER_KPC, INTENSITY, M_PROTON, M_PROTON_GRAM

from .conftest import directions

X = u.g / u.cm**2
TEV = np.array([1e3, 1e4, 1e5])
SUN = Sun()


def J(density, longitude, latitude, rtol=1e-6, s_min=0.0):
    """(1/4 pi) int R ds [cm^-2 s^-1] (eq. 8)."""
    return column(density, SUN, directions(longitude, latitude), rtol=rtol, s_min=s_min) / (4 * math.pi)


@pytest.fixture(scope="module")
def schroer():
    return load_model("schroer2021").components[0]


@pytest.fixture(scope="module")
def paper():
    return load_model("paper").components[0]


# 1 ------------------------------------------------------------------------------------------------------------------


def test_01_normalisation_of_the_disc():
    disc = SourceDisc()
    assert disc.normalisation.to_value("kpc-3 yr-1") == pytest.approx(2.33407826e-4, rel=1e-8)

    def integrand(r):
        return 2 * math.pi * r * (r / 8.5) ** 1.09 * math.exp(-3.87 * (r - 8.5) / 8.5)

    radial = quad(integrand, 0, 20, epsabs=0, epsrel=1e-12)[0]
    vertical = 2 * quad(lambda z: math.exp(-z / 0.1), 0, 0.5, epsabs=0, epsrel=1e-12)[0]
    assert disc.normalisation.to_value("kpc-3 yr-1") == pytest.approx(1 / 30 / radial / vertical, rel=1e-8)
    # surface rate at the Sun
    assert (disc.normalisation * disc.vertical_integral() * u.kpc).value == pytest.approx(4.6367e-5, rel=1e-4)


def test_01_incomplete_gamma_closed_form():
    a, b, rd, h, hd = 1.09, 3.87, 20.0, 0.1, 0.5
    x = b * rd / 8.5
    volume = 2 * math.pi * 8.5**2 * math.exp(b) * math.gamma(a + 2) * gammainc(a + 2, x) * b ** -(a + 2)
    volume *= 2 * h * (1 - math.exp(-hd / h))
    assert SourceDisc().normalisation.value == pytest.approx(1 / 30 / volume, rel=1e-12)


# 2 ------------------------------------------------------------------------------------------------------------------


def test_02_rate_over_the_cylinder_on_a_fine_grid():
    disc = SourceDisc()
    r = (np.arange(4000) + 0.5) * 20 / 4000
    z = (np.arange(1000) + 0.5) * 0.5 / 1000
    n = disc.density(r[:, None] * u.kpc, 0 * u.rad, z * u.kpc).value
    total = float((2 * math.pi * r[:, None] * n).sum() * (20 / 4000) * (0.5 / 1000) * 2)
    assert total == pytest.approx(1 / 30, rel=1e-4)
    assert disc.grid().total().to_value("yr-1") == pytest.approx(1 / 30, rel=1e-4)


def test_02_rate_by_monte_carlo(rng):
    disc = SourceDisc()
    n = 400_000
    r, z = 20 * np.sqrt(rng.random(n)), 0.5 * rng.random(n)
    values = disc.density(r * u.kpc, 0 * u.rad, z * u.kpc).value
    volume = math.pi * 20**2 * 1.0
    assert values.mean() * volume == pytest.approx(1 / 30, abs=5 * values.std() / math.sqrt(n) * volume)


# 3 ------------------------------------------------------------------------------------------------------------------


def test_03_moments_of_the_green_profile():
    disc = SourceDisc()
    r = np.linspace(2, 3, 1_000_001)
    peak = r[np.argmax(disc.density(r * u.kpc, 0 * u.rad, 0 * u.kpc).value)]
    assert peak == pytest.approx(1.09 * 8.5 / 3.87, rel=1e-6)
    assert peak == pytest.approx(2.39406, rel=3e-6)  # six digits
    # one more power of R turns the integral of the profile into its first moment
    whole = disc.radial_integral(400.0)
    assert 8.5 * SourceDisc(a=2.09).radial_integral(400.0) / whole == pytest.approx(6.78682, rel=1e-6)
    assert 8.5 * SourceDisc(a=2.09).radial_integral(400.0) / whole == pytest.approx((1.09 + 2) * 8.5 / 3.87, rel=1e-9)
    for edge, part in ((10, 0.180654), (15, 0.0373407), (20, 0.00648610)):
        assert 1 - disc.radial_integral(edge) / whole == pytest.approx(part, rel=3e-6)  # six digits


# 4, 5 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "xi", "g", "erg"), [("proton", 0.0507, 4.375, 5.07e49), ("helium", 0.0254, 4.310, 2.54e49)]
)
def test_04_energy_of_the_injected_particles(name, xi, g, erg):
    q = Injection(SPECIES[name], xi, g)
    # substitution T = e^v; the lowest energies hold 1e-6 of it and more, so go far down
    value = quad(
        lambda v: math.exp(2 * v) * float(q.spectrum(math.exp(v))), -60, 18, epsabs=0, epsrel=1e-10, limit=400
    )[0]
    assert value == pytest.approx(erg * u.erg.to(u.GeV), rel=1e-6)


@pytest.mark.parametrize(
    ("g", "value"), [(4.2, 4.960749), (4.31, 3.344385), (4.33, 3.179941), (4.375, 2.890121), (4.5, 2.472100)]
)
def test_04_momentum_integral(g, value):
    assert momentum_integral(g) == pytest.approx(value, rel=1e-6)
    direct = quad(
        lambda v: math.exp((5 - g) * v) / (1 + math.sqrt(1 + math.exp(2 * v))),
        -120,
        0,
        epsabs=0,
        epsrel=1e-12,
        limit=500,
    )[0]
    direct += quad(
        lambda v: math.exp((5 - g) * v) / (1 + math.sqrt(1 + math.exp(2 * v))),
        0,
        180,
        epsabs=0,
        epsrel=1e-12,
        limit=500,
    )[0]
    assert momentum_integral(g) == pytest.approx(direct, rel=1e-6)


def test_05_plateau_of_the_injection():
    q = Injection(SPECIES["proton"], 0.0507, 4.375, cutoff=np.inf * u.PV)
    value = 1e10 * float(q.spectrum(np.array(1e5)))
    assert value == pytest.approx(1.4256e50, rel=1e-4)
    assert value == pytest.approx(
        0.0507 * 1e51 * u.erg.to(u.GeV) / momentum_integral(4.375) * (1e5 / M_PROTON) ** -0.375, rel=1e-4
    )


def test_injection_reference_table():
    T = np.array([1e2, 1e3, 1e4, 1e5, 1e6])
    p, he = Injection(SPECIES["proton"], 0.0507, 4.375), Injection(SPECIES["helium"], 0.0254, 4.310)
    # The reference's normalisation integral stops at p = 2e-8 m, which costs it 1.5e-5.
    np.testing.assert_allclose(
        T**2 * p.spectrum(T), [1.868627e51, 8.035169e50, 3.385026e50, 1.385544e50, 4.328532e49], rtol=2e-5
    )
    np.testing.assert_allclose(
        T**2 * he.spectrum(T), [1.601257e51, 8.446348e50, 4.162835e50, 2.010081e50, 8.474288e49], rtol=2e-5
    )


# 6, 7 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("b", [2, 5, 30, 90, -30])
def test_06_slab(b):
    # R_d large enough that rays leave by the lid; the table of a slab is exact, ln n being linear in |z|
    disc = SourceDisc(a=0.0, b=0.0, radius=40 * u.kpc)
    expected = (
        disc.normalisation.to_value("cm-3 s-1")
        * 0.1
        * (1 - math.exp(-5))
        / (4 * math.pi * abs(math.sin(math.radians(b))))
    )
    assert J(disc, 40.0, b, rtol=1e-10)[0] == pytest.approx(expected * CM_PER_KPC, rel=1e-10)


UNIFORM = SourceDisc(a=0.0, b=0.0, radius=15 * u.kpc, half_height=0.2 * u.kpc, height=1.0 * u.kpc, vertical="top-hat")


@pytest.mark.parametrize(
    ("l", "b", "length"),
    [
        (0, 0, 23.5),
        (60, 0, 17.3195256),
        (180, 0, 6.5),
        (0, 1, 11.4597377),
        (120, 3, 3.8214652),
        (0, 90, 0.2),
        (77, -90, 0.2),
    ],
)
def test_07_uniform_cylinder(l, b, length):
    n = UNIFORM.normalisation.to_value("cm-3 s-1")
    assert J(UNIFORM, l, b)[0] == pytest.approx(n * length * CM_PER_KPC / (4 * math.pi), rel=1e-6)


def test_07_uniform_cylinder_everywhere(rng):
    lon, lat = rng.uniform(-180, 180, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    wall = 8.5 * np.cos(np.radians(lon)) + np.sqrt(15**2 - (8.5 * np.sin(np.radians(lon))) ** 2)
    length = np.minimum(wall / np.cos(np.radians(lat)), 0.2 / np.abs(np.sin(np.radians(lat))))
    n = UNIFORM.normalisation.to_value("cm-3 s-1")
    np.testing.assert_allclose(J(UNIFORM, lon, lat), n * length * CM_PER_KPC / (4 * math.pi), rtol=1e-6)


# 8, 9 ---------------------------------------------------------------------------------------------------------------


def test_08_symmetry(rng):
    lon, lat = rng.uniform(0, 180, 300), rng.uniform(0, 90, 300)
    lat[:50] = rng.uniform(0, 1, 50)
    reference = J(SourceDisc(), lon, lat, rtol=1e-4)
    for signs in ((-1, 1), (1, -1), (-1, -1)):
        np.testing.assert_allclose(J(SourceDisc(), signs[0] * lon, signs[1] * lat, rtol=1e-4), reference, rtol=1e-12)


def test_08_mirrored_region():
    mirrored = Region.box((-125 * u.deg, -15 * u.deg), (-5 * u.deg, 5 * u.deg))
    one = region_column(SourceDisc(), SUN, Region.named("lhaaso-inner"))
    assert region_column(SourceDisc(), SUN, mirrored) == pytest.approx(one, rel=1e-5)


@pytest.mark.parametrize("l", [0, 33, 210])
def test_09_poles(l):
    disc = SourceDisc()
    closed = disc.normalisation.to_value("cm-3 s-1") * 0.1 * (1 - math.exp(-5)) * CM_PER_KPC / (4 * math.pi)
    assert closed == pytest.approx(6.139943e-57, rel=1e-6)
    # R = 8.5 kpc lies between two nodes of the table: as good as the table is asked to be
    assert J(disc, l, 90, rtol=1e-4)[0] == pytest.approx(closed, rel=1e-5)
    # A table with a node there is exact. (1089 nodes of sqrt R on 20 kpc have none; R_d = 8.5 * 4 does.)
    exact = SourceDisc(radius=34 * u.kpc)
    closed = exact.normalisation.to_value("cm-3 s-1") * 0.1 * (1 - math.exp(-5)) * CM_PER_KPC / (4 * math.pi)
    assert J(exact, l, -90, rtol=1e-4)[0] == pytest.approx(closed, rel=1e-9)


# 10, 11 -------------------------------------------------------------------------------------------------------------


def volume_integral(disc):
    """int R/(4 pi d^2) dV with the azimuth in closed form [cm^-2 s^-1]."""
    x, w = np.polynomial.legendre.leggauss(60)

    def panels(edges):
        edges = np.asarray(edges)
        half = np.diff(edges)[:, None] / 2
        return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()

    # towards the Sun's circle the integrand is nearly singular: cluster there
    steps = np.geomspace(1e-9, 8.5, 60)
    r, dr = panels(np.concatenate([8.5 - steps[::-1], [8.5], 8.5 + steps, [20.0]]))
    z, dz = panels(np.concatenate([[0], np.geomspace(1e-9, 0.5, 50)]))
    R, Z = r[:, None], z[None]
    # = 2 pi / sqrt((R^2 + R_s^2 + z^2)^2 - 4 R^2 R_s^2), without cancellation
    ring = 2 * math.pi / np.sqrt(((R - 8.5) ** 2 + Z**2) * ((R + 8.5) ** 2 + Z**2))
    n = disc.density(R * u.kpc, 0 * u.rad, Z * u.kpc).to_value("cm-3 s-1")
    return float(np.einsum("ij,i,j", n * R * ring, dr, dz) * 2 / (4 * math.pi)) * CM_PER_KPC


@pytest.mark.slow
def test_10_sky_integral_is_the_volume_integral():
    disc = SourceDisc()
    volume = volume_integral(disc)
    assert volume == pytest.approx(4.458870e-55, rel=2e-6)
    sky = region_column(disc, SUN, Region.named("icecube-allsky"))
    assert sky == pytest.approx(volume, rel=1e-5)
    assert column_map(disc, SUN, 32).mean() == pytest.approx(volume, rel=1e-5)


def test_10_volume_integral_by_monte_carlo(rng):
    disc, n = SourceDisc(), 2_000_000
    r, phi, z = 20 * np.sqrt(rng.random(n)), 2 * math.pi * rng.random(n), rng.uniform(-0.5, 0.5, n)
    d2 = r**2 + 8.5**2 - 2 * r * 8.5 * np.cos(phi) + z**2
    values = disc.density(r * u.kpc, phi * u.rad, z * u.kpc).to_value("cm-3 s-1") / (4 * math.pi * d2)
    # 1/d^2 has infinite variance: leave out the nearest 0.3 kpc on both sides
    far = d2 > 0.3**2
    volume = math.pi * 20**2 * CM_PER_KPC
    sphere = region_column(disc, SUN, Region.everywhere(), s_min=0.3)
    assert np.mean(values * far) * volume == pytest.approx(sphere, rel=1e-2)


@pytest.mark.slow
def test_10_thin_ring():
    # N sources in a ring of radius r0 in the plane: N/(4 pi |r0^2 - R_sun^2|)
    r0, width = 4.0, 0.15

    def rate(r, phi, z):
        shape = np.exp(-0.5 * ((r.to_value(u.kpc) - r0) / width) ** 2 - np.abs(z.to_value(u.kpc)) / 0.02)
        return shape * np.ones_like(phi.value) / u.kpc**3 / u.yr

    options = {"axisymmetric": True, "symmetric": True, "interpolation": "log"}
    ring = CylindricalGrid.sample(rate, 6 * u.kpc, 0.2 * u.kpc, nodes=(301, 1, 2), **options).normalised(1 / u.yr)
    thin = (1 / u.yr).to_value("s-1") / (4 * math.pi * (8.5**2 - r0**2)) / CM_PER_KPC**2
    found = region_column(ring, SUN, Region.everywhere(), rtol=1e-3)
    assert found == pytest.approx(thin, rel=5e-3)


@pytest.mark.parametrize(("name", "value"), [("lhaaso-inner", 2.593111e-55), ("lhaaso-outer", 9.523146e-56)])
def test_11_region_means(name, value):
    mean = region_column(SourceDisc(), SUN, Region.named(name)) / (4 * math.pi)
    assert mean == pytest.approx(value, rel=2e-6)


@pytest.mark.parametrize(("name", "value"), [("lhaaso-inner", 2.0647e-55), ("lhaaso-outer", 5.0788e-56)])
def test_11_region_means_beyond_1_kpc(name, value):
    mean = region_column(SourceDisc(), SUN, Region.named(name), s_min=1.0) / (4 * math.pi)
    assert mean == pytest.approx(value, rel=1e-4)


def test_11_map_sums_at_nside_256():
    sky = column_map(SourceDisc(), SUN, 256) / (4 * math.pi)
    for name, value in (("lhaaso-inner", 2.593111e-55), ("lhaaso-outer", 9.523146e-56)):
        part = Region.named(name).fractions(256)
        assert part @ sky / part.sum() == pytest.approx(value, rel=5e-3)
        assert part.mean() * 4 * math.pi == pytest.approx(0.334654028, rel=1e-4)


@pytest.mark.parametrize(
    ("l", "b", "value"), [(30, 0, 2.271560e-54), (90, 0, 4.231821e-55), (70, -3, 1.280371e-55), (0, 90, 6.139943e-57)]
)
def test_single_directions(l, b, value):
    assert J(SourceDisc(), l, b)[0] == pytest.approx(value, rel=1e-6)


# 12, 13, 14 ---------------------------------------------------------------------------------------------------------

MOMENTS = {
    1e2: (0.16331, 0.06318, 0.10220, 0.03238, 0.05636, 0.01901, 0.15856, 0.05139),
    1e3: (0.16603, 0.06205, 0.11068, 0.03376, 0.06094, 0.01968, 0.17162, 0.05344),
    1e4: (0.17607, 0.06441, 0.12051, 0.03568, 0.06771, 0.02114, 0.18822, 0.05682),
    1e5: (0.18506, 0.06634, 0.12897, 0.03690, 0.07422, 0.02222, 0.20320, 0.05912),
    1e6: (0.18588, 0.06486, 0.13267, 0.03674, 0.07721, 0.02225, 0.20988, 0.05899),
}


@pytest.mark.parametrize("energy", MOMENTS)
def test_12_moments_of_the_secondaries(energy):
    x, w = np.polynomial.legendre.leggauss(60)
    edges = np.array(sorted([*np.linspace(0, math.log(1e12), 60), -math.log(0.427)]))
    half = np.diff(edges)[:, None] / 2
    v, dv = (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
    x = np.exp(-v)
    e = np.full_like(x, energy)
    gamma, numu1, nue = kelner.gamma_ray(x, e), kelner.muon_neutrino_1(x, e), kelner.electron(x, e)
    spectra = (gamma, numu1 + nue, nue, numu1 + 2 * nue)
    found = [float(np.sum(f * x ** (k + 1) * dv)) for f in spectra for k in (1.0, 1.375)]
    # the table has five digits
    np.testing.assert_allclose(found, MOMENTS[energy], rtol=4e-4)
    assert found[0] == pytest.approx(MOMENTS[energy][0], rel=1e-4)
    assert 0.32 < found[0] + found[6] < 0.41
    assert found[0] + found[6] + found[4] < 0.5


SPOTS = {  # x: F at 1 TeV, 10 TeV, 100 TeV, 1 PeV
    "gamma": {
        0.001: (1.845940e3, 2.442318e3, 3.089329e3, 3.689596e3),
        0.01: (1.765197e2, 2.016018e2, 2.225004e2, 2.354694e2),
        0.1: (5.264900, 5.373776, 5.511742, 5.403451),
        0.3: (3.175133e-1, 3.256855e-1, 3.284108e-1, 3.050608e-1),
        0.5: (4.120582e-2, 4.097321e-2, 3.885842e-2, 3.340670e-2),
        0.9: (5.530715e-5, 4.324065e-5, 3.157257e-5, 2.172333e-5),
    },
    "numu": {
        0.001: (2.033379e3, 2.771498e3, 3.620334e3, 4.387001e3),
        0.01: (1.797392e2, 2.055149e2, 2.314362e2, 2.483386e2),
        0.1: (3.069505, 3.168191, 3.167196, 3.039631),
        0.3: (6.070623e-2, 5.802599e-2, 5.323311e-2, 4.734670e-2),
        0.5: (2.679906e-3, 2.494343e-3, 2.240851e-3, 1.967447e-3),
        0.9: (1.538824e-7, 1.391820e-7, 1.223425e-7, 1.057151e-7),
    },
    "nue": {
        0.001: (9.647968e2, 1.368997e3, 1.886958e3, 2.360314e3),
        0.01: (8.898238e1, 1.048925e2, 1.240100e2, 1.368926e2),
        0.1: (1.820620, 1.915024, 1.936001, 1.862361),
        0.3: (5.321692e-2, 5.133127e-2, 4.753122e-2, 4.268045e-2),
        0.5: (2.679906e-3, 2.494343e-3, 2.240851e-3, 1.967447e-3),
        0.9: (1.538824e-7, 1.391820e-7, 1.223425e-7, 1.057151e-7),
    },
}


@pytest.mark.parametrize("kind", SPOTS)
def test_13_spot_values(kind):
    functions = {
        "gamma": kelner.gamma_ray,
        "numu": lambda x, e: kelner.muon_neutrino_1(x, e) + kelner.electron(x, e),
        "nue": kelner.electron,
    }
    energies = np.array([1e3, 1e4, 1e5, 1e6])
    for x, values in SPOTS[kind].items():
        np.testing.assert_allclose(functions[kind](np.full(4, x), energies), values, rtol=1e-6)


def test_13_signs_and_ends():
    x = np.concatenate([np.geomspace(1e-3, 0.5, 400), 1 - np.geomspace(0.5, 1e-15, 400)])
    for energy in (1e2, 1e4, 1e8):
        for f in (kelner.gamma_ray, kelner.electron, kelner.muon_neutrino_1):
            assert np.all(f(x, energy) >= 0)
            assert f(1.0, energy) == 0
        assert np.all(kelner.muon_neutrino_1(x[x >= 0.427], energy) == 0)
        assert kelner.muon_neutrino_1(0.427 * (1 - 1e-9), energy) < 1e-25
        # F ~ (1 - x)^4 down to rounding
        small = 1 - np.array([1e-5, 1e-6])
        one, two = kelner.gamma_ray(small, energy)
        assert one / two == pytest.approx(((1 - small[0]) / (1 - small[1])) ** 4, rel=1e-4)


def test_14_inelastic_cross_section():
    mbarn = 1e-27
    assert kelner.inelastic(1e3) / mbarn == pytest.approx(34.300, rel=1e-6)
    assert np.all(kelner.inelastic(np.array([0.5, 1.0, kelner.THRESHOLD])) == 0)
    grid = np.geomspace(5, 1e3, 200_001)
    values = kelner.inelastic(grid) / mbarn
    # L = -3.76 is the minimum of the plateau's parabola, 23.3 GeV; the threshold factor moves it by 0.01 %
    parabola = 34.3 + 1.88 * np.log(grid / 1e3) + 0.25 * np.log(grid / 1e3) ** 2
    assert grid[np.argmin(parabola)] == pytest.approx(1e3 * math.exp(-3.76), rel=1e-4)
    assert parabola.min() == pytest.approx(30.7656, rel=1e-6)
    assert values.min() == pytest.approx(30.7651, rel=3e-5)
    assert np.all(np.diff(values[grid > 40]) > 0)
    table = [10.4346, 24.0060, 30.1103, 30.9306, 31.2966, 34.3000, 39.9543, 48.2596, 59.2159]
    np.testing.assert_allclose(
        kelner.inelastic(np.array([1.5, 2, 3, 10, 100, 1e3, 1e4, 1e5, 1e6])) / mbarn, table, rtol=5e-6
    )


# 15, 16 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "value"), [(2, 1.1006), (2.2, 0.9512), (2.375, 0.8854), (2.5, 0.8627), (3, 0.9088)])
def test_15_matching_of_power_laws(a, value):
    table = Production(KelnerGamma(), np.array([100.0]))
    assert table.matching(lambda e: e**-a) == pytest.approx(value, rel=1e-4)


def test_15_matching_of_the_presets(schroer, paper):
    assert schroer.matching_factors() == pytest.approx({"proton": 0.8673, "helium": 0.8670}, rel=1e-4)
    assert paper.matching_factors() == pytest.approx({"proton": 0.88188, "helium": 0.89351}, rel=2e-5)


@pytest.mark.parametrize("law", [ExponentialGrammage(), ConstantGrammage(), DiffusiveGrammage(cutoff=10 * u.TV)])
def test_15_continuous_at_100_gev(law):
    low, high = Cocoons(grammage=law).source_yield("gamma", [100 * (1 - 1e-9), 100] * u.GeV).value
    assert low == pytest.approx(high, rel=1e-6)


@pytest.fixture(scope="module")
def protons_alone():
    proton = Injection(SPECIES["proton"], 0.0507, 4.375, cutoff=np.inf * u.PV)
    return Cocoons(injection=(proton,), grammage=ConstantGrammage())


def test_16_slopes_without_a_cutoff(protons_alone):
    gamma = protons_alone.source_yield("gamma", TEV * u.GeV).value
    nu = protons_alone.source_yield("neutrino", TEV * u.GeV, flavour="all-flavour").value
    np.testing.assert_allclose(np.diff(np.log10(gamma)), [-2.2796, -2.2943], rtol=1e-3)
    np.testing.assert_allclose(np.diff(np.log10(nu)), [-2.2776, -2.2906], rtol=1e-3)
    np.testing.assert_allclose(nu / gamma, [0.9501, 0.9543, 0.9624], rtol=1e-3)
    tau = 0.4 * kelner.inelastic(1e4) / M_PROTON_GRAM
    q = protons_alone.injection[0].spectrum(np.array([1e4]))[0]
    assert gamma[1] / (tau * q) == pytest.approx(0.083094, rel=1e-3)


def test_16_flavours_at_the_source(protons_alone):
    class MuonNeutrinos(KelnerNeutrino):
        def multiplicity(self, x, energy):
            return kelner.muon_neutrino_1(x, energy) + kelner.electron(x, energy)

    q = protons_alone.injection[0]
    muon = Production(MuonNeutrinos(), TEV).yields(q.per_nucleon)
    every = Production(KelnerNeutrino(all_flavours=True), TEV).yields(q.per_nucleon)
    ratio = muon / every
    assert ratio[0] == pytest.approx(0.628, abs=1e-3)
    assert ratio[-1] == pytest.approx(0.624, abs=1e-3)


# 17, 18 -------------------------------------------------------------------------------------------------------------


def test_17_linearity(paper):
    e = [0.05, 1, 30] * u.TeV
    base = paper.source_yield("gamma", e).value

    def scaled(**changes):
        return load_model("paper", {f"components.cocoons.{k}": v for k, v in changes.items()}).components[0]

    twice = scaled(**{"grammage.normalisation": "0.8 g cm-2"})
    np.testing.assert_allclose(twice.source_yield("gamma", e).value, 2 * base, rtol=1e-12)
    twice = scaled(supernova_energy="2e51 erg")
    np.testing.assert_allclose(twice.source_yield("gamma", e).value, 2 * base, rtol=1e-12)
    proton = paper.source_yield("gamma", e, species="proton").value
    twice = scaled(**{"injection.proton.efficiency": 0.14})
    np.testing.assert_allclose(twice.source_yield("gamma", e).value, base + proton, rtol=1e-12)
    gas = scaled(gas_density="30 cm-3")
    np.testing.assert_allclose(gas.source_yield("gamma", e).value, base, rtol=1e-12)
    lon, lat = [0, 50, 200], [0, 2, 40]
    np.testing.assert_allclose(J(SourceDisc(rate=1 / (15 * u.yr)), lon, lat), 2 * J(SourceDisc(), lon, lat), rtol=1e-12)


def test_18_helium_that_is_a_proton(paper):
    fake = Injection(Species("helium", 1, 1), 0.07, 4.31)
    e = [0.02, 1, 30] * u.TeV
    assert paper.enhancement(fake) == 1.0
    one = Cocoons(injection=(fake,)).source_yield("gamma", e).value
    np.testing.assert_allclose(one, paper.source_yield("gamma", e, species="proton").value, rtol=1e-12)


def test_18_mass_conventions():
    e = [0.02, 1, 30] * u.TeV
    own = Cocoons(injection=(Injection(SPECIES["helium"], 0.0254, 4.31),))
    proton = Cocoons(injection=(Injection(SPECIES["helium"], 0.0254, 4.31, mass_convention="proton_mass"),))
    ratio = own.source_yield("gamma", e) / proton.source_yield("gamma", e)
    np.testing.assert_allclose(ratio.value, 4**0.31, rtol=1e-12)
    assert pytest.approx(1.5369, rel=1e-4) == 4**0.31


def test_18_protons_over_helium_at_1_tv():
    for convention, value in (("own_mass", 2.34), ("proton_mass", 3.60)):
        p = Injection(SPECIES["proton"], 0.0507, 4.375)
        he = Injection(SPECIES["helium"], 0.0254, 4.31, mass_convention=convention)

        def at_1_tv(q):
            pc = q.species.Z * 1e3
            total = math.hypot(pc, q.species.mass)
            # dN/dR = Z beta dN/dT
            return float(q.spectrum(np.array(total - q.species.mass))) * q.species.Z * pc / total

        assert at_1_tv(p) / at_1_tv(he) == pytest.approx(value, rel=5e-3)


# 19, 20, 21 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [1 / 3, 0.5, 1.0])
def test_19_diffusive_grammage(delta):
    law = DiffusiveGrammage(0.4 * X, 10 * u.TV, delta)
    assert law(10 * u.TV).value == pytest.approx(0.2, rel=1e-12)
    high = 1e3 ** (1 / delta) * 10 * np.array([1, 1.01]) * u.TV
    slope = np.diff(np.log(law(high).value)) / math.log(1.01)
    assert slope[0] == pytest.approx(-delta, rel=1.1e-3)
    assert law(1e-12 * u.GV).value == pytest.approx(0.4, rel=1e-4)
    sharp = DiffusiveGrammage(0.4 * X, 10 * u.TV, delta, sharp=True)
    assert sharp(10 * u.TV).value == pytest.approx(0.4, rel=1e-12)
    assert (sharp(10 * u.TV) / law(10 * u.TV)).value == pytest.approx(2.0, rel=1e-12)
    assert (sharp(1e9 * u.TV) / law(1e9 * u.TV)).value == pytest.approx(1.0, rel=3e-3)
    if delta == 0.5:
        assert (sharp(1 * u.TV) / law(1 * u.TV)).value == pytest.approx(1.316, rel=1e-3)


def test_19_exponential_grammage_and_none():
    law = ExponentialGrammage(0.4 * X, 100 * u.TV)
    assert law(100 * u.TV).value == pytest.approx(0.4 / math.e, rel=1e-12)
    assert law(1 * u.MV).value == pytest.approx(0.4, rel=1e-8)
    none = Cocoons(grammage=ExponentialGrammage(0 * X))
    assert np.all(none.source_yield("gamma", [0.05, 1, 10] * u.TeV).value == 0)
    assert np.all(none.source_yield("neutrino", [1, 10] * u.TeV).value == 0)


def test_20_confinement_time_and_size(paper):
    assert paper.confinement_time.to_value(u.Myr) == pytest.approx(0.252777, rel=1e-5)
    dense = load_model(
        "paper", {"components.cocoons.gas_density": "2 cm-3", "components.cocoons.grammage.normalisation": "1.2 g cm-2"}
    )
    assert dense.components[0].confinement_time.to_value(u.Myr) == pytest.approx(1.5 * 0.252777, rel=1e-5)
    assert paper.number == pytest.approx(1e4, rel=1e-12)
    assert paper.largest_radius.to_value(u.pc) == pytest.approx(181.712, rel=1e-5)
    for radius, size in ((15, 150), (10, 114)):
        disc = SourceDisc(radius=radius * u.kpc)
        assert Cocoons(density=disc).largest_radius.to_value(u.pc) == pytest.approx(size, rel=5e-3)


def test_21_optical_depth_and_energy(schroer):
    assert 0.4 / M_PROTON_GRAM * kelner.inelastic(1e4) == pytest.approx(9.5549e-3, rel=1e-4)
    e = np.geomspace(100, 1e7, 2001)
    y = e**2 * schroer.source_yield("gamma", e * u.GeV, species="proton").value
    energy = np.trapezoid(y, np.log(e)) * u.GeV.to(u.erg)
    assert energy == pytest.approx(3.441e45, rel=5e-4)


# 23 (22 is of B/C) --------------------------------------------------------------------------------------------------


def test_23_flavours_add_up(paper):
    e = [1, 10, 100] * u.TeV
    one = paper.source_yield("neutrino", e)
    every = paper.source_yield("neutrino", e, flavour="all-flavour")
    np.testing.assert_allclose((every / one).value, 3.0, rtol=1e-12)


# Reference numbers of section 4 ---------------------------------------------------------------------------------------


def test_reference_yields_schroer2021(schroer):
    e = np.array([1, 10, 100, 1e3, 1e4, 1e5, 1e6])
    p = e**2 * schroer.source_yield("gamma", e * u.GeV, species="proton").value
    he = e**2 * schroer.source_yield("gamma", e * u.GeV, species="helium").value
    np.testing.assert_allclose(
        p, [4.01200e48, 2.10611e48, 9.83365e47, 4.12984e47, 9.09760e46, 1.50427e45, 1.44986e38], rtol=2e-5
    )
    np.testing.assert_allclose(
        he[:6], [1.44893e48, 8.76314e47, 4.70320e47, 2.00075e47, 3.12829e46, 9.60764e43], rtol=2e-5
    )
    assert he[6] < 1e-3 * p[6]
    share = he / (p + he)
    np.testing.assert_allclose(share[3:6], [0.326, 0.256, 0.060], rtol=5e-3)
    nu = TEV**2 * schroer.source_yield("neutrino", TEV * u.GeV, flavour="all-flavour").value
    np.testing.assert_allclose(nu, [5.148555e47, 6.880515e46, 3.153985e44], rtol=2e-5)


def test_reference_yields_paper(paper):
    gamma = TEV**2 * paper.source_yield("gamma", TEV * u.GeV).value
    np.testing.assert_allclose(gamma, [1.26903e48, 2.89829e47, 4.31076e45], rtol=2e-5)
    nu = TEV**2 * paper.source_yield("neutrino", TEV * u.GeV, flavour="all-flavour").value
    np.testing.assert_allclose(nu, [1.10164e48, 1.67991e47, 8.63169e44], rtol=2e-5)


@pytest.mark.slow
def test_reference_seds():
    model = load_model("schroer2021")
    e = [1, 10, 100, 1000] * u.TeV
    inner = region_sed(model, "gamma", e, Region.named("lhaaso-inner"))
    outer = region_sed(model, "gamma", e, Region.named("lhaaso-outer"))
    e2 = e.to_value(u.GeV) ** 2
    np.testing.assert_allclose(
        e2 * inner.intensity.to_value(INTENSITY), [1.5897e-7, 3.1703e-8, 4.1499e-10, 3.760e-17], rtol=1.5e-4
    )
    np.testing.assert_allclose(
        e2 * outer.intensity.to_value(INTENSITY), [5.8383e-8, 1.1643e-8, 1.5240e-10, 1.381e-17], rtol=2.5e-4
    )
    np.testing.assert_allclose(
        e2 * inner.flux.to_value(INTENSITY * u.sr), [5.320e-8, 1.061e-8, 1.389e-10, 1.26e-17], rtol=2e-3
    )
    np.testing.assert_allclose(
        e2 * outer.flux.to_value(INTENSITY * u.sr), [1.954e-8, 3.896e-9, 5.100e-11, 4.62e-18], rtol=5e-4
    )
    sky = region_sed(model, "neutrino", e[:3], Region.named("icecube-allsky"))
    np.testing.assert_allclose(
        e2[:3] * sky.flux.to_value(INTENSITY * u.sr), [7.6522e-8, 1.0226e-8, 4.6877e-11], rtol=1e-4
    )
    every = region_sed(model, "neutrino", e[:3], Region.named("icecube-allsky"), flavour="all-flavour")
    np.testing.assert_allclose(
        e2[:3] * every.flux.to_value(INTENSITY * u.sr), [2.2957e-7, 3.0679e-8, 1.4063e-10], rtol=1e-4
    )
    inner_nu = region_sed(model, "neutrino", e[:3], Region.named("lhaaso-inner"))
    np.testing.assert_allclose(
        e2[:3] * inner_nu.intensity.to_value(INTENSITY), [4.450e-8, 5.947e-9, 2.726e-11], rtol=3e-4
    )
    paper = region_sed(load_model("paper"), "gamma", e[:3], Region.named("lhaaso-inner"))
    np.testing.assert_allclose(
        e2[:3] * paper.components["cocoons"].to_value(INTENSITY), [3.2907e-7, 7.5156e-8, 1.1178e-9], rtol=1e-4
    )


VARIANTS = {  # relative to the default: inner, outer, all sky
    "h 0.05": ({"height": 0.05 * u.kpc}, 1.20, 1.41, 1.12),
    "h 0.2, H_d 1": ({"height": 0.2 * u.kpc, "half_height": 1 * u.kpc}, 0.79, 0.65, 0.88),
    "R_d 10": ({"radius": 10 * u.kpc}, 1.14, 0.80, 1.15),
    "R_d 15": ({"radius": 15 * u.kpc}, 1.03, 1.01, 1.03),
    "H_d 0.1": ({"half_height": 0.1 * u.kpc}, 1.20, 1.38, 1.12),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_sets_the_size(variant):
    changes, *expected = VARIANTS[variant]
    regions = [Region.named(n) for n in ("lhaaso-inner", "lhaaso-outer", "icecube-allsky")]
    found = [
        region_column(SourceDisc(**changes), SUN, r, rtol=1e-3) / region_column(SourceDisc(), SUN, r, rtol=1e-3)
        for r in regions
    ]
    np.testing.assert_allclose(found, expected, rtol=6e-3)


def test_another_distance_of_the_sun():
    disc = SourceDisc(sun_radius=8 * u.kpc)
    regions = [Region.named(n) for n in ("lhaaso-inner", "lhaaso-outer", "icecube-allsky")]
    found = [
        region_column(disc, Sun(8 * u.kpc), r, rtol=1e-3) / region_column(SourceDisc(), SUN, r, rtol=1e-3)
        for r in regions
    ]
    np.testing.assert_allclose(found, [1.11, 1.09, 1.11], rtol=6e-3)


def test_nearby_sources_matter():
    # 20 % of inner and 47 % of outer J comes from s < 1 kpc, 5 % and 12 % from s < 0.2 kpc
    for name, one, fifth in (("lhaaso-inner", 0.20, 0.05), ("lhaaso-outer", 0.47, 0.12)):
        region = Region.named(name)
        whole = region_column(SourceDisc(), SUN, region, rtol=1e-3)
        for s, part in ((1.0, one), (0.2, fifth)):
            assert 1 - region_column(SourceDisc(), SUN, region, rtol=1e-3, s_min=s) / whole == pytest.approx(
                part, abs=0.006
            )
