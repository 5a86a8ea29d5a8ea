"""The names of the keyring's items that hold tokens."""

from docker_credential_ecrx.identity.fingerprint import fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings

_PORT = "/"  # before a host's port in an item's name, where a colon begins the profile


def names_for(registry: "Registry", settings: "Settings", env: "Mapping[str, str]") -> tuple[tuple[str, ...], str]:
    """Return the names of the items that ``get`` looks for: ``docker login``'s, and that of the identity's token.

    The first item that holds a valid token is served.
    """
    identity = settings.identity_for(registry.host)
    return login_names(registry.host, settings.profile), token_name(registry, identity, env)


def login_names(host: str, profile: str | None) -> tuple[str, ...]:
    """Return the names of what ``docker login`` stored for ``host``: through a profile's link, and without one.

    ``profile`` is the one in the name that this program was called by.
    """
    name = f"login:{host.replace(':', _PORT)}"
    return (name,) if profile is None else (f"{name}:{profile}", name)


def token_name(registry: "Registry", identity: "Identity", env: "Mapping[str, str]") -> str:
    """Return the name of the identity's cached token, which serves every registry of the region."""
    digits = fingerprint(identity, env, registry.endpoint_url)
    return f"token:{registry.service}:{registry.partition}:{registry.region}:{digits}"


def host_in(login_name: str) -> str:
    """Return the host in one of the names that ``login_names`` returns."""
    return login_name.partition(":")[2].partition(":")[0].replace(_PORT, ":")
