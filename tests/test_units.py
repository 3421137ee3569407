"""Quantities become floats at one door: any type of numbers, precision before units, and one short line for the rest."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table
from astropy.utils.masked import Masked

from skycocoon import InputError, Region, Sed, SkyMap, Template, load_model, region_sed
from skycocoon.units import INTENSITY, read_unit, summed, to_array, to_float, to_quantity, without_photons

RATE = u.kpc**-3 / u.yr
INSIDE = u.cm**-3 / u.s
# 1 kpc = 3.0856775814913674e21 cm, 1 yr = 365.25 * 86400 s
ONE = 3.0856775814913674e21**-3 / (365.25 * 86400)


@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", ">f8", "f8", "g", "i1", ">i4", "u8", "?"])
def test_precision_comes_before_the_unit(kind):
    """One per kpc^3 and year is 1e-72 in the internal unit: single precision ends at 1e-38."""
    values = np.array([[1, 0, 1], [1, 1, 0]], dtype=kind)
    result = to_array(u.Quantity(values, RATE, dtype=values.dtype), INSIDE, "x")
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, values.astype(float) * ONE, rtol=1e-12)
    one = to_array(u.Quantity(values[0, 0], RATE, dtype=values.dtype), INSIDE, "x")
    assert one.shape == ()
    np.testing.assert_allclose(one, ONE, rtol=1e-12)
    strided = u.Quantity(np.ones((4, 6), dtype=kind), RATE, dtype=values.dtype)[::2, ::-3]
    np.testing.assert_allclose(to_array(strided, INSIDE, "x"), np.full((2, 2), ONE), rtol=1e-12)


@pytest.mark.parametrize(
    "value",
    [
        [1 * u.kpc, 2000 * u.pc],
        (1 * u.kpc, 2 * u.kpc),
        Table({"a": [1, 2] * u.kpc})["a"],
        Masked([1, 2] * u.kpc, [False, False]),
        [1000, 2000] * u.pc,
    ],
)
def test_whatever_has_a_unit_is_taken(value):
    np.testing.assert_allclose(to_array(value, u.kpc, "x"), [1.0, 2.0], rtol=1e-15)


def test_numbers_without_a_unit_where_none_is_meant():
    for value in ([1, 2], (1.0, 2.0), np.float32([1, 2]), np.ma.masked_array([1, 2], [False, False])):
        np.testing.assert_array_equal(to_array(value, u.one, "x"), [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (np.nan * u.kpc, u.kpc, "x: nan kpc is not finite"),
        (np.full((30, 40), np.nan) * u.kpc, u.kpc, "x: nan kpc (value 1 of 1200) is not finite"),
        ([[1, 2], [np.inf, 3]] * u.pc, u.kpc, "x: inf pc (value 3 of 4) is not finite"),
        ([1, 1e300] * u.Mpc**3, u.cm**3, "x: 1e+300 Mpc3 (value 2 of 2) is too large for a number of 'cm3'"),
        (1e300 * u.Mpc**3, u.cm**3, "x: 1e+300 Mpc3 is too large for a number of 'cm3'"),
        ([0, 1e-250] * RATE, INSIDE, "x: 1e-250 1 / (yr kpc3) (value 2 of 2) is too small for a number of"),
        (Masked([1, 2] * u.kpc, [True, False]), u.kpc, "x: 1 of 2 values are masked"),
        (np.ma.masked_array([1, 2, 3], [False, True, True]), u.one, "x: 2 of 3 values are masked"),
        ([1 + 2j] * u.kpc, u.kpc, "x: real numbers are needed"),
        (["a"], u.one, "x: real numbers are needed"),
        (None, u.one, "x: real numbers are needed"),
        ([1, 2] * u.mag, u.kpc, "x: the unit 'mag' does not fit; a unit like 'kpc' is needed"),
        (np.ones((50, 50)), u.kpc, "x: a Quantity with a unit like 'kpc' is needed, got array"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_mistakes_are_one_short_line_with_the_first_bad_value(value, unit, words):
    with pytest.raises(InputError) as error:
        to_array(value, unit, "x")
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 150


def test_the_tail_of_an_array_may_vanish():
    """Far out a layer is 0 in any unit; an error is only that nothing is left."""
    np.testing.assert_allclose(to_array([1, 1e-300] * RATE, INSIDE, "x"), [ONE, 0.0], rtol=1e-12)
    np.testing.assert_array_equal(to_array([0, 0] * RATE, INSIDE, "x"), [0.0, 0.0])


def test_one_number_may_be_next_to_nothing():
    """A search between 0 and more goes there; what must not be 0 is refused by its range."""
    assert to_float(1e-306 * u.pc, u.kpc, "x", minimum=0.0) == pytest.approx(0.0, abs=1e-308)
    with pytest.raises(InputError, match="out of range; allowed: > 0"):
        to_float(1e-323 * u.pc, u.kpc, "x", minimum=0.0, exclusive=True)


def test_the_largest_number_of_long_double_is_too_large():
    big = u.Quantity(np.array([np.finfo(np.longdouble).max]), u.kpc, dtype=np.longdouble)
    if np.isfinite(float(np.finfo(np.longdouble).max)):
        pytest.skip("long double is double here")
    with pytest.raises(InputError, match="too large"):
        to_array(big, u.kpc, "x")


def test_sums_are_in_double_precision():
    """3e-38 per m^2 are 3e-42 per cm^2, where single precision has three digits."""
    parts = [u.Quantity(np.array([3e-38, 1e-30]), "m-2", dtype=np.float32)] * 2
    np.testing.assert_allclose(
        summed(parts, u.cm**-2).value, np.float32([3e-38, 1e-30]).astype(float) * 2e-4, rtol=1e-12
    )


def test_a_scalar_is_held_against_its_range():
    assert to_float(np.float32(2) * u.kpc, u.pc, "x") == 2000.0
    with pytest.raises(InputError, match="one value is needed, got 2"):
        to_float([1, 2] * u.kpc, u.pc, "x")


def test_photons_are_mere_numbers():
    for text in ("ph cm-2 s-1 TeV-1", "photons/cm^2/s/TeV", "photon / (TeV cm2 s)", "TeV-1 cm-2 s-1"):
        assert without_photons(read_unit(text)) == u.TeV**-1 / u.cm**2 / u.s
    assert without_photons(u.TeV) == u.TeV
    assert without_photons(u.TeV / u.ph**2) == u.TeV


def test_a_quantity_keeps_its_unit():
    value = to_quantity([1 * u.kpc, 500 * u.pc], u.cm, "x")
    assert type(value) is u.Quantity
    assert value.unit == u.kpc
    np.testing.assert_allclose(value.value, [1.0, 0.5], rtol=1e-15)
    assert to_quantity(np.float32([1, 2]) * u.kpc, u.cm, "x").dtype == np.float64


ENERGIES = {
    "float16": np.float16([1, 8]) * u.TeV,
    "float32": np.float32([1, 8]) * u.TeV,
    "big-endian": np.array([1, 8], dtype=">f4") * u.TeV,
    "integers": np.array([1, 8]) * u.TeV,
    "list": [1 * u.TeV, 8000 * u.GeV],
    "not masked": Masked([1.0, 8.0] * u.TeV, [False, False]),
    "column": Table({"a": [1.0, 8.0] * u.TeV})["a"],
    "strided": np.array([1.0, 0.0, 8.0, 0.0])[::2] * u.TeV,
}


@pytest.mark.parametrize("name", ENERGIES)
def test_every_door_takes_them(name):
    """A spectrum of a model, of numbers, a map, a component that is one, and what is between their nodes."""
    energy, at = ENERGIES[name], [1.0, 8.0] * u.TeV
    model, region = load_model("schroer2021"), Region.named("lhaaso-inner")
    expected = region_sed(model, "gamma", at, region, rtol=1e-2).intensity.value
    np.testing.assert_allclose(
        region_sed(model, "gamma", energy, region, rtol=1e-2).intensity.value, expected, rtol=1e-6
    )
    sed = Sed(energy, {"x": [1, 2] * INTENSITY}, region)
    np.testing.assert_allclose(sed.at(energy).value, [1, 2], rtol=1e-6)
    assert sed.at(2 * u.TeV).value == pytest.approx(2 ** (1 / 3), rel=1e-6)
    sky = SkyMap(energy, {"x": np.repeat([[1.0], [2.0]], 12, axis=1) * INTENSITY})
    np.testing.assert_allclose(sky.resampled(1, energy).intensity.value[:, 0], [1, 2], rtol=1e-6)
    np.testing.assert_allclose(Template("x", sky).template("gamma", energy).intensity.value[:, 5], [1, 2], rtol=1e-6)


def test_a_map_in_single_precision_is_written_as_it_is(tmp_path):
    """3e-38 per m^2 is 3e-42 per cm^2, where single precision is 7 % off: it is written in double."""
    values = u.Quantity(np.full((1, 12), 3e-38, dtype=np.float32), "GeV-1 m-2 s-1 sr-1", dtype=np.float32)
    SkyMap([1] * u.TeV, {"x": values}).write(tmp_path / "a.fits")
    read = SkyMap.read(tmp_path / "a.fits").intensity.to_value("GeV-1 m-2 s-1 sr-1")
    np.testing.assert_allclose(read, np.float64(np.float32(3e-38)), rtol=1e-12)
