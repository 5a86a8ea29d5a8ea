"""Asks for the AWS profile of ``setup``, again until one gets a token."""

import difflib
import os
import shlex
from collections.abc import Callable
from typing import TypeVar

from docker_credential_ecrx.aws import profile_hints, profiles
from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.cli import choices, console, setup_candidates
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, Remedy, UnreachableError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings

_MOST = 15  # profiles that a screen has room for
_T = TypeVar("_T")


def ask(
    attempt: Callable[[str | None], _T], registry: Registry, loaded: Settings, given: str | None, *, podman: bool
) -> _T:
    """Return what ``attempt`` returns for the profile that the user chooses; if there is none, for the default chain.

    The profile that is ``given`` as an option is tried first.
    """
    names = sorted(profiles.profiles())
    if not names:
        return attempt(given)

    def accept(typed: str) -> _T:
        if typed and typed not in names:
            similar = difflib.get_close_matches(typed, names, 1)
            hint = f"did you mean {similar[0]}?" if similar else "type a number, or the name of a profile"
            raise choices.RefusedError(
                EcrxError(f"there is no AWS profile {profile_hints.shown(typed)}", hint), "".join(similar)
            )
        try:
            return attempt(typed or None)
        except UnreachableError as error:
            options = [*(["--profile", typed] if typed else []), *(["--podman"] if podman else [])]
            without = Remedy(
                "Enter tries again; to configure without trying",
                shlex.join([PROGRAM, "configure", registry.host, *options]),
            )
            again = typed or str(len(listed) + 1)
            unreachable = type(error)(f"{error.message}; {error.hint}", without)
            raise choices.RefusedError(unreachable, again, "token") from error

    listed, more = names[:_MOST], len(names[_MOST:])
    again = ""
    if given:
        try:
            return accept(given)
        except EcrxError as error:
            again = choices.refuse("AWS profile", error)
    identity = loaded.identity_for(registry.host)
    is_named = bool(identity.profile or identity.role_arn)
    rows = [(profile_hints.shown(name), setup_candidates.describe(name, os.environ)) for name in listed]
    values = [*listed]
    if identity.role_arn is None and identity.profile in listed:
        kept = listed.index(identity.profile)
        rows[kept] = (rows[kept][0], f"{rows[kept][1]}; config.toml names it")
    else:
        kept = len(listed)
        rows.append(("keep" if is_named else "no profile", _without_profile(identity)))
        values.append("")
    console.group(f"AWS profiles{f', and {more} more' if more else ''}")
    console.facts((f"{number} {name}", described) for number, (name, described) in enumerate(rows, 1))
    default = str(kept + 1) if is_named and values[kept] != given else ""
    return choices.choose("AWS profile", "number or name", values, accept, again or default)


def _without_profile(identity: Identity) -> str:
    """Say what the registry gets if no profile is chosen."""
    if identity.profile or identity.role_arn:
        return f"{identity}, from config.toml"
    if find_source(identity, os.environ).kind == "instance":
        return "this instance's role, if it has one"
    return f"AWS's default chain: {identity}"
