"""Decides which calls the direct way makes for an identity, or that it leaves the identity to botocore.

It follows botocore's chain (botocore/credentials.py, create_credential_resolver) for the settings and variables that it
knows, and raises DeclinedError for any other: these are lists of what is allowed, never of what is not.
"""

import time

from docker_credential_ecrx.aws import trust
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.endpoints import parse_url
from docker_credential_ecrx.aws.direct.environment import require_known
from docker_credential_ecrx.aws.direct.keys import ContainerEndpoint, InstanceEndpoint, Keys, WebIdentity
from docker_credential_ecrx.aws.direct.named_files import require_ordinary
from docker_credential_ecrx.aws.direct.profile_files import KEYS, read_profiles
from docker_credential_ecrx.identity.model import chosen_profile, first_profile
from docker_credential_ecrx.identity.settings import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws.direct.profile_files import Sections
    from docker_credential_ecrx.identity.aws_profiles import Snapshot
    from docker_credential_ecrx.identity.model import Identity

    Source = Keys | WebIdentity | ContainerEndpoint | InstanceEndpoint
    Settings = Mapping[str, str]

_ROLE = (
    *("role_arn", "source_profile", "credential_source", "external_id"),
    *("role_session_name", "duration_seconds", "web_identity_token_file"),
)
# They do not matter to the two calls: the registry determines the region, and the rest is the AWS CLI's.
_IGNORED = ("region", "output", "cli_pager", "cli_auto_prompt", "cli_history", "cli_timestamp_format", "ca_bundle")
_KNOWN = frozenset((*KEYS, *_ROLE, *_IGNORED))
_WEB_IDENTITY = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME")
_CHAINED_SECONDS = 3600  # the longest that a role session lasts that another one opened
_LONGEST_TOKEN = 1 << 16  # characters, as in aws/input_files.py
_MOST_DIGITS = 9  # int() refuses thousands of them
# botocore/utils.py, ContainerMetadataFetcher and InstanceMetadataFetcher
_CONTAINER_ADDRESS = "http://169.254.170.2"
_INSTANCE_ADDRESS = "http://169.254.169.254"


class Plan:
    """Where the first keys come from, and the parameters of each AssumeRole that follows.

    The last session is the program's own (``is_role_own``) if config.toml or a service account names its role.
    """

    __slots__ = ("is_role_own", "roles", "source", "trusted")

    def __init__(
        self, source: "Source", roles: "list[dict[str, str]]", trusted: trust.Trust, *, is_role_own: bool
    ) -> None:
        self.source = source
        self.roles = roles
        self.trusted = trusted
        self.is_role_own = is_role_own


def make_plan(identity: "Identity", snapshot: "Snapshot") -> Plan:
    """Return the plan for ``identity`` as ``snapshot`` defines it; raise DeclinedError."""
    env = snapshot.env
    require_known(env)
    # botocore checks the address even if it asks nothing there.
    parse_url(env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE_ADDRESS)
    chain = _Chain(snapshot)
    name = first_profile(identity, env)
    if name not in chain.settings and chosen_profile(identity, env) is not None:
        raise DeclinedError("the profile does not exist")
    first = chain.settings.get(name, {})
    chain.require_known_settings(first)
    trusted = trust.find(identity, snapshot)
    require_ordinary(identity, snapshot, trusted.bundle)
    if identity.web_identity is not None:
        parameters = {
            "RoleArn": identity.role_arn or "",
            "RoleSessionName": identity.role_session_name or PROGRAM,
        }
        return Plan(WebIdentity(identity.web_identity, parameters), [], trusted, is_role_own=True)
    source, roles = chain.first(name, is_chosen=identity.profile is not None)
    if identity.role_arn is not None:
        duration = identity.duration_seconds
        if (duration or 0) > _CHAINED_SECONDS:
            raise DeclinedError("the duration of the role may be longer than is permitted")
        parameters = {
            "RoleArn": identity.role_arn,
            "RoleSessionName": identity.role_session_name or PROGRAM,
            "ExternalId": identity.external_id or "",
            "DurationSeconds": "" if duration is None else str(duration),
        }
        roles = [*roles, {name: value for name, value in parameters.items() if value}]
    return Plan(source, roles, trusted, is_role_own=identity.role_arn is not None)


