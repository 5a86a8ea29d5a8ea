"""Opens botocore's sessions: with the credentials of an identity, and in the role that it assumes.

Everything that the SDK's credential chain can do in a profile works, except prompting: the user's MFA code is passed in
as an ``Mfa``.
Sessions are botocore's and not boto3's, whose resources and transfers take 50 ms to import.
"""

import os
from collections.abc import Iterable
from typing import Any

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import CredentialResolver
from botocore.loaders import Loader
from botocore.session import Session

from docker_credential_ecrx.aws import (
    credential_process,
    key_check,
    response_size,
    role_settings,
    secrets,
    tls,
    trust,
)
from docker_credential_ecrx.aws import snapshot as aws_snapshot
from docker_credential_ecrx.aws.calls import Calls
from docker_credential_ecrx.aws.client_errors import CredentialsError, MfaNeededError, UnknownBotocoreError
from docker_credential_ecrx.aws.retries import Retries
from docker_credential_ecrx.aws.role_check import RoleCheck
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import programs

# GetAuthorizationToken; roles and web identities; SSO profiles and their refresh; login_session profiles.
SERVICES = ("ecr", "ecr-public", "sts", "sso", "sso-oidc", "signin")
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 1},  # Retries decides about further attempts
    user_agent_extra=PROGRAM,
)
# The files of AWS's first tools and of boto 2 (botocore/credentials.py, OriginalEC2Provider and BotoProvider): they are
# in no fingerprint, so their keys must not be used.
_NOT_READ = ("ec2-credentials-file", "boto-config")


