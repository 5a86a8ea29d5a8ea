"""Where an identity's credentials come from, and so what a person types where they are missing or do not work.

AWS's files and variables are followed as botocore follows them; no secret is read.
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

import difflib
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import Snapshot, chain
from docker_credential_ecrx.identity.model import Identity, first_profile
from docker_credential_ecrx.identity.settings import PROGRAM

SYNTAX_HINT = "fix its syntax or its permissions"
# Returns what has another AWS profile answer.
Choose = Callable[[str], str]

_DEFAULT = "default"
# What renews credentials, by their kind. ``aws configure`` asks for no session token, and nobody types an instance's.
_RENEWALS = {
    "keys": "aws configure{option}",
    "session": "get new keys, with their aws_session_token, for the profile {profile}",
    "variables": "set new AWS keys, or do without: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",
    "named variables": "set new AWS keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    "sso": "aws sso login{option}",
    "login": "aws login{option}",
    "process": "run the credential_process of the profile {profile} by hand and see what it says",
    "web identity": "get a new web identity token",
    "container": "check the role of this container's task or pod",
    "instance": "check the role of this instance",
    "no source": "aws configure set source_profile PROFILE{option}",
    "missing": "aws configure{option}",
}
_OF_A_ROLE = "try again, and see whether the account has enabled the region"
# What a role's profile may name in place of another profile.
_NAMED = {"Environment": "named variables", "EcsContainer": "container", "Ec2InstanceMetadata": "instance"}
# The keys of a profile that give credentials, in botocore's order.
_KEYS = {
    "web_identity_token_file": "web identity",
    "sso_role_name": "sso",
    "sso_account_id": "sso",
    "aws_access_key_id": "keys",
    "login_session": "login",
    "credential_process": "process",
}
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_SESSION_PREFIX = "ASIA"
_SHOWN = 5


class Profile(NamedTuple):
    """The role that a profile assumes, and the profile whose credentials it does that with; empty where there is none.

    Where both of AWS's files say something of a profile, the credentials file goes first.
    """

    role_arn: str
    source: str
    has_keys: bool


class CredentialSource(NamedTuple):
    """Where the credentials of an identity come from.

    ``kind`` is a key of ``_RENEWALS``, ``profile`` the AWS profile at the end of the chain and ``named_by`` the one
    that names it as its source; ``option`` has an AWS command use it, and ``asked`` the one that the chain begins with.
    ``is_role`` says whether they only open a role, with whose keys all the rest is signed.
    """

    kind: str
    profile: str
    named_by: str
    option: str
    asked: str
    is_role: bool

    def renewal(self, operation: str = "", *, of_session: bool = False) -> str:
        """Return what renews what signed ``operation``; ``of_session`` where keys are known to be a session's."""
        if self.is_role and operation and not operation.startswith("AssumeRole"):
            return "try again" if of_session else _OF_A_ROLE
        kind = "session" if of_session and self.kind == "keys" else self.kind
        return _RENEWALS[kind].format(profile=self.profile, option=self.option)


def origin_of(identity: Identity, env: Mapping[str, str]) -> CredentialSource:
    """Return where AWS's chain for the identity ends, by what the environment and AWS's files say now."""
    first = first_profile(identity, env)
    is_default = identity.profile is None
    kind, profile, named_by = _end_of(first, env, is_default=is_default)
    if identity.web_identity is not None:
        kind = "web identity"
    elif is_default and env.get("AWS_ACCESS_KEY_ID"):
        kind, profile, named_by = "variables", first, ""
    # Where nothing chose a profile, there may be none to name; and keys in the environment give way to one.
    option, asked = (f" --profile {shlex.quote(name)}" for name in (profile, first))
    return CredentialSource(
        kind,
        profile,
        named_by,
        "" if is_default and profile == first == _DEFAULT else option,
        "" if is_default and (first == _DEFAULT or kind == "variables") else asked,
        identity.role_arn is not None or (kind != "variables" and "role_arn" in _settings(first, env)),
    )


