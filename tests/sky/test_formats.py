"""Maps of other codes: the numbers that were written come back, or one line says what is missing or wrong."""

import gzip
import itertools
import warnings

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import InputError, SkyMap
from skycocoon.sky.formats.layouts import LAYOUTS
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


def test_hermes(path):
    """The numbers of the file, per m^2, times 1e-4."""
    sky = SkyMap.read(hermes(path))
    same(sky, NUMBERS * 1e-4)
    assert (sky.nside, sky.messenger, sky.flavour) == (NSIDE, "gamma", "")
    assert sky.intensity.dtype == np.float64
    told = {"file": "map.fits", "layout": "HERMES", "file_unit": "GeV^-1 m^-2 s^-1 sr^-1", "file_frame": "galactic"}
    assert {key: sky.meta[key] for key in told} == told


def test_gammapy_reads_the_same_hermes_file(path):
    utils = pytest.importorskip("gammapy.modeling.models.utils")
    cube = utils.read_hermes_cube(hermes(path))
    sky = SkyMap.read(path)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), cube.quantity.to_value(INTENSITY), rtol=1e-6)
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), cube.geom.axes[0].center.to_value(u.GeV), rtol=1e-9)


def test_hermes_with_masked_pixels(path):
    cube = CUBE.copy()
    cube[1, 5:9] = healpy.UNSEEN
    text = one_line(hermes(path, cube), "4 UNSEEN")
    assert "100 GeV" in text
    assert f"of {NPIX} values" in text


def test_hermes_neutrinos_need_their_flavour(path):
    hermes(path)
    one_line(path, "flavour = 'per-flavour' or 'all-flavour'", messenger="neutrino")
    sky = SkyMap.read(path, messenger="neutrino", flavour="all-flavour")
    assert (sky.messenger, sky.flavour) == ("neutrino", "all-flavour")
    one_line(path, "unknown messenger", messenger="muon")
    one_line(path, "unknown flavour", messenger="neutrino", flavour="electron")
    one_line(path, "gamma rays", flavour="per-flavour")


@pytest.mark.parametrize(
    ("maker", "layout", "options", "keys"),
    [
        (galprop, "GALPROP", {}, {}),
        (galprop, "GALPROP", {"bounds": True}, {}),
        (galprop, "GALPROP", {"unit": None}, {"unit": MEV}),
        (older_galprop, "GALPROP", {"unit": MEV}, {}),
        (older_galprop, "GALPROP", {}, {"unit": u.Unit(MEV)}),
        (oldest_galprop, "GALPROP 54", {"unit": MEV, "COORDTYPE": "GAL"}, {}),
        (oldest_galprop, "GALPROP 54", {}, {"unit": MEV, "frame": "galactic"}),
        (fermi, "Fermi template", {}, {}),
        (fermi, "Fermi template", {"energy_unit": None}, {}),
        (by_healpy, "healpy", {}, {"energies": E}),
        (by_healpy, "healpy", {"coord": None}, {"energies": ["10 GeV", "100 GeV", "1 TeV"], "frame": "G"}),
    ],
)
def test_every_layout(path, maker, layout, options, keys):
    sky = SkyMap.read(maker(path, **options), **keys)
    same(sky)
    assert sky.meta["layout"] == layout
    assert layout in [name for name, _, _ in LAYOUTS]


def test_one_column_per_bin_from_one(path):
    """GALPROP in between numbered its columns "Bin 1", "Bin 2", ...; the order is that of the numbers."""
    columns = {f"Bin {k + 1}": (CUBE[k], MEV) for k in (2, 0, 1)}
    same(SkyMap.read(write(path, table(columns, "SKYMAP", COORDTYPE="GAL", **KEYS), energies())))


def test_what_is_not_said_is_asked_for(path):
    oldest_galprop(path)
    text = one_line(path, "unit and frame")
    assert "unit = " in text
    assert "'Intensity' cannot be read" in text
    assert "frame = 'galactic'" in text
    text = one_line(path, "does not say its frame", unit=MEV)
    assert "unit" not in text
    path.unlink()
    one_line(galprop(path, ORDERING=None), "ordering = 'RING' or 'NESTED'")
    same(SkyMap.read(path, ordering="RING"))
    path.unlink()
    one_line(by_healpy(path), r"energies = \['1 TeV', ...\], 3 in all")


