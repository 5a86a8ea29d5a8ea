"""Asks AWS: gets ECR's authorization token with an identity's credentials, and who that is, and what time it is."""

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
from docker_credential_ecrx.aws import failures
from docker_credential_ecrx.aws.client_errors import refuse_pipes
from docker_credential_ecrx.aws.role_check import COMPONENT
from docker_credential_ecrx.aws.service_errors import MfaNeededError, explain
from docker_credential_ecrx.aws.session import (
    Mfa,
    endpoint_of,
    in_role,
    new_session,
    open_session,
    region_of,
    source_of,
)
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.deadline import ASKING_SECONDS, Deadline

_USER = "AWS"
_LIFE_SECONDS = 12 * 3600.0


class IssuedToken(NamedTuple):
    """A new password of the user ``AWS``, and the seconds that it lives from now.

    ``doubt`` says why it may be another principal's than was meant, so that it must not be cached, or is empty.
    """

    password: str
    lifetime: float
    doubt: str = ""

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Minted(life={self.lifetime!r})"


def fetch(
    registry: Registry, identity: Identity, snapshot: Snapshot, deadline: Deadline, mfa: Mfa | None = None
) -> IssuedToken:
    """Get a new token for the registry's region with the credentials of ``identity``, as ``snapshot`` defines it.

    Raises NoAwsCredentialsError where AWS's chain finds none, MfaCodeNeededError where a role wants a code and ``mfa``
    has none, SignInNeededError, and AwsError for all else that fails by ``deadline``; each says the reason, and not
    for whom.
    """
    try:
        refuse_pipes(identity, snapshot.env)
        source = source_of(registry.region, identity, deadline, mfa, snapshot)
        return deadline.within(lambda: _fetch(in_role(source, identity), registry))
    except AwsError:
        raise
    except Exception as error:
        raise explain(error, identity, snapshot.env, failures.answers_of(registry.service)) from error


def principal(registry: Registry, identity: Identity, mfa: Mfa) -> str:
    """Return the ARN that STS knows ``identity`` by, or an empty text where it does not say so within 9 seconds."""
    try:
        return _caller(registry.region, identity, mfa)
    except Exception:  # noqa: BLE001 - it is only told, so nothing that goes wrong here matters
        return ""


def caller(region: str | None, identity: Identity, env: Mapping[str, str]) -> str:
    """Return the ARN that STS in ``region`` knows ``identity`` by.

    Raises as ``fetch`` does; an MFA code is needed where MfaNeededError is raised.
    """
    try:
        return _caller(region, identity, None)
    except MfaNeededError:
        raise
    except Exception as error:
        subject = f"AWS does not say who calls with {identity}"
        raise explain(error, identity, env).about(subject) from error


def clock_ahead(region: str | None, identity: Identity, env: Mapping[str, str]) -> float:
    """Return how many seconds the clock here is ahead of AWS's, to a second; no credentials are needed.

    Raises AwsError.
    """

    def ask() -> float:
        session = open_session(identity, region or region_of(identity))
        client: Any = session.create_client("sts", config=Config(signature_version=UNSIGNED))
        try:
            response = client.get_caller_identity()
        except exceptions.ClientError as error:  # AWS refuses who does not sign, and says when
            response = error.response
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()

    try:
        return Deadline(ASKING_SECONDS).within(ask)
    except Exception as error:
        subject = f"AWS does not tell the time with {identity}"
        raise explain(error, identity, env).about(subject) from error


def ca_bundle(identity: Identity | None, env: Mapping[str, str]) -> str | None:
    """Return the file of certificates that AWS's endpoints are verified by, or None for botocore's own."""
    session = new_session(identity)
    try:
        bundle: str | None = session.get_config_variable("ca_bundle")
    except exceptions.BotoCoreError:  # a profile that there is not, a file that cannot be read
        bundle = env.get("AWS_CA_BUNDLE")
    return bundle or env.get("REQUESTS_CA_BUNDLE")


def decode(authorization: str) -> str:
    """Return the password in ECR's authorization token, base64 of ``AWS:PASSWORD``.

    Raises AwsError where it is anything else.
    """
    try:
        user, colon, password = base64.b64decode(authorization, validate=True).decode("ascii").partition(":")
    except ValueError:
        user, colon, password = "", "", ""
    if user != _USER or not colon or not password or not password.isprintable():
        failures.fail("spoilt-token")
    return password


def lifetime_of(password: str, now: float) -> float:
    """Return the seconds that a password lives after ``now`` (since 1970, UTC), as far as it says so itself.

    Its form, base64 of JSON with ``expiration``, is undocumented; what does not have it is taken to be new.
    """
    try:
        lifetime = float(json.loads(base64.b64decode(password, validate=True))["expiration"]) - now
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return _LIFE_SECONDS
    return min(_LIFE_SECONDS, lifetime)  # in this order, which leaves NaN out


def _fetch(session: Session, registry: Registry) -> IssuedToken:
    client: Any = session.create_client(registry.service, config=endpoint_of(session, registry))
    response = client.get_authorization_token()
    return parse_response(response)._replace(doubt=session.get_component(COMPONENT).doubt)


def parse_response(response: Mapping[str, Any]) -> IssuedToken:
    """Return the password and its life in botocore's form of ECR's answer; raise AwsError where they are not there."""
    if "authorizationData" not in response:
        failures.fail("strange")
    data = response["authorizationData"]
    entry = data[0] if isinstance(data, list) and data else data
    if not isinstance(entry, dict) or not entry.get("authorizationToken"):
        failures.fail("no-token")
    log.add_secret(str(entry["authorizationToken"]))
    password = decode(entry["authorizationToken"])
    lifetime = _lifetime(entry.get("expiresAt"), response["ResponseMetadata"]["HTTPHeaders"].get("date"))
    if lifetime <= 0:
        failures.fail("expired-token")
    return IssuedToken(password, lifetime)


def _lifetime(expires_at: object, date: str | None) -> float:
    """Return the token's life by AWS's own clock: the difference does not depend on the one here."""
    if not isinstance(expires_at, datetime):
        return _LIFE_SECONDS
    try:
        issued = parsedate_to_datetime(date or "")
    except ValueError:
        issued = datetime.now(UTC)
    return min((expires_at - issued).total_seconds(), _LIFE_SECONDS)


def _caller(region: str | None, identity: Identity, mfa: Mfa | None) -> str:
    deadline = Deadline(ASKING_SECONDS)
    source = source_of(region or region_of(identity), identity, deadline, mfa)

    def ask() -> str:
        client: Any = in_role(source, identity).create_client("sts")
        return third_party.text(client.get_caller_identity()["Arn"])

    return deadline.within(ask)
