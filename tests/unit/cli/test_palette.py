"""The colours of output can be read on a light and on a dark background."""

import re

import pytest
from rich.color import Color

from docker_credential_ecrx.cli import palette

_BACKGROUNDS = {"black": "#000000", "grey": "#1e1e1e", "dark": "#002b36", "light": "#fdf6e3", "white": "#ffffff"}


def _luminance(colour: str) -> float:
    """Return the relative luminance (https://www.w3.org/TR/WCAG21/#dfn-relative-luminance)."""
    parts = [part / 255 for part in Color.parse(colour).get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background", _BACKGROUNDS)
@pytest.mark.parametrize("name", palette.FIXED)
def test_colour_has_enough_contrast(name: str, background: str) -> None:
    """3:1 is what WCAG asks for signs and large text."""
    found = re.search(r"color\(\d+\)", palette.FIXED[name])
    assert found is not None

    dark, light = sorted([_luminance(found[0]), _luminance(_BACKGROUNDS[background])])

    assert (light + 0.05) / (dark + 0.05) >= 3
