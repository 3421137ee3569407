"""The standard diffuse emission: emissivities and fluxes of a second calculation, and the parts they are made of.

That calculation uses Kelner's F_gamma at all energies, which is meant for more than 100 GeV: the engine joins a delta
approximation there (eq. 12), so that rows at 10 GeV (by which the two differ by 10 %) are not tested.
"""

import math

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon.absorption import Absorption
from skycocoon.cosmicrays.local import local_spectra
from skycocoon.emission import Diffuse, GalaxyModel
from skycocoon.emission.diffuse import GasInSea
from skycocoon.emission.production import production
from skycocoon.errors import InputError
from skycocoon.galaxy import Gas, Sea, Sun
from skycocoon.interactions import KelnerGamma, KelnerNeutrino, kelner
from skycocoon.interactions.helium import nuclear_factors
from skycocoon.los import column, region_column, region_sed
from skycocoon.los.columns import remembered_mean
from skycocoon.sky import Region
from skycocoon.units import M_PI0, M_PROTON

from ..conftest import directions

SUN = Sun()
ENERGY = np.array([1e2, 1e3, 1e4, 3e4, 1e5, 3e5, 1e6])
RAW = Absorption(dust_scale=1.0)
IN_SEA = GasInSea(Gas(), Sea())

# E^2.7 q per H atom [1e-27 GeV^1.7 s^-1 sr^-1] at ENERGY.
EMISSIVITY = {
    "min": [1.996, 2.927, 3.093, 2.852, 2.443, 1.845, 1.139],
    "max": [1.997, 2.937, 3.326, 3.492, 3.854, 3.832, 2.818],
}
# E^2 Phi [GeV cm^-2 s^-1 sr^-1] at ENERGY; without a mask.
FLUX = {
    ("inner", "min"): [1.41e-6, 4.12e-7, 8.68e-8, 3.68e-8, 1.31e-8, 4.35e-9, 8.45e-10],
    ("inner", "max"): [1.41e-6, 4.13e-7, 9.33e-8, 4.51e-8, 2.06e-8, 9.03e-9, 2.09e-9],
    ("inner", "lhaaso"): [1.41e-6, 4.14e-7, 9.47e-8, 4.62e-8, 2.13e-8, 9.12e-9, 1.95e-9],
    ("outer", "min"): [4.46e-7, 1.30e-7, 2.75e-8, 1.17e-8, 4.30e-9, 1.47e-9, 3.39e-10],
    ("outer", "max"): [4.46e-7, 1.31e-7, 2.96e-8, 1.44e-8, 6.78e-9, 3.06e-9, 8.40e-10],
    ("outer", "lhaaso"): [None, None, 3.00e-8, 1.47e-8, 6.99e-9, 3.09e-9, 7.82e-10],
}
FIRST = {"inner": 15.0, "outer": 125.0}


def nodes(roi):
    """The rays of that calculation: every 5 deg in l and 0.2 deg in b >= 0, both ends included, all counting alike."""
    l, b = np.meshgrid(FIRST[roi] + np.arange(0, 111, 5.0), 0.2 * np.arange(26))
    return directions(l.ravel(), b.ravel())


@pytest.fixture(scope="module")
def node_means():
    """Mean of n G over these rays [cm^-2], unabsorbed and at ENERGY."""
    return {
        roi: (column(IN_SEA, SUN, nodes(roi)).mean(),
              column(IN_SEA, SUN, nodes(roi), absorption=RAW, energy=ENERGY * u.GeV).mean(axis=1))
        for roi in FIRST
    }  # fmt: skip


# --- The second calculation ---


@pytest.mark.parametrize("spectra", EMISSIVITY)
def test_emissivity(spectra):
    found = Diffuse(spectra=spectra).emissivity("gamma", ENERGY * u.GeV).value * ENERGY**2.7
    np.testing.assert_allclose(found, np.array(EMISSIVITY[spectra]) * 1e-27, rtol=0.01)


