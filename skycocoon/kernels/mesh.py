"""Columns interpolated on panels of the sky: at directions, as means over HEALPix pixels, along parallels.

The sky is a table of panels in longitude l and latitude b, each halved as often as its columns need, in l or in b. On
a panel the logarithm of the first column is a polynomial in both, and so is the ratio of every other column (what is
absorbed) to the first. Where columns have a square root in l, beside the tangent to a ring, the polynomial is one in
the root.

What is evaluated at one latitude shares that latitude's polynomials in l, so pixels are gone through ring by ring:
HEALPix pixels are rhombi in the plane of the projection, which has equal areas (Gorski et al. 2005, ApJ 622, 759,
sec. 5; Calabretta & Roukema 2007, MNRAS 381, 865), and a horizontal through them is a parallel of the sky.

Longitudes run from 0 to pi if the sky is its own mirror image, else from -pi to pi; latitudes from 0 or from -pi/2.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

__all__ = ["GAUSS", "REACH", "RHOMBUS", "Panels", "at_directions", "on_parallels", "over_pixels"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Panels(NamedTuple):
    """Columns as polynomials on panels of the sky, as the kernels read them.

    Attributes
    ----------
    latitudes
        (n_b + 1,) increasing edges of the rows of the table of panels [rad].
    rows
        (n_b + 1,) which panels of the table are a row's: from the one number to the next, from west to east.
    west, east
        (c,) edges in longitude of the panels of the table [rad].
    bends
        (c,) where columns go like a square root: 1 at a panel's eastern edge, -1 at its western one, 0 nowhere.
    finest
        (n_b,) smallest width in latitude of a part of the panels of each row, over its reach [rad].
    axis
        (k,) how a panel is halved: 0 in longitude (in its root, where it has one), 1 in latitude, -1 not at all. The
        first c are those of the table.
    child
        (k,) the first of a panel's halves, which follow one another; or the number of its polynomials.
    polynomials
        (p, m, n, n) Chebyshev coefficients, by powers of l and of b, of the m columns of a panel that is not halved.
    linear
        (p,) whether the first of these are of the column itself, not of its logarithm.
    reach
        (p, 2) how far a panel reaches, in l and in b, among those that five Gauss points just integrate: below 1 for a
        panel that varies little.
    folded
        Whether l stands for abs(l), and b for abs(b).
    """

    latitudes: FloatArray
    rows: IntArray
    west: FloatArray
    east: FloatArray
    bends: IntArray
    finest: FloatArray
    axis: IntArray
    child: IntArray
    polynomials: FloatArray
    linear: NDArray[np.bool_]
    reach: FloatArray
    folded: tuple[bool, bool]


MOST_POINTS = 5
GAUSS = np.zeros((MOST_POINTS + 1, 2, MOST_POINTS))
"""Nodes and weights (sum 2) of Gauss-Legendre rules of up to 5 points, by the number of points."""
for _count in range(1, MOST_POINTS + 1):
    GAUSS[_count, :, :_count] = np.polynomial.legendre.leggauss(_count)

RHOMBUS = np.zeros((MOST_POINTS + 1, 3, MOST_POINTS**2))
"""Products of two of these rules along the edges of a rhombus, by the number of points of each: height and place aside,
in units of its half diagonals, and weight (sum 1), by height."""
for _count in range(1, MOST_POINTS + 1):
    (_x, _w) = GAUSS[_count, :, :_count]
    _product = np.stack([np.add.outer(_x, _x) / 2, np.subtract.outer(_x, _x) / 2, np.outer(_w, _w) / 4]).reshape(3, -1)
    RHOMBUS[_count, :, : _count**2] = _product[:, np.argsort(_product[0].round(12), kind="stable")]

ORDER = 7
"""Powers of l, and of b, in a panel's polynomials."""
# Half a stretch, in units of half a panel, over which one point, two, ... integrate what a polynomial of six degrees
# resolves: with coefficients that fall like 4^-k, to 4e-6, and better if they fall faster.
REACH = (0.005, 0.12, 0.4, 0.7)
# Depth of the halving, at most.
_DEPTH = 64
# A zero that counts up: with a literal one each function that it is handed to is compiled twice.
_ZERO = np.int64(0)
_TWO_PI = 2.0 * math.pi