def test_energies_without_a_unit(path):
    """GALPROP 54 left the unit of its energies out, or to a comment: "Minimum energy of spectra (MeV)"."""
    oldest_galprop(path, unit=MEV, COORDTYPE="GAL", energy_unit=None)
    one_line(path, "energies = ")
    same(SkyMap.read(path, energies=E))
    one_line(path, "contradict", energies=[10, 100, 900] * u.GeV)
    path.unlink()
    oldest_galprop(path, unit=MEV, COORDTYPE="GAL", energy_unit=None, EMIN=(1e4, "Minimum energy of spectra (MeV)"))
    same(SkyMap.read(path))


@pytest.mark.parametrize("record", [("ENERGY", "100 GeV"), ("ENERGY", 0.1, "[TeV] of the map")])
def test_one_column_with_its_energy(path, record):
    by_healpy(path, CUBE[1:2], extra_header=[record])
    same(SkyMap.read(path), 1e3 * NUMBERS[1:2], E[1:2])


def test_one_column_with_an_energy_without_a_unit(path):
    by_healpy(path, CUBE[1:2], extra_header=[("ENERGY", 100.0)])
    one_line(path, "energies = ")
    same(SkyMap.read(path, energies=E[1]), 1e3 * NUMBERS[1:2], E[1:2])


def test_rows_of_1024_pixels(path):
    cube = np.random.default_rng(1).uniform(1, 2, (2, 12 * 16**2)).astype(np.float32)
    by_healpy(path, cube)
    with fits.open(path) as file:
        assert file[1].columns[0].format == "1024E"
    same(SkyMap.read(path, energies=E[:2]), 1e3 * cube.astype(np.float64), E[:2])


def test_nested(path):
    cube = CUBE[:, healpy.nest2ring(NSIDE, np.arange(NPIX))]
    same(SkyMap.read(by_healpy(path, cube, nest=True), energies=E))
    path.unlink()
    same(SkyMap.read(galprop(path, cube, ORDERING="NEST")))


def test_compressed(path):
    zipped = path.with_name("map.fits.gz")
    zipped.write_bytes(gzip.compress(galprop(path).read_bytes()))
    same(SkyMap.read(zipped))
    whole = zipped.read_bytes()
    for cut in (-1, -9, -200, len(whole) // 2, 100):
        zipped.write_bytes(whole[:cut])
        one_line(zipped, "not a whole FITS file")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_energies_in_another_order(path, order):
    order = list(order)
    same(SkyMap.read(hermes(path, CUBE[order], energy=E[order])), NUMBERS * 1e-4)
    path.unlink()
    by_healpy(path, CUBE[order])
    same(SkyMap.read(path, energies=E[order]))


@pytest.mark.parametrize("bad", [[10, 10, 100], [0, 10, 100], [-10, 10, 100]])
def test_energies_that_cannot_be(path, bad):
    one_line(hermes(path, energy=bad * u.GeV), "not positive or not all different")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("GeV^-1 m^-2 s^-1 sr^-1", 1e-4),
        ("MeV^-1 cm^-2 sr^-1 s^-1", 1e3),
        ("1/(MeV cm2 s sr)", 1e3),
        ("cm^-2 s^-1 sr^-1 MeV^-1", 1e3),
        ("cm-2 s-1 sr-1 MeV-1", 1e3),
        ("cm**-2 s**-1 sr**-1 keV**-1", 1e6),
        ("ph/cm^2/s/MeV/sr", 1e3),
        ("TeV-1 km-2 yr-1 sr-1", 1e-3 / 1e10 / u.yr.to(u.s)),
        ("ph cm-2 s-1 sr-1 MeV-1", 1e3),
        ("photon / (cm2 s sr GeV)", 1.0),
    ],
)
def test_spellings_of_the_unit(path, unit, factor):
    same(SkyMap.read(galprop(path, unit=unit)), NUMBERS * factor)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("GeV cm-2 s-1 sr-1", 1.0),
        ("MeV cm^-2 sr^-1 s^-1", 1e-3),
        ("MeV2 cm-2 s-1 sr-1 MeV-1", 1e-3),
        ("ph GeV/(m2 s sr)", 1e-4),
    ],
)
def test_times_energy_squared(path, unit, factor):
    same(SkyMap.read(galprop(path, unit=unit)), factor * NUMBERS / E.value[:, None] ** 2)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("cm-2 s-1 sr-1", "integral over energy"),
        ("ph cm-2 s-1 sr-1", "integral over energy"),
        ("cm-2 s-1 MeV-1", "no intensity"),
        ("K", "no intensity"),
        ("counts", "does not say its unit"),
    ],
)
def test_wrong_units(path, unit, words):
    one_line(galprop(path, unit=unit), words)


