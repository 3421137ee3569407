"""TOML to objects: model files and presets, checked before anything is computed.

Every mistake ends in one line that names the file, the key, the value and what is allowed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import astropy.units as u
import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from .cosmicrays import LAWS, SPECIES, Grammage, Injection, Slab
from .cosmicrays.grammage import TURBULENCE
from .cosmicrays.local import LOCAL_SPECTRA
from .emission import Absorption, Cocoons, Component, Diffuse, GalaxyModel, Template
from .emission.absorption import ABSORBERS
from .emission.template import OUTSIDE
from .errors import InputError, check_name, unknown_name
from .files import data_folder
from .galaxy import GAS_MODELS, PROFILES, CylindricalGrid, Gas, Sea, SourceDisc, Sun
from .galaxy.disc import VERTICALS
from .galaxy.gas import X_CO_UNIT
from .interactions import ENHANCEMENTS
from .interactions.fragmentation import FRAGMENTATIONS
from .interactions.helium import NUCLEAR_FACTORS
from .nuclei import Nuclei
from .sky import Region, SkyMap
from .sky.healpix import check_nside
from .sky.sed import FLAVOURS, MESSENGERS
from .units import quantity, to_float

__all__ = [
    "FitSection", "LoadedModel", "ModelFile", "SamplingSection", "Variation", "list_presets", "load_file", "load_model",
    "preset_text",
]  # fmt: skip


def _quantity(
    unit: str, *, minimum: float = 0.0, exclusive: bool = True, infinite: bool = False
) -> Callable[[object], u.Quantity]:
    """Validator of a Quantity: its unit's kind, and its range."""
    wanted = u.Unit(unit)

    def read(value: object) -> u.Quantity:
        result = quantity(value, wanted, "value")
        if infinite and np.ndim(result) == 0 and result.value == math.inf:
            return result
        to_float(result, wanted, "value", minimum=minimum, exclusive=exclusive)
        return result

    return read


Length = Annotated[u.Quantity, BeforeValidator(_quantity("kpc"))]
LengthOrZero = Annotated[u.Quantity, BeforeValidator(_quantity("kpc", exclusive=False))]
SignedLength = Annotated[u.Quantity, BeforeValidator(_quantity("kpc", minimum=-math.inf))]
Time = Annotated[u.Quantity, BeforeValidator(_quantity("yr"))]
Energy = Annotated[u.Quantity, BeforeValidator(_quantity("GeV"))]
EnergyOrZero = Annotated[u.Quantity, BeforeValidator(_quantity("erg", exclusive=False))]
Rigidity = Annotated[u.Quantity, BeforeValidator(_quantity("GV"))]
RigidityOrInfinite = Annotated[u.Quantity, BeforeValidator(_quantity("GV", infinite=True))]
Grams = Annotated[u.Quantity, BeforeValidator(_quantity("g cm-2", exclusive=False))]
NumberDensity = Annotated[u.Quantity, BeforeValidator(_quantity("cm-3"))]
Gradient = Annotated[u.Quantity, BeforeValidator(_quantity("kpc-1", exclusive=False))]
SurfaceDensity = Annotated[u.Quantity, BeforeValidator(_quantity("g cm-2"))]
Speed = Annotated[u.Quantity, BeforeValidator(_quantity("km s-1"))]
DiffusionCoefficient = Annotated[u.Quantity, BeforeValidator(_quantity("cm2 s-1"))]
RigidityOrZero = Annotated[u.Quantity, BeforeValidator(_quantity("GV", exclusive=False))]
CoToHydrogen = Annotated[u.Quantity, BeforeValidator(_quantity(X_CO_UNIT.to_string()))]


def _name(what: str, allowed: Iterable[str]) -> Callable[[object], str]:
    return partial(check_name, what, allowed=list(allowed))


def _delta(value: object) -> object:
    if isinstance(value, str):
        if value in TURBULENCE:
            return TURBULENCE[value]
        try:
            return float(Fraction(value))
        except (ValueError, ZeroDivisionError):
            raise unknown_name("turbulence", value, TURBULENCE) from None
    return value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)


class GalaxySection(_Section):
    """``[galaxy]``: where the Sun is."""

    sun_radius: Length = 8.5 * u.kpc
    sun_height: SignedLength = 0.0 * u.kpc

    def build(self) -> Sun:
        """The observer."""
        return Sun(self.sun_radius, self.sun_height)


class DiscSection(_Section):
    """``[components.NAME.disc]``: where the sources are."""

    profile: Annotated[str, BeforeValidator(_name("disc profile", [*PROFILES, "custom", "grid"]))] = "green2015"
    vertical: Annotated[str, BeforeValidator(_name("vertical profile", VERTICALS))] = "exponential"
    height: Length = 0.1 * u.kpc
    radius: Length = 20.0 * u.kpc
    half_height: Length = 0.5 * u.kpc
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

    def build(self, sun: Sun, rate: u.Quantity, folder: Path) -> SourceDisc | CylindricalGrid:
        """The density, normalised to a rate."""
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


