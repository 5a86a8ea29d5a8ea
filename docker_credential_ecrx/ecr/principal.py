"""Reads whom a policy is to name: an account, a role or a user; pure."""

import hashlib
import re
from typing import NamedTuple

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.arn import Arn
from docker_credential_ecrx.errors import ArgumentError

_ACCOUNT = re.compile(r"[0-9]{12}")
_KINDS = ("root", "role", "user")  # that a policy may name


class Principal(NamedTuple):
    """An account (by its root), a role or a user.

    ``sid`` is its part of a statement's identifier: letters and digits that no other principal has.
    """

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
    found = arn.parse(to)
    if found is not None and found.kind == "assumed-role":
        message = f"{to} is a session of a role"
        role = f"arn:{found.partition}:iam::{found.account}:role/{found.name}"
        raise ArgumentError(message, f"name the role, with its path if it has one: {role}")
    if found is None or found.kind not in _KINDS:
        raise ArgumentError(
            f"{to} is neither an account's id nor the ARN of its root, a role or a user",
            f"write 12 digits, or arn:{partition}:iam::ACCOUNT:role/NAME",
        )
    if found.partition != partition:
        raise ArgumentError(
            f"{to} is of the partition {found.partition}, and the repository is in {partition}",
            f"name a principal of {partition}: no policy reaches into another partition",
        )
    return Principal(to, found.account, _sid(to, found))


def _sid(to: str, found: Arn) -> str:
    """Return the account, and of a role or a user its kind, its name and a digest of what stands for it in the ARN."""
    if found.kind == "root":
        return found.account
    # The digest tells apart what differs in the path, or in other characters only.
    resource = to.partition(f":{found.account}:")[2]
    digest = hashlib.sha256(resource.encode()).hexdigest()[:8]
    return f"{found.account}{found.kind.title()}{re.sub('[^A-Za-z0-9]', '', found.name)}{digest}"
