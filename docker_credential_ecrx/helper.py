"""What get, store, erase and list do: for an ECR registry with its token, for another registry with its password."""

from docker_credential_ecrx import log
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError, NoAwsCredentialsError, NotFoundError, RequestError
from docker_credential_ecrx.store import cached_token, item_names
from docker_credential_ecrx.store.token_cache import TokenCache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings
    from docker_credential_ecrx.store.cached_token import Token
    from docker_credential_ecrx.store.token_cache import TokenRequest


class Helper:
    """A credential store for every registry, which gets those of Amazon ECR itself."""

    def __init__(self, settings: "Settings", env: "Mapping[str, str]") -> None:
        self._settings = settings
        self._env = env
        self._tokens = TokenCache(settings.keyring, env)

    def get(self, server: str) -> tuple[str, str]:
        """Return the user and the password for ``server``.

        Raises NotFoundError, so that clients continue without credentials, if none are stored for a host outside ECR,
        or if AWS issues no token for ECR Public; and another EcrxError if anything else fails.
        """
        registry = self._settings.registry_of(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords  # only for registries outside ECR

            return passwords.get(server, self._settings.keyring, self._env)
        return ECR_USER, self.token(registry).password

    def token(self, registry: "Registry") -> "Token":
        """Return a valid token for ``registry``: what ``docker login`` stored, or that of the settings' identity.

        Raises what ``get`` does.
        """
        self._settings.require(registry)
        logins = item_names.login_names(registry.host, self._settings.profile)
        request = self._tokens.request(registry, self._settings.identity_for(registry.host))
        self._tokens.expect((*logins, request.name))
        login = self._tokens.first_valid(logins)
        if login is not None:
            log.debug(f"{registry.host}: using what docker login stored")
            return login
        return self._obtain(request)

    def token_of(self, registry: "Registry", identity: "Identity") -> "Token":
        """Return a valid token of ``identity`` for ``registry``, whatever ``docker login`` stored.

        Raises what ``get`` does.
        """
        self._settings.require(registry)
        return self._obtain(self._tokens.request(registry, identity))

    def _obtain(self, request: "TokenRequest") -> "Token":
        try:
            return self._tokens.get(request)
        except AwsError as error:
            if request.registry.service != "ecr-public":
                raise
            # Anonymous pulls work there, and must not depend on whose credentials a machine happens to have.
            if not isinstance(error, NoAwsCredentialsError):
                log.warn(f"continuing without credentials: {error}")
            raise NotFoundError(error.message, error.remedy) from error

    def cached(self, registry: "Registry") -> "tuple[Token | None, Token | None]":
        """Return what ``token`` returns without asking AWS: what ``docker login`` stored, and the identity's token.

        The first is None if nothing valid is stored, the second if none is cached or it needs a refresh.
        Raises SettingsError if the settings exclude the registry.
        """
        self._settings.require(registry)
        *logins, name = self._names(registry)
        own = self._tokens.load(name)
        is_fresh = own is not None and not own.needs_refresh(cached_token.now())
        return self._tokens.first_valid(logins), own if is_fresh else None

    def store(self, server: str, user: str, secret: str) -> None:
        """Store ``secret`` for ``server``; an ECR registry's token until it expires."""
        registry = self._settings.registry_of(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords

            passwords.store(server, user, secret, self._settings.keyring, self._env)
            return
        self._settings.require(registry)
        from docker_credential_ecrx.store.refresh import login_remedy

        if user != ECR_USER:
            raise RequestError(f"the user of an ECR registry is {ECR_USER}, not {user}", login_remedy(registry))
        if not secret:
            raise RequestError(f"the token for {registry.host} is empty", login_remedy(registry))
        login, *_, own = self._names(registry)
        cached = self._tokens.load(own)
        if cached is None or cached.password != secret:  # docker login stores what it got from get, too
            self._tokens.save(registry, secret, login)

    def erase(self, server: str) -> None:
        """Delete what is stored for ``server``; for an ECR registry also the cached token of the identity.

        Raises KeyringError if a keyring still holds something; it stays in the index.
        """
        registry = self._settings.registry_of(server)
        if registry is None:
            from docker_credential_ecrx.store import passwords

            passwords.erase(server, self._settings.keyring, self._env)
            return
        self._tokens.delete(self._names(registry))
        if registry.host != registry.ecr_host:  # a password may be from before config.toml named its registry
            from docker_credential_ecrx.store import passwords

            passwords.erase(server, self._settings.keyring, self._env)

    def list(self) -> dict[str, str]:
        """Return the user of each server for which ``get`` answers now without asking AWS."""
        from docker_credential_ecrx.store import index, passwords

        stored = passwords.users(self._settings.keyring, self._env)
        # get does not return the password of a host that config.toml gives to a registry of ECR.
        users = {server: user for server, user in stored.items() if self._settings.registry_of(server) is None}
        for server in sorted({server for entry in index.read(self._env).values() for server in entry["servers"]}):
            registry = self._settings.registry_of(server)
            if registry is not None and self._is_answered_offline(registry):
                users[server] = ECR_USER
        return users

    def _is_answered_offline(self, registry: "Registry") -> bool:
        return self._settings.allows(registry) and self._tokens.first_valid(self._names(registry)) is not None

    def _names(self, registry: "Registry") -> tuple[str, ...]:
        """Return the names of the items that may answer for ``registry``, the identity's token last."""
        logins, own = item_names.names_for(registry, self._settings, self._env)
        return *logins, own
