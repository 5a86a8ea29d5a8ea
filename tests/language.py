"""Finds words that this project does not use: python3 tests/language.py.

It reads prose and scripts line by line, and of Python the comments, the names of tests, and strings of several words.
Exit status 1 if it finds one.
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# What is banned, and what to write.
_BANNED = {
    r"mend(s|ed|ing)?": "fix",
    r"mint(s|ed|ing)?": "fetch, refresh, issue",
    r"anew": "again",
    r"(is|are) over": "has expired, has ended",
    r"does not let itself": "cannot be",
    r"be had": "there is, can retrieve",
    r"be content": "accept",
    r"strangers?": "third-party, another user",
    r"house": "package",
    r"front door": "entry point",
    # Room on a disk or in a buffer is room.
    r"(this|that|each|every|other|own|which) rooms?": "module",
    r"way_errors": "client_errors",
    r"aws_errors": "service_errors",
    r"whose end may never come": "a named pipe",
    r"out of reach": "cannot be reached",
    r"no more than needs be|who waits|what mends": "a subject and an active verb",
    r"gave no answer|gives no answer": "did not respond",
    r"nobody but": "only",
    r"long_over": "expired_before",
    r"[Ss]tand-?[Ii]ns?": "fake",
}
_PATTERN = re.compile(r"\b(?:" + "|".join(_BANNED) + r")\b")  # a group for each would take four times as long
_PROSE = ("*.md", "*.sh", "*.ps1", "*.yml", "*/run", "*/lint", "*.toml", "*.json")
_THIS = "tests/language.py"
_EXAMPLES = "tests/unit/test_language.py"


def main() -> int:
    """Print each banned word, and their number; return the exit status."""
    lines = [line for path in files() for line in findings(path, (_ROOT / path).read_text(encoding="utf-8"))]
    print(*lines, f"{len(lines)} banned words", sep="\n")  # noqa: T201 - what lint shows
    return int(bool(lines))


def findings(path: str, text: str) -> Iterator[str]:
    """Yield a line for each banned word in a file."""
    lower = text.lower()
    if not _PATTERN.search(lower.replace("_", " ")) and not _PATTERN.search(lower):
        return  # as of most files of Python, which need not be taken apart
    for number, line in _python(lower) if path.endswith(".py") else enumerate(lower.splitlines(), 1):
        for match in _PATTERN.finditer(line):
            instead = next(other for banned, other in _BANNED.items() if re.fullmatch(banned, match[0]))
            yield f"{path}:{number}: {match[0]!r}; write: {instead}"


def files() -> list[str]:
    """Return the paths of all files that are read, without the licences of others, the list above and its tests."""
    folders = [_ROOT / name for name in ("docker_credential_ecrx", "docs", "tests", "build", ".ci", ".github")]
    paths = [*_ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    names = [path.relative_to(_ROOT).as_posix() for path in paths if path.is_file()]
    return sorted(
        name
        for name in names
        if any(fnmatch(name, pattern) for pattern in ("*.py", *_PROSE))
        and not name.startswith(("build/licences/", "tests/clients/", _THIS, _EXAMPLES))
        and not name.endswith(".schema.json")  # they have the names of keys
    )


def _python(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line of a comment or a string, and of each test's name."""
    last = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        is_prose = kind == "COMMENT" or (kind in ("STRING", "FSTRING_MIDDLE") and " " in token.string)
        if is_prose:
            yield from enumerate(token.string.splitlines(), token.start[0])
        elif last in ("def", "class") and token.string.lower().startswith("test"):
            yield token.start[0], token.string.replace("_", " ")
        last = token.string


if __name__ == "__main__":
    sys.exit(main())
