"""Refuses empty keys, and those with a character that no key has: a pasted or decoded secret may end in a line break.

An HTTP header cannot contain one, and AWS only says that a signature is wrong (botocore#2001).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session

_BREAKS = "\r\n"
_NAMES = {"\t": "a tab", " ": "a space"}


class InvalidKeyError(Exception):
    """A part of the credentials, ``access-key``, ``secret-key`` or ``session-token``, contains ``character``.

    That is empty if the part is.
    """

    def __init__(self, part: str, character: str) -> None:
        super().__init__(part)
        self.part = part
        self.character = character


def watch(session: "Session") -> None:
    """Check the credentials that sign each request of ``session``; its caller gets InvalidKeyError."""
    handler: Any = _before_sign
    session.register("before-sign", handler)


def describe(codepoint: str) -> str:
    """Return what a message calls the character with this code point, such as ``U-000A``; anybody may have sent it."""
    try:
        character = chr(int(codepoint.removeprefix("U-"), 16))
    except (ValueError, OverflowError):
        return "a character that no key has"
    if character in _BREAKS:
        return "a line break"
    return _NAMES.get(character, f"the character {codepoint.replace('-', '+')}")


def _before_sign(*, request_signer: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    credentials = getattr(request_signer, "_credentials", None)
    if credentials is None:
        return
    frozen = credentials.get_frozen_credentials()
    parts = {"access-key": frozen.access_key, "secret-key": frozen.secret_key, "session-token": frozen.token}
    for part, value in parts.items():
        if not value and part != "session-token":  # which only a session has
            raise InvalidKeyError(part, "")
        invalid = [character for character in value or "" if not "!" <= character <= "~"]
        if invalid:
            # Most such keys have a line break.
            raise InvalidKeyError(part, next((found for found in invalid if found in _BREAKS), invalid[0]))
