"""Finds what the SSO session that a profile names lacks in AWS's config file: a setting, or the whole section."""

import difflib
import shlex
from collections.abc import Collection, Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws import profiles, setting_places
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import Snapshot, decoded
from docker_credential_ecrx.identity.model import Identity, first_profile
from docker_credential_ecrx.sanitizer import third_party

# botocore gets credentials by SSO only for a profile with one of these (botocore/credentials.py, SSOProvider).
_ACCOUNT = ("sso_account_id", "sso_role_name")
# What it needs besides them; it may also be in the profile.
_REQUIRED = ("sso_start_url", "sso_region")


class Lack(NamedTuple):
    """What the AWS config file at ``path`` lacks, the profile whose credentials need it, and what to do."""

    what: str
    profile: str
    path: str
    remedy: Remedy


def find_lack(identity: Identity, env: Mapping[str, str]) -> Lack | None:
    """Return what the SSO session lacks without which botocore gets no credentials for the identity, or None.

    botocore looks up the session of the profile that it starts with, wherever its credentials come from, and that of
    the profile where the chain ends if it has sso_account_id or sso_role_name, even beside keys.
    """
    source, path = find_source(identity, env), setting_places.config_file(env)
    named = [first_profile(identity, env), *([source.profile] if source.kind == "sso" else [])]
    found = {profile: settings_of(profile, env) for profile in named}
    names = {profile: own["sso_session"] for profile, own in found.items() if "sso_session" in own}
    known = profiles.sso_sessions() if names else {}
    for profile, name in names.items():
        head = _head(shlex.quote(name))
        if name not in known:
            return Lack(head, profile, path, _remedy(name, profile, known, env))
        missing = [key for key in _REQUIRED if key not in known[name] and key not in found[profile]]
        if missing and source.kind == "sso" and profile == source.profile:
            remedy = Remedy("add it there, or let this ask for it", "aws configure sso-session")
            return Lack(f"{missing[0]} in {head}", profile, path, remedy)
    return None


def lacks_account(profile: str, env: Mapping[str, str]) -> bool:
    """Return whether the profile names an SSO session, but neither the account nor the role that it is for."""
    own = settings_of(profile, env)
    return any(key in own for key in ("sso_session", "sso_start_url")) and not any(key in own for key in _ACCOUNT)


def _head(name: str) -> str:
    return f"[sso-session {third_party.text(name)}]"


def _remedy(name: str, profile: str, known: Collection[str], env: Mapping[str, str]) -> Remedy:
    _, path, content = next(Snapshot(env).files())
    if shlex.quote(name) != name and f"[sso-session {name}]" in map(str.strip, decoded(content or b"").split("\n")):
        return Remedy(f"{path} has {_head(name)}: rename that to {_head(shlex.quote(name))}")
    similar = difflib.get_close_matches(name, known, 1)
    if not similar:
        return Remedy("create it", "aws configure sso-session")
    command = ["aws", "configure", "set", "sso_session", similar[0], "--profile", profile]
    return Remedy(f"if you meant {similar[0]}", shlex.join(command))
