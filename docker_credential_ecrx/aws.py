"""Asks AWS: resolves the identity's credentials, assumes its role and gets ECR's authorization token.

Everything that the SDK's credential chain can do in a profile works, except asking a question.
Sessions are botocore's, the core of boto3: boto3's own part, its resources and transfers, is 50 ms of imports.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, NoReturn

from botocore import exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from docker_credential_ecrx.aws_errors import MfaNeededError, explain
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity import Identity
from docker_credential_ecrx.limit import within
from docker_credential_ecrx.registry import Registry

_USER = "AWS"
_LIFE_SECONDS = 12 * 3600.0
# A get must end within 25 s; testcontainers-java gives up after 30.
_SECONDS = 9.0
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="docker-credential-ecrx",
)
_SESSION_NAME = "docker-credential-ecrx"


class Minted(NamedTuple):
    """A new password of the user ``AWS``, and the seconds that it lives from now."""

    password: str
    life: float

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Minted(life={self.life!r})"


def mint(registry: Registry, identity: Identity, environ: Mapping[str, str]) -> Minted:
    """Get a new token for the registry's region with the credentials of ``identity``.

    Raises NoAwsCredentialsError where AWS's chain finds none, and AwsError for all else that fails, within 9 seconds.
    """
    with _explained(registry, identity, environ):
        return within(_SECONDS, lambda: _mint(registry, identity))


def decode(authorization: str) -> str:
    """Return the password in ECR's authorization token, base64 of ``AWS:PASSWORD``.

    Raises AwsError where it is anything else.
    """
    try:
        user, colon, password = base64.b64decode(authorization, validate=True).decode("ascii").partition(":")
    except ValueError:
        user, colon, password = "", "", ""
    if user != _USER or not colon or not password or not password.isprintable():
        message = "ECR's answer holds a token that cannot be decoded"
        raise AwsError(message, "run it again; if it stays so, see what AWS_ENDPOINT_URL or a proxy answers")
    return password


def life_of(password: str, now: float) -> float:
    """Return the seconds that a password lives after ``now`` (since 1970, UTC), as far as it says so itself.

    Its form, base64 of JSON with ``expiration``, is undocumented; what does not have it is taken to be new.
    """
    try:
        life = float(json.loads(base64.b64decode(password, validate=True))["expiration"]) - now
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return _LIFE_SECONDS
    return min(_LIFE_SECONDS, life)  # in this order, which leaves NaN out


def _mint(registry: Registry, identity: Identity) -> Minted:
    session = open_session(identity, registry.region)
    if identity.role_arn is not None:
        session = _assume(session, identity)
    if session.get_credentials() is None:
        raise exceptions.NoCredentialsError
    client: Any = session.create_client(registry.service, config=_endpoint(session, registry))
    response = client.get_authorization_token()
    data = response.get("authorizationData")
    entry = data[0] if isinstance(data, list) and data else data
    if not isinstance(entry, dict) or not entry.get("authorizationToken"):
        message = "ECR's answer holds no token"
        raise AwsError(message, "run it again; if it stays so, see what AWS_ENDPOINT_URL or a proxy answers")
    password = decode(entry["authorizationToken"])
    life = _life(entry.get("expiresAt"), response["ResponseMetadata"]["HTTPHeaders"].get("date"))
    if life <= 0:
        message = "ECR's answer holds a token that has expired"
        raise AwsError(message, "see what AWS_ENDPOINT_URL or a proxy answers")
    return Minted(password, life)


def _life(expires_at: object, date: str | None) -> float:
    """Return the token's life by AWS's own clock: the difference does not depend on the one here."""
    if not isinstance(expires_at, datetime):
        return _LIFE_SECONDS
    try:
        issued = parsedate_to_datetime(date or "")
    except ValueError:
        issued = datetime.now(UTC)
    return min((expires_at - issued).total_seconds(), _LIFE_SECONDS)


def open_session(identity: Identity, region: str) -> Session:
    """Return a session of the identity's profile in ``region``; it resolves no credentials yet."""
    session = Session(profile=identity.profile)
    # The registry's region also decides where a role is assumed, whatever region the profile names.
    session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    # botocore asks for an MFA code, and from a pipe it reads what it finds: the registry's host name.
    session.get_component("credential_provider").get_provider("assume-role")._prompter = _refuse  # noqa: SLF001
    return session


def _refuse(_prompt: str) -> NoReturn:
    raise MfaNeededError


def _assume(source: Session, identity: Identity) -> Session:
    """Return a session with the role's own credentials, signed for by ``source``."""
    if source.get_credentials() is None:
        raise exceptions.NoCredentialsError
    request: dict[str, Any] = {
        "RoleArn": identity.role_arn,
        "RoleSessionName": identity.role_session_name or _SESSION_NAME,
    }
    if identity.external_id is not None:
        request["ExternalId"] = identity.external_id
    if identity.duration_seconds is not None:
        request["DurationSeconds"] = identity.duration_seconds
    client: Any = source.create_client("sts")
    keys = client.assume_role(**request)["Credentials"]
    session = open_session(identity, source.get_config_variable("region"))
    session.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return session


def _endpoint(session: Session, registry: Registry) -> Config | None:
    """Return what leads to the kind of endpoint that belongs to the registry's host."""
    if not registry.fips and not registry.dual_stack:
        return None
    scoped = session.get_scoped_config()
    configured = ConfiguredEndpointProvider(session.full_config, scoped, registry.service).provide()
    if configured and not session.get_config_variable("ignore_configured_endpoint_urls"):
        return None  # an endpoint of the user's own goes first; botocore refuses the two together
    return Config(use_fips_endpoint=registry.fips, use_dualstack_endpoint=registry.dual_stack)


@contextmanager
def _explained(registry: Registry, identity: Identity, environ: Mapping[str, str]) -> Iterator[None]:
    """Turn what botocore raises into one sentence with profile, role, registry and remedy."""
    try:
        yield
    except AwsError as error:
        message = f"no token for {registry.host} with {identity}: {error.message}"
        raise AwsError(message, error.hint) from error
    except Exception as error:
        raise explain(error, registry, identity, environ) from error