class SpeciesSection(_Section):
    """``[components.NAME.injection.SPECIES]``: what one source releases."""

    efficiency: float = Field(ge=0, le=1)
    slope: float = Field(gt=3, lt=5)
    cutoff: RigidityOrInfinite = 3.0 * u.PV
    mass_convention: Literal["own_mass", "proton_mass"] = "own_mass"


class InjectionSection(_Section):
    """``[components.NAME.injection]``: one section for each species."""

    proton: SpeciesSection | None = None
    helium: SpeciesSection | None = None

    @model_validator(mode="after")
    def _any(self) -> InjectionSection:
        if self.proton is None and self.helium is None:
            raise ValueError("at least one of proton and helium is needed")
        return self

    def build(self, energy: u.Quantity) -> tuple[Injection, ...]:
        """What each species' section says."""
        found = {name: section for name in SPECIES if (section := getattr(self, name)) is not None}
        return tuple(
            Injection(SPECIES[name], s.efficiency, s.slope, s.cutoff, energy, s.mass_convention)
            for name, s in found.items()
        )


class GrammageSection(_Section):
    """``[components.NAME.grammage]``: X_c of rigidity."""

    law: Annotated[str, BeforeValidator(_name("grammage law", LAWS))] = "exponential"
    normalisation: Grams = 0.4 * u.g / u.cm**2
    cutoff: Rigidity | None = None
    delta: Annotated[float | None, BeforeValidator(_delta), Field(gt=0, le=2)] = None
    sharp: bool | None = None

    @model_validator(mode="after")
    def _consistent(self) -> GrammageSection:
        if self.law != "diffusive":
            for key in ("delta", "sharp"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} goes with law = 'diffusive' alone, not with {self.law!r}")
        if self.law == "diffusive" and self.delta is None:
            raise ValueError("law = 'diffusive' needs delta, e.g. 0.5 (kraichnan) or 1 (bohm)")
        return self

    def build(self) -> Grammage:
        """The law."""
        options: dict[str, Any] = {"normalisation": self.normalisation}
        if self.law != "constant" and self.cutoff is not None:
            options["cutoff"] = self.cutoff
        if self.law == "diffusive":
            options |= {"delta": self.delta, "sharp": bool(self.sharp)}
        result: Grammage = LAWS[self.law](**options)
        return result


class InteractionsSection(_Section):
    """``[interactions]``: which publication each cross section comes from."""

    proton: Annotated[str, BeforeValidator(_name("proton cross section", ["kelner2006"]))] = "kelner2006"
    helium: Annotated[str, BeforeValidator(_name("helium cross section", ENHANCEMENTS))] = "joshi2014"


# The section and the component of a build before this one.
_Before = tuple["_Section", Any] | None


def _same(section: _Section, before: _Before) -> Callable[..., bool]:
    """Whether keys of a section are the very objects of the section that was built before."""
    return lambda *keys: before is not None and all(getattr(section, k) is getattr(before[0], k) for k in keys)


class CocoonsSection(_Section):
    """``[components.NAME]`` with ``kind = "cocoons"``."""

    kind: Literal["cocoons"]
    supernova_interval: Time = 30.0 * u.yr
    supernova_energy: EnergyOrZero = 1e51 * u.erg
    gas_density: NumberDensity = 1.0 / u.cm**3
    lifetime: Time = 0.3 * u.Myr
    nearest: LengthOrZero = 0.0 * u.kpc
    disc: DiscSection = DiscSection()
    injection: InjectionSection
    grammage: GrammageSection = GrammageSection()

    def build(
        self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, before: _Before = None
    ) -> Cocoons:
        """The component; parts whose sections are those of one that was built ``before`` are taken from it."""
        same = _same(self, before)
        disc: Any = before[1].density if before and same("disc", "supernova_interval") else None
        injection = before[1].injection if before and same("injection", "supernova_energy") else None
        return Cocoons(
            name,
            self.disc.build(sun, 1.0 / self.supernova_interval, folder) if disc is None else disc,
            self.injection.build(self.supernova_energy) if injection is None else injection,
            self.grammage.build(),
            interactions.helium,
            self.gas_density,
            self.lifetime,
            self.nearest,
        )


class SeaSection(_Section):
    """``[components.NAME.sea]``: where the diffusing cosmic rays are."""

    sources: Annotated[str, BeforeValidator(_name("source profile", PROFILES))] = "green2015"
    halo_height: Length = 4.0 * u.kpc
    radius: Length = 20.0 * u.kpc
    delta_gradient: Gradient = 0.0 / u.kpc
    delta_outer: Length = 11.0 * u.kpc

    def build(self, sun: Sun) -> Sea:
        """The sea, 1 at the Sun."""
        return Sea(self.sources, self.halo_height, self.radius, sun.radius, self.delta_gradient, self.delta_outer)


