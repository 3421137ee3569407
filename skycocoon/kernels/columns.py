"""Columns of a tabulated density along rays: the ray is walked from element to element of the table.

A table is made of elements between edges in R and z (or |z|). Its kinks and jumps are edges, so that inside an element
the integrand is smooth, and where a ray crosses edges is known in closed form. There are two sorts of tables:

* elements of high order, of an axisymmetric density: ln n, or n, is a polynomial in R and z;
* cells, of a grid that a user gives: ln n, or n, is linear in R (or its root), in phi and in z (or its root).

A piece of a ray within one element is integrated with 7 nodes of Kronrod's rule, in a cell with 3 of Gauss' where these
are certain to do; where not, with 15 nodes of Patterson's, and where these do not do either, it is halved. The rules
are nested: Patterson 1968, Math. Comp. 22, 847.

Absorption is a factor on the ray: columns are weighted with exp(-tau_j(s)) for several j (energies) at a time,
tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds', with absorbing fields B_a that are tables of polynomials, too.
Transmissions are smoother than densities: on a few long stretches of the ray they are polynomials through 15 nodes, and
what is integrated piece by piece are the density's Chebyshev moments on that stretch, once for all j.

Geometry (kpc): axis along z, the observer at (x, y, z) = (sun_radius, 0, sun_height); the direction of Galactic
longitude 0 is -x, of longitude 90 deg is +y. phi = atan2(y, x) is 0 towards the Sun and grows with Galactic rotation.
"""

import math

import numpy as np

from .compiling import compiled
from .tables import EMPTY, LOGARITHM, VALUE

__all__ = ["columns", "density"]

_MOMENTS = 15
_MAX_STRETCHES = 64
# Optical depth over a stretch: exp(-x) over 6 is a polynomial through 15 nodes to 1e-9.
_DEEPEST = 6.0
# Pieces of a ray that wait to be halved, beyond those that its edges make.
_SPARE = 512
# No piece is halved below this part of the ray.
_SMALLEST = 1e-9
# A cell is thin if it is narrower than this part of its distance from the axis: R and phi are nearly linear in it.
_THIN = 0.1
# What Gauss' rule of three nodes misses, of the difference between a thin cell's corners, as they are not quite linear.
_BENT = 3e-7
# A ray is split where it is nearest to the axis if it comes this much nearer than the edges of the element it is in.
_NEAR = 0.7
# Adding this to a number below 2^51 leaves its integer part in the lowest bits.
_SHIFT = 6755399441055744.0
# A zero that counts up: with a literal one each function that it is handed to is compiled twice.
_ZERO = np.int64(0)

_HALF_PI, _QUARTER_PI = 0.5 * math.pi, 0.25 * math.pi

_compiled = compiled(error_model="numpy")
# Pieces of the loop over rays are inlined: as calls of their own they cost twice as much as the ray.
_piece = compiled(error_model="numpy", forceinline=True)

# Polynomials may be evaluated with fused products and sums: that is a fifth of a ray in gas.
_polynomial = compiled(error_model="numpy", forceinline=True, fastmath={"contract"})


@_piece
def _exponentials(x, bits, count):  # type: ignore[no-untyped-def]
    """Replace numbers by their exponentials, to 1e-14: ten times as fast as the library's, which is no loop of vectors.

    exp(x) = 2^n exp(r) with \\|r\\| < ln(2)/2, by the series of exp(r) and the bits of 2^n.
    """
    for n in range(count):
        clipped = min(max(x[n], -708.0), 709.0)
        shifted = clipped * 1.4426950408889634 + _SHIFT
        bits[n] = shifted
        whole = shifted - _SHIFT
        r = clipped - whole * 0.693147180369123816 - whole * 1.90821492927058770e-10
        p = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r / 39916800))
        x[n] = 1.0 + r * (
            1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * p))))))
        )
    integers = bits.view(np.int64)
    for n in range(count):
        integers[n] = (integers[n] + 1023) << 52
    for n in range(count):
        x[n] *= bits[n]


@_piece
def _azimuth(y, x):  # type: ignore[no-untyped-def]
    """atan2(y, x) to 3e-13 rad, without branches. The library's takes 20 ns, this one 2 ns in a loop."""
    across, along = abs(y), abs(x)
    small, large = min(across, along), max(max(across, along), 1e-300)
    turned = small > 0.41421356237309503 * large  # tan(pi/8)
    t = (small - large if turned else small) / (small + large if turned else large)
    # Taylor series of arctan, to t^27
    q = t * t
    p = 1 / 23 - q * (1 / 25 - q * (1 / 27))
    p = 1 / 17 - q * (1 / 19 - q * (1 / 21 - q * p))
    p = 1 / 11 - q * (1 / 13 - q * (1 / 15 - q * p))
    p = 1 / 5 - q * (1 / 7 - q * (1 / 9 - q * p))
    angle = t - t * q * (1 / 3 - q * p)
    angle = angle + _QUARTER_PI if turned else angle
    angle = _HALF_PI - angle if across > along else angle
    angle = math.pi - angle if x < 0.0 else angle
    return angle if y >= 0.0 else -angle


