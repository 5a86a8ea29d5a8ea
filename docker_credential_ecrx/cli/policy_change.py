"""A change of a repository policy by ``policy grant`` or ``policy revoke``: preview, check and apply."""

import os
import shlex
from collections.abc import Callable
from typing import TypedDict

from docker_credential_ecrx.aws.repository_policy_client import Owned, target
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.ecr import principal, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.repository_policy import Access, Document
from docker_credential_ecrx.errors import ArgumentError, AwsError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM


class Options(TypedDict):
    """The options of ``grant`` and ``revoke``."""

    repository: str
    to: str
    pull_only: bool
    profile: str | None
    region: str | None
    apply: bool
    force: bool


class PolicyChange:
    """A change of the repository's policy for the principal of --to: ``alter`` returns ``after`` for ``before``.

    With --force, the statements of ``accesses`` that were modified count as written by this program.
    """

    def __init__(
        self,
        verb: str,
        options: Options,
        alter: Callable[[Document | None, Principal], Document | None],
        accesses: tuple[Access, ...] = (repository_policy.PULL, repository_policy.PUSH),
    ) -> None:
        self._verb = verb
        self._options = options
        self._alter = alter
        self._accesses = accesses
        self.owned = owned_repository(options["repository"], options["profile"], options["region"])
        self.to = _principal(verb, options["to"], self.owned)
        self.before = read_policy(self.owned)
        self.after = self._altered(self.before)

    def modified(self) -> list[tuple[str, list[str]]]:
        """Return the statements with this program's Sid that somebody modified, and their elements that differ.

        With --force, there are none.
        """
        return [] if self._options["force"] else repository_policy.altered(self.before, self.to, self._accesses)

    def make(self) -> None:
        """Print the policy and the difference; with --apply, set the policy.

        Raises AwsError, also if somebody else changes the policy at the same time.
        """
        _print(self.before, self.after)
        where = self.owned.where
        if self.before == self.after:
            console.say(f"nothing to {self._verb}: the policy of {where} already has that effect")
        elif self._options["apply"]:
            self._check_unchanged()
            with console.waiting("setting the policy"):
                self.owned.set_policy(self.after, repository_policy.suspects(self.after, self.to))
            console.say(f"the policy of {where} is {'set' if self.after else 'deleted'}")
        else:
            console.say(f"nothing has been changed yet; to make the change: {self.command('--apply')}")

    def command(self, *more: str) -> str:
        """Return the command that makes this change, with ``more`` options."""
        options = self._options
        given = [f"--{name.replace('_', '-')}" for name in ("pull_only", "apply", "force") if options[name]]
        words = ("--to", options["to"], *dict.fromkeys([*given, *more]))
        return policy_command(self._verb, options["repository"], options["profile"], options["region"], *words)

    def _altered(self, document: Document | None) -> Document | None:
        if self._options["force"]:
            document = repository_policy.restored(document, self.to, self._accesses)
        return self._alter(document, self.to)

    def _check_unchanged(self) -> None:
        """Read the policy again: AWS has no precondition for setting it, so another user's change would be lost."""
        now = read_policy(self.owned)
        if now != self.before:
            _print_diff(now, self._altered(now))
            raise AwsError(
                f"the policy of {self.owned.where} was changed while this command ran, so it is not set",
                Remedy("check the new difference, and run it again", self.command()),
            )


def owned_repository(repository: str, profile: str | None, region: str | None) -> Owned:
    """Return the repository that the arguments of a policy command name, as its owner accesses it."""
    return Owned(target(repository, region), Identity(profile), os.environ, _ask)


def read_policy(owned: Owned) -> Document | None:
    """Return the repository's policy, or None if it has none; raise AwsError if it cannot be read."""
    with console.waiting("reading the policy"):
        return owned.policy()


def policy_command(verb: str, repository: str, profile: str | None, region: str | None, *more: str) -> str:
    """Return a ``policy`` command as a shell line."""
    words = [PROGRAM, "policy", verb, repository, *more]
    words += ["--profile", profile] if profile else []
    words += ["--region", region] if region else []
    return shlex.join(words)


def _principal(verb: str, to: str, owned: Owned) -> Principal:
    """Return the principal that ``to`` names in the repository's partition; raise ArgumentError if it is invalid."""
    try:
        return principal.parse(to, owned.partition)
    except ArgumentError as error:
        raise ArgumentError(f"cannot {verb} access to {owned}: {error.message}", error.remedy) from error


def _ask(question: str) -> str:
    return console.ask_secretly(question) if console.can_ask() else ""


def _print(before: Document | None, after: Document | None) -> None:
    console.out.print(
        repository_policy.pretty(after) or "no policy: only the repository's own account has access\n", end=""
    )
    if before != after:
        console.out.print()
        _print_diff(before, after)


def _print_diff(before: Document | None, after: Document | None) -> None:
    console.diff(repository_policy.pretty(before), repository_policy.pretty(after), "current policy", "new policy")