@compiled(error_model="numpy")
def _points(part):  # type: ignore[no-untyped-def]
    """How many Gauss points a part of a panel needs."""
    for k in range(len(REACH)):
        if part < REACH[k]:
            return k + 1
    return MOST_POINTS


@compiled(error_model="numpy")
def _before(edges, x, low, high):  # type: ignore[no-untyped-def]
    """Index of the last of some edges, from ``low`` to before ``high``, that is not beyond x; else the first's."""
    while high - low > 1:
        middle = (low + high) // 2
        if edges[middle] <= x:
            low = middle
        else:
            high = middle
    return low


@compiled(error_model="numpy")
def _place(l, left, right, bend):  # type: ignore[no-untyped-def]
    """Place of a longitude in a panel of the table, 0 to 1."""
    if bend == 0:
        return (l - left) / (right - left)
    if bend > 0:
        return 1.0 - math.sqrt(max((right - l) / (right - left), 0.0))
    return math.sqrt(max((l - left) / (right - left), 0.0))


@compiled(error_model="numpy")
def _longitude(t, left, right, bend):  # type: ignore[no-untyped-def]
    """Longitude of a place in a panel of the table."""
    if bend == 0:
        return left + (right - left) * t
    if bend > 0:
        return right - (right - left) * (1.0 - t) ** 2
    return left + (right - left) * t * t


@compiled(error_model="numpy")
def _row(b, panels, segments, stack):  # type: ignore[no-untyped-def]
    """Panels that a parallel crosses, from west to east, into ``segments``; gives their number.

    Of each: left and right edge; the place in the table's panel of the first, and its part of that panel; the bend;
    whether the column is linear; the panel's width in latitude, over its reach; the line that the polynomial's argument
    is in l, where it is one; the edges of the table's panel; the number of the polynomials; the latitude's place in the
    panel, -1 to 1; 0, for polynomials in l that are not worked out yet; and its reach in l.
    """
    latitudes, rows, west, east, bends, _, axis, child, _, linear, reach, _ = panels
    row = _before(latitudes, b, 0, latitudes.size - 1)
    tall = latitudes[row + 1] - latitudes[row]
    v = (b - latitudes[row]) / (latitudes[row + 1] - latitudes[row])
    count = 0
    for column in range(rows[row], rows[row + 1]):
        top = 1
        stack[0, 0], stack[0, 1], stack[0, 2] = column, 0.0, 1.0
        stack[0, 3], stack[0, 4] = 0.0, 1.0
        while top > 0:
            top -= 1
            node = int(stack[top, 0])
            t0, t1, v0, v1 = stack[top, 1], stack[top, 2], stack[top, 3], stack[top, 4]
            if axis[node] == 0:
                middle = 0.5 * (t0 + t1)
                stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = child[node], t0, middle
                stack[top + 1, 3], stack[top + 1, 4] = v0, v1
                stack[top, 0], stack[top, 1] = child[node] + 1, middle
                top += 2
            elif axis[node] == 1:
                middle = 0.5 * (v0 + v1)
                if v < middle:
                    stack[top, 0], stack[top, 4] = child[node], middle
                else:
                    stack[top, 0], stack[top, 3] = child[node] + 1, middle
                top += 1
            else:
                left, right, bend = west[column], east[column], bends[column]
                segments[count, 0] = _longitude(t0, left, right, bend)
                segments[count, 1] = _longitude(t1, left, right, bend)
                segments[count, 2], segments[count, 3] = t0, t1 - t0
                leaf = child[node]
                segments[count, 4], segments[count, 5] = bend, 1.0 if linear[leaf] else 0.0
                segments[count, 6] = (v1 - v0) * tall / reach[leaf, 1]
                segments[count, 14] = reach[leaf, 0]
                # Where the polynomial is one in l itself, its argument is a line.
                slope = 2.0 / ((t1 - t0) * (right - left))
                segments[count, 9], segments[count, 10] = left, right
                segments[count, 7], segments[count, 8] = -2.0 * t0 / (t1 - t0) - 1.0 - slope * left, slope
                segments[count, 11] = leaf
                segments[count, 12] = min(max(2.0 * (v - v0) / (v1 - v0) - 1.0, -1.0), 1.0)
                segments[count, 13] = 0.0
                count += 1
    return count


