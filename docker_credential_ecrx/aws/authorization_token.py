"""Calls AWS for an identity: gets ECR's authorization token, the caller's ARN, and AWS's time."""

import base64
import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.session import Session

from docker_credential_ecrx.aws import failures
from docker_credential_ecrx.aws.calls import Calls
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.aws.input_files import refuse_endless
from docker_credential_ecrx.aws.issued_token import LIFETIME_SECONDS, IssuedToken, token_in
from docker_credential_ecrx.aws.role_check import COMPONENT, RoleCheck
from docker_credential_ecrx.aws.service_errors import explain
from docker_credential_ecrx.aws.session import (
    Mfa,
    endpoint_of,
    in_role,
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


def fetch(
    registry: Registry, identity: Identity, snapshot: Snapshot, deadline: Deadline, mfa: Mfa | None = None
) -> IssuedToken:
    """Get a new token for the registry's region with the credentials of ``identity``, as ``snapshot`` defines it.

    Raises NoAwsCredentialsError if AWS's chain finds none, MfaCodeNeededError if a role requires a code and ``mfa`` has
    none, SignInNeededError, and AwsError for everything else, also if ``deadline`` passes; the message does not
    name the registry and the identity.
    """
    calls = Calls(deadline)
    try:
        refuse_endless(identity, snapshot.env)
        source = resolved_session(registry.region, identity, calls, mfa, snapshot)
        return deadline.within(lambda: _fetch(in_role(source, identity), registry))
    except Exception as error:
        failed = failures.find_caller(identity, snapshot.env, calls.last)
        if isinstance(error, AwsError):
            raise failures.with_call(error, failed) from error
        raise explain(error, failed, failures.rules_of(registry.service)) from error


def principal(registry: Registry, identity: Identity, mfa: Mfa) -> str:
    """Return the ARN that STS knows ``identity`` by, or an empty text if STS does not respond within 9 seconds."""
    try:
        return _caller(registry.region, identity, Calls(Deadline(ASKING_SECONDS)), mfa)
    except Exception:  # noqa: BLE001 - the ARN is only shown, so no failure matters
        return ""


def caller(region: str | None, identity: Identity, env: Mapping[str, str]) -> str:
    """Return the ARN that STS in ``region`` knows ``identity`` by.

    Raises MfaNeededError if a role requires an MFA code, and otherwise what ``fetch`` raises.
    """
    calls = Calls(Deadline(ASKING_SECONDS))
    try:
        return _caller(region, identity, calls, None)
    except (MfaNeededError, AwsError):
        raise
    except Exception as error:
        subject = f"cannot get the caller's ARN with {identity}"
        raise explain(error, failures.find_caller(identity, env, calls.last)).about(subject) from error


def clock_ahead(region: str | None, identity: Identity, env: Mapping[str, str]) -> float:
    """Return how many seconds the system clock is ahead of AWS's, to a second; no credentials are needed.

    Raises AwsError.
    """
    deadline = Deadline(ASKING_SECONDS)
    calls = Calls(deadline)

    def ask() -> float:
        session = open_session(identity, region or region_of(identity), calls)
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
        raise explain(error, failures.find_caller(identity, env, calls.last)).about(subject) from error


def lifetime_of(password: str, now: float) -> float:
    """Return a password's lifetime in seconds after ``now`` (since 1970, UTC), by the expiration in the password.

    Its form, base64 of JSON with ``expiration``, is undocumented; a password of another form counts as new.
    """
    try:
        lifetime = float(json.loads(base64.b64decode(password, validate=True))["expiration"]) - now
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return LIFETIME_SECONDS
    return min(LIFETIME_SECONDS, lifetime)  # in this order, which ignores NaN


def _fetch(session: Session, registry: Registry) -> IssuedToken:
    config, url = endpoint_of(session, registry), registry.endpoint_url or None
    client: Any = session.create_client(registry.service, config=config, endpoint_url=url)
    response = client.get_authorization_token()
    seen: RoleCheck = session.get_component(COMPONENT)
    issued = parse_response(response)
    issued.doubt, issued.principal, issued.account = seen.doubt, seen.principal, seen.account
    return issued


def parse_response(response: Mapping[str, Any]) -> IssuedToken:
    """Return the token in ECR's response, as botocore parsed it; raise AwsError if there is none."""
    data = response.get("authorizationData")
    for entry in data if isinstance(data, list) else [data]:
        if isinstance(entry, dict) and isinstance(entry.get("expiresAt"), datetime):
            entry["expiresAt"] = entry["expiresAt"].timestamp()
    try:
        responded_at = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"].get("date") or "").timestamp()
    except ValueError:
        responded_at = time.time()
    return token_in(response, responded_at)


def _caller(region: str | None, identity: Identity, calls: Calls, mfa: Mfa | None) -> str:
    refuse_endless(identity, os.environ)
    source = resolved_session(region or region_of(identity), identity, calls, mfa)

    def ask() -> str:
        client: Any = in_role(source, identity).create_client("sts")
        return third_party.text(client.get_caller_identity()["Arn"])

    return calls.within(ask)
