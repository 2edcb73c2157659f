"""Where the bars of a histogram stand: round edges, even steps, even ratios where values span orders of magnitude."""

import math
from dataclasses import dataclass

_STEPS = 40
_RATIO_BINS = 30
_SKEWED = 20
_FEWEST_TICKS = 3
_TINY = 1e-12
_ROUND = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Bins:
    """edges: n + 1 ascending edges of n bins, each of which holds what is over its left edge up to its right one.
    ticks: values to write under the axis. is_logarithmic: equal bars are equal ratios."""

    edges: tuple[float, ...]
    ticks: tuple[float, ...]
    is_logarithmic: bool

    def place(self, value: float) -> float:
        """Where a value stands between the first edge (0) and the last (1); outside of both beyond them."""
        first, last = self.edges[0], self.edges[-1]
        if not self.is_logarithmic:
            return (value - first) / (last - first)
        return -1.0 if value <= 0 else math.log(value / first) / math.log(last / first)


def choose_bins(low: float, middle: float, high: float, is_whole: bool) -> Bins:
    """Some 40 bins for values of which nearly all are in [low, high], half up to `middle`.

    Whole numbers have edges halfway between them. The axis is logarithmic for values from 0 on of which the
    largest are 20 times the middle one.
    """
    low, middle, high = (0.0 if abs(value) < _TINY else value for value in (low, middle, high))
    if low >= 0 and high > _SKEWED * max(middle, 1.0 if is_whole else high / 1e6):
        return _by_ratios(low, high, is_whole)
    return _by_steps(low, high, is_whole)


def _by_steps(low: float, high: float, is_whole: bool) -> Bins:
    # Of values that are nearly the same there is nothing to see; one bin or some hold them all.
    high = max(high, low + 1e-6 * max(abs(low), abs(high), 1e-6))
    step = _round_step((high - low) / _STEPS)
    if is_whole:
        step = float(max(1, math.ceil(step)))
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1) + is_whole
    shift = 0.5 if is_whole else 0.0
    edges = [_tidy(k * step) - shift for k in range(first, last + 1)]
    if not is_whole:
        # The lowest bin holds its own edge, too.
        edges[0] = math.nextafter(edges[0], -math.inf)
    between = _round_step((high - low) / 4)
    if is_whole:
        between = float(max(1, math.ceil(between)))
    ticks = (
        _tidy(k * between) for k in range(math.ceil(edges[0] / between), math.floor(edges[-1] / between) + 1)
    )
    return Bins(tuple(edges), tuple(ticks), False)


def _by_ratios(low: float, high: float, is_whole: bool) -> Bins:
    first = max(low, 1.0 if is_whole else high / 1e6)
    start, end = math.floor(math.log10(first)), math.ceil(math.log10(high))
    decades = max(math.log10(high) - math.log10(first), 0.1)
    parts = max(2, min(12, int(_RATIO_BINS / decades)))
    powers = (10 ** (start + k / parts) for k in range((end - start) * parts + 1))
    raw = [power for power in powers if first / 10 ** (1 / parts) < power < high * 10 ** (1 / parts)]
    if is_whole:
        raw = sorted({math.floor(power) + 0.5 for power in raw} | {first - 0.5})
    for factors in ((1,), (1, 3), (1, 2, 5)):
        marks = [factor * 10.0**power for power in range(start, end + 1) for factor in factors]
        ticks = [_tidy(mark) for mark in marks if raw[0] <= mark <= raw[-1]]
        if len(ticks) >= _FEWEST_TICKS:
            break
    return Bins(tuple(raw), tuple(ticks), True)


def _round_step(size: float) -> float:
    """The least of 1, 2, 2.5 and 5 times a power of ten that is not under `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(_tidy(factor * power) for factor in _ROUND if factor * power >= size * (1 - 1e-9))


def _tidy(value: float) -> float:
    return float(f"{value:.12g}")