@compiled(error_model="numpy")
def _work_out(segments, cursor, polynomials, rows):  # type: ignore[no-untyped-def]
    """The polynomials in l of a segment, at the latitude of its row."""
    leaf, y = int(segments[cursor, 11]), segments[cursor, 12]
    for j in range(polynomials.shape[1]):
        for i in range(ORDER):
            total = polynomials[leaf, j, i, ORDER - 1]
            for k in range(ORDER - 2, -1, -1):
                total = total * y + polynomials[leaf, j, i, k]
            rows[cursor, j, i] = total
    segments[cursor, 13] = 1.0


@compiled(error_model="numpy")
def _seek(l, segments, count, cursor):  # type: ignore[no-untyped-def]
    """The segment of a row that holds a longitude, looked for from another one."""
    while cursor < count - 1 and segments[cursor, 1] <= l:
        cursor += 1
    while cursor > 0 and segments[cursor, 0] > l:
        cursor -= 1
    return cursor


@compiled(error_model="numpy")
def _value(rows, cursor, j, x, x2, x4):  # type: ignore[no-untyped-def]
    """A polynomial of six degrees, in an order in which its terms do not wait for one another."""
    low = (rows[cursor, j, 0] + rows[cursor, j, 1] * x) + (rows[cursor, j, 2] + rows[cursor, j, 3] * x) * x2
    return low + ((rows[cursor, j, 4] + rows[cursor, j, 5] * x) + rows[cursor, j, 6] * x2) * x4


@compiled(error_model="numpy")
def _add(x, weight, segments, rows, cursor, out, n):  # type: ignore[no-untyped-def]
    """Add the columns at a place x of a segment, -1 to 1, times a weight, to row n.

    Arrays come with the index of what is meant of them: a view of its own for each point would cost more than the
    point.
    """
    x2 = x * x
    x4 = x2 * x2
    value = _value(rows, cursor, 0, x, x2, x4)
    value = weight * (max(value, 0.0) if segments[cursor, 5] > 0.0 else math.exp(value))
    out[n, 0] += value
    for j in range(1, rows.shape[1]):
        out[n, j] += value * _value(rows, cursor, j, x, x2, x4)


@compiled(error_model="numpy")
def _local(l, segments, cursor):  # type: ignore[no-untyped-def]
    """Place of a longitude in a segment, -1 to 1."""
    if segments[cursor, 4] == 0.0:
        return segments[cursor, 7] + segments[cursor, 8] * l
    t = _place(l, segments[cursor, 9], segments[cursor, 10], segments[cursor, 4])
    return min(max(2.0 * (t - segments[cursor, 2]) / segments[cursor, 3] - 1.0, -1.0), 1.0)


@compiled(error_model="numpy")
def _piece(low, high, weight, segments, rows, polynomials, count, gauss, cursor, out, n):  # type: ignore[no-untyped-def]
    """Add the integral of the columns over longitudes, times a weight, to row n; gives the last segment."""
    cursor = _seek(low, segments, count, cursor)
    start = low
    while start < high:
        last = cursor == count - 1
        stop = high if last else min(high, segments[cursor, 1])
        if segments[cursor, 13] == 0.0:
            _work_out(segments, cursor, polynomials, rows)
        bend = segments[cursor, 4]
        first, part = segments[cursor, 2], segments[cursor, 3]
        a, c = _local(start, segments, cursor), _local(stop, segments, cursor)
        middle, half = 0.5 * (a + c), 0.5 * (c - a)
        share = weight * (segments[cursor, 10] - segments[cursor, 9]) * 0.5 * part * half
        points = _points(half * segments[cursor, 14])
        for q in range(points):
            x = middle + half * gauss[points, 0, q]
            t = first + 0.5 * (x + 1.0) * part
            slope = 1.0
            if bend > 0:
                slope = 2.0 * (1.0 - t)
            elif bend < 0:
                slope = 2.0 * t
            _add(x, share * slope * gauss[points, 1, q], segments, rows, cursor, out, n)
        if last:
            break
        start = stop
        cursor += 1
    return min(cursor, count - 1)


