"""The figure of docs/scale.md: calls a second over the day, an SVG of a panel for each operation of AWS's."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.fleet import work
from bench.fleet.day import OUTAGE
from bench.fleet.limits import DAY

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _GAP = 760, 190, 56, 24, 44
_LONGEST, _DECADES = 10_000, 4
_STEP = 5 * work.MINUTE
_STYLE = """\
text { font: 12px sans-serif; fill: #444 }
.grid { stroke: #ddd } .down { fill: #f3e3c3 } .limit { stroke: #b00; stroke-dasharray: 6 4 }
.theirs, .ours { fill: none; stroke-width: 1.6 } .theirs { stroke: #c60 } .ours { stroke: #06c }
text.theirs { fill: #c60; stroke: none } text.ours { fill: #06c; stroke: none }
text.limit { fill: #b00; stroke: none }"""


class Panel(NamedTuple):
    """One operation: the calls in each second of the day, with the other programs and with this one, and the limit."""

    name: str
    limit: int
    theirs: Sequence[int]
    ours: Sequence[int]


def svg(panels: Sequence[Panel]) -> str:
    """Return the panels, one below the other; the lines show the busiest second of each five minutes."""
    height = len(panels) * (_HEIGHT + _GAP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}">']
    lines += [f"<style>{_STYLE}</style>", '<rect width="100%" height="100%" fill="white"/>']
    for number, panel in enumerate(panels):
        lines += [f'<g transform="translate({_LEFT} {number * (_HEIGHT + _GAP) + 24})">', *_panel(panel), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(panel: Panel) -> Iterator[str]:
    start, stop = _x(OUTAGE.start), _x(OUTAGE.stop)
    yield f'<rect class="down" x="{start:.1f}" y="0" width="{stop - start:.1f}" height="{_HEIGHT}"/>'
    yield f'<text x="{start + 2:.1f}" y="12">AWS down</text>'
    for decade in range(_DECADES + 1):
        y = _y(10**decade)
        yield f'<path class="grid" d="M0 {y:.1f}H{_WIDTH}"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10**decade:,}</text>'
    for hour in range(0, 25, 3):
        yield f'<text x="{_x(hour * work.HOUR):.1f}" y="{_HEIGHT + 14}" text-anchor="middle">{hour}:00</text>'
    yield f'<text x="0" y="-8">{panel.name}, calls in the busiest second of each 5 minutes</text>'
    y = _y(panel.limit)
    yield f'<path class="limit" d="M0 {y:.1f}H{_WIDTH}"/>'
    yield f'<text class="limit" x="4" y="{y - 4:.1f}">limit {panel.limit}</text>'
    for end, kind, label in (
        (_WIDTH - 170, "theirs", "the other programs"),
        (_WIDTH, "ours", "docker-credential-ecrx"),
    ):
        yield f'<path class="{kind}" d="{_path(getattr(panel, kind))}"/>'
        yield f'<text class="{kind}" x="{end}" y="-8" text-anchor="end">{label}</text>'


def _path(calls: Sequence[int]) -> str:
    busiest = [max(calls[start : start + _STEP]) for start in range(0, DAY, _STEP)]
    points = [
        f"{_x(number * _STEP):.1f} {_y(count):.1f}H{_x((number + 1) * _STEP):.1f}"
        for number, count in enumerate(busiest)
    ]
    return "M" + "L".join(points)


def _x(second: float) -> float:
    return second / DAY * _WIDTH


def _y(count: float) -> float:
    """Return the place of ``count`` on a scale of decades, whose foot is one call or none."""
    return _HEIGHT * (1 - math.log10(min(max(count, 1), _LONGEST)) / _DECADES)
