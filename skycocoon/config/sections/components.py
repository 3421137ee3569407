"""Sections of ``[components.NAME]``: cocoons, diffuse emission, maps."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import astropy.units as u
from pydantic import BeforeValidator, Field, create_model, model_validator

from ...cosmicrays import LAWS, ExponentialGrammage, Grammage, Injection
from ...cosmicrays.grammage import TURBULENCE
from ...cosmicrays.local import LOCAL_SPECTRA
from ...emission import Cocoons, Diffuse, Template
from ...emission.template import OUTSIDE
from ...errors import unknown_name
from ...galaxy import GAS_MODELS, PROFILES, CylindricalGrid, Gas, Sea, SourceDisc, Sun
from ...galaxy.disc import VERTICALS
from ...interactions.helium import NUCLEAR_FACTORS
from ...kinematics import SPECIES
from ...numerics.memo import Last
from ...sky import SkyMap
from ...sky.convention import FLAVOURS, MESSENGERS
from ...sky.formats import NEGATIVE, OUTSIDE_SKY, column_list
from ..quantities import (
    CoToHydrogen,
    Energy,
    EnergyOrZero,
    Gradient,
    Grams,
    Length,
    LengthOrZero,
    NumberDensity,
    Rigidity,
    RigidityOrInfinite,
    Section,
    Time,
    in_unit,
    one_of,
)
from .galaxy import InteractionsSection


def _delta(value: object) -> object:
    if isinstance(value, str):
        if value in TURBULENCE:
            return TURBULENCE[value]
        # Two numbers by themselves: the integers of Fraction("1e99999999") have all their digits.
        above, slash, below = value.partition("/")
        try:
            return float(above) / float(below) if slash else float(above)
        except (ValueError, ZeroDivisionError):
            raise unknown_name("turbulence", value, TURBULENCE) from None
    return value


class DiscSection(Section):
    """``[components.NAME.disc]``: where the sources are.

    Attributes
    ----------
    profile, vertical
        Radial profile by name, ``"custom"`` or ``"grid"``; vertical shape by name.
    height, radius, half_height
        Scale height h, R_d and H_d [length].
    a, b, offset
        Numbers of a custom profile.
    file
        Grid in a ``.npz`` file, with ``profile = "grid"``.
    """

    profile: Annotated[str, BeforeValidator(one_of("disc profile", [*PROFILES, "custom", "grid"]))] = "green2015"
    vertical: Annotated[str, BeforeValidator(one_of("vertical profile", VERTICALS))] = SourceDisc.vertical
    height: Length = SourceDisc.height
    radius: Length = SourceDisc.radius
    half_height: Length = SourceDisc.half_height
    a: float | None = Field(default=None, gt=-1)
    b: float | None = Field(default=None, ge=0)
    offset: LengthOrZero | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> DiscSection:
        custom = [key for key in ("a", "b", "offset") if getattr(self, key) is not None]
        if self.profile == "custom" and (self.a is None or self.b is None):
            raise ValueError("the profile 'custom' needs a and b")
        if self.profile != "custom" and custom:
            raise ValueError(f"{custom[0]} goes with profile = 'custom' alone, not with {self.profile!r}")
        if (self.profile == "grid") != (self.file is not None):
            raise ValueError("profile = 'grid' and file = '....npz' go together")
        if self.profile == "grid" and (extra := self.model_fields_set - {"profile", "file"}):
            raise ValueError(f"{sorted(extra)[0]} does not go with profile = 'grid'")
        return self

    def build(self, sun: Sun, interval: u.Quantity, folder: Path) -> SourceDisc | CylindricalGrid:
        """Return the density of the rate of supernovae that follow one another after ``interval`` on average.

        Parameters
        ----------
        sun
            Where the observer is.
        interval
            Mean time between supernovae.
        folder
            Where the path of a grid begins.

        Returns
        -------
        SourceDisc or CylindricalGrid
            Sources per volume and time.
        """
        rate = 1.0 / interval
        if self.file is not None:
            return CylindricalGrid.read(folder / self.file).normalised(rate)
        options: dict[str, Any] = {
            "sun_radius": sun.radius,
            "height": self.height,
            "radius": self.radius,
            "half_height": self.half_height,
            "rate": rate,
            "vertical": self.vertical,
        }
        if self.profile == "custom":
            offset = 0.0 * u.kpc if self.offset is None else self.offset
            return SourceDisc(self.a or 0.0, self.b or 0.0, offset, **options)
        return SourceDisc.preset(self.profile, **options)


class SpeciesSection(Section):
    """``[components.NAME.injection.SPECIES]``: what one source releases.

    Attributes
    ----------
    efficiency
        Part xi of the supernova's energy.
    slope
        g, of f(p) ~ p^-g.
    cutoff
        R_max [V].
    mass_convention
        As in :class:`~skycocoon.cosmicrays.Injection`.
    """

    efficiency: float = Field(ge=0, le=1)
    slope: float = Field(gt=3, lt=5)
    cutoff: RigidityOrInfinite = Injection.cutoff
    mass_convention: Literal["own_mass", "proton_mass"] = "own_mass"


class InjectionSection(Section):
    """``[components.NAME.injection]``: one section for each species.

    Attributes
    ----------
    proton, helium
        The species; None for one that is not injected.
    """

    proton: SpeciesSection | None = None
    helium: SpeciesSection | None = None

    @model_validator(mode="after")
    def _any(self) -> InjectionSection:
        if self.proton is None and self.helium is None:
            raise ValueError("at least one of proton and helium is needed")
        return self

    def build(self, energy: u.Quantity) -> tuple[Injection, ...]:
        """What each species' section says."""
        sections = {name: section for name in SPECIES if (section := getattr(self, name)) is not None}
        return tuple(
            Injection(SPECIES[name], s.efficiency, s.slope, s.cutoff, energy, s.mass_convention)
            for name, s in sections.items()
        )


