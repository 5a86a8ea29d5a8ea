"""Asks AWS: resolves the identity's credentials, assumes its role and gets ECR's authorization token.

Everything that the SDK's credential chain can do in a profile works, except asking a question: a person's
answer comes along as an ``Mfa``.
Sessions are botocore's, the core of boto3: boto3's own part, its resources and transfers, is 50 ms of imports.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from docker_credential_ecrx.aws_errors import MfaNeededError, explain, explain_call
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


class Mfa:
    """A person's MFA code, and the role sessions that it opened: AWS takes a code once."""

    __slots__ = ("code", "sessions")

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.sessions: dict[str, Any] = {}  # AssumeRole's answers, by botocore's keys

    def take(self, _prompt: str) -> str:
        """Return the code, once; raise MfaNeededError where there is none."""
        code, self.code = self.code, ""
        if not code:
            raise MfaNeededError
        return code


def mint(registry: Registry, identity: Identity, environ: Mapping[str, str], mfa: Mfa | None = None) -> Minted:
    """Get a new token for the registry's region with the credentials of ``identity``.

    Raises NoAwsCredentialsError where AWS's chain finds none, MfaCodeNeededError where a role wants a code and ``mfa``
    has none, SignInNeededError, and AwsError for all else that fails, within 9 seconds.
    """
    with _explained(registry, identity, environ):
        return within(_SECONDS, lambda: _mint(registry, identity, mfa))


def principal(registry: Registry, identity: Identity, mfa: Mfa) -> str:
    """Return the ARN that STS knows ``identity`` by, or an empty text where it does not say so within 9 seconds."""
    try:
        return within(_SECONDS, lambda: _caller(registry.region, identity, mfa))
    except Exception:  # noqa: BLE001 - it is only told, so nothing that goes wrong here matters
        return ""


def caller(region: str | None, identity: Identity, environ: Mapping[str, str]) -> str:
    """Return the ARN that STS in ``region`` knows ``identity`` by.

    Raises as ``mint`` does; an MFA code is needed where MfaNeededError is raised.
    """
    try:
        return within(_SECONDS, lambda: _caller(region, identity, None))
    except MfaNeededError:
        raise
    except Exception as error:
        raise explain_call(error, "AWS does not say who calls", identity, environ) from error


def clock_ahead(region: str | None, identity: Identity, environ: Mapping[str, str]) -> float:
    """Return how many seconds the clock here is ahead of AWS's, to a second; no credentials are needed.

    Raises AwsError.
    """

    def ask() -> float:
        session = open_session(identity, region or _region(identity))
        client: Any = session.create_client("sts", config=Config(signature_version=UNSIGNED))
        try:
            response = client.get_caller_identity()
        except exceptions.ClientError as error:  # AWS refuses who does not sign, and says when
            response = error.response
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()

    try:
        return within(_SECONDS, ask)
    except Exception as error:
        raise explain_call(error, "AWS does not tell the time", identity, environ) from error


def profiles() -> list[str]:
    """Return the names of the profiles in AWS's files; raise AwsError where they cannot be read."""
    try:
        return list(Session().available_profiles)
    except exceptions.ConfigParseError as error:
        message = f"the AWS file {error.kwargs['path']} cannot be read"
        raise AwsError(message, "mend its syntax or its permissions") from error


def ca_bundle(identity: Identity | None, environ: Mapping[str, str]) -> str | None:
    """Return the file of certificates that AWS's endpoints are verified by, or None for botocore's own."""
    session = Session(profile=identity.profile if identity else None)
    try:
        bundle: str | None = session.get_config_variable("ca_bundle")
    except exceptions.BotoCoreError:  # a profile that there is not, a file that cannot be read
        bundle = environ.get("AWS_CA_BUNDLE")
    return bundle or environ.get("REQUESTS_CA_BUNDLE")


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


def _mint(registry: Registry, identity: Identity, mfa: Mfa | None) -> Minted:
    session = _resolved(registry.region, identity, mfa)
    client: Any = session.create_client(registry.service, config=endpoint_of(session, registry))
    return minted(client.get_authorization_token())


def minted(response: Mapping[str, Any]) -> Minted:
    """Return the password and its life in botocore's form of ECR's answer; raise AwsError where they are not there."""
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


def _caller(region: str | None, identity: Identity, mfa: Mfa | None) -> str:
    session = _resolved(region or _region(identity), identity, mfa)
    client: Any = session.create_client("sts")
    return str(client.get_caller_identity()["Arn"])


def _region(identity: Identity) -> str:
    """Return the region in which the identity asks where no registry says so."""
    configured = Session(profile=identity.profile).get_config_variable("region")
    return str(configured or os.environ.get("AWS_REGION") or "us-east-1")


def _resolved(region: str, identity: Identity, mfa: Mfa | None) -> Session:
    """Return a session with the credentials of ``identity``, its own role assumed."""
    session = open_session(identity, region, mfa)
    if identity.web_identity is not None:
        session = _assume_with_web_identity(session, identity)
    elif identity.role_arn is not None:
        session = _assume(session, identity)
    if session.get_credentials() is None:
        raise exceptions.NoCredentialsError
    return session


def open_session(identity: Identity, region: str | None, mfa: Mfa | None = None) -> Session:
    """Return a session of the identity's profile in ``region``, or in its own; it resolves no credentials yet."""
    session = Session(profile=identity.profile)
    if region is not None:
        # The registry's region also decides where a role is assumed, whatever region the profile names.
        session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    # botocore asks for an MFA code, and from a pipe it reads what it finds: the registry's host name.
    mfa = mfa or Mfa()
    roles = session.get_component("credential_provider").get_provider("assume-role")
    roles._prompter, roles.cache = mfa.take, mfa.sessions  # noqa: SLF001
    return session


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
    return _session_with(client.assume_role(**request)["Credentials"], source, identity)


def _assume_with_web_identity(source: Session, identity: Identity) -> Session:
    """Return a session with the role's own credentials, for which its web identity's token is exchanged."""
    client: Any = source.create_client("sts", config=Config(signature_version=UNSIGNED))
    answer = client.assume_role_with_web_identity(
        RoleArn=identity.role_arn,
        RoleSessionName=identity.role_session_name or _SESSION_NAME,
        WebIdentityToken=identity.web_identity,
    )
    return _session_with(answer["Credentials"], source, identity)


def _session_with(keys: Mapping[str, str], source: Session, identity: Identity) -> Session:
    session = open_session(identity, source.get_config_variable("region"))
    session.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return session


def endpoint_of(session: Session, registry: Registry) -> Config | None:
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
