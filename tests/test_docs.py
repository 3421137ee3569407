"""What the README and the pages of docs/ show works as it is written.

Every code block of a page runs, from its top to its bottom, in one empty folder: commands, Python, model files and data
files. Commands run at a coarser resolution and accuracy than the page says; nothing else is changed.
"""

import gzip
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from skycocoon import (
    Measurement,
    RatioMeasurement,
    Region,
    SkyMap,
    fit,
    list_presets,
    load_file,
    load_model,
    prepare,
    profile,
    region_sed,
)
from skycocoon.cli import main
from skycocoon.cosmicrays.grammage import LAWS
from skycocoon.cosmicrays.local import LOCAL_SPECTRA
from skycocoon.galaxy import GAS_MODELS, PROFILES

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
TEXT = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
X_C = "components.cocoons.grammage.normalisation"
INTENSITY = u.Unit("cm-2 s-1 sr-1 GeV-1")


@dataclass(frozen=True)
class Block:
    """A fenced code block: where it is, its language and its text."""

    page: str
    line: int
    language: str
    text: str


def blocks(page, *languages):
    text = TEXT[page]
    return [
        Block(page, text[: match.start()].count("\n") + 1, match[1], match[2])
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if not languages or match[1] in languages
    ]


def commands(block):
    """The words of each command of a shell block; quotations and backslashes may continue a line."""
    pending = ""
    for line in block.text.splitlines():
        pending += line + "\n"
        try:
            words = shlex.split(pending.replace("\\\n", " "), comments=True)
        except ValueError:  # a quotation is still open
            continue
        if line.endswith("\\"):
            continue
        pending = ""
        while "&&" in words:
            yield words[: words.index("&&")]
            words = words[words.index("&&") + 1 :]
        if words:
            yield words
    assert not pending, f"{block.page}:{block.line}: an open quotation"


def page_commands(page):
    return [words for block in blocks(page, "sh") for words in commands(block)]


# ------------------------------------------------------------------------------------------------ one runner a language


def run_commands(block, namespace):
    for words in commands(block):
        if words[0] != "skycocoon":
            continue
        words, target = (words[: words.index(">")], words[-1]) if ">" in words else (words, None)
        options = [option for parameter in main.commands[words[1]].params for option in parameter.opts]
        coarse = [("--nside", "32"), ("--rtol", "1e-2")]
        extra = [word for pair in coarse if pair[0] in options and words[1] != "plot" for word in pair]
        result = CliRunner().invoke(main, [*words[1:], *extra])
        assert result.exit_code == 0, f"{block.page}:{block.line}: {shlex.join(words)}\n{result.output}"
        if target:
            Path(target).write_text(result.stdout, encoding="utf-8")


def run_python(block, namespace):
    if "gammapy" in block.text:
        pytest.importorskip("gammapy")
    # Blank lines put the block where it is in its page, for tracebacks.
    exec(compile("\n" * block.line + block.text, block.page, "exec"), namespace)


def load_model_file(block, namespace):
    """A model file is valid; what it fits is all there, and without a fit it shines."""
    Path("block.toml").write_text(block.text, encoding="utf-8")
    loaded = load_file("block.toml")
    if loaded.file.fit:
        problem = prepare(loaded)
        assert len(problem.data) == len(tomllib.loads(block.text)["fit"]["data"])
        assert set(problem.variation.keys) >= set(tomllib.loads(block.text)["fit"]["parameters"])
    else:
        sed = region_sed(loaded.model, "gamma", [100] * u.TeV, Region.named("lhaaso-inner"), rtol=1e-2)
        assert all(component.value[0] > 0 for component in sed.components.values())


def read_data_file(block, namespace):
    Path("block.ecsv").write_text(block.text, encoding="utf-8")
    kind = RatioMeasurement if "quantity:" in block.text else Measurement
    data = kind.read("block.ecsv")
    assert (data.value if kind is RatioMeasurement else data.energy).size == 2


def skip(block, namespace):
    """A drawing or a formula."""


RUNNERS = {"sh": run_commands, "python": run_python, "toml": load_model_file, "ecsv": read_data_file, "text": skip}


# --------------------------------------------------------------------------------- files that pages take as the reader's


def my_points():
    block = next(block for block in blocks("docs/formats.md", "ecsv") if "messenger" in block.text)
    Path("mine.ecsv").write_text(block.text, encoding="utf-8")