@compiled(error_model="numpy")
def _chord(low, high, weight, segments, rows, polynomials, count, folded, gauss, cursor, out, n):  # type: ignore[no-untyped-def]
    """Add the integral of the columns over any longitudes, times a weight, to row n; gives the last segment."""
    start = low
    while start < high:
        # From one multiple of pi to the next the sky is that of the panels, or its mirror image.
        turn = math.floor(start / math.pi + 1e-12)
        stop = min(high, (turn + 1.0) * math.pi)
        if high - stop < 1e-12:
            stop = high
        odd = turn % 2 != 0
        shift = (turn + 1.0 if odd else turn) * math.pi
        a, c = start - shift, stop - shift
        if odd and folded:
            a, c = -c, -a
        cursor = _piece(a, c, weight, segments, rows, polynomials, count, gauss, cursor, out, n)
        start = stop
    return cursor


@compiled(error_model="numpy")
def _wrapped(l, folded):  # type: ignore[no-untyped-def]
    """A longitude between -2 pi and 2 pi where the panels have it."""
    if folded:
        l = abs(l)
        return _TWO_PI - l if l > math.pi else l
    if l > math.pi:
        return l - _TWO_PI
    return l + _TWO_PI if l < -math.pi else l


@compiled(error_model="numpy")
def at_directions(longitudes, latitudes, panels, out):  # type: ignore[no-untyped-def]
    """Columns at directions.

    Parameters
    ----------
    longitudes, latitudes : (n,) arrays
        Galactic coordinates [rad].
    panels : Panels
        The columns.
    out : (n, m) array
        Receives the columns.
    """
    edges, rows, west, east, bends, _, axis, child, polynomials, linear, _, folded = panels
    for n in range(longitudes.size):
        l = _wrapped(longitudes[n] - _TWO_PI * math.floor(longitudes[n] / _TWO_PI + 0.5), folded[0])
        b = abs(latitudes[n]) if folded[1] else latitudes[n]
        row = _before(edges, b, 0, edges.size - 1)
        node = _before(west, l, rows[row], rows[row + 1])
        t = _place(l, west[node], east[node], bends[node])
        v = (b - edges[row]) / (edges[row + 1] - edges[row])
        while axis[node] >= 0:
            # What is left of the panel is scaled to 0..1 again.
            if axis[node] == 0:
                t *= 2.0
                second = t >= 1.0
                t -= 1.0 if second else 0.0
            else:
                v *= 2.0
                second = v >= 1.0
                v -= 1.0 if second else 0.0
            node = child[node] + (1 if second else 0)
        leaf = child[node]
        x = min(max(2.0 * t - 1.0, -1.0), 1.0)
        y = min(max(2.0 * v - 1.0, -1.0), 1.0)
        for j in range(polynomials.shape[1]):
            value = 0.0
            for i in range(ORDER - 1, -1, -1):
                inner = polynomials[leaf, j, i, ORDER - 1]
                for k in range(ORDER - 2, -1, -1):
                    inner = inner * y + polynomials[leaf, j, i, k]
                value = value * x + inner
            if j > 0:
                out[n, j] = out[n, 0] * value
            elif linear[leaf]:
                out[n, 0] = max(value, 0.0)
            else:
                out[n, 0] = math.exp(value)


