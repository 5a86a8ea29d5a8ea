"""An entry of the index; apart, since a first get does without ``typing``, which takes milliseconds to import."""

from typing import TypedDict


class Entry(TypedDict, total=False):
    """One item of a keyring; times are in seconds since 1970, UTC."""

    kind: str  # token, login or password
    servers: list[str]
    user: str
    identity: str
    principal: str  # the ARN that AWS has for the identity, if AWS named it
    account: str  # the account of the principal, if ECR named it
    region: str
    keyring: str
    minted: float
    renew: float
    expires: float