def my_catalogue():
    lines = ["# %ECSV 1.0", "# ---", "# datatype:", "# - {name: l, unit: deg, datatype: float64}"]
    lines += ["# - {name: b, unit: deg, datatype: float64}", "# schema: astropy-2.0", "l b", "30.0 0.0", "80.0 1.0"]
    Path("mine.ecsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def their_map(path="theirs.fits"):
    Path(path).parent.mkdir(exist_ok=True)
    sky = SkyMap(np.geomspace(0.1, 1e3, 5) * u.TeV, {"theirs": np.full((5, 12 * 64**2), 1e-15) * INTENSITY})
    sky.write(path)


def their_array():
    np.save("theirs.npy", np.outer([1e-11, 1e-14], np.ones(12 * 8**2)))


def gll_iem():
    """As Fermi's model of the Galaxy: a cube in CAR without a unit, coarser."""
    hdu = fits.PrimaryHDU(np.ones((2, 361, 720), dtype=np.float32))
    for k, (axis, step, middle) in enumerate((("GLON-CAR", -0.5, 360.5), ("GLAT-CAR", 0.5, 181.0)), start=1):
        hdu.header[f"CTYPE{k}"], hdu.header[f"CDELT{k}"], hdu.header[f"CRPIX{k}"] = axis, step, middle
        hdu.header[f"CRVAL{k}"] = 0.0
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", unit="MeV", array=[50.0, 8e5])], name="ENERGIES"
    )
    fits.HDUList([hdu, energies]).writeto("gll_iem_v07.fits")


def pion_decay():
    """A map of GALPROP 56, which tells neither unit nor frame."""
    columns = [fits.Column(f"Bin{k}", "E", array=np.full(12, 1e-6 * 10.0 ** (-3 * k), np.float32)) for k in range(3)]
    sky = fits.BinTableHDU.from_columns(columns, name="SKYMAP2")
    sky.header.update(PIXTYPE="HEALPIX", ORDERING="RING", NSIDE=1, FIRSTPIX=0, LASTPIX=11)
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", "MeV", array=[1e4, 1e5, 1e6])], name="ENERGIES"
    )
    fits.HDUList([fits.PrimaryHDU(), sky, energies]).writeto("pion_decay.fits")
    Path("pion_decay.fits.gz").write_bytes(gzip.compress(Path("pion_decay.fits").read_bytes()))


READERS_FILES = {
    "docs/fits.md": [my_points],
    "docs/formats.md": [my_catalogue, pion_decay, their_array, gll_iem, lambda: their_map("results/gamma.fits")],
    "docs/usage.md": [their_map],
}


@pytest.fixture
def folder(request, tmp_path, monkeypatch):
    """An empty working folder, but for the files that a page takes as the reader's own."""
    monkeypatch.chdir(tmp_path)
    for write in READERS_FILES.get(request.getfixturevalue("page"), []):
        write()
    return tmp_path


# --------------------------------------------------------------------------------------------------------------- tests


# Words that the Python of a page prints, and files that its blocks leave.
PRINTS = {"docs/usage.md": ["cocoons", "neutrino (per flavour at Earth", X_C], "docs/fits.md": [X_C]}
LEAVES = {
    "README.md": [
        *("results/gamma.fits", "results/neutrino.fits", "results/gamma-cocoons.fits", "results/seds.ecsv"),
        *("results/summary.txt", "results/model.toml", "results/figures/gamma-lhaaso-inner.png"),
        *("results/figures/neutrino-icecube-allsky.png", "results-300TV/seds.ecsv", "fit/best.toml"),
        *("best/gamma.fits", "gamma.fits", "sky.png", "sed.png"),
    ],
    "docs/usage.md": ["mine/seds.ecsv", "bc.png", "absorption.png", "sea.png", "gas.png", "figures/fig1.txt"],
    "docs/fits.md": [
        *(f"fit/{name}" for name in ("fit.ecsv", "best.toml", "covariance.ecsv", "points.ecsv", "summary.txt")),
        *("bc.png", "fit-4kpc/fit.ecsv", "best/seds.ecsv"),
    ],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the chain is short:skycocoon.errors.AccuracyWarning")
@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page, folder, capsys):
    namespace = {}
    for block in blocks(page):
        assert block.language in RUNNERS, f"{page}:{block.line}: which language is it?"
        RUNNERS[block.language](block, namespace)
    printed = capsys.readouterr().out
    for words in PRINTS.get(page, []):
        assert words in printed
    for name in LEAVES.get(page, []):
        assert (folder / name).stat().st_size > 0
    if page == "docs/fits.md":
        low, high = map(float, re.findall(r"\d\.\d+", printed.splitlines()[-1]))
        assert 0.1 < low < 0.25
        assert 0.55 < high < 0.7


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_understood(page):
    """Commands, options and their values are known to the command line; scripts, extras and sessions exist."""
    for program, *words in page_commands(page):
        if program == "skycocoon":
            words = words[: words.index(">")] if ">" in words else words
            main.commands[words[0]].make_context(words[0], words[1:])
        elif program == "python" and words[0] != "-m":
            source = (ROOT / words[0]).read_text(encoding="utf-8")
            assert all(word in source for word in words if word.startswith("--"))
        elif program == "pip":
            for extras in re.findall(r"\[(.*?)\]", " ".join(words)):
                assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
        elif program == "nox":
            source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
            assert all(f"def {word.replace('-', '_')}(" in source for word in words if not word.startswith("-"))
        else:
            known = {"python", "source", "git", "pytest", "ruff", "mypy", "codespell", "lint-imports", "pre-commit"}
            assert program in known


