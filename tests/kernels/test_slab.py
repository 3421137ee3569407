"""The cascade of nuclei against its numpy twin, closed forms and an adaptive solver of differential equations."""

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ndtr

from skycocoon.cosmicrays import ExponentialGrammage, Slab
from skycocoon.cosmicrays.slab import ionisation
from skycocoon.interactions.letaw import letaw_inelastic
from skycocoon.kernels.slab import cascade
from skycocoon.kinematics import momentum
from skycocoon.units import M_PROTON

SLOPE = 2.0
NONE = np.zeros(0, dtype=np.int64)


def solve(energy, damping, loss, injected, cocoon=None, spallation=(), decays=(), slope=SLOPE):
    """(k, n) intensities; ``spallation`` and ``decays`` are (from, to, (n,) rate)."""
    out = np.empty_like(injected)

    def pairs(links):
        ends = [np.array([link[i] for link in links], dtype=np.int64) if links else NONE for i in (0, 1)]
        return (*ends, np.array([link[2] for link in links]).reshape(-1, energy.size))

    cascade(
        float(np.log(energy[1] / energy[0])),
        slope,
        energy,
        damping,
        loss,
        injected,
        np.zeros_like(injected) if cocoon is None else cocoon,
        *pairs(spallation),
        *pairs(decays),
        out,
    )
    return out


def twin(energy, damping, loss, injected, cocoon, spallation, decays, slope=SLOPE):
    """What kernels.slab.cascade does, with one bidiagonal system per nucleus instead of a loop over energies.

    F = loss I T^s follows dF/d ln T = H F - H G. From a node to the next below, F = F_above e^-d + (1 - m) G + (m - e^-d) G_above
    with d = int H d ln T and m = (1 - e^-d)/d: the integral of e^-tau times a G that is linear in tau.
    """
    step = np.log(energy[1] / energy[0])
    out = np.zeros_like(injected)
    for a in range(len(injected)):
        source = injected[a].copy()
        for parent, child, rate in spallation:
            if child == a:
                source += rate * (out[parent] + cocoon[parent] * injected[parent])
        for mother, daughter, rate in decays:
            if daughter == a:
                source += rate * out[mother]
        h = damping[a] * energy / loss[a] + slope
        g = energy ** (slope + 1) * source / h
        depth = step * (h[1:] + h[:-1]) / 2
        passed, mean = np.exp(-depth), -np.expm1(-depth) / depth
        system = np.eye(energy.size) - np.diag(passed, 1)
        flow = np.linalg.solve(system, np.append((1 - mean) * g[:-1] + (mean - passed) * g[1:], g[-1]))
        out[a] = flow / (loss[a] * energy**slope)
    return out


def test_the_cascade_equals_its_twin(rng):
    """Five nuclei at random, with cocoons, nuclei made in several ways and decays of two of them."""
    energy = np.geomspace(0.1, 1e4, 41)
    injected = np.array([[1.0], [0.3], [0.0], [0.0], [0.1]]) * energy**-2.3
    damping = rng.uniform(0.1, 1, (5, 1)) * energy ** rng.uniform(0, 0.6, (5, 1))
    loss = rng.uniform(1e-3, 1e-2, (5, 1)) * (energy + 1 / energy)
    cocoon = rng.uniform(0, 1, (5, 1)) * np.exp(-energy / 1e3)
    links = [(a, b, rng.uniform(0.01, 0.1) * energy**0.05) for a in range(5) for b in range(a + 1, 5)]
    decays = [(2, 3, 0.1 / energy), (1, 4, 0.2 / energy)]
    arguments = (energy, damping, loss, injected, cocoon, links, decays)
    np.testing.assert_allclose(solve(*arguments), twin(*arguments), rtol=1e-11)


