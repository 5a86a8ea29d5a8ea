"""A change of a repository policy by ``policy grant`` or ``policy revoke``: preview, check and apply."""

import os
import shlex
import sys
from collections.abc import Callable
from typing import NamedTuple, TypedDict

from docker_credential_ecrx.aws.repository_policy_client import LIST, Owned, prefix_target, target
from docker_credential_ecrx.cli import console, differences, remarks
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr import principal, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.ecr.repository_policy import Access, Document
from docker_credential_ecrx.errors import ArgumentError, AwsError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM


class Options(TypedDict):
    """The options of ``grant`` and ``revoke``: either ``repository`` or ``prefix``, and either ``to`` or ``org``."""

    repository: str | None
    prefix: str | None
    to: str | None
    org: str | None
    pull_only: bool
    profile: str | None
    region: str | None
    apply: bool
    force: bool
    yes: bool
    as_json: bool


class Kind(NamedTuple):
    """A kind of change: ``alter`` returns the new policy for the one before and the principal.

    With --force, the statements of ``accesses`` that were modified count as written by this program; ``wanted`` is what
    they then grant.
    """

    verb: str
    alter: Callable[[Document | None, Principal], Document | None]
    accesses: tuple[Access, ...] = (repository_policy.PULL, repository_policy.PUSH)
    wanted: Access | None = None


class PolicyChange:
    """A change of the policy of the repository ``owned`` for the principal ``to``, from ``before`` to ``after``.

    The constructor reads the policy, and raises AwsError.
    """

    def __init__(self, kind: Kind, options: Options, owned: Owned, to: Principal) -> None:
        self._kind = kind
        self._options = options
        self.owned = owned
        self.to = to
        self.before = read_policy(self.owned)
        self.after = self._altered(self.before)
        self.is_applied = False

    def is_for_the_owner(self) -> bool:
        """Return whether it is for the account that owns the repository, whose principals need no statement."""
        return self.to.arn == self.to.root and self.to.account == self.owned.account

    def access(self) -> Access:
        """Return what it grants or revokes."""
        if self._kind.wanted:
            return self._kind.wanted
        is_of_pulls = repository_policy.PUSH not in self._kind.accesses
        granted = repository_policy.granted(self.before, self.to) or repository_policy.PUSH
        return repository_policy.PULL if is_of_pulls else granted

    def modified(self) -> list[tuple[str, list[str]]]:
        """Return the statements with this program's Sid that somebody modified, and their elements that differ.

        With --force, there are none.
        """
        return [] if self._options["force"] else repository_policy.altered(self.before, self.to, self._kind.accesses)

    def replaced(self) -> list[tuple[str, list[str]]]:
        """Return what ``modified`` would return without --force, if there is --force."""
        return repository_policy.altered(self.before, self.to, self._kind.accesses) if self._options["force"] else []

    def make(self, effect: str, question: str = "") -> None:
        """Set the policy, and print its ``effect``; without --apply, only print the policy and the difference.

        On a terminal, the user has to agree to ``question``, if there is one. With --json, nothing is printed or asked.
        Raises AwsError, also if somebody else changes the policy at the same time.
        """
        where = self.owned.where
        is_one, as_json = self._options["prefix"] is None, self._options["as_json"]
        if not (self._options["apply"] or as_json):
            _print(self.before, self.after, where="" if is_one else where)
            console.print_line(f"{where}: with --apply, {effect}")
        if self.before == self.after:
            remarks.note(f"nothing to {self._kind.verb}: the policy of {where} already has that effect")
        elif self._options["apply"]:
            if question and is_one:
                console.require_agreement(f"{where}: {question}", yes=self._options["yes"] or as_json)
            self._check_unchanged()
            with console.waiting("setting the policy"):
                self.owned.set_policy(self.after, repository_policy.suspects(self.after, self.to))
            self.is_applied = True
        elif is_one:
            remarks.note("nothing has been changed yet", Remedy("to make the change", self.command("--apply")))
        if self._options["apply"] and not as_json:
            console.report(f"{where}: {effect}")

    def command(self, *more: str) -> str:
        """Return the command that makes this change of the one repository, with ``more`` options."""
        return change_command(self._kind.verb, self._own_options(), *more)

    def narrowing(self) -> str:
        """Return the commands that leave only what ``grant`` with these options grants."""
        options = self._own_options() | {"force": False, "pull_only": False, "apply": True}
        grant = change_command("grant", options, "--pull-only")
        return f"{change_command('revoke', options)} && {grant}"

    def _own_options(self) -> Options:
        """Return the options with this repository instead of --prefix, whose host stays."""
        if (prefix := self._options["prefix"]) is None:
            return self._options
        host, slash, _ = prefix.partition("/")
        place = f"{host}{slash}" if registry_of(host) else ""
        return self._options | {"repository": f"{place}{self.owned.name}", "prefix": None}

    def _altered(self, document: Document | None) -> Document | None:
        if self._options["force"]:
            document = repository_policy.restored(document, self.to, self._kind.accesses, self._kind.wanted)
        return self._kind.alter(document, self.to)

    def _check_unchanged(self) -> None:
        """Read the policy again: AWS has no precondition for setting it, so another user's change would be lost."""
        now = read_policy(self.owned)
        if now != self.before:
            if not self._options["as_json"]:
                _print_diff(now, self._altered(now))
            raise AwsError(
                f"the policy of {self.owned.where} was changed while this command ran, so it is not set",
                Remedy("check the new difference, and run it again", self.command()),
            )


