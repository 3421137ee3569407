"""Load a model file: parse, validate, build the model objects."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import astropy.units as u

from ..emission import Component, GalaxyModel
from ..errors import InputError, check_name
from ..interactions.publications import cross_section
from ..nuclei import Nuclei
from ..sky.convention import MESSENGERS
from ..units import within
from .building import Builder
from .document import absolute_files, files_named, forget, on_base, override, parse, read_text, to_toml
from .mistakes import checked
from .schema import ModelFile
from .sections.comparison import ComparisonSection
from .sections.maps import MapsSection

__all__ = ["LoadedModel", "ModelText", "load_file", "load_model", "load_text"]


@dataclass(frozen=True)
class LoadedModel:
    """A model file that was read: the model, and how to run it.

    Attributes
    ----------
    model
        What shines.
    variants
        The same model with some keys changed, by name: what a figure draws beside it.
    toml
        The file's text with the overrides in it: what `skycocoon run` on it would do again.
    file, folder, source
        The file as it was checked, where its paths begin, and what it is called.
    build
        Builds the model of the file with other values; what these leave as it is, is not built again.
    """

    model: GalaxyModel
    variants: Mapping[str, GalaxyModel]
    toml: str
    file: ModelFile = field(repr=False)
    folder: Path
    source: str
    build: Builder = field(repr=False, compare=False)

    @property
    def maps(self) -> MapsSection:
        """Resolution and energies."""
        return self.file.maps

    @property
    def comparison(self) -> ComparisonSection:
        """Masks or their factors."""
        return self.file.comparison

    @cached_property
    def nuclei(self) -> Nuclei:
        """Nuclei in the slab of ``[transport]``, with the cocoons' grammage.

        Raises
        ------
        InputError
            If it is not clear which cocoons these are.
        """
        return self.build.nuclei(self.file, self.model)

    def energies(self, messenger: str) -> u.Quantity:
        """Return the nodes of ``[maps]`` at which the messenger's cross section may be used.

        Those of Kelner et al. 2006 begin at 1 GeV for gamma rays and at 100 GeV for neutrinos.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.

        Returns
        -------
        Quantity
            (n,) energies, increasing.

        Raises
        ------
        InputError
            If a node is outside the ranges of all messengers, or fewer than two are left.
        """
        nodes = self.maps.energies.nodes()
        gev = nodes.to_value(u.GeV)
        ranges = {name: cross_section(name, proton=self.file.interactions.proton).energy_range for name in MESSENGERS}
        lowest, highest = min(low for low, _ in ranges.values()), max(high for _, high in ranges.values())
        outside = ~within(gev, lowest, highest)
        if outside.any():
            raise InputError(
                f"maps.energies: {gev[outside][0]:g} GeV is outside the cross sections' range; "
                f"allowed: {lowest:g} GeV to {highest:g} GeV"
            )
        low, high = ranges[messenger]
        kept = nodes[within(gev, low, high)]
        if kept.size < 2:
            raise InputError(
                f"maps.energies: fewer than two nodes are at or above {low:g} GeV, where {messenger}s begin"
            )
        return kept

    def check_templates(self) -> None:
        """Check that components that are maps already have the energies of ``[maps]``.

        Raises
        ------
        InputError
            If one of them does not, and does not say what it is outside its map.
        """
        for messenger in self.model.messengers:
            ends = self.energies(messenger)[[0, -1]]
            for component in self.model.components:
                if messenger in component.messengers:
                    component.template(messenger, ends)

    def with_values(self, values: Mapping[str, object], note: str = "") -> str:
        """The model's TOML with other values of some keys, after a comment.

        Parameters
        ----------
        values
            New values by dotted key.
        note
            Comment above the text.

        Returns
        -------
        str
            TOML.
        """
        document = parse(self.toml, self.source)
        for key, value in values.items():
            override(document, key, str(value) if isinstance(value, u.Quantity) else value)
        return "".join(f"# {line}\n" for line in note.splitlines()) + to_toml(document)


@dataclass(frozen=True)
class ModelText:
    """A model file as plain data, for other processes: they load the same model of it.

    Attributes
    ----------
    toml
        Text of the file; paths in it are absolute.
    source
        What it is called, for messages.
    files
        SHA-256 of each file that the text names, so that models of other content differ.
    """

    toml: str
    source: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, loaded: LoadedModel, overrides: Mapping[str, object] | None = None) -> ModelText:
        """Return the text of a model that was read.

        Parameters
        ----------
        loaded
            The model.
        overrides
            New values by dotted key.

        Returns
        -------
        ModelText
            Its text with the new values in it.

        Raises
        ------
        InputError
            If a file that it names cannot be read.
        """
        toml = loaded.with_values(overrides or {})
        digests = {}
        for name in files_named(parse(toml, loaded.source)):
            try:
                with (loaded.folder / name).open("rb") as file:
                    digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise InputError(f"{name}: cannot be read ({error.strerror})") from None
        return cls(toml, loaded.source, digests)

    def load(self) -> LoadedModel:
        """Load the model."""
        return load_text(self.toml, self.source, Path())


def load_file(source: str | Path, overrides: Mapping[str, object] | None = None) -> LoadedModel:
    """Read a preset or a model file, with keys changed.

    Parameters
    ----------
    source
        Name of a preset, or path of a TOML file.
    overrides
        New values by dotted key, e.g. ``{"components.cocoons.grammage.cutoff": "300 TV"}``. Quantities are fine.

    Returns
    -------
    LoadedModel
        The model, and what is needed to run it.

    Raises
    ------
    InputError
        For an unknown preset, a file that cannot be read, or anything wrong in it.

    Examples
    --------
    >>> from skycocoon import load_file
    >>> loaded = load_file("paper", {"maps.nside": 32})
    >>> loaded.maps.nside
    32
    >>> loaded.energies("neutrino")[0]  # where the cross section begins
    <Quantity 100. GeV>
    """
    text, folder = read_text(source)
    return load_text(text, str(source), folder, overrides)


def load_text(text: str, source: str, folder: Path, overrides: Mapping[str, object] | None = None) -> LoadedModel:
    """Read the text of a model file; ``source`` is what it is called, and paths in it begin at ``folder``.

    Parameters
    ----------
    text
        TOML.
    source
        What the text is called, for messages.
    folder
        Where relative paths in it begin.
    overrides
        New values by dotted key.

    Returns
    -------
    LoadedModel
        The model, and what is needed to run it.
    """
    document = parse(text, source)
    built_on = "base" in document
    if built_on:
        document = on_base(document, source)
    stated: dict[str, Any] = {}
    for key, value in (overrides or {}).items():
        override(document, key, str(value) if isinstance(value, u.Quantity) else value)
        # What is taken out is stated, too, but not there.
        override(stated, key, {} if value is False else value)
    if "data" in stated.get("fit", {}) or "parameters" in stated.get("fit", {}):
        forget(document, stated["fit"])
    moved = absolute_files(document, folder) or built_on
    changes = ", ".join(f"{key} = {value}" for key, value in (overrides or {}).items())
    text = to_toml(document) if overrides or moved else text
    file = checked(document, source)
    build = Builder(folder, source)
    model = _built(build, file, source, text, changes)
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
            override(varied, key, value)
        same = {n: part for n, part in unchanged.items() if varied["components"].get(n) == document["components"][n]}
        try:
            variants[name] = _built(Builder(folder, source), checked(varied, source), source, text, changes, same)
        except InputError as error:
            raise InputError(f"{error} {where}") from None
    return LoadedModel(model, variants, text, file, folder, source, build)


def load_model(source: str | Path, overrides: Mapping[str, object] | None = None) -> GalaxyModel:
    """Read a preset or a model file as a :class:`~skycocoon.emission.GalaxyModel`; see :func:`load_file`.

    Parameters
    ----------
    source
        Name of a preset, or path of a TOML file.
    overrides
        New values by dotted key.

    Returns
    -------
    GalaxyModel
        Components, Sun and absorber.

    Examples
    --------
    >>> from skycocoon import load_model
    >>> model = load_model("schroer2021", {"components.cocoons.grammage.cutoff": "300 TV"})
    >>> model.components[0].grammage.cutoff
    <Quantity 300. TV>
    """
    return load_file(source, overrides).model


def _built(
    build: Builder, file: ModelFile, source: str, text: str, changes: str, made: Mapping[str, Component] | None = None
) -> GalaxyModel:
    """Build the model of a file, and say how it came about; components that are ``made`` are taken as they are."""
    model = build(file, made=made)
    absorption, sun = model.absorption, model.sun
    provenance = {
        "creator": "skycocoon",
        "version": version("skycocoon"),
        # A file's name need not be text.
        "model": source.encode(errors="backslashreplace").decode(),
        **({"changes": changes} if changes else {}),
        "model_sha256": hashlib.sha256(text.strip().encode()).hexdigest(),
        "cross_sections": f"{file.interactions.proton}, helium {file.interactions.helium}",
        "absorption": str(absorption) if absorption.fields else "none",
        "sun": f"R = {sun.radius}, z = {sun.height}",
        "toml": text.strip(),
    }
    return replace(model, provenance=provenance)