@compiled(error_model="numpy")
def on_parallels(latitudes, low, high, panels, gauss, most, out):  # type: ignore[no-untyped-def]
    """Integrals of columns along parallels.

    Parameters
    ----------
    latitudes : (n,) array
        Their latitudes [rad].
    low, high : float
        Longitudes from which and to which [rad], -2 pi to 4 pi.
    panels : Panels
        The columns.
    gauss : array
        :data:`GAUSS`.
    most : int
        Panels that a parallel crosses, at most.
    out : (n, m) array
        Receives the integrals over l.
    """
    segments, rows = np.empty((most, 15)), np.empty((most, panels[8].shape[1], ORDER))
    stack = np.empty((_DEPTH, 5))
    for n in range(latitudes.size):
        for j in range(rows.shape[1]):
            out[n, j] = 0.0
        b = abs(latitudes[n]) if panels[11][1] else latitudes[n]
        count = _row(b, panels, segments, stack)
        _chord(low, high, 1.0, segments, rows, panels[8], count, panels[11][0], gauss, _ZERO, out, n)


@compiled(error_model="numpy")
def _ring_of(pixel, nside):  # type: ignore[no-untyped-def]
    """Ring of a RING pixel, from 1, its first pixel and its number of pixels."""
    cap = 2 * nside * (nside - 1)
    npix = 12 * nside * nside
    if pixel < cap:
        ring = (1 + int(math.sqrt(1.0 + 2.0 * pixel))) // 2
        # The root may be off by one where it is large.
        while 2 * ring * (ring - 1) > pixel:
            ring -= 1
        while 2 * ring * (ring + 1) <= pixel:
            ring += 1
        return ring, 2 * ring * (ring - 1), 4 * ring
    if pixel < npix - cap:
        ring = (pixel - cap) // (4 * nside) + nside
        return ring, cap + (ring - nside) * 4 * nside, 4 * nside
    ring, first, count = _ring_of_south(npix - 1 - pixel)
    return 4 * nside - ring, npix - first - count, count


@compiled(error_model="numpy")
def _ring_of_south(pixel):  # type: ignore[no-untyped-def]
    """As above in the southern cap, with pixels counted from the south pole."""
    ring = (1 + int(math.sqrt(1.0 + 2.0 * pixel))) // 2
    while 2 * ring * (ring - 1) > pixel:
        ring -= 1
    while 2 * ring * (ring + 1) <= pixel:
        ring += 1
    return ring, 2 * ring * (ring - 1), 4 * ring


@compiled(error_model="numpy")
def _parallel(u, ring, nside):  # type: ignore[no-untyped-def]
    """Latitude of a horizontal through the pixels of a northern ring, and the scale of the projection there.

    u is -1 at a pixel's southern corner, 0 at its centre, 1 at its northern corner.
    """
    if ring < nside or (ring == nside and u > 0.0):
        s = (ring - u) / nside
        # asin(1 - s^2/3), without loss at the pole
        return 0.5 * math.pi - 2.0 * math.asin(min(s / math.sqrt(6.0), 1.0)), s
    return math.asin(min((2 * nside - ring + u) * 2.0 / (3.0 * nside), 1.0)), 1.0


@compiled(error_model="numpy")
def _height(b, ring, nside):  # type: ignore[no-untyped-def]
    """The inverse of the above: u of a northern latitude."""
    z = math.sin(b)
    if z > 2.0 / 3.0:
        return ring - nside * math.sqrt(6.0) * math.sin(0.25 * math.pi - 0.5 * b)
    return z * 1.5 * nside - (2 * nside - ring)


@compiled(error_model="numpy")
def _middle(place, ring, nside):  # type: ignore[no-untyped-def]
    """Longitude of the middle of a pixel's horizontals: the first number, plus the second over the projection's scale.

    ``place`` is the pixel's place in its ring, ``ring`` a northern one.
    """
    if ring <= nside:
        facet = int(place / ring)
        within = (place - facet * ring + 0.5) / ring - 0.5
        return 0.5 * math.pi * (facet + 0.5), 0.5 * math.pi * within * ring / nside
    shift = 0.5 if (ring - nside) % 2 == 0 else 0.0
    return 0.5 * math.pi * (place + shift) / nside, 0.0


