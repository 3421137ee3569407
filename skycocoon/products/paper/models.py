"""Which models the figures compare: cocoons with other laws, variants of the diffuse emission, their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import astropy.units as u

from ...config import LoadedModel, load_text
from ...cosmicrays import DiffusiveGrammage, ExponentialGrammage, Grammage
from ...emission import Cocoons, Component, Diffuse, GalaxyModel
from ...errors import InputError
from ...inference import FitResult, fit
from ...measured import Measurement, Target
from ...modelfit import prepare
from ...nuclei import Nuclei
from ...sky import Sed

__all__ = [
    "ModelCurve",
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
    target
        What the model is averaged over there, and what it is multiplied by.
    energy
        (n,) energies of the model's spectra.
    """

    name: str
    title: str
    data: tuple[Measurement, ...]
    target: Target
    energy: u.Quantity

    @property
    def messenger(self) -> str:
        """What was measured."""
        return self.data[0].messenger

    @property
    def flux(self) -> bool:
        """Whether fluxes of the region were measured; else intensities."""
        return not self.data[0].per_steradian


@dataclass(frozen=True, eq=False)
class ModelCurve:
    """A curve before it is drawn; ``look``, ``step``, ``label`` and ``note`` as in :class:`skycocoon.plot.Curve`.

    Attributes
    ----------
    name
        Name in tables and, unless ``label`` says otherwise, in the legend.
    sed
        The spectrum.
    look, step, label, note
        As in :class:`skycocoon.plot.Curve`.
    """

    name: str
    sed: Sed
    look: str
    step: float = 0.0
    label: str | None = None
    note: str = ""


Shine = Callable[[Iterable[Component], Place], Sed]
"""Spectrum of the sum of some components in a place."""


def lhaaso(loaded: LoadedModel, part: str, energy: u.Quantity) -> Place:
    """The ``"inner"`` or ``"outer"`` region of LHAASO-KM2A 2023, with what the model file does for masked sources.

    Parameters
    ----------
    loaded
        The model file.
    part
        ``"inner"`` or ``"outer"``.
    energy
        (n,) energies of the model's spectra.

    Returns
    -------
    Place
        The region with its data.
    """
    data = Measurement.named(f"lhaaso-km2a-2023-{part}")
    target = loaded.comparison.target(data.messenger, data.region)
    data.check_region(target.averaged)
    title = f"LHAASO {part}"
    title += f", model × {target.factor:g} for masked sources" if target.factor != 1 else ""
    title += ", mean outside masked sources" if target.masked else ""
    return Place(data.region.name, title, (data,), target, energy)


def icecube(energy: u.Quantity) -> Place:
    """The whole sky with IceCube's fits of three templates."""
    data = tuple(Measurement.named(name) for name in ICECUBE)
    region = data[0].region
    title = r"whole sky, neutrinos per flavour at Earth, $\nu+\bar\nu$"
    return Place(region.name, title, data, Target(region, region), energy)


def cocoons_of(model: GalaxyModel) -> tuple[Cocoons, ...]:
    """The model's cocoons.

    Raises
    ------
    InputError
        If it has none.
    """
    cocoons = tuple(part for part in model.components if isinstance(part, Cocoons))
    if not cocoons:
        names = ", ".join(part.name for part in model.components)
        raise InputError(
            f"{model.provenance.get('model', 'model')}: figures need a component of the kind 'cocoons', there is only "
            f"{names}; use e.g. the preset paper"
        )
    return cocoons


def spectra(model: GalaxyModel) -> list[str]:
    """Names of the local spectra of the model's diffuse emission."""
    return list(dict.fromkeys(part.spectra for part in model.components if isinstance(part, Diffuse)))


def base(model: GalaxyModel, local: str = "") -> tuple[Component, ...]:
    """All that shines but cocoons; its diffuse emission with other local spectra, if these are named.

    Parameters
    ----------
    model
        The model.
    local
        Name of the local spectra; those of the model if empty.

    Returns
    -------
    tuple of Component
        The components.
    """
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
    """Those components that shine in what was measured in a place.

    Parameters
    ----------
    parts
        Components.
    place
        Where.

    Returns
    -------
    tuple of Component
        Those that shine in the place's messenger.
    """
    return tuple(part for part in parts if place.messenger in part.messengers)


