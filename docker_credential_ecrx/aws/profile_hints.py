"""Remedies that name AWS profiles: which one to create, or to use instead."""

import difflib
import shlex
from collections.abc import Callable, Mapping
from functools import partial

from docker_credential_ecrx.aws import profiles
from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM

# Returns the remedy that uses another AWS profile.
ConfigureHint = Callable[[str], Remedy]

_MOST_NAMES = 5


def missing_profile_hint(
    name: str, named_by: str, identity: Identity, env: Mapping[str, str], configure: ConfigureHint
) -> Remedy:
    """Return the remedy if there is no AWS profile ``name``, which the profile ``named_by`` names unless that is empty.

    It creates the profile, or uses the one with the most similar name.
    """
    create = f"aws configure --profile {shlex.quote(name)}"
    similar = difflib.get_close_matches(name, profiles.profiles(), 1)
    if not similar:
        return Remedy("check its spelling (aws configure list-profiles shows all), or create the profile", create)
    if named_by:
        command = ["aws", "configure", "set", "source_profile", similar[0], "--profile", named_by]
        use = Remedy(command=shlex.join(command))
    elif identity.profile is None:
        use = Remedy(command=f"export {profile_variable(env)}={shlex.quote(similar[0])}")
    else:
        use = configure(similar[0])
    return use.prefixed(f"create it with {create}, or if you meant {similar[0]}")


def no_credentials_hint(source: CredentialSource, configure: ConfigureHint) -> Remedy:
    """Return the remedy if AWS's credential chain finds nothing: create credentials, or use a profile that has some."""
    create = f"aws configure{source.source_option}"
    others = sorted(name for name in profiles.profiles() if name != source.profile)
    if not others:
        return Remedy(command=create)
    if len(others) == 1:
        return configure(others[0]).prefixed(f"create some with {create}, or use your AWS profile {others[0]}")
    names = ", ".join(others[:_MOST_NAMES]) + (", …" if len(others) > _MOST_NAMES else "")
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
