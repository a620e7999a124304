"""The model language's functions, with the meaning the manuals give them.

Each is element by element and compiled once; generated modules import them by name.
"""
# Coverage: these functions are compiled, so few lines of them are seen to run; tests/engine compares what they return.

from __future__ import annotations

import math
import struct
from collections.abc import MutableSequence
from typing import Any

import llvmlite.binding
import numpy as np

from .native import native
from .reading.syntax import NOT_AVAILABLE

# Arrays without shapes, read and written at a place: parts of the work space, lists of places, tables row by row.
Floats = MutableSequence[float]
Integers = MutableSequence[int]
Flags = MutableSequence[int]

# What Vensim treats as zero in divisions and in the timing of pulses.
SMALL = 1e-6

MULTIPLIES_AND_ADDS = llvmlite.binding.get_host_cpu_features().get("fma", False)

HUGE, TINY = 2.0**512, 2.0**-512
# Adding this to a small whole number puts the number into the lowest bits.
SHIFT = 6755399441055744.0


def bits_of(number: float) -> int:
    """Read the bits of a float as a whole number."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def float_of(bits: int) -> float:
    """Read the bits of a whole number as a float."""
    return float(struct.unpack("<d", struct.pack("<Q", bits % 2**64))[0])


@native(inline=True)
def power_of_two(k: float) -> float:
    """Return 2 to a whole number between -1022 and 1023."""
    return float_of((bits_of(k + SHIFT) + 1023) << 52)


@native(flags="contract", inline=True)
def exponential(x: float) -> float:
    """Return e to the power x, to two units in the last place.

    Arithmetic only, so that loops over it use vector instructions, which a call to the C library would prevent.
    """
    x = 710.0 if x > 710.0 else (-746.0 if x < -746.0 else x)
    k = (x * 1.4426950408889634 + SHIFT) - SHIFT
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    # Interpolates e to the power r at Chebyshev's nodes in |r| < ln 2 / 2: off by 2e-17.
    p = 2.5110037605963777e-08
    p = p * r + 2.763263963904103e-07
    p = p * r + 2.755724091857897e-06
    p = p * r + 2.4801485482328494e-05
    p = p * r + 0.00019841269890047113
    p = p * r + 0.0013888888952314775
    p = p * r + 0.008333333333319601
    p = p * r + 0.0416666666664881
    p = p * r + 0.1666666666666668
    p = p * r + 0.5000000000000019
    p = p * r + 1.0
    p = p * r + 1.0
    # In two steps, as 2**k itself may lie outside of what a float holds.
    most = 512.0 if k > 0.0 else -512.0
    return p * power_of_two(k - most) * (HUGE if k > 0.0 else TINY)


@native(flags="contract", inline=True)
def divide(a: float, b: float, inverse: float) -> float:
    """Divide by a number whose inverse is known, as exactly as a division (Markstein, 1990) but faster.

    Exact as long as the processor multiplies and adds in one instruction; see `MULTIPLIES_AND_ADDS`.
    """
    quotient = a * inverse
    exact = quotient + (a - quotient * b) * inverse
    # Where b or the quotient is infinite the remainder is not a number.
    return exact if exact == exact else quotient


@native(flags="reassoc nsz")
def plus(a: float, b: float) -> float:
    """Add; the compiler may reorder such additions, so sums use vector instructions."""
    return a + b


@native()
def times(a: float, b: float) -> float:
    """Multiply, for PROD."""
    return a * b


@native()
def smaller(a: float, b: float) -> float:
    """Return the minimum, NaN if either is NaN."""
    return a if (a < b or a != a) else b


@native()
def larger(a: float, b: float) -> float:
    """Return the maximum, NaN if either is NaN."""
    return a if (a > b or a != a) else b


@native()
def choose(condition: bool, a: float, b: float) -> float:
    """Return one of two values that are both already known."""
    return a if condition else b


@native()
def xidz(numerator: float, denominator: float, otherwise: float) -> float:
    """Divide, or return `otherwise` where the denominator is zero."""
    return otherwise if abs(denominator) < SMALL else numerator / denominator


@native()
def zidz(numerator: float, denominator: float) -> float:
    """Divide, or return zero where the denominator is zero."""
    return 0.0 if abs(denominator) < SMALL else numerator / denominator


@native()
def quantum(a: float, b: float) -> float:
    """Round towards zero to a multiple of b."""
    return a if b < SMALL else b * np.trunc(a / b)


@native()
def modulo(a: float, b: float) -> float:
    """Return the remainder with the sign of a."""
    return a - quantum(a, b)


@native()
def power(a: float, b: float) -> float:
    """Raise a to the power b."""
    return float(a**b)


@native()
def logarithm(a: float, b: float) -> float:
    """Return the logarithm of a to the base b."""
    return math.log(a) / math.log(b)


@native()
def step(time: float, time_step: float, height: float, start: float) -> float:
    """Return height from start on."""
    return height * (1.0 if time + time_step / 2.0 > start else 0.0)


@native()
def ramp(time: float, slope: float, start: float, finish: float) -> float:
    """Rise with a slope from start to finish."""
    return (1.0 if time + SMALL > start else 0.0) * slope * (smaller(finish, time) - start)


@native()
def pulse(time: float, time_step: float, start: float, width: float, height: float) -> float:
    """Return height from start for a width, and for one step at least; the step nearest to start is the first."""
    since = time + time_step / 2.0 - start
    near = SMALL * time_step
    return height if near < since and since < larger(width, time_step) - near else 0.0


@native()
def pulse_train(
    time: float, time_step: float, start: float, width: float, interval: float, end: float, height: float
) -> float:
    """Return height for a width at every interval from start on, the time at the end included."""
    if interval <= 0.0:
        return pulse(time, time_step, start, width, height)
    since = time + time_step / 2.0 - start
    near = SMALL * time_step
    if since <= near or time > end + near:
        return 0.0
    within = (since - near) % interval
    return height if within < larger(width, time_step) - 2.0 * near or width >= interval else 0.0


@native()
def same_moment(time: float, other: float, time_step: float) -> bool:
    """Say whether a time is meant by another: steps of a tenth do not add up to whole numbers."""
    return abs(time - other) < 1e-5 * time_step


@native()
def floor_modulo(a: float, b: float) -> float:
    """Return the remainder with the sign of b, as XMILE has it."""
    return float(a - b * np.floor(a / b))


@native()
def round_half_up(a: float) -> float:
    """Return the nearest whole number, of two the larger."""
    return float(np.floor(a + 0.5))


@native()
def delay_order(order: float, time_step: float, shortest: float) -> float:
    """Lower the order of a delay until a stage is no shorter than a time step; NaN where none is left."""
    while order * time_step > shortest:
        order -= 1.0
    return order if order >= 1.0 else np.nan


@native()
def interpolate(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table between its points, held at both ends; in w lie its x values, its y values, and its slopes."""
    if x != x:
        return np.nan
    last = first + count - 1
    if x >= w[last]:
        return w[last + count]
    if x <= w[first]:
        return w[first + count]
    k = first
    while w[k + 1] <= x:
        k += 1
    # Divided beforehand: a division takes as long as all the rest.
    return w[k + 2 * count] * (x - w[k]) + w[k + count]


