"""Parses the principal that a policy statement names: an account, a role or a user."""

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

    ``sid`` is its part of a statement's Sid: letters and digits that are unique to the principal.
    """

    arn: str
    account: str
    sid: str

    @property
    def root(self) -> str:
        """Return the ARN of the account's root."""
        return f"{self.arn.rpartition(':')[0]}:root"


def parse(to: str, partition: str) -> Principal:
    """Return the principal ``to``, an account ID or an ARN, for a policy in ``partition``.

    Raises ArgumentError.
    """
    if _ACCOUNT.fullmatch(to):
        to = f"arn:{partition}:iam::{to}:root"
    found = arn.parse(to)
    if found is not None and found.kind == "assumed-role":
        role = f"arn:{found.partition}:iam::{found.account}:role/{found.name}"
        raise ArgumentError(f"{to} is a session of a role", f"name the role, with its path if it has one: {role}")
    if found is None or found.kind not in _KINDS:
        raise ArgumentError(
            f"{to} is neither an account ID nor the ARN of an account's root, a role or a user",
            f"write 12 digits, or arn:{partition}:iam::ACCOUNT:role/NAME",
        )
    if found.partition != partition:
        raise ArgumentError(
            f"{to} is in the partition {found.partition}, and the repository is in {partition}",
            f"name a principal in {partition}: a policy cannot grant access across partitions",
        )
    return Principal(to, found.account, _sid(to, found))


def _sid(to: str, found: Arn) -> str:
    """Return the account, and for a role or a user its kind, its name and a digest of the ARN's resource."""
    if found.kind == "root":
        return found.account
    # The digest distinguishes names that differ only in the path or in other characters.
    resource = to.partition(f":{found.account}:")[2]
    digest = hashlib.sha256(resource.encode()).hexdigest()[:8]
    return f"{found.account}{found.kind.title()}{re.sub('[^A-Za-z0-9]', '', found.name)}{digest}"