def test_twin_without_cocoon_or_decay(rng):
    energy = np.geomspace(0.1, 1e3, 31)
    injected = rng.uniform(0.5, 1, (3, 1)) * energy**-2.3
    damping, loss = np.full_like(injected, 0.3), np.full_like(injected, 5e-3) * energy
    links = [(0, 1, np.full(31, 0.05)), (0, 2, np.full(31, 0.02)), (1, 2, np.full(31, 0.04))]
    found = solve(energy, damping, loss, injected, spallation=links)
    np.testing.assert_allclose(found, twin(energy, damping, loss, injected, 0 * injected, links, []), rtol=1e-12)


# ---- closed forms


def test_without_losses_the_box_leaks():
    """I = X Q/(1 + X sigma/m) for the parent; the child has (I + X_c Q) sigma'/m for a source."""
    energy = np.geomspace(0.1, 1e6, 281)
    x, destroyed, made, cocoon = 10 * energy**-0.5, 0.15, 0.04, 0.4 * np.exp(-energy / 1e5)
    injected = np.stack([energy**-2.3, 0 * energy])
    damping = np.stack([1 / x + destroyed, 1 / x + destroyed / 2])
    found = solve(
        energy,
        damping,
        np.full_like(damping, 1e-12) * energy,
        injected,
        np.stack([cocoon, cocoon]),
        [(0, 1, np.full(energy.size, made))],
    )
    parent = x * injected[0] / (1 + x * destroyed)
    child = x * made * (parent + cocoon * injected[0]) / (1 + x * destroyed / 2)
    np.testing.assert_allclose(found, [parent, child], rtol=1e-9)


def test_decay_moves_particles_from_mother_to_daughter():
    """Without losses and fragmentation: the sum is X Q for any rate of decay."""
    energy = np.geomspace(0.1, 1e6, 141)
    x, rate = 10 * energy**-0.5, 3 / energy
    injected = np.stack([energy**-2.3, 0 * energy])
    damping = np.stack([1 / x + rate, 1 / x])
    found = solve(energy, damping, np.full_like(damping, 1e-12) * energy, injected, decays=[(0, 1, rate)])
    np.testing.assert_allclose(found.sum(axis=0), x * injected[0], rtol=1e-9)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.7])
def test_without_escape_all_that_is_injected_passes_by(power):
    """Loss I = integral of Q above T: sources in a bell of ln T, losses ~ T^power."""
    energy = np.geomspace(0.1, 1e4, 4001)
    loss = 3e-3 * energy[None, :] ** power
    bell = np.exp(-(np.log(energy / 50) ** 2) / (2 * 0.4**2)) / (0.4 * np.sqrt(2 * np.pi))
    found = solve(energy, np.zeros_like(loss), loss, (bell / energy)[None, :])
    above = ndtr(-np.log(energy / 50) / 0.4)
    below = energy < 300
    np.testing.assert_allclose((found * loss)[0, below], above[below], rtol=1e-4)
    assert (found * loss)[0, 0] == pytest.approx(1, rel=1e-5)  # the next cascade would be of 1e-5 of a particle


@pytest.mark.parametrize("g", [2.3, 2.7, 3.4])
def test_self_similar_solution(g):
    """Escape at a constant rate d, losses b T, Q = T^-g: I = Q/[d + b (g - 1)]; second order in the step."""
    errors = []
    for nodes in (141, 281, 561):
        energy = np.geomspace(0.1, 1e6, nodes)
        flat = np.ones((1, nodes))
        found = solve(energy, 0.004 * flat, 0.01 * energy * flat, energy[None, :] ** -g)[0]
        errors.append(found[0] * energy[0] ** g * (0.004 + 0.01 * (g - 1)) - 1)
    assert abs(errors[1]) < 3e-4
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_the_flattening_slope_is_no_physics():
    energy = np.geomspace(0.1, 1e6, 2801)
    damping = 0.2 * energy[None, :] ** 0.5
    loss = 5e-3 * (energy + 1 / energy)[None, :]
    one, two = (solve(energy, damping, loss, energy[None, :] ** -2.3, slope=s) for s in (1.5, 3.0))
    np.testing.assert_allclose(one[:, :2000], two[:, :2000], rtol=2e-5)


