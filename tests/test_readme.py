"""What the README shows works as it is written."""

import re
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

from skycocoon import Measurement, Region, SkyMap, list_presets, prepare, region_sed
from skycocoon.cli.group import main
from skycocoon.config import load_file
from skycocoon.units import INTENSITY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_blocks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), "README.md", "exec"), {})
    assert {p.name for p in tmp_path.iterdir()} == {"gamma.fits", "sky.png", "sed.png"}
    printed = capsys.readouterr().out
    assert "cocoons" in printed
    assert "neutrino (per flavour at Earth" in printed
    assert "components.cocoons.grammage.normalisation" in printed


def test_every_command_and_option_exists():
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).replace("\\\n", " ")
    lines = [line for line in shell.splitlines() if line.startswith("skycocoon")]
    assert len(lines) >= 7
    for line in lines:
        _, name, *rest = line.split()
        command = main.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        for word in rest:
            if word.startswith("--"):
                assert word in known, line
    for name in list_presets():
        assert f"`{name}`" in README


def test_the_minimal_data_file(tmp_path):
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (tmp_path / "mine.ecsv").write_text(re.search(r"A minimal file:\n\n```\n(.*?)```", text, re.DOTALL).group(1))
    data = Measurement.read(tmp_path / "mine.ecsv")
    assert data.energy.size == 2
    assert data.region.name == "lhaaso-inner"


@pytest.mark.parametrize(
    "name",
    [
        "LICENSE",
        "CITATION.cff",
        "CHANGELOG.md",
        "skycocoon/py.typed",
        "docs/formats.md",
        "docs/fits.md",
        "docs/closure.md",
    ],
)
def test_what_it_links_is_there(name):
    assert (ROOT / name).exists()


@pytest.mark.parametrize("page", ["README.md", "docs/fits.md"])
def test_the_fits_that_are_shown(page, tmp_path, monkeypatch):
    """They are valid files; a user's own points are where the page says."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text(encoding="utf-8")
    (block,) = (block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[fit]" in block)
    formats = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    mine = re.search(r"A minimal file:\n\n```\n(.*?)```", formats, re.DOTALL)
    (tmp_path / "mine.ecsv").write_text(mine.group(1))
    (tmp_path / "model.toml").write_text(block)
    problem = prepare(load_file("model.toml"))
    assert "components.cocoons.grammage.normalisation" in problem.variation.keys
    assert problem.likelihood.parameters[-1].name.startswith("normalisation.")
    assert len(problem.data) == block.split("[fit]")[1].split("]")[0].count('"') / 2


def test_the_python_of_the_fits_page(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "fits.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(
        compile(block.replace("fit(problem.likelihood)", "fit(problem.likelihood, minos=False)"), "fits.md", "exec"), {}
    )
    low, high = map(float, re.findall(r"\d\.\d+", capsys.readouterr().out.splitlines()[-1]))
    assert 0.1 < low < 0.25
    assert 0.55 < high < 0.7


def test_the_model_file_of_the_readme(tmp_path, monkeypatch):
    """Diffuse emission and somebody's map, absorbed and masked: it is valid, and gives a spectrum."""
    monkeypatch.chdir(tmp_path)
    (text,) = (block for block in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if 'kind = "map"' in block)
    (tmp_path / "model.toml").write_text(text)
    sky = SkyMap(np.geomspace(0.1, 1e3, 5) * u.TeV, {"theirs": np.full((5, 12), 1e-15) * INTENSITY})
    sky.write(tmp_path / "theirs.fits")
    loaded = load_file("model.toml")
    assert [c.name for c in loaded.model.components] == ["diffuse", "other"]
    assert loaded.model.absorption.fields == ("cmb", "dust")
    assert list(loaded.comparison.mask) == ["lhaaso-inner"]
    assert list(loaded.variants) == ["max"]
    sed = region_sed(loaded.model, "gamma", [100] * u.TeV, Region.everywhere(), rtol=1e-2)
    np.testing.assert_allclose(sed.components["other"].to_value(INTENSITY), 1e-15, rtol=1e-6)
    assert 0 < sed.components["diffuse"].value[0] < 1e-17
