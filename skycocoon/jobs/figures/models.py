"""Which models the figures compare: cocoons with other laws, variants of the diffuse emission, their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np

from ...config import LoadedModel
from ...cosmicrays import Grammage
from ...cosmicrays.grammage import DiffusiveGrammage, ExponentialGrammage
from ...cosmicrays.ratio import RatioMeasurement
from ...emission import Cocoons, Component, Diffuse, GalaxyModel
from ...errors import InputError
from ...inference import FitResult, Likelihood, Parameter, Points, fit
from ...nuclei import Nuclei
from ...sky import Measurement, Region, Sed
from ...units import FloatArray

__all__ = [
    "Line",
    "Place",
    "Shine",
    "base",
    "base_name",
    "bases",
    "chi_square",
    "cocoons_of",
    "cutoff",
    "diffusive",
    "icecube",
    "lhaaso",
    "moved",
    "refitted",
    "shining",
    "spectra",
    "summed",
    "with_law",
]

ICECUBE = ("icecube-2023-pi0", "icecube-2023-kra5", "icecube-2023-kra50")


@dataclass(frozen=True, eq=False)
class Place:
    """A part of the sky and what was measured there.

    Attributes
    ----------
    name, title
        What it is called in a table, and above a panel.
    data
        The data sets: of one messenger and region.
    where
        What the model is averaged over: the region of the data, or that one without sources.
    factor
        What the model is multiplied by instead of masking sources.
    energy
        Nodes.
    """

    name: str
    title: str
    data: tuple[Measurement, ...]
    where: Region
    factor: float
    energy: u.Quantity

    @property
    def messenger(self) -> str:
        """What was measured."""
        return self.data[0].messenger


@dataclass(frozen=True, eq=False)
class Line:
    """A curve before it is drawn; ``look``, ``step``, ``label`` and ``note`` as in :class:`skycocoon.plot.Curve`."""

    name: str
    sed: Sed
    look: str
    step: float = 0.0
    label: str | None = None
    note: str = ""


Shine = Callable[[Iterable[Component], Place], Sed]
"""Spectrum of the sum of some components in a place."""


def lhaaso(loaded: LoadedModel, part: str, energy: u.Quantity) -> Place:
    """The ``"inner"`` or ``"outer"`` region of LHAASO-KM2A 2023, with what the model file does for masked sources."""
    data = Measurement.named(f"lhaaso-km2a-2023-{part}")
    region, comparison = data.region, loaded.comparison
    where = comparison.mask.get(region.name, region)
    data.check_region(where)
    factor = comparison.mask_factor.get(region.name, 1.0)
    title = f"LHAASO {part}"
    title += f", model × {factor:g} for masked sources" if factor != 1 else ""
    title += ", mean outside masked sources" if where is not region else ""
    return Place(region.name, title, (data,), where, factor, energy)


def icecube(energy: u.Quantity) -> Place:
    """The whole sky with IceCube's fits of three templates."""
    data = tuple(Measurement.named(name) for name in ICECUBE)
    region = data[0].region
    return Place(region.name, r"whole sky, neutrinos per flavour at Earth, $\nu+\bar\nu$", data, region, 1.0, energy)


def cocoons_of(model: GalaxyModel) -> tuple[Cocoons, ...]:
    """The model's cocoons.

    Raises
    ------
    InputError
        If it has none.
    """
    found = tuple(part for part in model.components if isinstance(part, Cocoons))
    if not found:
        names = ", ".join(part.name for part in model.components)
        raise InputError(
            f"{model.provenance.get('model', 'model')}: figures need a component of the kind 'cocoons', there is only "
            f"{names}; use e.g. the preset paper"
        )
    return found


def spectra(model: GalaxyModel) -> list[str]:
    """Names of the local spectra of the model's diffuse emission."""
    return list(dict.fromkeys(part.spectra for part in model.components if isinstance(part, Diffuse)))


def base(model: GalaxyModel, local: str = "") -> tuple[Component, ...]:
    """All that shines but cocoons; its diffuse emission with other local spectra, if these are named."""
    others = (part for part in model.components if not isinstance(part, Cocoons))
    return tuple(replace(part, spectra=local) if local and isinstance(part, Diffuse) else part for part in others)


def bases(model: GalaxyModel) -> dict[str, tuple[Component, ...]]:
    """The diffuse emission in its variants, by name: base min and max, and the model's own if it is another."""
    if not spectra(model):
        # A map of the user's has no variants.
        return {base_name(model): own} if (own := base(model)) else {}
    variants = {f"base {name}": base(model, name) for name in ("min", "max")}
    return {**variants, base_name(model): base(model)}


