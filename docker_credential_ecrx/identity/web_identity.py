"""Web identity tokens: the claims by which a JSON web token names its principal.

A cached get imports this only if the identity uses a web identity token or a container's authorization token.
"""

import binascii

from docker_credential_ecrx.system import json_subset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def claims_of(token: str) -> "tuple[str, ...]":
    """Return the issuer, subject and audience of a JSON web token; the text itself if it is not one."""
    try:
        claims = _payload(token)
        return "claims", *(repr(claims[name]) for name in ("iss", "sub", "aud"))
    except (ValueError, LookupError, TypeError):
        return "text", token


def subject_of(token: str) -> "str | None":
    """Return the subject of a JSON web token, or None if it is not one."""
    try:
        subject = _payload(token)["sub"]
    except (ValueError, LookupError, TypeError):
        return None
    return subject if isinstance(subject, str) and subject.isprintable() and token.isascii() else None


def _payload(token: str) -> "dict[str, Any]":
    """Return the claims in a JSON web token; raise ValueError, LookupError or TypeError if there are none."""
    payload = token.strip().split(".")[1].replace("-", "+").replace("_", "/")
    claims: Any = json_subset.parse(binascii.a2b_base64(payload + "==").decode("utf-8"))
    return dict(claims)