class LawSection(Section):
    """``[components.NAME.grammage]``: the law of X_c(R); :data:`GrammageSection` adds the laws' keys."""

    law: Annotated[str, BeforeValidator(one_of("grammage law", LAWS))] = "exponential"

    @model_validator(mode="after")
    def _consistent(self) -> LawSection:
        own = {item.name: item for item in fields(LAWS[self.law])}
        for key in type(self).model_fields:
            laws = [name for name, law in LAWS.items() if key in {item.name for item in fields(law)}]
            # A key of several laws may stay where another law is tried.
            if len(laws) == 1 and key not in own and getattr(self, key) is not None:
                raise ValueError(f"{key} goes with law = {laws[0]!r} alone, not with {self.law!r}")
        for key, item in own.items():
            if "needed" in item.metadata and getattr(self, key) is None:
                raise ValueError(f"law = {self.law!r} needs {key}, {item.metadata['needed']}")
        return self

    def build(self) -> Grammage:
        """Build the law; what the file does not say is as in the law's class."""
        law = LAWS[self.law]
        values = {item.name: getattr(self, item.name) for item in fields(law)}
        result: Grammage = law(**{key: value for key, value in values.items() if value is not None})
        return result


def _law_keys() -> dict[str, Any]:
    """Keys of all laws: a field of a class is a key of the model file, of the kind that its default is of."""
    known: dict[str, Any] = {
        "normalisation": (Grams, ExponentialGrammage.normalisation),
        "cutoff": (Rigidity | None, None),
        "delta": (Annotated[float | None, BeforeValidator(_delta), Field(gt=0, le=2)], None),
    }
    keys: dict[str, Any] = {}
    for law in LAWS.values():
        for item in fields(law):
            if isinstance(item.default, u.Quantity):
                kind: Any = Annotated[u.Quantity, BeforeValidator(in_unit(item.default.unit.to_string()))]
            else:
                kind = type(item.default)
            keys.setdefault(item.name, known.get(item.name, (kind | None, None)))
    return keys


GrammageSection = create_model("GrammageSection", __base__=LawSection, **_law_keys())
"""The section with the keys of all :data:`~skycocoon.cosmicrays.LAWS`."""


class CocoonsSection(Section):
    """``[components.NAME]`` with ``kind = "cocoons"``.

    Attributes
    ----------
    kind
        ``"cocoons"``.
    supernova_interval, supernova_energy
        Mean time between supernovae, and the energy of one.
    gas_density, lifetime
        Gas in a cocoon, and its age.
    nearest
        Least distance of a source from the Sun.
    disc, injection, grammage
        Where the sources are, what one releases, and X_c(R).
    """

    kind: Literal["cocoons"]
    supernova_interval: Time = 30.0 * u.yr
    supernova_energy: EnergyOrZero = Injection.energy
    gas_density: NumberDensity = Cocoons.gas_density
    lifetime: Time = Cocoons.lifetime
    nearest: LengthOrZero = Cocoons.nearest
    disc: DiscSection = DiscSection()
    injection: InjectionSection
    grammage: GrammageSection = GrammageSection()

    def build(self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, last: Last) -> Cocoons:
        """Build the component; see :class:`~skycocoon.config.building.Builder` for ``last``.

        Parameters
        ----------
        name
            Name of the component.
        sun
            Where the observer is.
        interactions
            Publications of cross sections.
        folder
            Where paths begin.
        last
            Memory of the component's parts.

        Returns
        -------
        Cocoons
            The component.
        """
        return Cocoons(
            name,
            last(DiscSection.build, self.disc, sun, self.supernova_interval, folder),
            last(InjectionSection.build, self.injection, self.supernova_energy),
            self.grammage.build(),
            interactions.helium,
            self.gas_density,
            self.lifetime,
            self.nearest,
            interactions.proton,
        )