@pytest.mark.parametrize(("roi", "spectra"), FLUX)
def test_flux(roi, spectra, node_means):
    """As that calculation did it: plain means over its rays, which overrate the plane; to 3 % and in fact to 1."""
    known = np.array([x is not None for x in FLUX[roi, spectra]])
    expected = np.array(FLUX[roi, spectra])[known].astype(float)
    found = Diffuse(spectra=spectra).emissivity("gamma", ENERGY * u.GeV).value * ENERGY**2 * node_means[roi][1]
    np.testing.assert_allclose(found[known], expected, rtol=0.01)


@pytest.mark.parametrize(
    ("roi", "expected"), [("inner", [0.992, 0.957, 0.908, 0.664]), ("outer", [0.999, 0.992, 0.970, 0.842])]
)
def test_what_arrives(roi, expected, node_means):
    clear, absorbed = node_means[roi]
    np.testing.assert_allclose(absorbed[3:] / clear, expected, rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("sea", "inner", "outer"),
    [
        (Sea(), 1.771e22, 5.61e21),
        (Sea(halo_height=7 * u.kpc), 1.712e22, 6.08e21),
        (Sea("case-bhattacharya1998"), 1.556e22, 6.54e21),
        (Sea("yusifov-kucuk2004"), 1.669e22, 5.97e21),
    ],
)
def test_mean_columns(sea, inner, outer):
    """<N G>: what another distribution of sources, or halo, does to the inner and the outer Galaxy."""
    density = GasInSea(Gas(), sea)
    found = [column(density, SUN, nodes(roi), rtol=1e-3).mean() for roi in FIRST]
    np.testing.assert_allclose(found, [inner, outer], rtol=0.01)