def test_usage_lists_every_command_and_preset():
    text = TEXT["docs/usage.md"]
    for name in main.commands:
        assert re.search(rf"`{name}( \[MODEL\])?`", text), name
    for name in list_presets():
        assert f"`{name}`" in text


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[page]):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.is_file(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_the_readme_leads_to_every_page_and_is_short():
    assert all(f"]({page})" in TEXT["README.md"] for page in PAGES[1:])
    assert len(TEXT["README.md"].encode()) < 9000


def test_the_readme_has_the_blocks_that_ci_runs():
    for name in ("main", "tests"):
        assert len(re.findall(rf"<!-- ci: {name} -->\n```sh\n(?:.+\n)+```\n<!-- ci: end -->", TEXT["README.md"])) == 1


@pytest.mark.parametrize("name", ["LICENSE", "CITATION.cff", "CHANGELOG.md", "skycocoon/py.typed"])
def test_files_of_a_package_are_shipped(name):
    assert (ROOT / name).exists()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/usage.md"])
def test_the_model_file_with_a_map(page, folder):
    """Diffuse emission and somebody's map, absorbed and masked: the numbers are those of the file."""
    (block,) = blocks(page, "toml")
    Path("block.toml").write_text(block.text, encoding="utf-8")
    loaded = load_file("block.toml")
    assert [c.name for c in loaded.model.components] == ["diffuse", "other"]
    assert loaded.model.absorption.fields == ("cmb", "dust")
    assert list(loaded.comparison.mask) == ["lhaaso-inner"]
    assert list(loaded.variants) == ["max"]
    sed = region_sed(loaded.model, "gamma", [100] * u.TeV, Region.everywhere(), rtol=1e-2)
    np.testing.assert_allclose(sed.components["other"].to_value(INTENSITY), 1e-15, rtol=1e-6)
    assert 0 < sed.components["diffuse"].value[0] < 1e-17


# ------------------------------------------------------------------------------------------ numbers that pages state


@pytest.mark.slow
def test_masked_intensities_of_the_usage_page():
    """Ratios of masked to unmasked intensity; solid angles left are in tests/sky/test_catalogue.py."""
    rows = re.findall(r"^\| `(lhaaso-\w+)` \| (.*) \|$", TEXT["docs/usage.md"], re.MULTILINE)
    cells = {name: row.split(" | ") for name, row in rows}
    _, inner, alone, narrow, _ = map(float, cells["lhaaso-inner"])
    outer = float(cells["lhaaso-outer"][1])
    model = load_model("paper")

    def ratio(name, mask, component=None):
        def mean(region):
            sed = region_sed(model, "gamma", [10] * u.TeV, region, rtol=1e-3)
            return sed.components[component] if component else sum(sed.components.values())

        return float((mean(Region.parse(mask)) / mean(Region.named(name)))[0])

    assert ratio("lhaaso-inner", "lhaaso-inner-masked") == pytest.approx(inner, abs=1e-3)
    assert ratio("lhaaso-inner", "lhaaso-inner-masked", "cocoons") == pytest.approx(alone, abs=1e-3)
    assert ratio("lhaaso-inner", "lhaaso-inner - sources:1lhaaso,0.4deg") == pytest.approx(narrow, abs=1e-3)
    assert ratio("lhaaso-outer", "lhaaso-outer-masked") == pytest.approx(outer, abs=1e-3)


# The rows of the tables in "What the shipped fits give", and what each changes of its preset.
FREE = tomllib.loads((ROOT / "data" / "presets" / "fit-bc.toml").read_text(encoding="utf-8"))["fit"]["parameters"]
ALTERNATIVES = {
    "AMS-02 2018": {
        "fit.data": ["bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022"],
        "fit.ranges": {"bc-ams02-2018": {"from": "8 GV"}},
    },
    "AMS-02 2016": {
        "fit.data": ["bc-ams02-2016", "bc-dampe-2022", "bc-calet-2022"],
        "fit.ranges": {"bc-ams02-2016": {"from": "8 GV"}},
    },
    "break at 290": {"transport.break_rigidity": "290 GV"},
    "H = 4 kpc": {"transport.halo_height": "4 kpc"},
    "wind of 3": {"transport.advection": "3 km s-1"},
    "wind of 6": {"transport.advection": "6 km s-1"},
    "strength of the break": {
        "transport.break_delta": 0.2,
        "fit.parameters": {key: value for key, value in FREE.items() if key != "transport.break_delta"},
    },
    "base max": {"components.diffuse.spectra": "max"},
    "absorbed": {"absorption.fields": ["cmb", "dust"]},
    "as shipped": {},
    **{
        f"KRA {energy}": {
            "fit.data": [
                *("bc-ams02-2021", "bc-dampe-2022", "bc-calet-2022", "lhaaso-km2a-2023-inner"),
                *("lhaaso-km2a-2023-outer", f"icecube-2023-kra{energy}"),
            ]
        }
        for energy in (5, 50)
    },
}


def fit_rows():
    """Preset, words of the row, and its numbers X_c, chi-square, and rise of chi-square without cocoons."""
    section = TEXT["docs/fits.md"].split("## What the shipped fits give")[1].split("\n### ")[0]
    for preset, tables in zip(("fit-bc", "fit-joint"), section.split("`skycocoon fit fit-joint` adds"), strict=True):
        for row in re.findall(r"^\| (\w.*) \|$", tables, re.MULTILINE):
            words, *cells = row.split(" | ")
            yield pytest.param(
                preset, words, [float(cells[k].split()[0]) for k in (0, -2, -1)], id=f"{preset}: {words}"
            )


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "words", "numbers"), fit_rows())
def test_the_shipped_fits_give_what_the_page_says(preset, words, numbers):
    (key,) = {max((key for key in ALTERNATIVES if words.startswith(key)), key=len)}
    result = fit(prepare(load_file(preset, ALTERNATIVES[key])).likelihood, minos=False)
    assert result.valid
    x_c, chi2, rise = numbers
    assert result.best[X_C] == pytest.approx(x_c, abs=0.005)
    assert result.chi2 == pytest.approx(chi2, abs=0.15)
    assert float(profile(result, X_C, [0.0]).delta[0]) == pytest.approx(rise, abs=0.2)


