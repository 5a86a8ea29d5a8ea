"""What was measured, as a table for people and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from bench.bars import Line


def table(
    lines: Sequence[Line], seconds: Mapping[str, Sequence[float]], instructions: int, versions: Mapping[str, str]
) -> str:
    """Return the bars with their verdicts, the medians behind them, the instructions of a hit, and all versions."""
    judged = [("what", "beside", "ratio", "at most", "aim", "verdict")]
    for bar, value in lines:
        row = (bar.what, bar.beside, f"{value:.2f}", f"{bar.at_most:.2f}", f"{bar.aim:.2f}")
        judged.append((*row, Line(bar, value).verdict))
    medians = [("milliseconds", "median", "quartiles", "runs")]
    for name, runs in seconds.items():
        low, middle, high = (f"{value * 1000:.1f}" for value in quantiles(runs))
        medians.append((name, middle, f"{low} - {high}", str(len(runs))))
    counted = f"instructions of a hit (callgrind): {instructions:,}\n"
    named = "".join(f"{name}: {version}\n" for name, version in versions.items())
    return f"{columns(judged, 2)}\n{columns(medians, 1)}\n{counted}\n{named}"


def document(
    lines: Sequence[Line], seconds: Mapping[str, Sequence[float]], instructions: int, versions: Mapping[str, str]
) -> str:
    """Return the same as JSON."""
    bars = [line.bar._asdict() | {"value": round(line.value, 4), "verdict": line.verdict} for line in lines]
    medians = {name: round(median(runs) * 1000, 3) for name, runs in seconds.items()}
    found = {"bars": bars, "medians_ms": medians, "instructions": instructions, "versions": dict(versions)}
    return json.dumps(found, indent=1) + "\n"


def columns(rows: Sequence[Sequence[str]], texts: int) -> str:
    """Return rows whose first ``texts`` columns, and the last, are texts; the others are numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if number < texts or number == len(row) - 1 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)
