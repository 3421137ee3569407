"""[transport], [fit], [sampling] and base: what they mean, and that nothing a user can type gets through unchecked."""

import shutil
from pathlib import Path

import astropy.units as u
import pytest

from skycocoon import InputError, list_presets
from skycocoon.config import load_file, load_text, preset_text
from skycocoon.modelfit import prepare
from skycocoon.shipped import data_folder

from .test_loading import error_of

XC = "components.cocoons.grammage.normalisation"
GOOD = {XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]}}
BC = ["bc-ams02-2021", "bc-dampe-2022", "bc-calet-2022"]
YOUNG = {"kind": "cocoons", "injection": {"proton": {"efficiency": 0.07, "slope": 4.3}}}


def fit(parameters=None, data=("bc-ams02-2021",), **section):
    """Overrides of the preset "paper" with a whole [fit]."""
    return {"fit": {"data": list(data), "parameters": GOOD if parameters is None else parameters, **section}}


def ready(overrides, source="paper"):
    return prepare(load_file(source, overrides), rtol=1e-2)


def refused(overrides, *parts, source="paper"):
    """One line that names the file first, then all of these."""
    text = error_of(ready, overrides, source)
    assert text.startswith(f"{source}: "), text
    for part in parts:
        assert part in text, text
    return text


# ------------------------------------------------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("overrides", "place", "nearest"),
    [
        ({"transport.deltaa": 0.5}, "transport: unknown key 'deltaa'", "delta"),
        ({"transport.halo": "4 kpc"}, "transport: unknown key 'halo'", "halo_height"),
        ({**fit(), "fit.profile": []}, "fit: unknown key 'profile'", "profiles"),
        (fit({XC: {"bound": ["0 g cm-2", "1 g cm-2"]}}), f"fit.parameters.{XC}: unknown key 'bound'", "bounds"),
        (
            fit({XC: {**GOOD[XC], "prior": {"mean": "1 g cm-2", "sgma": "1 g cm-2"}}}),
            f"fit.parameters.{XC}.prior: unknown key 'sgma'",
            "sigma",
        ),
        (
            fit(normalisations={"bc-ams02-2021": {"sigma": 0.1, "dat": ["bc-ams02-2021"]}}),
            "fit.normalisations.bc-ams02-2021: unknown key 'dat'",
            "data",
        ),
        (fit(ranges={"bc-ams02-2021": {"form": "8 GV"}}), "fit.ranges.bc-ams02-2021: unknown key 'form'", "from"),
        ({"sampling.walker": 32}, "sampling: unknown key 'walker'", "walkers"),
        ({"samplings.walkers": 32}, "unknown key 'samplings'", "sampling"),
    ],
)
def test_unknown_keys_at_every_depth(overrides, place, nearest):
    refused(overrides, place, f"did you mean {nearest!r}? Allowed: ")


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("components.cocoons.grammage.normalization", ("components.cocoons.grammage", "'normalisation'", "cutoff")),
        ("components.cocoon.grammage.normalisation", ("components", "'cocoons'", "diffuse")),
        ("component.cocoons.grammage.normalisation", ("the model", "'components'", "transport")),
        ("transport.delt", ("transport", "'delta'", "diffusion")),
        ("comparison.mask_factor.lhaaso-iner", ("comparison.mask_factor", "'lhaaso-inner'")),
    ],
)
def test_a_parameter_that_is_not_in_the_model(key, parts):
    refused(fit({key: {"bounds": [0.1, 2.0]}}), f"fit.parameters.{key}: unknown key of ", "did you mean", *parts)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("transport.fragmentation", "is 'evoli2019', no number"),
        ("components.cocoons.grammage.law", "is 'exponential', no number"),
        ("components.cocoons.kind", "is 'cocoons', no number"),
        ("components.diffuse.ionised", "is False, no number"),
        ("components.cocoons.grammage.delta", "has no value in the model, give it one"),
        ("transport.slope_plus_delta", "has no value in the model, give it one"),
        ("transport", "is a table, no number; its keys are halo_height, "),
        ("comparison.mask_factor", "is a table, no number; its keys are lhaaso-inner"),
        ("transport.cocoons", "has no value in the model, give it one"),
        ("components.cocoons.disc.a", "has no value in the model, give it one"),
    ],
)
def test_a_parameter_without_a_number(key, said):
    refused(fit({key: {"bounds": [0.1, 2.0]}}), f"fit.parameters.{key}: {said}")


