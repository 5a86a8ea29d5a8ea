"""Where an identity's credentials come from, and so how the user replaces those that are missing or do not work.

AWS's files and variables are followed as botocore follows them; no secret is read.
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

import shlex
from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.model import CONTAINER_VARIABLES, Identity, first_profile
from docker_credential_ecrx.system import shell

_DEFAULT = "default"
# How to get new credentials, by kind of source: text and command.
# ``aws configure`` does not ask for a session token, and nobody types in an instance's keys.
_REMEDIES = {
    "keys": ("", "aws configure{option}"),
    "session": ("get new keys, with their aws_session_token, for profile {profile}", ""),
    "variables": (
        "set new AWS keys, or unset them",
        shell.unset("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    ),
    "named variables": ("set new AWS keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN", ""),
    "sso": ("", "aws sso login{option}"),
    "login": ("", "aws login{option}"),
    "process": ("run the credential_process of profile {profile} by hand to see its output", ""),
    "web identity": ("get a new web identity token", ""),
    "container": ("check the role of this container's task or pod", ""),
    "instance": ("check the role of this instance", ""),
    "no source": ("", "aws configure set source_profile PROFILE{option}"),
    "missing": ("", "aws configure{option}"),
}
_ROLE_REMEDY = Remedy("try again, and check that the account has enabled the region")
# The values of a profile's credential_source.
_NAMED = {"Environment": "named variables", "EcsContainer": "container", "Ec2InstanceMetadata": "instance"}
# The settings of a profile that provide credentials, in botocore's order.
_KEYS = {
    "web_identity_token_file": "web identity",
    "sso_role_name": "sso",
    "sso_account_id": "sso",
    "aws_access_key_id": "keys",
    "login_session": "login",
    "credential_process": "process",
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_SESSION_PREFIX = "ASIA"


class CredentialSource(NamedTuple):
    """Where the credentials of an identity come from.

    ``kind`` is a key of ``_REMEDIES``, ``profile`` the AWS profile at the end of the chain, and ``named_by`` the one
    that names it as its source.
    ``source_option`` makes an AWS command use ``profile``, ``caller_option`` the profile that the chain starts with.
    ``is_role`` says whether the credentials only assume a role, whose keys sign all other requests.
    """

    kind: str
    profile: str
    named_by: str
    source_option: str
    caller_option: str
    is_role: bool

    def signs(self, operation: str) -> bool:
        """Return whether the credentials themselves, and not those of a role, sign ``operation``."""
        return not (self.is_role and operation) or operation.startswith("AssumeRole")

    def remedy(self, operation: str = "", *, session_expired: bool = False) -> Remedy:
        """Return how the user replaces the credentials that signed ``operation``.

        ``session_expired`` says that they are known to be those of a session.
        """
        if not self.signs(operation):
            return Remedy("try again") if session_expired else _ROLE_REMEDY
        kind = "session" if session_expired and self.kind == "keys" else self.kind
        text, command = (part.format(profile=self.profile, option=self.source_option) for part in _REMEDIES[kind])
        return Remedy(text, command)


def has_container(env: Mapping[str, str]) -> bool:
    """Return whether a variable names the endpoint of a container's credentials."""
    return any(map(env.get, CONTAINER_VARIABLES))


def find_source(identity: Identity, env: Mapping[str, str]) -> CredentialSource:
    """Return where AWS's credential chain for the identity ends, by the environment and AWS's files as they are now."""
    first = first_profile(identity, env)
    is_default = identity.profile is None
    kind, profile, named_by = _end_of_chain(first, env, is_default=is_default)
    if identity.web_identity is not None:
        kind = "web identity"
    elif is_default and env.get("AWS_ACCESS_KEY_ID"):
        kind, profile, named_by = "variables", first, ""
    # The default chain may have no profile to name, and an option would take precedence over keys in the environment.
    source_option, caller_option = (f" --profile {shlex.quote(name)}" for name in (profile, first))
    return CredentialSource(
        kind,
        profile,
        named_by,
        "" if is_default and profile == first == _DEFAULT else source_option,
        "" if is_default and (first == _DEFAULT or kind == "variables") else caller_option,
        identity.role_arn is not None or (kind != "variables" and "role_arn" in settings_of(first, env)),
    )


def _end_of_chain(
    profile: str, env: Mapping[str, str], before: tuple[str, ...] = (), *, is_default: bool
) -> tuple[str, str, str]:
    """Return the kind of the credentials at the end of the chain, the profile there, and the profile that names it."""
    own = settings_of(profile, env)
    named_by = before[-1] if before else ""
    if not own and (before or not is_default or profile != _DEFAULT):
        return "missing", profile, named_by
    is_source_with_keys = bool(before) and "aws_access_key_id" in own
    if "role_arn" in own and "web_identity_token_file" not in own and not is_source_with_keys:
        source = own.get("source_profile")
        if source is None:
            return _NAMED.get(own.get("credential_source", ""), "no source"), profile, named_by
        if source in before or (source == profile and "aws_access_key_id" not in own):
            return "no source", profile, named_by  # the chain leads back to a profile that it comes from
        if source == profile:
            return _kind(own, env, is_first=False, is_default=False), profile, named_by  # a role of its own keys
        return _end_of_chain(source, env, (*before, profile), is_default=is_default)
    return _kind(own, env, is_first=not before, is_default=is_default), profile, named_by


def _kind(own: Mapping[str, str], env: Mapping[str, str], *, is_first: bool, is_default: bool) -> str:
    """Return the kind of the credentials of a profile with these settings, or of those at the end of the chain."""
    if is_first and is_default and env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return "web identity"
    kind = next((kind for key, kind in _KEYS.items() if key in own), None)
    if kind == "keys" and own["aws_access_key_id"].startswith(_SESSION_PREFIX):
        return "session"
    if kind is not None or not is_first:
        return kind or "keys"
    return "container" if has_container(env) else "instance"


def settings_of(profile: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of a profile in AWS's files: at least one if the profile exists."""
    own: dict[str, str] = {}
    first = ""
    for section, key, value in chain(Identity(profile), env):
        first = first or section
        if section == first != "DEFAULT":
            own[key] = value
    return own
