"""Removes the secrets that this process holds from a line before it is written, in every form in which one may appear.

Only letters and digits are compared, in lower case and with escapes resolved: a secret is also found if it is quoted,
split by spaces, or encoded for a URL, in JSON or in base64, and so is a piece of one.
A first get redacts what it writes to the index, so what few texts need is imported for those alone.
"""

import binascii
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

SECRET = "[secret]"  # noqa: S105 - the replacement
_PIECE = 12  # consecutive letters and digits that no text shares with a secret by chance; 16 characters contain as many
_RAW_PIECE = 16
_SHORTEST = 4  # anything shorter is in every line
_SHORTEST_INSIDE = 6  # the length of an MFA code; anything shorter is searched for as a word
# Values that are also words of the program's own messages: redacting them would reveal that they are secrets.
_OWN_WORDS = (
    *("amazon", "amazonaws", "auto", "config", "configure", "container", "credential", "credentials", "debug"),
    *("docker", "doctor", "ecrx", "false", "forget", "host", "json", "kernel", "keyring", "list", "login", "none"),
    *("null", "passwd", "password", "profile", "public", "registry", "role", "root", "secret", "service", "status"),
    *("store", "test", "token", "true", "user", "version"),
)
_ENCODED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
_SHORTEST_ENCODED = 20  # characters; anything shorter in a token is no secret
_ESCAPE = (
    r"((?:%[89A-Fa-f][0-9A-Fa-f])+)"
    r"|(?:%([0-7][0-9A-Fa-f])|\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|&#x([0-9A-Fa-f]{1,5});)|&#([0-9]{1,5});"
)
_ESCAPED_TWICE = 3
_ESCAPES = frozenset("%\\&")  # what begins an escape
_NEITHER = bytes(code for code in range(128) if not chr(code).isalnum())
_MOST_COMPARED = 10_000_000  # characters with characters, which takes some milliseconds
_MOST_CUT = 1_000_000  # characters; the pieces of more take a minute and gigabytes, and no secret of AWS has as many


