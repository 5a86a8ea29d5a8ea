"""Parses the principal that a policy statement names: an account, a role or a user, or all of an organization."""

import hashlib
import re
from typing import NamedTuple

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.arn import Arn
from docker_credential_ecrx.ecr.registry import is_account
from docker_credential_ecrx.errors import ArgumentError, Remedy

_KINDS = ("root", "role", "user")  # that a policy may name
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html and API_Root.html
_UNIT, _ROOT = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"), re.compile(r"r-[0-9a-z]{4,32}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


class Principal(NamedTuple):
    """An account (by its root), a role or a user; or everybody (``*``) in ``organization``, whose account is empty.

    ``sid`` is its part of a statement's Sid: letters and digits that are unique to the principal.
    """

    arn: str
    account: str
    sid: str
    organization: str = ""

    @property
    def name(self) -> str:
        """Return what identifies it: an ARN, or the organization's ID."""
        return self.organization or self.arn

    @property
    def members(self) -> str:
        """Return in words to whom a statement applies that names it."""
        if self.organization:
            return f"every principal of organization {self.organization}"
        return f"every principal of account {self.account}" if self.arn == self.root else self.arn

    @property
    def root(self) -> str:
        """Return the ARN of the account's root."""
        return f"{self.arn.rpartition(':')[0]}:root"


def parse(to: str, partition: str) -> Principal:
    """Return the principal ``to``, an account ID or an ARN, for a policy in ``partition``.

    Raises ArgumentError.
    """
    if is_account(to):
        to = f"arn:{partition}:iam::{to}:root"
    _refuse_part_of_organization(to)
    if is_organization(to):
        raise ArgumentError(f"{to} is the ID of an organization", f"name it with --org {to}")
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


def organization(text: str) -> Principal:
    """Return all principals of the accounts in the organization with the ID ``text``; raise ArgumentError."""
    _refuse_part_of_organization(text)
    if is_account(text):
        raise ArgumentError(f"{text} is the ID of an account", f"name it with --to {text}")
    if arn.parse(text) is not None:
        raise ArgumentError(f"{text} is an ARN", f"name it with --to {text}")
    if not is_organization(text):
        raise ArgumentError(
            f"{text} is not the ID of an organization, which is o- and 10 to 32 lower-case letters or digits",
            Remedy(
                "find it with any account of the organization",
                "aws organizations describe-organization --query Organization.Id --output text",
            ),
        )
    return Principal("*", "", f"Org{text.removeprefix('o-')}", text)


def _refuse_part_of_organization(text: str) -> None:
    """Raise ArgumentError if ``text`` is the ID of an organizational unit or of a root."""
    if _UNIT.fullmatch(text):
        raise ArgumentError(
            f"{text} is an organizational unit, which is not supported",
            "name a whole organization with --org, or each account with --to",
        )
    if _ROOT.fullmatch(text):
        raise ArgumentError(f"{text} is the root of an organization", "name the organization, o-…, with --org")


def is_organization(text: str) -> bool:
    """Return whether ``text`` is the ID of an organization."""
    return _ORGANIZATION.fullmatch(text) is not None


def _sid(to: str, found: Arn) -> str:
    """Return the account, and for a role or a user its kind, its name and a digest of the ARN's resource."""
    if found.kind == "root":
        return found.account
    # The digest distinguishes names that differ only in the path or in other characters.
    resource = to.partition(f":{found.account}:")[2]
    digest = hashlib.sha256(resource.encode()).hexdigest()[:8]
    return f"{found.account}{found.kind.title()}{re.sub('[^A-Za-z0-9]', '', found.name)}{digest}"