class DiffuseSection(_Section):
    """``[components.NAME]`` with ``kind = "diffuse"``."""

    kind: Literal["diffuse"]
    spectra: Annotated[str, BeforeValidator(_name("local spectra", LOCAL_SPECTRA))] = "min"
    gas: Annotated[str, BeforeValidator(_name("gas model", GAS_MODELS))] = "galprop"
    x_co: CoToHydrogen | None = None
    ionised: bool = False
    column_scale: float = Field(default=1.0, gt=0)
    nuclear: Annotated[str, BeforeValidator(_name("nuclear factors", NUCLEAR_FACTORS))] = "constant"
    helium_abundance: float = Field(default=0.0963, ge=0, le=0.5)
    sea: SeaSection = SeaSection()

    def build(
        self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, before: _Before = None
    ) -> Diffuse:
        """The component; the sea of one that was built ``before`` is taken over if its section is the same."""
        gas = Gas(self.gas, self.x_co, self.ionised, self.column_scale)
        sea = before[1].sea if before and _same(self, before)("sea") else self.sea.build(sun)
        return Diffuse(name, self.spectra, gas, sea, self.nuclear, self.helium_abundance)


class MapSection(_Section):
    """``[components.NAME]`` with ``kind = "map"``: the keys but ``file`` say what the file does not."""

    kind: Literal["map"]
    file: str
    unit: str | None = None
    frame: str | None = None
    ordering: Literal["RING", "NESTED"] | None = None
    energies: list[Energy] | None = None
    messenger: Annotated[str | None, BeforeValidator(_name("messenger", MESSENGERS))] = None
    flavour: Annotated[str | None, BeforeValidator(_name("flavour convention", FLAVOURS))] = None
    scale: float = Field(default=1.0, ge=0)
    outside: Annotated[str, BeforeValidator(_name("choice for energies outside the map", OUTSIDE))] = "error"

    def build(
        self, name: str, sun: Sun, interactions: InteractionsSection, folder: Path, before: _Before = None
    ) -> Template:
        """The component; the map of one that was built ``before`` is not read again if but its scale has changed."""
        if before and _same(self, before)(*(key for key in type(self).model_fields if key not in ("scale", "outside"))):
            return Template(name, before[1].sky, self.scale, self.outside)
        sky = SkyMap.read(
            folder / self.file,
            unit=self.unit,
            frame=self.frame,
            ordering=self.ordering,
            energies=None if self.energies is None else u.Quantity(self.energies),
            messenger=self.messenger,
            flavour=self.flavour,
        )
        return Template(name, sky, self.scale, self.outside)


KINDS: Mapping[str, type[_Section]] = {"cocoons": CocoonsSection, "diffuse": DiffuseSection, "map": MapSection}
ComponentSection = Annotated[CocoonsSection | DiffuseSection | MapSection, Field(discriminator="kind")]


def _listed(value: object) -> object:
    if isinstance(value, str):
        raise InputError(f'a list is needed, e.g. ["{value}"] or []')
    return value


class AbsorptionSection(_Section):
    """``[absorption]``: photon fields that absorb gamma rays on their way."""

    fields: Annotated[
        list[Annotated[str, BeforeValidator(_name("absorbing field", ABSORBERS))]], BeforeValidator(_listed)
    ] = Field(default_factory=list)
    # Published attenuations leave 1.0 to 1.8 open.
    dust_scale: float = Field(default=1.4, ge=0, le=3)

    def build(self) -> Absorption:
        """The absorber."""
        return Absorption(tuple(self.fields), self.dust_scale)


class EnergiesSection(_Section):
    """``energies`` in ``[maps]``: logarithmic nodes."""

    model_config = ConfigDict(populate_by_name=True)

    first: Energy = Field(default=10.0 * u.GeV, alias="from")
    last: Energy = Field(default=10.0 * u.PeV, alias="to")
    per_decade: int = Field(default=20, ge=1, le=1000)

    @model_validator(mode="after")
    def _order(self) -> EnergiesSection:
        if self.last <= self.first:
            raise ValueError(f"'to' ({self.last}) must be above 'from' ({self.first})")
        return self

    def nodes(self) -> u.Quantity:
        """The nodes [GeV]: ``per_decade`` in each decade and both ends."""
        low, high = self.first.to_value(u.GeV), self.last.to_value(u.GeV)
        count = max(2, round(math.log10(high / low) * self.per_decade) + 1)
        return np.geomspace(low, high, count) * u.GeV


class MapsSection(_Section):
    """``[maps]``: resolution and energies."""

    nside: Annotated[int, AfterValidator(check_nside)] = 128
    energies: EnergiesSection = EnergiesSection()


def _by_region(value: object) -> object:
    """Regions may be named as in the table or as their analysis."""
    if isinstance(value, Mapping):
        return {Region.parse(str(region)).name: item for region, item in value.items()}
    return value


def _mask(value: object) -> Region:
    region = Region.parse(str(value))
    if region.unmasked is None:
        raise InputError(
            f"{region.name} masks no sources; e.g. lhaaso-inner-masked, or 'REGION - sources:1lhaaso,0.5deg'"
        )
    return region


