"""What get, store, erase and list mean: an ECR registry's token, or another registry's password."""

import time

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import ECR_USER, Registry
from docker_credential_ecrx.errors import KeyringError, NoAwsCredentialsError, NotFoundError, RequestError
from docker_credential_ecrx.identity.fingerprint import fingerprint
from docker_credential_ecrx.store import cached_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.errors import AwsError
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.cached_token import ClockReading, Token
    from docker_credential_ecrx.system.file_lock import FileLock


def item_names(registry: Registry, settings: "Settings", env: "Mapping[str, str]") -> tuple[tuple[str, ...], str]:
    """Return the names of the items that answer for ``registry``: what ``docker login`` stored, else its token."""
    identity = settings.identity_for(registry.host)
    return login_names(registry.host, settings.profile), _token_name(registry, identity, env)


def login_names(host: str, link: str | None) -> tuple[str, ...]:
    """Return the names of what ``docker login`` stored for ``host``: by the ``link`` of a profile, and without one."""
    bare = f"login:{host}"
    return (bare,) if link is None else (f"{bare}:{link}", bare)


def _token_name(registry: Registry, identity: "Identity", env: "Mapping[str, str]") -> str:
    """Return the name of the item that keeps the identity's token: one serves every registry of a region."""
    return f"token:{registry.service}:{registry.partition}:{registry.region}:{fingerprint(identity, env)}"


