"""What IAM's message about a denied action says: which kind of policy denies it, and so which one must change.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from collections.abc import Mapping

_KINDS = (
    "(?:identity|resource)-based policy|permissions boundary|"
    "(?:session|service control|resource control|VPC endpoint) policy"
)
# The parts that do not name the principal.
_DENIAL = re.compile(
    r"is not authorized to perform: (?P<action>[a-z-]+:[A-Za-z]+) on resource: \S+ "
    rf"(?:because no (?P<kind>{_KINDS}) allows|with an (?P<deny>explicit) deny in an? (?P<of>{_KINDS}))"
)
_POLICIES = {
    "permissions boundary": "the principal's permissions boundary",
    "session policy": "the policy of the role session",
    "service control policy": "the organization's service control policy",
    "resource control policy": "the organization's resource control policy",
    "VPC endpoint policy": "the policy of the VPC endpoint",
}


def parse(said: str) -> dict[str, str]:
    """Return the action, the kind of policy, and whether it has an explicit deny, each as a code; {} if unknown."""
    found = _DENIAL.search(said)
    if found is None:
        return {}
    kind = (found["kind"] or found["of"]).replace(" ", "_")
    return {"action": found["action"], "kind": kind} | ({"deny": found["deny"]} if found["deny"] else {})


def describe(values: Mapping[str, str]) -> str:
    """Return IAM's message without the principal, by what ``parse`` returned, or an empty text."""
    if not {"action", "kind"} <= values.keys():
        return ""
    action, kind = values["action"], _kind(values)
    article = "an" if kind.startswith("identity") else "a"
    why = f"with an explicit deny in {article} {kind}"
    if not is_explicit(values):
        why = f"because no {kind} allows the {action} action"
    return f"User is not authorized to perform: {action} on resource: * {why}"


def policy(values: Mapping[str, str]) -> str:
    """Return the policy that must change."""
    if _kind(values).startswith("resource-based") and values.get("action", "").startswith("sts:"):
        return "the role's trust policy"
    return _POLICIES.get(_kind(values), "the principal's own policy")


def is_certain(values: Mapping[str, str]) -> bool:
    """Return whether IAM says which policy must change: a principal's and a resource's may each allow an action."""
    return is_explicit(values) or _kind(values) in _POLICIES


def is_explicit(values: Mapping[str, str]) -> bool:
    """Return whether the policy denies the action, instead of not allowing it."""
    return "deny" in values


def _kind(values: Mapping[str, str]) -> str:
    return values.get("kind", "").replace("_", " ")