@_piece
def _element(edges, x):  # type: ignore[no-untyped-def]
    """Number of the element between increasing edges that holds x; the first or last one beyond these."""
    low, high = 0, edges.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if edges[middle] <= x:
            low = middle
        else:
            high = middle
    return low


@_piece
def _limits(ray, radius, height, folded, s_min):  # type: ignore[no-untyped-def]
    """Distances between which a ray is inside the cylinder; an empty interval if it never is."""
    enter, leave = s_min, math.inf
    x0, z0 = ray[3], ray[4]
    r_max, z_max = radius[-1], height[-1]
    z_min = -z_max if folded else height[0]
    c2 = ray[0] ** 2 + ray[1] ** 2
    # |x(s)|^2 = c2 s^2 - 2 x0 ux s + x0^2 <= r_max^2
    outside = x0 * x0 - r_max * r_max
    if c2 > 1e-30:
        half = x0 * ray[0]
        root = half * half - c2 * outside
        if root <= 0.0:
            return 0.0, 0.0
        root = math.sqrt(root)
        leave = (half + root) / c2
        enter = max(enter, (half - root) / c2)
    elif outside >= 0.0:
        return 0.0, 0.0
    uz = ray[2]
    if uz > 0.0:
        leave = min(leave, (z_max - z0) / uz)
        enter = max(enter, (z_min - z0) / uz)
    elif uz < 0.0:
        leave = min(leave, (z_min - z0) / uz)
        enter = max(enter, (z_max - z0) / uz)
    elif z0 >= z_max or z0 <= z_min:
        return 0.0, 0.0
    return enter, leave


@_piece
def _closest(ray, nearest):  # type: ignore[no-untyped-def]
    """Put into ``nearest`` where a ray is nearest to the axis, that distance squared, and (dR/ds)^2 far from it.

    R^2 = d^2 + c^2 (s - s_0)^2. The last place is for the largest absorption coefficient.
    """
    c2 = ray[0] ** 2 + ray[1] ** 2
    if c2 > 1e-30:
        nearest[0], nearest[1], nearest[2] = ray[3] * ray[0] / c2, (ray[3] * ray[1]) ** 2 / c2, c2
    else:
        nearest[0], nearest[1], nearest[2] = 0.0, ray[3] ** 2, 0.0
    nearest[3] = 0.0


@_piece
def _walk(ray, nearest, limits, radius, height, turns, kinds, folded, ends, n_ends, span, place):  # type: ignore[no-untyped-def]
    """Put pieces of a ray between the edges it crosses into ``span`` and ``place``; gives their number.

    The first receives their ends, the second the numbers of the element in R, phi and z and of the stretch.
    Along R, z and phi the next edge is known in closed form; the nearest of the three is where a piece ends.
    """
    enter, leave = limits
    s0, d2, c2 = nearest[0], nearest[1], nearest[2]
    uz, z0 = ray[2], ray[4]
    m_r, m_z, n_phi = radius.size - 1, height.size - 1, turns.shape[0]
    s = enter
    # R: inwards to the closest approach, then outwards.
    i = _element(radius, math.sqrt(d2 + c2 * (s - s0) ** 2))
    inwards = s < s0 and c2 > 0.0
    next_r = -math.inf
    # z: if the table is folded, towards the plane and then away from it.
    z = z0 + s * uz
    k = _element(height, abs(z) if folded else z)
    towards = folded and z * uz < 0.0
    next_z = -math.inf
    side = 1.0 if uz > 0.0 else -1.0
    # phi: one way round, unless the ray meets the axis.
    turning = n_phi > 1 and ray[3] * ray[1] != 0.0
    way = 1 if ray[1] > 0.0 else -1
    j = 0
    if n_phi > 1:
        angle = _azimuth(s * ray[1], ray[3] - s * ray[0]) * n_phi / (2.0 * math.pi)
        j = math.floor(angle) if way > 0 else math.ceil(angle) - 1
        j = (j + n_phi) % n_phi
    next_p = -math.inf if turning else math.inf
    stretch = 0
    moved_r, moved_z, moved_p = True, True, True
    count = 0
    while s < leave:
        if moved_r:
            if c2 == 0.0:
                next_r = math.inf
            else:
                if inwards:
                    gap = radius[i] ** 2 - d2
                    if gap > 0.0:
                        next_r = s0 - math.sqrt(gap / c2)
                    elif d2 < (_NEAR * radius[i + 1]) ** 2:
                        next_r = s0
                    else:
                        inwards = False
                if not inwards:
                    next_r = s0 + math.sqrt(max(radius[i + 1] ** 2 - d2, 0.0) / c2)
            moved_r = False
        if moved_z:
            if uz == 0.0:
                next_z = math.inf
            elif folded:
                next_z = ((-side * height[k] if towards else side * height[k + 1]) - z0) / uz
            else:
                next_z = ((height[k + 1] if uz > 0.0 else height[k]) - z0) / uz
            moved_z = False
        if moved_p and turning:
            plane = (j + 1) % n_phi if way > 0 else j
            sine, cosine = turns[plane, 0], turns[plane, 1]
            across = ray[0] * sine + ray[1] * cosine
            # A ray never turns by more than half a circle.
            next_p = ray[3] * sine / across if across * way > 0.0 and sine * way > 1e-15 else math.inf
            moved_p = False
        next_t = ends[stretch] if stretch < n_ends else math.inf
        stop = min(min(min(next_r, next_z), min(next_p, next_t)), leave)
        if stop > s:
            if kinds[i, k] != EMPTY:
                if n_phi > 1 and not turning:
                    middle = 0.5 * (s + stop)
                    j = (
                        int(_azimuth(middle * ray[1], ray[3] - middle * ray[0]) * n_phi / (2.0 * math.pi) + n_phi)
                        % n_phi
                    )
                span[0, count], span[1, count] = s, stop
                place[0, count], place[1, count], place[2, count], place[3, count] = i, j, k, stretch
                count += 1
            s = stop
        if next_r <= s:
            moved_r = True
            if not inwards and i == m_r - 1:
                next_r, moved_r = math.inf, False
            elif not inwards:
                i += 1
            elif radius[i] ** 2 > d2:
                i -= 1
            else:
                inwards = False
        if next_z <= s:
            moved_z = True
            if folded and towards:
                if k > 0:
                    k -= 1
                else:
                    towards = False
            elif folded or uz > 0.0:
                k += 1
                if k >= m_z:
                    k, next_z, moved_z = m_z - 1, math.inf, False
            else:
                k -= 1
                if k < 0:
                    k, next_z, moved_z = 0, math.inf, False
        if next_p <= s:
            moved_p = True
            j = (j + way + n_phi) % n_phi
        if next_t <= s:
            stretch += 1
    return count


