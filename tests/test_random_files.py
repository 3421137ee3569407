"""Whatever bytes a file holds, reading it gives the thing or one clear line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import Catalogue, CylindricalGrid, InputError, Measurement, Region, SkyMap
from skycocoon.measured import RatioMeasurement
from skycocoon.shipped import data_folder

POINTS = (data_folder() / "measurements" / "lhaaso-km2a-2023-outer.ecsv").read_bytes()
RATIOS = (data_folder() / "ratios" / "bc-dampe-2022.ecsv").read_bytes()


def reads(reader, path):
    try:
        reader(path)
    except InputError as error:
        assert "\n" not in str(error)
        assert path.name in str(error)


@pytest.mark.parametrize(
    ("reader", "name", "start"),
    [
        (SkyMap.read, "x.fits", b"SIMPLE  =                    T"),
        (SkyMap.read, "x.npy", b"\x93NUMPY\x01\x00"),
        (SkyMap.read, "x.npz", b"PK\x03\x04"),
        (Region.mask, "x.fits", b"SIMPLE  =                    T"),
        (Catalogue.read, "x.csv", b"ra,dec\n1,2\n"),
        (Catalogue.read, "x.dat", b"SIMPLE  =                    T"),
        (Catalogue.read, "x.ecsv", b"# %ECSV 1.0\n# ---\n"),
        (Measurement.read, "x.ecsv", b"# %ECSV 1.0\n# ---\n"),
        (RatioMeasurement.read, "x.ecsv", b"# %ECSV 1.0\n# ---\n"),
        (CylindricalGrid.read, "x.npz", b"PK\x03\x04"),
    ],
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_bytes(reader, name, start, tmp_path, data):
    path = tmp_path / name
    path.write_bytes(data.draw(st.sampled_from([b"", start])) + data.draw(st.binary(max_size=300)))
    reads(reader, path)


@pytest.mark.parametrize(("reader", "points"), [(Measurement.read, POINTS), (RatioMeasurement.read, RATIOS)])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_points(reader, points, tmp_path, data):
    text = bytearray(points)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path = tmp_path / "damaged.ecsv"
    path.write_bytes(text)
    reads(reader, path)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abclhsoinerubxdmk:,.-~|&()=\"' 0123456789", max_size=30))
def test_random_region_names(text):
    try:
        Region.parse(text)
    except InputError as error:
        assert "\n" not in str(error)
