"""Files of maps as other codes write them."""

import warnings

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import InputError, SkyMap
from skycocoon.units import INTENSITY

NSIDE = 2
NPIX = 12 * NSIDE**2
E = np.array([10.0, 100.0, 1000.0]) * u.GeV

# Every value is different, so that no reordering of pixels or planes goes unseen.
CUBE = np.outer([1e-6, 2e-9, 3e-12], 1.0 + np.arange(NPIX) / 64).astype(np.float32)
NUMBERS = CUBE.astype(np.float64)
MEV = "cm-2 s-1 sr-1 MeV-1"
KEYS = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": NSIDE, "FIRSTPIX": 0, "LASTPIX": NPIX - 1}


def table(columns, name, **keys):
    """A table of {column: (values, unit)} and header keys; None leaves one out."""
    made = []
    for column, (values, unit) in columns.items():
        values = np.asarray(values)
        kind = {"f4": "E", "f8": "D", "i8": "K"}[values.dtype.str[1:]]
        rows = f"{values.shape[1]}{kind}" if values.ndim > 1 else kind
        made.append(fits.Column(column, rows, unit=unit, array=values))
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    for key, value in keys.items():
        if value is not None:
            hdu.header["HIERARCH " + key if len(key) > 8 else key] = value
    return hdu


def write(path, *tables):
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    return path


def energies(unit="MeV", name="Energy", values=E):
    return table({name: (values.to_value(unit or "MeV"), unit)}, "ENERGIES")


def hermes(path, cube=CUBE, unit="GeV^-1 m^-2 s^-1 sr^-1", energy=E, **keys):
    """As HERMES writes: a table per energy, ENERGY in joule."""
    keys = {**KEYS, "COORDSYS": "G", "OBJECT": "FULLSKY", "INDXSCHM": "IMPLICIT", "BAD_DATA": -1.6375e30, **keys}
    tables = [
        table({"TFLOAT": (values, unit)}, "xtension", ENERGY=e.to_value(u.J), PROCESS="Pi0", **keys)
        for e, values in zip(energy, cube, strict=True)
    ]
    for hdu in tables:  # HERMES writes the name twice
        hdu.header.append(("EXTNAME", "xtension"), end=True)
    return write(path, *tables)


def galprop(path, cube=CUBE, unit=MEV, bounds=False, energy_unit="MeV", **keys):
    """As GALPROP 56 with galtoolslib writes."""
    keys = {
        **KEYS,
        "COORDSYS": "GAL",
        "OBJECT": "FULLSKY",
        "INDXSCHM": "IMPLICIT",
        "NBRBINS": 3,
        "EMPTYVAL": 0.0,
        **keys,
    }
    columns = {f"Bin{k}": (values, unit) for k, values in enumerate(cube)}
    step = np.sqrt(10)
    low, high = E.to_value("MeV") / step, E.to_value("MeV") * step
    bins = {"CHANNEL": (np.arange(1, 4), None), "Energy_MIN": (low, "MeV"), "Energy_MAX": (high, "MeV")}
    return write(path, table(columns, "SKYMAP2", **keys), table(bins, "EBOUNDS") if bounds else energies(energy_unit))


def older_galprop(path, cube=CUBE, unit=None, energy_unit="MeV", **keys):
    """As GALPROP 55 writes: "Bin 0", and a key of nine letters for the frame."""
    keys = {**KEYS, "NBRBINS": 3, "COORDTYPE": "GAL", **keys}
    columns = {f"Bin {k}": (values, unit) for k, values in enumerate(cube)}
    return write(path, table(columns, "SKYMAP", **keys), energies(energy_unit))


def oldest_galprop(path, cube=CUBE, unit="Intensity", energy_unit="MeV", **keys):
    """As GALPROP 54 writes: one column with the spectrum of each pixel, whose unit is a word, and no frame."""
    return write(
        path, table({"Spectra": (cube.T, unit)}, "SKYMAP", **{**KEYS, "NBRBINS": 3, **keys}), energies(energy_unit)
    )


def fermi(path, cube=CUBE, unit=MEV, energy_unit="MeV", **keys):
    """A Fermi template: energies in MeV."""
    keys = {**KEYS, "COORDSYS": "GAL", "BUNIT": unit, **keys}
    columns = {f"ENERGY{k + 1}": (values, None) for k, values in enumerate(cube)}
    return write(path, table(columns, "SKYMAP", **keys), energies(energy_unit))


def by_healpy(path, cube=CUBE, unit=MEV, nest=False, coord="G", **options):
    units = [unit] * len(cube) if unit else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        healpy.write_map(path, list(cube), coord=coord, nest=nest, column_units=units, dtype=np.float32, **options)
    return path


def one_line(path, words, **keys):
    with pytest.raises(InputError, match=words) as error:
        SkyMap.read(path, **keys)
    text = str(error.value)
    assert "\n" not in text
    assert text.count(str(path)) == 1
    return text


def same(sky, intensity=NUMBERS * 1e3, energy=E):
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), energy.to_value(u.GeV), rtol=1e-12)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), intensity, rtol=1e-12)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "map.fits"
