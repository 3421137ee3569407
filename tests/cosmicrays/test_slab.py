"""Grammage, decay, losses and the Sun's modulation in the weighted slab, each against what it is in simpler cases."""

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_bvp

from skycocoon import InputError
from skycocoon.cosmicrays import Slab, slab
from skycocoon.cosmicrays.slab import force_field, ionisation
from skycocoon.kinematics import momentum

from ..conftest import galaxies

M_P = (const.m_p * const.c**2).to_value(u.GeV)
C = const.c.to_value(u.cm / u.s)
DIFFUSION = u.Unit("cm2 s-1")
RIGIDITY = np.geomspace(1, 1e6, 61)
KINETIC = np.geomspace(0.1, 1e5, 61)
BETA = momentum(KINETIC) / (KINETIC + M_P)
GAMMA = 1 + KINETIC / M_P


# ---- grammage


def test_grammage_of_the_authors():
    """D_0 = 2.48e28, delta = 0.565 and beta = 1: 10 GV to 100 TV."""
    galaxy = Slab(diffusion=2.48e28 * DIFFUSION, delta=0.565)
    expected = [6.47753, 2.09577, 0.780843, 0.355500, 0.161636]
    np.testing.assert_allclose(galaxy.grammage(10.0 ** np.arange(1, 6)), expected, rtol=5e-5)


def test_grammage_of_carbon():
    """1, 10, ... 10^4 GeV per nucleon, with 2uH in D."""
    kinetic = 10.0 ** np.arange(5)
    found = Slab().grammage(2 * momentum(kinetic), momentum(kinetic) / (kinetic + M_P))
    np.testing.assert_allclose(found, [9.69, 4.50, 1.48, 0.614, 0.280], rtol=2e-3)


def test_without_wind_it_is_the_diffusion_time_in_the_disc():
    """X -> mu v H/(2D)."""
    calm = Slab(advection=1e-5 * u.km / u.s)
    beta = np.linspace(0.5, 1, RIGIDITY.size)
    expected = 2.3e-3 * beta * C * (7 * u.kpc).to_value(u.cm) / (2 * calm.diffusion_at(RIGIDITY, beta))
    np.testing.assert_allclose(calm.grammage(RIGIDITY, beta), expected, rtol=1e-4)


def test_in_a_strong_wind_it_saturates():
    """D contains 2uH, so that uH/D is at most 1/2."""
    windy = Slab(diffusion=1e20 * DIFFUSION)
    expected = 2.3e-3 * C / (2 * 4.409e5) * (1 - np.exp(-0.5))
    np.testing.assert_allclose(windy.grammage(RIGIDITY[:20]), expected, rtol=1e-4)
    assert (Slab().grammage(RIGIDITY) < expected).all()
    assert (np.diff(Slab().grammage(RIGIDITY)) < 0).all()


def test_only_d0_over_h_matters_without_wind():
    one = Slab(advection=1e-5 * u.km / u.s)
    two = Slab(advection=1e-5 * u.km / u.s, halo_height=3.5 * u.kpc, diffusion=1.2413e28 * DIFFUSION)
    np.testing.assert_allclose(one.grammage(RIGIDITY), two.grammage(RIGIDITY), rtol=1e-4)


@pytest.mark.parametrize("smoothness", [0.1, 1e-4])
def test_the_slope_of_d_changes_at_the_break(smoothness):
    """delta below, delta - Delta delta above; a sharp break does not overflow."""
    calm = Slab(advection=1e-8 * u.km / u.s, break_smoothness=smoothness)
    slope = np.gradient(np.log(calm.diffusion_at(RIGIDITY)), np.log(RIGIDITY))
    np.testing.assert_allclose(slope[RIGIDITY < 30], 0.565132, rtol=2e-3)
    np.testing.assert_allclose(slope[RIGIDITY > 1e4], 0.565132 - 0.22, rtol=2e-3)
    at_break = calm.diffusion_at(np.array(290.0)) / (2.4826e28 * 290**0.565132)
    assert at_break == pytest.approx(2**-smoothness, rel=1e-6)


def test_no_break_is_the_limit_of_a_weak_one():
    """A power law; the formula's own factor 2^-s stays, so that nothing jumps in a fit."""
    none, weak = (Slab(break_delta=strength, advection=1e-8 * u.km / u.s) for strength in (0.0, 1e-7))
    power_law = 2**-0.1 * 2.4826e28 * RIGIDITY**0.565132
    np.testing.assert_allclose(none.diffusion_at(RIGIDITY), power_law, rtol=1e-6)
    np.testing.assert_allclose(weak.diffusion_at(RIGIDITY), power_law, rtol=1e-5)


# ---- decay in the halo


def unstable(galaxy, lifetime):
    return galaxy.unstable(2.5 * momentum(KINETIC), BETA, GAMMA, lifetime)


MYR = (1 * u.Myr).to_value(u.s)