def test_contradictions(path):
    galprop(path)
    same(SkyMap.read(path, unit="1/(MeV cm2 s sr)", frame="G", ordering="ring", energies=E, messenger="gamma"))
    text = one_line(path, "contradicts", unit="GeV-1 cm-2 s-1 sr-1")
    assert "GeV-1 cm-2 s-1 sr-1" in text
    assert MEV in text
    assert "integral" in one_line(path, "needed", unit="cm-2 s-1 sr-1")
    one_line(path, "cannot be read", unit="fluxes")
    text = one_line(path, "contradicts", frame="celestial")
    assert "'celestial'" in text
    assert "'GAL'" in text
    one_line(path, "contradicts the file, which says 'RING'", ordering="NESTED")
    text = one_line(path, "contradict", energies=2 * E)
    assert "20..2000" in text
    assert "10..1000" in text
    one_line(path, "4 are given for 3 planes", energies=[1, 2, 3, 4] * u.GeV)
    one_line(path, "unit like 'GeV'", energies=[1, 2, 3] * u.s)
    one_line(path, "a list like", energies=["much", "more", "most"])
    path.unlink()
    one_line(galprop(path, MESSENGR="neutrino"), "contradicts the file, which says 'neutrino'", messenger="gamma")
    path.unlink()
    one_line(galprop(path, BUNIT="GeV-1 cm-2 s-1 sr-1"), "two things of its unit")
    path.unlink()
    one_line(galprop(path, COORDTYPE="EQ"), "two things of its frame: 'EQ' and 'GAL'")


@pytest.mark.parametrize("frame", ["C", "CEL", "EQ", "ECL"])
def test_other_frames_are_refused(path, frame):
    one_line(galprop(path, COORDSYS=frame), f"'{frame}'; a Galactic map is needed")


def test_unknown_frame(path):
    one_line(galprop(path, COORDSYS="MOON"), "unknown frame 'MOON'")


def test_partial_sky(path):
    one_line(hermes(path, OBJECT="PARTIAL"), "part of the sky .OBJECT = PARTIAL")
    path.unlink()
    columns = {"HPXINDEX": (np.arange(20), None), "Bin0": (CUBE[0, :20], MEV)}
    one_line(write(path, table(columns, "SKYMAP2", COORDSYS="GAL", **KEYS)), "part of the sky .column HPXINDEX")
    path.unlink()
    one_line(galprop(path, CUBE[:, :40]), "40 pixels are no full sky of NSIDE 2, which has 48")
    path.unlink()
    one_line(galprop(path, CUBE[:, :40], NSIDE=None), "40 rows are no full HEALPix sky")
    path.unlink()
    columns = {"PIXEL": (np.arange(20), None), "SIGNAL": (CUBE[0, :20], MEV)}
    write(path, table(columns, "xtension", COORDSYS="G", **KEYS, OBJECT="PARTIAL", INDXSCHM="EXPLICIT"))
    one_line(path, "part of the sky", energies=E[:1])


@pytest.mark.parametrize("nside", [3, 6])
def test_nside_that_is_no_power_of_two(path, nside):
    cube = np.ones((3, 12 * nside**2), dtype=np.float32)
    one_line(galprop(path, cube, NSIDE=nside), "power of two")
    path.unlink()
    one_line(galprop(path, cube, NSIDE=None), "power of two")


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "1 NaN"), (np.inf, "1 NaN or infinite"), (-1e-9, "1 negative"), (-1.6375e30, "1 UNSEEN")],
)
@pytest.mark.parametrize("maker", [hermes, galprop, older_galprop, oldest_galprop, fermi])
def test_bad_values(path, maker, value, words):
    cube = CUBE.copy()
    cube[2, 7] = value
    assert "1000 GeV" in one_line(
        maker(path, cube, unit=MEV, **({"COORDTYPE": "GAL"} if maker is oldest_galprop else {})), words
    )


def test_masks_of_another_value(path):
    cube = CUBE.copy()
    cube[0, 3] = 9e20
    one_line(hermes(path, cube, BAD_DATA=9e20), "1 UNSEEN")


