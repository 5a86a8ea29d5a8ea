"""STS: the caller's identity, and roles for the principals that their trust policies name."""

import base64
import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from docker_credential_ecrx.demo.fake_aws.messages import (
    DENIED,
    HttpResponse,
    Principal,
    Refusal,
    new_keys,
    unique_id,
    xml,
)

_ROLE_SECONDS = 3600
_ROLE_SECONDS_PERMITTED = range(900, 43200 + 1)


_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_INVALID, _CHAINED = "ValidationError", "for roles assumed by role chaining."


class Role(NamedTuple):
    """A role's trust policy: principals (ARNs or accounts), and the subjects of web identities."""

    arn: str
    trusts: Collection[str]
    external_id: str | None
    mfa: bool
    web_identity_subjects: Collection[str]


class Sts:
    """The roles of all accounts; ``add`` is called with each new session."""

    def __init__(self, now: Callable[[], float], add: Callable[[Principal], None]) -> None:
        self.roles: dict[str, Role] = {}
        self._now = now
        self._add = add

    def respond(self, operation: str, caller: Principal | None, body: bytes) -> HttpResponse:
        """Return the response to a request of ``caller``, or of nobody; raise Refusal as AWS does."""
        fields = dict(parse_qsl(body.decode()))
        if operation == "GetCallerIdentity" and caller is not None:
            return xml(operation, {"Arn": caller.arn, "UserId": caller.keys.access_key_id, "Account": caller.account})
        if operation == "AssumeRole" and caller is not None:
            role = self._trusted(fields, caller)
            return self._assume(operation, fields, role, is_chained=":assumed-role/" in caller.arn)
        if operation == "AssumeRoleWithWebIdentity":
            return self._assume(operation, fields, self._trusted_subject(fields))
        raise Refusal("InvalidAction", f"Could not find operation {operation}")

    def _trusted(self, fields: Mapping[str, str], caller: Principal) -> Role:
        arn = fields.get("RoleArn", "")
        role = self.roles.get(arn)
        permitted = (
            role is not None
            and (caller.arn in role.trusts or caller.account in role.trusts)
            and role.external_id in (None, fields.get("ExternalId"))
            and (not role.mfa or fields.get("TokenCode") == "123456")
        )
        if role is None or not permitted:
            raise Refusal(
                DENIED, f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}", 403
            )
        return role

    def _trusted_subject(self, fields: Mapping[str, str]) -> Role:
        role = self.roles.get(fields.get("RoleArn", ""))
        try:
            body = fields["WebIdentityToken"].split(".")[1]
            subject = json.loads(base64.urlsafe_b64decode(body + "=="))["sub"]
        except (LookupError, ValueError) as error:
            raise Refusal("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from error
        if role is None or subject not in role.web_identity_subjects:
            raise Refusal(DENIED, "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        return role

    def _assume(
        self, operation: str, fields: Mapping[str, str], role: Role, *, is_chained: bool = False
    ) -> HttpResponse:
        account = role.arn.split(":")[4]
        session, seconds = fields.get("RoleSessionName", ""), int(fields.get("DurationSeconds", _ROLE_SECONDS))
        if not _SESSION_NAME.fullmatch(session):
            raise _invalid(session, "roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*")
        if seconds not in _ROLE_SECONDS_PERMITTED:
            raise _invalid(str(seconds), "durationSeconds", "Member must have value less than or equal to 43200")
        if is_chained and seconds > _ROLE_SECONDS:
            raise Refusal(_INVALID, f"The requested DurationSeconds exceeds the 1 hour session limit {_CHAINED}")
        expires = self._now() + seconds
        keys = new_keys(session=True)
        arn = f"arn:aws:sts::{account}:assumed-role/{role.arn.rpartition('/')[2]}/{session}"
        self._add(Principal(arn, account, keys, expires))
        return xml(
            operation,
            {
                "Credentials": {
                    "AccessKeyId": keys.access_key_id,
                    "SecretAccessKey": keys.secret_access_key,
                    "SessionToken": keys.session_token or "",
                    "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "AssumedRoleUser": {"Arn": arn, "AssumedRoleId": f"{unique_id('AROA')}:{session}"},
            },
        )


def _invalid(value: str, name: str, constraint: str) -> Refusal:
    said = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    return Refusal(_INVALID, said)