class _Loader(Loader):
    """Finds models and endpoint rules only in botocore's own data, and only for the services in use.

    botocore would first look in AWS_DATA_PATH, the profile's data_path and ~/.aws/models, whose rules may name any
    endpoint, and search all its four hundred services.
    """

    def __init__(self) -> None:
        super().__init__([self.BUILTIN_DATA_PATH], include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - all have every type
        """Return the services in use."""
        return [*SERVICES]


class Mfa:
    """The user's MFA code, and the role sessions that it opened: AWS accepts a code only once."""

    __slots__ = ("code", "is_used", "sessions")

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.is_used = False  # whether AWS was given a code
        self.sessions: dict[str, Any] = {}  # AssumeRole's responses, by botocore's keys

    def take(self, _prompt: str) -> str:
        """Return the code, once; raise MfaNeededError if there is none."""
        code, self.code = self.code, ""
        if not code:
            raise MfaNeededError
        self.is_used = True
        return code


def open_session(
    identity: Identity,
    region: str | None,
    calls: Calls,
    mfa: Mfa | None = None,
    snapshot: Snapshot | None = None,
) -> Session:
    """Return a session of the identity's profile in ``region``, or in its own; it has not resolved credentials yet.

    With a ``snapshot`` it reads AWS's files from there, and also checks whose credentials AWS returns (``RoleCheck``).
    ``calls`` follows what it asks AWS for.
    With ``mfa`` there is a person, for whom a credential_process may wait.
    """
    if mfa is not None:
        credential_process.wait_for_person(calls.deadline)
    programs.remove_relative(os.environ)  # where botocore looks for a credential_process
    session = new_session(identity)
    if snapshot is not None:
        aws_snapshot.give(session, snapshot)
        RoleCheck(identity, snapshot).watch(session)
    if region is not None:
        # A role is also assumed in the registry's region, whatever region the profile names.
        session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    trusted = trust.find(identity, snapshot or Snapshot(os.environ))
    if trusted.bundle:
        session.set_config_variable("ca_bundle", os.path.expanduser(trusted.bundle))  # noqa: PTH111 - raises nothing
    tls.share(session, trusted)
    retries: Any = Retries(calls.deadline).pause
    session.register("needs-retry", retries)
    calls.watch(session)
    secrets.learn_from(session)
    key_check.watch(session)
    sources = session.get_component("credential_provider")
    for source in _NOT_READ:
        sources.remove(source)
    if snapshot is not None:
        aws_snapshot.give_token(sources, snapshot)
    set_mfa(mfa or Mfa(), sources)
    return session


def new_session(identity: Identity | None) -> Session:
    """Return a session of the identity's profile that reads only what is in the fingerprint."""
    # The modules that it names could get the token from anywhere.
    os.environ.pop("BOTOCORE_EXPERIMENTAL__PLUGINS", None)
    session = Session(profile=identity.profile if identity else None)
    response_size.limit()
    session.register_component("data_loader", _Loader())
    # botocore would send the access key and the session token of each call to AWS_CSM_HOST, unencrypted.
    session.set_config_variable("csm_enabled", value=False)
    return session


def set_mfa(mfa: Mfa, resolver: CredentialResolver) -> None:
    """Make botocore use ``mfa`` instead of prompting for an MFA code.

    A prompt would read the registry's host name from stdin.
    Raises UnknownBotocoreError if botocore prompts in another way than in 1.44, since the attributes are private.
    """
    roles: Any = resolver.get_provider("assume-role")
    if not (hasattr(roles, "_prompter") and hasattr(roles, "cache")):
        raise UnknownBotocoreError
    roles._prompter, roles.cache = mfa.take, mfa.sessions  # noqa: SLF001


def resolved_session(
    region: str, identity: Identity, calls: Calls, mfa: Mfa | None, snapshot: Snapshot | None = None
) -> Session:
    """Return a session that has credentials or can request them within the deadline; a web identity needs none."""

    def resolved() -> Session:
        session = open_session(identity, region, calls, mfa, snapshot)
        if identity.web_identity is None and session.get_credentials() is None:
            raise exceptions.NoCredentialsError
        return session

    try:
        return calls.within(resolved)
    except (TimeoutError, ValueError) as error:
        raise CredentialsError from error


def in_role(source: Session, identity: Identity) -> Session:
    """Return ``source`` with the credentials of the role that ``identity`` names, if it names one."""
    if identity.role_arn is None:
        return source
    role_settings.require_permitted(identity, os.environ)
    request: dict[str, Any] = {
        "RoleArn": identity.role_arn,
        "RoleSessionName": identity.role_session_name or PROGRAM,
    }
    if identity.web_identity is not None:
        client: Any = source.create_client("sts", config=Config(signature_version=UNSIGNED))
        response = client.assume_role_with_web_identity(WebIdentityToken=identity.web_identity, **request)
    else:
        if identity.external_id is not None:
            request["ExternalId"] = identity.external_id
        if identity.duration_seconds is not None:
            request["DurationSeconds"] = identity.duration_seconds
        client = source.create_client("sts")
        response = client.assume_role(**request)
    keys: Any = response["Credentials"]
    source.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return source


def endpoint_of(session: Session, registry: Registry) -> Config | None:
    """Return the configuration for the kind of endpoint that the registry's host has, FIPS or dual-stack, or None."""
    if registry.endpoint_url or not (registry.fips or registry.dual_stack):
        return None  # an endpoint of the user's own is of no kind
    scoped = session.get_scoped_config()
    configured = ConfiguredEndpointProvider(session.full_config, scoped, registry.service).provide()
    if configured and not session.get_config_variable("ignore_configured_endpoint_urls"):
        return None  # the user's own endpoint takes precedence; botocore accepts only one of them
    # The user may configure a kind that the host does not imply.
    return Config(use_fips_endpoint=registry.fips or None, use_dualstack_endpoint=registry.dual_stack or None)


def region_of(identity: Identity) -> str:
    """Return the region of the identity's calls if no registry determines it."""
    configured = new_session(identity).get_config_variable("region")
    return str(configured or os.environ.get("AWS_REGION") or "us-east-1")


def regions(places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Return the regions in which botocore knows each service and partition: its data takes long to load."""
    session = new_session(None)
    return {place: [str(region) for region in session.get_available_regions(*place)] for place in {*places}}