@_piece
def _coordinates(ray, nearest, span, count, rule, first, lanes, flags, work):  # type: ignore[no-untyped-def]
    """Put distances, R and z (or what stands for them) at nodes into three rows of ``work``; gives their number."""
    root, folded, steep, _ = flags
    s0, d2, c2 = nearest[0], nearest[1], nearest[2]
    uz, z0 = ray[2], ray[4]
    n = 0
    for p in range(count):
        middle, half = 0.5 * (span[0, p] + span[1, p]), 0.5 * (span[1, p] - span[0, p])
        for q in range(lanes):
            work[0, n] = middle + half * rule[0, first + q]
            n += 1
    for n in range(count * lanes):
        t = work[0, n] - s0
        work[1, n] = math.sqrt(d2 + c2 * t * t)
        work[2, n] = z0 + work[0, n] * uz
    if root:
        for n in range(count * lanes):
            work[1, n] = math.sqrt(work[1, n])
    if folded:
        for n in range(count * lanes):
            work[2, n] = abs(work[2, n])
    if steep:
        for n in range(count * lanes):
            work[2, n] = math.sqrt(work[2, n])
    return count * lanes


@_polynomial
def _polynomials(values, radial, vertical, place, count, work):  # type: ignore[no-untyped-def]
    """Polynomials of elements at the 8 nodes of each piece, into the fourth row of ``work``.

    Horner's rule for 8 nodes at a time, written out: so they become vectors.
    """
    n_p, n_q = values.shape[2], values.shape[3]
    for p in range(count):
        i, k, o = place[0, p], place[2, p], 8 * p
        start, scale = radial[i, 0], radial[i, 1]
        x0, x1 = (work[1, o] - start) * scale, (work[1, o + 1] - start) * scale
        x2, x3 = (work[1, o + 2] - start) * scale, (work[1, o + 3] - start) * scale
        x4, x5 = (work[1, o + 4] - start) * scale, (work[1, o + 5] - start) * scale
        x6, x7 = (work[1, o + 6] - start) * scale, (work[1, o + 7] - start) * scale
        start, scale = vertical[k, 0], vertical[k, 1]
        y0, y1 = (work[2, o] - start) * scale, (work[2, o + 1] - start) * scale
        y2, y3 = (work[2, o + 2] - start) * scale, (work[2, o + 3] - start) * scale
        y4, y5 = (work[2, o + 4] - start) * scale, (work[2, o + 5] - start) * scale
        y6, y7 = (work[2, o + 6] - start) * scale, (work[2, o + 7] - start) * scale
        t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = 0.0
        for a in range(n_p - 1, -1, -1):
            u0 = u1 = u2 = u3 = u4 = u5 = u6 = u7 = 0.0
            for b in range(n_q - 1, -1, -1):
                c = values[i, k, a, b]
                u0, u1, u2, u3 = c + u0 * y0, c + u1 * y1, c + u2 * y2, c + u3 * y3
                u4, u5, u6, u7 = c + u4 * y4, c + u5 * y5, c + u6 * y6, c + u7 * y7
            t0, t1, t2, t3 = u0 + t0 * x0, u1 + t1 * x1, u2 + t2 * x2, u3 + t3 * x3
            t4, t5, t6, t7 = u4 + t4 * x4, u5 + t5 * x5, u6 + t6 * x6, u7 + t7 * x7
        work[3, o], work[3, o + 1], work[3, o + 2], work[3, o + 3] = t0, t1, t2, t3
        work[3, o + 4], work[3, o + 5], work[3, o + 6], work[3, o + 7] = t4, t5, t6, t7


