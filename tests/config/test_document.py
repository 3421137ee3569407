"""A model file as text: bases, keys that are set, paths of files, and TOML."""

import shutil
import tomllib

import astropy.units as u
import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skycocoon import InputError, Region
from skycocoon.config import load_file, load_text, parse_setting, to_toml
from skycocoon.config.document import files_named
from skycocoon.modelfit import prepare
from skycocoon.shipped import data_folder

from ..conftest import error_of
from .conftest import XC, ready


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.recursive(
            st.one_of(
                st.booleans(),
                st.integers(),
                st.floats(allow_nan=False),
                st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))),
            ),
            lambda inner: st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3),
        ),
        max_size=4,
    )
)
def test_toml_round_trip(document):
    assert tomllib.loads(to_toml(document)) == document


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


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("key", [XC, "transport.break_delta"])
def test_set_takes_a_parameter_out_as_a_file_does(model_file, key, quoted):
    """Quotes are TOML's, but a shell takes them away: both are the key."""
    name = f'"{key}"' if quoted else key
    loaded = load_file("fit-bc", {f"fit.parameters.{name}": False})
    of_file = load_file(model_file(f'base = "fit-bc"\n[fit.parameters]\n"{key}" = false\n'))
    assert loaded.file.fit == of_file.file.fit
    assert key not in loaded.file.fit.parameters
    assert (XC in loaded.file.fit.profiles) == (key != XC)
    # The text says the same: that of `best.toml` is one.
    assert load_text(loaded.toml, "again", loaded.folder).file.fit == loaded.file.fit


def test_set_takes_a_prior_a_normalisation_and_a_range_out():
    scale = "transport.cross_section_scale"
    base = load_file("fit-bc").file.fit
    fit = load_file(
        "fit-bc",
        {
            f'fit.parameters."{scale}".prior': False,
            "fit.normalisations.bc-dampe-2022": False,
            "fit.ranges.bc-ams02-2021": False,
        },
    ).file.fit
    assert base.parameters[scale].prior is not None
    assert fit.parameters[scale].prior is None
    assert fit.parameters[scale].bounds == base.parameters[scale].bounds
    assert list(fit.normalisations) == ["bc-calet-2022"]
    assert fit.ranges == {}


def test_set_of_a_whole_parameter_or_a_part_of_it():
    table = {"bounds": [0.4, 0.8], "prior": {"mean": 0.6, "sigma": 0.1}}
    whole = load_file("fit-bc", {"fit.parameters.transport.delta": table}).file.fit.parameters["transport.delta"]
    parts = {f'fit.parameters."transport.delta".{key}': value for key, value in table.items()}
    assert load_file("fit-bc", parts).file.fit.parameters["transport.delta"] == whole
    assert whole.prior.sigma == 0.1
    scale = 'fit.parameters."transport.cross_section_scale".prior.sigma'
    assert load_file("fit-bc", {scale: 0.1}).file.fit.parameters["transport.cross_section_scale"].prior.mean == 1.0


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            'fit.parameters."transport.dleta"',
            False,
            "no such key to take out by false; .*did you mean 'transport.delta'",
        ),
        ("fit.ranges.bc-dampe-2022", False, r"bc-dampe-2022: there is no such key .*did you mean .bc-ams02-2021"),
        ('fit.parameters."transport.delta".prior', False, "fit.parameters.transport.delta.prior: there is no such key"),
        ('fit.parameters."transport.delta"', True, "a table is needed, with the keys bounds, prior"),
        ('fit.parameters."transport.delta".min', 0.5, "unknown key 'min'; allowed: bounds, prior"),
        ("fit.parameters", {"transport": {"delta": {"bounds": [0.3, 0.9]}}}, 'is quoted: "transport.delta" = '),
        ("fit.parameters", {"transport.delta": False}, "transport.delta = false takes out what a base has"),
        ("fit.parameters", {}, "at least 1 needed"),
    ],
)
def test_what_cannot_be_taken_out_or_set_is_one_line(key, value, message):
    with pytest.raises(InputError, match=message) as error:
        load_file("fit-bc", {key: value})
    assert "\n" not in str(error.value)


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


SOURCES = """# %ECSV 1.0
# ---
# datatype:
# - {name: l, unit: deg, datatype: float64}
# - {name: b, unit: deg, datatype: float64}
# meta: {psf: 0.5 deg}
# schema: astropy-2.0
l b
50.0 0.0
"""