class Helper:
    """A credential store for every registry, which gets those of Amazon ECR itself."""

    def __init__(self, settings: "Settings", env: "Mapping[str, str]") -> None:
        self._settings = settings
        self._env = env

    def get(self, server: str) -> tuple[str, str]:
        """Return the user and the password for ``server``.

        Raises NotFoundError where none is stored and the host is not ECR's, or is ECR Public and AWS has no
        credentials, so that clients go on without any; and another EcrxError for whatever else fails.
        """
        registry = Registry.parse(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords  # only for registries that are not ECR's

            return passwords.get(server, self._settings.keyring, self._env)
        return ECR_USER, self.token(registry).password

    def token(self, registry: Registry) -> "Token":
        """Return a live token for ``registry``: what ``docker login`` stored, else that of the settings' identity.

        Raises what ``get`` does.
        """
        self._settings.require(registry)
        keyring = self._token_keyring()
        login = self._login(registry, keyring)
        if login is not None:
            log.debug(f"{registry.host} answers with what docker login stored")
            return login
        return self._token_of(registry, self._settings.identity_for(registry.host), keyring)

    def kept(self, registry: Registry) -> "tuple[Token | None, Token | None]":
        """Return what ``token`` returns without AWS: what ``docker login`` stored, else the identity's fresh token.

        Each is None where there is none; the second is served where the first is None.
        Raises SettingsError if the registry is not to be answered.
        """
        self._settings.require(registry)
        keyring = self._token_keyring()
        own = cached_token.load_or_none(
            _token_name(registry, self._settings.identity_for(registry.host), self._env), keyring
        )
        is_fresh = own is not None and not own.needs_refresh(cached_token.now())
        return self._login(registry, keyring), own if is_fresh else None

    def _login(self, registry: Registry, keyring: "Keyring | None") -> "Token | None":
        """Return the live token that ``docker login`` stored for ``registry``: it goes before that of any identity."""
        for name in login_names(registry.host, self._settings.profile):
            login = cached_token.load_or_none(name, keyring)
            if login is not None and login.is_valid(cached_token.now()):
                return login
        return None

    def token_of(self, registry: Registry, identity: "Identity") -> "Token":
        """Return a live token of ``identity`` for ``registry``, whatever else is stored or set.

        Raises what ``get`` does.
        """
        self._settings.require(registry)
        return self._token_of(registry, identity, self._token_keyring())

    def _token_of(self, registry: Registry, identity: "Identity", keyring: "Keyring | None") -> "Token":
        name = _token_name(registry, identity, self._env)
        moment = cached_token.now()
        log.debug(f"{registry.host} answers with {identity} as {name}, keyring {keyring.label if keyring else 'none'}")
        try:
            token = cached_token.load(name, keyring)
        except KeyringError as error:
            log.debug(f"going on without the keyring: {error}")
            token = keyring = None
        if log.is_debugging():
            log.debug(f"kept there: {cached_token.describe(token, moment)}")
        if token is None or token.needs_refresh(moment):
            token = self._renewed(token, registry, identity, name, keyring, moment)
        return token

    def store(self, server: str, user: str, secret: str) -> None:
        """Keep ``secret`` for ``server``; an ECR registry's token until it expires."""
        registry = Registry.parse(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords

            passwords.store(server, user, secret, self._settings.keyring, self._env)
            return
        self._settings.require(registry)
        from docker_credential_ecrx.store import refresh

        if user != ECR_USER:
            raise RequestError(
                f"the user of an ECR registry is {ECR_USER}, not {user}", refresh.login_command(registry)
            )
        if not secret:
            raise RequestError(f"the token for {registry.host} is empty", refresh.login_command(registry))
        keyring = self._token_keyring()
        logins, name = item_names(registry, self._settings, self._env)
        minted = cached_token.load_or_none(name, keyring)
        if minted is not None and minted.password == secret:
            return  # docker login asked this program, and gives back what it got
        refresh.save_login_token(registry, secret, logins[0], keyring, self._env)

    def erase(self, server: str) -> None:
        """Forget what is kept for ``server``; for an ECR registry also the token of the identity that answers.

        Raises KeyringError where something is, and its keyring does not let it go; it stays noted then.
        """
        registry = Registry.parse(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords

            passwords.erase(server, self._settings.keyring, self._env)
            return
        from docker_credential_ecrx.store import inventory

        names, keyring = self._names(registry), self._token_keyring()
        inventory.mark_erasure(keyring, self._env)
        inventory.delete_all(names, keyring, self._settings.keyring, self._env, cached_token.now())

    def list(self) -> dict[str, str]:
        """Return the user of each server for which ``get`` answers now without asking AWS."""
        from docker_credential_ecrx.store import index, passwords

        users = passwords.users(self._settings.keyring, self._env)
        servers = {
            server for entry in index.read(self._env).values() for server in entry["servers"] if Registry.parse(server)
        }
        keyring = self._token_keyring() if servers else None
        for server in sorted(servers):
            if self._is_answered(server, keyring):
                users[server] = ECR_USER
        return users

    def _is_answered(self, server: str, keyring: "Keyring | None") -> bool:
        registry = Registry.parse(server)
        if registry is None or not self._settings.allows(registry):
            return False
        found = (cached_token.load_or_none(name, keyring) for name in self._names(registry))
        return any(token is not None and token.is_valid(cached_token.now()) for token in found)

    def _token_keyring(self) -> "Keyring | None":
        """Return the keyring for tokens, or None: a keyring that is not to be had is no reason not to answer."""
        try:
            return keyrings.for_tokens(self._settings.keyring)
        except KeyringError as error:
            log.debug(f"going on without a keyring: {error}")
            return None

    def _names(self, registry: Registry) -> tuple[str, ...]:
        """Return the names of the items that may answer for the registry."""
        logins, token = item_names(registry, self._settings, self._env)
        return *logins, token

    def _renewed(  # noqa: PLR0913, PLR0917 - what is renewed, and for whom
        self,
        due: "Token | None",
        registry: Registry,
        identity: "Identity",
        name: str,
        keyring: "Keyring | None",
        started: "ClockReading",
    ) -> "Token":
        from docker_credential_ecrx.store import single_flight

        def mint() -> "Token":
            # Here its lock is held, and not at the end of the imports: who waits for it counts from here too.
            began = time.monotonic()
            from docker_credential_ecrx.store import refresh  # not for those that wait for another's token

            request = refresh.TokenRequest(registry, identity, name)
            token = refresh.fetch_token(request, keyring, self._env, started, began=began)
            if keyring is not None and self._settings.keyring != "auto":  # which nobody has chosen
                keyrings.warn_of_plain_text(keyring)
            return token

        def about(error: "AwsError") -> "AwsError":
            from docker_credential_ecrx.store import refresh

            return refresh.describe_failure(error, refresh.TokenRequest(registry, identity, name))

        def retell(codes: "tuple[str, ...]") -> "AwsError | None":
            from docker_credential_ecrx.aws import failures

            return failures.told_again(codes, identity, self._env, registry.service)

        try:
            return single_flight.obtain(due, name, keyring, self._lock, mint, about, retell)
        except NoAwsCredentialsError as error:
            if registry.service == "ecr-public":
                raise NotFoundError(error.message, error.remedy) from error  # anonymous pulls work there
            raise

    def _lock(self, name: str, attempt: int) -> "FileLock | None":
        from docker_credential_ecrx.store import token_lock

        return token_lock.token_lock(self._env, name, attempt)