@_piece
def _interpolate(values, radial, vertical, ray, place, count, lanes, work):  # type: ignore[no-untyped-def]
    """Linear interpolation in cells at the nodes of each piece, into the fourth row of ``work``.

    Row 8 receives what a cubic term along a piece can be, and how much the corners of the cell differ.
    """
    n_phi = values.shape[1]
    if n_phi > 1:
        scale = n_phi / (2.0 * math.pi)
        for n in range(count * lanes):
            work[3, n] = _azimuth(work[0, n] * ray[1], ray[3] - work[0, n] * ray[0]) * scale
    for p in range(count):
        i, j, k = place[0, p], place[1, p], place[2, p]
        after = j + 1 if j + 1 < n_phi else 0
        # Differences of the corners, once for all nodes: up in z, out in R, and on to the next azimuth.
        low, high = values[i, j, k, 0], values[i, j, k + 1, 0]
        inner, outer = values[i + 1, j, k, 0], values[i + 1, j, k + 1, 0]
        least, most = min(min(low, high), min(inner, outer)), max(max(low, high), max(inner, outer))
        up, out = high - low, inner - low
        mixed = (outer - inner) - up
        radius, inverse, height, per_height = radial[i, 0], radial[i, 1], vertical[k, 0], vertical[k, 1]
        if n_phi == 1:
            work[8, p * lanes], work[8, p * lanes + 1] = 0.0, most - least
            for n in range(p * lanes, p * lanes + lanes):
                a, c = (work[1, n] - radius) * inverse, (work[2, n] - height) * per_height
                work[3, n] = low + c * up + a * (out + c * mixed)
            continue
        low_on, high_on = values[i, after, k, 0], values[i, after, k + 1, 0]
        inner_on, outer_on = values[i + 1, after, k, 0], values[i + 1, after, k + 1, 0]
        least = min(least, min(min(low_on, high_on), min(inner_on, outer_on)))
        most = max(most, max(max(low_on, high_on), max(inner_on, outer_on)))
        on, on_up, on_out = low_on - low, (high_on - low_on) - up, (inner_on - low_on) - out
        on_mixed = (outer_on - inner_on) - (high_on - low_on) - mixed
        work[8, p * lanes], work[8, p * lanes + 1] = on_mixed, most - least
        for n in range(p * lanes, p * lanes + lanes):
            a, c = (work[1, n] - radius) * inverse, (work[2, n] - height) * per_height
            b = work[3, n] - j
            b = b + n_phi if b < -0.5 * n_phi else b
            work[3, n] = low + c * up + a * (out + c * mixed) + b * (on + c * on_up + a * (on_out + c * on_mixed))


@_piece
def _sample(  # type: ignore[no-untyped-def]
    values, radial, vertical, kinds, flags, ray, nearest, span, place, count, rule, first, lanes, work
):  # fmt: skip
    """Density at nodes of pieces of a ray into row 4 of ``work``; row 3 keeps what the table itself holds."""
    n_nodes = _coordinates(ray, nearest, span, count, rule, first, lanes, flags, work)
    if flags[3]:
        _interpolate(values, radial, vertical, ray, place, count, lanes, work)
    else:
        _polynomials(values, radial, vertical, place, count, work)
    for n in range(n_nodes):
        work[4, n] = work[3, n]
    _exponentials(work[4], work[5], n_nodes)
    for p in range(count):
        if kinds[place[0, p], place[2, p]] == VALUE:
            for n in range(p * lanes, p * lanes + lanes):
                work[4, n] = work[3, n]