def owned_repository(repository: str, profile: str | None, region: str | None) -> Owned:
    """Return the repository that the arguments of a policy command name, as its owner accesses it."""
    return Owned(target(repository, region, registry_of), Identity(profile), os.environ, prompt=_ask, again=_again)


def owned_prefix(prefix: str, profile: str | None, region: str | None) -> Owned:
    """Return the first characters of repositories' names as if they were one, to list the repositories."""
    place = prefix_target(prefix, region, registry_of)
    return Owned(place, Identity(profile), os.environ, prompt=_ask, again=_again, task=LIST)


def is_host(text: str) -> bool:
    """Return whether the first part of a name is a host, as Docker tells it from a name."""
    return any(sign in text for sign in ".:") or text == "localhost"


def registry_of(host: str) -> Registry | None:
    """Return the registry that is at ``host``, or that this host of the user's own stands for in config.toml."""
    registry = Registry.parse(host)
    if registry is not None or not is_host(host):
        return registry
    found = cred_helpers.registry_finder(os.environ)(host)
    return Registry.parse(found.ecr_host) if found else None


def read_policy(owned: Owned) -> Document | None:
    """Return the repository's policy, or None if it has none; raise AwsError if it cannot be read."""
    with console.waiting("reading the policy"):
        return owned.policy()


def policy_command(verb: str, repository: str | None, profile: str | None, region: str | None, *more: str) -> str:
    """Return a ``policy`` command as a shell line."""
    words = [PROGRAM, "policy", verb, *([repository] if repository else []), *more]
    words += ["--profile", profile] if profile else []
    words += ["--region", region] if region else []
    return shlex.join(words)


def change_command(verb: str, options: Options, *more: str) -> str:
    """Return the command ``verb`` with ``options`` and ``more`` as a shell line."""
    words = ["--prefix", options["prefix"]] if options["prefix"] else []
    words += ["--org", options["org"]] if options["org"] else ["--to", options["to"] or ""]
    flags = (("pull_only", options["pull_only"]), ("apply", options["apply"]), ("force", options["force"]))
    given = [f"--{name.replace('_', '-')}" for name, is_given in flags if is_given]
    words += dict.fromkeys([*given, *more])
    return policy_command(verb, options["repository"], options["profile"], options["region"], *words)


def principal_of(verb: str, options: Options, owned: Owned) -> Principal:
    """Return the principal that the options name, in the repository's partition; raise ArgumentError."""
    try:
        if options["org"] is not None:
            return principal.organization(options["org"])
        return principal.parse(options["to"] or "", owned.partition)
    except ArgumentError as error:
        raise ArgumentError(f"cannot {verb} access to {owned}: {error.message}", error.remedy) from error


def _ask(question: str) -> str:
    return console.ask_secretly(question) if console.can_ask() else ""


def _again(profile: str) -> Remedy:
    """Return the command that is running with another profile."""
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    pairs = zip(["", *words], words[:end], strict=False)
    kept = [word for before, word in pairs if "--profile" not in (before, word.partition("=")[0])]
    return Remedy(command=shlex.join([PROGRAM, *kept, "--profile", profile, *words[end:]]))


def _print(before: Document | None, after: Document | None, where: str) -> None:
    """Print the policy and the difference; if there is ``where``, only the difference, under it."""
    if where:
        console.heading(where)
    else:
        text = repository_policy.pretty(after) or "no policy: only the repository's own account has access\n"
        console.out.print(text, end="")
    if before != after:
        if not where:
            console.out.print()
        _print_diff(before, after)


def _print_diff(before: Document | None, after: Document | None) -> None:
    differences.show(repository_policy.pretty(before), repository_policy.pretty(after), "current policy", "new policy")
