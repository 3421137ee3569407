"""[fit] and [sampling]: parameters, data, ranges and normalisations, and all mistakes in them."""

import shutil

import astropy.units as u
import pytest

from skycocoon import InputError, list_presets
from skycocoon.config import load_file
from skycocoon.modelfit import prepare
from skycocoon.shipped import data_folder

from ..conftest import GOOD, XC, fit, refused

BC = ["bc-ams02-2021", "bc-dampe-2022", "bc-calet-2022"]


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (["1.5 g cm-2", "0 g cm-2"], "bounds = [1.5 g cm-2, 0 g cm-2]: the first must be below the second"),
        (["0.4 g cm-2", "0.4 g cm-2"], "the first must be below the second"),
        (["0 kpc", "1 kpc"], "'0 kpc' has the unit 'kpc'; a unit like 'g / cm2' is needed"),
        (["0 g cm-2", "1 kpc"], "'1 kpc' has the unit 'kpc'; a unit like 'g / cm2' is needed"),
        ([0, 1], "has no unit; a unit like 'g / cm2' is needed"),
        (["0", "1"], "'0' has no unit"),
        (["0 g cm-2", 1], "has no unit"),
        (["0 g cm-2", "much"], "cannot read 'much' as a quantity like '1 g / cm2'"),
        (["0 g cm-2", "inf g cm-2"], "not finite"),
        (["0 g cm-2", "nan g cm-2"], "not finite"),
        (["1 g cm-2"], "two values are needed, [lowest, highest]"),
        (["0 g cm-2", "1 g cm-2", "2 g cm-2"], "two values are needed, [lowest, highest]"),
        ([], "two values are needed"),
        ("0 g cm-2", "two values are needed"),
        (["0.5 g cm-2", "1 g cm-2"], "the model's 0.4 g cm-2 is outside its bounds, 0.5 g cm-2 to 1 g cm-2"),
        ([True, False], "a number, or a text with a unit, is needed"),
        ([float("nan"), "1 g cm-2"], "bounds.0 = nan: a finite number is needed"),
        (["-1 g cm-2", "1 g cm-2"], "is out of range; allowed: >= 0 g / cm2"),
    ],
)
def test_bounds(bounds, said):
    refused(fit({XC: {"bounds": bounds}}), f"fit.parameters.{XC}", "bounds" if said.startswith("two") else "", said)


def test_parameters_need_bounds():
    refused(fit({XC: {}}), f"fit.parameters.{XC}.bounds: is missing")
    refused({"fit": {"data": BC}}, "fit.parameters: is missing")
    refused({"fit": {"parameters": GOOD}}, "fit.data: is missing")
    refused(fit({}), "fit.parameters", "at least 1")


@pytest.mark.parametrize(
    ("prior", "parts"),
    [
        ({"mean": 1.0}, (".prior.sigma: is missing",)),
        ({"mean": 1.0, "sigma": 0}, (".prior.sigma: 0.0 is out of range; allowed: > 0",)),
        ({"mean": 1.0, "sigma": -0.1}, (".prior.sigma: -0.1 is out of range; allowed: > 0",)),
        ({"mean": "1 kpc", "sigma": 0.1}, (".prior.mean: '1 kpc' has the unit 'kpc'",)),
        ({"mean": 1.0, "sigma": "0.1 kpc"}, (".prior.sigma: '0.1 kpc' has the unit 'kpc'",)),
        (0.1, (".prior = 0.1",)),
    ],
)
def test_priors(prior, parts):
    key = "transport.cross_section_scale"
    refused(fit({key: {"bounds": [0.7, 1.3], "prior": prior}}), *(f"fit.parameters.{key}{part}" for part in parts))


def test_a_prior_in_the_parameters_kind_of_unit():
    prior = {"mean": "0.4 g cm-2", "sigma": 0.1}
    refused(fit({XC: {**GOOD[XC], "prior": prior}}), f"fit.parameters.{XC}.prior.sigma: 0.1 has no unit")


@pytest.mark.parametrize(
    ("normalisations", "said"),
    [
        (
            {"bc-ams02-2018": 0.1},
            "normalisations.bc-ams02-2018: bc-ams02-2018 is not in data = [bc-ams02-2021, bc-dampe-2022, bc-calet-2022]",
        ),
        ({"ams": {"sigma": 0.1, "data": ["bc-dampe"]}}, "normalisations.ams: bc-dampe is not in data = ["),
        ({"bc-dampe-2022": 0}, "fit.normalisations.bc-dampe-2022.sigma"),
        ({"bc-dampe-2022": -0.1}, "fit.normalisations.bc-dampe-2022.sigma = -0.1: should be greater than 0"),
        ({"bc-dampe-2022": 1.5}, "fit.normalisations.bc-dampe-2022.sigma = 1.5: should be less than 1"),
        ({"bc-dampe-2022": "x"}, "fit.normalisations.bc-dampe-2022.sigma = 'x'"),
        ({"a": {"sigma": 0.1, "data": "bc-dampe-2022"}}, 'a list is needed, e.g. ["bc-dampe-2022"]'),
        ({"a": {"sigma": 0.1, "data": []}}, "fit.normalisations.a.data"),
        ({"a": {"sigma": 0.1}}, "fit.normalisations.a.data: is missing"),
        (
            {"bc-dampe-2022": 0.1, "a": {"sigma": 0.1, "data": ["bc-dampe-2022", "bc-calet-2022"]}},
            "normalisations: bc-dampe-2022 has two",
        ),
        ({"a": {"sigma": 0.1, "data": ["bc-dampe-2022", "bc-dampe-2022"]}}, "normalisations: bc-dampe-2022 has two"),
        (
            {"bc-dampe-2022": {"sigma": 0.1, "data": BC[1:]}},
            "fit.normalisations.bc-dampe-2022: is a data set, but data = ",
        ),
    ],
)
def test_normalisations(normalisations, said):
    refused(fit(data=BC, normalisations=normalisations), said)