@_piece
def _missed(nearest, uz, z0, low, high, flags, logarithmic, work, n):  # type: ignore[no-untyped-def]
    """What the three nodes from n on may miss of a cell, relative to it; infinite where that is not known.

    What Gauss' rule of three nodes misses of exp(c x + k x^2/2) on [-1, 1], to lowest order, is 3.2e-5 of it times the
    sixth derivative. A cubic term, which three nodes do not see, is at most what the corners of the cell allow; and so
    is what R and phi are not linear in a thin cell.
    """
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    t = middle - nearest[0]
    if half * half * nearest[2] > _THIN * _THIN * (nearest[1] + nearest[2] * t * t):
        return math.inf
    if flags[2] and half * abs(uz) > _THIN * abs(z0 + middle * uz):
        return math.inf
    # Optical depth over half of the piece.
    tau = nearest[3] * half
    if not logarithmic:
        # n has the third degree at most: of n exp(-tau x) the rule misses 3.2e-5 times 20 n''' tau^3.
        mean = (8.0 * work[3, n] + 5.0 * (work[3, n + 1] + work[3, n + 2])) / 18.0
        return 0.02 * tau * tau * tau + _BENT * work[8, n + 1] / max(abs(mean), 1e-300)
    # The nodes are 0, -0.77 and 0.77.
    c = abs(work[3, n + 2] - work[3, n + 1]) * 0.6454972243679028 + tau
    k = (work[3, n + 2] + work[3, n + 1] - 2.0 * work[3, n]) * 1.6666666666666667
    c2, k2 = c * c, k * k
    cubic = 0.75 * abs(work[8, n])
    missed = c2 * c2 * c2 + 15.0 * (c2 * c2 * abs(k) + 3.0 * c2 * k2 + k2 * abs(k))
    missed += 10.0 * cubic * (2.0 * c * c2 + 6.0 * c * abs(k) + cubic)
    return 3.2e-5 * missed + _BENT * work[8, n + 1]


@_piece
def _settled(better, worse, odd, allowed):  # type: ignore[no-untyped-def]
    """Whether the better of two rules is good enough, by the worse one and an odd null rule.

    The integrand is analytic in an element, and a rule of twice the degree squares the error. The power 1.5 and the
    factor of ten are on the safe side.
    """
    error, size = max(abs(better - worse), abs(odd)), abs(better)
    if error <= allowed:
        return True
    return error < size and 10.0 * error * math.sqrt(error / size) <= allowed


@_piece
def _total(weights, count):  # type: ignore[no-untyped-def]
    """Sum of numbers, a multiple of 4 of them."""
    t0 = t1 = t2 = t3 = 0.0
    for n in range(0, count, 4):
        t0 += weights[n]
        t1 += weights[n + 1]
        t2 += weights[n + 2]
        t3 += weights[n + 3]
    return (t0 + t1) + (t2 + t3)


@_piece
def _add_moments(moments, work, count):  # type: ignore[no-untyped-def]
    """Add moments of weights (row 7 of ``work``) at places on [-1, 1] (row 6) to those of a stretch; row 7 is used up.

    T_k(x) = 2 x T_k-1(x) - T_k-2(x) holds for the weighted polynomials, too.
    """
    while count % 4 != 0:
        work[6, count], work[7, count] = 0.0, 0.0
        count += 1
    moments[0] += _total(work[7], count)
    if moments.size == 1:
        return
    for n in range(count):
        work[8, n] = work[6, n] * work[7, n]
    before, now = 7, 8
    for k in range(1, moments.size):
        if k > 1:
            for n in range(count):
                work[before, n] = 2.0 * work[6, n] * work[now, n] - work[before, n]
            before, now = now, before
        moments[k] += _total(work[now], count)


@_piece
def _gather(span, place, count, rule, weights, lanes, samples, chosen, ends, moments, work):  # type: ignore[no-untyped-def]
    """Add pieces that are done to the moments of the stretches that hold them.

    ``samples`` are densities at ``lanes`` nodes of each piece, ``weights`` the row of the rule.
    """
    n, stretch = 0, -1
    centre, scale = 0.0, 0.0
    for p in range(count):
        if not chosen[p]:
            continue
        if place[3, p] != stretch:
            if n > 0:
                _add_moments(moments[stretch], work, n)
                n = 0
            stretch = place[3, p]
            if moments.shape[1] > 1:
                low = ends[stretch - 1] if stretch > 0 else 0.0
                centre, scale = 0.5 * (low + ends[stretch]), 2.0 / (ends[stretch] - low)
        middle, half = 0.5 * (span[0, p] + span[1, p]), 0.5 * (span[1, p] - span[0, p])
        for q in range(lanes):
            work[6, n] = (middle - centre + half * rule[0, q]) * scale
            work[7, n] = half * rule[weights, q] * samples[p * lanes + q]
            n += 1
    if n > 0:
        _add_moments(moments[stretch], work, n)


