"""Model files: what they mean, and that nothing a user can type gets through unchecked."""

import math
import tomllib

import astropy.units as u
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import (
    CylindricalGrid,
    InputError,
    Region,
    SkyMap,
    SourceDisc,
    intensity_map,
    list_presets,
    load_model,
    region_sed,
)
from skycocoon.absorption import Absorption
from skycocoon.config import load_file, preset_text, to_toml
from skycocoon.units import INTENSITY

EXAMPLE = """
[galaxy]
sun_radius = "8.5 kpc"
[components.cocoons]
kind = "cocoons"
supernova_interval = "30 yr"
supernova_energy = "1e51 erg"
[components.cocoons.disc]
profile = "green2015"
height = "0.1 kpc"
radius = "20 kpc"
half_height = "0.5 kpc"
[components.cocoons.injection.proton]
efficiency = 0.07
slope = 4.31
cutoff = "3 PV"
[components.cocoons.injection.helium]
efficiency = 0.025
slope = 4.21
cutoff = "3 PV"
[components.cocoons.grammage]
law = "exponential"            # constant | exponential | diffusive (then also delta = 0.5)
normalisation = "0.4 g cm-2"
cutoff = "100 TV"
[maps]
nside = 128
energies = { from = "10 GeV", to = "10 PeV", per_decade = 20 }
"""