def test_a_slope_that_another_key_replaces():
    overrides = {**fit({"transport.slope": {"bounds": [4.0, 4.6]}}), "transport.slope_plus_delta": 4.9}
    refused(overrides, "fit.parameters.transport.slope: slope_plus_delta is set")


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


@pytest.mark.parametrize(
    ("key", "bounds", "said"),
    [
        ("transport.delta", [0.3, 2.5], "transport.delta = 2.5: should be less than 2"),
        ("components.cocoons.injection.proton.slope", [3.5, 6.0], "slope = 6.0: should be less than 5"),
        ("components.cocoons.grammage.cutoff", ["-1 TV", "1 PV"], "-1.0 TV is out of range; allowed: > 0 GV"),
        ("components.cocoons.disc.half_height", ["0 kpc", "1 kpc"], "allowed: > 0 kpc"),
        ("comparison.mask_factor.lhaaso-inner", [0.1, 2.0], "= 2.0: should be less than or equal to 1"),
    ],
)
def test_a_model_that_is_invalid_at_a_bound(key, bounds, said):
    refused(fit({key: {"bounds": bounds}}), said, f"(in fit.parameters.{key}: bounds)")


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


# ------------------------------------------------------------------------------------------------------------ data


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
        (["bc-ams-2018"], ("fit.data: unknown data set 'bc-ams-2018'; did you mean 'bc-ams02-2018'?", "tibet")),
        (["lhaaso-inner"], ("fit.data: unknown data set 'lhaaso-inner'; did you mean 'lhaaso-km2a-2023-inner'?",)),
        (["nothing.ecsv"], ("fit.data: ", "nothing.ecsv: no such file; shipped data sets: ", "bc-dampe-2022")),
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


# ------------------------------------------------------------------------------------------------------- transport


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("halo_height", "7 GeV", "a unit like 'kpc' is needed"),
        ("halo_height", "0 kpc", "allowed: > 0 kpc"),
        ("halo_height", 7, "has no unit"),
        ("surface_density", "2.3 mg", "a unit like 'g / cm2' is needed"),
        ("advection", "0 km s-1", "allowed: > 0 km / s"),
        ("diffusion", "-1 cm2 s-1", "allowed: > 0 cm2 / s"),
        ("delta", 2.0, "should be less than 2"),
        ("delta", 0, "transport.delta"),
        ("break_delta", "steep", "should be a valid number"),
        ("break_smoothness", 0, "transport.break_smoothness"),
        ("slope", 3.0, "should be greater than 3"),
        ("slope_plus_delta", 9.0, "should be less than 8"),
        ("modulation", "-0.1 GV", "allowed: >= 0 GV"),
        ("modulation", "0.5 GeV", "a unit like 'GV' is needed"),
        ("cross_section_scale", 0, "transport.cross_section_scale"),
        ("fragmentation", "evoli2018", "unknown fragmentation table 'evoli2018'; did you mean 'evoli2019'?"),
    ],
)
def test_transport(key, value, said):
    text = error_of(lambda: load_file("paper", {f"transport.{key}": value}).nuclei)
    assert text.startswith(f"paper: transport.{key}"), text
    assert said in text


def test_transport_is_the_slab():
    nuclei = load_file("paper", {"transport.delta": 0.5, "transport.slope_plus_delta": 4.9}).nuclei
    assert nuclei.slab.delta == 0.5
    assert nuclei.slab.slope == pytest.approx(4.4)
    assert nuclei.grammage == load_file("paper").model.components[0].grammage


