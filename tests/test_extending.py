"""How to add a thing to skycocoon: each test adds a toy, as one file and one line, to a copy of the package.

The copy is used in a process of its own, so that nothing of the toy is known to the package beforehand. The table "How to
add ..." of CONTRIBUTING.md is these tests, in words.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture
def package(tmp_path):
    """A copy of the package and its data, to which things are added."""
    for name in ("skycocoon", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Package(tmp_path)


class Package:
    """A copy of skycocoon."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, name, text):
        """The one file."""
        path = self.folder / "skycocoon" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def line(self, name, after, line, imports=""):
        """The one line, and its import, after a line that is there."""
        path = self.folder / "skycocoon" / name
        text = path.read_text()
        assert text.count(after) == 1, f"{name}: {after!r}"
        if imports:
            head = "from __future__ import annotations\n"
            text = text.replace(head, f"{head}\n{imports}\n")
        path.write_text(text.replace(after, f"{after}\n    {line}"))

    def run(self, *words):
        """What a command of Python prints, in the copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "MPLBACKEND": "Agg"}
        result = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def numbers(self, script):
        """Numbers that a script prints."""
        return [float(word) for word in self.run("-c", script).split()]

    def lint(self):
        """What import-linter says: whether all is well, and its report."""
        linter = shutil.which("lint-imports", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert linter is not None, "import-linter is part of the extra test"
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        result = subprocess.run(
            [linter, "--no-cache"], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return result.returncode == 0, result.stdout

    def check_layers(self):
        """The toy keeps to its floor."""
        kept, report = self.lint()
        assert kept, report


CROSS_SECTION = '''
import numpy as np
from .cross_section import CrossSection


class Toy:
    """A constant cross section of 30 mb, and (1 - x)^3/x secondaries of any kind."""

    name = "toy"
    energy_range = (10.0, 1e8)
    breaks = ()
    low_energy = None

    def __init__(self, messenger):
        self.messenger = messenger

    def inelastic(self, energy):
        return np.full_like(energy, 3e-26)

    def multiplicity(self, x, energy):
        return (1 - x) ** 3 / x
'''


def test_a_pp_cross_section(package):
    """A power law of slope a gives the number of projectiles times sigma int x^(a - 2) (1 - x)^3 dx = sigma B(a - 1, 4)."""
    package.file("interactions/toy.py", CROSS_SECTION)
    package.line(
        "interactions/publications.py",
        "PUBLICATIONS: Mapping[str, Publication] = MappingProxyType(\n    {",
        '"toy": Publication(Toy("gamma"), Toy("neutrino"), Toy("neutrino")),',
        "from .toy import Toy",
    )
    changes = """{"interactions.proton": "toy", "components.cocoons.injection.proton.cutoff": "inf PV",
        "components.cocoons.grammage.law": "constant"}"""
    found, expected = package.numbers(f"""
import astropy.units as u, numpy as np
from scipy.special import beta
from skycocoon import load_model
from skycocoon.units import M_PROTON_GRAM
cocoons = load_model("schroer2021", {changes}).components[0]
proton, energy = cocoons.injection[0], 1e5
print(cocoons.source_yield("gamma", energy * u.GeV, species="proton").value)
grammage = cocoons.grammage.normalisation.to_value("g cm-2") / M_PROTON_GRAM
print(3e-26 * grammage * proton.per_nucleon(np.array([energy]))[0] * beta(proton.slope - 3, 4))
""")
    assert found == pytest.approx(expected, rel=1e-4)
    table = package.run(
        "-m", "skycocoon", "sed", "schroer2021", "--messenger", "neutrino", "--region", "lhaaso-inner", "--rtol", "1e-2",
        "--energies", "10 GeV", "--set", "interactions.proton=toy",
    )  # fmt: skip
    # Kelner's neutrinos would be refused at 10 GeV.
    assert "toy, helium" in table
    package.check_layers()


def test_a_source_profile(package):
    """Sources spread evenly over a disc: R_0 is the rate over its area and twice the scale height."""
    package.line(
        "galaxy/disc.py",
        '"yusifov-kucuk2004": (1.64, 4.01, 0.55),  # Yusifov & Kucuk 2004, A&A 422, 545',
        '"even": (0.0, 0.0, 0.0),',
    )
    found, expected = package.numbers("""