def files(identity: Identity, env: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of AWS's files that say who ``identity`` is, be they there or not."""
    snapshot = Snapshot(env)
    yield from (path for _, path, _ in snapshot.files())
    yield from token_files(identity, snapshot)


def token_files(identity: Identity, snapshot: Snapshot) -> Iterator[str]:
    """Yield the paths of the files with tokens that say who ``identity`` is, be they there or not."""
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        if snapshot.env.get(name):
            yield snapshot.env[name]
    yield from (value for _, key, value in snapshot.chain(identity) if key == "web_identity_token_file")


def missing_profile_hint(name: str, named_by: str, identity: Identity, env: Mapping[str, str], choose: Choose) -> str:
    """Return both ways out where there is no AWS profile ``name``: the one that may be meant, and to make it."""
    make = f"make it: aws configure --profile {shlex.quote(name)}"
    near = difflib.get_close_matches(name, profiles(), 1)
    if not near:
        return f"check its spelling, see aws configure list-profiles, or {make}"
    if named_by:
        meant = shlex.join(["aws", "configure", "set", "source_profile", near[0], "--profile", named_by])
    elif identity.profile is None:
        meant = f"export {variable(env)}={shlex.quote(near[0])}"
    else:
        meant = choose(near[0])
    return f"if {near[0]} is meant: {meant}, else {make}"


def no_credentials_hint(origin: CredentialSource, choose: Choose) -> str:
    """Return both ways out where AWS's chain ends without credentials: to make some, and a profile that has some."""
    make = f"aws configure{origin.option}"
    others = sorted(name for name in profiles() if name != origin.profile)
    if not others:
        return make
    if len(others) == 1:
        return f"{make}, or choose your AWS profile {others[0]}: {choose(others[0])}"
    names = ", ".join(others[:_SHOWN]) + (", …" if len(others) > _SHOWN else "")
    return f"{make}, or choose one of your AWS profiles {names}: {choose('PROFILE')}"


def configure_hint(identity: Identity, where: str = "HOST") -> Choose:
    """Return what tells the command that has a profile answer for a registry, or assume the identity's own role."""
    return partial(_chosen, identity, where)


def variable(env: Mapping[str, str]) -> str:
    """Return the variable that chooses the profile of AWS's default chain, where one is set."""
    return "AWS_DEFAULT_PROFILE" if env.get("AWS_DEFAULT_PROFILE") else "AWS_PROFILE"


def unset_empty_variables() -> None:
    """Unset AWS's variables that are set and empty: botocore takes an empty AWS_PROFILE for a profile's name.

    Also unset the one that names modules for botocore to load: these could get the token from anywhere.
    """
    for name in [*os.environ]:
        is_empty = (name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE") and not os.environ[name]
        if is_empty or name == "BOTOCORE_EXPERIMENTAL__PLUGINS":
            del os.environ[name]


def profiles() -> dict[str, Profile]:
    """Return the profiles in AWS's files by their names; raise AwsError where these cannot be read."""
    from botocore.exceptions import ConfigParseError  # what is heavy, only what is wrong costs
    from botocore.session import Session

    unset_empty_variables()
    try:
        found = Session().full_config["profiles"]
    except ConfigParseError as error:
        path, line = error.kwargs["path"], broken_line(error.kwargs)
        raise AwsError(
            f"the AWS file {path} cannot be read", f"fix its line {line}" if line else SYNTAX_HINT
        ) from error
    return {name: _profile(said) for name, said in found.items()}


def broken_line(said: Mapping[str, Any]) -> str:
    """Return the number of the line that botocore cannot read, as its error has ``said``, or an empty text.

    The line itself may be a secret.
    """
    cause = said.get("error")  # configparser's: most have a number, a ParsingError has one for each line
    line = getattr(cause, "lineno", None) or next((number for number, _ in getattr(cause, "errors", ())), None)
    return str(line or "")


def _profile(said: Mapping[str, object]) -> Profile:
    # botocore heeds a source only where it assumes a role, and needs none where a web identity opens that.
    is_assumed = "role_arn" in said and "web_identity_token_file" not in said
    source = str(said.get("source_profile", "")) if is_assumed else ""
    return Profile(str(said.get("role_arn", "")), source, "aws_access_key_id" in said)


def _chosen(identity: Identity, where: str, profile: str) -> str:
    option = ["--profile", profile]
    if identity.role_arn is not None:
        external = ["--external-id", identity.external_id] if identity.external_id else []
        option = ["--role-arn", identity.role_arn, "--source-profile", profile, *external]
    return f"{PROGRAM} configure {where} {shlex.join(option)}"


def _end_of(
    profile: str, env: Mapping[str, str], before: tuple[str, ...] = (), *, is_default: bool
) -> tuple[str, str, str]:
    """Return the kind of the credentials at the end of the chain, the profile there, and the one that names it."""
    own = _settings(profile, env)
    named_by = before[-1] if before else ""
    if not own and (before or not is_default or profile != _DEFAULT):
        return "missing", profile, named_by
    is_source_with_keys = bool(before) and "aws_access_key_id" in own
    if "role_arn" in own and "web_identity_token_file" not in own and not is_source_with_keys:
        source = own.get("source_profile")
        if source is None:
            return _NAMED.get(own.get("credential_source", ""), "no source"), profile, named_by
        if source in {*before, profile}:
            return _kind(own, env, is_first=False, is_default=False), source, named_by  # a profile may name itself
        return _end_of(source, env, (*before, profile), is_default=is_default)
    return _kind(own, env, is_first=not before, is_default=is_default), profile, named_by


def _kind(own: Mapping[str, str], env: Mapping[str, str], *, is_first: bool, is_default: bool) -> str:
    """Return the kind of the credentials that a profile with these settings has itself, or that the chain ends in."""
    if is_first and is_default and env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return "web identity"
    kind = next((kind for key, kind in _KEYS.items() if key in own), None)
    if kind == "keys" and own["aws_access_key_id"].startswith(_SESSION_PREFIX):
        return "session"
    if kind is not None or not is_first:
        return kind or "keys"
    return "container" if any(env.get(name) for name in _CONTAINER) else "instance"


def _settings(profile: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return what AWS's files say of a profile, with at least one key where it is there."""
    own: dict[str, str] = {}
    first = ""
    for section, key, value in chain(Identity(profile), env):
        first = first or section
        if section == first != "DEFAULT":
            own[key] = value
    return own
