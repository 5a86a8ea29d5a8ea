"""Compares what AWS returned with what was requested: another principal's token must not be cached.

Each function returns why a token may not be the requested principal's, or an empty text.
"""

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.registry import Registry

INTERCEPTED = "check AWS_ENDPOINT_URL and the proxy"


def account_of(role: str) -> str:
    """Return the account in a role's ARN, or an empty text if it is not one."""
    parsed = arn.role(role)
    return parsed.account if parsed else ""


def principal(role: str, session_name: str, session: str) -> str:
    """Return the ARN of the ``session`` that STS opened, for people; an empty text if it is not a principal's.

    One that says what was requested is the user's own text, and any other is third-party text.
    """
    requested, found = arn.role(role), arn.parse(session)
    if requested is None or found is None:
        return ""
    resource = f"assumed-role/{requested.name}/{session_name}"
    if session == f"arn:{requested.partition}:sts::{requested.account}:{resource}":
        return session
    from docker_credential_ecrx.sanitizer import third_party  # a first get rarely needs its regular expressions

    return third_party.text(session)


def of_role(role: str, session: str) -> str:
    """Compare the ARN of the ``session`` that STS opened with that of the requested ``role``."""
    requested, found = arn.role(role), arn.parse(session)
    if requested and found and found.kind == "assumed-role" and _role_key(requested) == _role_key(found):
        return ""
    returned = f"{found.kind} {found.name} of account {found.account}" if found else "no role session"
    return f"AWS returned {returned} for {role}; {INTERCEPTED}"


def account_of_registry(endpoint: str) -> str:
    """Return the account in ECR's ``endpoint``, which is that of the principal, or an empty text if there is none."""
    own = Registry.parse(endpoint)
    return own.account if own is not None else ""


def of_token(role_account: str, account: str) -> str:
    """Compare the account of ECR's token with the role's, if both are known."""
    if not account or role_account in ("", account):
        return ""
    return f"ECR returned a token of account {account}, and the role is in {role_account}; {INTERCEPTED}"


def _role_key(role: arn.Arn) -> tuple[str, str, str]:
    """Return what a role and its sessions have in common; IAM has no two names that differ only in case."""
    return role.partition, role.account, role.name.lower()
