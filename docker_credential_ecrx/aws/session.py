"""Opens botocore's sessions: with the credentials of an identity, and in the role that it assumes.

Everything that the SDK's credential chain can do in a profile works, except asking a question: a person's
answer comes along as an ``Mfa``.
Sessions are botocore's, the core of boto3: boto3's own part, its resources and transfers, is 50 ms of imports.
"""

import os
from typing import Any

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import CredentialResolver
from botocore.loaders import Loader
from botocore.session import Session

from docker_credential_ecrx.aws import credential_source, secrets, tls
from docker_credential_ecrx.aws import snapshot as aws_snapshot
from docker_credential_ecrx.aws.client_errors import CredentialsError, UnknownBotocoreError
from docker_credential_ecrx.aws.retries import Retries
from docker_credential_ecrx.aws.role_check import RoleCheck
from docker_credential_ecrx.aws.service_errors import MfaNeededError
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.system import programs
from docker_credential_ecrx.system.deadline import Deadline

# GetAuthorizationToken; roles and web identities; SSO profiles and their refresh; login_session profiles.
SERVICES = ("ecr", "ecr-public", "sts", "sso", "sso-oidc", "signin")
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 1},  # Retries says whether there is another
    user_agent_extra="docker-credential-ecrx",
)
_SESSION_NAME = "docker-credential-ecrx"
# The files of AWS's first tools and of boto 2 (botocore/credentials.py, OriginalEC2Provider and BotoProvider): what is
# in them is in no fingerprint, so their keys must not answer.
_NOT_READ = ("ec2-credentials-file", "boto-config")


class _Loader(Loader):
    """Finds models and endpoint rules in botocore's own data alone, and only those of the services in use.

    botocore would first look in AWS_DATA_PATH, the profile's data_path and ~/.aws/models, whose rules may name any
    endpoint, and through all its four hundred services.
    """

    def __init__(self) -> None:
        super().__init__([self.BUILTIN_DATA_PATH], include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - all have what a client takes
        """Return the services that there are."""
        return [*SERVICES]


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


def open_session(
    identity: Identity,
    region: str | None,
    mfa: Mfa | None = None,
    deadline: Deadline | None = None,
    snapshot: Snapshot | None = None,
) -> Session:
    """Return a session of the identity's profile in ``region``, or in its own; it resolves no credentials yet.

    It reads AWS's files as ``snapshot`` has them, if given, and then also checks whom AWS answers (``RoleCheck``).
    """
    programs.forget_relative(os.environ)  # where botocore looks for a credential_process
    session = new_session(identity)
    if snapshot is not None:
        aws_snapshot.give(session, snapshot)
        RoleCheck(identity, snapshot).watch(session)
    if region is not None:
        # The registry's region also decides where a role is assumed, whatever region the profile names.
        session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    tls.share(session)
    retries: Any = Retries(deadline.end if deadline else None).pause
    session.register("needs-retry", retries)
    secrets.learn_from(session)
    sources = session.get_component("credential_provider")
    for source in _NOT_READ:
        sources.remove(source)
    answer_with(mfa or Mfa(), sources)
    return session


def new_session(identity: Identity | None) -> Session:
    """Return a session of the identity's profile that takes nothing from where no fingerprint looks."""
    credential_source.unset_empty_variables()
    session = Session(profile=identity.profile if identity else None)
    session.register_component("data_loader", _Loader())
    # botocore would send the access key and the session token of each call to AWS_CSM_HOST, in the clear.
    session.set_config_variable("csm_enabled", value=False)
    return session


def answer_with(mfa: Mfa, resolver: CredentialResolver) -> None:
    """Let ``mfa`` answer where botocore would ask a person for an MFA code.

    From a pipe it would read what it finds: the registry's host name.
    Raises UnknownBotocoreError where it asks in another way than it did in 1.44, for where that is set is private.
    """
    roles: Any = resolver.get_provider("assume-role")
    if not (hasattr(roles, "_prompter") and hasattr(roles, "cache")):
        raise UnknownBotocoreError
    roles._prompter, roles.cache = mfa.take, mfa.sessions  # noqa: SLF001


def source_of(
    region: str, identity: Identity, deadline: Deadline, mfa: Mfa | None, snapshot: Snapshot | None = None
) -> Session:
    """Return a session that has its credentials, or knows whom to ask for them; a web identity needs none."""

    def resolved() -> Session:
        session = open_session(identity, region, mfa, deadline, snapshot)
        if identity.web_identity is None and session.get_credentials() is None:
            raise exceptions.NoCredentialsError
        return session

    try:
        return deadline.within(resolved)
    except (TimeoutError, ValueError) as error:
        raise CredentialsError from error


def in_role(source: Session, identity: Identity) -> Session:
    """Return ``source``, which has the credentials of the role that ``identity`` itself names from now on."""
    if identity.role_arn is None:
        return source
    request: dict[str, Any] = {
        "RoleArn": identity.role_arn,
        "RoleSessionName": identity.role_session_name or _SESSION_NAME,
    }
    if identity.web_identity is not None:
        client: Any = source.create_client("sts", config=Config(signature_version=UNSIGNED))
        answer = client.assume_role_with_web_identity(WebIdentityToken=identity.web_identity, **request)
    else:
        if identity.external_id is not None:
            request["ExternalId"] = identity.external_id
        if identity.duration_seconds is not None:
            request["DurationSeconds"] = identity.duration_seconds
        client = source.create_client("sts")
        answer = client.assume_role(**request)
    keys: Any = answer["Credentials"]
    source.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return source


def endpoint_of(session: Session, registry: Registry) -> Config | None:
    """Return what leads to the kind of endpoint that belongs to the registry's host."""
    if not registry.fips and not registry.dual_stack:
        return None
    scoped = session.get_scoped_config()
    configured = ConfiguredEndpointProvider(session.full_config, scoped, registry.service).provide()
    if configured and not session.get_config_variable("ignore_configured_endpoint_urls"):
        return None  # an endpoint of the user's own goes first; botocore refuses the two together
    # What the host does not ask for, the user may.
    return Config(use_fips_endpoint=registry.fips or None, use_dualstack_endpoint=registry.dual_stack or None)


def region_of(identity: Identity) -> str:
    """Return the region in which the identity asks where no registry says so."""
    configured = new_session(identity).get_config_variable("region")
    return str(configured or os.environ.get("AWS_REGION") or "us-east-1")
