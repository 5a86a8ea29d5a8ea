"""Adds to a failure what the registry and the user's files have to do with it.

Imported only for a failure.
"""

import os
import sys
from collections.abc import Mapping

from docker_credential_ecrx.aws import unknown_region
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError, Remedy, SettingsError
from docker_credential_ecrx.identity import nearest_rule, settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import user_paths

# A host in an unknown region has no address, or that of a proxy or a resolver.
_UNREACHABLE = ("unresolved", "unreachable", "proxy-refused", "connection-closed")
_NO_CREDENTIALS = "no-credentials"


def explained(error: AwsError, registry: Registry, identity: Identity, env: Mapping[str, str]) -> AwsError:
    """Return the error with what may be behind it, if that is not the AWS credentials or the network themselves."""
    code = error.codes[0] if error.codes else ""
    if code == _NO_CREDENTIALS and identity.profile is None and identity.role_arn is None:
        return _no_credentials(error, registry, env)
    unknown = unknown_region.find(registry) if code in _UNREACHABLE else None
    if unknown is None:
        return error
    text = f"{unknown.advice} If not, {error.remedy.text}" if error.remedy.text else unknown.advice
    return _changed(error, unknown.what, text)


def no_files(env: Mapping[str, str]) -> str:
    """Say that neither AWS's files nor config.toml are where HOME leads, or return an empty text."""
    home = os.path.expanduser("~")
    named = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "ECRX_CONFIG")
    paths = (os.path.join(home, ".aws"), settings.config_path(env))
    if os.name == "nt" or any(map(env.get, named)) or any(path and os.path.lexists(path) for path in paths):
        return ""
    origin = "from HOME" if env.get("HOME") else "HOME is not set"
    return f"there is no .aws and no config.toml in the home folder {user_paths.shown(home)}; {origin}"


def _no_credentials(error: AwsError, registry: Registry, env: Mapping[str, str]) -> AwsError:
    otherwise = error.remedy.text or "create credentials"
    missing = _missing_rule(registry, env)
    if missing:
        return _changed(error, missing, f"correct the host or that file, or {otherwise}")
    missing = no_files(env)
    if missing:
        return _changed(error, missing, f"set HOME if they are in another home folder, or {otherwise}")
    return error


def _changed(error: AwsError, what: str, remedy: str) -> AwsError:
    return type(error)(f"{error.message} ({what})", Remedy(remedy, error.remedy.command), error.codes)


def _missing_rule(registry: Registry, env: Mapping[str, str]) -> str:
    try:
        loaded = settings.load(sys.argv[0], env)
    except SettingsError:
        return ""
    return nearest_rule.describe(loaded, registry, settings.config_path(env))