@compiled(error_model="numpy")
def _cuts(ring, nside, south, folded, latitudes, cuts):  # type: ignore[no-untyped-def]
    """Heights at which the pixels of a ring are cut: their middle, where their width has a kink, and panels' edges."""
    cuts[0], cuts[1], cuts[2] = -1.0, 0.0, 1.0
    count = 3
    for k in range(1, latitudes.size - 1):
        u = _height(-latitudes[k] if south else latitudes[k], ring, nside)
        if -1.0 < u < 1.0:
            cuts[count] = u
            count += 1
    if folded and ring == 2 * nside:
        # The southern half of the equator's pixels is the northern one's mirror image.
        for k in range(3, count):
            cuts[count + k - 3] = -cuts[k]
        count += count - 3
    # A few numbers into their places: a library's sort takes a second to compile.
    for k in range(1, count):
        u, n = cuts[k], k
        while n > 0 and cuts[n - 1] > u:
            cuts[n] = cuts[n - 1]
            n -= 1
        cuts[n] = u
    return count


@compiled(error_model="numpy")
def _heights(ring, nside, south, folded, latitudes, finest, gauss, cuts, heights):  # type: ignore[no-untyped-def]
    """Horizontals through the pixels of a ring, and their weights, for means over pixels; gives their number.

    Nothing is written where ``heights`` is too small for them.
    """
    count = _cuts(ring, nside, south, folded, latitudes, cuts)
    rows = 0
    for k in range(count - 1):
        low, high = cuts[k], cuts[k + 1]
        if high - low < 1e-9:
            continue
        first, _ = _parallel(low + 1e-9, ring, nside)
        last, _ = _parallel(high - 1e-9, ring, nside)
        b = 0.5 * (first + last)
        b = abs(b) if folded else -b if south else b
        width = finest[_before(latitudes, b, 0, latitudes.size - 1)]
        parts = int((last - first) / width) + 1
        points = _points((last - first) / parts / width)
        for part in range(parts):
            a, c = low + (high - low) * part / parts, low + (high - low) * (part + 1) / parts
            for q in range(points):
                if rows < heights.shape[0]:
                    u = 0.5 * (a + c) + 0.5 * (c - a) * gauss[points, 0, q]
                    heights[rows, 0] = u
                    heights[rows, 1] = 0.5 * (c - a) * gauss[points, 1, q] * (1.0 - abs(u))
                rows += 1
    return rows


@compiled(error_model="numpy")
def _rule_of(l, half, tall, kinks, segments, count, cursor, folded):  # type: ignore[no-untyped-def]
    """How many points along each edge of a pixel do for its mean; 0 if it is to be cut, as it holds a kink.

    Gives the segment of its middle, too.
    """
    middle = _wrapped(l, folded)
    cursor = _seek(middle, segments, count, cursor)
    west, east = middle - half, middle + half
    if folded and (west < 0.0 or east > math.pi):
        return 0, cursor
    # The narrower of the panels at its middle and at its corners.
    part = tall / segments[cursor, 6]
    if segments[cursor, 0] < west and east < segments[cursor, 1]:
        if segments[cursor, 4] == 0.0:
            part = max(part, segments[cursor, 8] * half * segments[cursor, 14])
        else:
            wide = 0.5 * (_local(east, segments, cursor) - _local(west, segments, cursor))
            part = max(part, wide * segments[cursor, 14])
    else:
        for k in range(kinks.size):
            if west <= kinks[k] <= east:
                return 0, cursor
        first, last = _seek(west, segments, count, cursor), _seek(east, segments, count, cursor)
        for place in range(first, last + 1):
            wide = 2.0 * half * segments[place, 14] / (segments[place, 1] - segments[place, 0])
            part = max(part, tall / segments[place, 6], wide)
    if part > 1.0:
        return 0, cursor
    return max(_points(part), 2), cursor