def test_truncated(path):
    whole = hermes(path).read_bytes()
    # Headers and tables of a block of 2880 bytes each: cut between them, it is a whole file of fewer energies.
    blocks = len(whole) // 2880
    cuts = {*range(0, len(whole), 720), *(2880 * k + j for k in range(1, blocks) for j in (-1, 1))}
    for cut in sorted(cuts - {2880 * k for k in (3, 5)}):
        path.write_bytes(whole[:cut])
        one_line(path, "not a whole FITS file|no layout")


def test_files_without_maps(path):
    text = one_line(write(path, table({"FLUX": (CUBE[0], MEV)}, "SOURCES")), "no layout of maps is recognised")
    assert "SOURCES (FLUX)" in text
    assert all(name in text for name, _, _ in LAYOUTS)
    path.unlink()
    one_line(write(path), "its tables: none")
    one_line(path.with_name("missing.fits"), "no such file")


def test_several_maps_in_a_file(path):
    one = table({"T": (CUBE[0], MEV)}, "ONE", COORDSYS="G", **KEYS)
    two = table({"T": (CUBE[1], MEV)}, "TWO", COORDSYS="G", **KEYS)
    one_line(write(path, one, two), "2 tables hold maps, ONE, TWO", energies=E[:1])


def test_too_many_energies(path):
    columns = {f"ENERGY{k}": (CUBE[0], MEV) for k in (1, 2)}
    one_line(write(path, table(columns, "SKYMAP", COORDSYS="GAL", **KEYS), energies()), "2 planes for 3 energies")
    path.unlink()
    same(
        SkyMap.read(write(path, table(columns, "SKYMAP", COORDSYS="G", **KEYS)), energies=E[:2]),
        1e3 * NUMBERS[[0, 0]],
        E[:2],
    )


def test_frequencies_are_no_energies(path):
    columns = {"Bin0": (CUBE[0], MEV)}
    nu = table({"Frequency": (np.array([1e9]), "Hz")}, "ENERGIES")
    one_line(write(path, table(columns, "SKYMAP2", COORDSYS="GAL", **KEYS), nu), "energies are in 'Hz'")


def test_our_own_file_keeps_its_provenance(path):
    sky = SkyMap(E, {"x": CUBE * INTENSITY}, "neutrino", "per-flavour", {"creator": "skycocoon", "model": "b"})
    sky.write(path)
    again = SkyMap.read(path)
    assert (again.messenger, again.flavour) == ("neutrino", "per-flavour")
    assert (again.meta["creator"], again.meta["model"], again.meta["layout"]) == ("skycocoon", "b", "Fermi template")
    one_line(path, "contradicts", flavour="all-flavour")
    again.write(path.with_name("again.fits"))
    same(SkyMap.read(path.with_name("again.fits")), again.intensity.value)


MAKERS = {
    "HERMES": hermes,
    "GALPROP": galprop,
    "older GALPROP": older_galprop,
    "GALPROP 54": oldest_galprop,
    "Fermi": fermi,
    "healpy": by_healpy,
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=st.sampled_from(sorted(MAKERS)),
    nside=st.sampled_from([1, 2, 4]),
    nested=st.booleans(),
    length=st.sampled_from(["cm", "m", "km"]),
    unit=st.sampled_from(["eV", "MeV", "GeV", "TeV", "erg"]),
    power=st.sampled_from([-1, 1]),
    said=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_round_trip(tmp_path, layout, nside, nested, length, unit, power, said, seed):
    """Any unit, order and layout: what was written, in the file's own precision, comes back."""
    path = tmp_path / "map.fits"
    path.unlink(missing_ok=True)
    npix = 12 * nside**2
    truth = np.exp(np.random.default_rng(seed).normal(size=(3, npix))) * np.array([[1e-6], [1e-9], [1e-12]])
    text = f"{unit}{power} {length}-2 s-1 sr-1"
    numbers = truth * E.value[:, None] ** 2 if power == 1 else truth
    numbers = numbers * (u.GeV**power / u.cm**2).to(u.Unit(f"{unit}{power} {length}-2"))
    order = healpy.nest2ring(nside, np.arange(npix)) if nested else np.arange(npix)
    cube = numbers[:, order].astype(np.float32)
    keys = {"NSIDE": nside, "LASTPIX": npix - 1, "ORDERING": "NESTED" if nested else "RING"}
    if layout == "healpy":
        by_healpy(path, cube, text if said else None, nested)
    else:
        MAKERS[layout](path, cube, unit=text if said else None, **keys)
    needed = {} if said else {"unit": text}
    needed |= {"energies": E} if layout == "healpy" else {}
    needed |= {"frame": "galactic"} if layout == "GALPROP 54" else {}
    sky = SkyMap.read(path, **needed)
    assert sky.nside == nside
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), E.value, rtol=1e-12)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), truth, rtol=2e-7)
    for key in needed:
        one_line(path, f"{key} = ", **{k: v for k, v in needed.items() if k != key})


