"""Maps to files, which are read again as they were."""

from skycocoon import SkyMap
from skycocoon.units import INTENSITY

from .conftest import CUBE, E, one_line, same


def test_our_own_file_keeps_its_provenance(path):
    sky = SkyMap(E, {"x": CUBE * INTENSITY}, "neutrino", "per-flavour", {"creator": "skycocoon", "model": "b"})
    sky.write(path)
    again = SkyMap.read(path)
    assert (again.messenger, again.flavour) == ("neutrino", "per-flavour")
    assert (again.meta["creator"], again.meta["model"], again.meta["layout"]) == ("skycocoon", "b", "Fermi template")
    one_line(path, "contradicts", flavour="all-flavour")
    again.write(path.with_name("again.fits"))
    same(SkyMap.read(path.with_name("again.fits")), again.intensity.value)
