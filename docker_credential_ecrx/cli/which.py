"""``which``: say which identity is used for a registry, what decides that, and whether its token is cached."""

import os
from collections.abc import Iterator

import click

from docker_credential_ecrx import formatting
from docker_credential_ecrx.aws import half_keys, input_files, sso_sessions, unknown_region
from docker_credential_ecrx.cli import completers, console, registry_identity, status_report
from docker_credential_ecrx.cli.registry_identity import LOGIN, Decision, RegistryIdentity
from docker_credential_ecrx.cli.status_report import Destination
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.keyrings import for_tokens
from docker_credential_ecrx.store import cached_token, index, item_names
from docker_credential_ecrx.store.cached_token import ClockReading
from docker_credential_ecrx.store.inventory import Item, item_reader
from docker_credential_ecrx.system import programs

_HELP = """\
Say which identity is used for a registry, and what decides that.

HOST is an ECR registry, or an image in it. The output has the identity that Docker's get uses, what decides that
(docker login, the helper's name, an entry of config.toml or a variable), what Docker's config.json has for HOST, the
keyring, and whether a token is cached and until when. It makes no request over the network; doctor HOST checks whether
the identity works.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx which 111111111111.dkr.ecr.us-east-1.amazonaws.com
  docker-credential-ecrx which 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest --json | jq -r .identity
"""


@click.command("which", short_help="Say which identity is used for a registry, and why.", help=_HELP, epilog=_EPILOG)
@click.argument("host", metavar="HOST", shell_complete=completers.hosts)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(host: str, *, as_json: bool) -> int:
    found = registry_identity.find(host, os.environ)
    now = cached_token.now()
    with console.waiting("reading the keyring"):
        keyring = status_report.destination(for_tokens, found.settings.keyring)
        served = _served(found, keyring.keyring, now) if keyring.keyring else None
    if as_json:
        token = status_report.token_document(served, now) if served else {}
        keys = ("kind", "state", "minted", "renews", "expires", "principal")
        cached = {key: token[key] for key in keys} if served else None
        document = found.login_document() if _is_login(served) else found.document(os.environ)
        proxy = found.proxy(os.environ)
        about_proxy = {"address": proxy.place or None, "variable": proxy.variable} if proxy else None
        named = found.endpoints(os.environ).items()
        endpoints = {name: {"address": each.place, "from": each.origin} for name, each in named}
        about = {"endpoints": endpoints, "proxy": about_proxy, "keyring": keyring.keyring, "token": cached}
        console.print_json(document | about)
        return 0
    console.heading(found.registry.host)
    console.facts(_facts(found, keyring, served, now))
    return 0


def _served(found: RegistryIdentity, label: str, now: ClockReading) -> Item | None:
    """Return the item in the keyring ``label`` with a valid token, which ``get`` serves or, if it is due, refreshes."""
    logins, name = item_names.names_for(found.registry, found.settings, os.environ)
    indexed, read = index.read(os.environ), item_reader(found.settings.keyring, now)
    for each in (*logins, name):
        kind = each.partition(":")[0]
        item = read(each, indexed.get(each, {}) | {"kind": kind, "servers": [], "keyring": label})
        if item.token is not None and item.state in ("fresh", "due"):
            return item
    return None


def _facts(
    found: RegistryIdentity, keyring: Destination, served: Item | None, now: ClockReading
) -> Iterator[tuple[str, str]]:
    if found.registry.host != found.registry.ecr_host:
        yield "stands for", found.registry.ecr_host
    if _is_login(served):
        yield "identity", LOGIN
        yield "decided by", f"{Decision(LOGIN).describe(os.environ)}; then {found.identity.describe(os.environ)}"
    else:
        yield from _identity(found)
    yield "docker", _docker(found)
    if unknown := unknown_region.find(found.registry):
        yield "region", f"{unknown.what}; {unknown.advice}"
    if endpoints := _endpoints(found):
        yield "endpoint", endpoints
    if proxy := found.proxy(os.environ):
        yield "proxy", str(proxy) if proxy.place else f"the URL {proxy} is not valid"
    yield "keyring", keyring.keyring or f"none; {keyring.reason}"
    yield "token", _token(served, now) if served else _none(found)
    if served and (principal := served.entry.get("principal")):
        yield "principal", principal