@compiled(error_model="numpy")
def _gather(chosen, middles, inverse, aside, weight, segments, rows, polynomials, count, folded, work, sums):  # type: ignore[no-untyped-def]
    """Add the columns at one point of each of some pixels, times a weight, to rows of ``sums``.

    Pixels in one panel share its polynomials, in loops that vectorise.
    """
    l, x, value = work[0], work[1], work[2]
    for k in range(chosen.size):
        l[k] = _wrapped(middles[0, chosen[k]] + middles[1, chosen[k]] * inverse + aside, folded)
    start, cursor = 0, _ZERO
    while start < chosen.size:
        cursor = _seek(l[start], segments, count, cursor)
        left = segments[cursor, 0] if cursor > 0 else -math.inf
        right = segments[cursor, 1] if cursor < count - 1 else math.inf
        stop = start + 1
        while stop < chosen.size and left <= l[stop] < right:
            stop += 1
        if segments[cursor, 13] == 0.0:
            _work_out(segments, cursor, polynomials, rows)
        if segments[cursor, 4] == 0.0:
            offset, slope = segments[cursor, 7], segments[cursor, 8]
            for k in range(start, stop):
                x[k] = offset + slope * l[k]
        else:
            for k in range(start, stop):
                x[k] = _local(l[k], segments, cursor)
        c0, c1, c2, c3 = rows[cursor, 0, 0], rows[cursor, 0, 1], rows[cursor, 0, 2], rows[cursor, 0, 3]
        c4, c5, c6 = rows[cursor, 0, 4], rows[cursor, 0, 5], rows[cursor, 0, 6]
        for k in range(start, stop):
            x2 = x[k] * x[k]
            low = (c0 + c1 * x[k]) + (c2 + c3 * x[k]) * x2
            value[k] = low + ((c4 + c5 * x[k]) + c6 * x2) * (x2 * x2)
        if segments[cursor, 5] > 0.0:
            for k in range(start, stop):
                value[k] = weight * max(value[k], 0.0)
        else:
            for k in range(start, stop):
                value[k] = weight * math.exp(value[k])
        for k in range(start, stop):
            sums[0, k] += value[k]
        for j in range(1, rows.shape[1]):
            c0, c1, c2, c3 = rows[cursor, j, 0], rows[cursor, j, 1], rows[cursor, j, 2], rows[cursor, j, 3]
            c4, c5, c6 = rows[cursor, j, 4], rows[cursor, j, 5], rows[cursor, j, 6]
            row = sums[j]
            for k in range(start, stop):
                x2 = x[k] * x[k]
                low = (c0 + c1 * x[k]) + (c2 + c3 * x[k]) * x2
                row[k] += value[k] * (low + ((c4 + c5 * x[k]) + c6 * x2) * (x2 * x2))
        start = stop


