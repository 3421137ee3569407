"""The paper's figures: the numbers in them are the model's, and the texts say what of them is published."""

import re

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

import skycocoon.plot
from skycocoon import InputError, Measurement, Region, region_sed
from skycocoon.config import load_file
from skycocoon.cosmicrays import DiffusiveGrammage
from skycocoon.products.bc import RATIOS
from skycocoon.products.paper.figures import NAMES, figures
from skycocoon.products.paper.models import refitted
from skycocoon.products.paper.spectra import CUTOFFS
from skycocoon.shipped import data_folder

COARSE = {"maps.energies.per_decade": 5}
RTOL = 1e-2
GAMMA = "components.cocoons.grammage"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("paper") / "figures"
    assert figures(load_file("paper", COARSE), out, rtol=RTOL) == [out / name for name in NAMES]
    return out


def table(folder, number):
    return Table.read(folder / f"fig{number}.ecsv", format="ascii.ecsv")


def curve(found, panel, name, column):
    rows = found[(found["panel"] == panel) & (found["curve"] == name)]
    assert len(rows), (panel, name, sorted(set(found["curve"])))
    return u.Quantity(rows["energy"]), u.Quantity(rows[column])


def text(folder, number):
    """In one line."""
    return " ".join((folder / f"fig{number}.txt").read_text(encoding="utf-8").split())


def sed(overrides, region, messenger="gamma", without=()):
    """Straight from the model, and not as the figures make it."""
    loaded = load_file("paper", {**COARSE, **overrides})
    first = 1e2 if messenger == "neutrino" else 1e1
    energy = np.geomspace(first, 1e7, round(np.log10(1e7 / first) * 5) + 1) * u.GeV
    found = region_sed(loaded.model, messenger, energy, Region.named(region), rtol=RTOL)
    return found.without(*without) if without else found


@pytest.mark.slow
def test_all_of_it_is_there(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    for number in range(1, 6):
        assert (folder / f"fig{number}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"fig{number}.pdf").read_bytes().startswith(b"%PDF")
        assert (folder / f"fig{number}.pdf").stat().st_size > 10_000
    # what was drawn can be drawn again
    again = load_file(folder / "model.toml")
    assert again.maps.energies.per_decade == 5


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 6))
def test_tables_say_what_they_hold(folder, number):
    found = table(folder, number)
    value = {1: "ratio", 3: "e2_flux"}.get(number, "e2_intensity")
    assert found.colnames[:7] == ["panel", "curve", "kind", "energy", value, "error_low", "error_high"]
    assert found["energy"].unit == u.GeV
    unit = {1: None, 3: u.GeV / u.cm**2 / u.s}.get(number, u.GeV / u.cm**2 / u.s / u.sr)
    assert found[value].unit == unit
    assert found.meta["creator"] == "skycocoon"
    assert found.meta["model"] == "paper"
    assert found.meta["changes"] == "maps.energies.per_decade = 5"
    assert len(found.meta["model_sha256"]) == 64
    assert any("[components.cocoons]" in line for line in found.meta["toml"])
    model, data = found["kind"] == "model", found["kind"] != "model"
    assert np.isnan(found["error_low"][model]).all()
    assert (found["error_low"][data] > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 6))
def test_texts_say_what_is_published_and_what_reconstructed(folder, number):
    said = text(folder, number)
    for word in ("What is drawn.", "Published.", "Cited.", "Reconstructed", "R_c", "0.4 g cm-2", "model paper"):
        assert word in said
    assert all(len(line) <= 120 for line in (folder / f"fig{number}.txt").read_text(encoding="utf-8").splitlines())


@pytest.mark.slow
def test_figure_2_says_what_its_local_spectra_are_beside_data(folder):
    for words in (
        "min is 0.38 to 0.44 and 0.25 to 0.27",
        "max 0.87 to 1.06 and 0.61 to 0.66",
        "slopes are reconstructed",
    ):
        assert words in text(folder, 2)