@pytest.mark.parametrize(
    "names",
    [
        ["icecube-2023-pi0", "icecube-2023-kra5"],
        ["icecube-2023-pi0", "icecube-segments-inner"],
        ["bc-ams02-2018", "bc-ams02-2021"],
        ["bc-dampe-2022", "bc-ams02-2016", "bc-ams02-2018"],
        ["hawc-2024-b2", "hawc-2024-b4"],
    ],
)
def test_the_same_points_twice(names):
    one, other = [name for name in names if name != "bc-dampe-2022"]
    refused(fit(data=names), f"fit.data: {one} and {other} hold the same points", "choose one of them")


def test_the_same_name_twice():
    refused(fit(data=[BC[0], BC[0]]), "fit: data: bc-ams02-2021 is named twice")


@pytest.mark.parametrize("folder", ["measurements/lhaaso-km2a-2023-inner", "ratios/bc-ams02-2021"])
def test_a_copy_of_a_shipped_file_holds_the_same_points(tmp_path, folder):
    name = folder.split("/")[1]
    copy = shutil.copy(data_folder() / f"{folder}.ecsv", tmp_path / "mine.ecsv")
    refused(fit(data=[name, str(copy)]), f"fit.data: {name} and mine hold the same points")


def test_two_files_of_one_name(tmp_path):
    paths = []
    for folder, name in (("a", "bc-dampe-2022"), ("b", "bc-calet-2022")):
        (tmp_path / folder).mkdir()
        paths.append(str(shutil.copy(data_folder() / f"ratios/{name}.ecsv", tmp_path / folder / "mine.ecsv")))
    refused(fit(data=paths), "fit.data: two data sets are called mine")


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (
            ["bc-ams-2018"],
            ("fit.data: unknown data set 'bc-ams-2018'; did you mean 'bc-ams02-2018' or ", "show` lists all "),
        ),
        (["lhaaso-inner"], ("fit.data: unknown data set 'lhaaso-inner'; did you mean 'lhaaso-km2a-2023-inner' or ",)),
        (
            ["nothing.ecsv"],
            ("fit.data: ", "nothing.ecsv: no such file; shipped data sets: `skycocoon show` lists all "),
        ),
        ([], ("fit.data",)),
        ("bc-ams02-2021", ("fit.data = 'bc-ams02-2021': a list is needed, e.g. [\"bc-ams02-2021\"]",)),
        (["bc-ams02-2021", 3], ("fit.data.1 = 3: should be a valid string",)),
    ],
)
def test_unknown_data(data, parts):
    refused({"fit": {"data": data, "parameters": GOOD}}, *parts)


def test_a_data_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "mine.ecsv"
    path.write_text("no table")
    refused(fit(data=[str(path)]), f"fit.data: {path}: not a readable ECSV table")
    path.write_text("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: float64}\na\n1.0\n")
    refused(fit(data=[str(path)]), f"fit.data: {path}: ", "the header has no 'messenger'")


@pytest.mark.parametrize(
    ("first", "last", "data", "said"),
    [
        (
            "1 TeV",
            "10 TeV",
            "lhaaso-km2a-2023-outer",
            "has 15800..631000 GeV, none of it within the model's 1000..10000 GeV",
        ),
        ("1 GeV", "90 GeV", "icecube-2023-pi0", "maps.energies: fewer than two nodes are at or above 100 GeV"),
        ("100 GeV", "500 GeV", "icecube-2023-pi0", "none of it within the model's 100..500 GeV (maps.energies)"),
    ],
)
def test_data_outside_the_models_energies(first, last, data, said):
    refused({**fit(data=[data]), "maps.energies": {"from": first, "to": last}}, said)


def test_data_of_a_messenger_that_nothing_shines_in(tmp_path):
    path = str(tmp_path / "gamma.fits")
    from skycocoon import intensity_map

    sky = intensity_map(load_file("schroer2021").model, "gamma", [1, 1e4] * u.TeV, 1, rtol=0.1)
    sky.write(path)
    only = {
        "components.cocoons": {"kind": "map", "file": path},
        **fit({"components.cocoons.scale": {"bounds": [0.1, 2.0]}}, ["icecube-2023-pi0"]),
        "comparison": {},
    }
    refused(only, "fit.data: icecube-2023-pi0 is of neutrinos, no component shines in them", source="schroer2021")


