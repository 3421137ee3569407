"""What a spectrum of secondaries costs, beside the quadrature that it is made of, in one run.

    python benchmarks/spectra.py

1. A fit: 25 energies from 1 TeV to 1 PeV, a new grammage each time. Yields of protons and helium together, by the
   matrix that is made once per cross section and energies, and by the quadrature that it stands for, which evaluates
   projectiles at some 400 energies for each of the secondaries'.
2. A map: 121 energies from 10 GeV to 10 PeV, with the delta approximation below 100 GeV.
3. What else a fit makes in every step: injection, grammage, cocoons, and the diffuse emission with another scale.

Nothing is asserted. By how much the two are apart is printed where the yield is more than 1e-9 of what it would be
without cut-offs, and in how many energies that is so. Times belong to the machine; the best of many counts.
"""

from __future__ import annotations

import dataclasses
import os
import timeit

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import astropy.units as u
import numpy as np

from skycocoon import Cocoons, ConstantGrammage, ExponentialGrammage, Injection
from skycocoon.emission import Diffuse
from skycocoon.emission.production import PROJECTILES, Production, quadrature
from skycocoon.galaxy import Gas
from skycocoon.interactions.kelner import pion_nodes
from skycocoon.interactions.publications import cross_section
from skycocoon.kinematics import SPECIES

COCOONS = Cocoons()
CASES = {
    "fit: 25 energies, 1 TeV to 1 PeV": np.geomspace(1e3, 1e6, 25),
    "map: 121 energies, 10 GeV to 10 PeV": np.geomspace(1e1, 1e7, 121),
}
UNCUT = Cocoons(
    injection=tuple(dataclasses.replace(i, cutoff=np.inf * u.PV) for i in COCOONS.injection),
    grammage=ConstantGrammage(0.4 * u.g / u.cm**2),
)
X_C, R_C, R_MAX = 0.4 * u.g / u.cm**2, 100.0 * u.TV, 3.0 * u.PV


def best(call, repeats=15):
    """Least time of a call [us]."""
    call()
    number = max(1, int(5e-3 / max(timeit.timeit(call, number=1), 1e-7)))
    return min(timeit.repeat(call, number=number, repeat=repeats)) / number * 1e6


def direct(section, energy):
    """The quadrature, its nodes and weights worked out before: a function of the component."""
    matching_energy = section.low_energy.matching_energy if section.low_energy else 0.0
    low = energy < matching_energy
    parts = [(~low, *quadrature(section, energy[~low]))]
    if low.any():
        match = np.array([matching_energy])
        at_match = quadrature(section, match), pion_nodes(match)
        parts.append((low, *pion_nodes(energy[low])))

    def yields(cocoons):
        result = np.zeros(energy.size)
        for injection in cocoons.injection:
            for rows, protons, weights in parts:
                factor = 1.0
                if rows is low:
                    full, delta = (np.sum(w * cocoons._projectiles(injection, p)) for p, w in at_match)
                    factor = full / delta
                found = np.einsum("ij,ij->i", weights, cocoons._projectiles(injection, protons))
                result[rows] += factor * found
        return result

    return yields


def fresh():
    """The same cocoons, of which nothing has been evaluated."""
    return dataclasses.replace(COCOONS)


def compare(name, energy):
    print(f"{name} (spectra of projectiles at {PROJECTILES.size} energies)")
    for messenger in ("gamma", "neutrino"):
        used = energy[energy >= cross_section(messenger).energy_range[0]]
        plain = direct(cross_section(messenger), used)

        def matrix(messenger=messenger, used=used):
            return fresh().terms(messenger)[0].spectrum(used)

        ours, copies, theirs = best(matrix), best(fresh), best(lambda plain=plain: plain(COCOONS))
        # The quadrature is no reference far above the cut-offs.
        expected = plain(COCOONS)
        counts = expected > 1e-9 * plain(UNCUT)
        error = np.max(np.abs(matrix() / expected - 1), where=counts, initial=0.0)
        made = best(lambda m=messenger, e=used: Production(cross_section(m), e).yields(np.ones_like), 3)
        print(
            f"  {messenger:9s} {used.size:4d}  {ours - copies:8.1f} us   quadrature {theirs:8.1f} us   apart by "
            f"{error:.0e} at most in {counts.sum()}   (matrix made once, {made / 1e3:.1f} ms)"
        )


def steps():
    """What a fit makes in every step."""
    p, energy = SPECIES["proton"], CASES["fit: 25 energies, 1 TeV to 1 PeV"]
    diffuse = Diffuse()

    def both(cocoons):
        return [cocoons.terms(messenger)[0].spectrum(energy) for messenger in ("gamma", "neutrino")]

    rows = {
        "Injection(...)": lambda: Injection(p, 0.07, 4.31, R_MAX),
        "Injection(...).normalisation": lambda: Injection(p, 0.07, 4.31, R_MAX).normalisation,
        "ExponentialGrammage(...)": lambda: ExponentialGrammage(X_C, R_C),
        "Cocoons(...)": fresh,
        "cocoons, another grammage: gamma rays and neutrinos": lambda: both(
            dataclasses.replace(COCOONS, grammage=ExponentialGrammage(X_C, R_C))
        ),
        "cocoons, all spectra new: gamma rays and neutrinos": lambda: both(
            dataclasses.replace(
                COCOONS,
                injection=tuple(dataclasses.replace(i, slope=i.slope) for i in COCOONS.injection),
                grammage=ExponentialGrammage(X_C, R_C),
            )
        ),
        "diffuse, another scale: gamma rays and neutrinos": lambda: both(
            dataclasses.replace(diffuse, gas=Gas(scale=1.3))
        ),
    }
    print("a step of a fit")
    for name, call in rows.items():
        print(f"  {name:52s} {best(call):8.1f} us")


def main():
    for name, energy in CASES.items():
        compare(name, energy)
    steps()


if __name__ == "__main__":
    main()