def with_law(cocoons: tuple[Cocoons, ...], law: Callable[[Grammage], Grammage]) -> tuple[Cocoons, ...]:
    """Cocoons with another law of grammage, made from the one that they have.

    Parameters
    ----------
    cocoons
        Cocoons.
    law
        Makes a law of the one that cocoons have.

    Returns
    -------
    tuple of Cocoons
        The same with the new law.
    """
    return tuple(replace(part, grammage=law(part.grammage)) for part in cocoons)


def cutoff(cocoons: tuple[Cocoons, ...]) -> u.Quantity:
    """R_c of the model [TV]; that of the paper's model if the grammage is constant."""
    return getattr(cocoons[0].grammage, "cutoff", ExponentialGrammage().cutoff).to(u.TV)


def moved(grammage: Grammage, to: u.Quantity) -> Grammage:
    """The same law with another R_c; a constant grammage becomes that of eq. 6.

    Parameters
    ----------
    grammage
        The law.
    to
        R_c.

    Returns
    -------
    Grammage
        The law with that R_c.
    """
    if hasattr(grammage, "cutoff"):
        return replace(grammage, cutoff=to)  # type: ignore[type-var]
    return ExponentialGrammage(grammage.normalisation, to)


def diffusive(grammage: Grammage, delta: float, to: u.Quantity) -> Grammage:
    """Eq. 15 with the same X_c0.

    Parameters
    ----------
    grammage
        The law whose X_c0 is taken.
    delta
        Slope of the diffusion coefficient.
    to
        R_c.

    Returns
    -------
    DiffusiveGrammage
        Eq. 15.
    """
    return DiffusiveGrammage(grammage.normalisation, to, delta, getattr(grammage, "sharp", False))


def summed(*parts: Sed) -> Sed:
    """SEDs of the same region and energies added up."""
    components = {
        f"{number} {name}": value for number, sed in enumerate(parts) for name, value in sed.components.items()
    }
    return replace(parts[0], components=components)


def chi_square(line: ModelCurve, place: Place, item: Measurement) -> float | None:
    """Chi-square of a curve, with the mask factor; None if no point is within its energies.

    Parameters
    ----------
    line
        The model's spectrum.
    place
        Where, with the factor for masked sources.
    item
        The data set.

    Returns
    -------
    float or None
        Chi-square.
    """
    try:
        return item.compare(line.sed, place.target.factor, place.target.factor_name).chi2
    except InputError:
        return None


# How far energy scales of experiments and cross sections may be off.
SPREAD = 0.05


def refitted(loaded: LoadedModel, data: Sequence[str], *, cocoons: bool = True) -> tuple[Nuclei, FitResult]:
    """The Galactic transport that fits ratios best if cocoons are what they are, or if there are none.

    Free are D_0, delta and the strength of the break, with alpha + delta held: the primaries' slopes at the Earth are
    known. Nuisances of 5 %: the production of boron, and a normalisation of every experiment but the first. Points
    above 8 GV, where the Sun matters little.

    Parameters
    ----------
    loaded
        The model file.
    data
        Names of the ratios.
    cocoons
        Whether cocoons are what they are, or left out.

    Returns
    -------
    nuclei, result
        At the best values, and the fit.
    """
    transport = loaded.file.transport
    d0, unit = transport.diffusion.value, transport.diffusion.unit.to_string()
    scale = transport.cross_section_scale
    observed = transport.slope_plus_delta or transport.slope + transport.delta

    def bounds(start: float, low: float, high: float) -> list[float]:
        return [min(low, start), max(high, start)]

    section = {
        "data": list(data),
        "parameters": {
            "transport.diffusion": {"bounds": [f"{d0 / 3} {unit}", f"{d0 * 3} {unit}"]},
            "transport.delta": {"bounds": bounds(transport.delta, 0.3, 0.9)},
            "transport.break_delta": {"bounds": bounds(transport.break_delta, 0.0, 0.8)},
            "transport.cross_section_scale": {
                "bounds": [0.7 * scale, 1.3 * scale],
                "prior": {"mean": scale, "sigma": SPREAD * scale},
            },
        },
        "normalisations": dict.fromkeys(data[1:], SPREAD),
        "ranges": {name: {"from": "8 GV"} for name in data},
    }
    changes: dict[str, object] = {"transport.slope_plus_delta": observed, "fit": section}
    if not cocoons and (name := loaded.file.cocoons()) is not None:
        changes[f"components.{name}.grammage.normalisation"] = "0 g cm-2"
    problem = prepare(load_text(loaded.toml, loaded.source, loaded.folder, changes))
    result = fit(problem.likelihood, minos=False)
    return problem.variation.nuclei(*problem.model_at(result.values.tolist())), result