@native()
def interpolate_first(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table in which points may have the same x: at it, the first of them counts."""
    for k in range(first, first + count):
        if w[k] == x:
            return w[k + count]
    return interpolate(w, first, count, x)


@native()
def hold_forward(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table as steps: the value of the first point at or after x."""
    k = first
    while k < first + count - 1 and w[k] < x:
        k += 1
    return w[k + count]


@native()
def invert(w: Floats, first: int, count: int, y: float) -> float:
    """Return the x at which a table takes a value: the first it comes to, or the end that is nearer."""
    for k in range(first, first + count - 1):
        low, high = w[k + count], w[k + 1 + count]
        if (low <= y and y <= high) or (high <= y and y <= low):
            share = 0.0 if high == low else (y - low) / (high - low)
            return w[k] + share * (w[k + 1] - w[k])
    last = first + count - 1
    return w[first] if abs(y - w[first + count]) < abs(y - w[last + count]) else w[last]


@native()
def area(w: Floats, first: int, count: int, x: float) -> float:
    """Return the area below a table from its first point to x, its ends held."""
    total = w[first + count] * min(x - w[first], 0.0)
    for k in range(first, first + count - 1):
        right = min(x, w[k + 1])
        if right > w[k]:
            total += (right - w[k]) * (w[k + count] + interpolate(w, first, count, right)) / 2.0
    last = first + count - 1
    return total + w[last + count] * max(x - w[last], 0.0)


@native()
def exact_or_missing(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table at its points only; between them nothing is known."""
    for k in range(first, first + count):
        if abs(w[k] - x) < 1e-6:
            return w[k + count]
    return NOT_AVAILABLE


@native()
def extrapolate(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table between its points, continued in a straight line beyond both ends."""
    last = first + count - 1
    if count > 1 and (x > w[last] or x < w[first]):
        k = last - 1 if x > w[last] else first
        slope = (w[k + 1 + count] - w[k + count]) / (w[k + 1] - w[k])
        end = last if x > w[last] else first
        return w[end + count] + slope * (x - w[end])
    return interpolate(w, first, count, x)


@native()
def hold_backward(w: Floats, first: int, count: int, x: float) -> float:
    """Read a table as steps: the value of the last point at or before x."""
    k = first
    while k < first + count - 1 and w[k + 1] <= x:
        k += 1
    return w[k + count]


@native()
def share_given(kind: float, x: float, priority: float, width: float) -> float:
    """Return which share of a request is met at a level x: all of it far below its priority, nothing far above."""
    if kind == 1.0:
        return min(max((priority + width / 2.0 - x) / width, 0.0), 1.0)
    if kind == 2.0:
        near = min(max((priority + width / 2.0 - x) / width, 0.0), 1.0)
        return 2.0 * near * near if near < 0.5 else 1.0 - 2.0 * (1.0 - near) * (1.0 - near)
    if kind == 3.0:
        return 0.5 * math.erfc((x - priority) / (math.sqrt(2.0) * width))
    if kind == 4.0:
        far = 0.5 * math.exp(-abs(x - priority) / width)
        return 1.0 - far if x < priority else far
    return np.nan


@native()
def allocate_available(
    w: Floats,
    request: int,
    request_stride: int,
    kinds: int,
    kind_stride: int,
    priorities: int,
    priority_stride: int,
    widths: int,
    width_stride: int,
    size: int,
    supply: float,
    element: float,
) -> float:
    """Return what one request gets of a supply that is shared by priority curves: all are met to the same level."""
    asked = 0.0
    low, high = np.inf, -np.inf
    for k in range(size):
        asked += w[request + k * request_stride]
        width = w[widths + k * width_stride]
        low = min(low, w[priorities + k * priority_stride] - 40.0 * width)
        high = max(high, w[priorities + k * priority_stride] + 40.0 * width)
    own = int(element)
    if supply >= asked:
        return w[request + own * request_stride]
    if supply <= 0.0:
        return 0.0
    middle = (low + high) / 2.0
    for _ in range(200):
        given = 0.0
        for k in range(size):
            if w[request + k * request_stride] != 0.0:
                given += w[request + k * request_stride] * share_given(
                    w[kinds + k * kind_stride],
                    middle,
                    w[priorities + k * priority_stride],
                    w[widths + k * width_stride],
                )
        if given > supply:
            low = middle
        else:
            high = middle
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
    if w[request + own * request_stride] == 0.0:
        return 0.0
    share = share_given(
        w[kinds + own * kind_stride],
        middle,
        w[priorities + own * priority_stride],
        w[widths + own * width_stride],
    )
    return w[request + own * request_stride] * share


@native()
def allocate_by_priority(
    w: Floats,
    request: int,
    request_stride: int,
    priorities: int,
    priority_stride: int,
    size: int,
    width: float,
    supply: float,
    element: float,
) -> float:
    """Return what one request gets of a supply that goes to the highest priorities first.

    A request begins to be met where the level falls below its priority, and is met a width below.
    """
    asked = 0.0
    low, high = np.inf, -np.inf
    for k in range(size):
        asked += w[request + k * request_stride]
        low = min(low, w[priorities + k * priority_stride] - width)
        high = max(high, w[priorities + k * priority_stride])
    own = int(element)
    if supply >= asked:
        return w[request + own * request_stride]
    if supply <= 0.0:
        return 0.0
    middle = (low + high) / 2.0
    for _ in range(200):
        given = 0.0
        for k in range(size):
            share = (w[priorities + k * priority_stride] - middle) / width
            given += w[request + k * request_stride] * min(max(share, 0.0), 1.0)
        if given > supply:
            low = middle
        else:
            high = middle
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
    share = (w[priorities + own * priority_stride] - middle) / width
    return w[request + own * request_stride] * min(max(share, 0.0), 1.0)


@native()
def inverted_element(
    w: Floats, matrix: int, row_stride: int, column_stride: int, size: int, row: float, column: float
) -> float:
    """Return one element of an inverted matrix (Gauss's elimination with the largest pivot of each column)."""
    left = np.empty(size * size)
    right = np.zeros(size)
    for i in range(size):
        for j in range(size):
            left[i * size + j] = w[matrix + i * row_stride + j * column_stride]
    right[int(column)] = 1.0
    for i in range(size):
        pivot = i
        for k in range(i + 1, size):
            if abs(left[k * size + i]) > abs(left[pivot * size + i]):
                pivot = k
        for j in range(size):
            left[i * size + j], left[pivot * size + j] = left[pivot * size + j], left[i * size + j]
        right[i], right[pivot] = right[pivot], right[i]
        for k in range(size):
            if k != i:
                factor = left[k * size + i] / left[i * size + i]
                for j in range(i, size):
                    left[k * size + j] -= factor * left[i * size + j]
                right[k] -= factor * right[i]
    found = right[int(row)] / left[int(row) * size + int(row)]
    release(left)
    release(right)
    return float(found)


FIRST_MIXER, SECOND_MIXER, THIRD_MIXER = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@native()
def mixed(state: np.uint64, number: float) -> np.uint64:
    """Stir one more number into a state of 64 bits (the finalizer of SplitMix64)."""
    z = (state ^ np.uint64(np.int64(number))) + np.uint64(FIRST_MIXER)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(SECOND_MIXER)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(THIRD_MIXER)
    return z ^ (z >> np.uint64(31))


@native()
def drawn(seed: float, stream: float, element: float, run: float, step: float, draw: int) -> float:
    """Return a number between 0 and 1, neither included, that follows from where it stands alone.

    So it depends neither on the threads nor on what else is drawn.
    """
    state = mixed(mixed(mixed(np.uint64(0), seed * 1024.0), stream), element)
    state = mixed(mixed(mixed(state, run), step), float(draw))
    return (float(state >> np.uint64(11)) + 0.5) / 9007199254740992.0


@native()
def random_uniform(
    low: float, high: float, seed: float, stream: float, element: float, run: float, step: float
) -> float:
    """Draw evenly between two numbers."""
    return low + (high - low) * drawn(seed, stream, element, run, step, 0)


@native()
def random_normal(
    low: float,
    high: float,
    mean: float,
    deviation: float,
    seed: float,
    stream: float,
    element: float,
    run: float,
    step: float,
) -> float:
    """Draw from a normal distribution (Box and Muller), again where outside of its limits; the nearer one after 64."""
    value = mean
    for draw in range(64):
        length = math.sqrt(-2.0 * math.log(drawn(seed, stream, element, run, step, 2 * draw)))
        turn = 2.0 * math.pi * drawn(seed, stream, element, run, step, 2 * draw + 1)
        value = mean + deviation * length * math.cos(turn)
        if low <= value and value <= high:
            return value
    return low if value < low else high


@native()
def random_exponential(
    low: float,
    high: float,
    shift: float,
    stretch: float,
    seed: float,
    stream: float,
    element: float,
    run: float,
    step: float,
) -> float:
    """Draw from an exponential distribution, shifted and stretched, within its limits as `random_normal`."""
    value = shift
    for draw in range(64):
        value = shift - stretch * math.log(drawn(seed, stream, element, run, step, draw))
        if low <= value and value <= high:
            return value
    return low if value < low else high


#: A Poisson number with a larger mean is drawn from the normal distribution.
MANY = 1000.0


@native()
def random_poisson(
    low: float,
    high: float,
    mean: float,
    shift: float,
    stretch: float,
    seed: float,
    stream: float,
    element: float,
    run: float,
    step: float,
) -> float:
    """Draw from a Poisson distribution, shifted and stretched, within its limits as `random_normal`."""
    value = shift
    draw = 0
    for _ in range(64):
        if mean > MANY:
            # So many are counted no more: the normal distribution is as near as no matter.
            length = math.sqrt(-2.0 * math.log(drawn(seed, stream, element, run, step, draw)))
            turn = 2.0 * math.pi * drawn(seed, stream, element, run, step, draw + 1)
            draw += 2
            value = shift + stretch * larger(np.floor(mean + math.sqrt(mean) * length * math.cos(turn) + 0.5), 0.0)
            if low <= value and value <= high:
                return value
            continue
        # Waiting times of mean one that fit into `mean`.
        waited = -math.log(drawn(seed, stream, element, run, step, draw))
        count = 0.0
        while waited < mean:
            draw += 1
            count += 1.0
            waited -= math.log(drawn(seed, stream, element, run, step, draw))
        draw += 1
        value = shift + stretch * count
        if low <= value and value <= high:
            return value
    return low if value < low else high


def release(array: Any) -> None:
    """Give back the memory of an array that `np.empty` made; Python does so by itself."""


@native()
def put_changes(
    w: Floats,
    run: int,
    time: float,
    moving_only: bool,
    table: Integers,
    rows: int,
    knots: Floats,
    values: Floats,
) -> None:
    """Write the changed constants of one run into the work space: fixed ones, and paths read at `time`.

    Each row of `table` is: place in w, size, first knot, number of knots, first value, values per run (0 if shared).
    """
    for row in range(rows):
        place, size, first, count = table[row * 6], table[row * 6 + 1], table[row * 6 + 2], table[row * 6 + 3]
        if moving_only and count == 1:
            continue
        source = table[row * 6 + 4] + run * table[row * 6 + 5]
        if count == 1 or time <= knots[first]:
            for k in range(size):
                w[place + k] = values[source + k]
        elif time >= knots[first + count - 1]:
            source += (count - 1) * size
            for k in range(size):
                w[place + k] = values[source + k]
        else:
            j = first
            while knots[j + 1] <= time:
                j += 1
            low = source + (j - first) * size
            for k in range(size):
                slope = (values[low + size + k] - values[low + k]) / (knots[j + 1] - knots[j])
                w[place + k] = slope * (time - knots[j]) + values[low + k]


@native()
def keep(w: Floats, segments: Integers, rows: int, out: Floats, position: int) -> bool:
    """Copy the wanted outputs into `out` from a position on, and say whether all of them are finite."""
    check = 0.0
    for row in range(rows):
        place, size = segments[row * 2], segments[row * 2 + 1]
        for k in range(size):
            value = w[place + k]
            out[position + k] = value
            check = plus(check, value * 0.0)
        position += size
    return check == 0.0


FINAL, SUM, FIRST_ABOVE, LARGEST = 0, 1, 2, 3


@native()
def reduce(
    w: Floats,
    table: Integers,
    rows: int,
    thresholds: Floats,
    time: float,
    start: bool,
    out: Floats,
    position: int,
) -> bool:
    """Take one saved moment into the outputs kept without their course, and say whether all of them are finite.

    Each row of `table` is: place in w, size, one of FINAL, SUM, FIRST_ABOVE and LARGEST.
    """
    check = 0.0
    for row in range(rows):
        place, size, how = table[row * 3], table[row * 3 + 1], table[row * 3 + 2]
        for k in range(size):
            value = w[place + k]
            check = plus(check, value * 0.0)
            if how == FINAL:
                out[position + k] = value
            elif how == SUM:
                out[position + k] = value if start else out[position + k] + value
            elif how == LARGEST:
                out[position + k] = abs(value) if start else larger(abs(value), out[position + k])
            else:
                before = np.nan if start else out[position + k]
                out[position + k] = time if before != before and value > thresholds[row] else before
        position += size
    return check == 0.0


@native()
def all_finite(w: Floats, segments: Integers, rows: int) -> bool:
    """Say whether the wanted stretches of the work space hold finite numbers only."""
    check = 0.0
    for row in range(rows):
        place, size = segments[row * 2], segments[row * 2 + 1]
        for k in range(size):
            check = plus(check, w[place + k] * 0.0)
    return check == 0.0


@native()
def start_pipes(w: Floats, table: Integers, rows: int, time_step: float, pointers: Integers) -> int:
    """Say where the pipes of DELAY FIXED lie, and how many numbers they hold.

    Each row of `table` is: place of the output, place of the input, size, place of the delay time; `pointers` holds,
    for each pipe, the present slot, the number of slots and the first place.
    """
    total = 0
    for row in range(rows):
        slots = int(np.rint(max(w[table[row * 4 + 3]] / time_step, 1.0) + SMALL))
        pointers[row * 3] = 0
        pointers[row * 3 + 1] = slots
        pointers[row * 3 + 2] = total
        total += slots * table[row * 4 + 2]
    return total


@native()
def fill_pipes(w: Floats, table: Integers, rows: int, pointers: Integers, pipes: Floats) -> None:
    """Fill every pipe with the first value of its output."""
    for row in range(rows):
        output, size = table[row * 4], table[row * 4 + 2]
        for slot in range(pointers[row * 3 + 1]):
            for k in range(size):
                pipes[pointers[row * 3 + 2] + slot * size + k] = w[output + k]


@native()
def move_pipes(w: Floats, table: Integers, rows: int, pointers: Integers, pipes: Floats) -> None:
    """Push the inputs of every DELAY FIXED into its pipe and set the outputs of the next step."""
    for row in range(rows):
        output, source, size = table[row * 4], table[row * 4 + 1], table[row * 4 + 2]
        slot, slots, first = pointers[row * 3], pointers[row * 3 + 1], pointers[row * 3 + 2]
        for k in range(size):
            pipes[first + slot * size + k] = w[source + k]
        slot = (slot + 1) % slots
        pointers[row * 3] = slot
        for k in range(size):
            w[output + k] = pipes[first + slot * size + k]


@native()
def copy_out(w: Floats, segments: Integers, rows: int, out: Floats) -> None:
    """Copy stretches of the work space into one row."""
    position = 0
    for row in range(rows):
        for k in range(segments[row * 2 + 1]):
            out[position + k] = w[segments[row * 2] + k]
        position += segments[row * 2 + 1]


@native()
def copy_back(w: Floats, segments: Integers, rows: int, row_of: Floats) -> None:
    """Copy one row into stretches of the work space."""
    position = 0
    for row in range(rows):
        for k in range(segments[row * 2 + 1]):
            w[segments[row * 2] + k] = row_of[position + k]
        position += segments[row * 2 + 1]


@native()
def end_stage(
    w: Floats,
    segments: Integers,
    rows: int,
    origin: Floats,
    before: Floats,
    total: Floats,
    weight: float,
    share: float,
) -> None:
    """Weigh how far a stage of a Runge-Kutta step has moved the states, and put them where the next stage starts.

    With a share of nought the step is over, and the states go where all stages together have moved them.
    """
    position = 0
    for row in range(rows):
        for k in range(segments[row * 2 + 1]):
            place = segments[row * 2] + k
            moved = w[place] - before[position + k]
            total[position + k] += weight * moved
            w[place] = origin[position + k] + (share * moved if share > 0.0 else total[position + k])
        position += segments[row * 2 + 1]