class SeaSection(Section):
    """``[components.NAME.sea]``: where the diffusing cosmic rays are.

    Attributes
    ----------
    sources
        Radial profile of the sources.
    halo_height, radius
        H and R_g [length].
    delta_gradient, delta_outer
        Growth of the diffusion slope with R, and where it ends.
    """

    sources: Annotated[str, BeforeValidator(one_of("source profile", PROFILES))] = Sea.sources
    halo_height: Length = Sea.halo_height
    radius: Length = Sea.radius
    delta_gradient: Gradient = Sea.delta_gradient
    delta_outer: Length = Sea.delta_outer

    def build(self, sun: Sun) -> Sea:
        """The sea, 1 at the Sun."""
        return Sea(self.sources, self.halo_height, self.radius, sun.radius, self.delta_gradient, self.delta_outer)


class DiffuseSection(Section):
    """``[components.NAME]`` with ``kind = "diffuse"``.

    Attributes
    ----------
    kind
        ``"diffuse"``.
    spectra
        Local spectra by name.
    gas, x_co, ionised
        Gas model by name, its X_CO, and whether HII is added.
    column_scale
        Factor on the gas.
    nuclear, helium_abundance
        How helium's yields follow from pp, and helium per hydrogen in the gas.
    sea
        Where the cosmic rays are.
    """

    kind: Literal["diffuse"]
    spectra: Annotated[str, BeforeValidator(one_of("local spectra", LOCAL_SPECTRA))] = Diffuse.spectra
    gas: Annotated[str, BeforeValidator(one_of("gas model", GAS_MODELS))] = Gas.model
    x_co: CoToHydrogen | None = Gas.x_co
    ionised: bool = Gas.ionised
    column_scale: float = Field(default=Gas.scale, gt=0)
    nuclear: Annotated[str, BeforeValidator(one_of("nuclear factors", NUCLEAR_FACTORS))] = Diffuse.nuclear
    helium_abundance: float = Field(default=Diffuse.helium_abundance, ge=0, le=0.5)
    sea: SeaSection = SeaSection()

    def build(self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, last: Last) -> Diffuse:
        """Build the component; see :class:`~skycocoon.config.building.Builder` for ``last``.

        Parameters
        ----------
        name
            Name of the component.
        sun
            Where the observer is.
        interactions
            Publications of cross sections.
        folder
            Where paths begin.
        last
            Memory of the component's parts.

        Returns
        -------
        Diffuse
            The component.
        """
        gas = Gas(self.gas, self.x_co, self.ionised, self.column_scale)
        sea = last(SeaSection.build, self.sea, sun)
        return Diffuse(name, self.spectra, gas, sea, self.nuclear, self.helium_abundance, interactions.proton)


def _columns(value: object) -> object:
    column_list(value)
    return value


class MapSection(Section):
    """``[components.NAME]`` with ``kind = "map"``: the keys but ``file`` say what the file does not.

    Attributes
    ----------
    kind
        ``"map"``.
    file
        FITS file.
    unit, frame, ordering, energies, messenger, flavour
        What the file does not say.
    column, outside_sky, negative
        Which columns are the map, and whether the sky that it has not, and negative values, are 0.
    scale
        Factor on the map.
    outside
        What the map is at energies that it does not have.
    """

    kind: Literal["map"]
    file: str
    unit: str | None = None
    frame: str | None = None
    ordering: Literal["RING", "NESTED"] | None = None
    energies: list[Energy] | None = None
    messenger: Annotated[str | None, BeforeValidator(one_of("messenger", MESSENGERS))] = None
    flavour: Annotated[str | None, BeforeValidator(one_of("flavour convention", FLAVOURS))] = None
    column: Annotated[Any, BeforeValidator(_columns)] = None
    outside_sky: Annotated[str | None, BeforeValidator(one_of("choice for the sky outside the map", OUTSIDE_SKY))] = (
        None
    )
    negative: Annotated[str | None, BeforeValidator(one_of("choice for negative values", NEGATIVE))] = None
    scale: float = Field(default=Template.scale, ge=0)
    outside: Annotated[str, BeforeValidator(one_of("choice for energies outside the map", OUTSIDE))] = Template.outside

    def build(self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, last: Last) -> Template:
        """Build the component; see :class:`~skycocoon.config.building.Builder` for ``last``.

        Parameters
        ----------
        name
            Name of the component.
        sun
            Where the observer is.
        interactions
            Publications of cross sections.
        folder
            Where the file's path begins.
        last
            Memory of the map that was read.

        Returns
        -------
        Template
            The component.
        """
        stated = [getattr(self, key) for key in STATED]
        sky = last(_read_map, folder, self.file, self.energies, *stated)
        return Template(name, sky, self.scale, self.outside)


# Keys, besides energies, that say of a map what its file does not.
STATED = ("unit", "frame", "ordering", "messenger", "flavour", "column", "outside_sky", "negative")


def _read_map(folder: Path, file: str, energies: list[u.Quantity] | None, *stated: Any) -> SkyMap:
    options: dict[str, Any] = dict(zip(STATED, stated, strict=True))
    return SkyMap.read(folder / file, energies=None if energies is None else u.Quantity(energies), **options)
