"""Densities on cylindrical grids: the one form in which the kernels see every density."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import astropy.units as u
import numpy as np

from ..errors import AccuracyWarning, InputError
from ..units import FloatArray, to_array, to_float
from .table import NUMBER_DENSITY, RATE_DENSITY, DensityTable, creases_of, ruler

__all__ = [
    "CylindricalGrid",
]

MAX_CELLS = 30_000_000
MAX_NODES = 65_537


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
        Says that the density has no feature that a quadrature over a whole ray could step over, as an analytic disc
        knows of itself. Otherwise the scale of its features is worked out from the values, and rays are cut by it.

    Raises
    ------
    InputError
        For nodes that are not increasing or not uniform, shapes that do not fit, negative or non-finite values.
    """

    radius: u.Quantity
    height: u.Quantity
    values: u.Quantity
    interpolation: str = "auto"
    smooth: bool = False
    _table: DensityTable = field(init=False, repr=False)

    def __post_init__(self) -> None:
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
        root = not _uniform(r)
        if root and not _uniform(np.sqrt(r)):
            raise InputError("grid: radii must be uniform in R or in sqrt(R); see CylindricalGrid.sample for others")
        steep = not _uniform(z)
        if steep and (z[0] != 0.0 or not _uniform(np.sqrt(z))):
            raise InputError(
                "grid: heights must be uniform, or uniform in sqrt(z) from 0; see CylindricalGrid.sample for others"
            )
        if n.shape[1] > 1 and np.all(n == n[:, :1]):
            n = n[:, :1]
        logarithmic = self.interpolation == "log" or (self.interpolation == "auto" and bool(np.all(n > 0)))
        if logarithmic:
            floor = math.log(n[n > 0].min()) - 5.0
            with np.errstate(divide="ignore"):
                n = np.maximum(np.log(n), floor)
        t = np.sqrt(r) if root else r
        h = np.sqrt(z) if steep else z
        n_phi = n.shape[1]
        axes = np.array(
            [
                [t[0], (t.size - 1) / (t[-1] - t[0]), r[-1]],
                [0.0, n_phi / (2 * math.pi), 2 * math.pi],
                [h[0], (h.size - 1) / (h[-1] - h[0]), z[-1]],
            ]
        )
        sizes = [n.shape[0], n.shape[1] + 1, n.shape[2]]
        if self.smooth:
            rulers = [np.zeros(size) for size in sizes]
        else:
            rulers = [ruler(n, axis, axis == 1, logarithmic) for axis in range(3)]
        table = DensityTable(
            np.ascontiguousarray(n),
            axes,
            root,
            bool(z[0] == 0.0),
            steep,
            logarithmic,
            (rulers[0], rulers[1], rulers[2]),
            creases_of(n, z, logarithmic),
        )
        object.__setattr__(self, "_table", table)

    def __repr__(self) -> str:
        n_r, n_phi, n_z = self._table.values.shape
        shape = f"{n_r} x {n_z}, axisymmetric" if n_phi == 1 else f"{n_r} x {n_phi} x {n_z}"
        kind = "ln n" if self._table.logarithmic else "n"
        return f"CylindricalGrid: {shape}, R < {self.radius[-1]:.4g}, |z| < {self.height[-1]:.4g}, linear in {kind}"

    @property
    def kind(self) -> u.UnitBase:
        """Internal unit: :data:`NUMBER_DENSITY` for a number per volume, else :data:`RATE_DENSITY`."""
        number = getattr(self.values, "unit", RATE_DENSITY).is_equivalent(NUMBER_DENSITY)
        return NUMBER_DENSITY if number else RATE_DENSITY

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read. A grid is its own interpolant, so that ``rtol`` changes nothing."""
        return self._table

    def total(self) -> u.Quantity:
        """What the whole grid holds: the volume integral of the interpolant [yr^-1, or a number].

        Gauss-Legendre quadrature in every cell of the (R, z) table, with the rectangle rule in azimuth (eq. 2).
        """
        table = self._table
        n_r, n_phi, n_z = table.values.shape
        # A cell may span several e-folds of ln n: the fewer the cells, the more nodes in each.
        (x, w), (y, v) = (np.polynomial.legendre.leggauss(2 if n > 64 else 4 if n > 16 else 24) for n in (n_r, n_z))
        x, w, y, v = (x + 1) / 2, w / 2, (y + 1) / 2, v / 2
        first, scale, _ = table.axes[0]
        t = first + (np.arange(n_r - 1)[:, None] + x) / scale
        r = t**2 if table.root else t
        dr = (2 * t if table.root else 1.0) * w / scale
        z_first, z_scale, _ = table.axes[2]
        h = z_first + (np.arange(n_z - 1)[:, None] + y) / z_scale
        z = h**2 if table.steep else h
        dz = np.broadcast_to((2 * h if table.steep else 1.0) * v / z_scale, h.shape).ravel() * (
            2 if table.folded else 1
        )
        if r.size * dz.size * n_phi > 20 * MAX_CELLS:
            raise InputError("grid: too many cells to integrate")
        # Inner hole: constant in R down to the axis.
        r_all = np.concatenate([[0.5 * self.radius[0].to_value(u.kpc)], r.ravel()])
        weight = np.concatenate([[self.radius[0].to_value(u.kpc)], np.broadcast_to(dr, r.shape).ravel()]) * r_all
        result = 0.0
        for phi in 2 * math.pi * np.arange(n_phi) / n_phi:
            R, Z = np.meshgrid(r_all, z.ravel(), indexing="ij")
            points = np.stack([R * math.cos(phi), R * math.sin(phi), Z], axis=-1).reshape(-1, 3)
            n = table.density(points).reshape(R.shape)
            result += 2 * math.pi / n_phi * float(weight @ n @ dz)
        kind = self.kind
        return (result * kind * u.kpc**3).to(u.yr**-1 if kind == RATE_DENSITY else u.dimensionless_unscaled)

    def normalised(self, rate: u.Quantity) -> CylindricalGrid:
        """The same shape with another total rate [time^-1] (eq. 2)."""
        factor = to_float(rate / self.total(), u.dimensionless_unscaled, "rate", minimum=0.0)
        return CylindricalGrid(self.radius, self.height, self.values * factor, self.interpolation, self.smooth)

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
        them (where the density is below 5 % of its maximum along that axis: to ``rtol`` of that 5 %).

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
            Fixed numbers of nodes (n_R, n_phi, n_z) instead of ``rtol``.
        interpolation, smooth
            As in :class:`CylindricalGrid`.
        steep
            Nodes uniform in sqrt(z), for thin layers in a high halo; needs ``symmetric``.

        Warns
        -----
        AccuracyWarning
            If the largest grid (65537 nodes an axis, 3e7 cells) is not enough.
        """
        if steep and not symmetric:
            raise InputError("grid: steep goes with symmetric")
        origin = function(0 * u.kpc, 0 * u.rad, 0 * u.kpc)
        number = isinstance(origin, u.Quantity) and origin.unit.is_equivalent(NUMBER_DENSITY)
        kind = NUMBER_DENSITY if number else RATE_DENSITY
        r_max = to_float(radius, u.kpc, "grid radius", minimum=0.0, exclusive=True)
        z_max = to_float(height, u.kpc, "grid height", minimum=0.0, exclusive=True)

        def axis_nodes(counts: list[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
            r = r_max * np.linspace(0.0, 1.0, counts[0]) ** 2
            phi = 2 * math.pi * np.arange(counts[1]) / counts[1]
            z = np.linspace(0.0 if symmetric else -z_max, z_max, counts[2])
            return r, phi, z_max * (z / z_max) ** 2 if steep else z

        def evaluate(r: FloatArray, phi: FloatArray, z: FloatArray) -> FloatArray:
            shape = (r.size, phi.size, z.size)
            n = function(r[:, None, None] * u.kpc, phi[:, None] * u.rad, z * u.kpc)
            return np.broadcast_to(to_array(n, kind, "density"), shape)

        counts = [33, 1 if axisymmetric else 16, 2 if symmetric else 3] if nodes is None else list(nodes)
        n = evaluate(*axis_nodes(counts))
        if nodes is None:
            pending = [0, 2] if axisymmetric else [0, 1, 2]
            worst = [0.0, 0.0, 0.0]
            while pending:
                axis = pending[0]
                finer = list(counts)
                finer[axis] = 2 * counts[axis] if axis == 1 else 2 * counts[axis] - 1
                fine = evaluate(*axis_nodes(finer))
                # Fine values at odd nodes against interpolation between even ones. Nodes are uniform in sqrt(R), and
                # halfway there is halfway in the table.
                moved = np.moveaxis(fine, axis, 0)
                low, high = moved[0::2], np.roll(moved[0::2], -1, axis=0) if axis == 1 else moved[2::2]
                low = low if axis == 1 else low[:-1]
                guess = _halfway(low, high, interpolation)
                floor = 0.05 * moved.max(axis=0)
                with np.errstate(invalid="ignore"):
                    error = np.abs(guess - moved[1::2]) / (moved[1::2] + floor)
                worst[axis] = float(np.nanmax(error, initial=0.0))
                if worst[axis] <= rtol:
                    pending.pop(0)
                elif max(finer) > MAX_NODES or math.prod(finer) > MAX_CELLS:
                    warnings.warn(
                        f"grid: interpolation is good to {worst[axis]:.1e} only, not to the {rtol:.1e} asked for",
                        AccuracyWarning,
                        stacklevel=2,
                    )
                    pending.pop(0)
                if worst[axis] > rtol and axis in pending:
                    counts, n = finer, fine
        r, _, z = axis_nodes(counts)
        if interpolation == "auto":
            # The axis itself may be empty (R^a): one zero there is no reason to give up ln n.
            interpolation = "log" if np.all(n[1:] > 0) else "linear"
        return cls(r * u.kpc, z * u.kpc, n * kind, interpolation, smooth)

    @classmethod
    def read(cls, path: str | Path) -> CylindricalGrid:
        """Read a grid from a ``.npz`` file with arrays ``radius`` [kpc], ``height`` [kpc] and ``values``.

        ``values`` is (n_R, n_z) or (n_R, n_phi, n_z), in ``unit`` if that is in the file, else in kpc^-3 yr^-1.

        Raises
        ------
        InputError
            If the file cannot be read or an array is missing.
        """
        try:
            with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
                missing = [name for name in ("radius", "height", "values") if name not in file]
                if missing:
                    raise InputError(f"{path}: no array {missing[0]!r}; needed: radius, height, values")
                unit = u.Unit(str(file["unit"])) if "unit" in file else u.Unit("kpc-3 yr-1")
                return cls(file["radius"] * u.kpc, file["height"] * u.kpc, file["values"] * unit)
        except InputError:
            raise
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise InputError(f"{path}: not a readable .npz grid ({str(error).splitlines()[0]})") from None
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


def _uniform(x: FloatArray) -> bool:
    step = np.diff(x)
    return bool(np.ptp(step) <= 1e-6 * step.mean())


def _halfway(low: FloatArray, high: FloatArray, interpolation: str) -> FloatArray:
    """What the table gives halfway between two nodes."""
    if interpolation == "linear":
        return 0.5 * (low + high)
    return np.asarray(np.sqrt(low) * np.sqrt(high))
