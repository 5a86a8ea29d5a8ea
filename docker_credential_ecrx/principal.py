"""Reads whom a policy is to name: an account, a role or a user; pure."""

import hashlib
import re
from typing import NamedTuple

from docker_credential_ecrx.errors import ArgumentError

_ACCOUNT = re.compile(r"[0-9]{12}")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html says what names and paths are made of.
_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):(root|(role|user)/([!-~]+/)?([A-Za-z0-9_+=,.@-]+))")
_SESSION = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([A-Za-z0-9_+=,.@-]+)/.+")


class Principal(NamedTuple):
    """An account (by its root), a role or a user; ``sid`` is it in letters and digits, and in no other's."""

    arn: str
    account: str
    sid: str

    @property
    def root(self) -> str:
        """Return the ARN of the account's root."""
        return f"{self.arn.rpartition(':')[0]}:root"


def parse(to: str, partition: str) -> Principal:
    """Return the principal that ``to`` names, an account's id or an ARN, for a policy in ``partition``.

    Raises ArgumentError.
    """
    if _ACCOUNT.fullmatch(to):
        to = f"arn:{partition}:iam::{to}:root"
    session = _SESSION.fullmatch(to)
    if session is not None:
        message = f"{to} is a session of a role"
        hint = f"name the role, with its path if it has one: arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
        raise ArgumentError(message, hint)
    match = _ARN.fullmatch(to)
    if match is None:
        message = f"{to} is neither an account's id nor the ARN of its root, a role or a user"
        raise ArgumentError(message, f"write 12 digits, or arn:{partition}:iam::ACCOUNT:role/NAME")
    if match[1] != partition:
        message = f"{to} is of the partition {match[1]}, and the repository is in {partition}"
        raise ArgumentError(message, f"name a principal of {partition}: no policy reaches into another partition")
    return Principal(to, match[2], _sid(match))


def _sid(match: re.Match[str]) -> str:
    if match[3] == "root":
        return match[2]
    # The digest tells apart what differs in other characters only.
    digest = hashlib.sha256(match[3].encode()).hexdigest()[:8]
    return f"{match[2]}{match[4].title()}{re.sub('[^A-Za-z0-9]', '', match[6])}{digest}"
