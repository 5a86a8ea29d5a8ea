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
        message = f"{path}: registry is not an array of tables"
        raise SettingsError(message, "head each entry with [[registry]]")
    for number, entry in enumerate(entries, 1):
        where = f"[[registry]] number {number}"
        only(entry, _REGISTRY_KEYS, path, where)
        _check_values(entry, path, where)
        _check_registries(entry, path, where)
        _check_identity(entry, path, where)


def accounts(security: object, path: str) -> "frozenset[str] | None":
    """Return the accounts that the table [security] lists, or None; raise SettingsError if it is wrong."""
    if not isinstance(security, dict):
        message = f"{path}: security is not a table"
        raise SettingsError(message, "head it with [security]")
    only(security, _SECURITY_KEYS, path, "[security]")
    if "accounts" not in security:
        return None
    listed = security["accounts"]
    if not isinstance(listed, list) or not listed or not all(map(is_account, listed)):
        message = f"{path}: [security]: accounts is not a list of AWS accounts, each of 12 digits in quotes"
        raise SettingsError(message, 'write accounts = ["111111111111"]')
    return frozenset(listed)


def _check_values(entry: "Table", path: str, where: str) -> None:
    for key, value in entry.items():
        if key == "duration_seconds":
            if type(value) is not int or value not in _ROLE_SESSION_SECONDS:
                message = f"{path}: {where}: duration_seconds is not a whole number from 900 to 43200"
                raise SettingsError(message, "give the role session's length in seconds")
        elif not isinstance(value, str) or not value.strip():
            message = f"{path}: {where}: {key} is not a text, or is empty"
            raise SettingsError(message, f'write {key} = "{value if type(value) is int else "..."}", in quotes')


def _check_registries(entry: "Table", path: str, where: str) -> None:
    """Raise SettingsError if it is not clear for which registries an entry is, or there can be none."""
    if "match" not in entry and "account" not in entry:
        message = f"{path}: {where}: match is missing"
        raise SettingsError(message, _LIKE_THIS)
    if "match" in entry and "account" in entry:
        message = f"{path}: {where}: match and account do not go together"
        raise SettingsError(message, "write one of them in each [[registry]]")
    if "account" in entry and not is_account(entry["account"]):
        message = f"{path}: {where}: account is not the 12 digits of an AWS account"
        raise SettingsError(message, 'write account = "111111111111"')
    if "region" in entry and "account" not in entry:
        message = f"{path}: {where}: region goes with account, not with match"
        raise SettingsError(message, "name the region in match, or use account")
    hosts = (f"{entry.get('account')}.dkr.ecr.{entry.get('region')}.{suffix}" for suffix in _SUFFIXES)
    found = (registry.region for registry in map(Registry.parse, hosts) if registry)
    if "region" in entry and entry["region"] not in found:
        message = f"{path}: {where}: region is not an AWS region"
        raise SettingsError(message, 'write it like region = "us-east-1"')
    match = entry.get("match", "")
    for character in match if "[" not in match else "":  # between brackets there may be what no host has
        if character not in _IN_PATTERNS:
            message = f"{path}: {where}: match fits no registry's host: none has a {character!r}"
            raise SettingsError(message, _LIKE_THIS)


def _check_identity(entry: "Table", path: str, where: str) -> None:
    if ("profile" in entry) == ("role_arn" in entry):
        message = f"{path}: {where}: exactly one of profile and role_arn is needed"
        raise SettingsError(message, "for a role's own credentials use source_profile beside role_arn")
    for key in ("source_profile", *_ROLE_KEYS):
        if key in entry and "role_arn" not in entry:
            message = f"{path}: {where}: {key} goes with role_arn, not with profile"
            raise SettingsError(message, "set it in the AWS profile, or use role_arn")
    if "role_arn" in entry and arn.role(entry["role_arn"]) is None:
        message = f"{path}: {where}: role_arn {entry['role_arn']} is not a role's ARN"
        raise SettingsError(message, "write arn:aws:iam::ACCOUNT:role/NAME")