def _identity(found: RegistryIdentity) -> Iterator[tuple[str, str]]:
    yield "identity", found.identity.describe(os.environ)
    decision = found.decision(os.environ)
    yield "decided by", decision.describe(os.environ)
    if decision.rule:
        yield "rule", ", ".join(f'{key} = "{value}"' for key, value in decision.rule.items())
    profile = found.profile(os.environ)
    files = found.profile_files(os.environ)
    if profile or files:
        unreadable = input_files.unreadable(Snapshot(os.environ))
        nowhere = f"but {unreadable} cannot be read" if unreadable else "which is in none of AWS's files"
        where = f"in {' and '.join(files)}" if files else nowhere
        yield "profile", f"{profile or 'default'}, {where}"
    role_arn = found.role_arn(os.environ)
    if role_arn and not found.identity.role_arn:  # in which case the identity's description has it
        yield "role", role_arn


def _endpoints(found: RegistryIdentity) -> str:
    """Name the endpoints that are used instead of AWS's own; one that is used for everything is named once."""
    shown = {name: str(endpoint) for name, endpoint in found.endpoints(os.environ).items()}
    if shown.get("sts") in (None, shown.get("ecr")):
        return shown.get("ecr", "")
    return ", ".join(f"{endpoint} for {name.upper()}" for name, endpoint in shown.items())


def _is_login(served: Item | None) -> bool:
    """Return whether ``get`` serves what ``docker login`` stored."""
    return served is not None and served.entry.get("kind") == "login"


def _docker(found: RegistryIdentity) -> str:
    path, key, helper, problem = found.docker
    if problem:
        return problem
    where = f"{path}{cred_helpers.origin(os.environ)}"
    if not helper:
        return f"{where} names no credential helper for it; {PROGRAM} configure {found.registry.host} --profile PROFILE"
    said = f"{key} in {where} names {helper}{'' if cred_helpers.is_ours(helper) else ', not this program'}"
    program = f"{cred_helpers.PREFIX}{helper}"
    if programs.is_run_by_docker(program, os.environ):
        return said
    return f"{said}; {program} is not on PATH, so Docker's get fails"


def _none(found: RegistryIdentity) -> str:
    """Say that no token is cached, and where Docker's next one comes from."""
    helper = found.docker.helper
    if helper and not cred_helpers.is_ours(helper):
        return f"none is cached; Docker asks {cred_helpers.PREFIX}{helper}"
    missing = found.missing_profile(os.environ)
    if missing is not None:
        unreadable = input_files.unreadable(Snapshot(os.environ))
        return _unavailable(
            f"{unreadable} cannot be read: Permission denied" if unreadable else f"there is no profile {missing}"
        )
    lack = sso_sessions.find_lack(found.identity, os.environ)
    if lack:
        return _unavailable(f"profile {lack.profile} needs {lack.what}, which {lack.path} lacks")
    half = half_keys.find(found.identity, os.environ)
    if half:
        return _unavailable(f"profile {half.profile} has {half.has}, but not {half.lacks}")
    return "none is cached; the next get asks AWS"


def _unavailable(why: str) -> str:
    return f"none is cached, and the next get cannot fetch one: {why}"


def _token(served: Item, now: ClockReading) -> str:
    expires = f"expires {formatting.moment(status_report.times(served, now).expires, now.utc)}"
    if _is_login(served):
        return f"stored by docker login, {expires}"
    return f"cached, {'due for refresh, ' if served.state == 'due' else ''}{expires}"
