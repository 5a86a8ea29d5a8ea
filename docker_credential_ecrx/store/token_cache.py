"""The cache of ECR tokens: a cached ``get`` ends here, and everything that it does not need is imported on a miss."""

import time

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.item_names import token_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker_credential_ecrx.aws.session import Mfa
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.errors import AwsError
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.cached_token import ClockReading, Token
    from docker_credential_ecrx.system.file_lock import FileLock


class TokenRequest:
    """A token that is needed: for which registry, as which identity, and the name of the item that caches it."""

    __slots__ = ("identity", "name", "registry")

    def __init__(self, registry: "Registry", identity: "Identity", name: str) -> None:
        self.registry = registry
        self.identity = identity
        self.name = name


class TokenCache:
    """The tokens in the keyring that ``keyring_name`` selects (ECRX_KEYRING's values), and how they get there.

    No failure of the keyring fails a ``get``: without a keyring, AWS is asked each time.
    """

    def __init__(self, keyring_name: str, env: "Mapping[str, str]") -> None:
        self.keyring_name = keyring_name
        self.env = env
        self._keyring: Keyring | None = None
        self._is_open = False

    @property
    def keyring(self) -> "Keyring | None":
        """The keyring, opened at its first use, or None if none is available."""
        if not self._is_open:
            try:
                self.open()
            except KeyringError as error:
                log.debug(f"continuing without a keyring: {error}")
        return self._keyring

    def open(self) -> "Keyring | None":
        """Open and return the keyring, or return None if none is available.

        Raises KeyringUnavailableError if the user chose a keyring and that one is not available.
        """
        self._is_open = True
        self._keyring = keyrings.for_tokens(self.keyring_name)
        return self._keyring

    def request(self, registry: "Registry", identity: "Identity") -> TokenRequest:
        """Return the request for the token of ``identity`` for ``registry``."""
        return TokenRequest(registry, identity, token_name(registry, identity, self.env))

    def expect(self, names: "Iterable[str]") -> None:
        """Prepare for reading the items called ``names``, which is done next."""
        try:
            if self.keyring is not None:
                self.keyring.expect(names)
        except KeyringError as error:
            log.debug(f"the keyring fails: {error}")  # and whatever is done next

    def get(self, request: TokenRequest) -> "Token":
        """Return a valid token: the cached one until it needs a refresh, or a new one.

        Raises AwsError if AWS gives none and no valid one is cached.
        """
        started = cached_token.now()
        if log.is_debugging():
            label = self.keyring.label if self.keyring else "none"
            log.debug(f"{request.registry.host}: using {request.identity}, item {request.name}, keyring {label}")
        try:
            token = cached_token.load(request.name, self.keyring)
        except KeyringError as error:
            log.debug(f"continuing without the keyring: {error}")
            token = self._keyring = None
        if log.is_debugging():
            log.debug(f"cached: {cached_token.describe(token, started)}")
        if token is None or token.needs_refresh(started):
            from docker_credential_ecrx.store import single_flight

            token = single_flight.obtain(self, request, token, started)
        return token

    def load(self, name: str) -> "Token | None":
        """Return the token in the item ``name``, valid or not; None if there is none that can be read."""
        return cached_token.load_or_none(name, self.keyring)

    def first_valid(self, names: "Iterable[str]") -> "Token | None":
        """Return the first valid token in the items called ``names``, or None."""
        for name in names:
            token = self.load(name)
            if token is not None and token.is_valid(cached_token.now()):
                return token
        return None

    def refresh(self, request: TokenRequest, mfa: "Mfa | None" = None) -> "Token":
        """Return a new token from AWS, which is cached if the keyring accepts it; ``mfa`` has the user's MFA code.

        Raises AwsError, which names the registry and the identity.
        """
        from docker_credential_ecrx.store import refresh

        return refresh.refresh_token(self, request, mfa)

    def save(self, registry: "Registry", password: str, name: str) -> None:
        """Store ``password``, a token that ``docker login`` was given for ``registry``, in the item ``name``.

        It expires when the token itself says so.
        If the keyring does not accept it, the user is warned.
        Raises RequestError if it has expired.
        """
        from docker_credential_ecrx.store import refresh

        refresh.save_login_token(self, registry, password, name)

    def delete(self, names: "Iterable[str]") -> None:
        """Delete the items called ``names`` from the keyrings that hold them, and from the index.

        Raises KeyringError if a keyring still holds a valid item; it stays in the index.
        """
        from docker_credential_ecrx.store import erasure, inventory

        erasure.mark(self.keyring, self.env)
        inventory.delete_all(names, self.keyring, self.keyring_name, self.env, cached_token.now())

    def fetch(self, request: TokenRequest, started: "ClockReading") -> "Token":
        """Do what ``refresh`` does, for a process that found no fresh token when it ``started``.

        Raises AwsError with the reason alone.
        """
        # The limit on AWS starts before these imports, because the processes that wait for this one count them too.
        began = time.monotonic()
        from docker_credential_ecrx.store import refresh

        token = refresh.fetch_token(self, request, started, began=began)
        if self.keyring is not None and self.keyring_name != "auto":  # the user chose this keyring
            keyrings.warn_of_plain_text(self.keyring)
        return token

    def lock(self, request: TokenRequest, attempt: int) -> "FileLock | None":
        """Return the lock shared by the processes that refresh this token, or None if there is no state directory."""
        from docker_credential_ecrx.store import token_lock

        return token_lock.token_lock(self.env, request.name, attempt)

    def failure_of(self, request: TokenRequest, codes: "tuple[str, ...]") -> "AwsError | None":
        """Return the failure that another process described by ``codes``, or None if they are unknown here."""
        from docker_credential_ecrx.aws import failures

        return failures.from_codes(codes, request.identity, self.env, request.registry.service)