@compiled(error_model="numpy")
def over_pixels(nside, pixels, panels, kinks, gauss, rhombus, most, out):  # type: ignore[no-untyped-def]
    """Means of columns over HEALPix pixels.

    Over a pixel without a kink, smaller than its panel, by the product of two Gauss rules along its edges, whose points
    lie on a few parallels; over others by Gauss rules on parallels, cut where panels begin.

    Parameters
    ----------
    nside : int
        Resolution.
    pixels : (n,) array
        Increasing RING numbers.
    panels : Panels
        The columns.
    kinks : (k,) array
        Longitudes at which columns have a kink, or a root [rad].
    gauss, rhombus : arrays
        :data:`GAUSS`, :data:`RHOMBUS`.
    most : int
        Panels that a parallel crosses, at most.
    out : (n, m) array
        Receives the means.
    """
    latitudes, polynomials, folded = panels[0], panels[8], panels[11]
    members = panels[8].shape[1]
    segments, rows = np.empty((most, 15)), np.empty((most, members, ORDER))
    stack = np.empty((_DEPTH, 5))
    heights, cuts = np.empty((256, 2)), np.empty(2 * latitudes.size + 3)
    middles = np.empty((2, 4 * nside))
    rules, images = np.empty(4 * nside, dtype=np.int64), np.empty(4 * nside, dtype=np.int64)
    present = np.zeros(MOST_POINTS + 1, dtype=np.int64)
    chosen = np.empty(4 * nside, dtype=np.int64)
    work, sums = np.empty((3, 4 * nside)), np.empty((members, 4 * nside))
    start = 0
    while start < pixels.size:
        ring, first, count = _ring_of(pixels[start], nside)
        north = min(ring, 4 * nside - ring)
        shifted = north < nside or (north - nside) % 2 == 0
        stop = start
        while stop < pixels.size and pixels[stop] < first + count:
            # Pixels west of l = 0 are mirror images: the same numbers, to the last digit. Those whose images are here
            # take them from there.
            place = pixels[stop] - first
            images[stop - start] = stop
            if folded[0]:
                mirrored = count - 1 - place if shifted else (count - place) % count
                image = mirrored + first - pixels[start] + start
                if mirrored < place:
                    place = mirrored
                    if start <= image < stop and pixels[image] == mirrored + first:
                        images[stop - start] = image
            middles[0, stop - start], middles[1, stop - start] = _middle(place, north, nside)
            for j in range(members):
                out[stop, j] = 0.0
            stop += 1
        south = ring > 2 * nside and not folded[1]
        sign = -1.0 if south else 1.0
        bottom, _ = _parallel(-1.0, north, nside)
        top, _ = _parallel(1.0, north, nside)
        b, s = _parallel(0.0, north, nside)
        # The plane is a kink.
        n_segments = _row(sign * b, panels, segments, stack)
        present[:] = 0
        cursor = _ZERO
        for n in range(stop - start):
            if images[n] != start + n:
                rules[n] = -1
                continue
            l = middles[0, n] + middles[1, n] / s
            rule, cursor = _rule_of(
                l, 0.25 * math.pi / (nside * s), top - bottom, kinks, segments, n_segments, cursor, folded[0],
            )  # fmt: skip
            if bottom < 0.0 or north == 1:
                rule = 0
            rules[n] = rule
            present[rule] += 1
        for rule in range(2, MOST_POINTS + 1):
            if present[rule] == 0:
                continue
            k = 0
            for n in range(stop - start):
                if rules[n] == rule:
                    chosen[k] = n
                    k += 1
            sums[:, :k] = 0.0
            height = -2.0
            for point in range(rule * rule):
                u = rhombus[rule, 0, point]
                if abs(u - height) > 1e-9:
                    height = u
                    b, s = _parallel(u, north, nside)
                    n_segments = _row(sign * b, panels, segments, stack)
                aside = rhombus[rule, 1, point] * 0.25 * math.pi / (nside * s)
                _gather(
                    chosen[:k], middles, 1.0 / s, aside, rhombus[rule, 2, point], segments, rows, polynomials,
                    n_segments, folded[0], work, sums,
                )  # fmt: skip
            for j in range(members):
                for n in range(k):
                    out[start + chosen[n], j] = sums[j, n]
        if present[0]:
            n_heights = _heights(north, nside, south, folded[1], latitudes, panels[5], gauss, cuts, heights)
            if n_heights > heights.shape[0]:
                heights = np.empty((n_heights, 2))
                _heights(north, nside, south, folded[1], latitudes, panels[5], gauss, cuts, heights)
            for k in range(n_heights):
                u = heights[k, 0]
                b, s = _parallel(u, north, nside)
                b = abs(b) if folded[1] else sign * b
                n_segments = _row(b, panels, segments, stack)
                half, weight = 0.25 * math.pi * (1.0 - abs(u)) / (nside * s), 0.5 * heights[k, 1]
                cursor = _ZERO
                for n in range(stop - start):
                    if rules[n] == 0:
                        l = middles[0, n] + middles[1, n] / s
                        cursor = _chord(
                            l - half, l + half, weight / half, segments, rows, polynomials, n_segments, folded[0],
                            gauss, cursor, out, start + n,
                        )  # fmt: skip
        for n in range(stop - start):
            if rules[n] < 0:
                for j in range(members):
                    out[start + n, j] = out[images[n], j]
        start = stop
