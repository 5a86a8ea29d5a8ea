"""Looks for what is wrong with the rules and the list of accounts of config.toml, and says so in one line."""

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.registry import _SUFFIXES, Registry
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity.host_pattern import is_account
from docker_credential_ecrx.identity.settings import _REGISTRY_KEYS, _ROLE_KEYS, _SECURITY_KEYS, only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.settings import Table

# What a host's name and a shell pattern have, in either case.
_IN_PATTERNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*?")
_LIKE_THIS = 'write match = "111111111111.dkr.ecr.*.amazonaws.com", or account = "111111111111"'
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_ROLE_SESSION_SECONDS = range(900, 43200 + 1)


def check(entries: object, path: str) -> None:
    """Raise SettingsError if ``entries`` are not those that [[registry]] may have."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"{path}: registry is not an array of tables", "head each entry with [[registry]]")
    for number, entry in enumerate(entries, 1):
        where = f"[[registry]] number {number}"
        only(entry, _REGISTRY_KEYS, path, where)
        _check_values(entry, path, where)
        _check_registries(entry, path, where)
        _check_identity(entry, path, where)


def accounts(security: object, path: str) -> "frozenset[str] | None":
    """Return the accounts that the table [security] lists, or None; raise SettingsError if it is wrong."""
    if not isinstance(security, dict):
        raise SettingsError(f"{path}: security is not a table", "head it with [security]")
    only(security, _SECURITY_KEYS, path, "[security]")
    if "accounts" not in security:
        return None
    listed = security["accounts"]
    if not isinstance(listed, list) or not listed or not all(map(is_account, listed)):
        raise SettingsError(
            f"{path}: [security]: accounts is not a list of AWS accounts, each of 12 digits in quotes",
            'write accounts = ["111111111111"]',
        )
    return frozenset(listed)


def _check_values(entry: "Table", path: str, where: str) -> None:
    for key, value in entry.items():
        if key == "duration_seconds":
            if type(value) is not int or value not in _ROLE_SESSION_SECONDS:
                raise SettingsError(
                    f"{path}: {where}: duration_seconds is not a whole number from 900 to 43200",
                    "give the role session's length in seconds",
                )
        elif not isinstance(value, str) or not value.strip():
            raise SettingsError(
                f"{path}: {where}: {key} is not a text, or is empty",
                f'write {key} = "{value if type(value) is int else "..."}", in quotes',
            )


def _check_registries(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if it is not clear for which registries an entry is, or there can be none."""
    if "match" not in entry and "account" not in entry:
        raise SettingsError(f"{path}: {where}: match is missing", _LIKE_THIS)
    if "match" in entry and "account" in entry:
        raise SettingsError(
            f"{path}: {where}: match and account do not go together", "write one of them in each [[registry]]"
        )
    if "account" in entry and not is_account(entry["account"]):
        raise SettingsError(
            f"{path}: {where}: account is not the 12 digits of an AWS account", 'write account = "111111111111"'
        )
    if "region" in entry and "account" not in entry:
        raise SettingsError(
            f"{path}: {where}: region goes with account, not with match", "name the region in match, or use account"
        )
    hosts = (f"{entry.get('account')}.dkr.ecr.{entry.get('region')}.{suffix}" for suffix in _SUFFIXES)
    found = (registry.region for registry in map(Registry.parse, hosts) if registry)
    if "region" in entry and entry["region"] not in found:
        raise SettingsError(f"{path}: {where}: region is not an AWS region", 'write it like region = "us-east-1"')
    match = entry.get("match", "")
    for character in match if "[" not in match else "":  # between brackets there may be what no host has
        if character not in _IN_PATTERNS:
            raise SettingsError(f"{path}: {where}: match fits no registry's host: none has a {character!r}", _LIKE_THIS)


def _check_identity(entry: "Table", path: str, where: str) -> None:
    if ("profile" in entry) == ("role_arn" in entry):
        raise SettingsError(
            f"{path}: {where}: exactly one of profile and role_arn is needed",
            "for a role's own credentials use source_profile beside role_arn",
        )
    for key in ("source_profile", *_ROLE_KEYS):
        if key in entry and "role_arn" not in entry:
            raise SettingsError(
                f"{path}: {where}: {key} goes with role_arn, not with profile",
                "set it in the AWS profile, or use role_arn",
            )
    if "role_arn" in entry and arn.role(entry["role_arn"]) is None:
        raise SettingsError(
            f"{path}: {where}: role_arn {entry['role_arn']} is not a role's ARN", "write arn:aws:iam::ACCOUNT:role/NAME"
        )