# ---- the Galaxy


def chain(energy):
    """12C, 10Be and 10B in the Galaxy: damping, loss, injected, cocoon, spallation and decays, as solve() takes them."""
    charge, mass_number = np.array([[6.0], [4.0], [5.0]]), np.array([[12.0], [10.0], [10.0]])
    galaxy = Slab()
    rigidity = mass_number / charge * momentum(energy)
    beta, gamma = momentum(energy) / (energy + M_PROTON), 1 + energy / M_PROTON
    x = galaxy.grammage(rigidity, beta)
    x[1], decay = galaxy.unstable(rigidity[1], beta, gamma, (2.178 * u.Myr).to_value(u.s))
    per_gram = 5e-4  # of a millibarn
    damping = 1 / x + letaw_inelastic(mass_number, energy) * per_gram
    loss = galaxy.adiabatic(energy) + ionisation(charge, mass_number, energy)
    injected = np.array([[1.0], [0.0], [0.0]]) * galaxy.injected(mass_number, energy)
    cocoon = ExponentialGrammage(0.4 * u.g / u.cm**2, 50 * u.TV).at(rigidity)
    made = [(0, 1, 4.0 * per_gram * energy**0.02), (0, 2, 70.0 * per_gram * energy**-0.01)]
    return damping, loss, injected, cocoon, made, [(1, 2, decay)]


def test_a_chain_equals_an_adaptive_solver():
    """Losses, spallation, decay and cocoon at once, with half the step that Nuclei takes: 1e-4 for each nucleus."""
    energy = np.geomspace(0.1, 1e6, 561)

    def slopes(ln_t, flow):
        # d(loss I)/d ln T = T (I/X + sigma I/m - sources)
        t = np.exp(np.atleast_1d(ln_t))
        damping, loss, injected, cocoon, made, decays = chain(t)
        intensity = flow[:, None] / loss
        source = injected.copy()
        for parent, child, rate in made:
            source[child] += rate * (intensity[parent] + cocoon[parent] * injected[parent])
        for mother, daughter, rate in decays:
            source[daughter] += rate * intensity[mother]
        return (t * (damping * intensity - source))[:, 0]

    found = solve(energy, *chain(energy))
    loss = chain(energy)[1]
    # From 100 TeV down; at which value it starts is forgotten after a few steps.
    down = np.flatnonzero(energy <= 1.0001e5)[::-1]
    start = (found * loss)[:, down[0]]
    solution = solve_ivp(
        slopes,
        (np.log(energy[down[0]]), np.log(energy[0])),
        start,
        method="Radau",
        t_eval=np.log(energy[down]).clip(np.log(energy[0])),
        rtol=1e-7,
        atol=start * 1e-9,
    )
    assert solution.success
    expected = solution.y / loss[:, down]
    np.testing.assert_allclose(found[:, down], expected, rtol=1e-4)


def test_convergence_with_the_number_of_nodes():
    """Second order: with 40 nodes a decade 2e-4 in B/C from 0.3 GeV up and 4e-4 in each nucleus, a quarter with 80."""
    fine = solve(np.geomspace(0.1, 1e6, 5601), *chain(np.geomspace(0.1, 1e6, 5601)))
    errors = []
    for nodes, every in ((281, 20), (561, 10)):
        energy = np.geomspace(0.1, 1e6, nodes)
        found, there = solve(energy, *chain(energy)), fine[:, ::every]
        ratio = found[2] / found[0] / (there[2] / there[0])
        errors.append([abs(ratio[energy >= 0.3] - 1).max(), abs(found / there - 1).max()])
    assert errors[0][0] < 2e-4
    assert errors[0][1] < 4e-4
    np.testing.assert_allclose(np.divide(*errors), 4, rtol=0.1)
