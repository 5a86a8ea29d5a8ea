"""The command that configures Docker to use this program for a registry, with a profile if it needs one."""

import shlex

from docker_credential_ecrx.aws import default_chain, profile_hints, profiles
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.doctor.context import Context
from docker_credential_ecrx.errors import AwsError, Remedy, SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import PROGRAM


def remedies(context: Context) -> tuple[Remedy, ...]:
    """Return what makes Docker use this program for the context's registry."""
    sudo_user = context.env.get("SUDO_USER")
    return _under_sudo(sudo_user, context) if sudo_user else (_remedy(context),)


def _remedy(context: Context) -> Remedy:
    plain = f"{PROGRAM} configure {context.host}"
    if not _lacks_credentials(context):
        return Remedy(command=plain)
    try:
        known = sorted(profiles.profiles())
    except AwsError:  # the check "profile" says what is wrong with AWS's files
        return Remedy(command=plain)
    if not known:
        return Remedy("create AWS credentials, then", plain)
    if len(known) == 1:
        return Remedy(f"use your AWS profile {known[0]}", _with_profile(known[0], context))
    names = profile_hints.some_names(known)
    return Remedy(f"use one of your AWS profiles {names}", _with_profile("PROFILE", context))


def _lacks_credentials(context: Context) -> bool:
    """Return whether ``configure`` without a profile would fail, since the default chain has no credentials."""
    try:
        loaded = cred_helpers.settings_of(settings.profile_of(context.argv0), context.env)
        return default_chain.lacks_credentials(loaded.identity_for(context.host), context.env)
    except (SettingsError, AwsError):  # which other checks report
        return False


def _under_sudo(sudo_user: str, context: Context) -> tuple[Remedy, ...]:
    """Return what to do if another user's Docker is configured: root has neither its files nor its AWS profiles."""
    root = context.env.get("USER", "root")
    without = f"run docker without sudo, as {sudo_user}, who has to be in the group docker"
    command = f"sudo {_with_profile('PROFILE', context)}"
    folder = f"{context.env.get('HOME', '')}/.aws"
    return (
        Remedy(f"{without}, or configure it for {root}", command),
        Remedy(f"PROFILE has to be in {folder}, where {root}'s AWS profiles are"),
    )


def _with_profile(profile: str, context: Context) -> str:
    return f"{PROGRAM} configure {context.host} --profile {shlex.quote(profile)}"