@pytest.mark.slow
def test_ratios_are_those_of_the_nuclei(folder):
    nuclei = load_file("paper").nuclei
    found = table(folder, 1)
    x, ratio = curve(found, "model", "with cocoons", "ratio")
    np.testing.assert_allclose(ratio, nuclei.ratio(x), rtol=1e-12)
    plain = load_file("paper", {f"{GAMMA}.normalisation": "0 g cm-2"}).nuclei
    x, ratio = curve(found, "model", "without cocoons", "ratio")
    np.testing.assert_allclose(ratio, plain.ratio(x), rtol=1e-12)
    assert set(found["curve"][found["kind"] == "data"]) == {"bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022"}


@pytest.mark.slow
def test_transport_is_fitted_again_for_each_curve(folder):
    """At the transport of the preset 0.4 g/cm2 is too much boron; fitted again, cocoons describe B/C better than none."""
    found = table(folder, 1)
    data = found[(found["kind"] == "data") & (found["energy"] > 10) & (found["energy"] < 1000)]

    def chi2(panel, name):
        x, ratio = curve(found, panel, name, "ratio")
        model = np.exp(np.interp(np.log(data["energy"]), np.log(x.value), np.log(ratio.value)))
        return np.sum(((data["ratio"] - model) / np.maximum(data["error_low"], data["error_high"])) ** 2)

    assert chi2("model", "with cocoons") > 5 * chi2("refitted", "with cocoons")
    assert chi2("refitted", "with cocoons") < len(data)
    assert "The transport fitted again" in text(folder, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "factor"), [("inner", 0.65), ("outer", 1.0)])
def test_gamma_rays_are_those_of_the_model(folder, part, factor):
    found, region = table(folder, 2), f"lhaaso-{part}"
    for name in ("min", "max"):
        model = sed({"components.diffuse.spectra": name}, region)
        for label, expected in (
            ("cocoons", model.components["cocoons"]),
            (f"base {name}", model.components["diffuse"]),
            (f"cocoons + base {name}", model.intensity),
        ):
            energy, value = curve(found, region, label, "e2_intensity")
            np.testing.assert_allclose(energy.to_value(u.GeV), model.energy.to_value(u.GeV), rtol=1e-12)
            np.testing.assert_allclose(
                value.to_value("GeV cm-2 s-1 sr-1"),
                factor * (energy**2 * expected).to_value("GeV cm-2 s-1 sr-1"),
                rtol=1e-9,
            )
    # the mask factor is in, once, and the table says so
    model_rows = (found["panel"] == region) & (found["kind"] == "model")
    assert set(found["factor"][model_rows]) == {factor}
    data = Measurement.named(f"lhaaso-km2a-2023-{part}")
    energy, value = curve(found, region, data.name, "e2_intensity")
    np.testing.assert_allclose(value.value, (data.energy**2 * data.value).to_value(value.unit), rtol=1e-12)


@pytest.mark.slow
def test_neutrinos_are_those_of_the_whole_sky_per_flavour(folder):
    found = table(folder, 3)
    model = sed({}, "icecube-allsky", "neutrino")
    energy, value = curve(found, "icecube-allsky", "cocoons + base min", "e2_flux")
    np.testing.assert_allclose(value.value, (energy**2 * model.flux).to_value("GeV cm-2 s-1"), rtol=1e-9)
    assert "per flavour" in found.meta["neutrinos"]
    assert set(found["curve"][found["kind"] == "band"]) == {f"icecube-2023-{name}" for name in ("pi0", "kra5", "kra50")}


@pytest.mark.slow
@pytest.mark.parametrize("cutoff", [10, 1000])
def test_scan_changes_the_cutoff(folder, cutoff):
    found = table(folder, 4)
    model = sed({f"{GAMMA}.cutoff": f"{cutoff} TV"}, "lhaaso-inner")
    energy, value = curve(found, "lhaaso-inner", f"cocoons + base min, R_c = {cutoff} TV", "e2_intensity")
    np.testing.assert_allclose(value.value, 0.65 * (energy**2 * model.intensity).value, rtol=1e-9)