def test_a_long_life_is_that_of_stable_nuclei():
    x, decay = unstable(Slab(), 1e9 * MYR)
    stable = Slab().grammage(2.5 * momentum(KINETIC), BETA)
    np.testing.assert_allclose(x, stable, rtol=1e-6)
    assert (decay * stable < 1e-6).all()


def test_a_short_life_ends_near_the_disc():
    """X_u -> (mu v/2) (gamma tau/D)^(1/2): nuclei get as far as they diffuse in a life."""
    x, _ = unstable(Slab(), 1e-6 * MYR)
    d = Slab().diffusion_at(2.5 * momentum(KINETIC), BETA)
    np.testing.assert_allclose(x, 2.3e-3 * BETA * C / 2 * np.sqrt(GAMMA * 1e-6 * MYR / d), rtol=1e-3)


@pytest.mark.parametrize("lifetime", [1e-3, 2.178, 1e3])
def test_no_particle_is_lost(lifetime):
    """1/X_u = 1/X + decays: mother and daughter together are in the disc as much as a stable nucleus would be.

    Without fragmentation, I_mother = X_u Q and I_daughter = X decay I_mother; their sum is X Q for any lifetime.
    """
    x, decay = unstable(Slab(), lifetime * MYR)
    stable = Slab().grammage(2.5 * momentum(KINETIC), BETA)
    np.testing.assert_allclose(x + stable * decay * x, stable, rtol=1e-10)


@pytest.mark.parametrize("kinetic", [0.3, 3.0, 100.0])
@pytest.mark.parametrize("speed", [4.409, 30.0])
def test_decay_in_the_halo_as_a_boundary_value_problem(kinetic, speed):
    """D f'' - u f' = f/(gamma tau) and D g'' - u g' = -f/(gamma tau), f(0) = 1, g(0) = f(H) = g(H) = 0.

    Out of the disc goes u f - D f' on either side, and D g' comes back.
    """
    galaxy = Slab(advection=speed * u.km / u.s)
    p = momentum(np.array([kinetic]))
    beta, gamma, lifetime = p / (kinetic + M_P), 1 + kinetic / M_P, 2.178 * MYR
    found, decay = galaxy.unstable(2.5 * p, beta, np.array([gamma]), lifetime)
    height, wind = (7 * u.kpc).to_value(u.cm), speed * 1e5
    d = float(galaxy.diffusion_at(2.5 * p, beta)[0])
    # z in H
    drift, rate = wind * height / d, height**2 / (d * gamma * lifetime)

    def equations(_, y):
        f, df, _, dg = y
        return np.stack([df, drift * df + rate * f, dg, drift * dg - rate * f])

    def ends(low, high):
        return np.array([low[0] - 1, high[0], low[2], high[2]])

    z = np.linspace(0, 1, 201)
    solution = solve_bvp(equations, ends, z, np.stack([1 - z, z - 2, 0 * z, 0 * z]), tol=1e-8, max_nodes=100_000)
    assert solution.success
    _, df, _, dg = solution.y[:, 0]
    per_grammage = 2 / (2.3e-3 * beta[0] * C)
    assert 1 / found[0] == pytest.approx(per_grammage * (wind - d / height * df), rel=1e-6)
    assert decay[0] == pytest.approx(per_grammage * d / height * dg, rel=1e-5)


# ---- losses


# Minimum ionisation [MeV cm^2/g] of a unit charge in the gases: PDG, atomic and nuclear properties [from memory].
@pytest.mark.parametrize(("helium", "minimum"), [(0.0, 4.103), (1e9, 1.937)])
def test_minimum_ionisation(helium, minimum, monkeypatch):
    monkeypatch.setattr(slab, "HELIUM_FRACTION", helium)
    kinetic = np.geomspace(0.5, 10, 400)
    loss = 1e3 * ionisation(np.array(1.0), np.array(1.0), kinetic)
    assert loss.min() == pytest.approx(minimum, rel=5e-3)
    assert momentum(kinetic)[loss.argmin()] / M_P == pytest.approx(3.5, rel=0.05)  # beta gamma
    assert loss[-1] > loss.min()  # the relativistic rise
    assert ionisation(np.array(1.0), np.array(1.0), np.array([0.01]))[0] > 0.01


def test_the_disc_is_three_quarters_hydrogen_by_mass(monkeypatch):
    one, kinetic = np.array(1.0), np.geomspace(0.1, 100, 30)
    mixed = ionisation(one, one, kinetic)
    parts = []
    for helium in (0.0, 1e12):
        monkeypatch.setattr(slab, "HELIUM_FRACTION", helium)
        parts.append(ionisation(one, one, kinetic))
    np.testing.assert_allclose(mixed, (parts[0] + 0.32 * parts[1]) / 1.32, rtol=1e-9)


