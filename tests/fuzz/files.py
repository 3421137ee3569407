"""Damaged files of each kind that is read: cut or with bits turned, they are refused in one line or read as they were.

Where a file carries checksums, no damage may pass for other numbers. ``python -m tests.fuzz.files 440`` from the root
damages each kind so often, every eleventh time by a cut; ``--kind ours`` chooses one.
"""

import tempfile
from functools import partial
from pathlib import Path

import astropy.units as u
import healpy
import numpy as np

from skycocoon import CylindricalGrid, Measurement, RatioMeasurement, Region, SkyMap, SourceDisc, load_file, load_model
from skycocoon.los import ModelSky
from skycocoon.shipped import data_folder
from skycocoon.sky import Catalogue

from ..conftest import EXAMPLE
from ..sky.formats import conftest as formats
from .tally import Tally, numbers, rng

UNIT = 1 / (u.GeV * u.cm**2 * u.s * u.sr)


def _sky():
    return ModelSky.of(load_model("paper"), "neutrino", [1, 10, 100] * u.TeV, 4, rtol=1e-2)


def _shipped(name):
    return lambda path: path.write_bytes((data_folder() / name).read_bytes())


def _part(path):
    sky = SkyMap.read(_whole(path.with_name("whole.fits")), region=Region.parse("disc:50,0,20"))
    sky.write(path)


def _whole(path):
    _sky().write(path)
    return path


def _mask(path):
    healpy.write_map(path, np.repeat([0.0, 1.0, 1.0], 64), coord="G", dtype=float)


def _checked_mask(path):
    from astropy.io import fits

    _mask(path)
    with fits.open(path) as file:
        file.writeto(path.with_name("checked.fits"), checksum=True)
    path.with_name("checked.fits").replace(path)


def _part_mask(path):
    healpy.write_map(path, np.repeat([0.0, 1.0, healpy.UNSEEN], 256), coord="G", partial=True, dtype=float)


def _moc(path):
    from astropy.io import fits

    hdu = fits.BinTableHDU.from_columns([fits.Column("UNIQ", "K", array=[6, 300, 4**6 + 5])])
    hdu.header.update(ORDERING="NUNIQ", COORDSYS="G", MOCORDER=5)
    hdu.writeto(path)


def _sources(path):
    from astropy.table import Table

    table = Table({"ra": ["05:34:31.9", "19:08:12"], "dec": ["+22:00:52", "+06:23:24"], "r39": ["<0.1", "0.36"]})
    table.write(path)


def _map_content(path, **stated):
    sky = SkyMap.read(path, **stated)
    values = {name: np.asarray(part.to_value(UNIT)).tobytes() for name, part in sky.components.items()}
    return values, sky.energy.to_value("GeV").tobytes(), sky.messenger, sky.flavour, sky.nside


def _mask_content(path):
    region = Region.mask(path)
    return region.solid_angle.value, region.fractions(8).tobytes()


def _points_content(path):
    item = Measurement.read(path)
    return [np.asarray(part).tobytes() for part in vars(item).values() if isinstance(part, np.ndarray)], str(item)


def _ratio_content(path):
    item = RatioMeasurement.read(path)
    return [np.asarray(part).tobytes() for part in vars(item).values() if isinstance(part, np.ndarray)], str(item)


def _catalogue_content(path):
    item = Catalogue.read(path)
    return [np.asarray(part).tobytes() for part in (item.l, item.b, item.extension)]


def _grid_content(path):
    grid = CylindricalGrid.read(path)
    return [np.asarray(part).tobytes() for part in (grid.radius, grid.height, grid.values)], str(grid.values.unit)


def _celestial(path):
    formats.by_healpy(path, np.tile(formats.CUBE, 4), coord="C")


def _image(path):
    from astropy.io import fits

    hdu = fits.PrimaryHDU(np.full((3, 18, 36), 1e-9, dtype=np.float32))
    for k, (axis, step) in enumerate((("GLON-CAR", -10.0), ("GLAT-CAR", 10.0)), start=1):
        hdu.header[f"CTYPE{k}"], hdu.header[f"CDELT{k}"], hdu.header[f"CRVAL{k}"] = axis, step, 0.0
        hdu.header[f"CRPIX{k}"] = (18.5, 9.5)[k - 1]
    hdu.header["BUNIT"] = formats.MEV
    fits.HDUList([hdu, formats.energies()]).writeto(path)


