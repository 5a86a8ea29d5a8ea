"""docs/comparison.md and the README: what they say of other programs is what a test or a simulation shows."""

import re
from pathlib import Path

from support import pages

_ROOT = pages.FOLDER.parent
_README = (_ROOT / "README.md").read_text()
_PAGE = pages.text("comparison.md")


def _rows() -> list[list[str]]:
    """Return the rows of both tables, each with its head: the second is for nodes."""
    rows = [row for row in pages.table("comparison.md") if row[0] != "---"]
    assert ["shown by"] * 2 == [row[-1] for row in rows if row[0] == ""]
    return rows


def test_every_row_names_tests_that_are_there_or_the_simulation() -> None:
    for row in _rows():
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1])

        assert named or "[scale.md](scale.md)" in row[-1] or row[0] == "", row
        for path, name in named:
            assert f"def {name}(" in (_ROOT / "tests" / path).read_text(), (path, name)


def test_readme_has_only_rows_of_the_page() -> None:
    """And of their cells those of this program and of ecr-login, if all of them say something."""
    table = _README.partition("## How it compares")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    assert _rows()[0][:3] == shown[0]
    assert [] == [row for row in shown if row not in [known[:3] for known in _rows()]]
    assert "not tested" not in table


def test_version_of_ecr_login_is_the_one_that_is_run() -> None:
    (version,) = re.findall(r"^ECR_LOGIN=.*@v([\d.]+)$", (_ROOT / "tests" / "bench" / "run").read_text(), re.MULTILINE)

    for text in (_README, _PAGE):
        assert {version} == {*re.findall(r"ecr-login(?: get)?`? (\d+\.\d+\.\d+)", text)}


def test_figures_of_the_simulation_are_those_of_scale_md() -> None:
    served = [row[-1] for row in pages.table("scale.md") if re.fullmatch(r"[\d.]+%", row[-1])]
    day_theirs, day_ours, nodes_theirs, nodes_ours, with_keyring, *_, short_theirs, short_ours = served
    rows = [row for row in _rows() if "[scale.md]" in row[-1]]
    pairs = [[day_ours, day_theirs], [short_ours, short_theirs], [nodes_ours, nodes_theirs]]

    assert pairs == [row[1:3] for row in rows[:3]]
    assert [with_keyring] == [row[1] for row in rows[3:]]


def test_readme_fits_on_two_screens() -> None:
    assert len(_README.splitlines()) <= 120


def test_pictures_of_the_readme_are_there() -> None:
    named = re.findall(r'(?:src|srcset)="([^"]+)"', _README)

    assert {"docs/session-dark.svg", "docs/session-light.svg"} == {*named}
    assert [] == [name for name in named if not Path(_ROOT, name).is_file()]
