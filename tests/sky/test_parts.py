"""Maps made in Python are looked at as files are."""

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.utils.masked import Masked

from skycocoon import InputError, Region, SkyMap
from skycocoon.sky.pixels import Pixels
from skycocoon.units import INTENSITY

E = [1, 10, 100] * u.TeV
VALUES = np.outer([1e-11, 1e-14, 1e-17], 1 + np.arange(48) / 48)


def sky(energy=E, values=None, *rest, **more):
    return SkyMap(energy, {"x": VALUES * INTENSITY if values is None else values}, *rest, **more)


def one_line(words, *args, **more):
    with pytest.raises(InputError, match=words) as error:
        sky(*args, **more)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(("map: ", "unknown "))
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 2], [0, 2, 1]])
def test_energies_are_sorted_with_their_planes(order):
    turned = sky(E[order], VALUES[order] * INTENSITY)
    assert np.array_equal(turned.energy.value, E.value)
    assert np.array_equal(turned.intensity.value, VALUES)
    assert np.array_equal(turned.at(2 * u.TeV).value, sky().at(2 * u.TeV).value)
    np.testing.assert_allclose(turned.sed(Region.everywhere()).intensity.value, VALUES.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (healpy.UNSEEN, "1 UNSEEN .* at 10 TeV of component 'x'"),
        (np.nan, "1 NaN or infinite of 48 values at 10 TeV"),
        (np.inf, "1 NaN or infinite"),
        (-1e-30, "1 negative"),
    ],
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_that_are_none(value, words, dtype):
    wrong = VALUES.astype(dtype)
    wrong[1, 7] = value
    one_line(words, values=wrong * INTENSITY)


@pytest.mark.parametrize("energy", [10 * u.TeV, [10] * u.TeV, [10 * u.TeV], 1e4 * u.GeV])
def test_a_single_energy(energy):
    one = sky(energy, VALUES[1:2] * INTENSITY)
    assert one.energy.shape == (1,)
    assert "1 energies" in repr(one)
    assert np.array_equal(one.at(10 * u.TeV).value, VALUES[1])


def test_a_single_energy_and_a_single_plane():
    assert np.array_equal(sky(10 * u.TeV, VALUES[1] * INTENSITY).intensity.value, VALUES[1:2])
    one_line(r"shape \(48,\) does not fit 1 energies", [10] * u.TeV, VALUES[1] * INTENSITY)


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        ([1, 10, 100], "energies: a Quantity with a unit like 'GeV' is needed, got"),
        (np.array([1.0, 10, 100]), "a Quantity .* got array"),
        (5.0, "a Quantity .* got 5.0"),
        ("1 TeV", "a Quantity .* got '1 TeV'"),
        (None, "a Quantity .* got None"),
        ([1, 10, 100] * u.s, "the unit 's' does not fit; a unit like 'GeV'"),
        ([1, 10, 100] * u.dimensionless_unscaled, "the unit '' does not fit"),
        ([1, 1, 100] * u.TeV, "not positive or not all different"),
        ([0, 1, 100] * u.TeV, "not positive or not all different"),
        ([-1, 1, 100] * u.TeV, "not positive or not all different"),
        ([np.nan, 1, 100] * u.TeV, "not finite"),
        ([[1], [10], [100]] * u.TeV, r"shape \(3, 1\); one or more in a row"),
        ([] * u.TeV, "one or more in a row"),
        ([1, 10] * u.TeV, r"shape \(3, 48\) does not fit 2 energies"),
        ([1 * u.TeV, 1 * u.s], "Quantities of one kind and shape"),
        (Masked([1, 10, 100] * u.TeV, mask=[0, 1, 0]), "energies: 1 of 3 values are masked"),
        ([1j, 2, 3] * u.TeV, "real numbers are needed"),
    ],
)
def test_energies_that_are_none(energy, words):
    one_line(words, energy)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (VALUES, "component 'x': a Quantity with a unit like .* got array"),
        (np.ma.masked_array(VALUES, VALUES > 1), "a Quantity .* got masked_array"),
        (VALUES.tolist(), "a Quantity .* got"),
        (VALUES * u.K, "the unit 'K' does not fit"),
        (VALUES * INTENSITY * u.GeV, "does not fit; a unit like"),
        (VALUES.T * INTENSITY, r"shape \(48, 3\) does not fit 3 energies"),
        (VALUES[0] * INTENSITY, r"shape \(48,\) does not fit"),
        (VALUES[:, :0] * INTENSITY, "has no pixels"),
        (VALUES[:, :40] * INTENSITY, "40 pixels are no HEALPix map"),
        (Masked(VALUES * INTENSITY, mask=VALUES < 1.1e-17), "component 'x': 5 of 144 values are masked"),
        (VALUES.astype(complex) * INTENSITY, "real numbers are needed"),
    ],
)
def test_intensities_that_are_none(values, words):
    one_line(words, values=values)


def test_a_mask_that_hides_nothing():
    assert np.array_equal(sky(values=Masked(VALUES * INTENSITY)).intensity.value, VALUES)
    assert type(sky(values=Masked(VALUES * INTENSITY)).intensity) is u.Quantity


@pytest.mark.parametrize("components", [VALUES * INTENSITY, [VALUES * INTENSITY], None, "x"])
def test_components_have_names(components):
    with pytest.raises(InputError, match="a dictionary of names and intensities"):
        SkyMap(E, components)


def test_single_precision_becomes_double(tmp_path):
    """3e-38 per GeV and m^2 is 3e-45 per MeV and cm^2, below single precision; it is written all the same."""
    faint = np.full((3, 48), 3e-38, np.float32)
    one = sky(E.astype(np.float32), faint * u.Unit("GeV-1 m-2 s-1 sr-1"))
    assert one.energy.dtype == one.intensity.dtype == np.float64
    one.write(tmp_path / "faint.fits")
    np.testing.assert_allclose(SkyMap.read(tmp_path / "faint.fits").intensity.value, 3e-42, rtol=1e-6)
    assert sky(values=np.ones((3, 48), dtype=int) * INTENSITY).intensity.dtype == np.float64


def test_photons_are_numbers():
    assert np.array_equal(sky(values=VALUES * INTENSITY * u.ph).intensity.value, VALUES)


@pytest.mark.parametrize(
    ("messenger", "flavour", "words"),
    [
        ("gammas", "", "unknown messenger 'gammas'"),
        ("gamma", "per-flavour", "is for neutrinos"),
        ("neutrino", "", "neutrinos need flavour = "),
        ("neutrino", "electron", "unknown flavour convention 'electron'"),
    ],
)
def test_messenger_and_flavour(messenger, flavour, words):
    one_line(words, E, None, messenger, flavour)


@pytest.mark.parametrize(
    ("more", "words"), [({"pixels": range(48)}, "pixels are Pixels"), ({"meta": "x"}, "meta is a")]
)
def test_pixels_and_meta(more, words):
    one_line(words, **more)
    assert sky(pixels=Pixels(2, range(48))).nside == 2


def test_values_are_looked_at_once(monkeypatch, tmp_path):
    """Where they come in: not when a map is read, whose planes were looked at one by one, nor in what is made of it."""
    looked = []
    monkeypatch.setattr("skycocoon.sky.parts.check_plane", lambda plane, where: looked.append(where))
    one = sky()
    assert len(looked) == E.size
    (one + one.only("x")).write(tmp_path / "x.fits")
    SkyMap.read(tmp_path / "x.fits")
    assert len(looked) == E.size