def test_ionisation_goes_with_z_squared_over_a():
    kinetic = np.geomspace(0.1, 100, 30)
    proton = ionisation(np.array(1.0), np.array(1.0), kinetic)
    carbon = ionisation(np.array(6.0), np.array(12.0), kinetic)
    # but for what a light particle can give to an electron at most
    np.testing.assert_allclose(carbon / proton, 3, rtol=0.01)
    table = ionisation(np.array([[6.0], [26.0]]), np.array([[12.0], [56.0]]), kinetic)
    np.testing.assert_array_equal(table[0], carbon)


def test_the_wind_cools():
    """dp/dt = -(p/3) div u with div u = 2u delta(z): per crossing of the disc, mu, p falls by 2u p/(3v)."""
    lost = 2 * 4.409e5 * momentum(KINETIC) / (3 * BETA * C)
    np.testing.assert_allclose(Slab().adiabatic(KINETIC), lost * BETA / 2.3e-3, rtol=1e-12)


# ---- sources


def test_sources_are_alike_in_momentum():
    """Q dT_n/dp ~ (p/m_p)^(2 - alpha) for all nuclei, with p = A p_n."""
    for mass_number in (12.0, 56.0):
        total = mass_number * momentum(KINETIC)
        found = Slab().injected(np.array(mass_number), KINETIC) * BETA / mass_number
        np.testing.assert_allclose(found, (total / M_P) ** (2 - 4.328), rtol=1e-12)


# ---- the Sun


def test_no_potential_is_no_modulation():
    outside, factor = force_field(KINETIC, 6, 12, 0.0)
    np.testing.assert_array_equal(outside, KINETIC)
    np.testing.assert_allclose(factor, 1, rtol=1e-15)


def test_the_force_field_keeps_the_phase_space_density():
    """J/p^2 is the same inside and outside; two potentials one after the other are their sum."""
    for charge, mass_number in ((5, 10), (5, 11), (6, 12)):
        outside, factor = force_field(KINETIC, charge, mass_number, 0.5)
        np.testing.assert_allclose(outside - KINETIC, 0.5 * charge / mass_number, rtol=1e-9)
        np.testing.assert_allclose(factor / momentum(KINETIC) ** 2, 1 / momentum(outside) ** 2, rtol=1e-13)
        first, a = force_field(KINETIC, charge, mass_number, 0.2)
        second, b = force_field(first, charge, mass_number, 0.3)
        np.testing.assert_allclose(second, outside, rtol=1e-14)
        np.testing.assert_allclose(a * b, factor, rtol=1e-13)


def test_the_sun_treats_nuclei_of_one_charge_to_mass_alike():
    for one, two in zip(force_field(KINETIC, 5, 10, 0.5), force_field(KINETIC, 6, 12, 0.5), strict=True):
        np.testing.assert_array_equal(one, two)


# ---- values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"halo_height": 0 * u.kpc}, r"transport: halo_height: 0\.0 kpc is out of range; allowed: > 0 kpc"),
        ({"surface_density": -1 * u.g / u.cm**2}, "transport: surface_density"),
        ({"advection": 0 * u.km / u.s}, "transport: advection"),
        ({"diffusion": 1 * u.kpc}, r"transport: diffusion: the unit 'kpc' does not fit; a unit like 'cm2 / s'"),
        ({"diffusion": 1e28}, "transport: diffusion: a Quantity with a unit"),
        ({"break_rigidity": np.nan * u.GV}, "transport: break_rigidity: nan GV is not finite"),
        ({"beryllium_lifetime": [1, 2] * u.Myr}, "transport: beryllium_lifetime: one value is needed, got 2"),
        ({"modulation": -0.1 * u.GV}, "transport: modulation"),
        ({"delta": 0.0}, r"transport: delta 0 is out of range; allowed: 0 to 2"),
        ({"delta": float("nan")}, "transport: delta nan is out of range"),
        ({"break_delta": 3.0}, "transport: break_delta 3 is out of range"),
        ({"break_smoothness": 0.0}, "transport: break_smoothness 0 is out of range"),
        ({"slope": 2.0}, r"transport: slope 2 is out of range; allowed: 3 to 6"),
    ],
)
def test_values_out_of_range(change, message):
    with pytest.raises(InputError, match=message) as error:
        Slab(**change)
    assert "\n" not in str(error.value)


def test_it_says_what_it_is():
    assert "H = 7 kpc" in str(Slab())
    assert "^0.565132" in str(Slab())


@settings(max_examples=50, deadline=None)
@given(galaxy=galaxies(), lifetime=st.floats(1e-3, 1e3))
def test_any_galaxy(galaxy, lifetime):
    """Grammage falls with rigidity; what decays is there less, and no particle is lost."""
    stable = galaxy.grammage(2.5 * momentum(KINETIC), BETA)
    x, decay = unstable(galaxy, lifetime * MYR)
    assert (np.diff(galaxy.grammage(RIGIDITY)) < 0).all()
    assert (x > 0).all()
    assert (x <= stable * (1 + 1e-9)).all()
    np.testing.assert_allclose(1 / x - decay, 1 / stable, rtol=1e-6)
