"""Calls AWS for an identity: gets ECR's authorization token, the caller's ARN, and AWS's time."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.session import Session

from docker_credential_ecrx import log
from docker_credential_ecrx.aws import error_rules, failures
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.aws.input_files import refuse_pipes
from docker_credential_ecrx.aws.role_check import COMPONENT
from docker_credential_ecrx.aws.service_errors import explain
from docker_credential_ecrx.aws.session import (
    Mfa,
    endpoint_of,
    in_role,
    new_session,
    open_session,
    region_of,
    resolved_session,
)
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.deadline import ASKING_SECONDS, Deadline

_USER = "AWS"
_LIFETIME_SECONDS = 12 * 3600.0


class IssuedToken(NamedTuple):
    """A new password of the user ``AWS``, and its lifetime in seconds from now.

    ``doubt`` says why it may belong to another principal and so must not be cached, or is empty.
    """

    password: str
    lifetime: float
    doubt: str = ""

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"IssuedToken(lifetime={self.lifetime!r})"


def fetch(
    registry: Registry, identity: Identity, snapshot: Snapshot, deadline: Deadline, mfa: Mfa | None = None
) -> IssuedToken:
    """Get a new token for the registry's region with the credentials of ``identity``, as ``snapshot`` defines it.

    Raises NoAwsCredentialsError if AWS's chain finds none, MfaCodeNeededError if a role requires a code and ``mfa`` has
    none, SignInNeededError, and AwsError for everything else, also if ``deadline`` passes; the message does not
    name the registry and the identity.
    """
    try:
        refuse_pipes(identity, snapshot.env)
        source = resolved_session(registry.region, identity, deadline, mfa, snapshot)
        return deadline.within(lambda: _fetch(in_role(source, identity), registry))
    except AwsError:
        raise
    except Exception as error:
        failed = failures.find_caller(identity, snapshot.env)
        raise explain(error, failed, failures.rules_of(registry.service)) from error


def principal(registry: Registry, identity: Identity, mfa: Mfa) -> str:
    """Return the ARN that STS knows ``identity`` by, or an empty text if STS does not respond within 9 seconds."""
    try:
        return _caller(registry.region, identity, mfa)
    except Exception:  # noqa: BLE001 - the ARN is only shown, so no failure matters
        return ""


def caller(region: str | None, identity: Identity, env: Mapping[str, str]) -> str:
    """Return the ARN that STS in ``region`` knows ``identity`` by.

    Raises MfaNeededError if a role requires an MFA code, and otherwise what ``fetch`` raises.
    """
    try:
        return _caller(region, identity, None)
    except MfaNeededError:
        raise
    except Exception as error:
        subject = f"cannot get the caller's ARN with {identity}"
        raise explain(error, failures.find_caller(identity, env)).about(subject) from error


def clock_ahead(region: str | None, identity: Identity, env: Mapping[str, str]) -> float:
    """Return how many seconds the system clock is ahead of AWS's, to a second; no credentials are needed.

    Raises AwsError.
    """
    deadline = Deadline(ASKING_SECONDS)

    def ask() -> float:
        session = open_session(identity, region or region_of(identity), deadline=deadline)
        client: Any = session.create_client("sts", config=Config(signature_version=UNSIGNED))
        try:
            response = client.get_caller_identity()
        except exceptions.ClientError as error:  # AWS refuses an unsigned request, with its time
            response = error.response
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()

    try:
        return deadline.within(ask)
    except Exception as error:
        subject = f"cannot get AWS's time with {identity}"
        raise explain(error, failures.find_caller(identity, env)).about(subject) from error


def ca_bundle(identity: Identity | None, env: Mapping[str, str]) -> str | None:
    """Return the CA bundle that verifies AWS's endpoints, or None for botocore's own."""
    session = new_session(identity)
    try:
        bundle: str | None = session.get_config_variable("ca_bundle")
    except exceptions.BotoCoreError:  # a missing profile or an unreadable file
        bundle = env.get("AWS_CA_BUNDLE")
    return bundle or env.get("REQUESTS_CA_BUNDLE")


def decode(authorization: str) -> str:
    """Return the password in ECR's authorization token, base64 of ``AWS:PASSWORD``.

    Raises AwsError if it is anything else.
    """
    try:
        user, colon, password = base64.b64decode(authorization, validate=True).decode("ascii").partition(":")
    except ValueError:
        user, colon, password = "", "", ""
    if user != _USER or not colon or not password or not password.isprintable():
        raise error_rules.error("invalid-token")
    return password


def lifetime_of(password: str, now: float) -> float:
    """Return a password's lifetime in seconds after ``now`` (since 1970, UTC), by the expiration in the password.

    Its form, base64 of JSON with ``expiration``, is undocumented; a password of another form counts as new.
    """
    try:
        lifetime = float(json.loads(base64.b64decode(password, validate=True))["expiration"]) - now
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return _LIFETIME_SECONDS
    return min(_LIFETIME_SECONDS, lifetime)  # in this order, which ignores NaN


def _fetch(session: Session, registry: Registry) -> IssuedToken:
    client: Any = session.create_client(registry.service, config=endpoint_of(session, registry))
    response = client.get_authorization_token()
    return parse_response(response)._replace(doubt=session.get_component(COMPONENT).doubt)


def parse_response(response: Mapping[str, Any]) -> IssuedToken:
    """Return the token in ECR's response, as botocore parsed it; raise AwsError if there is none."""
    if "authorizationData" not in response:
        raise error_rules.error("invalid-response")
    data = response["authorizationData"]
    entry = data[0] if isinstance(data, list) and data else data
    if not isinstance(entry, dict) or not entry.get("authorizationToken"):
        raise error_rules.error("no-token")
    log.add_secret(str(entry["authorizationToken"]))
    password = decode(entry["authorizationToken"])
    lifetime = _lifetime(entry.get("expiresAt"), response["ResponseMetadata"]["HTTPHeaders"].get("date"))
    if lifetime <= 0:
        raise error_rules.error("expired-token")
    return IssuedToken(password, lifetime)


def _lifetime(expires_at: object, date: str | None) -> float:
    """Return the token's lifetime by AWS's clock alone, so that the system clock does not matter."""
    if not isinstance(expires_at, datetime):
        return _LIFETIME_SECONDS
    try:
        issued = parsedate_to_datetime(date or "")
    except ValueError:
        issued = datetime.now(UTC)
    return min((expires_at - issued).total_seconds(), _LIFETIME_SECONDS)


def _caller(region: str | None, identity: Identity, mfa: Mfa | None) -> str:
    deadline = Deadline(ASKING_SECONDS)
    source = resolved_session(region or region_of(identity), identity, deadline, mfa)

    def ask() -> str:
        client: Any = in_role(source, identity).create_client("sts")
        return third_party.text(client.get_caller_identity()["Arn"])

    return deadline.within(ask)
