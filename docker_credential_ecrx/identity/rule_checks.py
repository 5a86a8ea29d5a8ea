"""Checks the rules and the list of accounts of config.toml, and reports the first error."""

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.registry import is_account
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import own_hosts
from docker_credential_ecrx.identity.rules import LENGTHS, is_duration, is_region
from docker_credential_ecrx.identity.settings import PLACE_KEYS, REGISTRY_KEYS, ROLE_KEYS, SECURITY_KEYS, only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.settings import Table

# The characters of host names and of shell patterns without brackets.
_IN_PATTERNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*?")
_LIKE_THIS = 'write match = "111111111111.dkr.ecr.*.amazonaws.com", or account = "111111111111"'
_PATTERN = frozenset("*?[]")
_LIKE_THIS_HOST = 'write match = "images.example.com", or with a port match = "localhost:4566"'
_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
# The other characters of a value.
_SIGNS = {"role_session_name": "_+=,.@-", "external_id": "_+=,.@:/-"}


def check(entries: object, path: str) -> None:
    """Raise SettingsError if ``entries`` are not valid entries of [[registry]]."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"{path}: registry is not an array of tables", "begin each entry with [[registry]]")
    for number, entry in enumerate(entries, 1):
        where = f"[[registry]] entry {number}"
        only(entry, REGISTRY_KEYS, path, where)
        _check_values(entry, path, where)
        _check_place(entry, path, where)
        _check_registries(entry, path, where)
        _check_identity(entry, path, where)


def accounts(security: object, path: str) -> "frozenset[str] | None":
    """Return the accounts that the table [security] lists, or None; raise SettingsError if it is invalid."""
    if not isinstance(security, dict):
        raise SettingsError(f"{path}: security is not a table", "begin the table with [security]")
    only(security, SECURITY_KEYS, path, "[security]")
    if "accounts" not in security:
        return None
    listed = security["accounts"]
    if not isinstance(listed, list) or not listed or not all(map(is_account, listed)):
        raise SettingsError(
            f"{path}: [security]: accounts is not a list of AWS account IDs, each of 12 digits in quotes",
            'write accounts = ["111111111111"]',
        )
    return frozenset(listed)


def _check_values(entry: "Table", path: str, where: str) -> None:
    for key, value in entry.items():
        if key == "duration_seconds":
            if not is_duration(value):
                raise SettingsError(
                    f"{path}: {where}: duration_seconds is not a whole number from 900 to 43200",
                    "set the duration of the role session in seconds",
                )
        elif not isinstance(value, str) or not value.strip():
            raise SettingsError(
                f"{path}: {where}: {key} is not a string, or is empty",
                f'write {key} = "{value if type(value) is int else "..."}", in quotes',
            )
        elif key in _SIGNS and "role_arn" in entry and not is_accepted(key, value):
            form = f"{LENGTHS[key][0]} to {LENGTHS[key][-1]} letters, digits or {_SIGNS[key]}"
            raise SettingsError(f"{path}: {where}: {key} is not {form}", f"write {key} with these characters only")


def is_accepted(key: str, value: str) -> bool:
    """Return whether STS accepts the value of a key; if it does not, it says nothing about where that comes from."""
    return len(value) in LENGTHS[key] and (_ALPHANUMERIC | {*_SIGNS[key]}).issuperset(value)


def _check_place(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if ``registry`` or ``endpoint_url`` is in the entry and invalid; all values are strings."""
    if "registry" in entry:
        _check_own_host(entry, path, where)
    if "endpoint_url" in entry and not own_hosts.is_endpoint_url(entry["endpoint_url"]):
        raise SettingsError(
            f"{path}: {where}: endpoint_url is not https://HOST, or http://localhost:PORT",
            'write it like endpoint_url = "https://vpce-0abc-xyz.api.ecr.us-east-1.vpce.amazonaws.com"',
        )


def _check_own_host(entry: "Table", path: str, where: str) -> None:
    if "account" in entry:
        raise SettingsError(
            f"{path}: {where}: registry requires match, and cannot be combined with account", _LIKE_THIS_HOST
        )
    if "match" not in entry:
        raise SettingsError(f"{path}: {where}: match is missing", _LIKE_THIS_HOST)
    match = entry["match"]
    if not _PATTERN.isdisjoint(match):
        raise SettingsError(
            f"{path}: {where}: match is a pattern, and registry requires an exact host: the token is sent to it",
            _LIKE_THIS_HOST,
        )
    if not own_hosts.is_own_host(match):
        is_reserved = own_hosts.is_host(match.lower())
        what = "a host of ECR Public or Docker Hub" if is_reserved else "not a host, with or without a port"
        raise SettingsError(f"{path}: {where}: match is {what}, so registry cannot be set for it", _LIKE_THIS_HOST)
    if not own_hosts.is_private_registry(entry["registry"]):
        raise SettingsError(
            f"{path}: {where}: registry is not the host of a private ECR registry",
            'write it like registry = "111111111111.dkr.ecr.us-east-1.amazonaws.com"',
        )


def _check_registries(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if the entry does not define which registries it applies to, or cannot apply to any."""
    if "match" not in entry and "account" not in entry:
        raise SettingsError(f"{path}: {where}: match is missing", _LIKE_THIS)
    if "match" in entry and "account" in entry:
        raise SettingsError(
            f"{path}: {where}: match and account cannot be combined", "use one of them in each [[registry]]"
        )
    if "account" in entry and not is_account(entry["account"]):
        raise SettingsError(
            f"{path}: {where}: account is not an AWS account ID of 12 digits", 'write account = "111111111111"'
        )
    if "region" in entry and "account" not in entry:
        raise SettingsError(
            f"{path}: {where}: region requires account, and cannot be combined with match",
            "put the region into match, or use account",
        )
    if "region" in entry and not is_region(entry["account"], entry["region"]):
        raise SettingsError(f"{path}: {where}: region is not an AWS region", 'write it like region = "us-east-1"')
    match = entry.get("match", "")
    for character in match if "[" not in match and "registry" not in entry else "":  # brackets may list others too
        if character not in _IN_PATTERNS:
            raise SettingsError(
                f"{path}: {where}: match cannot match a registry: no host contains {character!r}", _LIKE_THIS
            )


def _check_identity(entry: "Table", path: str, where: str) -> None:
    is_place = any(key in entry for key in PLACE_KEYS)  # its identity may be AWS's default credential chain
    if ("profile" in entry) == ("role_arn" in entry) and not (is_place and "profile" not in entry):
        raise SettingsError(
            f"{path}: {where}: exactly one of profile and role_arn is required",
            "to choose the credentials that assume a role, use source_profile with role_arn",
        )
    for key in ("source_profile", *ROLE_KEYS):
        if key in entry and "role_arn" not in entry:
            raise SettingsError(
                f"{path}: {where}: {key} requires role_arn, and cannot be combined with profile",
                "set it in the AWS profile, or use role_arn",
            )
    if "role_arn" in entry and arn.role(entry["role_arn"]) is None:
        raise SettingsError(
            f"{path}: {where}: role_arn {entry['role_arn']} is not the ARN of a role",
            "write arn:aws:iam::ACCOUNT:role/NAME",
        )