def test_without_cocoons_nuclei_cross_none():
    text = preset_text("schroer2021")
    assert "cocoons" in text
    loaded = load_file("base-min")
    assert all(part.name != "cocoons" for part in loaded.model.components)
    assert loaded.nuclei.grammage is None


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (None, "transport.cocoons: is missing; which of cocoons, young do nuclei cross?"),
        ("yung", "'yung'; did you mean 'young'? Allowed: cocoons, young"),
        ("diffuse", "'diffuse'; allowed: cocoons, young"),
    ],
)
def test_which_of_several_cocoons(which, said):
    overrides = {**fit(), "components.young": YOUNG, **({"transport.cocoons": which} if which else {})}
    refused(overrides, "transport.cocoons", said)


# ------------------------------------------------------------------------------------------------------------ base


@pytest.fixture
def model_file(tmp_path):
    def write(text, name="model.toml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", ["papr", "nothing-like-it", 3])
def test_a_base_that_is_no_preset(model_file, name):
    path = model_file(f"base = {name!r}".replace("'", '"'))
    text = error_of(load_file, path)
    assert text.startswith(f"{path}: base: unknown preset {name!r}")
    assert "fit-bc, fit-joint" in text
    assert ("did you mean 'paper'" in text) == (name == "papr")


def test_a_base_must_be_a_preset_and_no_file(model_file):
    model_file("", "other.toml")
    assert "unknown preset 'other.toml'" in error_of(load_file, model_file('base = "other.toml"'))


def test_nothing_but_a_base_is_the_base(model_file):
    loaded, paper = load_file(model_file('base = "paper"')), load_file("paper")
    assert loaded.file == paper.file
    assert loaded.model.components == paper.model.components


def test_a_file_over_its_base(model_file):
    """Tables are merged key by key, at every depth."""
    loaded = load_file(
        model_file('base = "paper"\n[components.cocoons.grammage]\nnormalisation = "0.2 g cm-2"\n[maps]\nnside = 16\n')
    )
    grammage = loaded.model.components[0].grammage
    assert (grammage.normalisation, grammage.cutoff) == (0.2 * u.g / u.cm**2, 100 * u.TV)
    assert loaded.model.components[1] == load_file("paper").model.components[1]
    assert loaded.maps.nside == 16
    assert loaded.maps.energies.per_decade == 20
    assert loaded.comparison.mask_factor == {"lhaaso-inner": 0.65}


def test_a_component_of_another_kind_takes_the_place(model_file):
    text = 'base = "paper"\n[components.diffuse]\nkind = "cocoons"\n[components.diffuse.injection.proton]\n'
    loaded = load_file(
        model_file(
            text + "efficiency = 0.1\nslope = 4.3\n[comparison]\nvariants = {}\n[transport]\ncocoons = 'cocoons'\n"
        )
    )
    assert type(loaded.model.components[1]) is type(loaded.model.components[0])
    assert [i.species.name for i in loaded.model.components[1].injection] == ["proton"]


def test_a_component_beside_those_of_the_base(model_file):
    text = 'base = "paper"\n[components.more]\nkind = "diffuse"\nspectra = "max"\n'
    assert [part.name for part in load_file(model_file(text)).model.components] == ["cocoons", "diffuse", "more"]


def test_what_of_the_base_is_replaced_and_what_is_added_to(model_file):
    """mask, mask_factor and variants are one choice each. A fit is added to, and forgets what goes with other data."""
    text = f"""base = "fit-bc"
[comparison]
mask_factor = {{ lhaaso-outer = 0.9 }}
variants = {{ steep = {{ "components.cocoons.injection.proton.slope" = 4.4 }} }}
[fit]
data = ["bc-dampe-2022"]
[fit.parameters]
"{XC}" = {{ bounds = ["0 g cm-2", "1 g cm-2"] }}
"""
    loaded = load_file(model_file(text))
    assert loaded.comparison.mask_factor == {"lhaaso-outer": 0.9}
    assert list(loaded.variants) == ["steep"]
    assert loaded.file.fit.data == ["bc-dampe-2022"]
    base = load_file("fit-bc").file.fit
    assert list(loaded.file.fit.parameters) == list(base.parameters)
    assert loaded.file.fit.parameters[XC].bounds == ["0 g cm-2", "1 g cm-2"] != base.parameters[XC].bounds
    assert list(loaded.file.fit.normalisations) == ["bc-dampe-2022"]
    assert loaded.file.fit.ranges == {}
    assert loaded.file.fit.profiles == base.profiles
    # but the transport is a table like any other
    assert loaded.file.transport == load_file("fit-bc").file.transport
    no_factor = load_file(model_file('base = "paper"\n[comparison]\nmask_factor = {}\n'))
    assert no_factor.comparison.mask_factor == {}
    assert list(no_factor.variants) == ["max"]


