"""Shared pieces of the tests. No test uses the network."""

import os

import astropy.units as u
import matplotlib as mpl
import numpy as np
import pytest
from astropy.table import QTable
from hypothesis import settings
from hypothesis import strategies as st

from skycocoon import InputError, Slab

mpl.use("Agg")
# CI repeats itself; everybody else explores.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
def rng():
    return np.random.default_rng(20250321)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are made but not rendered, which takes most of the time."""
    import skycocoon.plot

    monkeypatch.setattr(skycocoon.plot, "save", lambda axes, *paths: [path.write_bytes(b"") for path in paths])


def directions(longitude, latitude):
    """Unit vectors (n, 3) of Galactic directions in degrees."""
    lon, lat = np.broadcast_arrays(np.radians(longitude), np.radians(latitude))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1).reshape(-1, 3)


# A model file that says everything it needs.
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
    """Writes a model file and says where."""

    def write(text=EXAMPLE, name="model.toml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def error_of(call, *arguments):
    """The one line that a call with a mistake in it ends in."""
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def data_file(tmp_path):
    """A user's ECSV file of points."""

    def write(name="mine", columns=None, **meta):
        table = QTable(columns)
        table.meta = meta
        path = tmp_path / f"{name}.ecsv"
        table.write(path, format="ascii.ecsv")
        return str(path)

    return write


def galaxies(advection=(0.1, 50), diffusion=(0.02, 10), break_smoothness=(0.01, 1)):
    """Any Galaxy that particles diffuse and drift out of; ranges in km/s, and in 1e28 cm2/s per kpc of the halo's height."""
    return st.builds(
        lambda height, speed, d0, delta, part, edge, smoothness, slope, phi: Slab(
            halo_height=height * u.kpc,
            advection=speed * u.km / u.s,
            diffusion=d0 * height * 1e28 * u.cm**2 / u.s,
            delta=delta,
            break_delta=part * delta,
            break_rigidity=edge * u.GV,
            break_smoothness=smoothness,
            slope=slope,
            modulation=phi * u.GV,
        ),
        st.floats(1, 15),
        st.floats(*advection),
        st.floats(*diffusion),
        st.floats(0.2, 0.9),
        st.floats(0, 0.9),
        st.floats(100, 1000),
        st.floats(*break_smoothness),
        st.floats(4.1, 4.6),
        st.floats(0, 1.2),
    )
