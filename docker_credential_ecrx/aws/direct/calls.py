"""Carries a plan out: gets the first keys, assumes the roles, and requests ECR's token."""

import time

from docker_credential_ecrx import log
from docker_credential_ecrx.aws import doubts
from docker_credential_ecrx.aws.direct import attempts, documents, sigv4
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.keys import ContainerEndpoint, Keys, WebIdentity
from docker_credential_ecrx.aws.issued_token import IssuedToken, token_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from docker_credential_ecrx.aws.direct.connections import Connections
    from docker_credential_ecrx.aws.direct.plan import Plan
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.system.deadline import Deadline

_STS_VERSION = "2011-06-15"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_JSON = "application/x-amz-json-1.1"
_TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "ecr-public": "SpencerFrontendService"}
_LAST_SECOND = 253_402_300_800  # of the year 9999
# The least length of each parameter in botocore's model of STS, and the least duration: it does not send any other.
LEAST_LENGTHS = {"RoleArn": 20, "RoleSessionName": 2, "ExternalId": 2, "WebIdentityToken": 4}
LEAST_SECONDS = 900
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Calls:
    """The calls of one ``get``, for one registry."""

    def __init__(self, plan: "Plan", registry: "Registry", connections: "Connections", deadline: "Deadline") -> None:
        """Raise DeclinedError if botocore would not send a parameter."""
        for role in plan.roles:
            _require_valid(role)
        if isinstance(plan.source, WebIdentity):
            _require_valid({**plan.source.parameters, "WebIdentityToken": plan.source.token})
        self._plan = plan
        self._registry = registry
        self._connections = connections
        self._deadline = deadline
        self.last = ("", "", "")  # host, operation and role of the last call
        self._account = ""  # of the role that was assumed last
        self._doubt = self._principal = ""

    def token(self) -> IssuedToken:
        """Return a new token; raise DeclinedError, AwsError and what botocore raises."""
        keys = self._first_keys()
        for role in self._plan.roles:
            is_own = self._plan.is_role_own and role is self._plan.roles[-1]
            keys = self._session("AssumeRole", role, keys, is_own=is_own)
        return self._requested(keys)

    def _first_keys(self) -> Keys:
        source = self._plan.source
        if isinstance(source, WebIdentity):
            log.add_secret(source.token)
            return self._session(
                "AssumeRoleWithWebIdentity",
                {**source.parameters, "WebIdentityToken": source.token},
                None,
                is_own=self._plan.is_role_own and not self._plan.roles,
            )
        if isinstance(source, Keys):
            source.add_secrets()
            return source
        from docker_credential_ecrx.aws.direct import metadata

        if isinstance(source, ContainerEndpoint):
            return metadata.of_container(source, self._deadline)
        return metadata.of_instance(source, self._deadline)

    def _session(self, name: str, parameters: dict[str, str], keys: Keys | None, *, is_own: bool) -> Keys:
        """Return the keys of the role session that an operation of STS opens.

        botocore refuses a session of AWS's files that has expired, but not the program's own: ECR then says it.
        """
        body = _form({"Action": name, "Version": _STS_VERSION, **parameters})

        def request() -> tuple[dict[str, str], bytes]:
            return self._signed({"content-type": _FORM, "host": endpoint.authority}, body, keys, "sts"), body

        endpoint = self._connections.sts
        self.last = (endpoint.host, name, parameters["RoleArn"])
        operation = attempts.Operation(name, "query")
        response = attempts.call(operation, endpoint, request, self._connections, self._deadline)
        result = f"{name}Result"
        try:
            texts = documents.xml_texts(response.body)
            fields = (f"{result}/Credentials/{field}" for field in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
            session = Keys(*(texts[field] for field in fields))
            expires = documents.seconds_of_timestamp(texts[f"{result}/Credentials/Expiration"])
        except (ValueError, LookupError) as error:
            raise DeclinedError("STS's response has an unusual form") from error
        session.require_plain()
        session.add_secrets()
        if not is_own and expires <= time.time():
            raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
        role, opened = parameters["RoleArn"], texts.get(f"{result}/AssumedRoleUser/Arn", "")
        self._principal = doubts.principal(role, parameters["RoleSessionName"], opened)
        self._account = doubts.account_of(role)
        self._doubt = self._doubt or doubts.of_role(role, opened)
        return session

    def _requested(self, keys: Keys) -> IssuedToken:
        """Return the token that ECR issues for ``keys``."""
        service, endpoint = self._registry.service, self._connections.ecr
        headers = {
            "content-type": _JSON,
            "host": endpoint.authority,
            "x-amz-target": f"{_TARGETS[service]}.GetAuthorizationToken",
        }

        def request() -> tuple[dict[str, str], bytes]:
            return self._signed(headers, b"{}", keys, service), b"{}"

        self.last = (endpoint.host, "GetAuthorizationToken", "")
        operation = attempts.Operation("GetAuthorizationToken", "json")
        response = attempts.call(operation, endpoint, request, self._connections, self._deadline)
        document = documents.json_object(response.body)
        data: Any = document.get("authorizationData")
        date = response.headers.get("date", "")
        try:
            responded_at = documents.seconds_of_date(date) if date else time.time()
        except ValueError as error:
            raise DeclinedError("ECR's response has a date of an unusual form") from error
        entry: Any = data[0] if isinstance(data, list) and data else data
        if isinstance(entry, dict) and not _is_time(entry.get("expiresAt", 0)):
            raise DeclinedError("ECR's response has a time of an unusual form")
        issued = token_in(document, responded_at)
        issued.principal = self._principal
        issued.account = doubts.account_of_registry(str(entry.get("proxyEndpoint", "")))
        issued.doubt = self._doubt or doubts.of_token(self._account, issued.account)
        return issued

    def _signed(self, headers: dict[str, str], body: bytes, keys: Keys | None, service: str) -> dict[str, str]:
        if keys is None:
            return headers
        found = sigv4.signed(headers, body, keys=keys, region=self._registry.region, service=service, now=time.time())
        log.add_secret(found["authorization"].rpartition("Signature=")[2])
        return found


def _is_time(value: object) -> bool:
    """Return whether a response's time is in seconds since 1970, as AWS sends it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _LAST_SECOND


def _require_valid(parameters: "Mapping[str, str]") -> None:
    is_too_short = any(len(value) < LEAST_LENGTHS.get(name, 0) for name, value in parameters.items())
    if is_too_short or int(parameters.get("DurationSeconds", LEAST_SECONDS)) < LEAST_SECONDS:
        raise DeclinedError("a parameter is shorter or less than AWS accepts")


def _form(parameters: "Mapping[str, str]") -> bytes:
    """Return parameters as the body of a form."""
    return "&".join(f"{name}={_quoted(value)}" for name, value in parameters.items()).encode("ascii")


def _quoted(value: str) -> str:
    return "".join(
        character if character in _UNRESERVED else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in value
    )
