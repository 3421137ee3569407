"""Injection: shapes, limits, refusals."""

import astropy.units as u
import numpy as np
import pytest
from scipy.special import gamma

from skycocoon import Injection, InputError
from skycocoon.cosmicrays.injection import momentum_integral
from skycocoon.kinematics import SPECIES
from skycocoon.units import M_PROTON


@pytest.mark.parametrize("cutoff", [1e3, 1e6, 1e12])
def test_momentum_integral_with_a_cutoff_by_quadrature(cutoff):
    from scipy.integrate import quad

    def integrand(v, g=4.3):
        x = np.exp(v)
        kinetic = x * x / (1 + np.sqrt(1 + x * x))
        return float(x ** (3 - g) * kinetic * np.exp(-kinetic / cutoff))

    edges = [-60, -5, 0, np.log(cutoff), np.log(60 * cutoff)]
    pieces = [
        quad(integrand, a, b, epsabs=0, epsrel=1e-11, limit=400)[0] for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]
    assert momentum_integral(4.3, cutoff) == pytest.approx(sum(pieces), rel=1e-8)


@pytest.mark.parametrize("slope", [3.1, 3.9, 4.0, 4.31, 4.6])
@pytest.mark.parametrize("cutoff", [0.5, 3.0, 1e3, 3.2e6, 1e12])
def test_momentum_integral_by_many_steps(slope, cutoff):
    """Its hundred nodes against 4000, the end of which is corrected by Gregory's rule."""
    ln_x, step = np.linspace(np.log(1e-5), np.log(60 * cutoff + 60), 4001, retstep=True)
    x = np.exp(ln_x)
    kinetic = x**2 / (1 + np.sqrt(1 + x**2))
    y = x ** (3 - slope) * kinetic * np.exp(-kinetic / cutoff)
    expected = step * (y.sum() - (y[0] + y[-1]) / 2) + y[0] * ((5 - slope) * step**2 / 12 + 1 / (5 - slope))
    assert momentum_integral(slope, cutoff) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("cutoff", [1e-4, 1e-2])
def test_momentum_integral_of_slow_particles(cutoff):
    """Cut off far below the rest energy: int x^(4-g)/2 exp(-x^2/2 theta) dx, and terms of order theta."""
    expected = 0.25 * (2 * cutoff) ** ((5 - 4.3) / 2) * gamma((5 - 4.3) / 2)
    assert momentum_integral(4.3, cutoff) == pytest.approx(expected, rel=2 * cutoff)


def test_momentum_integral_tends_to_its_closed_form():
    assert momentum_integral(4.5, 1e14) == pytest.approx(momentum_integral(4.5), rel=1e-6)


@pytest.mark.parametrize("name", SPECIES)
def test_injection_is_a_power_law_in_momentum(name):
    q = Injection(SPECIES[name], 0.1, 4.3, cutoff=np.inf * u.PV)
    kinetic = np.geomspace(1e-3, 1e6, 50)
    m = q.species.mass
    p = np.sqrt(kinetic * (kinetic + 2 * m))
    # f ~ Q / (p^2 dp/dT), dp/dT = 1/beta
    f = q.spectrum(kinetic) * (p / (kinetic + m)) / p**2
    np.testing.assert_allclose(np.diff(np.log(f)) / np.diff(np.log(p)), -4.3, rtol=1e-9)


@pytest.mark.parametrize("name", SPECIES)
@pytest.mark.parametrize("cutoff", [np.inf, 0.3])
def test_spectrum_per_nucleon(name, cutoff):
    """A nucleus of kinetic energy A T_N counts as A nucleons of T_N each (eq. 13)."""
    q = Injection(SPECIES[name], 0.1, 4.3, cutoff=cutoff * u.PV)
    total = np.geomspace(0.94, 1e7, 60)
    expected = q.species.A * q.spectrum(q.species.A * (total - M_PROTON))
    np.testing.assert_allclose(q.per_nucleon(total), expected, rtol=1e-12)


def test_quantities_in_and_out():
    q = Injection(SPECIES["proton"], 0.1, 4.3)
    assert q(1 * u.TeV).unit == u.GeV**-1
    assert q(1 * u.TeV).value == pytest.approx(q(1e12 * u.eV).value, rel=1e-12)
    with pytest.raises(InputError, match="unit like 'GeV'"):
        q(1.0)


def test_rigidity_of_helium_is_twice_that_of_a_proton_at_the_same_energy_per_nucleon():
    total = np.array([10.0, 1e5])
    p, he = Injection(SPECIES["proton"], 0.1, 4.3), Injection(SPECIES["helium"], 0.1, 4.3)
    np.testing.assert_allclose(he.rigidity(total), 2 * p.rigidity(total), rtol=1e-12)
    assert he.cutoff_energy == 2 * p.cutoff_energy


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Injection(SPECIES["proton"], np.nan, 4.3), "efficiency"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, cutoff=-1 * u.PV), "cutoff"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, cutoff=-np.inf * u.PV), "cutoff"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, cutoff=np.inf * u.m), "unit like 'GV'"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, cutoff=np.inf), "unit like 'GV'"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, energy=1 * u.m), "unit like 'erg'"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, energy=np.nan * u.erg), "finite"),
        (lambda: Injection(SPECIES["proton"], 0.1, 4.3, mass_convention="own"), "did you mean 'own_mass'"),
    ],
)
def test_refusals(make, words):
    with pytest.raises(InputError, match=words):
        make()
