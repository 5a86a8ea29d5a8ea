"""Sanitizes third-party text: from AWS, registries, D-Bus, libraries, and files that others may write.

The result is one printable line of limited length, without the user and password of a URL and without anything that
looks like a secret.
This is for quotes in messages; a document that the user asked for is only ``escaped``, and stays complete.
"""

import re
import sys

from docker_credential_ecrx.sanitizer import secret_shapes

UNKNOWN = "unknown"
_LONGEST, _LONGEST_WORD = 600, 200
_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,80}")
_CUT = "…"
_NOT_PLAIN = re.compile(r"\r(?!\n)|[^\r\n\t -~]")
# Printable for Python, but invisible.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_PLAIN_WORD = re.compile(r"[A-Za-z]*[.,;:!?)\"']*")
# The user and password of a URL without a scheme.
_USER = re.compile(r"(?<![\w.:/@-])(?!arn:|AROA)[^\s:/@\"']{1,256}:[^\s:/@]{1,256}@(?!(?:sha256|sha512):)(?=[\w.-]+)")
# The value after such a label is a secret, even if it is a plain word.
_LABELS = r"[\w-]{0,40}(?:password|passwd|pwd|passphrase|secret[_-]?(?:access[_-]?)?key|client[_-]?secret)"
_LABELLED = re.compile(rf"(?i)(\b{_LABELS}[\"']?\s*[:=]\s*[\"']?)([^\s\"'{_CUT}]+)")
# The value after such a label is a secret, unless it is a plain word: "token: it has expired".
_TOKENS = r"[\w-]{0,40}(?:token|secret|signature|authorization|auth|cookie|api[_-]?key)"
_TOKEN = re.compile(
    rf"(?i)(\b{_TOKENS}[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer)\s+)?|\b(?:basic|bearer|negotiate)\s+)([^\s\"']+)"
)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}[\w.-]*", re.ASCII)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]+;")
_RANDOM = re.compile("[A-Za-z0-9]{32,}")
_CUTS = re.compile(rf"{_CUT}[\s{_CUT}]*{_CUT}")


def text(value: object, longest: int = _LONGEST) -> str:
    """Return third-party text as one printable line of up to ``longest`` characters, with "…" instead of secrets."""
    words = _one_line(str(value)[: 4 * longest])
    # Removing a secret may join the parts of another one.
    while (cut := _without_secrets(words)[:longest].rstrip()) != words:
        words = cut
    return words


def line(sentence: str, longest: int = sys.maxsize) -> str:
    """Return one of the program's own messages as one printable line, without the user and password of a URL.

    Third-party text in it has been through ``text`` before.
    The user's paths and names stay complete, so that a command can be pasted, except for long words of both cases that
    look like a secret, which no path and few names contain.
    """
    return _RANDOM.sub(_cut_if_random, _without_users(_one_line(sentence)))[:longest].rstrip()


def code(value: object) -> str:
    """Return an error code of a service or a registry, or "unknown" if it is not one."""
    found = str(value)
    return found if _CODE.fullmatch(found) and text(found) == found else UNKNOWN


def escaped(document: str) -> str:
    r"""Return ``document`` with control and invisible characters as escapes such as ``\u202e``; its lines stay."""
    return _NOT_PLAIN.sub(_escape, document)


def _escape(found: re.Match[str]) -> str:
    """Return Python's escape for a character, or the character if it is visible."""
    number = ord(found[0])
    if found[0].isprintable() and not _INVISIBLE.match(found[0]):
        return found[0]
    if found[0].isascii():
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if found[0] <= "\uffff" else f"\\U{number:08x}"


def _one_line(words: str) -> str:
    """Return ``words`` as one printable line."""
    if not words.isascii():
        words = _INVISIBLE.sub("", words)
        # Characters without width must not become spaces.
        words = "".join(c for c in words if c.isprintable() or not _is_format(c))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _is_format(character: str) -> bool:
    return not character.isspace() and character >= "\u00ad" and not "\ud800" <= character <= "\udfff"


def _without_users(words: str) -> str:
    return _USER.sub("", " ".join(map(_without_user, words.split(" "))) if "://" in words else words)


def _without_user(word: str) -> str:
    """Return a URL without its user and password; the digest of an image also follows an "@"."""
    scheme, _, rest = word.partition("://")
    user, found, host = rest.rpartition("@")
    if found and host.startswith(("sha256:", "sha512:")):
        user, found, image = user.rpartition("@")
        host = f"{image}@{host}"
    return f"{scheme}://{host}" if found and (":" in user or "/" not in user) else word


def _without_secrets(words: str) -> str:
    words = _without_users(words)
    words = _LABELLED.sub(rf"\1{_CUT}", words)
    words = _TOKEN.sub(_cut_unless_word, words)
    words = _JSON_WEB_TOKEN.sub(_CUT, words)
    words = " ".join(map(_word, words.split()))
    for start, end in reversed([*secret_shapes.spans(words)]):
        words = words[:start] + _CUT + words[end:]
    return " ".join(_CUTS.sub(_CUT, words).split())


def _cut_if_random(found: re.Match[str]) -> str:
    word = found[0]
    is_mixed = not (word.islower() or word.isupper() or word.isdecimal())
    return _CUT if is_mixed and any(secret_shapes.spans(word)) else word


def _cut_unless_word(found: re.Match[str]) -> str:
    value = found[2]
    return found[0] if _PLAIN_WORD.fullmatch(value) or "realm=" in value else f"{found[1]}{_CUT}"


def _word(word: str) -> str:
    """Return ``word``, or "…" if it is too long or contains an escaped secret."""
    if len(word) > _LONGEST_WORD:
        return _CUT
    if _ESCAPED.search(word):
        plain = _unescaped(word)
        if _without_secrets(_one_line(plain)) != _one_line(plain):
            return _CUT
    return word


def _unescaped(word: str) -> str:
    """Return ``word`` without the escapes of URLs, JSON and HTML."""
    from urllib.parse import unquote  # few words need it

    plain = unquote(word)
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})", lambda found: chr(int(found[1] or found[2], 16)), plain)
    return re.sub(r"&#(x?)([0-9A-Fa-f]{1,5});", _character, plain)


def _character(found: re.Match[str]) -> str:
    try:
        return chr(int(found[2], 16 if found[1] else 10))
    except ValueError:
        return found[0]
