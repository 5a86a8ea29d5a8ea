"""Each relative link of each Markdown file leads to a file, and each page is linked from another one."""

import re
from pathlib import Path

from support import pages

_ROOT = pages.FOLDER.parent
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")


def _links(page: Path) -> list[Path]:
    return [(page.parent / target).resolve() for target in _LINK.findall(page.read_text())]


def test_every_link_leads_to_a_file() -> None:
    every = [(page.name, target.name) for page in _pages() for target in _links(page) if not target.exists()]

    assert [] == every


def test_every_page_is_reachable_from_the_readme() -> None:
    reached = {_ROOT / "README.md"}
    new = set(reached)
    while new:
        new = {target for page in new if page.suffix == ".md" for target in _links(page)} - reached
        reached |= new

    assert set() == set(pages.FOLDER.glob("*.md")) - reached


def _pages() -> list[Path]:
    return [*_ROOT.glob("*.md"), *pages.FOLDER.glob("*.md")]