class ComparisonSection(_Section):
    """``[comparison]``: what is done to the model, and to it alone, before it is held against data.

    For the sources that an analysis masked, either ``mask_factor`` multiplies the model, or ``mask`` takes the mean
    over a region without them. ``variants`` are the same model with some keys changed, drawn beside it; ``name`` is
    what it is called itself there.
    """

    mask_factor: Annotated[dict[str, Annotated[float, Field(gt=0, le=1)]], BeforeValidator(_by_region)] = Field(
        default_factory=dict
    )
    mask: Annotated[dict[str, Annotated[Any, BeforeValidator(_mask)]], BeforeValidator(_by_region)] = Field(
        default_factory=dict
    )
    name: str = ""
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> ComparisonSection:
        for name, region in self.mask.items():
            if name in self.mask_factor:
                raise ValueError(f"{name} has a mask and a mask_factor: they mean the same sources, choose one")
            if region.unmasked != Region.parse(name):
                raise ValueError(f"mask.{name}: {region.name} is no part of it")
        return self


class TransportSection(_Section):
    """``[transport]``: the slab in which nuclei travel, for B/C.

    ``slope_plus_delta``, the slope of nuclei at the Earth, takes the place of ``slope``: while delta is fitted, what is
    observed stays.
    """

    halo_height: Length = 7.0 * u.kpc
    surface_density: SurfaceDensity = 2.3 * u.mg / u.cm**2
    advection: Speed = 4.409 * u.km / u.s
    diffusion: DiffusionCoefficient = 2.4826e28 * u.cm**2 / u.s
    delta: float = Field(default=0.565132, gt=0, lt=2)
    break_rigidity: Rigidity = 290.0 * u.GV
    break_delta: float = Field(default=0.22, gt=-1, lt=2)
    break_smoothness: float = Field(default=0.1, gt=0, lt=10)
    slope: float = Field(default=4.328, gt=3, lt=6)
    slope_plus_delta: float | None = Field(default=None, gt=3, lt=8)
    modulation: RigidityOrZero = 0.4878 * u.GV
    fragmentation: Annotated[str, BeforeValidator(_name("fragmentation table", FRAGMENTATIONS))] = "evoli2019"
    cross_section_scale: float = Field(default=1.0, gt=0, lt=10)
    cocoons: str | None = None

    def build(self, grammage: Grammage | None) -> Nuclei:
        """Nuclei with the cocoons' grammage."""
        slope = self.slope if self.slope_plus_delta is None else self.slope_plus_delta - self.delta
        slab = Slab(
            self.halo_height, self.surface_density, self.advection, self.diffusion, self.delta, self.break_rigidity,
            self.break_delta, self.break_smoothness, slope, self.modulation,
        )  # fmt: skip
        return Nuclei(slab, grammage, self.fragmentation, self.cross_section_scale)


def _pair(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise InputError("two values are needed, [lowest, highest]")
    return value


Number = str | float


class PriorSection(_Section):
    """``prior`` of a parameter: a Gaussian."""

    mean: Number
    sigma: Number


class ParameterSection(_Section):
    """``[fit.parameters]``, one key of the model: where it may be, and what is known of it."""

    bounds: Annotated[list[Number], BeforeValidator(_pair)]
    prior: PriorSection | None = None


class NormalisationSection(_Section):
    """``[fit.normalisations]``: one nuisance factor of an experiment, on the model."""

    sigma: float = Field(gt=0, lt=1)
    data: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)


def _normalisations(value: object) -> object:
    """A number alone is the sigma of the data set that the key names."""
    if isinstance(value, Mapping):
        return {
            key: item if isinstance(item, Mapping) else {"sigma": item, "data": [key]} for key, item in value.items()
        }
    return value


class DataRangeSection(_Section):
    """``[fit.ranges]``: which points of a data set are used."""

    model_config = ConfigDict(populate_by_name=True)

    first: str | None = Field(default=None, alias="from")
    last: str | None = Field(default=None, alias="to")


class FitSection(_Section):
    """``[fit]``: which data, which parameters."""

    data: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)
    parameters: dict[str, ParameterSection] = Field(min_length=1)
    normalisations: Annotated[dict[str, NormalisationSection], BeforeValidator(_normalisations)] = Field(
        default_factory=dict
    )
    ranges: dict[str, DataRangeSection] = Field(default_factory=dict)
    profiles: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    minos: bool = True
    starts: int = Field(default=1, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> FitSection:
        for key in self.profiles:
            check_name("parameter in profiles", key, self.parameters)
        if twice := [name for name in self.data if self.data.count(name) > 1]:
            raise ValueError(f"data: {twice[0]} is named twice")
        for name, item in self.normalisations.items():
            for other in item.data:
                check_name(f"data set of normalisations.{name}", other, self.data)
        of = [other for item in self.normalisations.values() for other in item.data]
        if twice := [name for name in of if of.count(name) > 1]:
            raise ValueError(f"normalisations: {twice[0]} has two")
        for name in self.ranges:
            check_name("data set in ranges", name, self.data)
        return self


class SamplingSection(_Section):
    """``[sampling]``: how emcee samples the posterior."""

    walkers: int = Field(default=32, ge=4, le=10000)
    steps: int = Field(default=2000, ge=10)
    burn: int = Field(default=500, ge=0)
    thin: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)


