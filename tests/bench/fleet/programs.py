"""The programs: each is one machine's, and is asked for a token by that machine's clients, in the order of time."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol

from bench.fleet.limits import GO_PAUSE, Aws, Operation, RefusedError
from bench.fleet.world import Lock, moment, world
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.protocols.kubelet import cache_seconds
from docker_credential_ecrx.store import cached_token, single_flight
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

LIFE = 12 * 3600.0
_NAME = "token:ecr:aws:us-east-1:0123456789abcdef0123456789abcdef"  # one identity for all machines
_REQUEST = TokenRequest(
    Registry("111111111111.dkr.ecr.us-east-1.amazonaws.com", "111111111111", "us-east-1", "aws"), Identity(), _NAME
)
_PASSWORD = "p"


class Program(Protocol):
    """What answers the clients of one machine."""

    def unanswered(self, gets: Sequence[float]) -> int:
        """Ask for a token at each second of ``gets``, which ascend; return how many were not answered."""

    def forget(self) -> None:
        """Be on a new machine, which has nothing stored."""


class EcrLogin:
    """awslabs' docker-credential-ecr-login 0.12 with a profile that assumes a role.

    Its cache is keyed by the access key, which AssumeRole makes new each time: it opens a session to look into the
    cache, finds nothing under that key, and asks for a token.
    If it gets no session, it continues without a cache, and AWS's library asks for one again to sign.
    """

    def __init__(self, aws: Aws, dice: Random, _machine: str = "") -> None:
        self._aws = aws
        self._dice = dice

    def unanswered(self, gets: Sequence[float]) -> int:
        """Ask AWS twice for each."""
        failed = 0
        for at in gets:
            try:
                self._aws.get_token.ask(self._session(at), self._dice, GO_PAUSE)
            except RefusedError:
                failed += 1
        return failed

    def _session(self, at: float) -> float:
        try:
            return self._aws.assume_role.ask(at, self._dice, GO_PAUSE)
        except RefusedError as error:
            return self._aws.assume_role.ask(error.at, self._dice, GO_PAUSE)

    def forget(self) -> None:
        """Nothing of it is found again anyway."""


class EcrCredentialProvider:
    """Kubernetes' ecr-credential-provider with the instance's role.

    Kubelet keeps the answer in memory for half of the token's life, and asks again then; what is old is deleted.
    """

    def __init__(self, aws: Aws, dice: Random, _machine: str = "") -> None:
        self._aws = aws
        self._dice = dice
        self._cached_until = 0.0

    def unanswered(self, gets: Sequence[float]) -> int:
        """Ask AWS for each that kubelet has nothing for."""
        failed = 0
        for at in gets:
            if at < self._cached_until:
                continue
            try:
                self._cached_until = self._aws.get_token.ask(at, self._dice, GO_PAUSE) + LIFE / 2
            except RefusedError:
                failed += 1
        return failed

    def forget(self) -> None:
        """Restart kubelet."""
        self._cached_until = 0.0


class Ecrx:
    """The program of this project: ``single_flight.obtain``, with a keyring and a lock of the simulated machine's.

    ``operations`` are those that a refresh takes: both with a role, GetAuthorizationToken alone with an instance's.
    """

    label = "simulated"

    def __init__(self, operations: Sequence[Operation], dice: Random, machine: str) -> None:
        self._dice = dice
        self._machine = machine
        self._operations = operations
        self._record: str | None = None
        self.lock = Lock()
        self._cache = _Cache(self)

    def unanswered(self, gets: Sequence[float]) -> int:
        """Ask for each; those that a fresh token answers are passed over in one step."""
        world.machine = self._machine
        failed = position = 0
        while position < len(gets):
            world.at = gets[position]
            try:
                token = self.token()
            except AwsError:
                failed += 1
                position += 1
            else:
                position = _first_due(token, gets, position + 1)
        return failed

    def cacheable_until(self, at: float) -> float:
        """Return until when kubelet may cache the response to a request at the second ``at``."""
        world.machine, world.at = self._machine, at
        token = self.token()
        return world.at + cache_seconds(token, cached_token.now())

    def forget(self) -> None:
        """Delete what is stored."""
        self._record, self.lock = None, Lock()

    @property
    def keyring(self) -> "Keyring | None":
        """Return the machine's keyring."""
        return self

    def token(self) -> Token:
        """Return what the program's own ``get`` does where it finds that."""
        found, started = self._cache.load(_NAME), cached_token.now()
        if found is not None and not found.needs_refresh(started):
            return found
        return single_flight.obtain(self._cache, _REQUEST, found, started)

    def fetch(self) -> Token:
        """Ask AWS for a token, and cache it."""
        for operation in self._operations:
            try:
                world.at = operation.ask(world.at, self._dice)
            except RefusedError as error:
                world.at = error.at
                raise
        token = cached_token.new_token(_PASSWORD, _NAME, LIFE, cached_token.now())
        cached_token.save(_NAME, token, self.keyring)
        return token

    def expect(self, names: Iterable[str]) -> None:
        """Do nothing."""

    def get(self, _name: str) -> str | None:
        """Return what is stored."""
        return self._record

    def set(self, _name: str, secret: str, _seconds: int | None, *, by_hand: bool = False) -> None:  # noqa: ARG002
        """Store it."""
        self._record = secret

    def delete(self, _name: str) -> None:
        """Delete it."""
        self._record = None

    def names(self) -> list[str]:
        """Return what is stored."""
        return [_NAME] if self._record else []


class EcrxWithoutKeyring(Ecrx):
    """The same on a machine where it uses no keyring, as it does on a node unless one is configured."""

    @property
    def keyring(self) -> "Keyring | None":
        """Return None."""
        return None


class Kubelet:
    """A node on which kubelet asks ``program``, and caches each response in memory for as long as that says."""

    def __init__(self, program: Ecrx) -> None:
        self._program = program
        self._cached_until = 0.0

    def unanswered(self, gets: Sequence[float]) -> int:
        """Ask for each that kubelet has nothing for; return how many were not answered."""
        failed = 0
        for at in gets:
            if at < self._cached_until:
                continue
            try:
                self._cached_until = self._program.cacheable_until(at)
            except AwsError:
                failed += 1
        return failed

    def forget(self) -> None:
        """Restart kubelet on a new machine."""
        self._program.forget()
        self._cached_until = 0.0


class _Cache(TokenCache):
    """The program's own cache, on a simulated machine."""

    def __init__(self, machine: Ecrx) -> None:
        super().__init__("none", {})
        self._machine = machine

    @property
    def keyring(self) -> "Keyring | None":
        """Return the machine's keyring, or None."""
        return self._machine.keyring

    def lock(self, _request: TokenRequest, _attempt: int) -> Lock:
        """Return the machine's lock."""
        return self._machine.lock

    def fetch(self, _request: TokenRequest, _started: ClockReading) -> Token:
        """Ask AWS for a token, and cache it."""
        return self._machine.fetch()


def _first_due(token: Token, gets: Sequence[float], start: int) -> int:
    """Return the position of the first get from ``start`` on for which ``token`` is not fresh."""
    return bisect_left(gets, True, start, key=lambda at: token.needs_refresh(moment(at)))  # noqa: FBT003
