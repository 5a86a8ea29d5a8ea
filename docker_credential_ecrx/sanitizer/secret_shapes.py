"""Finds what looks like a secret in third-party text: letters and digits in an order that no word and no name has.

Each pair of adjacent characters gets a rating: by whether English has the two letters in a row, and by how upper case,
lower case and digits alternate.
The ratings are summed up: random characters raise the sum, whatever stands between them, and words lower it.
"""

import re
from collections.abc import Iterator

# Each letter with those that follow it in 90% of English text and AWS's names; these are a third of all pairs.
_PAIRS = (
    "abcdgilmnprstuvy baeilou cacehiklortuy dadeiorsu eacdefgilmnpqrstvwxy faefilo gaehirsu haeiot iabcdefglmnoprstvz "
    "kei ladeilostuy mabeimop nacdefginorstuv ocdfiklmnoprstuvw paceiloprstu qu racdefgikmnorstuvy sacehiknoprstu "
    "taceghiloprstuwy uabceilmnprst vaeip wahio xcet yprs"
)
_FOLLOWERS = {pairs[0]: pairs[1:] for pairs in _PAIRS.split(" ")}
# Logarithms of how much likelier a pair is in a random text than in a readable one.
_COMMON, _RARE, _NEW_WORD, _DIGITS, _LETTER_AND_DIGIT, _BETWEEN_PIECES = -1.1, 2.2, 1.6, 0.3, 3.0, 2.0
# In eight million characters of readable text, only lists of identifiers reach this sum.
_RANDOM = 14.0
_SHORTEST = 16  # characters; AWS's shortest secret has 40
_GIVEN_UP = 12.0  # a random part ends where the sum is this far below its maximum
_PIECE = 2  # the longest part of a secret that is split, as in "a b c"
_LONGEST_NUMBER = 20

_ATOM = re.compile(r"[A-Za-z0-9]+")
# Known forms that are not secrets.
_KNOWN = re.compile(
    r"""
    \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b                          # a UUID
  | \b(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?![A-Za-z0-9])                       # a digest
  | \bA(?:BIA|CCA|GPA|IDA|IPA|KIA|NPA|NVA|PKA|ROA|SCA|SIA)[A-Z0-9]{12,17}\b             # an ID from IAM
  | \b[a-z]{1,12}-(?:[0-9a-f]{8}|[0-9a-f]{17})\b                                        # a resource's, such as i-…
  | \btoken:[a-z-]+:[a-z-]+:[a-z0-9-]+:[0-9a-f]{32}\b                                     # a keyring's item
  | \b[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]{1,25}\.(?:amazonaws|on)\b              # a registry
  | \b[0-9]{8}T[0-9]{6}Z\b | \b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z?   # a time
    """,
    re.VERBOSE,
)
# Names of several parts, some of which may be random: an ARN, a host, a path, a name with hyphens.
_NAME = re.compile(r"(?<![\w/+=.%-])(?:[\w.-]+:)*(?:~|\.{1,2})?/?\w[\w.-]*[/.:_-][\w.,@:/=+-]*", re.ASCII)
# So much of a name without a dot, hyphen, underscore or colon may be a secret key with a slash in it.
_KEY = re.compile(r"[A-Za-z0-9/+=]{40,}")
_LONGEST_RANDOM_PART = 26  # as in vpce-0123456789abcdef0-a1b2c3d4; AWS's secrets are longer
# The names of ECS tasks, and so of their sessions.
_TASK = re.compile(r"\barn:aws[\w:/.+=,@-]*/[0-9a-f]{32}\b", re.ASCII)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of everything in ``text`` that looks like a secret, in order."""
    known = _marked(text, _KNOWN, _TASK)
    names = _marked(text, _NAME)
    for found in _KEY.finditer(text):
        names[found.start() : found.end()] = bytes(len(found[0]))
    atoms = [found.span() for found in _ATOM.finditer(text) if not known[found.start()]]
    for start, end in _random_parts(text, atoms):
        length = sum(min(last, end) - max(first, start) for first, last in atoms if last > start and first < end)
        is_in_name = all(names[start:end])
        if length >= _SHORTEST and not (is_in_name and length <= _LONGEST_RANDOM_PART):
            inner = [atom for atom in atoms if atom[1] > start and atom[0] < end]
            yield inner[0][0], inner[-1][1]


def _marked(text: str, *patterns: re.Pattern[str]) -> bytearray:
    """Return for each character of ``text`` whether it is part of a match of one of ``patterns``."""
    marked = bytearray(len(text))
    for found in (found for pattern in patterns for found in pattern.finditer(text)):
        marked[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    return marked


def _random_parts(text: str, atoms: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of ``text`` whose ``atoms`` look random, by the cumulative sum of their ratings."""
    sum_ = highest = 0.0
    begin = end = 0
    for at, following, rating in _pairs(text, atoms):
        is_apart = following > at + 1
        if not sum_:
            begin = following if is_apart else at
        sum_ = max(0.0, sum_ + rating)
        if sum_ > highest:
            highest, end = sum_, at if is_apart else following
        elif not sum_ or sum_ < highest - _GIVEN_UP:
            if highest > _RANDOM:
                yield begin, end + 1
            sum_ = highest = 0.0
    if highest > _RANDOM:
        yield begin, end + 1


def _pairs(text: str, atoms: list[tuple[int, int]]) -> Iterator[tuple[int, int, float]]:
    """Yield the positions of each pair of adjacent characters, and their rating."""
    before = (0, 0)
    for start, end in atoms:
        if before[1]:
            yield before[1] - 1, start, _rating_between(text[slice(*before)], text[start:end])
        if end - start > _LONGEST_NUMBER and text[start:end].isdecimal():
            yield start, end - 1, _RANDOM + 1
        for at in range(start, end - 1):
            yield at, at + 1, _rating(text[at], text[at + 1])
        before = start, end


def _rating(first: str, second: str) -> float:
    if first == second:
        return 0.0
    if first.isdecimal() or second.isdecimal():
        return _DIGITS if first.isdecimal() == second.isdecimal() else _LETTER_AND_DIGIT
    if first.islower() and second.isupper():
        return _NEW_WORD
    return _COMMON if second.lower() in _FOLLOWERS.get(first.lower(), "") else _RARE


def _rating_between(before: str, after: str) -> float:
    """Return the rating of one atom's end and the next one's start: few words are as short as a secret's pieces."""
    if before.isdecimal() and after.isdecimal():
        return 0.0
    if len(before) <= _PIECE and len(after) <= _PIECE:
        return _BETWEEN_PIECES
    first, second = before[-1], after[0]
    if first.isdecimal() or second.isdecimal():
        return 0.0
    rating = _rating(first.lower(), second.lower())
    return rating / 2 if rating > 0 else rating