class ModelFile(_Section):
    """A whole model file, after its ``base`` was put below it."""

    galaxy: GalaxySection = GalaxySection()
    components: dict[str, ComponentSection] = Field(min_length=1)
    absorption: AbsorptionSection = AbsorptionSection()
    interactions: InteractionsSection = InteractionsSection()
    maps: MapsSection = MapsSection()
    comparison: ComparisonSection = ComparisonSection()
    transport: TransportSection = TransportSection()
    fit: FitSection | None = None
    sampling: SamplingSection | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ModelFile:
        if (
            self.fit is not None
            and self.transport.slope_plus_delta is not None
            and "transport.slope" in self.fit.parameters
        ):
            raise ValueError("fit.parameters.transport.slope: slope_plus_delta is set and takes its place")
        return self

    def cocoons(self) -> str | None:
        """Name of the component whose grammage nuclei cross; None if there is none.

        Raises
        ------
        InputError
            If there are several and ``transport.cocoons`` does not say which, or names none of them.
        """
        names = [name for name, section in self.components.items() if isinstance(section, CocoonsSection)]
        if self.transport.cocoons is not None:
            return check_name("component of kind 'cocoons' in transport.cocoons", self.transport.cocoons, names)
        if len(names) > 1:
            raise InputError(f"transport.cocoons: is missing; which of {', '.join(names)} do nuclei cross?")
        return names[0] if names else None


@dataclass(frozen=True)
class LoadedModel:
    """A model file that was read: the model, and how to run it.

    Attributes
    ----------
    model
        What shines.
    maps, comparison
        Resolution and energies; masks or their factors.
    variants
        The same model with some keys changed, by name: what a figure draws beside it.
    toml
        The file's text with the overrides in it: what `skycocoon run` on it would do again.
    file, folder, source
        The file as it was checked, where its paths begin, and what it is called.
    """

    model: GalaxyModel
    maps: MapsSection
    comparison: ComparisonSection
    variants: Mapping[str, GalaxyModel]
    toml: str
    file: ModelFile = field(repr=False)
    folder: Path
    source: str

    @cached_property
    def nuclei(self) -> Nuclei:
        """Nuclei in the slab of ``[transport]``, with the cocoons' grammage.

        Raises
        ------
        InputError
            If it is not clear which cocoons these are.
        """
        return _nuclei(self.file, self.model, self.source)

    def with_values(self, values: Mapping[str, object], note: str = "") -> str:
        """The model's TOML with other values of some keys, after a comment."""
        document = tomllib.loads(self.toml)
        for key, value in values.items():
            _override(document, key, str(value) if isinstance(value, u.Quantity) else value)
        return "".join(f"# {line}\n" for line in note.splitlines()) + _toml(document)


def _nuclei(file: ModelFile, model: GalaxyModel, source: str) -> Nuclei:
    try:
        name = file.cocoons()
        found = next((part for part in model.components if part.name == name), None)
        return file.transport.build(found.grammage if isinstance(found, Cocoons) else None)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


