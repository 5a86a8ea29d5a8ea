"""Checks that AWS answers the role that was meant: a token of anybody else's is not cached under its name.

It sees what botocore asks and what AWS answers by botocore's events, so it costs no call.
For access keys, an instance or a container nothing says beforehand who that is, so nothing can be checked there.
"""

from typing import Any

from botocore.session import Session

from docker_credential_ecrx.aws import credential_source
from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.fingerprint import claims_in
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.web_identity import claims_of

COMPONENT = "ecrx_role_check"  # of botocore's session
_MEANT = "ecrx_meant"  # in the context of a call
_REMEDY = "check AWS_ENDPOINT_URL and the proxy"


class RoleCheck:
    """What AWS's answers say of the principal; ``doubt`` is why it may be another than was meant, or empty."""

    def __init__(self, identity: Identity, snapshot: Snapshot) -> None:
        self.doubt = ""
        self._identity = identity
        self._snapshot = snapshot
        self._account = ""  # of the role that was asked for last

    def watch(self, session: Session) -> None:
        """Look at what ``session`` asks from now on; it is its component ``COMPONENT``."""
        session.register_component(COMPONENT, self)
        handlers: dict[str, Any] = {
            "before-parameter-build.sts.AssumeRole": self._before_role,
            "before-parameter-build.sts.AssumeRoleWithWebIdentity": self._before_web_identity,
            "before-parameter-build.sso.GetRoleCredentials": self._before_sso,
            "after-call.sts.AssumeRole": self._after_role,
            "after-call.sts.AssumeRoleWithWebIdentity": self._after_role,
            "after-call.ecr.GetAuthorizationToken": self._after_token,
        }
        for event, handler in handlers.items():
            session.register(event, handler)

    def _before_role(self, *, params: Any, context: Any, **_: object) -> None:  # noqa: ANN401 - botocore's, as all here
        context[_MEANT] = params["RoleArn"]

    def _before_web_identity(self, *, params: Any, context: Any, **_: object) -> None:  # noqa: ANN401
        context[_MEANT] = params["RoleArn"]
        if not self._stands_on(params["WebIdentityToken"]):
            self._note("its web identity token was replaced by another one meanwhile; run it again")

    def _stands_on(self, token: str) -> bool:
        """Return whether a web identity token speaks of the same subject as one that the identity stands on."""
        if self._identity.web_identity is not None:
            return claims_of(token) == claims_of(self._identity.web_identity)
        files = credential_source.token_files(self._identity, self._snapshot)
        return any(claims_of(token) == claims_in(path, self._snapshot) for path in files)

    def _before_sso(self, *, params: Any, **_: object) -> None:  # noqa: ANN401
        self._account = params["accountId"]

    def _after_role(self, *, parsed: Any, context: Any, **_: object) -> None:  # noqa: ANN401
        if "Credentials" not in parsed:
            return  # AWS refused
        meant, found = arn.role(context[_MEANT]), arn.parse(parsed.get("AssumedRoleUser", {}).get("Arn", ""))
        self._account = meant.account if meant else ""
        if meant is None or found is None or found.kind != "assumed-role" or _place_of(meant) != _place_of(found):
            told = f"{found.kind} {found.name} of account {found.account}" if found else "no role session"
            self._note(f"AWS answered for {context[_MEANT]} with {told}; {_REMEDY}")

    def _after_token(self, *, parsed: Any, **_: object) -> None:  # noqa: ANN401
        """Hold ECR's answer, which names the registry of the principal's own account, against the role's account."""
        data = parsed.get("authorizationData") or [{}]
        own = Registry.parse(str(data[0].get("proxyEndpoint", "")))
        if own is not None and self._account not in ("", own.account):
            self._note(f"ECR answered for account {own.account}, and the role is in {self._account}; {_REMEDY}")

    def _note(self, doubt: str) -> None:
        self.doubt = self.doubt or doubt


def _place_of(role: arn.Arn) -> tuple[str, str, str]:
    """Return what a role and its sessions have in common; IAM has no two names that differ in their case alone."""
    return role.partition, role.account, role.name.lower()