def test_a_fit_that_says_only_what_differs(model_file):
    """A parameter more, one taken out with its profile, a range and a normalisation of one's own."""
    text = f"""base = "fit-bc"
[fit.parameters]
"{XC}" = false
"transport.halo_height" = {{ bounds = ["1 kpc", "15 kpc"], prior = {{ mean = "5 kpc", sigma = "1 kpc" }} }}
[fit.normalisations]
bc-calet-2022 = false
[fit.ranges]
bc-dampe-2022 = {{ from = "20 GeV" }}
"""
    made = prepare(load_file(model_file(text)))
    assert XC not in made.variation.keys
    assert made.variation.keys[-1] == "transport.halo_height"
    assert made.section.profiles == []
    assert [p.name for p in made.likelihood.parameters if p.name.startswith("norm")] == ["normalisation.bc-dampe-2022"]
    assert made.data[1].x[0] > 20 * u.GeV
    # fit-joint is such a file
    joint, bc = (load_file(name).file.fit for name in ("fit-joint", "fit-bc"))
    assert list(joint.parameters)[: len(bc.parameters)] == list(bc.parameters)
    assert set(joint.normalisations) - set(bc.normalisations) == {"lhaaso"}
    assert joint.ranges == bc.ranges


def test_set_of_other_data_forgets_what_goes_with_the_old():
    loaded = load_file("fit-bc", {"fit.data": ["bc-ams02-2018", "bc-dampe-2022"]})
    assert loaded.file.fit.ranges == {}
    assert list(loaded.file.fit.normalisations) == ["bc-dampe-2022"]
    with_range = load_file("fit-bc", {"fit.data": ["bc-ams02-2018"], 'fit.ranges."bc-ams02-2018"': {"from": "8 GV"}})
    assert list(with_range.file.fit.ranges) == ["bc-ams02-2018"]
    assert len(prepare(with_range).likelihood.points[0]) == 53


def test_a_key_with_dots_of_its_own_is_quoted():
    key = 'fit.parameters."transport.halo_height"'
    loaded = load_file("fit-bc", {key: {"bounds": ["1 kpc", "15 kpc"]}})
    assert "transport.halo_height" in loaded.file.fit.parameters
    assert load_file("fit-bc", {f'fit.parameters."{XC}".bounds': ["0 g cm-2", "1 g cm-2"]}).file.fit.parameters[
        XC
    ].bounds == ["0 g cm-2", "1 g cm-2"]


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


def test_the_best_model_has_no_variants_of_what_was_fitted():
    """base max with the diffuse emission's normalisation of base min would look excluded."""
    joint, bc = (prepare(load_file(name)) for name in ("fit-joint", "fit-bc"))
    text = joint.toml_at(joint.variation.start)
    assert load_text(text, "best", Path.cwd()).variants == {}
    assert list(load_text(bc.toml_at(bc.variation.start), "best", Path.cwd()).variants) == ["max"]


@pytest.mark.parametrize(
    "text",
    ["data = [[1]]", "data = 3", "profiles = [[1], 2]", "normalisations = 5", "ranges = [1]", 'parameters = "x"',
     "normalisations = { a = { sigma = 0.1, data = [[1]] } }", "parameters = { x = false }", "data = [{ a = 1 }]"],
)  # fmt: skip
def test_a_wild_fit_on_a_base_ends_in_one_line(model_file, text):
    with pytest.raises(InputError) as error:
        prepare(
            load_file(
                model_file(f'base = "fit-bc"\n[fit]\n{text}\n[fit.parameters]\n"transport.delta" = 3\n')
                if "parameters" not in text
                else model_file(f'base = "fit-bc"\n[fit]\n{text}\n')
            )
        )
    assert "\n" not in str(error.value)