class Variation:
    """The same model at other values of some of its keys, without reading or checking it all again.

    Parts that no key touches are the very objects that were there before: what was computed of them stays good.

    Parameters
    ----------
    loaded
        The model.
    bounds
        Lowest and highest value of each key that varies, as in a model file. Both are tried.
    where
        What to call the place of a mistake.

    Attributes
    ----------
    keys, units
        Keys, and what their values are measured in.
    start, low, high
        The model's values, and the bounds.

    Raises
    ------
    InputError
        For a key that is not there, has no number, or whose model would be wrong at a bound; for a model outside the
        bounds.
    """

    def __init__(self, loaded: LoadedModel, bounds: Mapping[str, tuple[Any, Any]], where: str = "fit.parameters"):
        self.keys = tuple(bounds)
        paths = [tuple(key.split(".")) for key in bounds]
        self._loaded = loaded
        self._file, self._model = loaded.file, loaded.model
        self._built = {n: (section, part) for (n, section), part in zip(
            loaded.file.components.items(), loaded.model.components, strict=True)}  # fmt: skip
        starts: list[float] = []
        lows: list[float] = []
        highs: list[float] = []
        units: list[str] = []
        for key, path, (low, high) in zip(self.keys, paths, bounds.values(), strict=True):
            place = f"{loaded.source}: {where}.{key}"
            leaf = _leaf(loaded.file, path, place)
            if isinstance(leaf, bool) or not isinstance(leaf, (int, float, u.Quantity)):
                said = "has no value in the model, give it one" if leaf is None else f"is {leaf!r}, no number"
                raise InputError(f"{place}: {said}")
            unit = _unit_of(low, leaf, place)
            start, least, most = (_in_unit(value, unit, place) for value in (leaf, low, high))
            if not least < most:
                raise InputError(f"{place}: bounds = [{low}, {high}]: the first must be below the second")
            if not least <= start <= most:
                raise InputError(
                    f"{place}: the model's {start:g} {unit}".rstrip() + f" is outside its bounds, {low} to {high}"
                )
            for found, value in ((starts, start), (lows, least), (highs, most)):
                found.append(value)
            units.append(unit)
        self.start, self.low, self.high = (tuple(values) for values in (starts, lows, highs))
        self.units = tuple(units)
        self._scales = [unit and u.Unit(unit) for unit in units]
        self._tree = _tree(loaded.file, [(path, index) for index, path in enumerate(paths)])
        for values in (self.low, self.high):
            for index, key in enumerate(self.keys):
                tried = [*self.start[:index], values[index], *self.start[index + 1 :]]
                try:
                    load_text(loaded.with_values(self.quantities(tried)), loaded.source, loaded.folder)
                except InputError as error:
                    raise InputError(f"{error} (in {where}.{key}: bounds)") from None

    def quantities(self, values: Iterable[float]) -> dict[str, object]:
        """Values as a model file has them."""
        return {
            key: f"{value!r} {unit}" if unit else value
            for key, value, unit in zip(self.keys, map(float, values), self.units, strict=True)
        }

    def at(self, values: Iterable[float]) -> tuple[ModelFile, GalaxyModel]:
        """The file and the model at values in :attr:`units`; nuclei by :meth:`nuclei`."""
        leaves = [u.Quantity(value, unit) if unit else value for value, unit in zip(values, self._scales, strict=True)]
        file = _with_leaves(self._file, self._tree, leaves)
        sun, absorption = self._model.sun, self._model.absorption
        if file.galaxy is not self._file.galaxy or file.absorption is not self._file.absorption:
            sun, absorption = file.galaxy.build(), file.absorption.build()
        if file.galaxy is not self._file.galaxy:
            self._built = {}
        parts = []
        for name, section in file.components.items():
            before = self._built.get(name)
            if before is None or before[0] is not section:
                part = section.build(name, sun, file.interactions, self._loaded.folder, before)
                self._built[name] = before = (section, part)
            parts.append(before[1])
        return file, GalaxyModel(tuple(parts), sun, absorption, self._model.provenance)

    def nuclei(self, file: ModelFile, model: GalaxyModel) -> Nuclei:
        """Nuclei of what :meth:`at` gave."""
        return _nuclei(file, model, self._loaded.source)


def _leaf(file: ModelFile, path: tuple[str, ...], place: str) -> Any:
    """What a dotted key leads to."""
    found: Any = file
    for index, step in enumerate(path):
        if isinstance(found, Mapping):
            names = list(found)
        else:
            names = [f.alias or n for n, f in type(found).model_fields.items()] if isinstance(found, _Section) else []
        if step not in names:
            above = ".".join(path[:index]) or "the model"
            raise InputError(f"{place}: {unknown_name(f'key of {above},', step, names)}")
        found = found[step] if isinstance(found, Mapping) else getattr(found, _field_name(found, step))
    return found


def _field_name(section: _Section, step: str) -> str:
    return next(n for n, f in type(section).model_fields.items() if step in (n, f.alias))


# What changes in a section: of each field a number's place among the values, or what changes within it.
_Tree = dict[str, Any]


def _tree(place: Any, leaves: list[tuple[tuple[str, ...], int]]) -> _Tree:
    """Dotted keys, each with a place, as a tree of the fields of a section (or the keys of a table)."""
    found: _Tree = {}
    for step in dict.fromkeys(path[0] for path, _ in leaves):
        name = step if isinstance(place, Mapping) else _field_name(place, step)
        within = place[name] if isinstance(place, Mapping) else getattr(place, name)
        below = [(path[1:], index) for path, index in leaves if path[0] == step]
        found[name] = below[0][1] if not below[0][0] else _tree(within, below)
    return found


def _with_leaves(place: Any, tree: _Tree, leaves: list[Any]) -> Any:
    """A copy with other values at the leaves; all that is not on the way to them is shared."""
    table = isinstance(place, Mapping)
    changed = {}
    for name, below in tree.items():
        if isinstance(below, int):
            changed[name] = leaves[below]
        else:
            changed[name] = _with_leaves(place[name] if table else getattr(place, name), below, leaves)
    return {**place, **changed} if table else place.model_copy(update=changed)


def _unit_of(bound: object, leaf: object, place: str) -> str:
    """The unit in which a parameter is fitted: that of its lower bound."""
    if not isinstance(leaf, u.Quantity):
        return ""
    try:
        unit = quantity(bound, leaf.unit, "bounds").unit
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    try:
        return str(unit.to_string("fits"))
    except ValueError:  # a unit that FITS does not know
        return str(unit.to_string())


def _in_unit(value: object, unit: str, place: str) -> float:
    try:
        return to_float(quantity(value, u.Unit(unit), "value"), u.Unit(unit), "value")
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def list_presets() -> list[str]:
    """Names of the shipped models."""
    return sorted(path.stem for path in (data_folder() / "presets").glob("*.toml"))


