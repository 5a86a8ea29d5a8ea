"""A picture of what a terminal shows, as SVG without web fonts, and the text of such a picture."""

import re
from html import escape, unescape
from io import StringIO

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 112
# GitHub's own backgrounds; the program's colours are among those that are legible on both.
_ANSI = [(0, 0, 0)] * 8  # the program uses none of the first 16 colours on a terminal with 256
THEMES = {
    "light": TerminalTheme((246, 248, 250), (31, 35, 40), _ANSI),
    "dark": TerminalTheme((22, 27, 34), (230, 237, 243), _ANSI),
}
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_FORMAT = f"""\
<svg viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg" role="img">
<style>
.{{unique_id}}-matrix {{{{ font-family: {_FONTS}; font-size: {{char_height}}px; }}}}
{{styles}}
</style>
<defs>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})">
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""
_TEXT = re.compile(
    r'<text class="(?P<style>s-r\d+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="[\d.]+"'
    r' clip-path="url\(#(?P<clip>s-line-\d+)\)">(?P<text>[^<]*)</text>'
)
_CHARACTER = 20 * 0.61  # the width of one, in rich's pictures


def draw(screen: str, theme: str) -> str:
    """Return the picture of ``screen``, with its colours as a terminal is sent them, in one of ``THEMES``."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), color_system="256", force_terminal=True)
    console.print(Text.from_ansi(screen), soft_wrap=True)
    drawn = console.export_svg(title="", theme=THEMES[theme], code_format=_FORMAT, unique_id="s")
    return re.sub(r">\s*<(text|clipPath|circle|g|/g|rect|/svg)\b", r">\n<\1", _TEXT.sub(_without_margins, drawn))


def text(drawn: str) -> str:
    """Return what a picture says, a line for each of its lines."""
    lines: dict[float, str] = {}
    pieces = [(float(found["y"]), float(found["x"]), unescape(found["text"])) for found in _TEXT.finditer(drawn)]
    for y, x, said in sorted(pieces):
        lines[y] = lines.get(y, "").ljust(round(x / _CHARACTER)) + said.replace("\xa0", " ")
    return "\n".join(lines.values())


def _without_margins(found: re.Match[str]) -> str:
    """Return the text without spaces at its ends, which not every program draws."""
    whole = unescape(found["text"])
    said = whole.strip("\xa0\n")
    if not said:
        return ""
    x = float(found["x"]) + _CHARACTER * (len(whole) - len(whole.lstrip("\xa0")))
    place = f'x="{x:g}" y="{found["y"]}" textLength="{_CHARACTER * len(said):g}"'
    return f'<text class="{found["style"]}" {place} clip-path="url(#{found["clip"]})">{_escaped(said)}</text>'


def _escaped(said: str) -> str:
    return escape(said).replace("\xa0", "&#160;")