@pytest.mark.slow
def test_scan_grows_with_the_cutoff(folder):
    found = table(folder, 4)
    for region in ("lhaaso-inner", "lhaaso-outer"):
        curves = [curve(found, region, f"cocoons, R_c = {c:g} TV", "e2_intensity") for c in CUTOFFS.to_value(u.TV)]
        at = np.argmin(np.abs(np.log(curves[0][0].to_value(u.TeV) / 10)))
        assert np.all(np.diff([value[at].value for _, value in curves]) > 0)
    assert "10, 30, 100, 300, 1000 TV" in text(folder, 4)
    assert "the list of R_c, since the paper's could not be read" in text(folder, 4)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "delta", "cutoff"), [("Kraichnan", "kraichnan", "10 TV"), ("Bohm", "bohm", "100 TV")])
def test_laws_of_appendix_c(folder, kind, delta, cutoff):
    changes = {f"{GAMMA}.law": "diffusive", f"{GAMMA}.delta": delta, f"{GAMMA}.cutoff": cutoff}
    model = sed(changes, "lhaaso-inner")
    assert isinstance(load_file("paper", changes).model.components[0].grammage, DiffusiveGrammage)
    energy, value = curve(table(folder, 5), kind, f"cocoons + base min, {kind}", "e2_intensity")
    np.testing.assert_allclose(value.value, 0.65 * (energy**2 * model.intensity).value, rtol=1e-9)
    said = text(folder, 5)
    assert "R_c and T_max matter" in said
    assert "10 TV for Kraichnan and the model's own 100 TV for Bohm" in said


@pytest.mark.parametrize(
    ("delta", "own", "kraichnan", "bohm"), [("kraichnan", 20, 20, 100), ("bohm", 50, 10, 50), ("bohm", 10, 1, 10)]
)
def test_the_models_own_diffusive_law_stands_in_its_own_panel(tmp_path, undrawn, delta, own, kraichnan, bohm):
    law = {f"{GAMMA}.law": "diffusive", f"{GAMMA}.delta": delta, f"{GAMMA}.cutoff": f"{own} TV"}
    figures(load_file("paper", {**COARSE, **law}), tmp_path, rtol=RTOL)
    found = table(tmp_path, 5)
    same = {
        kind: np.array_equal(
            *(
                curve(found, kind, name, "e2_intensity")[1].value
                for name in (f"cocoons, {kind}", "cocoons of the model")
            )
        )
        for kind in ("Kraichnan", "Bohm")
    }
    assert same == {"Kraichnan": delta == "kraichnan", "Bohm": delta == "bohm"}
    said = text(tmp_path, 5)
    assert f"delta = 1/2, with R_c = {kraichnan} TV. Below: Bohm's, delta = 1, with R_c = {bohm} TV" in said
    assert ("20 TV for Kraichnan, since the model's own law is this one" in said) == (delta == "kraichnan")


def test_gain_of_cocoons_depends_on_the_data_and_the_break():
    """Why figure 1 and fit-bc find other gains: half is AMS-02 2021 in rigidity, half the break at 312 GV."""

    def gain(first, rigidity):
        loaded = load_file("paper", {"transport.break_rigidity": f"{rigidity} GV"})
        data = (first, *RATIOS[1:])
        without, with_cocoons = (refitted(loaded, data, cocoons=cocoons)[1].chi2 for cocoons in (False, True))
        return without - with_cocoons

    assert RATIOS[0] == "bc-ams02-2018"
    found = [gain(first, rigidity) for first in ("bc-ams02-2018", "bc-ams02-2021") for rigidity in (290, 312)]
    np.testing.assert_allclose(found, [5.9, 8.4, 8.6, 11.0], rtol=0.01)


@pytest.mark.slow
def test_text_of_ratios_says_the_gain(folder):
    caption = text(folder, 1)
    assert "chi-square is 5.9 lower with cocoons than without" in caption
    assert "`skycocoon fit fit-bc` finds another gain" in caption
    assert "breaks at 312 GV, where here the model's own break rigidity is held (290 GV)" in caption


def test_captions_hold_no_results():
    """Numbers of a fit would be wrong once the model is another: they are fields."""
    for path in (data_folder() / "captions").iterdir():
        words = path.read_text(encoding="utf-8")
        assert not re.search(r"chi-square is \d|finds \d", words), path.name