class _Forms:
    """All forms of the secrets that it knows."""

    def __init__(self) -> None:
        self._count = 0
        # Secrets as they are, and the letters and digits of all their forms: a short text is searched for in these.
        self._raw: list[str] = []
        self._letters: list[str] = []
        # Each piece of them, which takes longer to make than a few short texts to search for.
        self._pieces: set[str] = set()
        self._raw_pieces: set[str] = set()
        self._words: set[str] = set()
        self._shorts: set[str] = set()
        self._numbers: set[str] = set()

    def learn(self, secrets: "Sequence[str]") -> None:
        """Add the new ones of ``secrets``, a list that only grows."""
        new = secrets[self._count :]
        for secret in new:
            self._add(secret)
        self._count += len(new)  # another thread may have added one since

    def _add(self, secret: str) -> None:
        if len(secret) < _SHORTEST or secret.lower() in _OWN_WORDS:
            return
        self._raw.append(secret)
        self._letters += [_letters(form) for form in (secret, *_encoded(secret), *_decoded(secret))]
        if len(_letters(secret)) < _PIECE:
            self._add_short(secret)

    def _cut(self) -> None:
        """Make all pieces of what was added since the last time."""
        for letters in self._letters:
            self._pieces.update([letters[at : at + _PIECE] for at in range(len(letters) - _PIECE + 1)])
        for secret in self._raw:
            pieces = [secret[at : at + _RAW_PIECE] for at in range(len(secret) - _RAW_PIECE + 1)]
            self._raw_pieces.update(filter(_is_raw, pieces))
        self._letters, self._raw = [], []

    def _add_short(self, secret: str) -> None:
        """Add a secret that is shorter than a piece as a whole, since other text may contain a part of it by chance."""
        import json
        from urllib.parse import quote

        self._words |= {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
        if secret.isdecimal():
            self._numbers.add(secret)
        for form in (secret, *_encoded(secret)):
            plain = "".join(c for c, _, _ in _plain(form))
            if len(plain) >= _SHORTEST_INSIDE:
                self._shorts.add(plain)

    def found(self, text: str) -> "Iterator[tuple[int, int]]":
        """Yield where a secret, or a piece of one, starts and ends in ``text``."""
        plain = _plain(text)
        letters = "".join(c for c, _, _ in plain)
        size = sum(map(len, self._letters))
        if size <= _MOST_CUT and len(text) * size > _MOST_COMPARED:
            self._cut()
        for at in range(len(letters) - _PIECE + 1):
            piece = letters[at : at + _PIECE]
            if piece in self._pieces or any(piece in form for form in self._letters):
                yield plain[at][1], plain[at + _PIECE - 1][2]
        for at in range(len(text) - _RAW_PIECE + 1):
            piece = text[at : at + _RAW_PIECE]
            if _is_raw(piece) and (piece in self._raw_pieces or any(piece in secret for secret in self._raw)):
                yield at, at + _RAW_PIECE
        for short in self._shorts:
            at = letters.find(short)
            while at >= 0:
                last = at + len(short) - 1
                if short not in self._numbers or not _is_in_number(plain, at, last):
                    yield plain[at][1], plain[last][2]
                at = letters.find(short, at + 1)
        if self._words:
            yield from self._found_words(text)

    def _found_words(self, text: str) -> "Iterator[tuple[int, int]]":
        """Yield where a short secret is a word of its own; as part of a longer one, it is another word."""
        import re

        for word in self._words:
            for found in re.finditer(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text):
                yield found.span()


_FORMS, _LOCK = _Forms(), allocate_lock()  # threads share the known secrets


def redacted(text: str, secrets: "Sequence[str]") -> str:
    """Return ``text`` with "[secret]" instead of each of ``secrets``, a list that only grows, and each piece of one."""
    with _LOCK:
        _FORMS.learn(secrets)
        found = sorted(_FORMS.found(text))
    parts: list[str] = []
    end = 0
    for first, last in found:
        if first > end or not parts:
            parts += [text[end:first], SECRET]
        end = max(end, len(text) - len(text[last:].lstrip("+=")))  # base64's other characters
    return "".join([*parts, text[end:]])


def _encoded(secret: str) -> "Iterator[str]":
    """Yield ``secret`` in base64, at each offset that it may have in the encoded text (as after "AWS:"), and in hex."""
    raw = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        # The first and last characters depend on the adjacent text.
        yield binascii.b2a_base64(bytes(before) + raw, newline=False).decode()[
            -(-before * 8 // 6) : (before + len(raw)) * 8 // 6
        ]
    yield raw.hex()


def _decoded(secret: str) -> "Iterator[str]":
    """Yield the secrets inside an ECR password, which is JSON in base64."""
    try:
        inner = binascii.a2b_base64(secret, strict_mode=True).decode("ascii")
    except ValueError:
        return
    parts = "".join(character if character in _ENCODED else " " for character in inner).split()
    yield from (part for part in parts if len(part) >= _SHORTEST_ENCODED)


def _is_in_number(plain: list[tuple[str, int, int]], first: int, last: int) -> bool:
    """Return whether the digits from ``first`` to ``last`` are part of a longer number, as of an account ID."""
    return any(
        plain[at][2] == plain[at + 1][1] and plain[at][0].isdecimal() and plain[at + 1][0].isdecimal()
        for at in (first - 1, last)
        if 0 <= at < len(plain) - 1
    )


def _is_raw(piece: str) -> bool:
    """Return whether a piece of a secret has too few letters and digits to be found by them."""
    return sum(map(str.isalnum, piece)) < _PIECE


def _letters(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case, as ``_plain`` does."""
    if text.isascii() and _ESCAPES.isdisjoint(text):
        return text.encode().translate(None, _NEITHER).decode().lower()
    return "".join(character for character, _, _ in _plain(text))


def _plain(text: str) -> list[tuple[str, int, int]]:
    """Return the letters and digits of ``text`` in lower case, with the start and end of each."""
    found = [(c, at, at + 1) for at, c in enumerate(text)]
    for _ in range(0 if _ESCAPES.isdisjoint(text) else _ESCAPED_TWICE):
        resolved = _resolved(found)
        if len(resolved) == len(found):
            break
        found = resolved
    return [(c.lower(), start, end) for whole, start, end in found for c in _compatible(whole) if c.isalnum()]


def _resolved(found: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    import re

    text, resolved, end = "".join(c for c, _, _ in found), [], 0
    for escape in re.finditer(_ESCAPE, text):
        resolved += found[end : escape.start()]
        resolved.append((_unescaped(escape), found[escape.start()][1], found[escape.end() - 1][2]))
        end = escape.end()
    return resolved + found[end:]


def _unescaped(escape: "re.Match[str]") -> str:
    """Return the characters of an escape sequence."""
    of_url, decimal = escape[1], escape[6]
    if of_url:
        return bytes.fromhex(of_url.replace("%", "")).decode("utf-8", "replace")
    return chr(int(decimal) if decimal else int(next(filter(None, escape.groups())), 16))


def _compatible(characters: str) -> str:
    """Return the plain equivalents of characters such as full-width letters."""
    if characters.isascii():
        return characters
    from unicodedata import normalize

    return normalize("NFKC", characters)