import numpy as np
from skycocoon import load_model
disc = load_model("schroer2021", {"components.cocoons.disc.profile": "even"}).components[0].density
print(disc.normalisation.to_value("kpc-3 yr-1"))
h, top = disc.height.to_value("kpc"), disc.half_height.to_value("kpc")
volume = np.pi * disc.radius.to_value("kpc") ** 2 * 2 * h * -np.expm1(-top / h)
print(disc.rate.to_value("yr-1") / volume)
""")
    assert found == pytest.approx(expected, rel=1e-9)


GAS = '''
"""Hydrogen of one atom per cm3, and no molecules."""
import numpy as np
from .model import GasModel


def atomic(R, z):
    return np.ones(np.broadcast_shapes(np.shape(R), np.shape(z)))


MODEL = GasModel(
    reference="nobody", atomic=atomic, molecular=lambda R, z: 0.0 * atomic(R, z), x_co=None,
    x_co_source="it has no molecules", provenance="a toy",
)
'''


def test_a_gas_model(package):
    """The column to the pole is the height of the gas."""
    package.file("galaxy/gas/even.py", GAS)
    package.line("galaxy/gas/published.py", '"galprop": galprop.MODEL,', '"even": even.MODEL,', "from . import even")
    found, height = package.numbers("""
import astropy.units as u
from skycocoon import load_model
model = load_model("base-min", {"components.diffuse.gas": "even"})
gas = model.components[0].gas
print(gas.column(0 * u.deg, 90 * u.deg, model.sun).to_value("cm-2"), gas.half_height.to_value("cm"))
""")
    assert found == pytest.approx(height, rel=1e-9)
    assert "gas even (nobody" in package.run(
        "-m", "skycocoon", "check", "base-min", "--set", "components.diffuse.gas=even"
    )
    package.check_layers()


@pytest.mark.parametrize(("folder", "other"), [("galaxy/gas", "galprop"), ("interactions", "kelner")])
def test_a_publication_that_leans_on_another_is_refused(package, folder, other):
    """Also a new one, which no list in pyproject.toml names."""
    package.file(f"{folder}/toy.py", f"from . import {other}\n")
    kept, report = package.lint()
    assert not kept
    assert "Publications know nothing of one another BROKEN" in report
    package.file(f"{folder}/toy.py", '"""A publication of its own."""\n')
    package.check_layers()


LAW = '''
from dataclasses import dataclass, field
import astropy.units as u
import numpy as np


@dataclass(frozen=True)
class StepGrammage:
    """All grammage below a rigidity, none above."""

    normalisation: u.Quantity = field(default=0.4 * u.g / u.cm**2)
    step: u.Quantity = field(default=10 * u.TV)

    def at(self, rigidity):
        return np.where(rigidity < self.step.to_value(u.GV), self.normalisation.to_value("g cm-2"), 0.0)

    def __call__(self, rigidity):
        return self.at(rigidity.to_value(u.GV)) * u.g / u.cm**2

    def __str__(self):
        return f"X_c = {self.normalisation:g} below {self.step:g}"
'''


def test_a_grammage_law(package):
    """Its fields are keys of the model file, with their units; other laws refuse them."""
    package.file("cosmicrays/step.py", LAW)
    package.line(
        "cosmicrays/grammage.py",
        "LAWS = MappingProxyType(\n    {",
        '"step": StepGrammage,',
        "from .step import StepGrammage",
    )
    changes = '{"components.cocoons.grammage.law": "step", "components.cocoons.grammage.step": "50 TV"}'
    assert package.numbers(f"""
import astropy.units as u
from skycocoon import load_model
law = load_model("schroer2021", {changes}).components[0].grammage
print(*law([49, 51] * u.TV).value)
""") == [0.4, 0.0]
    words = ["-m", "skycocoon", "check", "schroer2021", "--set", "components.cocoons.grammage.step=50 TV"]
    result = subprocess.run(
        [sys.executable, *words], cwd=package.folder, env={**os.environ, "PYTHONPATH": str(package.folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "step goes with law = 'step' alone, not with" in result.stderr


KIND = '''
from __future__ import annotations
from typing import Literal
import astropy.units as u
import numpy as np
from ...sky import SkyMap
from ...units import INTENSITY
from ..quantities import Section


class Glow:
    """A sky that is equally bright everywhere."""

    def __init__(self, name, brightness):
        self.name, self.brightness = name, brightness
        self.messengers = ("gamma",)

    def terms(self, messenger, flavour="per-flavour"):
        return ()

    def template(self, messenger, energy, flavour="per-flavour"):
        values = np.full((energy.size, 12), self.brightness) * INTENSITY
        return SkyMap(energy, {self.name: values}, messenger)

    def describe(self):
        return [str(self)]

    def __str__(self):
        return f"{self.name} (glow)"


class GlowSection(Section):
    kind: Literal["glow"]
    brightness: float

    def build(self, name, sun, interactions, folder, last):
        return Glow(name, self.brightness)
'''


def test_a_component_kind(package):
    package.file("config/sections/glow.py", KIND)
    package.line(
        "config/sections/kinds.py",
        "KINDS: Mapping[str, type[Section]] = {",
        '"glow": GlowSection,',
        "from .glow import GlowSection",
    )
    (package.folder / "model.toml").write_text('[components.sky]\nkind = "glow"\nbrightness = 3e-10\n')
    command = "-m skycocoon sed model.toml --messenger gamma --region lhaaso-inner --energies"
    table = package.run(*command.split(), "1 TeV")
    assert float(table.splitlines()[-1].split()[2]) == pytest.approx(3e-10, rel=1e-12)


LAYOUT = '''
import numpy as np
from .container import Content, column_names, column_values


def is_ours(table):
    return column_names(table) == ["BRIGHTNESS"]


def read(file, tables):
    """One column at the energy in the key AT [TeV]."""
    header = tables[0].header
    return Content([lambda: column_values(tables[0], 0)], [header], ["TeV-1 cm-2 s-1 sr-1"], np.array([header["AT"]]), "TeV")
'''


def test_a_map_layout(package):
    package.file("sky/formats/brightness.py", LAYOUT)
    package.line(
        "sky/formats/layouts.py",
        '("HERMES", _is_hermes, _read_hermes),',
        '("brightness", brightness.is_ours, brightness.read),',
        "from . import brightness",
    )
    energy, value = package.numbers("""
