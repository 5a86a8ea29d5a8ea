"""Whose side is missing where a registry of ECR says 403: the repository's policy, or the caller's own rights; pure.

IAM's words: "User: ARN is not authorized to perform: ACTION on resource: ARN because no resource-based policy allows
the ACTION action", or "no identity-based policy", or "with an explicit deny in a …".
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
import shlex
from typing import NamedTuple

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Access
from docker_credential_ecrx.identity.settings import PROGRAM

_WORDS = re.compile(r"User: (?P<principal>arn:\S+) is not authorized to perform: (?P<action>[a-z-]+:[A-Za-z]+)")
_DENIED_BY = re.compile(
    r"with an explicit deny in (?:an? |the )?(?P<policy>[A-Za-z ()-]+? policy|permissions boundary)"
)
_MISSING = re.compile(r"no (?P<policy>[A-Za-z ()-]+?) allows")
# What AWS has for those who pull, and for those who push, too.
_MANAGED = {PULL: "AmazonEC2ContainerRegistryReadOnly", PUSH: "AmazonEC2ContainerRegistryPowerUser"}
_ATTACHED_TO = {"assumed-role": "role", "user": "user"}  # by the kind of principal that asks


class Refusal(NamedTuple):
    """What was refused to whom and why, in a line, and what mends it: a line for each side that may be missing."""

    detail: str
    remedy: str


def explain(message: str, image: Image, caller: str, action: str, access: Access) -> Refusal:
    """Return what ECR's ``message`` about ``action`` means for ``caller``, an ARN or empty, who wants ``access``."""
    said = _WORDS.search(message)
    principal = said["principal"] if said else caller
    action = said["action"] if said else action
    denied, missing = _DENIED_BY.search(message), _MISSING.search(message)
    grant, allow = _grant(image, principal, access), _allow(principal, access)
    is_own = _account(principal) == image.registry.account
    subject = f"{principal or 'the caller'} may not {action}"
    if denied and "resource-based" in denied["policy"]:
        remedy = f"have the owner remove that Deny statement: {_policy('show', image)}"
        return Refusal(f"{subject}: the repository policy denies it", remedy)
    if denied:
        where = denied["policy"]
        return Refusal(f"{subject}: a {where} denies it", f"have who administers it change that {where}")
    if missing and "resource-based" in missing["policy"] and not is_own:
        return Refusal(f"{subject}: the repository policy does not allow it", grant)
    if is_own or (missing and "identity-based" in missing["policy"]):
        return Refusal(f"{subject}: its own IAM policy does not allow it", allow)
    if missing:
        where = missing["policy"]
        return Refusal(f"{subject}: no {where} allows it", f"have who administers it change that {where}")
    detail = f"{subject}: the repository policy or its own IAM policy does not allow it"
    return Refusal(detail, f"{grant}\n{allow}")


def _grant(image: Image, principal: str, access: Access) -> str:
    more = [
        "--to",
        _account(principal) or "ACCOUNT",
        *(["--pull-only"] if access is PULL else []),
        "--profile",
        "OWNER",
    ]
    return f"run as the owner, account {image.registry.account}: {_policy('grant', image, *more)} --apply"


def _policy(verb: str, image: Image, *more: str) -> str:
    return shlex.join([PROGRAM, "policy", verb, image.repository, *more, "--region", image.registry.region])


def _allow(principal: str, access: Access) -> str:
    """Return what gives ``principal`` the rights of ``access`` in its own account: a command for a role or a user."""
    name = _MANAGED[access]
    found = arn.parse(principal)
    kind = _ATTACHED_TO.get(found.kind) if found else None
    # A role of IAM Identity Center is changed there, in its permission set.
    if found and kind and not found.name.startswith("AWSReservedSSO_"):
        policy = f"arn:{found.partition}:iam::aws:policy/{name}"
        command = shlex.join(
            ["aws", "iam", f"attach-{kind}-policy", f"--{kind}-name", found.name, "--policy-arn", policy]
        )
        return f"run as an administrator of account {found.account}: {command}"
    return f"add the managed policy {name} to the principal's own, or to its permission set"


def _account(principal: str) -> str:
    found = arn.parse(principal)
    return found.account if found else ""