def base_name(model: GalaxyModel) -> str:
    """What the model's own diffuse emission is called; empty if there is none."""
    if own := spectra(model):
        return f"base {'/'.join(own)}"
    return " + ".join(part.name for part in base(model))


def shining(parts: Iterable[Component], place: Place) -> tuple[Component, ...]:
    """Those components that shine in what was measured in a place."""
    return tuple(part for part in parts if place.messenger in part.messengers)


def with_law(cocoons: tuple[Cocoons, ...], law: Callable[[Grammage], Grammage]) -> tuple[Cocoons, ...]:
    """Cocoons with another law of grammage, made from the one that they have."""
    return tuple(replace(part, grammage=law(part.grammage)) for part in cocoons)


def cutoff(cocoons: tuple[Cocoons, ...]) -> u.Quantity:
    """R_c of the model [TV]; that of the paper's model if the grammage is constant."""
    return getattr(cocoons[0].grammage, "cutoff", ExponentialGrammage().cutoff).to(u.TV)


def moved(grammage: Grammage, to: u.Quantity) -> Grammage:
    """The same law with another R_c; a constant grammage becomes that of eq. 6."""
    if isinstance(grammage, (ExponentialGrammage, DiffusiveGrammage)):
        return replace(grammage, cutoff=to)
    return ExponentialGrammage(grammage.normalisation, to)


def diffusive(grammage: Grammage, delta: float, to: u.Quantity) -> Grammage:
    """Eq. 15 with the same X_c0."""
    return DiffusiveGrammage(grammage.normalisation, to, delta, getattr(grammage, "sharp", False))


def summed(*parts: Sed) -> Sed:
    """SEDs of the same region and energies added up."""
    every = {f"{number} {name}": value for number, sed in enumerate(parts) for name, value in sed.components.items()}
    return replace(parts[0], components=every)


def chi_square(line: Line, place: Place, item: Measurement) -> float | None:
    """Chi-square of a curve, with the mask factor; None if no point is within its energies."""
    try:
        return item.compare(line.sed, place.factor, "mask factor" if place.factor != 1 else "none").chi2
    except InputError:
        return None


# Where the Sun matters little; and how far energy scales of experiments and cross sections may be off.
LOWEST = 8 * u.GV
SPREAD = 0.05


def refitted(nuclei: Nuclei, data: Sequence[RatioMeasurement]) -> tuple[Nuclei, FitResult]:
    """The Galactic transport that fits ratios best if cocoons are what they are.

    Free are D_0, delta and the strength of the break, with alpha + delta held: the primaries' slopes at the Earth are
    known. Nuisances of 5 %: the production of boron, and a normalisation of every experiment but the first. Points
    above 8 GV.

    Returns
    -------
    nuclei, result
        At the best values, and the fit.
    """
    used = [item.within(LOWEST, None) for item in data]
    slab = nuclei.slab
    unit = u.cm**2 / u.s
    d0 = slab.diffusion.to_value(unit)

    def at(values: Sequence[float]) -> Nuclei:
        diffusion, delta, strength, scale = values
        transport = replace(
            slab,
            diffusion=diffusion * unit,
            delta=delta,
            break_delta=strength,
            slope=slab.slope + slab.delta - delta,
        )
        return replace(nuclei, slab=transport, cross_section_scale=nuclei.cross_section_scale * scale)

    def predict(values: tuple[float, ...]) -> list[FloatArray]:
        case = at(values)
        return [case.ratio(item.x) for item in used]

    def around(name: str, start: float, low: float, high: float) -> Parameter:
        return Parameter(name, start, min(low, start), max(high, start))

    parameters = (
        around("diffusion", d0, d0 / 3, d0 * 3),
        around("delta", slab.delta, 0.3, 0.9),
        around("break_delta", slab.break_delta, 0.0, 0.8),
        Parameter("boron", 1.0, 0.7, 1.3, prior=(1.0, SPREAD)),
        *(Parameter(f"normalisation.{item.name}", 1.0, 0.7, 1.3, prior=(1.0, SPREAD)) for item in used[1:]),
    )
    points = tuple(
        Points(
            item.name,
            item.label,
            item.x.value,
            "T [GeV per nucleon]",
            item.value,
            item.error_low,
            item.error_high,
            np.zeros(item.value.size, dtype=bool),
        )
        for item in used
    )
    result = fit(Likelihood(parameters, points, predict), minos=False)
    return at(result.values[:4].tolist()), result