@_piece
def _integrate(  # type: ignore[no-untyped-def]
    values, radial, vertical, kinds, flags, ray, nearest, spans, places, count, rule, rtol, ends, smallest, moments,
    work, samples, chosen,
):  # fmt: skip
    """Moments of the density over the pieces of a ray, to ``rtol`` of its column. Gives the number of pieces left.

    All pieces at once: first with few nodes, those for which they do not do with many, and halves of those for which
    these do not do either are the pieces of the next round. ``spans`` and ``places`` hold them in turn.
    """
    cells = flags[3]
    lanes, weights = (3, 3) if cells else (8, 2)
    total, left, now = 0.0, 0, 0
    while count > 0:
        span, place, later, place_later = spans[now], places[now], spans[1 - now], places[1 - now]
        _sample(values, radial, vertical, kinds, flags, ray, nearest, span, place, count, rule, 0, lanes, work)
        whole = total
        for p in range(count):
            o, half = p * lanes, 0.5 * (span[1, p] - span[0, p])
            better, worse, odd = 0.0, 0.0, 0.0
            if cells:
                better = rule[3, 0] * work[4, o] + rule[3, 1] * (work[4, o + 1] + work[4, o + 2])
            else:
                for q in range(8):
                    better += rule[2, q] * work[4, o + q]
                    worse += rule[3, q] * work[4, o + q]
                    odd += rule[35, q] * work[4, o + q]
            samples[3 * p], samples[3 * p + 1], samples[3 * p + 2] = half * better, half * worse, half * odd
            whole += abs(half * better)
        share = 0.5 * rtol * whole / count
        for p in range(count):
            allowed = share + 0.5 * rtol * abs(samples[3 * p])
            if cells:
                logarithmic = kinds[place[0, p], place[2, p]] == LOGARITHM
                missed = _missed(nearest, ray[2], ray[4], span[0, p], span[1, p], flags, logarithmic, work, 3 * p)
                chosen[p] = missed * abs(samples[3 * p]) <= allowed
            else:
                chosen[p] = _settled(samples[3 * p], samples[3 * p + 1], samples[3 * p + 2], allowed)
            if chosen[p]:
                total += abs(samples[3 * p])
        _gather(span, place, count, rule, weights, lanes, work[4], chosen, ends, moments, work)
        # The others, with all nodes.
        others = _ZERO
        for p in range(count):
            if not chosen[p]:
                later[0, others], later[1, others] = span[0, p], span[1, p]
                for a in range(4):
                    place_later[a, others] = place[a, p]
                for q in range(8):
                    samples[16 * others + q] = work[4, p * lanes + q] if not cells else 0.0
                others += 1
        if others == 0:
            break
        if cells:
            _sample(values, radial, vertical, kinds, flags, ray, nearest, later, place_later, others, rule, 0, 8, work)
            for p in range(others):
                for q in range(8):
                    samples[16 * p + q] = work[4, 8 * p + q]
        _sample(values, radial, vertical, kinds, flags, ray, nearest, later, place_later, others, rule, 8, 8, work)
        count = _ZERO
        for p in range(others):
            low, high = later[0, p], later[1, p]
            half = 0.5 * (high - low)
            better, worse, odd = 0.0, 0.0, 0.0
            for q in range(8):
                samples[16 * p + 8 + q] = work[4, 8 * p + q]
            for q in range(16):
                better += rule[1, q] * samples[16 * p + q]
                worse += rule[2, q] * samples[16 * p + q]
                odd += rule[34, q] * samples[16 * p + q]
            chosen[p] = _settled(half * better, half * worse, half * odd, share + 0.5 * rtol * abs(half * better))
            if not chosen[p] and (half < smallest or count + 2 > span.shape[1]):
                left += 1
                chosen[p] = True
            if chosen[p]:
                total += abs(half * better)
            else:
                middle = low + half
                span[0, count], span[1, count], span[0, count + 1], span[1, count + 1] = low, middle, middle, high
                for a in range(4):
                    place[a, count] = place[a, count + 1] = place_later[a, p]
                count += 2
        _gather(later, place_later, others, rule, 1, 16, samples, chosen, ends, moments, work)
    return left


@_polynomial
def _fields(r, z, fields, edges, out, row):  # type: ignore[no-untyped-def]
    """Four absorbing fields at R and z [kpc], into a row of ``out``: Horner's rule for all at a time."""
    m_r, m_z, n_p, n_q, _ = fields.shape
    z = abs(z)
    far = max(max(r / edges[0], z / edges[1]), 1.0)
    x, y = m_r * math.sqrt(r / (far * edges[0])), m_z * math.sqrt(z / (far * edges[1]))
    i, k = min(int(x), m_r - 1), min(int(y), m_z - 1)
    x -= i
    y -= k
    t0 = t1 = t2 = t3 = 0.0
    for a in range(n_p - 1, -1, -1):
        u0 = u1 = u2 = u3 = 0.0
        for b in range(n_q - 1, -1, -1):
            u0, u1 = fields[i, k, a, b, 0] + u0 * y, fields[i, k, a, b, 1] + u1 * y
            u2, u3 = fields[i, k, a, b, 2] + u2 * y, fields[i, k, a, b, 3] + u3 * y
        t0, t1, t2, t3 = u0 + t0 * x, u1 + t1 * x, u2 + t2 * x, u3 + t3 * x
    scale = 1.0 / (far * far)
    out[row, 0], out[row, 1], out[row, 2], out[row, 3] = t0 * scale, t1 * scale, t2 * scale, t3 * scale


