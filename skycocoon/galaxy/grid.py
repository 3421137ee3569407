"""Densities on cylindrical grids: the one form in which the kernels see every density."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import astropy.units as u
import numpy as np

from ..errors import AccuracyWarning, InputError
from ..inputs import check_file
from ..resources import check_memory
from ..units import LONGEST, FloatArray, to_array, to_float
from .sampling import MAX_CELLS, Lattice, refined, total
from .table import NUMBER_DENSITY, RATE_DENSITY, DensityTable, table_of, uniform

__all__ = ["CylindricalGrid"]

# Arrays of a file, four times the largest grid that is sampled [bytes].
MAX_BYTES = 4 * 8 * MAX_CELLS
# Part of a density that a sampled grid must not miss.
MISSING = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class CylindricalGrid:
    """A rate or a number per volume on a cylindrical grid (R, phi, z).

    Parameters
    ----------
    radius
        (n_R,) increasing nodes, uniform in R or in sqrt(R) [length]. Inside the first node the density is that of the
        first node, beyond the last it is zero.
    height
        (n_z,) increasing nodes [length], uniform in z. If the first is 0 the density is symmetric about the plane, and
        nodes may be uniform in sqrt(z) instead; beyond the ends it is zero.
    values
        (n_R, n_phi, n_z) or (n_R, n_z) rate per volume, e.g. in kpc^-3 yr^-1, or number per volume. Not negative.
        The n_phi azimuths are 2 pi j / n_phi, from the Sun's direction towards l = 90 deg.
    interpolation
        ``"log"`` (linear in ln n), ``"linear"``, or ``"auto"``: log if no value is zero.
    smooth
        Whether the density is known to have no feature that a quadrature over a whole ray could step over, as is true
        of an analytic disc. Otherwise the scale of its features is worked out from the values, and rays are cut by it.

    Raises
    ------
    InputError
        For nodes that are not increasing or not uniform, shapes that do not fit, negative or non-finite values.

    Examples
    --------
    A disc of constant density, 10 kpc wide and 2 kpc high:

    >>> import astropy.units as u
    >>> import numpy as np
    >>> from skycocoon import CylindricalGrid
    >>> values = np.full((3, 2), 1e-3) / (u.kpc**3 * u.yr)
    >>> grid = CylindricalGrid([0, 5, 10] * u.kpc, [0, 1] * u.kpc, values)
    >>> grid.total().round(4)  # pi (10 kpc)^2 2 kpc times 0.001 per kpc^3 and yr
    <Quantity 0.6283 1 / yr>
    >>> grid.table().axisymmetric
    True
    """

    radius: u.Quantity
    height: u.Quantity
    values: u.Quantity
    interpolation: str = "auto"
    smooth: bool = False
    _table: DensityTable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for key in ("radius", "height", "values"):
            if isinstance(given := getattr(self, key), u.Quantity):
                object.__setattr__(self, key, given.astype(np.float64, copy=False))
        r = to_array(self.radius, u.kpc, "grid radius")
        z = to_array(self.height, u.kpc, "grid height")
        n = to_array(self.values, self.kind, "grid values")
        if n.ndim == 2:
            n = n[:, None, :]
        if r.ndim != 1 or z.ndim != 1 or n.ndim != 3 or n.shape[0] != r.size or n.shape[2] != z.size:
            raise InputError(
                f"grid: values of shape {self.values.shape} do not fit {r.size} radii and {z.size} heights; "
                "allowed: (n_R, n_z) or (n_R, n_phi, n_z)"
            )
        if r.size < 2 or z.size < 2 or np.any(np.diff(r) <= 0) or np.any(np.diff(z) <= 0) or r[0] < 0:
            raise InputError("grid: radius and height need at least two increasing nodes, radii not negative")
        if np.any(n < 0):
            raise InputError("grid: values must not be negative")
        if not np.any(n > 0):
            raise InputError("grid: the density is zero everywhere")
        if self.interpolation not in ("auto", "log", "linear"):
            raise InputError(f"grid: interpolation {self.interpolation!r}; allowed: auto, log, linear")
        if not uniform(r) and not uniform(np.sqrt(r)):
            raise InputError("grid: radii must be uniform in R or in sqrt(R); see CylindricalGrid.sample for others")
        if not uniform(z) and (z[0] != 0.0 or not uniform(np.sqrt(z))):
            raise InputError(
                "grid: heights must be uniform, or uniform in sqrt(z) from 0; see CylindricalGrid.sample for others"
            )
        logarithmic = self.interpolation == "log" or (self.interpolation == "auto" and bool(np.all(n > 0)))
        object.__setattr__(self, "_table", table_of(r, z, n, logarithmic))

    def __repr__(self) -> str:
        n_r, n_phi, n_z, _ = self._table.values.shape
        shape = f"{n_r} x {n_z}, axisymmetric" if n_phi == 1 else f"{n_r} x {n_phi} x {n_z}"
        kind = "ln n" if self._table.logarithmic else "n"
        return f"CylindricalGrid: {shape}, R < {self.radius[-1]:.4g}, |z| < {self.height[-1]:.4g}, linear in {kind}"

    @property
    def kind(self) -> u.UnitBase:
        """Internal unit: :data:`NUMBER_DENSITY` for a number per volume, else :data:`RATE_DENSITY`."""
        number = getattr(self.values, "unit", RATE_DENSITY).is_equivalent(NUMBER_DENSITY)
        return NUMBER_DENSITY if number else RATE_DENSITY

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read: the grid itself, whatever ``rtol``."""
        return self._table

    def total(self) -> u.Quantity:
        """Volume integral of the interpolated density [yr^-1, or a number] (eq. 2)."""
        if self._table.values.size > 20 * MAX_CELLS:
            raise InputError("grid: too many cells to integrate")
        kind = self.kind
        result = self._table.integral() * kind * u.kpc**3
        return result.to(u.yr**-1 if kind == RATE_DENSITY else u.dimensionless_unscaled)

    def normalised(self, rate: u.Quantity) -> CylindricalGrid:
        """The same shape with another total rate [time^-1] (eq. 2)."""
        factor = to_float(rate / self.total(), u.dimensionless_unscaled, "rate", minimum=0.0)
        return replace(self, values=self.values * factor)

    @classmethod
    def sample(
        cls,
        function: Callable[[u.Quantity, u.Quantity, u.Quantity], u.Quantity],
        radius: u.Quantity,
        height: u.Quantity,
        *,
        axisymmetric: bool = False,
        symmetric: bool = False,
        rtol: float = 1e-4,
        nodes: tuple[int, int, int] | None = None,
        interpolation: str = "auto",
        smooth: bool = False,
        steep: bool = False,
    ) -> CylindricalGrid:
        """Put an analytic density on a grid, with as many nodes as its shape needs.

        Nodes are doubled along each axis until linear interpolation in the table is good to ``rtol`` halfway between
        them, and at places that crowd towards the axis and the plane (where the density is below 5 % of its maximum
        along that axis: to ``rtol`` of that 5 %). The total is held against that of the function.

        Parameters
        ----------
        function
            Rate or number per volume of broadcasting (R, phi, z) Quantities.
        radius, height
            Size of the cylinder: R < radius, \\|z\\| < height [length].
        axisymmetric, symmetric
            Whether the function is known not to depend on phi, and on the sign of z.
        rtol
            Accuracy asked for.
        nodes
            Numbers of nodes (n_R, n_phi, n_z), where these are to be used instead of ``rtol``.
        interpolation, smooth
            As in :class:`CylindricalGrid`.
        steep
            Nodes uniform in sqrt(z), for thin layers in a high halo; needs ``symmetric``.

        Returns
        -------
        CylindricalGrid
            Uniform in sqrt(R).

        Raises
        ------
        InputError
            For sizes that are not positive, a function of another unit, ``steep`` without ``symmetric``, and a
            density whose total a grid cannot hold.

        Warns
        -----
        AccuracyWarning
            If the largest grid (65537 nodes an axis, 3e7 cells) is not enough; it says how good that is.
        """
        if steep and not symmetric:
            raise InputError("grid: steep goes with symmetric")
        origin = function(0 * u.kpc, 0 * u.rad, 0 * u.kpc)
        number = isinstance(origin, u.Quantity) and origin.unit.is_equivalent(NUMBER_DENSITY)
        kind = NUMBER_DENSITY if number else RATE_DENSITY
        r_max = to_float(radius, u.kpc, "grid radius", minimum=0.0, exclusive=True)
        z_max = to_float(height, u.kpc, "grid height", minimum=0.0, exclusive=True)

        def density(r: FloatArray, phi: FloatArray, z: FloatArray) -> FloatArray:
            return to_array(function(r * u.kpc, phi * u.rad, z * u.kpc), kind, "density")

        if nodes is None:
            coarse = Lattice((33, 1 if axisymmetric else 16, 2 if symmetric else 3), r_max, z_max, symmetric, steep)
            axes = (0, 2) if axisymmetric else (0, 1, 2)
            lattice, n, reached = refined(density, coarse, axes, rtol, interpolation)
        else:
            lattice, reached = Lattice(nodes, r_max, z_max, symmetric, steep), 0.0
            r, phi, z = lattice.nodes
            n = np.broadcast_to(density(r[:, None, None], phi[:, None], z), lattice.counts)
        if interpolation == "auto":
            # The axis itself may be empty (R^a): one zero there is no reason to give up ln n.
            interpolation = "log" if np.all(n[1:] > 0) else "linear"
        r, _, z = lattice.nodes
        grid = cls(r * u.kpc, z * u.kpc, n * kind, interpolation, smooth)
        if nodes is None:
            _check_sampled(grid._table.integral(), total(density, lattice), reached, rtol)
        return grid

    @classmethod
    def read(cls, path: str | Path) -> CylindricalGrid:
        """Read a grid from a ``.npz`` file with arrays ``radius`` [kpc], ``height`` [kpc] and ``values``.

        ``values`` is (n_R, n_z) or (n_R, n_phi, n_z), in ``unit`` if the file has one, else in kpc^-3 yr^-1.

        Raises
        ------
        InputError
            If the file cannot be read or an array is missing.
        """
        check_file(path)
        try:
            with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
                size = sum(part.file_size for part in file.zip.infolist())
                if size > MAX_BYTES:
                    raise InputError(f"{size} bytes of arrays; allowed: {MAX_BYTES}")
                check_memory(2 * size, "its arrays", "a coarser grid has less")
                missing = [name for name in ("radius", "height", "values") if name not in file]
                if missing:
                    raise InputError(f"no array {missing[0]!r}; needed: radius, height, values")
                unit = u.Unit(str(file["unit"])[:LONGEST]) if "unit" in file else u.Unit("kpc-3 yr-1")
                if wrong := [name for name in ("radius", "height", "values") if file[name].dtype.kind not in "biuf"]:
                    raise InputError(f"array {wrong[0]!r}: real numbers are needed")
                return cls(file["radius"] * u.kpc, file["height"] * u.kpc, file["values"] * unit)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (AttributeError, TypeError):  # an array alone, .npy
            raise InputError(f"{path}: not a .npz grid; needed: arrays radius, height, values") from None
        except (OSError, ValueError, EOFError) as error:
            reason = str(error).splitlines()[0].split("  If this is meant")[0]
            raise InputError(f"{path}: not a readable .npz grid ({reason})") from None
        except Exception as error:  # zipfile and zlib raise their own
            raise InputError(f"{path}: not a readable .npz grid ({type(error).__name__})") from None

    def write(self, path: str | Path) -> None:
        """Write the grid as :meth:`read` takes it."""
        np.savez_compressed(
            path,
            radius=self.radius.to_value(u.kpc),
            height=self.height.to_value(u.kpc),
            values=self.values.value,
            unit=self.values.unit.to_string(),
        )


def _check_sampled(held: float, expected: float, reached: float, rtol: float) -> None:
    """Hold the total of a sampled density against that of the density itself.

    Raises
    ------
    InputError
        If a tenth of it is missing, or there is a tenth too much.

    Warns
    -----
    AccuracyWarning
        If interpolation is not as good as ``rtol``, or the total is off by ten times as much.
    """
    off = abs(held / expected - 1) if expected > 0 else 0.0
    if off > MISSING:
        raise InputError(
            f"grid: the density is too thin for its cylinder: a grid holds {held / expected:.3g} of its total; "
            "use a smaller cylinder, or nodes"
        )
    if reached > rtol or off > 10 * rtol:
        warnings.warn(
            f"grid: interpolation is good to {max(reached, off):.1e} only, not to the {rtol:.1e} asked for",
            AccuracyWarning,
            stacklevel=3,
        )