def test_a_preset_on_a_preset(model_file):
    """fit-joint is built on fit-bc, which is built on paper; a file may be built on it in turn."""
    joint, bc, paper = (load_file(name) for name in ("fit-joint", "fit-bc", "paper"))
    assert joint.file.transport == bc.file.transport != paper.file.transport
    assert joint.model.components == bc.model.components == paper.model.components
    assert set(joint.file.fit.data) > set(bc.file.fit.data)
    loaded = load_file(model_file('base = "fit-joint"\n[transport]\ndelta = 0.6\n'))
    assert loaded.file.fit == joint.file.fit
    assert loaded.file.transport.delta == 0.6
    assert loaded.file.transport.diffusion == bc.file.transport.diffusion


def test_mistakes_in_a_file_over_a_base_are_the_files_own(model_file):
    path = model_file('base = "paper"\n[transport]\ndelt = 0.6\n')
    assert error_of(load_file, path).startswith(f"{path}: transport: unknown key 'delt'; did you mean 'delta'?")


def test_the_text_of_a_model_stands_alone(model_file, tmp_path):
    """What `run` writes as model.toml has all of the base in it."""
    loaded = load_file(model_file('base = "fit-bc"\n[transport]\ndelta = 0.6\n'))
    assert "base" not in loaded.toml.split("[")[0]
    again = load_file(model_file(loaded.toml, "again.toml"))
    assert again.file == loaded.file


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_with_a_fit_is_ready(name):
    loaded = load_file(name)
    assert (loaded.file.fit is not None) == name.startswith("fit-")
    if loaded.file.fit is not None:
        assert len(prepare(loaded).likelihood.points) == len(loaded.file.fit.data)


# ------------------------------------------------------------------------------------------------------ where files are

BESIDE = f"""base = "paper"
[fit]
data = ["mine.ecsv", "bc-calet-2022"]
[fit.parameters]
"{XC}" = {{ bounds = ["0 g cm-2", "1 g cm-2"] }}
[fit.ranges]
"mine.ecsv" = {{ from = "20 GeV" }}
[fit.normalisations]
"""


def test_paths_begin_at_the_model_file(model_file, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(data_folder() / "ratios/bc-dampe-2022.ecsv", tmp_path / "models/mine.ecsv")
    path = model_file(BESIDE + '"mine.ecsv" = 0.05\n', "models/model.toml")
    monkeypatch.chdir(tmp_path / "elsewhere")
    made = ready({}, path)
    assert [item.name for item in made.data] == ["mine", "bc-calet-2022"]
    assert made.data[0].x.min() > 20 * u.GeV
    assert [p.name for p in made.likelihood.parameters] == [XC, "normalisation.mine"]
    # and what is written of it is good anywhere
    again = ready({}, model_file(made.loaded.toml, "elsewhere/best.toml"))
    assert again.likelihood.chi2([0.3, 1.01]) == pytest.approx(made.likelihood.chi2([0.3, 1.01]), rel=1e-12)


def test_a_missing_file_beside_the_model(model_file, tmp_path):
    path = model_file(BESIDE, "models/model.toml")
    with pytest.raises(InputError, match=r"model\.toml: fit\.data: .*models/mine\.ecsv: no such file"):
        ready({}, path)


def test_paths_in_a_group(model_file, tmp_path):
    (tmp_path / "models").mkdir()
    shutil.copy(data_folder() / "ratios/bc-dampe-2022.ecsv", tmp_path / "models/mine.ecsv")
    path = model_file(BESIDE + 'both = { sigma = 0.05, data = ["mine.ecsv", "bc-calet-2022"] }\n', "models/model.toml")
    assert ready({}, path).likelihood.groups == {"both": ("mine", "bc-calet-2022")}


def test_cocoons_that_are_not_there_without_any_fit():
    text = error_of(load_file, "paper", {"transport.cocoons": "diffuse"})
    assert text == "paper: transport.cocoons: unknown component of kind 'cocoons' 'diffuse'; allowed: cocoons"