def test_the_architecture_page_shows_the_floors_of_the_contract_in_their_order():
    """Names stand left of the column of explanations; floors in brackets appear with their first file."""
    rows = re.search(r"```text\n(.*?)\n```", TEXT["docs/architecture.md"], re.DOTALL)[1].splitlines()
    column = rows[0].index("the commands")
    floors = [floor for row in rows for floor in re.split(" {2,}", row[:column].strip())]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["name"] == "Nobody reaches up")
    assert floors == [layer for layer in layers if not layer.startswith("(")]


def test_the_performance_page_names_numbers_that_are_measured():
    """Each name in the first column of its table is one that benchmarks/limits.py prints."""
    script = (ROOT / "benchmarks/limits.py").read_text(encoding="utf-8")
    names = re.findall(r"^\| (`.*?`) \|", TEXT["docs/performance.md"], re.MULTILINE)
    assert len(names) > 15
    for name in re.findall(r"`(\w+)`", " ".join(names)):
        assert f'"{name}"' in script, name


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/performance.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_exist(page):
    """In the clone or in the package; ``NAME.py`` is the reader's."""
    files = re.findall(r"`(?:python )?([\w/]+\.py)`", TEXT[page])
    assert files
    missing = [name for name in files if not ((ROOT / name).is_file() or (ROOT / "skycocoon" / name).is_file())]
    assert [name for name in missing if not name.endswith("/NAME.py")] == []


CHOICES = {
    "gas": set(GAS_MODELS),
    "law": set(LAWS),
    "profile": set(PROFILES),
    "sources": set(PROFILES),
    "spectra": set(LOCAL_SPECTRA),
}


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "data/presets").glob("*.toml")), ROOT / "docs/usage.md"], ids=lambda page: page.stem
)
def test_a_comment_that_lists_choices_lists_all_of_them(page):
    keys = "|".join(CHOICES)
    lines = re.findall(rf'^({keys}) = "[^"]*" +# (.+ \| .+)$', page.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines or page.stem not in ("paper", "base-min", "schroer2021", "usage")
    for key, comment in lines:
        names = {re.split(r"[ :]", choice)[0] for choice in comment.split(" | ")}
        assert CHOICES[key] - names == set(), key
