"""How much comes from protons beyond the range of Kelner's fits, 100 GeV to 1e8 GeV; and who is told."""

import math
import warnings

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon import Cocoons, ConstantGrammage, Diffuse, GalaxyModel, Injection, Region, Sea, region_sed
from skycocoon.emission.production import Projectiles
from skycocoon.emission.reach import NOTABLE, describe_reach, reach, share_beyond
from skycocoon.errors import RangeWarning
from skycocoon.interactions import KelnerGamma, KelnerNeutrino, kelner
from skycocoon.kinematics import SPECIES

HIGHEST = 1e8


def power(slope):
    return (Projectiles(lambda total: total**-slope),)


@pytest.mark.parametrize("section", [KelnerGamma(), KelnerNeutrino()])
@pytest.mark.parametrize("slope", [2.0, 2.7, 3.3])
@pytest.mark.parametrize("energy", [1e5, 1e7, 6e7])
def test_share_by_adaptive_quadrature(section, slope, energy):
    """To 1e-3 of the whole: a kink of the neutrinos' spectrum is not a node's."""

    def yields(least):
        def integrand(v):
            proton = least * math.exp(v)
            return float(
                proton**-slope * kelner.inelastic(proton) * section.multiplicity(np.array(energy / proton), proton)
            )

        cuts = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 21.0]
        parts = zip(cuts[:-1], cuts[1:], strict=True)
        return sum(quad(integrand, a, b, epsabs=0, epsrel=1e-7, limit=200)[0] for a, b in parts)

    expected = yields(HIGHEST) / yields(energy)
    found = share_beyond(section, HIGHEST, np.array([energy]), power(slope))[0]
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("slope", "shares"), [(2.7, [0.03, 0.42, 0.98]), (2.4, [0.08, 0.55, 0.99])])
def test_shares_of_gamma_rays(slope, shares):
    """At 1, 10 and 50 PeV, as a referee found them."""
    found = share_beyond(KelnerGamma(), HIGHEST, np.array([1e6, 1e7, 5e7]), power(slope))
    np.testing.assert_allclose(found, shares, rtol=0, atol=0.006)


@pytest.mark.parametrize("section", [KelnerGamma(), KelnerNeutrino()])
def test_reach_is_where_the_share_is_notable(section):
    for slope in (2.2, 2.7, 3.2):
        limit = reach(section, HIGHEST, power(slope))
        assert share_beyond(section, HIGHEST, np.array([limit]), power(slope))[0] == pytest.approx(NOTABLE, abs=3e-3)
    assert math.isinf(reach(section, math.inf, power(2.7)))


def test_nothing_beyond_a_cutoff():
    cut = (Projectiles(lambda total: total**-2.3 * np.exp(-total / 1e5)),)
    assert np.all(share_beyond(KelnerGamma(), HIGHEST, np.array([1e5, 1e6, 1e7]), cut) < 1e-12)
    none = (Projectiles(np.zeros_like),)
    np.testing.assert_array_equal(share_beyond(KelnerGamma(), HIGHEST, np.array([1e5, 1e7]), none), 0)


@pytest.mark.parametrize(("messenger", "limit"), [("gamma", 2.4), ("neutrino", 1.4)])
@pytest.mark.parametrize("gradient", [0.0, 0.02])
def test_diffuse_emission_warns_beyond(messenger, limit, gradient):
    """In one line that says where; not at the 10 PeV at which the presets' maps end."""
    diffuse = Diffuse(sea=Sea(delta_gradient=gradient / u.kpc))

    def evaluate(energy):
        for term in diffuse.terms(messenger):
            term.spectrum(np.array([1e5, energy]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(1e7)
    with pytest.warns(RangeWarning, match=f"diffuse: kelner2006 .* up to 1e.08 GeV; above {limit}e.07 GeV") as told:
        evaluate(5e7)
    assert len(told) == 1
    assert "\n" not in str(told[0].message)


def test_cocoons_without_a_cutoff_warn():
    """And those of the paper, cut off at 100 TV, never."""
    hard = Cocoons(
        injection=(Injection(SPECIES["proton"], 0.1, 4.1, np.inf * u.PV),),
        grammage=ConstantGrammage(0.4 * u.g / u.cm**2),
    )
    with pytest.warns(RangeWarning, match="cocoons: kelner2006"):
        hard.source_yield("neutrino", 9 * u.PeV)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hard.source_yield("gamma", 1 * u.PeV)
        Cocoons().source_yield("gamma", [1, 10, 60] * u.PeV)


def test_a_spectrum_warns():
    model = GalaxyModel((Diffuse(),))
    with pytest.warns(RangeWarning):
        region_sed(model, "gamma", [1, 60] * u.PeV, Region.parse("box:40,42,-1,1"), rtol=1e-2)


def test_summaries_say_it():
    (line,) = describe_reach("kelner2006", power(2.7))
    assert "made for protons up to 1e+08 GeV" in line
    assert "42% of the gamma rays and 66% of the neutrinos of 1e+07 GeV" in line
    for component in (Diffuse(), Cocoons()):
        assert any("made for protons up to 1e+08 GeV" in text for text in component.describe())
