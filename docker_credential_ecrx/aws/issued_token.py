"""ECR's authorization token as AWS issues it, in the form that both ways to AWS return it."""

import binascii

from docker_credential_ecrx import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from docker_credential_ecrx.errors import AwsError

LIFETIME_SECONDS = 12 * 3600.0
_USER = "AWS"


class IssuedToken:
    """A new password of the user ``AWS``, and its lifetime in seconds from now.

    ``doubt`` says why it may belong to another principal and so must not be cached, or is empty.
    ``principal`` is the ARN and ``account`` the ID of the account that AWS's responses name, or empty.
    """

    __slots__ = ("account", "doubt", "lifetime", "password", "principal")

    def __init__(self, password: str, lifetime: float) -> None:
        self.password = password
        self.lifetime = lifetime
        self.doubt = self.principal = self.account = ""

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"IssuedToken(lifetime={self.lifetime!r})"


def token_in(response: "Mapping[str, Any]", responded_at: float) -> IssuedToken:
    """Return the token in ECR's response; ``responded_at`` is AWS's time then, in seconds since 1970.

    The lifetime is by AWS's clock alone, so that the system clock does not matter.
    Raises AwsError if there is no token, or it has expired.
    """
    if "authorizationData" not in response:
        raise _error("invalid-response")
    data = response["authorizationData"]
    entry = data[0] if isinstance(data, list) and data else data
    if not isinstance(entry, dict) or not entry.get("authorizationToken"):
        raise _error("no-token")
    authorization, expires_at = str(entry["authorizationToken"]), entry.get("expiresAt")
    log.add_secret(authorization)
    password = decode(authorization)
    lifetime = LIFETIME_SECONDS
    if isinstance(expires_at, (int, float)):
        lifetime = min(lifetime, expires_at - responded_at)
    if lifetime <= 0:
        raise _error("expired-token")
    return IssuedToken(password, lifetime)


def decode(authorization: str) -> str:
    """Return the password in ECR's authorization token, base64 of ``AWS:PASSWORD``.

    Raises AwsError if it is anything else.
    """
    try:
        decoded = binascii.a2b_base64(authorization.encode("ascii"), strict_mode=True)
        user, colon, password = decoded.decode("ascii").partition(":")
    except ValueError:
        user, colon, password = "", "", ""
    if user != _USER or not colon or not password or not password.isprintable():
        raise _error("invalid-token")
    return password


def _error(code: str) -> "AwsError":
    from docker_credential_ecrx.aws import error_rules  # only failures need the table

    return error_rules.error(code)
