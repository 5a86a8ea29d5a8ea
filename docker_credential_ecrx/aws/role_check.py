"""Checks that AWS returns credentials of the requested role: another principal's token must not be cached for it.

It also remembers the principal and the account that AWS names, for ``status``.

It sees requests and responses by botocore's events, so it makes no call of its own.
For access keys, an instance or a container, the principal is not known beforehand, so nothing is checked.
"""

from typing import Any

from botocore.session import Session

from docker_credential_ecrx.aws import doubts, input_files
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.fingerprint import claims_in
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.web_identity import claims_of

COMPONENT = "ecrx_role_check"  # of botocore's session
_REQUESTED = "ecrx_requested_session"  # role and name, in the context of a call


class RoleCheck:
    """What AWS's responses say about the principal; ``doubt`` is why it may not be the requested one, or empty.

    ``principal`` is the ARN of the role session that was assumed last, and ``account`` that of ECR's token; each is
    empty if no response names it.
    """

    def __init__(self, identity: Identity, snapshot: Snapshot) -> None:
        self.doubt = self.principal = self.account = ""
        self._identity = identity
        self._snapshot = snapshot
        self._role_account = ""  # of the role that was assumed last

    def watch(self, session: Session) -> None:
        """Check the requests of ``session`` from now on, as its component ``COMPONENT``."""
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
        context[_REQUESTED] = params["RoleArn"], params["RoleSessionName"]

    def _before_web_identity(self, *, params: Any, context: Any, **_: object) -> None:  # noqa: ANN401
        context[_REQUESTED] = params["RoleArn"], params["RoleSessionName"]
        if not self._is_known(params["WebIdentityToken"]):
            self._add_doubt("the web identity token was replaced by another one in the meantime; run it again")

    def _is_known(self, token: str) -> bool:
        """Return whether a web identity token has the same subject as one in the identity's fingerprint."""
        if self._identity.web_identity is not None:
            return claims_of(token) == claims_of(self._identity.web_identity)
        files = input_files.token_files(self._identity, self._snapshot)
        return any(claims_of(token) == claims_in(path, self._snapshot) for path in files)

    def _before_sso(self, *, params: Any, **_: object) -> None:  # noqa: ANN401
        self._role_account = params["accountId"]

    def _after_role(self, *, parsed: Any, context: Any, **_: object) -> None:  # noqa: ANN401
        if "Credentials" not in parsed:
            return  # AWS refused
        (role, name), session = context[_REQUESTED], str(parsed.get("AssumedRoleUser", {}).get("Arn", ""))
        self.principal = doubts.principal(role, name, session)
        self._role_account = doubts.account_of(role)
        self._add_doubt(doubts.of_role(role, session))

    def _after_token(self, *, parsed: Any, **_: object) -> None:  # noqa: ANN401
        """Compare the account in ECR's response, which is that of the principal, with the role's account."""
        data = parsed.get("authorizationData") or [{}]
        self.account = doubts.account_of_registry(str(data[0].get("proxyEndpoint", "")))
        self._add_doubt(doubts.of_token(self._role_account, self.account))

    def _add_doubt(self, doubt: str) -> None:
        self.doubt = self.doubt or doubt
