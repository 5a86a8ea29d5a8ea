"""Finds where a setting is: in which section of which of AWS's two files."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from docker_credential_ecrx.identity.aws_profiles import Snapshot, normalized
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import user_paths

_UNKNOWN = "the AWS config file"


class Setting(NamedTuple):
    """A setting, the section that it is in, such as ``profile base``, and where that is, by its head and file.

    ``service`` is whose setting it is, such as ``sts``, if it is not for all.
    Section and place of an environment variable are empty.
    """

    name: str
    section: str
    value: str
    place: str
    service: str = ""

    @property
    def at(self) -> str:
        """Return the section as an error's codes have it, without spaces."""
        return self.section.replace(" ", ".")


def settings(identity: Identity, env: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the settings of the identity's profile, and of the sections that it refers to.

    Of a setting in both files, only that in the credentials file is yielded: botocore/session.py, full_config.
    """
    snapshot, file, place = Snapshot(env), "", _UNKNOWN
    paths = {kind: path for kind, path, _ in snapshot.files()}
    found: dict[tuple[str, str], list[Setting]] = {}
    for section, key, value in snapshot.chain(identity):
        if not key:
            file, _, head = value.partition(" ")
            place = f"{head}] of {paths[file]}"
            continue
        is_profile = not section.startswith(("sso-session ", "services "))
        if is_profile or file == "config":
            full = f"profile {section}" if is_profile else section
            service = key if value.startswith("\n") else ""
            nested = _nested(key, value).items()
            found[full, key] = [Setting(name, full, text, place, service) for name, text in nested]
    yield from chain.from_iterable(found.values())


def place_of(name: str, section: str, identity: Identity, env: Mapping[str, str]) -> str:
    """Return where ``find`` finds a setting."""
    return find(name, section, identity, env).place


def find(name: str, section: str, identity: Identity, env: Mapping[str, str]) -> Setting:
    """Return the setting of that name in the section, or else in any, or else one whose place is not known.

    The section may also be as ``at`` has it.
    """
    found = [setting for setting in settings(identity, env) if setting.name == name]
    same = [setting for setting in found if section in (setting.section, setting.at)]
    return next(iter(same or found), Setting(name, _UNKNOWN, "", _UNKNOWN))


def _nested(key: str, value: str) -> Mapping[str, str]:
    """Return a setting, or those in it: those of a service are on the next lines."""
    if not value.startswith("\n"):
        return {key: value}
    pairs = (line.partition("=") for line in value.split("\n") if "=" in line)
    return {name.strip(): text.strip() for name, _, text in pairs}


def files_of(profile: str, env: Mapping[str, str]) -> list[str]:
    """Return the paths of AWS's files that have a section of the profile."""
    snapshot, name = Snapshot(env), normalized(profile)
    paths = {kind: path for kind, path, _ in snapshot.files()}
    heads = (head for section, key, head in snapshot.chain(Identity(profile)) if section == name and not key)
    return list(dict.fromkeys(paths[head.partition(" ")[0]] for head in heads))


def config_file(env: Mapping[str, str]) -> str:
    """Return the path of AWS's config file, as a message has it."""
    _, path, _ = next(Snapshot(env).files())
    return user_paths.shown(path)
