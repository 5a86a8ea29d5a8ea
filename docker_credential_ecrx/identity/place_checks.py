"""Checks the keys ``registry`` and ``endpoint_url`` of a rule in config.toml, and reports the first error."""

from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import own_hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.settings import Table

_PATTERN = frozenset("*?[]")
_LIKE_THIS = 'write match = "images.example.com", or with a port match = "localhost:4566"'


def check(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if ``registry`` or ``endpoint_url`` is in the entry and invalid; all values are strings."""
    if "registry" in entry:
        _check_registry(entry, path, where)
    if "endpoint_url" in entry and not own_hosts.is_endpoint_url(entry["endpoint_url"]):
        raise SettingsError(
            f"{path}: {where}: endpoint_url is not https://HOST, or http://localhost:PORT",
            'write it like endpoint_url = "https://vpce-0abc-xyz.api.ecr.us-east-1.vpce.amazonaws.com"',
        )


def _check_registry(entry: "Table", path: str, where: str) -> None:
    if "account" in entry:
        raise SettingsError(
            f"{path}: {where}: registry requires match, and cannot be combined with account", _LIKE_THIS
        )
    if "match" not in entry:
        raise SettingsError(f"{path}: {where}: match is missing", _LIKE_THIS)
    match = entry["match"]
    if not _PATTERN.isdisjoint(match):
        raise SettingsError(
            f"{path}: {where}: match is a pattern, and registry requires an exact host: the token is sent to it",
            _LIKE_THIS,
        )
    if not own_hosts.is_own_host(match):
        is_reserved = own_hosts.is_host(match.lower())
        what = "a host of ECR Public or Docker Hub" if is_reserved else "not a host, with or without a port"
        raise SettingsError(f"{path}: {where}: match is {what}, so registry cannot be set for it", _LIKE_THIS)
    if not own_hosts.is_private_registry(entry["registry"]):
        raise SettingsError(
            f"{path}: {where}: registry is not the host of a private ECR registry",
            'write it like registry = "111111111111.dkr.ecr.us-east-1.amazonaws.com"',
        )
