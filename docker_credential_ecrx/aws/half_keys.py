"""Finds an access key of which a profile has only one half, without reading the secret."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import chain, normalized
from docker_credential_ecrx.identity.model import Identity, chosen_profile

_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
# In the order in which botocore reads AWS's files for a profile's own key.
_FILES = ("credentials", "config")


class HalfKey(NamedTuple):
    """The setting that a profile has, the one that it lacks, which may be in the other file, and how to set both."""

    profile: str
    has: str
    lacks: str
    remedy: Remedy


def find(identity: Identity, env: Mapping[str, str]) -> HalfKey | None:
    """Return the half of a key that the credentials of the identity end with, or None.

    botocore fails if the secret key is missing, but ignores the secret key if the ID is missing: that is an error only
    if a profile was chosen which has no other source of credentials.
    """
    source = find_source(identity, env)
    is_chosen = chosen_profile(identity, env) is not None
    if source.kind not in ("keys", "session", *(("instance", "container") if is_chosen else ())):
        return None
    by_file = dict.fromkeys(_FILES, frozenset[str]())
    for kind, key in _own_keys(source.profile, env):
        by_file[kind] |= {key}
    everywhere = frozenset[str]().union(*by_file.values())
    # For a role, botocore merges the files.
    is_merged = source.named_by or "role_arn" in settings_of(source.profile, env)
    both = source.remedy() if source.kind == "session" else Remedy("set both", f"aws configure{source.source_option}")
    for keys in [everywhere] if is_merged else by_file.values():
        if _ID in keys:
            missing = f"{_SECRET}{' in the same file' * (_SECRET in everywhere)}"
            return None if _SECRET in keys else HalfKey(source.profile, _ID, missing, both)
    return HalfKey(source.profile, _SECRET, _ID, both) if _SECRET in everywhere else None


def _own_keys(profile: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the kind of file and the name of each setting of the profile."""
    kind, name = "", normalized(profile)
    for section, key, value in chain(Identity(profile), env):
        if not key:
            kind = value.partition(" ")[0]
        elif section == name:
            yield kind, key
