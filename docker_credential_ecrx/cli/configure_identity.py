"""Checks that the identity which ``configure`` is about to use for a registry exists, and the registry's region."""

import os
import shlex
from collections.abc import Iterable
from typing import NamedTuple

from docker_credential_ecrx.aws import (
    default_chain,
    failures,
    half_keys,
    input_files,
    profile_hints,
    profiles,
    setting_places,
    sso_sessions,
    unknown_region,
)
from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.aws.profile_hints import ConfigureHint
from docker_credential_ecrx.cli import configure_edits, console, remarks
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError, NoAwsCredentialsError, Remedy
from docker_credential_ecrx.identity import rule_index
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings


class Problem(NamedTuple):
    """Why an identity cannot be used: the error, and what the user has to do before it can.

    ``of`` names the identity after the host, unless the error does.
    ``known`` is what the user can choose from, and ``what_comes`` is what --force is for, if it helps.
    """

    error: AwsError
    needed: str
    of: str = ""
    known: str = ""
    what_comes: str = "it comes"

    def about(self, subject: str, *, force: bool) -> AwsError:
        """Return the error about ``subject``; its remedies include --force, unless that is given."""
        remedy = self.error.remedy
        later = "" if force or not self.what_comes else f"add --force if {self.what_comes} later, or "
        text = f"{later}{remedy.text or ('create some' if later else '')}"
        known = f"{self.known}{'' if force else ' (--force configures a missing one)'}; " if self.known else ""
        return type(self.error)(f"{subject}{self.of}: {self.error.message}", Remedy(f"{known}{text}", remedy.command))


def check(hosts: Iterable[str], keys: dict[str, str], *, podman: bool, force: bool) -> dict[str, str]:
    """Raise AwsError if the identity of one of ``hosts`` does not exist; with --force, warn.

    ``keys`` are those of the entry for config.toml, or none if what it says already is used.
    Returns what the user has to do before each of the hosts can be used, if anything.
    """
    hosts = [*hosts]
    loaded = None if keys else rule_index.load(PROGRAM, os.environ)
    needed: dict[str, str] = {}
    for identity, same in by_identity(hosts, loaded) if loaded else [(configure_edits.identity_of(keys), hosts)]:
        problem = _problem(identity, shlex.join([*same, *(["--podman"] if podman else [])]))
        if problem is None:
            continue
        if not force:
            raise problem.about(f"cannot configure {same[0]}", force=force)
        error = problem.about(f"{same[0]} cannot be used yet", force=force)
        remarks.warn(error.message, error.remedy, prefix="warning: ")
        needed |= dict.fromkeys(same, problem.needed)
    return needed


def by_identity(hosts: Iterable[str], loaded: Settings) -> list[tuple[Identity, list[str]]]:
    """Return each identity and those of ``hosts`` that it is used for: AWS's files are read for each identity."""
    found: dict[Identity, list[str]] = {}
    for host in hosts:
        found.setdefault(loaded.identity_for(host), []).append(host)
    return list(found.items())


def report_unchanged(hosts: Iterable[str], file: str, config: str) -> None:
    """Say that there is nothing to change, and for each of ``hosts`` what is used and which files say so.

    ``file`` is the client's, which names this program.
    """
    console.report("nothing to change")
    loaded = rule_index.load(PROGRAM, os.environ)
    for identity, same in by_identity(hosts, loaded):
        for host in same:
            is_by_rule = loaded.rule_for(host) is not None and (identity.profile or identity.role_arn)
            by = f"{file} and {config}" if is_by_rule else file
            console.report(f"{host}: using {identity}, by {by}")


def warn_of_regions(registries: list[Registry], undo: str) -> None:
    """Say if a registry is in a region that botocore does not know.

    ``undo`` is the command that undoes what was configured, without the host, or empty if nothing was.
    """
    for unknown in unknown_region.find_all(registries):
        registry = unknown.registry
        start = " To" if unknown.advice.endswith("?") else "; to"
        remedy = Remedy(f"{unknown.advice}{start} undo this", f"{undo} {registry.host}") if undo else None
        what = f"{registry.ecr_host}: {unknown.what}"
        remarks.warn(what, remedy or Remedy(unknown.advice), prefix="warning: ")


def _problem(identity: Identity, where: str) -> Problem | None:
    """Return why the identity does not exist, or why its credential chain finds no credentials, or None.

    ``where`` are the hosts and options of the command that would configure another one.
    Half of an access key is no credentials.
    Raises AwsError if AWS's files cannot be read.
    """
    configure, of = profile_hints.configure_hint(identity, where), f" with {identity}"
    missing = profile_hints.missing_profile(identity, os.environ)
    if missing:
        return _missing_profile(*missing, identity, configure)
    bad = profile_hints.bad_role(profile_hints.named_profiles(identity, os.environ))
    if bad:
        place = setting_places.place_of("role_arn", f"profile {bad[0]}", Identity(bad[0]), os.environ)
        fix = f"write role_arn = arn:aws:iam::ACCOUNT:role/NAME, where ACCOUNT has 12 digits, in {place}"
        return Problem(
            AwsError(f"{bad[1]} is not the ARN of a role", fix), f"fix role_arn in {place}", of, what_comes=""
        )
    half = half_keys.find(identity, os.environ)
    if half is not None:
        name, setting, other = profile_hints.shown(half.profile), half.has, half.lacks
        return Problem(
            AwsError(f"the AWS profile {name} has {setting}, but not {other}", half.remedy),
            f"add {other} to the AWS profile {name}",
            of,
            what_comes="they come",
        )
    lack = sso_sessions.find_lack(identity, os.environ)
    if lack is not None:
        error = failures.client_error("sso-session", failures.find_caller(identity, os.environ))
        return Problem(error, f"add {lack.what} to {lack.path}", of)
    if _lacks_credentials(identity):
        hint = profile_hints.no_credentials_hint(find_source(identity, os.environ), configure)
        error = NoAwsCredentialsError(*input_files.explained("there are no AWS credentials", os.environ, hint))
        return Problem(error, "create AWS credentials", of, what_comes="they come")
    return None


def _missing_profile(name: str, named_by: str, identity: Identity, configure: ConfigureHint) -> Problem:
    """Return that there is no AWS profile ``name``, which the profile ``named_by`` names unless that is empty."""
    shown, by = profile_hints.shown(name), profile_hints.shown(named_by)
    message = f"the AWS profile {shown} does not exist"
    hints = profile_hints.missing_profile_hint(name, named_by, identity, os.environ, configure)
    known = profile_hints.some_names(profiles.profiles())
    origin = f"it is the source_profile of {by}; " if named_by else ""
    there_are = f"{origin}{f'the profiles are {known}' if known else 'there is no profile yet'}"
    error = AwsError(*input_files.explained(message, os.environ, *hints))
    return Problem(error, f"create the AWS profile {shown}", known=there_are, what_comes="")


def _lacks_credentials(identity: Identity) -> bool:
    """Return whether nothing provides credentials, and say what is waited for if an instance is asked for some."""
    if not default_chain.may_lack_credentials(identity, os.environ):
        return False
    with console.waiting("looking for AWS credentials"):
        return default_chain.lacks_credentials(identity, os.environ)
