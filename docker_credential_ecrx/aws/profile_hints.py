"""Remedies that name AWS profiles: which one to create, or to use instead."""

import difflib
import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from docker_credential_ecrx.aws import profiles
from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import Snapshot, decoded, normalized
from docker_credential_ecrx.identity.model import Identity, chosen_profile
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import shell

# Returns the remedy that uses another AWS profile.
ConfigureHint = Callable[[str], Remedy]

_MOST_NAMES = 5


def missing_profile(identity: Identity, env: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first profile of the identity and its chain of source profiles that does not exist, or None.

    With it comes the profile that names it as its source, or an empty text.
    Raises AwsError if AWS's files cannot be read.
    """
    return next((pair for pair in named_profiles(identity, env).items() if pair[0] not in profiles.profiles()), None)


def named_profiles(identity: Identity, env: Mapping[str, str]) -> dict[str, str]:
    """Return each profile that the identity and its chain of source profiles name, and whose source it is."""
    first = chosen_profile(identity, env)
    known = profiles.profiles()
    named_by = {} if first is None else {first: ""}
    section = first or "default"
    has_credentials = identity.profile is None and bool(env.get("AWS_ACCESS_KEY_ID"))
    while not has_credentials and section in known and (source := known[section].source) and source not in named_by:
        named_by[source] = section
        section = source
        has_credentials = source in known and known[source].has_keys
    return named_by


def shown(name: str) -> str:
    """Return the name of a profile for a message: in quotes if it is empty, or has a space or quote at an end."""
    return name if name and name == normalized(name) else repr(name)


def bad_role(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first of the AWS profiles ``names`` whose role_arn is not the ARN of a role, with that, or None."""
    known = profiles.profiles()
    roles = ((name, known[name].role_arn) for name in names if name in known)
    return next((pair for pair in roles if pair[1] and arn.role(pair[1]) is None), None)


def some_names(names: Iterable[str]) -> str:
    """Return the first of ``names`` as text."""
    found = sorted(names)
    return ", ".join(found[:_MOST_NAMES]) + (", …" if len(found) > _MOST_NAMES else "")


def missing_profile_hint(
    name: str, named_by: str, identity: Identity, env: Mapping[str, str], configure: ConfigureHint
) -> tuple[Remedy, Remedy | None]:
    """Return the remedy if there is no AWS profile ``name``, which the profile ``named_by`` names unless that is empty.

    It uses the profile with the most similar name, or creates it; or names the section that was meant to be it.
    The second remedy only does the latter; it is None if no name is similar.
    """
    if named_by and not name:
        return Remedy(command=f"aws configure set source_profile PROFILE --profile {shlex.quote(named_by)}"), None
    path = _without_prefix(name, env)
    if path:
        return Remedy(f"{path} has [{name}]: rename that to [profile {name}]"), None
    create = f"aws configure --profile {shlex.quote(name)}"
    known = profiles.profiles()
    same = [other for other in known if normalized(other) == normalized(name)]
    similar = same or difflib.get_close_matches(name, known, 1)
    if not similar:
        spelling = "check its spelling (aws configure list-profiles shows all)" if known else "check HOME"
        if not named_by and identity.profile is None:
            another = f"unset {profile_variable(env)}, name another with {configure('PROFILE').command}"
            spelling = f"{spelling}, {another}"
        return Remedy(f"{spelling}, or create the profile", create), None
    if named_by:
        command = ["aws", "configure", "set", "source_profile", similar[0], "--profile", named_by]
        use = Remedy(command=shlex.join(command))
    elif identity.profile is None:
        use = Remedy(command=shell.export(profile_variable(env), similar[0]))
    else:
        use = configure(similar[0])
    meant = f"if you meant {similar[0]}"
    instead = use.prefixed(meant)
    # Nobody wants another one with a space or quotes around its name.
    return instead if same else use.prefixed(f"{meant} ({create} creates {shlex.quote(name)})"), instead


def _without_prefix(name: str, env: Mapping[str, str]) -> str:
    """Return the path of the AWS config file if it has a section [NAME], which only the credentials file may have."""
    _, path, content = next(Snapshot(env).files())
    return path if f"[{name}]" in map(str.strip, decoded(content or b"").split("\n")) else ""


def no_credentials_hint(source: CredentialSource, configure: ConfigureHint) -> Remedy:
    """Return the remedy if AWS's credential chain finds nothing: create credentials, or use a profile that has some."""
    create = f"aws configure{source.source_option}"
    others = sorted(name for name in profiles.profiles() if name != source.profile)
    if not others:
        return Remedy(command=create)
    if len(others) == 1:
        return configure(others[0]).prefixed(f"create some with {create}, or use your AWS profile {others[0]}")
    names = some_names(others)
    return configure("PROFILE").prefixed(f"create some with {create}, or use one of your AWS profiles {names}")


def configure_hint(identity: Identity, host: str = "HOST") -> ConfigureHint:
    """Return what makes the command that uses a profile for a registry, or that assumes the identity's role with it."""
    return partial(_configure, identity, host)


def profile_variable(env: Mapping[str, str]) -> str:
    """Return the variable that selects the profile of AWS's default chain."""
    return "AWS_DEFAULT_PROFILE" if env.get("AWS_DEFAULT_PROFILE") else "AWS_PROFILE"


def _configure(identity: Identity, host: str, profile: str) -> Remedy:
    options = ["--profile", profile]
    if identity.role_arn is not None:
        external = ["--external-id", identity.external_id] if identity.external_id else []
        options = ["--role-arn", identity.role_arn, "--source-profile", profile, *external]
    return Remedy(command=f"{PROGRAM} configure {host} {shlex.join(options)}")
