"""The weighted slab as a cascade of nuclei, from heavy to light, each from high to low energy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

__all__ = ["cascade"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@compiled()
def cascade(
    step: float,
    slope: float,
    energy: FloatArray,
    damping: FloatArray,
    loss: FloatArray,
    injected: FloatArray,
    cocoon: FloatArray,
    parent: IntArray,
    child: IntArray,
    spallation: FloatArray,
    mother: IntArray,
    daughter: IntArray,
    decay: FloatArray,
    out: FloatArray,
) -> None:
    """Solve damping I - d(loss I)/dT = sources for every nucleus; see :mod:`skycocoon.cosmicrays.slab`.

    With F = loss I T^s and H = damping T/loss + s, d F/d ln T = H F - T^(s+1) sources. Over each step the local
    solution G = T^(s+1) sources/H is linear in int H d ln T: exact where losses do not matter, second order where they
    do. The slope s only flattens F, so that the second order is small.

    Parameters
    ----------
    step
        Step in ln T.
    slope
        s.
    energy
        (n,) kinetic energies per nucleon, ``step`` apart in ln T.
    damping, loss
        (k, n) 1/X + sigma/m and abs(dT/dX).
    injected
        (k, n) sources of primaries.
    cocoon
        (k, n) grammage of the cocoon at each nucleus' rigidity.
    parent, child, spallation
        (p,), (p,), (p, n) cross section over mass: ``child`` is made of what there is of ``parent``, and of ``cocoon``
        times what is injected of it. Parents come before children.
    mother, daughter, decay
        (d,), (d,), (d, n) the same for decays.
    out
        (k, n) intensities I.
    """
    nuclei, nodes = injected.shape
    source = np.empty(nodes)
    for a in range(nuclei):
        for i in range(nodes):
            source[i] = injected[a, i]
        for p in range(parent.size):
            if child[p] == a:
                b = parent[p]
                for i in range(nodes):
                    source[i] += spallation[p, i] * (out[b, i] + cocoon[b, i] * injected[b, i])
        for d in range(mother.size):
            if daughter[d] == a:
                for i in range(nodes):
                    source[i] += decay[d, i] * out[mother[d], i]
        above_rate = 0.0
        above_local = 0.0
        flow = 0.0
        for i in range(nodes - 1, -1, -1):
            rate = damping[a, i] * energy[i] / loss[a, i] + slope
            weight = energy[i] ** slope
            local = weight * energy[i] * source[i] / rate
            if i == nodes - 1:
                flow = local
            else:
                depth = 0.5 * step * (rate + above_rate)
                passed = np.exp(-depth)
                mean = (1.0 - passed) / depth
                flow = flow * passed + local * (1.0 - mean) + above_local * (mean - passed)
            out[a, i] = flow / (loss[a, i] * weight)
            above_rate = rate
            above_local = local
