"""Asks for the AWS profile of ``setup``, again until one gets a token."""

import difflib
import os
import shlex
from collections.abc import Callable
from typing import TypeVar

from docker_credential_ecrx.aws import default_chain, profile_hints, profiles
from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.cli import choices, console, setup_candidates
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, NoAwsCredentialsError, Remedy, UnreachableError
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
    identity = loaded.identity_for(registry.host)
    label = "keep" if identity.profile or identity.role_arn else "no profile"

    def accept(typed: str) -> _T:
        if typed == label and typed not in names:
            typed = ""
        _require_profile(typed or identity.profile or "", names)
        try:
            return attempt(typed or None)
        except NoAwsCredentialsError as error:
            source = find_source(Identity(typed) if typed else identity, os.environ)
            create = f"aws configure{source.source_option}"
            raise EcrxError(error.message, Remedy("choose another profile, or create credentials", create)) from error
        except UnreachableError as error:
            options = [*(["--profile", typed] if typed else []), *(["--podman"] if podman else [])]
            command = shlex.join([PROGRAM, "configure", registry.host, *options])
            untried = Remedy("Enter tries again; to configure without trying", command)
            raise choices.RefusedError(error, typed or label, "token", untried) from error

    again = ""
    if given:
        try:
            return accept(given)
        except EcrxError as error:
            again = choices.refuse("AWS profile", error)
    values, default = _offer(identity, names, label, given)
    return choices.choose("AWS profile", "number or name", values, accept, again or default)


def _offer(identity: Identity, names: list[str], label: str, given: str | None) -> tuple[list[str], str]:
    """List the profiles; return what each number stands for, and the number that the Enter key alone means.

    ``label`` stands for what is used without one, if there is anything, and ``given`` was tried already.
    """
    listed, more = names[:_MOST], len(names[_MOST:])
    is_named = bool(identity.profile or identity.role_arn)
    rows = [(profile_hints.shown(name), setup_candidates.describe(name, os.environ)) for name in listed]
    values, kept = [*listed], len(listed)
    if identity.role_arn is None and identity.profile in listed:
        kept = listed.index(identity.profile)
        rows[kept] = (rows[kept][0], f"{rows[kept][1]}; config.toml names it")
    elif is_named or not _has_none(identity):
        rows.append((label, _without_profile(identity)))
        values.append("")
    console.group(f"AWS profiles{f', and {more} more' if more else ''}")
    console.facts((f"{number} {name}", described) for number, (name, described) in enumerate(rows, 1))
    is_usable = is_named and not (identity.profile and setup_candidates.problem_of(identity.profile, os.environ))
    return values, str(kept + 1) if is_usable and values[kept] != given else ""


def _require_profile(name: str, names: list[str]) -> None:
    """Raise RefusedError if there is no AWS profile ``name``, unless that is empty."""
    if name and name not in names:
        similar = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {similar[0]}?" if similar else "type a number, or the name of a profile"
        raise choices.RefusedError(EcrxError(f"there is no AWS profile {name!r}", hint), "".join(similar))


def _has_none(identity: Identity) -> bool:
    """Return whether it is certain that AWS's default chain finds nothing."""
    return default_chain.may_lack_credentials(identity, os.environ) and default_chain.is_instance_ignored(os.environ)


def _without_profile(identity: Identity) -> str:
    """Say what the registry gets if no profile is chosen."""
    if identity.profile or identity.role_arn:
        problem = setup_candidates.problem_of(identity.profile, os.environ) if identity.profile else ""
        return f"not usable: {identity}, from config.toml: {problem}" if problem else f"{identity}, from config.toml"
    if find_source(identity, os.environ).kind == "instance":
        return "this instance's role, if it has one"
    return f"AWS's default chain: {identity}"
