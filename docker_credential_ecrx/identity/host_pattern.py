"""The rules of config.toml: the registries that an entry applies to, by account or shell pattern, and its identity.

A cached get imports this only if config.toml has rules; ``rule_checks`` checks entries that are not plainly valid.
"""

from docker_credential_ecrx.identity.model import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.identity.settings import Table

_DIGITS = frozenset("0123456789")
_ACCOUNT_LENGTH = 12
_HOST = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
_NAME = _HOST | frozenset("_.")
# The characters of plainly valid values, by key.
_PLAIN = {
    "match": _HOST | frozenset(".*?"),
    "account": _DIGITS,
    "profile": _NAME,
    "role_arn": _NAME | frozenset(":/"),
    "source_profile": _NAME,
    "external_id": _NAME,
    "role_session_name": _NAME,
}
_PARTITIONS = ("arn:aws", "arn:aws-cn", "arn:aws-us-gov")


def rules(table: "Table", path: str) -> "tuple[tuple[Table, Identity], ...]":
    """Return the entries of [[registry]], each with its identity; raise SettingsError if one is invalid."""
    entries = table.get("registry", [])
    if not isinstance(entries, list) or not all(map(is_plain, entries)):
        from docker_credential_ecrx.identity import rule_checks

        rule_checks.check(entries, path)
    return tuple((entry, _identity_of(entry)) for entry in entries)


def accounts(table: "Table", path: str) -> "frozenset[str] | None":
    """Return the accounts that are allowed, or None for all; raise SettingsError if they are invalid."""
    if "security" not in table:
        return None
    from docker_credential_ecrx.identity import rule_checks

    return rule_checks.accounts(table["security"], path)


def is_plain(entry: object) -> bool:
    """Return whether an entry is plainly valid, so that ``rule_checks`` is not needed."""
    if not isinstance(entry, dict):
        return False
    for key, value in entry.items():
        if key not in _PLAIN or not isinstance(value, str) or not value or not _PLAIN[key].issuperset(value):
            return False
    if ("match" in entry) == ("account" in entry) or not is_account(entry.get("account", "0" * _ACCOUNT_LENGTH)):
        return False
    if "profile" in entry:
        return len(entry) == 2  # noqa: PLR2004 - match or account, and profile
    partition, _, rest = entry.get("role_arn", "").partition(":iam::")
    account, _, name = rest.partition(":role/")
    return partition in _PARTITIONS and is_account(account) and name != "" and _NAME.issuperset(name)


def is_account(value: object) -> bool:
    """Return whether ``value`` is an AWS account ID."""
    return isinstance(value, str) and len(value) == _ACCOUNT_LENGTH and _DIGITS.issuperset(value)


def _identity_of(entry: "Table") -> Identity:
    if "role_arn" not in entry:
        return Identity(entry["profile"])
    keys = ("role_arn", "external_id", "role_session_name", "duration_seconds")
    return Identity(entry.get("source_profile"), **{key: entry[key] for key in keys if key in entry})


def is_for(entry: "Table", registry: "Registry") -> bool:
    """Return whether an entry of [[registry]] applies to ``registry``, by its account or by a pattern for its host.

    A pattern is also matched with the canonical host, so that it covers a registry's FIPS and dual-stack hosts.
    """
    if "account" in entry:
        return entry["account"] == registry.account and entry.get("region") in (None, registry.region)
    pattern = ascii_lower(str(entry.get("match")))
    is_other = registry.fips or registry.dual_stack
    return matches(pattern, registry.host) or (is_other and matches(pattern, canonical_host(registry)))


def canonical_host(registry: "Registry") -> str:
    """Return the registry's host without FIPS and dual stack."""
    if not registry.account:
        return "public.ecr.aws"
    if not registry.dual_stack:
        return registry.host.replace(".ecr-fips.", ".ecr.", 1)
    return (
        f"{registry.account}.dkr.ecr.{registry.region}.amazonaws.com{'.cn' if registry.partition == 'aws-cn' else ''}"
    )


def ascii_lower(text: str) -> str:
    """Return ``text`` with its ASCII letters in lower case, and all other characters unchanged.

    ``str.lower`` turns the Kelvin sign into a ``k``, so a look-alike would become the host that it imitates.
    """
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def matches(pattern: str, host: str) -> bool:
    """Return what ``fnmatch.fnmatchcase`` does, without importing ``re`` unless there is a ``[``."""
    if "[" in pattern:
        from fnmatch import fnmatchcase

        return fnmatchcase(host, pattern)
    at = star = 0
    retry = -1  # where the text that the last star matches ends, if there was one
    i = 0
    while i < len(host):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, i
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", host[i]):
            at += 1
            i += 1
        elif retry >= 0:
            retry += 1
            at, i = star + 1, retry
        else:
            return False
    return not pattern[at:].strip("*")