# Resampling


def power_laws(nside, seed=0):
    rng = np.random.default_rng(seed)
    index, norm = rng.uniform(2, 3, 12 * nside**2), rng.uniform(0.1, 2, 12 * nside**2)
    return lambda energy: norm * np.asarray(energy.to_value(u.TeV))[..., None] ** -index


@pytest.mark.parametrize("old", [1, 2, 8])
@pytest.mark.parametrize("new", [1, 2, 8, 16])
def test_resampling_keeps_the_mean_of_the_sky(old, new):
    law = power_laws(old)
    sky = SkyMap(E, {"a": law(E) * INTENSITY, "b": 2 * law(E)[:, ::-1] * INTENSITY}, "gamma", "", {"creator": "me"})
    wanted = [10, 17, 333, 1000] * u.GeV
    again = sky.resampled(new, wanted)
    assert (again.nside, list(again.components), again.meta["creator"]) == (new, ["a", "b"], "me")
    for name, factor in (("a", 1), ("b", 2)):
        mean = again.components[name].to_value(INTENSITY).mean(axis=1)
        np.testing.assert_allclose(mean, factor * law(wanted).mean(axis=1), rtol=1e-12)
    if new >= old:  # nothing was lost
        np.testing.assert_allclose(again.resampled(old, wanted).intensity.value, law_sum(law, wanted), rtol=1e-12)


def law_sum(law, wanted):
    return law(wanted) + 2 * law(wanted)[:, ::-1]


@pytest.mark.parametrize(("old", "new"), [(8, 4), (8, 1), (2, 8), (4, 4)])
def test_resampling_is_where_healpy_has_it(old, new):
    values = np.random.default_rng(3).uniform(1, 2, 12 * old**2)
    sky = SkyMap(E[:1], {"x": values[None] * INTENSITY})
    np.testing.assert_allclose(sky.resampled(new, E[:1]).intensity.value[0], healpy.ud_grade(values, new), rtol=1e-12)


def test_resampling_at_the_same_nodes_changes_nothing():
    sky = SkyMap(E, {"x": CUBE * INTENSITY})
    again = sky.resampled(NSIDE, E)
    assert np.array_equal(again.intensity.value, CUBE.astype(float))
    np.testing.assert_allclose(
        sky.resampled(1, 55 * u.GeV).intensity.value.mean(), sky.at(55 * u.GeV).value.mean(), rtol=1e-12
    )


def test_resampling_next_to_a_zero_is_linear():
    sky = SkyMap([1, 100] * u.GeV, {"x": np.array([np.full(12, 4.0), np.r_[np.zeros(6), np.ones(6)]]) * INTENSITY})
    row = sky.resampled(1, [10] * u.GeV).intensity.value[0]
    np.testing.assert_allclose(row, np.r_[np.full(6, 2.0), np.full(6, 2.0)], rtol=1e-12)
    row = sky.resampled(1, 10**0.5 * u.GeV).intensity.value[0]
    np.testing.assert_allclose(row, np.r_[np.full(6, 3.0), np.full(6, 4**0.75)], rtol=1e-12)


def test_resampling_does_not_extrapolate():
    sky = SkyMap(E, {"x": CUBE * INTENSITY})
    for wanted in ([9, 100] * u.GeV, [10, 1100] * u.GeV):
        with pytest.raises(InputError, match=r"outside its energies, 10..1000 GeV") as error:
            sky.resampled(4, wanted)
        assert f"{wanted[0].value:g}..{wanted[1].value:g} GeV" in str(error.value)
    with pytest.raises(InputError, match="one or more"):
        sky.resampled(4, [] * u.GeV)
    with pytest.raises(InputError, match="power of two"):
        sky.resampled(3, E)
    with pytest.raises(InputError, match="power of two"):
        SkyMap(E, {"x": np.ones((3, 108)) * INTENSITY}).resampled(4, E)