@pytest.mark.parametrize(("roi", "below"), [("inner", 0.034), ("outer", 0.006)])
def test_true_means(roi, below, node_means):
    """Over solid angle, against a product rule of rays; and how far they lie below the means over the nodes above.

    A grid that counts b = 0 in full and as often as the rest counts the plane once too often, where the columns peak.
    """
    x, w = np.polynomial.legendre.leggauss(16)
    # Panels in b that shrink towards the plane, where the layer of nearby gas ends and that of distant gas begins.
    edges = np.array([0, 0.1, 0.3, 0.7, 1.5, 3, 5])
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    b, wb = (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()
    wb = wb * np.cos(np.radians(b))
    l = FIRST[roi] + (np.arange(220) + 0.5) / 2
    rays = directions(l[:, None], b)
    expected = (column(IN_SEA, SUN, rays).reshape(l.size, -1) @ wb).mean() / wb.sum()
    region = Region.named(f"lhaaso-{roi}")
    found = region_column(IN_SEA, SUN, region)
    assert found == pytest.approx(expected, rel=5e-4)
    assert 1 - found / node_means[roi][0] == pytest.approx(below, abs=0.002)


@pytest.mark.slow
def test_a_region_is_its_column_times_the_emissivity():
    """What region_sed adds to a column: the emissivity, and nothing else; behind absorption, at all energies at once."""
    region, energy = Region.named("lhaaso-outer"), ENERGY * u.GeV
    diffuse = Diffuse(spectra="max")
    sed = region_sed(GalaxyModel((diffuse,), absorption=RAW), "gamma", energy, region).intensity
    columns = region_column(IN_SEA, SUN, region, absorption=RAW, energy=energy)
    np.testing.assert_allclose(sed.value, diffuse.emissivity("gamma", energy).value * columns, rtol=1e-6)


# --- Emissivity from its parts ---


def yields(section, spectra, energy):
    """pp yields of protons and of helium per nucleon [GeV^-1 s^-1 sr^-1]."""
    return [production(section, energy).yields(local.per_nucleon) for local in local_spectra(spectra)]


@pytest.mark.parametrize("messenger", ["gamma", "neutrino"])
@pytest.mark.parametrize("energy", [300.0, 1e5])
def test_emissivity_by_adaptive_quadrature(messenger, energy):
    """The definition, species by species, with scipy; n_He/n_H = 0.0963, 3.55 for one helium nucleus, its square for two."""
    section = KelnerGamma() if messenger == "gamma" else KelnerNeutrino()
    total = 0.0
    for local, factor in zip(local_spectra("max"), (1 + 0.0963 * 3.55, 3.55 + 0.0963 * 3.55**2), strict=True):

        def integrand(v, local=local):
            proton = np.array([energy * math.exp(v)])
            seen = kelner.inelastic(proton) * local.per_nucleon(proton)
            return float((seen * section.multiplicity(np.array([math.exp(-v)]), proton))[0])

        cuts = [1e-12, 0.05, 0.3, *sorted(-math.log(x) for x in section.breaks), 3.0, 8.0, 20.0]
        cuts = sorted(cuts)
        total += factor * sum(
            quad(integrand, a, b, epsabs=0, epsrel=1e-7, limit=200)[0] for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        )
    found = Diffuse(spectra="max").emissivity(messenger, energy * u.GeV)
    assert found.unit == u.Unit("GeV-1 s-1 sr-1")
    assert found.value == pytest.approx(total, rel=1e-5)


def test_share_of_helium_projectiles():
    """.31 at 1 TeV, .35 at 10 TeV."""
    protons, helium = yields(KelnerGamma(), "min", np.array([1e3, 1e4]))
    by_helium = (3.55 + 0.0963 * 3.55**2) * helium
    share = by_helium / ((1 + 0.0963 * 3.55) * protons + by_helium)
    np.testing.assert_allclose(share, [0.31, 0.35], rtol=0, atol=0.005)


def test_nuclear_factors_of_aafrag():
    """Ratios of p-He, He-p and He-He to pp at 1e2 ... 1e6 GeV, put together with each species' yield."""
    energy = np.geomspace(1e2, 1e6, 5)
    on_helium, helium_on, both = np.array(
        [[3.33, 3.24, 3.15, 3.03, 2.88], [4.13, 4.15, 4.16, 4.18, 4.15], [12.7, 12.4, 12.0, 11.6, 10.9]]
    )
    protons, helium = yields(KelnerGamma(), "lhaaso", energy)
    expected = (1 + 0.1 * on_helium) * protons + (helium_on + 0.1 * both) * helium
    found = Diffuse(spectra="lhaaso", nuclear="aafrag", helium_abundance=0.1).emissivity("gamma", energy * u.GeV)
    np.testing.assert_allclose(found.value, expected, rtol=1e-12)
    # Half way in ln E, and constant outside.
    half = nuclear_factors("aafrag", np.array([math.sqrt(1e5), 1.0, 1e8]))
    np.testing.assert_allclose(half[0], [3.285, 3.33, 2.88], rtol=1e-12)
    # By much more than a constant the two do not differ.
    constant = Diffuse(spectra="lhaaso").emissivity("gamma", energy * u.GeV)
    aafrag = Diffuse(spectra="lhaaso", nuclear="aafrag").emissivity("gamma", energy * u.GeV)
    assert np.all(np.abs(aafrag / constant - 1) < 0.07)


def test_helium_in_the_gas():
    energy = np.array([1e4])
    protons, helium = yields(KelnerGamma(), "min", energy)
    none = Diffuse(helium_abundance=0.0).emissivity("gamma", energy * u.GeV).value
    np.testing.assert_allclose(none, protons + 3.55 * helium, rtol=1e-12)
    some = Diffuse(helium_abundance=0.0963).emissivity("gamma", energy * u.GeV).value
    np.testing.assert_allclose(some / none, 1 + 0.0963 * 3.55, rtol=1e-12)


def moment(section, energy, slope):
    """Integral of x^(slope - 1) F(x, E): the yield of a power law in units of sigma times the flux."""
    cuts = [1e-6, 1e-4, 1e-2, *sorted(section.breaks), 1 - 1e-9]

    def integrand(x):
        return float(x ** (slope - 1) * section.multiplicity(np.array([x]), np.array([energy]))[0])

    return sum(quad(integrand, a, b, epsrel=1e-6, limit=200)[0] for a, b in zip(cuts[:-1], cuts[1:], strict=True))


def test_neutrinos_and_gamma_rays():
    """Per flavour about a quarter of the gamma rays, as moments of Kelner's functions have it for such slopes.

    Three flavours share what two charged pions give, and a gamma ray carries half of a neutral one: 0.35 at a slope of
    2.7 if there were pions only; Kelner's gamma rays include those of eta mesons.
    """
    energy = np.array([1e3, 1e4, 1e5])
    diffuse = Diffuse(spectra="lhaaso")
    gamma, neutrino = (diffuse.emissivity(messenger, energy * u.GeV).value for messenger in ("gamma", "neutrino"))
    for i, e in enumerate(energy):
        step = np.array([e, 1.1 * e])
        q = diffuse.emissivity("gamma", step * u.GeV).value
        slope = math.log(q[0] / q[1]) / math.log(1.1)
        # Protons of some ten times the energy make them; F changes slowly with it.
        expected = moment(KelnerNeutrino(), 10 * e, slope) / moment(KelnerGamma(), 10 * e, slope)
        assert 0.2 < expected < 0.35
        assert neutrino[i] / gamma[i] == pytest.approx(expected, rel=0.05)
    every = diffuse.emissivity("neutrino", energy * u.GeV, "all-flavour").value
    np.testing.assert_allclose(every, 3 * neutrino, rtol=1e-12)


# --- Gas in the sea ---


def test_density_is_gas_times_sea():
    r, z = np.array([0.0, 4.0, 8.5, 19.0]), np.array([[0.0], [0.2]])
    expected = Gas().hydrogen(r, z) * Sea().relative(r, z)
    np.testing.assert_allclose(IN_SEA.weighted(r, z), expected, rtol=1e-12)
    found = IN_SEA.density(r * u.kpc, 0 * u.rad, z * u.kpc)
    np.testing.assert_allclose(found.to_value("cm-3"), expected, rtol=1e-12)
    # And the table is the density, between its nodes.
    table = IN_SEA.table()
    points = np.array([[4.1, 0.0, 0.13], [0.0, 7.77, -0.31], [-10.3, 2.0, 0.05]])
    expected = IN_SEA.weighted(np.hypot(points[:, 0], points[:, 1]), points[:, 2])
    np.testing.assert_allclose(table.density(points), expected, rtol=2e-4)


def test_edges():
    """The smaller of the two cylinders holds both."""
    table = GasInSea(Gas(), Sea(halo_height=3 * u.kpc, radius=15 * u.kpc)).table()
    assert table.radius[-1] == pytest.approx(15, rel=1e-12)
    assert table.height[-1] == pytest.approx(3, rel=1e-12)
    assert table.folded


def test_columns_scale_with_the_gas():
    rays = nodes("inner")[:60]
    one, twice = (column(GasInSea(Gas(scale=s), Sea()), SUN, rays) for s in (1.0, 2.0))
    np.testing.assert_allclose(twice, 2 * one, rtol=1e-10)
    ionised = column(GasInSea(Gas(ionised=True), Sea()), SUN, rays)
    assert np.all(ionised > one)


def test_gas_models_differ():
    """By up to a factor of two; GALPROP's is the largest of these."""
    means = [
        column(GasInSea(Gas(m), Sea()), SUN, nodes("outer"), rtol=1e-3).mean()
        for m in ("galprop", "nakanishi-sofue", "misiriotis")
    ]
    assert 1.2 < max(means) / min(means) < 2.5
    assert max(means) == means[0]


def test_spectra_share_one_density():
    """min, max and lhaaso differ in their spectra alone: columns and tables are worked out once."""
    densities = [Diffuse(spectra=s).terms("gamma")[0].density for s in ("min", "max", "lhaaso")]
    assert len(set(densities)) == 1
    assert len({hash(d) for d in densities}) == 1
    assert densities[0].table() is densities[2].table() is IN_SEA.table()
    assert Diffuse(gas=Gas("misiriotis")).terms("gamma")[0].density != densities[0]
    assert Diffuse() == Diffuse()
    assert hash(Diffuse()) == hash(Diffuse(spectra="min"))
    assert Diffuse().terms("neutrino")[0].density == densities[0]


@pytest.mark.parametrize("gradient", [0.0, 0.035])
def test_scales_share_one_density(gradient):
    """The scale of the gas is a factor of the spectrum, so that no ray is integrated again when it changes."""
    sea = Sea(delta_gradient=gradient / u.kpc)
    energy = np.geomspace(1e2, 1e6, 9)
    for messenger in ("gamma", "neutrino"):
        pairs = zip(*(Diffuse(gas=Gas(scale=s), sea=sea).terms(messenger) for s in (1.0, 2.5)), strict=True)
        for one, more in pairs:
            assert more.density == one.density
            assert hash(more.density) == hash(one.density)
            assert more.density.gas.scale == 1.0
            np.testing.assert_allclose(more.spectrum(energy), 2.5 * one.spectrum(energy), rtol=1e-12)


def test_a_scaled_gas_shines_as_it_would():
    """Emissivity per atom is what it was, columns of the scaled gas count; and they are not worked out twice."""
    energy, region = [1e3, 1e5] * u.GeV, Region.named("lhaaso-outer")
    scaled = Diffuse(gas=Gas(scale=1.7))
    plain = Diffuse().emissivity("gamma", energy)
    np.testing.assert_allclose(scaled.emissivity("gamma", energy).value, plain.value, rtol=1e-12)
    seen = region_sed(GalaxyModel((scaled,)), "neutrino", energy, region, rtol=1e-3).intensity.value
    columns = region_column(GasInSea(Gas(scale=1.7), Sea()), SUN, region, rtol=1e-3)
    expected = scaled.emissivity("neutrino", energy).value * columns
    np.testing.assert_allclose(seen, expected, rtol=1e-3)
    made = remembered_mean.cache_info().misses
    again = Diffuse(gas=Gas(scale=0.3))
    region_sed(GalaxyModel((again,)), "neutrino", energy, region, rtol=1e-3)
    assert remembered_mean.cache_info().misses == made


def test_what_a_spectrum_gives_is_the_callers_own():
    """Emissivities are remembered: writing into one must not change the next."""
    energy = np.geomspace(1e2, 1e6, 9)
    (term,) = Diffuse().terms("gamma")
    first = term.spectrum(energy)
    kept = first.copy()
    first *= 2
    np.testing.assert_array_equal(term.spectrum(energy), kept)
    # A like array elsewhere, and other helium.
    np.testing.assert_array_equal(term.spectrum(energy.copy()), kept)
    assert np.all(Diffuse(helium_abundance=0.2).terms("gamma")[0].spectrum(energy) > kept)


# --- A sea that hardens inwards ---

KRA = Sea(delta_gradient=0.035 / u.kpc)


def test_one_sea_is_one_term():
    assert len(Diffuse().terms("gamma")) == 1
    assert Diffuse().terms("gamma")[0].density.rigidity == 4.0


@pytest.mark.parametrize("messenger", ["gamma", "neutrino"])
def test_terms_add_up_to_the_hardened_emissivity(messenger):
    """sum_k S_k(E) n_k(R) against the projectiles of a place, J_sun (R_rig/4 GV)^(delta_sun - delta(R)), put in directly."""
    diffuse = Diffuse(spectra="max", sea=KRA)
    energy = np.geomspace(2e2, 2e6, 9)
    section = KelnerGamma() if messenger == "gamma" else KelnerNeutrino()
    terms = diffuse.terms(messenger)
    assert 2 < len(terms) < 15
    assert len({term.density for term in terms}) == len(terms)
    spectra = [term.spectrum(energy) for term in terms]
    for radius in (1.0, 4.0, 8.5, 12.0):
        r = np.array(radius)
        power = float(KRA.hardening(r))
        found = sum(s * float(t.density.weighted(r, np.array(0.05))) for s, t in zip(spectra, terms, strict=True))
        expected = 0.0
        for local, factor in zip(local_spectra("max"), (1 + 0.0963 * 3.55, 3.55 + 0.0963 * 3.55**2), strict=True):

            def projectiles(total, local=local, power=power):
                return local.per_nucleon(total) * (local.rigidity(total) / 4.0) ** power

            expected = expected + factor * production(section, energy).yields(projectiles)
        expected = 4 * math.pi * expected * float(IN_SEA.weighted(r, np.array(0.05)))
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_at_the_sun_nothing_hardens():
    energy = np.geomspace(1e2, 1e6, 5)
    found = sum(t.spectrum(energy) * float(t.density.weighted(np.array(8.5), np.array(0.0)))
                for t in Diffuse(sea=KRA).terms("gamma"))  # fmt: skip
    (plain,) = Diffuse().terms("gamma")
    at_sun = plain.spectrum(energy) * float(plain.density.weighted(np.array(8.5), np.array(0.0)))
    np.testing.assert_allclose(found, at_sun, rtol=1e-3)


@pytest.mark.slow
def test_a_hardened_sky_is_harder_inside():
    """Column by column: brighter inside, more so at high energy; dimmer outside."""
    rays = directions([20.0, 180.0], [0.0, 0.0])
    energy = np.array([1e3, 1e5])
    sky = {}
    for name, sea in (("flat", Sea()), ("kra", KRA)):
        terms = Diffuse(sea=sea).terms("gamma")
        sky[name] = sum(np.outer(t.spectrum(energy), column(t.density, SUN, rays, rtol=1e-3)) for t in terms)
    ratio = sky["kra"] / sky["flat"]
    assert 2 < ratio[0, 0] < ratio[1, 0] < 6
    assert ratio[1, 1] < ratio[0, 1] < 1


# --- The same below 100 GeV: n-tilde belongs to the cosmic rays of a place (eq. 12) ---

# The reference takes their spectrum, J_sun (R_rig/4 GV)^(delta_sun - delta(R)), place by place and species by species.
MATCH = 100.0
FACTORS = 1 + 0.0963 * 3.55, 3.55 + 0.0963 * 3.55**2


def hardened(gradient):
    return Sea(delta_gradient=gradient / u.kpc)


def full(spectrum, energy):
    """Kelner's eq. 58: int sigma J F dE'/E', by adaptive quadrature in ln E'."""

    def integrand(v):
        proton = energy * math.exp(v)
        return float(kelner.inelastic(proton) * spectrum(proton) * kelner.gamma_ray(math.exp(-v), proton))

    return sum(quad(integrand, a, b, epsabs=0, epsrel=1e-9, limit=200)[0] for a, b in ((0, 1), (1, 4), (4, 20)))


def delta(spectrum, energy):
    """Kelner's eq. 78 without n-tilde; E_pi = m_pi cosh v takes the root away."""

    def integrand(v):
        proton = M_PROTON + M_PI0 * math.cosh(v) / kelner.K_PION
        return float(2 * kelner.inelastic(proton) * spectrum(proton) / kelner.K_PION)

    low = math.acosh((energy + M_PI0**2 / (4 * energy)) / M_PI0)
    return sum(quad(integrand, low + a, low + b, epsabs=0, epsrel=1e-9, limit=200)[0] for a, b in ((0, 4), (4, 20)))


def of_a_place(spectra, exponent, energy):
    """[GeV^-1 s^-1] in all directions, per H atom, where cosmic rays are those at the Sun times (R_rig/4 GV)^exponent."""
    total = 0.0
    for local, factor in zip(local_spectra(spectra), FACTORS, strict=True):

        def spectrum(proton, local=local):
            return float(local.per_nucleon(proton) * (local.rigidity(proton) / 4.0) ** exponent)

        if energy < MATCH:
            total += factor * full(spectrum, MATCH) * delta(spectrum, energy) / delta(spectrum, MATCH)
        else:
            total += factor * full(spectrum, energy)
    return 4 * math.pi * total


def at_place(diffuse, messenger, energy, radius, height=0.05):
    """sum_k S_k(E) n_k, over the gas times the sea there."""
    r, z = np.array(radius), np.array(height)
    whole = diffuse.gas.hydrogen(r, z) * diffuse.sea.relative(r, z)
    terms = diffuse.terms(messenger)
    return sum(t.spectrum(energy) * float(t.density.weighted(r, z)) for t in terms) / float(whole)


@pytest.mark.parametrize("spectra", ["min", "lhaaso"])
@pytest.mark.parametrize("gradient", [0.0001, 0.01, 0.05])
@pytest.mark.parametrize("radius", [0.5, 6.0, 12.0])
def test_gamma_rays_of_a_place(spectra, gradient, radius):
    """To 2e-5, of which the sum of a few terms is the larger part."""
    energy = np.array([1.0, 5.0, 60.0, 99.9, 100.0, 1e3])
    found = at_place(Diffuse(spectra=spectra, sea=hardened(gradient)), "gamma", energy, radius)
    exponent = gradient * (8.5 - min(radius, 11.0))
    expected = [of_a_place(spectra, exponent, e) for e in energy]
    np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize("gradient", [0.001, 0.035, 0.1])
@pytest.mark.parametrize("radius", [0.0, 3.0, 8.5, 15.0])
def test_continuous_where_the_branches_meet(gradient, radius):
    below, above = at_place(Diffuse(sea=hardened(gradient)), "gamma", MATCH * np.array([1 - 1e-6, 1]), radius)
    assert below / above == pytest.approx(1, rel=2e-5)


@pytest.mark.parametrize("messenger", ["gamma", "neutrino"])
@pytest.mark.parametrize("spectra", ["min", "max", "lhaaso"])
def test_no_gradient_is_the_limit(messenger, spectra):
    energy = np.geomspace(1.0 if messenger == "gamma" else 100.0, 1e7, 29)
    plain = at_place(Diffuse(spectra=spectra), messenger, energy, 2.0)
    small = at_place(Diffuse(spectra=spectra, sea=hardened(1e-7)), messenger, energy, 2.0)
    # (1e10 GV/4 GV)^(6.5e-7), at most
    np.testing.assert_allclose(small, plain, rtol=2e-5)


@pytest.mark.parametrize("messenger", ["gamma", "neutrino"])
def test_more_of_a_gradient_is_more_inside_and_less_outside(messenger):
    energy = np.geomspace(1.0 if messenger == "gamma" else 100.0, 1e7, 29)
    gradients = [0.0, 0.0001, 0.001, 0.005, 0.01, 0.02, 0.035, 0.05]
    inside, outside = (
        np.array([at_place(Diffuse(sea=hardened(g)), messenger, energy, radius) for g in gradients])
        for radius in (4.0, 10.5)
    )
    assert np.all(np.diff(inside, axis=0) > 0)
    assert np.all(np.diff(outside, axis=0) < 0)
    # And it hardens: the higher the energy, the more.
    assert np.all(np.diff(inside[1:] / inside[0], axis=1) > 0)


def test_means_over_a_region():
    """Of a calculation by a referee, with n-tilde of the local spectrum at each radius, to its four digits."""
    unit = u.Unit("cm-2 K-1 km-1 s")
    diffuse = Diffuse(
        spectra="max",
        gas=Gas("nakanishi-sofue", x_co=1.5e20 * unit, ionised=True, scale=0.83),
        sea=Sea("case-bhattacharya1998", 6 * u.kpc, 18 * u.kpc, delta_gradient=0.02 / u.kpc),
        nuclear="aafrag",
        helium_abundance=0.085,
    )
    energy = [5, 60, 99.9] * u.GeV
    found = region_sed(GalaxyModel((diffuse,)), "gamma", energy, Region.parse("box:352,4,-1.5,0.5")).intensity
    np.testing.assert_allclose(found.value, [2.203e-6, 3.416e-9, 9.763e-10], rtol=3e-4)


# --- What it says, and refuses ---


def test_it_describes_itself():
    assert "0.38 to 0.44 of LHAASO's protons of 2025" in "\n".join(Diffuse().describe())
    text = "\n".join(Diffuse(spectra="max").describe())
    for words in ("diffuse", "galprop", "green2015", "max", "our fits", "0.0963", "constant"):
        assert words in text
    assert "3.32" in text  # E^2.7 q at 10 TeV
    assert Diffuse().template("gamma", 1 * u.TeV) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spectra": "base-max"}, "local spectra"),
        ({"nuclear": "aafrg"}, "did you mean 'aafrag'"),
        ({"helium_abundance": -0.1}, "helium_abundance"),
        ({"helium_abundance": 0.6}, "allowed: 0 to 0.5"),
    ],
)
def test_refusals(changes, words):
    with pytest.raises(InputError, match=words):
        Diffuse(**changes)