@_polynomial
def _stretches(  # type: ignore[no-untyped-def]
    ray, nearest, leave, uniform, factors, largest, fields, edges, rule, rtol, ends, sampled, transmitted, bits
):  # fmt: skip
    """Divide a ray into stretches on which transmissions are polynomials; gives their number.

    Their far ends go into ``ends``, exp(-tau_j) at the nodes of each into a row of ``transmitted``. ``sampled`` is
    scratch: rows of distances and integrals of the four fields at the nodes, and of the fields at each node.
    """
    dusty = factors.size > 0
    m = uniform.size
    # Ends that wait are kept behind those that are done.
    done, waiting, low = 0, 1, 0.0
    ends[ends.size - 1] = leave
    # Fields may have a kink in the plane.
    plane = -ray[4] / ray[2] if ray[2] != 0.0 else 0.0
    if dusty and 0.0 < plane < leave:
        ends[ends.size - 2] = plane
        waiting = 2
    depth0 = depth1 = depth2 = depth3 = 0.0
    steepest = 0.0
    for j in range(m):
        steepest = max(steepest, uniform[j])
    while waiting > 0:
        high = ends[ends.size - waiting]
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        error, deepest = 0.0, steepest * (high - low)
        for q in range(16):
            sampled[0, q] = middle + half * rule[0, q]
        if dusty:
            for q in range(15):
                t = sampled[0, q] - nearest[0]
                r = math.sqrt(nearest[1] + nearest[2] * t * t)
                _fields(r, ray[4] + sampled[0, q] * ray[2], fields, edges, sampled, 5 + q)
            for f in range(4):
                better, worse, odd = 0.0, 0.0, 0.0
                for q in range(15):
                    better += rule[1, q] * sampled[5 + q, f]
                    worse += rule[2, q] * sampled[5 + q, f]
                    odd += rule[34, q] * sampled[5 + q, f]
                difference = largest[f] * half * max(abs(better - worse), abs(odd))
                # A rule of twice the degree squares the error; the power 1.5 is on the safe side.
                error += min(difference, 10.0 * difference * math.sqrt(difference))
                deepest += largest[f] * half * abs(better)
        if (error > 0.3 * rtol or deepest > _DEEPEST) and done + waiting < ends.size and half > 1e-6 * leave:
            waiting += 1
            ends[ends.size - waiting] = middle
            continue
        nearest[3] = max(nearest[3], deepest / (high - low))
        row = 16 * m * done
        if dusty:
            for q in range(15):
                d0 = d1 = d2 = d3 = 0.0
                for k in range(15):
                    part = rule[4 + q, k]
                    d0, d1 = d0 + part * sampled[5 + k, 0], d1 + part * sampled[5 + k, 1]
                    d2, d3 = d2 + part * sampled[5 + k, 2], d3 + part * sampled[5 + k, 3]
                sampled[1, q], sampled[2, q] = depth0 + half * d0, depth1 + half * d1
                sampled[3, q], sampled[4, q] = depth2 + half * d2, depth3 + half * d3
            for q in range(15):
                part = half * rule[1, q]
                depth0, depth1 = depth0 + part * sampled[5 + q, 0], depth1 + part * sampled[5 + q, 1]
                depth2, depth3 = depth2 + part * sampled[5 + q, 2], depth3 + part * sampled[5 + q, 3]
            for j in range(m):
                k, f0, f1, f2, f3 = uniform[j], factors[j, 0], factors[j, 1], factors[j, 2], factors[j, 3]
                for q in range(16):
                    transmitted[row + 16 * j + q] = -(
                        k * sampled[0, q]
                        + f0 * sampled[1, q]
                        + f1 * sampled[2, q]
                        + f2 * sampled[3, q]
                        + f3 * sampled[4, q]
                    )
        else:
            for j in range(m):
                for q in range(16):
                    transmitted[row + 16 * j + q] = -uniform[j] * sampled[0, q]
        _exponentials(transmitted[row : row + 16 * m], bits, 16 * m)
        waiting -= 1
        ends[done] = high
        done += 1
        low = high
    return done


