"""What the kernels of columns read: tables of densities, of what absorbs, and the rule of quadrature. No numba here."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["EMPTY", "LOGARITHM", "RULE", "TRANSPARENT", "VALUE", "Absorbers", "Table"]

FloatArray = NDArray[np.float64]

EMPTY, VALUE, LOGARITHM = 0, 1, 2
"""What an element of a table holds: nothing, n, or ln n."""


class Table(NamedTuple):
    """A density in elements, as the kernels read it: arrays and flags, nothing else.

    Attributes
    ----------
    values
        Elements: (m_R, m_z, p, q) coefficients of the powers of the local coordinates, of n or ln n.
        Cells: (m_R + 1, n_phi, m_z + 1, 1) n or ln n at the nodes, which are the edges; n_phi = 1 is axisymmetric.
    radius, height
        (m_R + 1,) and (m_z + 1,) edges [kpc], not decreasing; a jump is an edge. The first of R is 0.
    radial, vertical
        (m_R, 2) and (m_z, 2): origin of the local coordinate of an element, and how often it fits into a unit. It is a
        coordinate of R or its root, of z, |z| or its root.
    turns
        (n_phi, 2) sines and cosines of the azimuths of the nodes.
    kinds
        (m_R, m_z) what an element holds: :data:`EMPTY`, :data:`VALUE` or :data:`LOGARITHM`.
    flags
        Whether R stands for its root, whether z stands for |z|, whether for the root of that, whether these are cells.
    """

    values: FloatArray
    radius: FloatArray
    height: FloatArray
    radial: FloatArray
    vertical: FloatArray
    turns: FloatArray
    kinds: NDArray[np.int8]
    flags: tuple[bool, bool, bool, bool]


class Absorbers(NamedTuple):
    """What weakens a ray: tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds', for m members j at a time.

    Attributes
    ----------
    uniform
        (m,) absorption coefficients k_j that are the same everywhere [1/kpc].
    factors
        (m, 4) coefficients f_ja of the absorbing fields; (m, 0) if there is none.
    fields
        (m_R, m_z, p, q, 4) the fields B_a, and zeros: coefficients of the powers of sqrt(R) and sqrt(|z|) in units of
        the width of an element, from its lower edge. Beyond the last edges fields fall like the inverse square of the
        distance, along the line from the Galactic centre.
    edges
        (2,) last edges in R and z [kpc]. The others are equally spaced from 0 in sqrt(R) and sqrt(|z|).
    """

    uniform: FloatArray
    factors: FloatArray
    fields: FloatArray
    edges: FloatArray


# Patterson's nodes, their weights, and the weights of the embedded rules of 7 and 3 nodes: checked by a test to
# integrate powers up to the 23rd, 11th and 5th. In the order in which the rules need them; the last one is a dummy.
_OUTER = [0.774596669241483377, 0.960491268708020283, 0.434243749346802558]
_FINE = [0.993831963212755022, 0.888459232872256998, 0.621102946737226403, 0.223386686428966882]
_NODES = [0.0, *(sign * x for x in (*_OUTER, *_FINE) for sign in (-1, 1)), 0.0]
_FIFTEEN = [
    0.225510499798206687, 0.134415255243784220, 0.0516032829970797397, 0.200628529376989021, 0.0170017196299402603,
    0.0929271953151245377, 0.171511909136391381, 0.219156858401587496,
]  # fmt: skip
_SEVEN = [0.450916538658474142, 0.268488089868333441, 0.104656226026467265, 0.401397414775962223, 0.0, 0.0, 0.0, 0.0]
_THREE = [0.888888888888888889, 0.555555555555555556, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
_DISTINCT = np.array(_NODES[:15])
_BASIS = [np.polynomial.chebyshev.Chebyshev.basis(k) for k in range(15)]
_LAGRANGE = np.linalg.inv(np.array([p(_DISTINCT) for p in _BASIS]))
_PRIMITIVE = np.array([p.integ(lbnd=-1)(_DISTINCT) for p in _BASIS]).T @ _LAGRANGE.T
RULE = np.zeros((36, 16))
"""Rows: nodes on [-1, 1]; weights of the rules of 15, 7 and 3 nodes; 15 rows of weights of the integrals from -1 to
each node; 15 rows of Chebyshev coefficients of the Lagrange polynomial of each node; an odd null rule of 15 nodes and
one of 7."""
RULE[0] = _NODES
for _row, _weights in enumerate((_FIFTEEN, _SEVEN, _THREE), start=1):
    RULE[_row, :15] = [_weights[0], *(w for w in _weights[1:] for _ in range(2))]
RULE[4:19, :15], RULE[19:34, :15] = _PRIMITIVE, _LAGRANGE
# Two rules of even weights can agree by chance. Null rules of odd weights, which are 0 for polynomials of less than the
# 13th and the 5th degree and as large as the difference of the two, are not 0 at the same place.
for _row, (_better, _worse, _pairs) in {34: (1, 2, 7), 35: (2, 3, 3)}.items():
    _places = RULE[0, 2 : 2 * _pairs + 1 : 2]
    _null = np.linalg.svd(_places ** np.arange(1, 2 * _pairs - 1, 2)[:, None])[2][-1]
    RULE[_row, 2 : 2 * _pairs + 1 : 2], RULE[_row, 1 : 2 * _pairs : 2] = _null, -_null
    RULE[_row] *= np.linalg.norm(RULE[_better] - RULE[_worse]) / np.linalg.norm(RULE[_row])

TRANSPARENT = Absorbers(np.zeros(1), np.zeros((1, 0)), np.zeros((1, 1, 1, 1, 4)), np.ones(2))
"""No absorption."""
