"""A histogram as places in a picture of 320 by 112 units."""

from dataclasses import dataclass

from .report_format import tick_text
from .report_histograms import Bar, Histogram

WIDTH, HEIGHT = 320, 112
_BASE, _TOP = 92.0, 6.0
_LEFT, _RIGHT = 16.0, 304.0
_TAIL = 10.0
_KINDS = ("kept", "here", "else")


@dataclass(frozen=True)
class Box:
    """One coloured rectangle; kind: kept, here (dropped by a rule of the thresholds) or else."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """ticks: place and text under the axis. lines: places of the thresholds that are in the picture."""

    boxes: list[Box]
    ticks: list[tuple[float, str]]
    lines: list[float]


def draw(histogram: Histogram) -> Drawing:
    """Bars on one scale; what is below and above the bins stands apart at the ends."""
    bins, span = histogram.bins, _RIGHT - _LEFT
    edges = [_LEFT + span * min(1.0, max(0.0, bins.place(edge))) for edge in bins.edges]
    boxes: list[Box] = []
    for bar, left, right in zip(histogram.bars, edges, edges[1:], strict=False):
        boxes += _stack(bar, left, max(0.8, right - left - 0.6), histogram.highest)
    boxes += _stack(histogram.below, _LEFT - 3 - _TAIL, _TAIL, histogram.highest)
    boxes += _stack(histogram.above, _RIGHT + 3, _TAIL, histogram.highest)
    ticks = [(round(_LEFT + span * bins.place(tick), 1), tick_text(tick)) for tick in bins.ticks]
    places = (bins.place(threshold.value) for threshold in histogram.thresholds)
    lines = sorted({round(_LEFT + span * place, 1) for place in places if 0 <= place <= 1})
    return Drawing(boxes, ticks, lines)


def _stack(bar: Bar, x: float, width: float, highest: int) -> list[Box]:
    boxes, y = [], _BASE
    for kind, documents in zip(_KINDS, (bar.kept, bar.dropped_here, bar.dropped_else), strict=True):
        if documents:
            height = max(0.6, (_BASE - _TOP) * documents / highest)
            y -= height
            boxes.append(Box(kind, round(x, 2), round(y, 2), round(width, 2), round(height, 2)))
    return boxes
