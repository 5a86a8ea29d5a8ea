"""The identity for which a token is requested: a profile, a role, or AWS's default credential chain."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# In the order of botocore/configprovider.py, BOTOCORE_DEFAUT_SESSION_VARIABLES: the first that is set counts.
_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
CONTAINER_VARIABLES = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# The settings by which a profile provides credentials.
_CREDENTIALS = (
    *("aws_access_key_id", "credential_process", "login_session"),
    *("role_arn", "sso_account_id", "sso_role_name", "web_identity_token_file"),
)
_KEY_PREFIXES = ("AKIA", "ASIA")  # of the access keys of users and of sessions
_KEY_LENGTHS = range(16, 33)  # characters of an access key ID
_SHOWN = 4  # of these, at either end


class Identity:
    """A profile, a role with its source (a profile or the default credential chain), or the default chain itself."""

    __slots__ = ("duration_seconds", "external_id", "profile", "role_arn", "role_session_name", "web_identity")

    def __init__(  # noqa: PLR0913 - the parameters of AssumeRole
        self,
        profile: "str | None" = None,
        *,
        role_arn: "str | None" = None,
        external_id: "str | None" = None,
        role_session_name: "str | None" = None,
        duration_seconds: "int | None" = None,
        web_identity: "str | None" = None,
    ) -> None:
        self.profile = profile  # with a role_arn: the role's source profile
        self.role_arn = role_arn
        self.external_id = external_id
        self.role_session_name = role_session_name
        self.duration_seconds = duration_seconds
        self.web_identity = web_identity  # the JSON web token with which the role is assumed; a secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> "tuple[object, ...]":
        return tuple(getattr(self, name) for name in self.__slots__)

    def __str__(self) -> str:
        """Return its description in the environment of this process."""
        return self.describe(os.environ)

    def describe(self, env: "Mapping[str, str]") -> str:
        """Return how a message names it: as the user chose it, by a profile, a role or a variable in ``env``."""
        if self.web_identity is not None:
            from docker_credential_ecrx.identity.web_identity import subject_of

            return f"role {self.role_arn} for {subject_of(self.web_identity)}"
        source = _default_chain(env) if self.profile is None else f"profile {self.profile}"
        return source if self.role_arn is None else f"role {self.role_arn} from {source}"


def _default_chain(env: "Mapping[str, str]") -> str:
    """Return the credentials that AWS's default credential chain uses, as far as ``env`` and AWS's files name them."""
    key = env.get("AWS_ACCESS_KEY_ID")
    if key:
        # Anything else in its place may be a secret.
        is_id = key.startswith(_KEY_PREFIXES) and len(key) in _KEY_LENGTHS and key.isascii() and key.isalnum()
        is_id = is_id and key == key.upper()
        shown = f"access key {key[:_SHOWN]}…{key[-_SHOWN:]}" if is_id else "the access key"
        return f"{shown} (from the environment)"
    variable = _first_set(_PROFILE_VARIABLES, env)
    named = f"profile {env[variable]} (from {variable})" if variable else ""
    own = _own_settings(env)
    assumes_role = "role_arn" in own and "web_identity_token_file" not in own
    is_web = bool(env.get("AWS_WEB_IDENTITY_TOKEN_FILE") and env.get("AWS_ROLE_ARN"))
    if is_web and not assumes_role and (own or not named):
        return f"role {env['AWS_ROLE_ARN']} (web identity)"
    if named or not own.isdisjoint(_CREDENTIALS):
        return named or "profile default"
    variable = _first_set(CONTAINER_VARIABLES, env)
    return f"the container's role (from {variable})" if variable else "the default credential chain"


def _first_set(variables: "tuple[str, ...]", env: "Mapping[str, str]") -> str:
    return next(filter(env.get, variables), "")


def _own_settings(env: "Mapping[str, str]") -> "set[str]":
    """Return the names of the settings of the default chain's profile itself, none if there is no such profile."""
    from docker_credential_ecrx.identity import aws_profiles  # which imports this module

    section = aws_profiles.normalized(first_profile(Identity(), env))
    return {key or "exists" for at, key, _ in aws_profiles.chain(Identity(), env) if at == section}


def chosen_profile(identity: Identity, env: "Mapping[str, str]") -> "str | None":
    """Return the profile that the identity or a variable names, or None."""
    names = (identity.profile, *map(env.get, _PROFILE_VARIABLES))
    return next(filter(None, names), None)


def first_profile(identity: Identity, env: "Mapping[str, str]") -> str:
    """Return the profile with which AWS's configuration of the identity, or of the default credential chain, begins."""
    return chosen_profile(identity, env) or "default"