@pytest.fixture
def model_file(tmp_path):
    def write(text=EXAMPLE, name="model.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def error_of(call, *arguments):
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_example_is_the_preset(model_file):
    loaded, preset = load_file(model_file()), load_file("paper")
    assert loaded.model.components == preset.model.components[:1]
    assert loaded.model.sun == preset.model.sun
    assert loaded.model.absorption == preset.model.absorption == Absorption(())
    assert loaded.maps.nside == 128
    nodes = loaded.maps.energies.nodes()
    assert nodes.size == 121
    np.testing.assert_allclose(nodes[[0, 20, -1]].to_value(u.GeV), [10, 100, 1e7], rtol=1e-12)
    # the example says nothing of a comparison, so nothing is multiplied
    assert loaded.comparison.mask_factor == {}
    assert preset.comparison.mask_factor == {"lhaaso-inner": 0.65}


@pytest.mark.parametrize("name", list_presets())
def test_presets_say_where_each_number_is_from(name):
    model = load_model(name)
    assert model.components
    lines = [line for line in preset_text(name).splitlines() if "=" in line and not line.startswith("#")]
    physics = [
        line
        for line in lines
        if line.split("=")[0].strip()
        in ("efficiency", "slope", "cutoff", "normalisation", "height", "radius", "halo_height", "surface_density",
            "advection", "diffusion", "delta", "break_rigidity", "break_delta", "modulation", "slope_plus_delta")
    ]  # fmt: skip
    # A preset on another one says what differs.
    whole = "base" not in tomllib.loads(preset_text(name))
    assert len(physics) >= (9 if "[components.cocoons]" in preset_text(name) else 1) * whole
    for line in physics:
        assert any(tag in line for tag in ("[published]", "[cited]", "[literature]", "[reconstructed]")), line


def test_the_presets_differ_in_the_injection_alone():
    one, two = (tomllib.loads(preset_text(name)) for name in ("paper", "schroer2021"))
    assert one["components"]["cocoons"].pop("injection") != two["components"]["cocoons"].pop("injection")
    assert one["components"]["cocoons"] == two["components"]["cocoons"]
    assert list(two["components"]) == ["cocoons"]


def test_the_paper_is_cocoons_and_base_min():
    paper, base = load_model("paper"), load_model("base-min")
    assert [c.name for c in paper.components] == ["cocoons", "diffuse"]
    assert paper.components[1:] == base.components
    assert load_model("paper-max").components == (paper.components[0], *load_model("base-max").components)
    for name in ("paper", "paper-max", "base-min", "base-max"):
        loaded = load_file(name)
        (other,) = loaded.variants.values()
        assert loaded.comparison.name == loaded.model.components[-1].spectra
        assert {loaded.comparison.name, *loaded.variants} == {"min", "max"}
        assert other.components[-1].spectra in loaded.variants
        # only what differs is another object
        assert other.components[:-1] == loaded.model.components[:-1]
        assert "could not be read" in preset_text(name)


def test_set_changes_one_key():
    model = load_model(
        "paper", {"components.cocoons.grammage.cutoff": "300 TV", "components.cocoons.disc.height": 0.2 * u.kpc}
    )
    assert model.components[0].grammage.cutoff == 300 * u.TV
    assert model.components[0].density.height == 0.2 * u.kpc
    assert "300 TV" in model.provenance["toml"]
    assert load_model("paper").components[0].grammage.cutoff == 100 * u.TV


def test_what_is_written_can_be_read_again(model_file):
    loaded = load_file("paper", {"components.cocoons.grammage.cutoff": "300 TV", "maps.nside": 32})
    again = load_file(model_file(loaded.toml))
    assert again.model.components == loaded.model.components
    assert again.maps == loaded.maps
    assert again.comparison == loaded.comparison


def test_every_law(model_file):
    text = EXAMPLE.replace('law = "exponential"', 'law = "constant"').replace('cutoff = "100 TV"\n', "")
    x = load_model(model_file(text)).components[0].grammage([1, 1e6] * u.GV)
    np.testing.assert_array_equal(x.value, 0.4)
    for delta, value in (
        ("0.5", 0.5),
        ('"1/3"', 1 / 3),
        ('"kolmogorov"', 1 / 3),
        ('"kraichnan"', 0.5),
        ('"bohm"', 1.0),
    ):
        text = EXAMPLE.replace('law = "exponential"', f'law = "diffusive"\ndelta = {delta}\nsharp = true')
        law = load_model(model_file(text)).components[0].grammage
        assert (law.delta, law.sharp) == (value, True)


def test_every_disc(model_file):
    for profile in ("case-bhattacharya1998", "yusifov-kucuk2004"):
        density = load_model(model_file(EXAMPLE.replace("green2015", profile))).components[0].density
        assert density == SourceDisc.preset(profile)
    custom = EXAMPLE.replace('"green2015"', '"custom"\na = 2.0\nb = 3.0\noffset = "0.5 kpc"\nvertical = "gaussian"')
    density = load_model(model_file(custom)).components[0].density
    assert (density.a, density.b, density.vertical) == (2.0, 3.0, "gaussian")
    assert density.offset == 0.5 * u.kpc


def test_a_grid_from_a_file(model_file, tmp_path):
    SourceDisc().grid(1e-3).write(tmp_path / "density.npz")
    text = EXAMPLE.replace(
        'profile = "green2015"\nheight = "0.1 kpc"\nradius = "20 kpc"\nhalf_height = "0.5 kpc"',
        'profile = "grid"\nfile = "density.npz"',
    )
    loaded = load_file(model_file(text))
    density = loaded.model.components[0].density
    assert isinstance(density, CylindricalGrid)
    assert density.total().to_value("yr-1") == pytest.approx(1 / 30, rel=1e-6)
    # the copy that a run writes works from any folder
    assert str(tmp_path / "density.npz") in loaded.toml
    assert "density.npz" in error_of(load_model, model_file(text.replace("density.npz", "none/density.npz")))


def test_no_cutoff():
    model = load_model("paper", {"components.cocoons.injection.proton.cutoff": "inf PV"})
    assert math.isinf(model.components[0].injection[0].cutoff.value)


BAD = {
    "unknown key": (("height =", "heigth ="), ["components.cocoons.disc", "'heigth'", "did you mean 'height'"]),
    "unknown section": (("[maps]", "[map]"), ["'map'", "did you mean 'maps'"]),
    "unknown galaxy key": (("sun_radius", "sun_radios"), ["galaxy", "did you mean 'sun_radius'"]),
    "unknown energies key": (("per_decade", "per_decde"), ["maps.energies", "did you mean 'per_decade'"]),
    "unknown species": (("injection.helium", "injection.helum"), ["did you mean 'helium'"]),
    "unknown kind": (('kind = "cocoons"', 'kind = "cocoon"'), ["components.cocoons.kind", "did you mean 'cocoons'"]),
    "unknown profile": (("green2015", "green2014"), ["disc.profile", "did you mean 'green2015'"]),
    "unknown law": (('"exponential"', '"exponental"'), ["grammage.law", "did you mean 'exponential'"]),
    "wrong unit": (('"0.1 kpc"', '"0.1 yr"'), ["disc.height", "'0.1 yr'", "kpc"]),
    "no unit": (('"0.1 kpc"', "0.1"), ["disc.height", "no unit", "kpc"]),
    "not a quantity": (('"0.1 kpc"', '"thin"'), ["disc.height", "'thin'"]),
    "unknown unit": (('"0.1 kpc"', '"0.1 kpcc"'), ["disc.height", "kpcc"]),
    "negative": (('"0.1 kpc"', '"-0.1 kpc"'), ["disc.height", "> 0"]),
    "zero": (('"30 yr"', '"0 yr"'), ["supernova_interval", "> 0"]),
    "NaN": (('"0.1 kpc"', '"nan kpc"'), ["disc.height", "finite"]),
    "NaN number": (("slope = 4.31", "slope = nan"), ["proton.slope", "finite"]),
    "infinite": (('"20 kpc"', '"inf kpc"'), ["disc.radius", "finite"]),
    "list": (('"0.1 kpc"', '["0.1 kpc"]'), ["disc.height", "not a quantity"]),
    "boolean": (('"0.1 kpc"', "true"), ["disc.height", "not a quantity"]),
    "efficiency": (("efficiency = 0.07", "efficiency = 1.7"), ["proton.efficiency", "1.7", "less than or equal to 1"]),
    "slope": (("slope = 4.31", "slope = 2.2"), ["proton.slope", "2.2", "greater than 3"]),
    "slope text": (("slope = 4.31", 'slope = "steep"'), ["proton.slope", "steep"]),
    "nside": (("nside = 128", "nside = 100"), ["maps.nside", "100", "power of two", "64 or 128"]),
    "nside zero": (("nside = 128", "nside = 0"), ["maps.nside", "power of two"]),
    "nside text": (("nside = 128", 'nside = "100"'), ["maps.nside", "power of two"]),
    "nside large": (("nside = 128", "nside = 65536"), ["maps.nside", "8192"]),
    "energies": (('"10 GeV"', '"10 m"'), ["maps.energies.from", "GeV"]),
    "energies order": (('to = "10 PeV"', 'to = "1 GeV"'), ["maps.energies", "above 'from'"]),
    "delta": (("law = ", "delta = 0.5\nlaw = "), ["grammage", "delta goes with law = 'diffusive'"]),
    "no delta": (('law = "exponential"', 'law = "diffusive"'), ["needs delta"]),
    "turbulence": (('law = "exponential"', 'law = "diffusive"\ndelta = "krachnan"'), ["did you mean 'kraichnan'"]),
    "grid without file": (('"green2015"', '"grid"'), ["file"]),
    "custom without b": (('"green2015"', '"custom"\na = 1.0'), ["a and b"]),
    "missing injection": (("[components.cocoons.injection.proton]\n", "[x]\n"), ["'x'"]),
    "comparison": (("[maps]", "[comparison]\nmask_factor = { lhaso-inner = 0.65 }\n[maps]"), ["did you mean 'lhaaso-inner'"]),
    "factor": (("[maps]", "[comparison]\nmask_factor = { lhaaso-inner = -1 }\n[maps]"), ["mask_factor.lhaaso-inner", "greater than 0"]),
    "not TOML": (("[maps]", "[maps"), ["not TOML", "line"]),
    "twice": (("nside = 128", "nside = 128\nnside = 64"), ["not TOML"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_mistakes_end_in_one_line(case, model_file):
    (old, new), words = BAD[case]
    assert old in EXAMPLE
    path = model_file(EXAMPLE.replace(old, new, 1))
    text = error_of(load_model, path)
    assert "model.toml" in text
    for word in words:
        assert word in text, text


def test_other_mistakes(tmp_path, model_file):
    assert "did you mean 'paper'" in error_of(load_model, "papr")
    assert "no such file" in error_of(load_model, tmp_path / "none.toml")
    assert "missing" in error_of(load_model, model_file("[galaxy]\n"))
    assert "missing" in error_of(load_model, model_file("[components.c]\nkind = 'cocoons'\n"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in error_of(load_model, tmp_path / "binary.toml")
    assert "cannot be read" in error_of(load_model, tmp_path)
    assert "total" in error_of(load_model, model_file(EXAMPLE.replace("components.cocoons", "components.total")))
    assert "no such key" in error_of(load_model, "paper", {"maps.nside.deeper": 1})
    assert "did you mean" in error_of(load_model, "paper", {"components.cocoons.grammage.cutof": "1 TV"})


KEYS = [
    "galaxy",
    "components",
    "cocoons",
    "disc",
    "height",
    "kind",
    "injection",
    "proton",
    "slope",
    "maps",
    "nside",
    "energies",
    "from",
    "x",
]
VALUES = st.recursive(
    st.one_of(
        st.integers(-(10**6), 10**6), st.floats(allow_nan=True), st.booleans(),
        st.sampled_from(["cocoons", "0.1 kpc", "1 TeV", "3 PV", "-1 kpc", "nan kpc", "green2015", "", "kpc", "1e400 kpc", "0.4 g cm-2"]),
        st.text(max_size=12),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_random_documents_give_a_model_or_one_line(document, tmp_path):
    path = tmp_path / "random.toml"
    path.write_text(to_toml(document), encoding="utf-8")
    try:
        load_file(path)
    except InputError as error:
        assert "\n" not in str(error)
        assert "random.toml" in str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_to_a_good_file_gives_a_model_or_one_line(data, tmp_path):
    text = bytearray(EXAMPLE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = tmp_path / "damaged.toml"
    path.write_bytes(text)
    try:
        load_file(path)
    except InputError as error:
        assert "\n" not in str(error)
        assert "damaged.toml" in str(error)


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


SKY = """
[components.diffuse]
kind = "diffuse"
spectra = "lhaaso"
gas = "nakanishi-sofue"
[components.diffuse.sea]
sources = "yusifov-kucuk2004"
halo_height = "7 kpc"
radius = "18 kpc"
[absorption]
fields = ["cmb", "dust"]
dust_scale = 1.1
"""


def test_diffuse_and_absorption_sections(model_file):
    model = load_model(model_file(SKY))
    (diffuse,) = model.components
    assert (diffuse.spectra, diffuse.gas.model, diffuse.sea.sources) == (
        "lhaaso",
        "nakanishi-sofue",
        "yusifov-kucuk2004",
    )
    assert (diffuse.sea.halo_height, diffuse.sea.radius, diffuse.sea.sun_radius) == (7 * u.kpc, 18 * u.kpc, 8.5 * u.kpc)
    assert model.absorption == Absorption(("cmb", "dust"), 1.1)
    assert "cmb" in model.provenance["absorption"].lower()
    none = load_model(model_file(SKY), {"absorption.fields": []})
    assert none.absorption.fields == ()


def write_sky(path, messenger="gamma"):
    sky = SkyMap(np.geomspace(1, 1e3, 13) * u.TeV, {"theirs": np.full((13, 12), 1e-12) * INTENSITY}, messenger)
    sky.write(path, overwrite=True)


def test_map_section(model_file, tmp_path):
    write_sky(tmp_path / "theirs.fits")
    text = '[components.other]\nkind = "map"\nfile = "theirs.fits"\nscale = 2.0\n'
    loaded = load_file(model_file(text))
    assert loaded.model.messengers == ("gamma",)
    sed = region_sed(loaded.model, "gamma", [2, 20] * u.TeV, Region.everywhere())
    np.testing.assert_allclose(sed.components["other"].to_value(INTENSITY), 2e-12, rtol=1e-6)
    # the file is found again from anywhere
    assert str(tmp_path / "theirs.fits") in loaded.toml
    assert "none of its components" in error_of(region_sed, loaded.model, "neutrino", [2] * u.TeV, Region.everywhere())
    assert "outside = 'zero'" in error_of(region_sed, loaded.model, "gamma", [1e4] * u.TeV, Region.everywhere())
    dark = load_model(model_file(text + 'outside = "zero"\n'))
    both = region_sed(dark, "gamma", [20, 1e4] * u.TeV, Region.everywhere()).intensity.to_value(INTENSITY)
    np.testing.assert_allclose(both, [2e-12, 0], rtol=1e-6)
    sky = intensity_map(dark, "gamma", [20] * u.TeV, 4)
    assert sky.intensity.shape == (1, 192)
    assert "celestial" in error_of(load_model, model_file(text + 'frame = "celestial"\n'))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("components.diffuse.kind", "difuse", "did you mean 'diffuse'"),
        ("components.diffuse.gas", "galprp", "did you mean 'galprop'"),
        ("components.diffuse.spectra", "mni", "did you mean 'min'"),
        ("components.diffuse.sea.halo", "4 kpc", "did you mean 'halo_height'"),
        ("components.diffuse.sea.halo_height", "4 TeV", "halo_height"),
        ("components.diffuse.sea.radius", "5 kpc", "outside the sea"),
        ("components.diffuse.x_co", "2e20 cm-2", "x_co"),
        ("components.diffuse.column_scale", 0, "column_scale"),
        ("components.other.file", "x.fits", "components.other.kind: is missing; allowed: cocoons, diffuse, map"),
        ("components.other", {"kind": "map", "file": "x.fits"}, "no such file"),
        ("components.other", {"kind": "map", "file": "x.fits", "unit ": "a"}, "did you mean 'unit'"),
        ("absorption.fields", ["ir"], "unknown absorbing field 'ir'"),
        ("absorption.fields", "cmb", "absorption.fields"),
        ("absorption.fields", ["cmb", "cmb"], "twice"),
        ("absorption.dust_scale", -1, "dust_scale"),
        ("comparison.mask", {"lhaaso-inner": "lhaaso-inner-masked"}, "choose one"),
        ("comparison.mask", {"lhaaso-outer": "lhaaso-inner-masked"}, "no part of it"),
        ("comparison.mask", {"lhaaso-outer": "tibet-a"}, "masks no sources"),
        ("comparison.variants", {"x": {"maps.nside": 2}}, "only keys of components"),
        ("comparison.variants", {"x": {"components.diffuse.spectra": "mxa"}}, "comparison.variants.x"),
        ("comparison.variants", 3, "comparison.variants"),
    ],
)
def test_the_new_sections_refuse(key, value, words):
    text = error_of(load_model, "paper", {key: value})
    assert words in text
    assert text.startswith("paper: ")


def test_mask_instead_of_factor():
    loaded = load_file(
        "paper", {"comparison.mask_factor": {}, "comparison.mask": {"LHAASO-KM2A 2023 inner": "lhaaso-inner-masked"}}
    )
    assert loaded.comparison.mask["lhaaso-inner"] == Region.named("lhaaso-inner-masked")
    assert load_file("paper").comparison.mask == {}
