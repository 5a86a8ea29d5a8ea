"""The commands of each Markdown file can be pasted into a terminal."""

import re

from support import pages

_ROOT = pages.FOLDER.parent
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_have_no_comments() -> None:
    """On its command line, zsh takes # for an argument, and what is behind it for more of them."""
    lines = [
        (page.name, line)
        for page in (*_ROOT.glob("*.md"), *pages.FOLDER.glob("*.md"))
        for block in _BLOCK.findall(page.read_text())
        for line in block.splitlines()
    ]

    assert lines
    assert [] == [(name, line) for name, line in lines if re.search(r"(^|\s)#", line)]
