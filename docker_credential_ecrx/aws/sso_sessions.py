"""Finds what the SSO session that a profile names lacks in AWS's config file: a setting, or the whole section."""

import difflib
import shlex
from collections.abc import Collection, Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws import profiles, setting_places
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.model import Identity

# What botocore needs besides account and role (botocore/credentials.py, SSOProvider); it may also be in the profile.
_REQUIRED = ("sso_start_url", "sso_region")


class Lack(NamedTuple):
    """What the AWS config file at ``path`` lacks, the profile whose credentials need it, and what to do."""

    what: str
    profile: str
    path: str
    remedy: Remedy


def find_lack(identity: Identity, env: Mapping[str, str]) -> Lack | None:
    """Return what the session lacks of which the credentials of the identity would be, or None."""
    source = find_source(identity, env)
    own = settings_of(source.profile, env)
    name = own.get("sso_session")
    is_source_with_keys = source.named_by and "aws_access_key_id" in own
    if source.kind != "sso" or name is None or is_source_with_keys:
        return None
    known, path, section = profiles.sso_sessions(), setting_places.config_file(env), f"[sso-session {name}]"
    if name not in known:
        return Lack(section, source.profile, path, _remedy(name, source.profile, known))
    missing = [key for key in _REQUIRED if key not in known[name] and key not in own]
    if not missing:
        return None
    remedy = Remedy("add it there, or let this ask for it", "aws configure sso-session")
    return Lack(f"{missing[0]} in {section}", source.profile, path, remedy)


def _remedy(name: str, profile: str, known: Collection[str]) -> Remedy:
    similar = difflib.get_close_matches(name, known, 1)
    if not similar:
        return Remedy("create it", "aws configure sso-session")
    command = ["aws", "configure", "set", "sso_session", similar[0], "--profile", profile]
    return Remedy(f"if you meant {similar[0]}", shlex.join(command))
