"""The result of a scan: intensities on parameter axes, as a data set of xarray and a NetCDF file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...outputs import new_file
from ...sky.convention import FLAVOURS
from ...units import INTENSITY, FloatArray
from .axes import Points
from .computing import ScanQuestion

__all__ = ["check_xarray", "scan_dataset", "write_dataset"]


def check_xarray() -> None:
    """Refuse a scan whose result could not be written, with `InputError`."""
    from importlib.util import find_spec

    if missing := [name for name in ("xarray", "h5netcdf", "h5py") if find_spec(name) is None]:
        raise InputError(f'a scan needs {missing[0]}; install it with: pip install "skycocoon[dask]"')


def scan_dataset(
    points: Points,
    question: ScanQuestion,
    components: Sequence[str],
    blocks: Iterable[Mapping[str, FloatArray]],
    meta: Mapping[str, str],
) -> Any:
    """Put the blocks of a scan together.

    Parameters
    ----------
    points, question
        Where it was computed, and what.
    components
        Names of the components.
    blocks
        Of :func:`~skycocoon.products.scan.computing.scan_job`, in order.
    meta
        How the model was made.

    Returns
    -------
    xarray.Dataset
        ``intensity``, with an axis for each key of a grid, or one axis ``point``; then region, component, energy. Units
        are in the attribute ``units`` of each variable, a key's dotted name in its attribute ``key``.
    """
    import xarray

    values = np.concatenate([block["intensity"] for block in blocks])
    if points.is_grid:
        dims = [axis.name for axis in points.axes]
        values = values.reshape(*(axis.values.size for axis in points.axes), *values.shape[1:])
    else:
        dims = ["point"]
    coordinates: dict[str, Any] = {
        axis.name: (
            [axis.name if points.is_grid else "point"],
            axis.values.value,
            _key_attributes(axis.key, axis.values),
        )
        for axis in points.axes
    }
    regions = question.regions
    areas = [region.solid_angle.to_value(u.sr) for region in regions]
    coordinates |= {
        "region": ("region", [region.name for region in regions]),
        "component": ("component", list(components)),
        "energy": ("energy", question.energy.value, {"units": _text(question.energy.unit)}),
        "solid_angle": ("region", areas, {"units": "sr", "long_name": "solid angle of the region"}),
    }
    long_name = "mean intensity over the region"
    attributes = {"units": _text(INTENSITY), "long_name": long_name, "rtol": question.rtol}
    variables = {"intensity": ([*dims, "region", "component", "energy"], values, attributes)}
    flavour = {"flavour": FLAVOURS[question.flavour]} if question.messenger == "neutrino" else {}
    return xarray.Dataset(variables, coordinates, {"messenger": question.messenger, **flavour, **meta})


def _key_attributes(key: str, values: u.Quantity) -> dict[str, str]:
    return {"key": key, "units": _text(values.unit)}


def _text(unit: u.UnitBase) -> str:
    """A unit as FITS and CF have it; 1 for plain numbers."""
    return str(unit.to_string("fits")) or "1"


def write_dataset(dataset: Any, path: str | Path, overwrite: bool = False) -> None:
    """Write a data set as NetCDF 4, whole or not at all; the same data set gives the same bytes.

    Parameters
    ----------
    dataset
        Of :func:`scan_dataset`.
    path
        Where to.
    overwrite
        Whether an existing file is replaced.

    Raises
    ------
    InputError
        If the file exists and ``overwrite`` is false, or cannot be written.
    """
    # In memory first: HDF5 crashes if the disk is full.
    content = dataset.to_netcdf(engine="h5netcdf")
    with new_file(path, overwrite) as temporary:
        temporary.write_bytes(content)
