"""Finds an SSO session that a profile names, but that AWS's config file does not have."""

import difflib
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws import profiles, setting_places
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import Snapshot, decoded
from docker_credential_ecrx.identity.model import Identity, first_profile
from docker_credential_ecrx.sanitizer import third_party


class MissingSession(NamedTuple):
    """The session, the profile that names it, the path of AWS's config file, and what to do."""

    name: str
    profile: str
    path: str
    remedy: Remedy

    @property
    def section(self) -> str:
        """Return the head that the session's section would have, in quotes if it needs some, without a secret."""
        return _head(shlex.quote(self.name))


def find_missing(identity: Identity, env: Mapping[str, str]) -> MissingSession | None:
    """Return the missing session without which botocore gets no credentials for the identity, or None.

    botocore looks up the session of the profile that it starts with, wherever its credentials come from, and that of
    the profile where the chain ends if it has sso_account_id or sso_role_name, even beside keys.
    """
    source = find_source(identity, env)
    named = [first_profile(identity, env), *([source.profile] if source.kind == "sso" else [])]
    names = {profile: settings_of(profile, env).get("sso_session") for profile in named}
    known = profiles.sso_sessions() if any(name is not None for name in names.values()) else []
    for profile, name in names.items():
        if name is not None and name not in known:
            return MissingSession(name, profile, setting_places.config_file(env), _remedy(name, profile, known, env))
    return None


def _head(name: str) -> str:
    return f"[sso-session {third_party.text(name)}]"


def _remedy(name: str, profile: str, known: list[str], env: Mapping[str, str]) -> Remedy:
    _, path, content = next(Snapshot(env).files())
    if shlex.quote(name) != name and f"[sso-session {name}]" in map(str.strip, decoded(content or b"").split("\n")):
        return Remedy(f"{path} has {_head(name)}: rename that to {_head(shlex.quote(name))}")
    similar = difflib.get_close_matches(name, known, 1)
    if not similar:
        return Remedy("create it", "aws configure sso-session")
    command = ["aws", "configure", "set", "sso_session", similar[0], "--profile", profile]
    return Remedy(f"if you meant {similar[0]}", shlex.join(command))
