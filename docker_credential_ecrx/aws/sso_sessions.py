"""Finds an SSO session that a profile names, but that AWS's config file does not have."""

import difflib
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws import profiles, setting_places
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.model import Identity


class MissingSession(NamedTuple):
    """The session, the profile that names it, the path of AWS's config file, and what to do."""

    name: str
    profile: str
    path: str
    remedy: Remedy

    @property
    def section(self) -> str:
        """Return the head that the session's section would have."""
        return f"[sso-session {self.name}]"


def find_missing(identity: Identity, env: Mapping[str, str]) -> MissingSession | None:
    """Return the missing session of which the credentials of the identity would be, or None."""
    source = find_source(identity, env)
    own = settings_of(source.profile, env)
    name = own.get("sso_session")
    is_source_with_keys = source.named_by and "aws_access_key_id" in own
    if source.kind != "sso" or name is None or is_source_with_keys:
        return None
    known = profiles.sso_sessions()
    if name in known:
        return None
    return MissingSession(name, source.profile, setting_places.config_file(env), _remedy(name, source.profile, known))


def _remedy(name: str, profile: str, known: list[str]) -> Remedy:
    similar = difflib.get_close_matches(name, known, 1)
    if not similar:
        return Remedy("create it", "aws configure sso-session")
    command = ["aws", "configure", "set", "sso_session", similar[0], "--profile", profile]
    return Remedy(f"if you meant {similar[0]}", shlex.join(command))
