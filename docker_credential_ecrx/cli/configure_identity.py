"""Checks that the identity which ``configure`` is about to use for a registry exists, and the registry's region."""

import difflib
import os
import shlex
from collections.abc import Iterable

from docker_credential_ecrx.aws import (
    default_chain,
    half_keys,
    input_files,
    profile_hints,
    profiles,
    setting_places,
    sso_sessions,
)
from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.cli import configure_edits, console
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError, NoAwsCredentialsError, Remedy
from docker_credential_ecrx.identity import rule_index
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings


def check(hosts: Iterable[str], keys: dict[str, str], *, podman: bool, force: bool) -> None:
    """Raise AwsError if the identity of one of ``hosts`` does not exist; with --force, only warn.

    ``keys`` are those of the entry for config.toml, or none if what it says already is used.
    """
    look = warn if force else require
    if keys:
        look(configure_edits.identity_of(keys), hosts, podman=podman)
        return
    for identity, same in by_identity(hosts, rule_index.load(PROGRAM, os.environ)):
        look(identity, same, podman=podman)


def by_identity(hosts: Iterable[str], loaded: Settings) -> list[tuple[Identity, list[str]]]:
    """Return each identity and those of ``hosts`` that it is used for: AWS's files are read for each identity."""
    found: dict[tuple[object, ...], tuple[Identity, list[str]]] = {}
    for host in hosts:
        identity = loaded.identity_for(host)
        key = tuple(getattr(identity, name) for name in Identity.__slots__)
        found.setdefault(key, (identity, []))[1].append(host)
    return list(found.values())


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


def warn_of_regions(registries: list[Registry], undo: str = "") -> None:
    """Say if a registry is in a region that botocore does not know: it may be new, but a typo is more likely.

    ``undo`` is the command that undoes what was configured, without the host.
    """
    import botocore  # slow to import

    from docker_credential_ecrx.aws import session

    regions = session.regions((registry.service, registry.partition) for registry in registries)
    for registry in registries:
        known = regions[registry.service, registry.partition]
        if registry.region not in known:
            # difflib finds us-west-1 closer to us-esat-1 than what has the same letters.
            same = [name for name in known if sorted(name) == sorted(registry.region)]
            similar = same or difflib.get_close_matches(registry.region, known, 1)
            what = (
                f"{registry.region} in {registry.ecr_host} is not a region that botocore {botocore.__version__} knows"
            )
            advice = f"did you mean {similar[0]}?" if similar else "check its spelling"
            then = f"; to undo this: {undo} {registry.host}" if undo else ""
            console.say(f"warning: {what}; {advice}{then}", "warning")


def require(identity: Identity, hosts: Iterable[str], *, podman: bool) -> None:
    """Raise AwsError if a profile of the identity does not exist, or if its credential chain finds no credentials.

    Half of an access key is none.
    """
    where = shlex.join([*hosts, *(["--podman"] if podman else [])])
    configure = profile_hints.configure_hint(identity, where)
    host = where.partition(" ")[0]
    missing = profile_hints.missing_profile(identity, os.environ)
    if missing:
        missing_name, named_by = missing
        name = profile_hints.shown(missing_name)
        message = f"cannot configure {host}: the AWS profile {name} does not exist"
        hints = profile_hints.missing_profile_hint(missing_name, named_by, identity, os.environ, configure)
        message, hint = input_files.explained(message, os.environ, *hints)
        known = profile_hints.some_names(profiles.profiles())
        origin = f"it is the source_profile of {profile_hints.shown(named_by)}; " if named_by else ""
        there_are = f"the profiles are {known}" if known else "there is no profile yet"
        raise AwsError(
            message, Remedy(f"{origin}{there_are} (--force configures a missing one); {hint.text}", hint.command)
        )
    bad = profile_hints.bad_role(profile_hints.named_profiles(identity, os.environ))
    if bad:
        place = setting_places.place_of("role_arn", f"profile {bad[0]}", Identity(bad[0]), os.environ)
        raise AwsError(
            f"{bad[1]} is not the ARN of a role",
            f"write role_arn = arn:aws:iam::ACCOUNT:role/NAME, where ACCOUNT has 12 digits, in {place}, for {host}",
        )
    half = half_keys.find(identity, os.environ)
    if half is not None:
        name, setting, other = profile_hints.shown(half.profile), half.has, half.lacks
        message = f"cannot configure {host} with {identity}: the AWS profile {name} has {setting}, but not {other}"
        raise AwsError(message, _later_or(half.remedy))
    session = sso_sessions.find_missing(identity, os.environ)
    if session is not None:
        name, section, path, fix = profile_hints.shown(session.profile), session.section, session.path, session.remedy
        message = f"cannot configure {host} with {identity}: the AWS profile {name} needs {section}, which {path} lacks"
        raise AwsError(message, Remedy(f"add --force if it comes later, or {fix.text}", fix.command))
    if _lacks_credentials(identity):
        message = f"cannot configure {host} with {identity}: there are no AWS credentials"
        hint = profile_hints.no_credentials_hint(find_source(identity, os.environ), configure)
        message, hint = input_files.explained(message, os.environ, hint)
        raise NoAwsCredentialsError(message, _later_or(hint))


def warn(identity: Identity, hosts: Iterable[str], *, podman: bool) -> None:
    """Say what ``require`` would raise."""
    try:
        require(identity, hosts, podman=podman)
    except AwsError as error:
        console.say(str(error), "warning")


def _lacks_credentials(identity: Identity) -> bool:
    """Return whether nothing provides credentials, and say what is waited for if an instance is asked for some."""
    if not default_chain.may_lack_credentials(identity, os.environ):
        return False
    with console.waiting("looking for AWS credentials"):
        return default_chain.lacks_credentials(identity, os.environ)


def _later_or(hint: Remedy) -> Remedy:
    return Remedy(f"add --force if they come later, or {hint.text or 'create some'}", hint.command)
