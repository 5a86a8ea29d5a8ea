"""Says who has to change what if an ECR registry responds 403: the repository policy, or the caller's own policy.

A denial by IAM reads "User: ARN is not authorized to perform: ACTION on resource: ARN because no resource-based policy
allows the ACTION action", or "no identity-based policy", or "with an explicit deny in a …".
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
import shlex
from typing import NamedTuple

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Access
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.settings import PROGRAM

_DENIAL = re.compile(r"User: (?P<principal>arn:\S+) is not authorized to perform: (?P<action>[a-z-]+:[A-Za-z]+)")
_DENIED_BY = re.compile(
    r"with an explicit deny in (?:an? |the )?(?P<policy>[A-Za-z ()-]+? policy|permissions boundary)"
)
_MISSING = re.compile(r"no (?P<policy>[A-Za-z ()-]+?) allows")
_MANAGED_POLICIES = {PULL: "AmazonEC2ContainerRegistryReadOnly", PUSH: "AmazonEC2ContainerRegistryPowerUser"}
_ATTACHED_TO = {"assumed-role": "role", "user": "user"}  # by the kind of the principal


class Refusal(NamedTuple):
    """What was refused to whom and why, and a remedy for each policy that may be the reason."""

    detail: str
    remedies: tuple[Remedy, ...]


def explain(message: str, image: Image, caller: str, action: str, access: Access) -> Refusal:
    """Explain ECR's ``message`` about ``action`` to ``caller``, an ARN or empty, that wants ``access``."""
    denial = _DENIAL.search(message)
    principal = denial["principal"] if denial else caller
    action = denial["action"] if denial else action
    denied, missing = _DENIED_BY.search(message), _MISSING.search(message)
    grant, attach = _grant(image, principal, access), _attach(principal, access)
    is_own = _account(principal) == image.registry.account
    subject = f"{principal or 'the caller'} is not authorized to perform {action}"
    if denied and "resource-based" in denied["policy"]:
        remedy = Remedy("ask the owner to delete the Deny statement", _policy_command("show", image))
        return Refusal(f"{subject}: the repository policy denies it", (remedy,))
    if denied:
        return Refusal(f"{subject}: the {denied['policy']} denies it", _ask_administrator(denied["policy"]))
    if missing and "resource-based" in missing["policy"] and not is_own:
        return Refusal(f"{subject}: the repository policy does not allow it", (grant,))
    if is_own or (missing and "identity-based" in missing["policy"]):
        return Refusal(f"{subject}: its own IAM policy does not allow it", (attach,))
    if missing:
        return Refusal(f"{subject}: no {missing['policy']} allows it", _ask_administrator(missing["policy"]))
    detail = f"{subject}: the repository policy or its own IAM policy does not allow it"
    return Refusal(detail, (grant, attach))


def _ask_administrator(policy: str) -> tuple[Remedy]:
    return (Remedy(f"ask its administrator to change the {policy}"),)


def _grant(image: Image, principal: str, access: Access) -> Remedy:
    pull_only = ["--pull-only"] if access is PULL else []
    to = ["--to", _account(principal) or "ACCOUNT", *pull_only, "--profile", "OWNER"]
    command = f"{_policy_command('grant', image, *to)} --apply"
    return Remedy(f"run as the owner, account {image.registry.account}", command)


def _policy_command(verb: str, image: Image, *options: str) -> str:
    return shlex.join([PROGRAM, "policy", verb, image.repository, *options, "--region", image.registry.region])


def _attach(principal: str, access: Access) -> Remedy:
    """Return what gives ``principal`` the rights of ``access`` in its own account: a command for a role or a user."""
    name = _MANAGED_POLICIES[access]
    found = arn.parse(principal)
    kind = _ATTACHED_TO.get(found.kind) if found else None
    # A role of IAM Identity Center is changed in its permission set.
    if found and kind and not found.name.startswith("AWSReservedSSO_"):
        policy = f"arn:{found.partition}:iam::aws:policy/{name}"
        command = shlex.join(
            ["aws", "iam", f"attach-{kind}-policy", f"--{kind}-name", found.name, "--policy-arn", policy]
        )
        return Remedy(f"run as an administrator of account {found.account}", command)
    return Remedy(f"add the managed policy {name} to the principal or to its permission set")


def _account(principal: str) -> str:
    found = arn.parse(principal)
    return found.account if found else ""
