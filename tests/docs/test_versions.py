"""The pages name this version of the program where a reader would paste it, and the changelog has it."""

import re

import pytest

from docker_credential_ecrx import __version__
from support import pages

_ROOT = pages.FOLDER.parent
_OWN = re.compile(
    r"""(?:docker-credential-ecrx(?:-|\ |,\ version\ )|ecrx(?:-node)?:|tags/v|^\s*version(?:=|:\ )|VERSION:\ "?)
    (\d+\.\d+\.\d+)""",
    re.MULTILINE | re.VERBOSE,
)


@pytest.mark.parametrize(
    "page",
    [
        "builds",
        "codebuild",
        "containers",
        "ec2",
        "eks",
        "github-actions",
        "gitlab",
        "nodes",
        "two-accounts",
        "verification",
    ],
)
def test_page_names_this_version(page: str) -> None:
    assert {__version__} == set(_OWN.findall(pages.text(f"{page}.md")))


def test_no_page_names_another_version() -> None:
    """docs/upgrade.md is about two versions."""
    named = {(page.name, found) for page in pages.FOLDER.glob("*.md") for found in _OWN.findall(page.read_text())}

    assert set() == {name for name, found in named if found != __version__} - {"upgrade.md"}


def test_newest_version_of_the_changelog_is_this_one() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (_ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert __version__ == released[0]
    assert sorted(set(released), key=lambda version: [*map(int, version.split("."))], reverse=True) == released