def test_paths_in_regions_begin_at_the_model_file(model_file, tmp_path, monkeypatch):
    """Of catalogues and masks alike, in keys and values; the text of the model runs from any folder."""
    (tmp_path / "my - sources.ecsv").write_text(SOURCES)
    healpy.write_map(tmp_path / "m.fits", np.ones(768), coord="G", dtype=np.float64)
    path = model_file(
        """
        base = "paper"
        [comparison]
        mask_factor = { "mask:m.fits,RING" = 0.5 }
        mask = { lhaaso-inner = 'lhaaso-inner - sources:"my - sources.ecsv"' }
        """
    )
    monkeypatch.chdir("/")
    loaded = load_file(path)
    assert (
        loaded.comparison.mask["lhaaso-inner"].name == f'lhaaso-inner - sources:"{tmp_path}/my - sources.ecsv",0.5deg'
    )
    names = {str(tmp_path / name) for name in ("my - sources.ecsv", "m.fits")}
    assert names <= set(files_named(tomllib.loads(loaded.toml)))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "model.toml").write_text(loaded.toml)
    again = load_file(moved / "model.toml")
    assert again.comparison == loaded.comparison
    assert again.toml == loaded.toml
    everywhere = Region.parse(f"mask:{tmp_path}/m.fits,RING")
    assert loaded.comparison.target("gamma", everywhere).factor == 0.5


def test_a_missing_file_in_a_region_is_one_line(model_file, tmp_path):
    text = error_of(load_file, model_file('base = "paper"\n[comparison]\nmask = { lhaaso-inner = "sources:x.ecsv" }'))
    assert f"{tmp_path / 'x.ecsv'}: no such file" in text
    assert "comparison.mask" in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 30 + "]" * 30, "nested too deeply; allowed: 20 levels"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("a = " + "{a=" * 30 + "1" + "}" * 30, "nested too deeply"),
        (".".join("a" * 30) + " = 1", "nested too deeply"),
        (" . ".join(['"a"'] * 3000) + " = 1", "a key of more than 40 steps"),
        ("[" + ".".join("a" * 200_000) + "]", "a key of more than 40 steps"),
        ("a = 1" + "0" * 5000, "5001 digits"),
        ("a = [1, 0x" + "f" * 5000 + "]", "an integer of more than 64 bits"),
        ("[maps]\nnside = " + "9" * 30, "an integer of more than 64 bits"),
        ("#" * (1 << 20) + "\n", "too long for a text file of its kind; allowed: 1048576 bytes"),
        ("a = 2025-02-30", "not TOML: Invalid date"),
        ("a = \0", "not TOML"),
        ("", "components: is missing"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_texts_beyond_all_limits(model_file, text, reason):
    """None of them takes long; the quickest way to a limit is another each time."""
    path = model_file(text)
    message = error_of(load_file, path)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (".".join("a" * 3000), 1, "there is no such key"),
        ("maps.nside", 10**400, "maps.nside: an integer of more than 64 bits"),
        ("maps", [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]], "maps: tables or lists are nested too deeply"),
        ("maps.nside", "x" * 10_000, "maps.nside = 'xxx"),
        ("components.cocoons.disc.profile", "x" * 10_000, "unknown disc profile 'xxx"),
        ("components.cocoons.disc.height", "1 " + "k" * 10_000, "(too long)"),
        ("x" * 10_000, 1, "unknown key 'xxx"),
        ("comparison.variants", {f"v{i}": {} for i in range(200)}, "at most 100 are allowed"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_settings_beyond_all_limits(key, value, reason):
    message = error_of(load_file, "paper", {key: value})
    assert reason in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("a.b=1", ("a.b", 1)),
        (" a.b = 300 TV ", ("a.b", "300 TV")),
        ('a="x"', ("a", "x")),
        ("a=[1, 2]", ("a", [1, 2])),
        ("a=", ("a", "")),
        ("a=b=c", ("a", "b=c")),
        # The second line would be a key that nobody hears of again.
        ("a=1\nb=2", ("a", "1\nb=2")),
    ],
)
def test_a_setting(text, setting):
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["", "=", "=1", "maps.nside", " = 1", "x" * 200])
def test_no_setting(text):
    assert "write it as KEY=VALUE" in error_of(parse_setting, text)


def test_a_mark_at_the_beginning_and_other_ends_of_lines(tmp_path):
    """As Windows' editors write them."""
    path = tmp_path / "model.toml"
    path.write_bytes(b"\xef\xbb\xbf" + b'base = "paper"\r\n[maps]\r\nnside = 16\r\n')
    assert load_file(path).maps.nside == 16