class _Chain:
    """AWS's credential chain, by the profiles of a snapshot."""

    def __init__(self, snapshot: "Snapshot") -> None:
        self.settings: Sections = read_profiles(snapshot)
        self._snapshot = snapshot
        self._env = snapshot.env

    def first(self, name: str, *, is_chosen: bool) -> "tuple[Source, list[dict[str, str]]]":
        """Return what the chain of profile ``name``, or the default chain, begins with, and the roles in it."""
        own = self.settings.get(name, {})
        if not is_chosen and self._env.get("AWS_ACCESS_KEY_ID"):
            return self._environment_keys(), []
        if "role_arn" in own and "web_identity_token_file" not in own:
            if not is_chosen and self._env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
                raise DeclinedError("a role and a web identity token compete")
            return self._role(name, [])
        web_identity = self._web_identity(own, is_chosen=is_chosen)
        if web_identity is not None:
            return web_identity, []
        if any(key in own for key in KEYS):
            return _keys(own), []
        return self._outside_profiles(), []

    def require_known_settings(self, settings: "Settings") -> None:
        """Raise DeclinedError if a profile has a setting that may change what botocore does."""
        for key, value in settings.items():
            if key not in _KNOWN or not value or not value.isprintable():
                raise DeclinedError("a profile has a setting that only botocore knows")

    def _role(self, name: str, before: "list[str]") -> "tuple[Source, list[dict[str, str]]]":
        """Return the source of the role that profile ``name`` assumes, and the roles up to that one."""
        own = self.settings[name]
        named, source = own.get("credential_source"), own.get("source_profile")
        if (named is None) == (source is None):
            raise DeclinedError("a role has no source, or two")
        role = _role_parameters(own)
        if source is None:
            return self._named_source(named or ""), [role]
        found = self.settings.get(source)
        if found is None or source in before:
            raise DeclinedError("the source of a role does not exist, or is itself")
        self.require_known_settings(found)
        if any(key in found for key in KEYS[:2]):
            if "web_identity_token_file" in found:
                raise DeclinedError("keys and a web identity token compete")
            return _keys(found), [role]
        if source == name:
            raise DeclinedError("the source of a role is itself")
        if "role_arn" in found and "web_identity_token_file" not in found:
            first, roles = self._role(source, [*before, name])
            return first, [*roles, role]
        web_identity = self._web_identity(found, is_chosen=True)
        if web_identity is None:
            raise DeclinedError("the source of a role has no credentials")
        return web_identity, [role]

    def _named_source(self, name: str) -> "Source":
        if name == "Environment":
            return self._environment_keys()
        if name == "EcsContainer":
            return self._container()
        if name == "Ec2InstanceMetadata":
            return self._instance()
        raise DeclinedError("a profile names an unknown source")

    def _environment_keys(self) -> Keys:
        return _keys({name: self._env.get(name.upper(), "") for name in KEYS if self._env.get(name.upper())})

    def _web_identity(self, own: "Settings", *, is_chosen: bool) -> WebIdentity | None:
        """Return the web identity of a profile or of the environment, or None if there is none."""
        from_env = {} if is_chosen else {name: self._env[name] for name in _WEB_IDENTITY if self._env.get(name)}
        names = ("web_identity_token_file", "role_arn", "role_session_name")
        in_profile = {name: own[name] for name in names if name in own}
        if from_env and in_profile:
            raise DeclinedError("a web identity is partly in the environment")
        path, role, session = (
            (from_env.get(variable) or in_profile.get(name, ""))
            for variable, name in zip(_WEB_IDENTITY, names, strict=True)
        )
        if not path:
            return None
        if not role:
            raise DeclinedError("a web identity has no role")
        token = _text(self._snapshot.read(path))
        return WebIdentity(token, {"RoleArn": role, "RoleSessionName": session or _session_name()})

    def _outside_profiles(self) -> "Source":
        if self._env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") or self._env.get(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        ):
            return self._container()
        return self._instance()

    def _container(self) -> ContainerEndpoint:
        relative = self._env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        full = self._env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not relative and not full:
            raise DeclinedError("a profile names a container, and there is none")
        path = self._env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        authorization = self._env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN") or None
        if path:
            authorization = _text(self._snapshot.read(path))
        if authorization is not None and not (authorization.isascii() and authorization.isprintable()):
            raise DeclinedError("a container's authorization token is not a header")
        return ContainerEndpoint(f"{_CONTAINER_ADDRESS}{relative}" if relative else full or "", authorization)

    def _instance(self) -> InstanceEndpoint:
        if self._env.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            raise DeclinedError("there are no credentials")
        return InstanceEndpoint(self._env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE_ADDRESS)


def _keys(settings: "Settings") -> Keys:
    """Return the keys in a profile's settings or in the environment, by a profile's names of them."""
    keys = Keys(*(settings.get(name, "") for name in KEYS))
    keys.require_plain()
    return keys


def _role_parameters(own: "Settings") -> "dict[str, str]":
    """Return the parameters of the AssumeRole that a profile asks for."""
    duration = own.get("duration_seconds", "")
    if duration and not (duration.isascii() and duration.isdecimal() and len(duration) <= _MOST_DIGITS):
        raise DeclinedError("duration_seconds is not a number")
    parameters = {
        "RoleArn": own["role_arn"],
        "RoleSessionName": own.get("role_session_name") or _session_name(),
        "ExternalId": own.get("external_id", ""),
        "DurationSeconds": str(int(duration)) if duration else "",
    }
    return {name: value for name, value in parameters.items() if value}


def _session_name() -> str:
    """Return the name that botocore gives a session that has none."""
    return f"botocore-session-{int(time.time())}"


def _text(content: "bytes | None") -> str:
    try:
        text = (content or b"").decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text or "\r" in text or len(text) > _LONGEST_TOKEN:
        raise DeclinedError("a token's file is missing, empty, too large or not plain text")
    return text
