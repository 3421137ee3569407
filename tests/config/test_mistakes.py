"""Nothing a user can type gets through unchecked: mistakes end in one line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import InputError, load_model
from skycocoon.config import load_file, to_toml

from ..conftest import EXAMPLE, error_of
from .conftest import GOOD, XC, fit, refused

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
    "too thin": (('"0.1 kpc"', '"1e-300 kpc"'), ["disc.height", "1e-300 kpc", "1e-12 to 1e+12 kpc"]),
    "too large": (('"20 kpc"', '"1e16 pc"'), ["disc.radius", "1e+16 pc", "1e-12 to 1e+12 kpc"]),
    "too rare": (('"30 yr"', '"1e300 yr"'), ["supernova_interval", "1e+300 yr", "1e-12 to 1e+12 yr"]),
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
    assert "is a folder" in error_of(load_model, tmp_path)
    assert "total" in error_of(load_model, model_file(EXAMPLE.replace("components.cocoons", "components.total")))
    # A Python user typed no option.
    assert error_of(load_model, "paper", {"maps.nside.deeper": 1}).startswith("maps.nside.deeper: there is no such key")
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
    ("key", "value", "allowed"),
    [
        ("galaxy.sun_radius", "1e-300 kpc", "1e-12 to 1e+12 kpc"),
        ("galaxy.sun_height", "-1e300 kpc", "-1e+12 to 1e+12 kpc"),
        ("components.cocoons.supernova_energy", "1e300 erg", "0 to 1e+63 erg"),
        ("components.cocoons.gas_density", "1e300 cm-3", "1e-12 to 1e+12 1 / cm3"),
        ("components.cocoons.grammage.normalisation", "1e300 g cm-2", "0 to 1e+12 g / cm2"),
        ("components.cocoons.grammage.cutoff", "1e-300 GV", "1e-12 to 1e+12 GV"),
        ("components.cocoons.injection.proton.cutoff", "1e-300 GV", "1e-12 to 1e+12 GV, or inf"),
        ("transport.diffusion", "1e300 cm2 s-1", "1e+16 to 1e+40 cm2 / s"),
    ],
)
def test_absurd_values_name_their_key(key, value, allowed):
    """They gave NaN and exit code 0, or arrays over many lines."""
    with pytest.raises(InputError) as error:
        load_file("paper", {key: value})
    assert key in str(error.value)
    assert str(error.value).endswith(f"is out of range; allowed: {allowed}")
    assert "\n" not in str(error.value)


def test_what_may_be_nothing_may_be_next_to_nothing():
    """A search between 0 and more goes there."""
    load_file("paper", {"components.cocoons.grammage.normalisation": "1e-200 g cm-2", "galaxy.sun_height": "1e-30 pc"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("maps.nside", True),
        ("maps.energies.per_decade", True),
        ("components.cocoons.injection.proton.efficiency", True),
        ("components.cocoons.disc.height", True),
        ("comparison.mask_factor", {"lhaaso-inner": True}),
        ("transport.delta", True),
        ("components.diffuse.gas", False),
    ],
)
def test_true_is_no_number(key, value):
    """Python takes it for 1, which is a resolution, an efficiency and a factor."""
    text = error_of(load_model, "paper", {key: value})
    assert text.startswith(f"paper: {key}")
    assert "= 1" not in text


def test_a_number_is_no_table():
    assert "components.cocoons = 1: a table is needed" in error_of(load_model, "paper", {"components.cocoons": 1})
