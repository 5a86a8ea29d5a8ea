"""Finds where a setting is: in which section of which of AWS's two files."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docker_credential_ecrx.identity.aws_profiles import Snapshot, normalized
from docker_credential_ecrx.identity.model import Identity

_UNKNOWN = "the AWS config file"


class Setting(NamedTuple):
    """A setting, the section that it is in, such as ``profile base``, and where that is, by its head and file."""

    name: str
    section: str
    value: str
    place: str


def settings(identity: Identity, env: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the settings of the identity's profile, and of the sections that it refers to."""
    snapshot, place = Snapshot(env), _UNKNOWN
    paths = {kind: path for kind, path, _ in snapshot.files()}
    for section, key, value in snapshot.chain(identity):
        if key:
            kind = "" if section.startswith(("sso-session ", "services ")) else "profile "
            yield Setting(key, f"{kind}{section}", value, place)
        else:
            file, _, head = value.partition(" ")
            place = f"{head}] of {paths[file]}"


def place_of(name: str, section: str, identity: Identity, env: Mapping[str, str]) -> str:
    """Return where a setting is; that of another one in the section if it is not found, as for one in a value."""
    found = [setting for setting in settings(identity, env) if setting.section == normalized(section)]
    places = [setting.place for setting in found if setting.name == name] or [setting.place for setting in found]
    return places[0] if places else _UNKNOWN


def config_file(env: Mapping[str, str]) -> str:
    """Return the path of AWS's config file."""
    _, path, _ = next(Snapshot(env).files())
    return path