@_compiled
def columns(directions, observer, s_min, table, absorbers, rule, rtol, out):  # type: ignore[no-untyped-def]
    """Integrate a density along rays, weighted with the transmission to the observer.

    Parameters
    ----------
    directions : (n, 3) array
        Unit vectors in Galactic coordinates: (cos b cos l, cos b sin l, sin b).
    observer : (2,) array
        The Sun's distance from the axis and its height [kpc].
    s_min : float
        Distance at which the density begins to count [kpc].
    table : Table
        The density.
    absorbers : Absorbers
        What absorbs, for m members; :data:`TRANSPARENT` if nothing does.
    rule : (36, 16) array
        Nodes and weights, :data:`~skycocoon.kernels.tables.RULE`.
    rtol : float
        Relative accuracy of a column, and accuracy of an optical depth over a stretch.
    out : (n, m) array
        Receives the columns, in units of density times kpc.

    Returns
    -------
    int
        Rays on which a piece could not be halved often enough for ``rtol``.
    """
    # Tuples are taken apart once: handed on whole, each of their arrays would be counted at every call.
    values, radius, height, radial, vertical, turns, kinds, flags = table
    uniform, factors, fields, edges = absorbers
    m = uniform.size
    absorbing = factors.size > 0
    for j in range(m):
        absorbing = absorbing or uniform[j] != 0.0
    largest = np.zeros(4)
    for j in range(factors.shape[0]):
        for f in range(factors.shape[1]):
            largest[f] = max(largest[f], abs(factors[j, f]))
    most = 2 * (2 * radius.size + 2 * height.size + turns.shape[0]) + _MAX_STRETCHES + _SPARE
    spans, places = np.empty((2, 2, most)), np.empty((2, 4, most), dtype=np.int64)
    work, samples, chosen = np.empty((9, 16 * most)), np.empty(16 * most), np.empty(most, dtype=np.bool_)
    n_stretches = _MAX_STRETCHES if absorbing else 1
    ends, moments = np.empty(n_stretches), np.zeros((n_stretches, _MOMENTS if absorbing else 1))
    transmitted, bits, sampled = np.empty(n_stretches * 16 * m), np.empty(16 * m), np.zeros((20, 16))
    nearest, ray = np.empty(4), np.empty(5)
    ray[3], ray[4] = observer[0], observer[1]
    unsettled = 0
    for n in range(directions.shape[0]):
        for k in range(3):
            ray[k] = directions[n, k]
        for j in range(m):
            out[n, j] = 0.0
        enter, leave = _limits(ray, radius, height, flags[1], s_min)
        if not leave > enter:
            continue
        _closest(ray, nearest)
        n_ends = 0
        if absorbing:
            n_ends = _stretches(
                ray, nearest, leave, uniform, factors, largest, fields, edges, rule, rtol, ends, sampled,
                transmitted, bits,
            )  # fmt: skip
        moments[: max(n_ends, 1)] = 0.0
        count = _walk(
            ray, nearest, (enter, leave), radius, height, turns, kinds, flags[1], ends, n_ends, spans[0], places[0]
        )
        left = _integrate(
            values, radial, vertical, kinds, flags, ray, nearest, spans, places, count, rule, rtol, ends,
            _SMALLEST * (leave - enter), moments, work, samples, chosen,
        )  # fmt: skip
        if left > 0:
            unsettled += 1
        if not absorbing:
            for j in range(m):
                out[n, j] = moments[0, 0]
        # Product integration: the weight of a node is the integral of the density times the node's polynomial.
        for t in range(n_ends):
            for q in range(15):
                weight = 0.0
                for k in range(_MOMENTS):
                    weight += rule[19 + q, k] * moments[t, k]
                for j in range(m):
                    out[n, j] += weight * transmitted[16 * (m * t + j) + q]
    return unsettled


@_compiled
def density(points, table, out):  # type: ignore[no-untyped-def]
    """Interpolate a table at points (x, y, z) [kpc, Galactocentric]; zero outside the cylinder.

    Parameters
    ----------
    points : (n, 3) array
        Where.
    table : Table
        The density.
    out : (n,) array
        Receives the density.
    """
    values, radius, height, radial, vertical, turns, kinds, flags = table
    # A ray of no length from (r, 0) that has the point's azimuth: the one interpolation serves here too.
    rule, work = np.zeros((1, 8)), np.empty((9, 8))
    span, place = np.zeros((2, 1)), np.zeros((4, 1), dtype=np.int64)
    ray, nearest = np.zeros(5), np.zeros(4)
    n_phi = turns.shape[0]
    span[:] = 1.0
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        r = math.sqrt(x * x + y * y)
        z_min = -height[-1] if flags[1] else height[0]
        out[p] = 0.0
        if r > radius[-1] or z > height[-1] or z < z_min:
            continue
        ray[0], ray[1], ray[2] = -x, y, z
        nearest[1] = r * r
        place[0, 0], place[2, 0] = _element(radius, r), _element(height, abs(z) if flags[1] else z)
        if n_phi > 1:
            place[1, 0] = int(_azimuth(y, x) * n_phi / (2.0 * math.pi) + n_phi) % n_phi
        if kinds[place[0, 0], place[2, 0]] != EMPTY:
            _sample(values, radial, vertical, kinds, flags, ray, nearest, span, place, span.shape[1], rule, 0, 8, work)
            out[p] = work[4, 0]
