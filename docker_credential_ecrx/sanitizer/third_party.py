"""The door for all text that others wrote: of AWS, registries, busses, libraries, and files that others write, too.

What comes through is one printable line of bounded length, without the user and password of a URL and without what
looks like a secret.
It is for messages, which name and quote; a document that was asked for is ``escaped`` and stays whole.
"""

import re
import sys

from docker_credential_ecrx.sanitizer import secret_shapes

UNKNOWN = "unknown"
_LONGEST, _LONGEST_WORD = 600, 200
_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,80}")
_CUT = "…"
_TOLD_TO_TERMINALS = re.compile(r"\r(?!\n)|[^\r\n\t -~]")
# What is printable for Python, and shows nothing.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_PLAIN_WORD = re.compile(r"[A-Za-z]*[.,;:!?)\"']*")
# The user and the password in what is a URL but for its scheme.
_USER = re.compile(r"(?<![\w.:/@-])(?!arn:|AROA)[^\s:/@\"']{1,256}:[^\s:/@]{1,256}@(?!(?:sha256|sha512):)(?=[\w.-]+)")
# What follows such a word is a secret, be it a word itself.
_LABELS = r"[\w-]{0,40}(?:password|passwd|pwd|passphrase|secret[_-]?(?:access[_-]?)?key|client[_-]?secret)"
_LABELLED = re.compile(rf"(?i)(\b{_LABELS}[\"']?\s*[:=]\s*[\"']?)([^\s\"'{_CUT}]+)")
# And such a one, unless it is a word: "token: it has expired".
_TOKENS = r"[\w-]{0,40}(?:token|secret|signature|authorization|auth|cookie|api[_-]?key)"
_TOKEN = re.compile(
    rf"(?i)(\b{_TOKENS}[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer)\s+)?|\b(?:basic|bearer|negotiate)\s+)([^\s\"']+)"
)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}[\w.-]*", re.ASCII)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]+;")
_DRAWN = re.compile("[A-Za-z0-9]{32,}")
_CUTS = re.compile(rf"{_CUT}[\s{_CUT}]*{_CUT}")


def text(value: object, longest: int = _LONGEST) -> str:
    """Return the words of others in one printable line of up to ``longest`` characters, with "…" for secrets."""
    words = _one_line(str(value)[: 4 * longest])
    # What is cut may bring together what was apart.
    while (cut := _without_secrets(words)[:longest].rstrip()) != words:
        words = cut
    return words


def line(sentence: str, longest: int = sys.maxsize) -> str:
    """Return a sentence of the program's own in one printable line, without the user and password of a URL.

    What services say in it has come through ``text`` before. The user's paths and names stay whole, so that a command
    in it can be run, but for long words in both cases that look like a secret: no path and few names have one.
    """
    return _DRAWN.sub(_cut_if_drawn, _without_users(_one_line(sentence)))[:longest].rstrip()


def code(value: object) -> str:
    """Return an error's code, as services and registries have them, or "unknown" if it is none."""
    found = str(value)
    return found if _CODE.fullmatch(found) and text(found) == found else UNKNOWN


def escaped(document: str) -> str:
    r"""Return ``document`` with what a terminal would obey or not show spelt out, as ``\u202e``; its lines stay."""
    return _TOLD_TO_TERMINALS.sub(_spelt, document)


def _spelt(found: re.Match[str]) -> str:
    """Return the character's number as Python writes it, if it is not printable."""
    number = ord(found[0])
    if found[0].isprintable() and not _UNSEEN.match(found[0]):
        return found[0]
    if found[0].isascii():
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if found[0] <= "\uffff" else f"\\U{number:08x}"


def _one_line(words: str) -> str:
    """Return ``words`` in one printable line."""
    if not words.isascii():
        words = _UNSEEN.sub("", words)
        # What has no width would part what belongs together.
        words = "".join(c for c in words if c.isprintable() or not _is_format(c))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _is_format(character: str) -> bool:
    return not character.isspace() and character >= "\u00ad" and not "\ud800" <= character <= "\udfff"


def _without_users(words: str) -> str:
    return _USER.sub("", " ".join(map(_without_user, words.split(" "))) if "://" in words else words)


def _without_user(word: str) -> str:
    """Return a URL without its user and password; an image's digest follows an "@", too."""
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


def _cut_if_drawn(found: re.Match[str]) -> str:
    word = found[0]
    is_mixed = not (word.islower() or word.isupper() or word.isdecimal())
    return _CUT if is_mixed and any(secret_shapes.spans(word)) else word


def _cut_unless_word(found: re.Match[str]) -> str:
    value = found[2]
    return found[0] if _PLAIN_WORD.fullmatch(value) or "realm=" in value else f"{found[1]}{_CUT}"


def _word(word: str) -> str:
    """Return ``word``, or "…" if it is too long, or hides a secret behind escapes."""
    if len(word) > _LONGEST_WORD:
        return _CUT
    if _ESCAPED.search(word):
        plain = _unescaped(word)
        if _without_secrets(_one_line(plain)) != _one_line(plain):
            return _CUT
    return word


def _unescaped(word: str) -> str:
    """Return ``word`` as whoever shows a URL, JSON or HTML would."""
    from urllib.parse import unquote  # which few words need

    plain = unquote(word)
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})", lambda found: chr(int(found[1] or found[2], 16)), plain)
    return re.sub(r"&#(x?)([0-9A-Fa-f]{1,5});", _character, plain)


def _character(found: re.Match[str]) -> str:
    try:
        return chr(int(found[2], 16 if found[1] else 10))
    except ValueError:
        return found[0]
