"""The check of the wording, tests/language.py."""

import pytest

import language


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("README.md", "x\nThis mends it.\n", 2),
        ("install.sh", "# minted\n", 1),
        ("a.py", '"""Doc.\n\nThe front door.\n"""\n', 3),
        ("a.py", "x = 1  # is over\n", 1),
        ("a.py", 'fail("cannot be")\nraise Error(f"no {x}: to be had")\n', 2),
        ("a.py", "def test_a_token_is_over() -> None: ...\n", 1),
        ("a.py", "class Test:\n    def test_strangers(self) -> None: ...\n", 2),
    ],
)
def test_a_banned_word_is_found_in_its_line(path: str, text: str, line: int) -> None:
    (found,) = language.findings(path, text)

    assert found.startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "A recommended amendment; the disk has no room.\n"),
        ("a.py", 'mint = entry["minted"]\n'),
        ("a.py", "from x import way_errors\n"),
        ("a.py", "def test_recommended() -> None: ...\n"),
    ],
)
def test_a_part_of_a_word_or_a_name_in_code_is_none(path: str, text: str) -> None:
    assert [] == list(language.findings(path, text))
