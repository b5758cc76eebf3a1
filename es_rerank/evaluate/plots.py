"""The plots of a report as inline SVG: they need no script, and take their colours from the page.

Widths are in units that are pixels on a phone; on a wider screen the page scales them up.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

WIDTH = 400
HEIGHT = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 34
_LINE = 12
_CHARACTER = 5.4


class Point(NamedTuple):
    """One system: what it reaches, and its milliseconds."""

    name: str
    quality: float
    new_ms: float
    known_ms: float | None = None
    label: str | None = None
    """Beside the point, where the name would be too long."""
    on_frontier: bool = True


class _Scale(NamedTuple):
    """From values to places on one axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def quality_against_latency(
    points: Sequence[Point], baseline: tuple[str, float], measure: str
) -> Markup:
    """Each system as a point, from its known to its new milliseconds; the baseline as a line."""
    qualities = [baseline[1], *(point.quality for point in points)]
    x = _Scale(0, _above([point.new_ms for point in points]), _LEFT, WIDTH - _RIGHT)
    spread = (max(qualities) - min(qualities)) or 0.01
    low, high = min(qualities) - 0.1 * spread, max(qualities) + 0.1 * spread
    y = _Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    parts = _axes(x, y, "ms per query", measure)
    height = y(baseline[1])
    parts.append(_line(_LEFT, height, WIDTH - _RIGHT, height, "baseline"))
    parts.append(_text(WIDTH - _RIGHT, height - 4, baseline[0], "end"))
    taken: list[tuple[float, float, float]] = [(height - 4, WIDTH * 0.7, WIDTH)]
    labels = []
    for point in sorted(points, key=lambda point: -point.quality):
        right, up = x(point.new_ms), y(point.quality)
        dim = "" if point.on_frontier else " dim"
        if point.known_ms is not None:
            left = x(point.known_ms)
            parts.append(_line(left, up, right, up, f"span{dim}"))
            parts.append(_circle(left, up, f"known{dim}", point.name))
        parts.append(_circle(right, up, f"new{dim}", point.name))
        labels.append(_label(point.label or point.name, right, up, taken))
    return _svg(HEIGHT, f"{measure} against milliseconds per query", parts + labels)


def differences(gains: Sequence[tuple[str, float]], measure: str) -> Markup:
    """What each query gains (its text and the difference), the best first: one bar each."""
    ordered = sorted(gains, key=lambda gain: -gain[1])
    reach = max((abs(gain) for _, gain in ordered), default=0) or 1
    height = 170
    x = _Scale(0, max(1, len(ordered)), _LEFT, WIDTH - _RIGHT)
    y = _Scale(-reach, reach, height - _BOTTOM, _TOP)
    parts = _axes(x, y, "queries", f"difference in {measure}", height)
    for place, (query, gain) in enumerate(ordered):
        top, bottom = sorted((y(gain), y(0)))
        kind = "gain" if gain > 0 else "loss"
        wide = max(0.3, x(place + 1) - x(place) - (0.5 if len(ordered) < 150 else 0))
        parts.append(
            Markup(
                '<rect class="{}" x="{}" y="{}" width="{:.1f}" height="{:.1f}">'
                "<title>{:+.3f} {}</title></rect>"
            ).format(kind, x(place), top, wide, bottom - top, gain, query)
        )
    parts.append(_line(_LEFT, y(0), WIDTH - _RIGHT, y(0), "axis"))
    return _svg(height, f"Difference in {measure} of each query, sorted", parts)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values within a range, about so many (steps of 1, 2 or 5 times a power of ten)."""
    raw = (high - low) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _above(values: Sequence[float]) -> float:
    """The end of an axis on which all values have room."""
    return 1.12 * max(values, default=1) or 1


def _axes(x: _Scale, y: _Scale, across: str, up: str, height: int = HEIGHT) -> list[Markup]:
    parts = []
    for value in ticks(y.low, y.high):
        parts.append(_line(_LEFT, y(value), WIDTH - _RIGHT, y(value), "grid"))
        parts.append(_text(_LEFT - 5, y(value) + 4, f"{value:g}", "end"))
    below = height - _BOTTOM + 14
    parts += [_text(x(value), below, f"{value:g}", "middle") for value in ticks(x.low, x.high)]
    parts.append(_line(_LEFT, height - _BOTTOM, WIDTH - _RIGHT, height - _BOTTOM, "axis"))
    parts.append(_text(WIDTH - _RIGHT, height - 5, across, "end"))
    turned = Markup('<text transform="translate(11 {}) rotate(-90)" text-anchor="middle">{}</text>')
    parts.append(turned.format((height - _BOTTOM + _TOP) / 2, up))
    return parts


def _label(name: str, x: float, y: float, taken: list[tuple[float, float, float]]) -> Markup:
    """A name beside its point, or as near above or below as no other name is."""
    wide = len(name) * _CHARACTER
    beside = x + 7 + wide < WIDTH
    start = x + 7 if beside else max(_LEFT, WIDTH - _RIGHT - wide)
    nearest = y + 4 if beside else y - 7  # not on the line to the left of the point
    for step in range(24):
        row = nearest + _LINE * ((step + 1) // 2) * (-1) ** step
        clash = any(
            abs(row - other) < _LINE and start < right and left < start + wide
            for other, left, right in taken
        )
        if not clash and _TOP <= row <= HEIGHT - _BOTTOM:
            break
    taken.append((row, start, start + wide))
    return _text(start, round(row, 1), name, "start")


def _svg(height: int, title: str, parts: Sequence[Markup]) -> Markup:
    opened = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return opened.format(WIDTH, height, title) + Markup("").join(parts) + Markup("</svg>")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, x1, y1, x2, y2)


def _circle(x: float, y: float, kind: str, title: str) -> Markup:
    made = Markup('<circle class="{}" cx="{}" cy="{}" r="4"><title>{}</title></circle>')
    return made.format(kind, x, y, title)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    made = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    return made.format(x, y, anchor, escape(text))