def preset_text(name: str) -> str:
    """A shipped model as commented TOML.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if name not in list_presets():
        raise unknown_name("preset", name, list_presets())
    return (data_folder() / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def load_file(source: str | Path, overrides: Mapping[str, object] | None = None) -> LoadedModel:
    """Read a preset or a model file, with keys changed.

    Parameters
    ----------
    source
        Name of a preset, or path of a TOML file.
    overrides
        New values by dotted key, e.g. ``{"components.cocoons.grammage.cutoff": "300 TV"}``. Quantities are fine.

    Raises
    ------
    InputError
        For an unknown preset, a file that cannot be read, or anything wrong in it.
    """
    text, folder = _text(source)
    return load_text(text, str(source), folder, overrides)


def load_text(text: str, source: str, folder: Path, overrides: Mapping[str, object] | None = None) -> LoadedModel:
    """Read the text of a model file; ``source`` is what it is called, and paths in it begin at ``folder``."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source}: not TOML: {error}") from None
    built_on = "base" in document
    if built_on:
        document = _on_base(document, source)
    for key, value in (overrides or {}).items():
        _override(document, key, str(value) if isinstance(value, u.Quantity) else value)
    moved = _absolute_files(document, folder) or built_on
    changes = ", ".join(f"{key} = {value}" for key, value in (overrides or {}).items())
    text = _toml(document) if overrides or moved else text
    file = _checked(document, source)
    model = _build(file, source, folder, text, changes, {})
    unchanged = dict(zip(file.components, model.components, strict=True))
    variants = {}
    for name, keys in file.comparison.variants.items():
        where = f"(in comparison.variants.{name})"
        varied = copy.deepcopy(document)
        for key, value in keys.items():
            first, _, rest = key.partition(".")
            if first != "components":
                raise InputError(f"{source}: {key}: only keys of components can vary {where}")
            try:
                check_name("component", rest.partition(".")[0], document["components"])
            except InputError as error:
                raise InputError(f"{source}: {key}: {error} {where}") from None
            _override(varied, key, value)
        same = {n: part for n, part in unchanged.items() if varied["components"].get(n) == document["components"][n]}
        try:
            variants[name] = _build(_checked(varied, source), source, folder, text, changes, same)
        except InputError as error:
            raise InputError(f"{error} {where}") from None
    return LoadedModel(model, file.maps, file.comparison, variants, text, file, folder, source)


def load_model(source: str | Path, overrides: Mapping[str, object] | None = None) -> GalaxyModel:
    """Read a preset or a model file as a :class:`~skycocoon.emission.GalaxyModel`; see :func:`load_file`."""
    return load_file(source, overrides).model


def _text(source: str | Path) -> tuple[str, Path]:
    name = str(source)
    if name in list_presets():
        return preset_text(name), Path.cwd()
    path = Path(source)
    if not path.suffix and not path.exists():
        raise unknown_name("model", name, list_presets())
    try:
        return path.read_text(encoding="utf-8"), path.resolve().parent
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; presets: {', '.join(list_presets())}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _on_base(document: Mapping[str, Any], source: str) -> dict[str, Any]:
    """A file that says ``base = "PRESET"``, with what it does not say taken from there."""
    own = {key: value for key, value in document.items() if key != "base"}
    name = document["base"]
    if not isinstance(name, str) or name not in list_presets() or name == source:
        raise InputError(f"{source}: base: {unknown_name('preset', name, [n for n in list_presets() if n != source])}")
    below = tomllib.loads(preset_text(name))
    if "base" in below:
        below = _on_base(below, name)
    return _merged(below, own)


# Tables whose keys are the user's own words: they are replaced, not added to.
REPLACED = {("comparison", "mask"), ("comparison", "mask_factor"), ("comparison", "variants"), ("fit",), ("sampling",)}


def _merged(below: Mapping[str, Any], own: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """One document over another; a component of another kind takes the place of the one below."""
    found = dict(below)
    for key, value in own.items():
        there = below.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping) and (*path, key) not in REPLACED:
            same_kind = there.get("kind") == value.get("kind", there.get("kind"))
            value = _merged(there, value, (*path, key)) if same_kind else value
        found[key] = value
    return found


def _absolute_files(document: dict[str, Any], folder: Path) -> bool:
    """Make paths of grids, maps and data absolute, so that the model can be run again from any folder."""
    moved = False
    fit = document.get("fit")
    if isinstance(fit, dict) and isinstance(fit.get("data"), list):
        names = {name: str(folder / name) for name in fit["data"] if isinstance(name, str) and name.endswith(".ecsv")}
        names = {name: path for name, path in names.items() if name != path}
        moved = bool(names)
        fit["data"] = [names.get(name, name) if isinstance(name, str) else name for name in fit["data"]]
        for key in ("ranges", "normalisations"):
            if isinstance(fit.get(key), dict):
                fit[key] = {names.get(name, name): item for name, item in fit[key].items()}
    components = document.get("components")
    for section in components.values() if isinstance(components, dict) else ():
        for place in (section, section.get("disc") if isinstance(section, dict) else None):
            if isinstance(place, dict) and isinstance(place.get("file"), str) and not Path(place["file"]).is_absolute():
                place["file"], moved = str(folder / place["file"]), True
    return moved