@pytest.mark.parametrize(
    ("data", "wanted", "said"),
    [
        (
            "bc-ams02-2021",
            {"from": "1e9 GV"},
            "bc-ams02-2021: no point from 1000000000.0 GV to the highest; it has 2.032..2071 GV",
        ),
        ("bc-ams02-2021", {"to": "1 GV"}, "bc-ams02-2021: no point from the lowest to 1.0 GV"),
        ("bc-ams02-2021", {"from": "100 GV", "to": "10 GV"}, "bc-ams02-2021: no point from 100.0 GV to 10.0 GV"),
        ("bc-ams02-2021", {"from": "8 kpc"}, "'8 kpc': an energy per nucleon like '4 GeV' or a rigidity like '8 GV'"),
        ("bc-ams02-2021", {"from": "8"}, "'8': an energy per nucleon like '4 GeV' or a rigidity like '8 GV'"),
        ("bc-ams02-2021", {"from": "high"}, "'high': an energy per nucleon like '4 GeV' or a rigidity like '8 GV'"),
        ("lhaaso-km2a-2023-outer", {"from": "8 GV"}, "'8 GV' has the unit 'GV'; a unit like 'GeV' is needed"),
        ("lhaaso-km2a-2023-outer", {"to": "8"}, "'8' has no unit; a unit like 'GeV' is needed"),
        ("lhaaso-km2a-2023-outer", {"from": "1 EeV"}, "no point is left of lhaaso-km2a-2023-outer"),
        ("lhaaso-km2a-2023-outer", {"from": "90 TeV", "to": "20 TeV"}, "no point is left of lhaaso-km2a-2023-outer"),
    ],
)
def test_ranges(data, wanted, said):
    refused(fit(data=[data], ranges={data: wanted}), f"fit.ranges.{data}: {said}")


def test_more_of_ranges():
    refused(fit(ranges={"bc-ams02-2021": {"from": 8}}), "fit.ranges.bc-ams02-2021.from = 8: should be a valid string")
    refused(fit(ranges={"bc-ams02-2018": {"from": "8 GV"}}), "ranges.bc-ams02-2018: bc-ams02-2018 is not in data = [")


def test_no_fit():
    refused({}, "there is no [fit]", "see the presets fit-bc, fit-joint")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"profiles": ["transport.delt"]}, f"fit.profiles: transport.delt is not free in this fit; free: {XC}"),
        ({"profiles": XC}, "fit.profiles = "),
        ({"starts": 0}, "fit.starts = 0: should be greater than or equal to 1"),
        ({"starts": 2.5}, "fit.starts = 2.5: should be a valid integer"),
        ({"seed": -1}, "fit.seed = -1: should be greater than or equal to 0"),
    ],
)
def test_how_to_fit(section, said):
    refused(fit(**section), said)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("walkers", 2, "should be greater than or equal to 4"),
        ("steps", 5, "should be greater than or equal to 10"),
        ("burn", -1, "should be greater than or equal to 0"),
        ("thin", 0, "should be greater than or equal to 1"),
        ("seed", -1, "should be greater than or equal to 0"),
        ("steps", "many", "should be a valid integer"),
    ],
)
def test_sampling(key, value, said):
    refused({"sampling": {key: value}}, f"sampling.{key} = {value!r}: {said}")


def test_a_chain_of_which_nothing_is_left():
    refused({"sampling": {"thin": 4501}}, "sampling: thin = 4501: no step is left; at most steps - burn = 4500")


def test_one_s_own_data_by_name_or_path(model_file, tmp_path):
    copy = (data_folder() / "ratios" / "bc-cream-2008.ecsv").read_text(encoding="utf-8")
    (tmp_path / "mine.ecsv").write_text(copy)
    for name in ("mine", "mine.ecsv"):
        text = f"""base = "fit-bc"
[fit]
data = ["mine.ecsv"]
[fit.normalisations]
"{name}" = 0.1
[fit.ranges]
"{name}" = {{ from = "10 GeV" }}
"""
        made = prepare(load_file(model_file(text)))
        assert made.likelihood.parameters[-1].name == "normalisation.mine"
        assert made.data[0].x.min() >= 10 * u.GeV


def test_a_copy_is_found_out_though_a_range_is_cut_from_it(model_file, tmp_path):
    copy = (data_folder() / "ratios" / "bc-calet-2022.ecsv").read_text(encoding="utf-8")
    (tmp_path / "mine.ecsv").write_text(copy.replace("calet-2015-2022", "mine"))
    text = """base = "fit-bc"
[fit]
data = ["bc-calet-2022", "mine.ecsv"]
[fit.ranges]
mine = { from = "20 GeV" }
"""
    with pytest.raises(InputError, match="bc-calet-2022 and mine hold the same points"):
        prepare(load_file(model_file(text)))


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_with_a_fit_is_ready(name):
    loaded = load_file(name)
    assert (loaded.file.fit is not None) == name.startswith("fit-")
    if loaded.file.fit is not None:
        assert len(prepare(loaded).likelihood.points) == len(loaded.file.fit.data)