ARRAY = {"energies": formats.E, "unit": formats.MEV, "frame": "galactic", "ordering": "RING"}
# What makes a file, what it holds when it is read, and whether it carries checksums.
KINDS = {
    "ours.fits": (_whole, _map_content, True),
    "ours.fits.gz": (_whole, _map_content, True),
    "part.fits": (_part, _map_content, True),
    "hermes.fits": (formats.hermes, _map_content, False),
    "galprop.fits": (formats.galprop, _map_content, False),
    "galprop54.fits": (formats.oldest_galprop, partial(_map_content, frame="galactic", unit=formats.MEV), False),
    "fermi.fits": (formats.fermi, _map_content, False),
    "healpy.fits": (formats.by_healpy, partial(_map_content, energies=formats.E), False),
    "healpy.fits.gz": (formats.by_healpy, partial(_map_content, energies=formats.E), True),
    "celestial.fits": (_celestial, partial(_map_content, energies=formats.E), False),
    "image.fits": (_image, partial(_map_content, outside_sky="zero"), False),
    "array.npy": (lambda path: np.save(path, formats.CUBE), partial(_map_content, **ARRAY), False),
    "array.npz": (lambda path: np.savez(path, formats.CUBE), partial(_map_content, **ARRAY), True),
    "mask.fits": (_mask, _mask_content, False),
    "checkedmask.fits": (_checked_mask, _mask_content, True),
    "partmask.fits": (_part_mask, _mask_content, False),
    "moc.fits": (_moc, _mask_content, False),
    "sources.fits": (_sources, _catalogue_content, False),
    "sources.csv": (_sources, _catalogue_content, False),
    "points.ecsv": (_shipped("measurements/lhaaso-km2a-2023-outer.ecsv"), _points_content, False),
    "ratios.ecsv": (_shipped("ratios/bc-dampe-2022.ecsv"), _ratio_content, False),
    "catalogue.ecsv": (_shipped("catalogues/1lhaaso.ecsv"), _catalogue_content, False),
    "grid.npz": (lambda path: SourceDisc().grid(1e-3).write(path), _grid_content, True),
    "model.toml": (lambda path: path.write_text(EXAMPLE), lambda path: load_file(path).file, False),
}


def damaged(content, random, cut):
    """A file's bytes, cut (half of the times between blocks of FITS) or with one to three bits turned."""
    if cut:
        at = random.randrange(len(content))
        return content[: at // 2880 * 2880 if random.random() < 0.5 else at]
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        # Headers, where most is decided, as often as the rest.
        end = min(len(data), 12_000) if random.random() < 0.5 else len(data)
        data[random.randrange(end)] ^= 1 << random.randrange(8)
    return bytes(data)


def run_kind(kind, count, seed=1, folder=None):
    """Read damaged files of a kind; give what became of them."""
    make, read, checked = KINDS[kind]
    tally = Tally()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-")) if folder is None else folder
    path = folder / kind
    make(path)
    whole, right = path.read_bytes(), read(path)
    for index in range(count):
        random = rng(seed, kind, index)
        path.write_bytes(damaged(whole, random, cut=index % 11 == 0))
        name = f"{kind} {index}"
        if (content := tally.outcome(name, lambda: read(path))) is None:
            continue
        if content == right:
            tally.counts["same"] += 1
        elif checked:
            tally.fault(name, "reads as something else without a word, though it carries checksums")
        else:
            tally.counts["other numbers"] += 1
    return tally


if __name__ == "__main__":
    parser = numbers(__doc__, 440)
    parser.add_argument("--kind", help="one kind of file", choices=KINDS)
    given = parser.parse_args()
    for kind in KINDS if given.kind is None else [given.kind]:
        print(kind, run_kind(kind, given.count, given.seed).report(), flush=True)