def _override(document: dict[str, Any], key: str, value: object) -> None:
    *path, last = key.split(".")
    place: Any = document
    for step in path:
        if not isinstance(place, dict):
            break
        place = place.setdefault(step, {})
    if not isinstance(place, dict) or not last:
        raise InputError(f"--set {key}: there is no such key")
    place[last] = value


def _checked(document: dict[str, Any], source: str) -> ModelFile:
    try:
        return ModelFile.model_validate(document)
    except ValidationError as error:
        raise InputError(f"{source}: {_explain(error)}") from None


def _build(
    file: ModelFile, source: str, folder: Path, text: str, changes: str, made: Mapping[str, Component]
) -> GalaxyModel:
    """The model of a file; components that are made already are taken as they are."""
    try:
        sun = file.galaxy.build()
        parts = tuple(
            made[name] if name in made else section.build(name, sun, file.interactions, folder)
            for name, section in file.components.items()
        )
        absorption = file.absorption.build()
        from . import __version__

        provenance = {
            "creator": "skycocoon",
            "version": __version__,
            "model": source,
            **({"changes": changes} if changes else {}),
            "model_sha256": hashlib.sha256(text.strip().encode()).hexdigest(),
            "cross_sections": f"{file.interactions.proton}, helium {file.interactions.helium}",
            "absorption": str(absorption) if absorption.fields else "none",
            "sun": f"R = {sun.radius}, z = {sun.height}",
            "toml": text.strip(),
        }
        return GalaxyModel(parts, sun, absorption, provenance)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def _explain(error: ValidationError) -> str:
    """The first mistake in one line: key, value, what is allowed; how many more there are."""
    mistakes = error.errors()
    # An unknown key explains a missing one beside it.
    first = next((m for m in mistakes if m["type"] == "extra_forbidden"), mistakes[0])
    steps = [str(step) for step in first["loc"]]
    # Within a component comes its kind, which is no key.
    location = steps[:2] + steps[3:] if steps[0:1] == ["components"] and steps[2:3] and steps[2] in KINDS else steps
    key = ".".join(location) or "model"
    value = first["input"]
    if first["type"] == "extra_forbidden":
        allowed = _fields(steps[:-1])
        line = f"{'.'.join(location[:-1]) or 'model'}: {unknown_name('key', location[-1], allowed)}"
    elif first["type"] == "union_tag_invalid":
        line = f"{key}.kind: {unknown_name('kind of component', first['ctx']['tag'], KINDS)}"
    elif first["type"] == "union_tag_not_found":
        line = f"{key}.kind: is missing; allowed: {', '.join(KINDS)}"
    elif first["type"] == "missing":
        line = f"{key}: is missing"
    else:
        inner = first.get("ctx", {}).get("error")
        reason = str(inner) if inner is not None else first["msg"].replace("Input should be", "should be")
        reason = reason.removeprefix("value: ")
        shown = "" if isinstance(value, (dict, BaseModel)) or repr(value) in reason else f" = {value!r}"
        line = f"{key}{shown}: {reason}"
    more = len(mistakes) - 1
    return " ".join(line.split()) + (f" (and {more} more)" if more else "")


def _fields(steps: list[str]) -> list[str]:
    """Names of the keys that the section at a location may have."""
    section: Any = ModelFile
    if steps[:1] == ["components"]:
        if len(steps) < 3:
            return []
        section, steps = KINDS[steps[2]], steps[3:]
    within = False
    for step in steps:
        if within:  # a name of the user's own
            within = False
            continue
        found = next((f for n, f in section.model_fields.items() if step in (n, f.alias)), None)
        within = found is not None and get_origin(found.annotation) is dict
        candidates = () if found is None else (found.annotation, *get_args(found.annotation))
        section = next((t for t in candidates if isinstance(t, type) and issubclass(t, _Section)), None)
        if section is None:
            return []
    return [field.alias or name for name, field in section.model_fields.items()]


def _toml(document: Mapping[str, Any], path: str = "") -> str:
    """Write a document of tables, numbers, strings, booleans and lists as TOML."""

    def item(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return _string(value)
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(item(v) for v in value) + "]"
        return repr(value)

    plain = [f"{_key(k)} = {item(v)}" for k, v in document.items() if not isinstance(v, Mapping)]
    lines = ([f"[{path}]"] if path and (plain or not document) else []) + plain
    text = "\n".join(lines) + ("\n\n" if lines else "")
    for k, v in document.items():
        if isinstance(v, Mapping):
            text += _toml(v, f"{path}.{_key(k)}" if path else _key(k))
    return text


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)


def _string(text: str) -> str:
    """A basic string: TOML escapes as JSON does, and DEL too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