def test_ages_and_sizes(folder):
    """Eqs. 9 and 10: X_c/(m_p n c) = 0.2528 Myr, and 181.7 pc for 10^4 cocoons in 20 kpc and 0.1 kpc."""
    said = " ".join((folder / "summary.txt").read_text(encoding="utf-8").split())
    assert "0.2528 Myr" in said
    assert "N_c = R_SN T_c = 10000" in said
    assert "181.7 pc" in said


def test_changes_are_drawn_and_said(tmp_path, undrawn):
    changes = {**COARSE, f"{GAMMA}.cutoff": "50 TV", f"{GAMMA}.normalisation": "0.3 g cm-2"}
    figures(load_file("paper", changes), tmp_path, rtol=RTOL)
    assert "cocoons, R_c = 50 TV" in set(table(tmp_path, 4)["curve"])
    said = text(tmp_path, 4)
    assert "10, 30, 50, 100, 300, 1000 TV" in said
    assert f"changed: maps.energies.per_decade = 5, {GAMMA}.cutoff = 50 TV" in said
    assert "X_c0 = 0.4 g cm-2 as the paper's best fit (this model has 0.3 g cm-2)" in said


def test_a_model_without_diffuse_emission_has_no_sums(tmp_path, undrawn):
    figures(load_file("schroer2021", COARSE), tmp_path, rtol=RTOL)
    for number in (2, 3, 4, 5):
        assert "no diffuse emission" in text(tmp_path, number)
        assert not any(" + " in name for name in set(table(tmp_path, number)["curve"]))
    assert set(table(tmp_path, 2)["curve"]) == {"cocoons", "lhaaso-km2a-2023-inner", "lhaaso-km2a-2023-outer"}


def test_other_local_spectra_are_drawn_too(tmp_path, undrawn):
    figures(load_file("paper", {**COARSE, "components.diffuse.spectra": "lhaaso"}), tmp_path, rtol=RTOL)
    assert {"base min", "base max", "base lhaaso"} <= set(table(tmp_path, 2)["curve"])
    assert "cocoons + base lhaaso, Bohm" in set(table(tmp_path, 5)["curve"])


@pytest.mark.slow
def test_masks_and_laws_of_the_model_file(tmp_path, undrawn):
    """A mean outside masked sources has no factor on top; a constant grammage gets the cut-offs of eq. 6."""
    changes = {
        **COARSE,
        "comparison.mask_factor": {},
        "comparison.mask": {"lhaaso-inner": "lhaaso-inner-masked"},
        f"{GAMMA}.law": "constant",
    }
    loaded = load_file("schroer2021", changes)
    figures(loaded, tmp_path, rtol=5e-2)
    found = table(tmp_path, 2)
    assert set(found["factor"]) == {1.0}
    energy, value = curve(found, "lhaaso-inner", "cocoons", "e2_intensity")
    masked = region_sed(loaded.model, "gamma", energy, Region.named("lhaaso-inner-masked"), rtol=5e-2)
    np.testing.assert_allclose(value.value, (energy**2 * masked.intensity).value, rtol=1e-9)
    assert "mean over lhaaso-inner-masked" in text(tmp_path, 2)
    assert "constant grammage" in text(tmp_path, 5)


def test_no_cocoons_is_one_line_and_nothing_is_written(tmp_path):
    with pytest.raises(
        InputError, match=r"base-min: figures need a component of the kind 'cocoons', there is only diff"
    ):
        figures(load_file("base-min"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path, undrawn, monkeypatch):
    (tmp_path / "fig3.pdf").write_text("mine")
    loaded = load_file("schroer2021", COARSE)
    with pytest.raises(InputError, match=r"fig3\.pdf: exists already"):
        figures(loaded, tmp_path, rtol=RTOL)
    assert [path.name for path in tmp_path.iterdir()] == ["fig3.pdf"]
    figures(loaded, tmp_path, rtol=RTOL, overwrite=True)
    assert (tmp_path / "fig3.pdf").read_bytes() == b""


def test_a_failure_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(skycocoon.plot, "save", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        figures(load_file("schroer2021", COARSE), tmp_path / "out", rtol=RTOL)
    assert not (tmp_path / "out").exists()