import numpy as np
from astropy.io import fits
from skycocoon import SkyMap
table = fits.BinTableHDU.from_columns([fits.Column("BRIGHTNESS", "D", array=np.full(48, 2e-9))])
table.header.update({"AT": 5.0, "ORDERING": "RING", "COORDSYS": "G"})
table.writeto("theirs.fits")
sky = SkyMap.read("theirs.fits")
assert sky.meta["layout"] == "brightness"
print(sky.energy[0].to_value("TeV"), sky.intensity.to_value("TeV-1 cm-2 s-1 sr-1").max())
""")
    assert [energy, value] == pytest.approx([5.0, 2e-9], rel=1e-12)


EXPORTER = '''
"""Maps as text: a line for each pixel."""
import numpy as np
from ..outputs import new_file
from ..sky import SkyMap


def write_text(sky: SkyMap, path, overwrite: bool = False) -> None:
    with new_file(path, overwrite) as temporary:
        np.savetxt(temporary, sky.intensity.value.T, header=f"{sky.messenger}, {sky.energy}")
'''


def test_an_exporter(package):
    """Nothing else changes: what it writes is whole or not there, and its floor is above maps."""
    package.file("exports/__init__.py", '"""Our maps as other tools\' files."""\n')
    package.file("exports/text.py", EXPORTER)
    package.run(
        "-c",
        """
import astropy.units as u
import numpy as np
from skycocoon import SkyMap
from skycocoon.exports.text import write_text
from skycocoon.units import INTENSITY
values = np.arange(24.0).reshape(2, 12)
write_text(SkyMap([1, 10] * u.TeV, {"a": values * INTENSITY}), "map.txt")
assert np.array_equal(np.loadtxt("map.txt"), values.T)
""",
    )
    package.check_layers()


INSTRUMENT = '''
"""A telescope of one area at all energies."""
import astropy.units as u
import numpy as np
from ..sky import Sed


def events(sed: Sed, area: u.Quantity, time: u.Quantity) -> float:
    """Events between the ends of a spectrum, which is a power law between its nodes."""
    flux, energy = sed.flux, sed.energy
    slope = np.diff(np.log(flux.value)) / np.diff(np.log(energy.value)) + 1
    integrals = np.diff(flux * energy) / slope
    return float((integrals.sum() * area * time).to_value(u.one))
'''


def test_an_instrument(package):
    """Counts of a power law E^-2 from 1 TeV to 10 TeV: 0.9/TeV times its flux at 1 TeV, area and time."""
    package.file("instruments/__init__.py", '"""Responses."""\n')
    package.file("instruments/toy.py", INSTRUMENT)
    found, expected = package.numbers("""
import astropy.units as u
import numpy as np
from skycocoon import Region, Sed
from skycocoon.instruments.toy import events
energy, region = np.geomspace(1, 10, 5) * u.TeV, Region.named("lhaaso-inner")
intensity = 1e-12 * energy.value**-2 / (u.TeV * u.cm**2 * u.s * u.sr)
print(events(Sed(energy, {"a": intensity}, region), 1 * u.km**2, 1 * u.yr))
print(0.9e-12 * region.solid_angle.value * (1 * u.km**2).to_value("cm2") * (1 * u.yr).to_value("s"))
""")
    assert found == pytest.approx(expected, rel=1e-9)
    package.check_layers()
