"""The rules of config.toml: the registries that an entry applies to, by account or shell pattern, and its identity.

A cached get imports this only if config.toml has rules; ``rule_checks`` checks entries that are not plainly valid.
"""

from docker_credential_ecrx.ecr.registry import SUFFIXES, Registry, is_account
from docker_credential_ecrx.identity.model import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.settings import Table

_DIGITS = b"0123456789"
_HOST = _DIGITS + b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
_NAME = _HOST + b"_."
# The characters of plainly valid values, by key.
_PLAIN = {
    "match": _HOST + b".*?",
    "account": _DIGITS,
    "region": _HOST,
    "profile": _NAME,
    "role_arn": _NAME + b":/",
    "source_profile": _NAME,
    "external_id": _NAME,
    "role_session_name": _NAME,
}
# The keys whose values can be checked for many entries at once.
_ALIKE = frozenset(("match", "profile", "role_arn", "source_profile"))
# The lengths that STS accepts; ``rule_checks`` says so.
LENGTHS = {"external_id": range(2, 1224 + 1), "role_session_name": range(2, 64 + 1)}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_ROLE_SESSION_SECONDS = range(900, 43200 + 1)
_PARTITIONS = ("arn:aws", "arn:aws-cn", "arn:aws-us-gov")


def read(table: "Table", path: str) -> "tuple[Table, ...]":
    """Return the entries of [[registry]]; raise SettingsError if one is invalid."""
    entries = table.get("registry", [])
    if not isinstance(entries, list) or not _are_plain(entries):
        from docker_credential_ecrx.identity import rule_checks

        rule_checks.check(entries, path)
    return tuple(entries)


def accounts(table: "Table", path: str) -> "frozenset[str] | None":
    """Return the accounts that are allowed, or None for all; raise SettingsError if they are invalid."""
    if "security" not in table:
        return None
    security = table["security"]
    listed = security.get("accounts") if isinstance(security, dict) and len(security) == 1 else None
    if isinstance(listed, list) and listed and all(map(is_account, listed)):
        return frozenset(listed)
    from docker_credential_ecrx.identity import rule_checks

    return rule_checks.accounts(security, path)


def _are_plain(entries: "list[object]") -> bool:
    """Return whether all entries are plainly valid: there may be thousands, so those alike are checked together."""
    by_keys: dict[tuple[str, ...], list[Table]] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            return False
        by_keys.setdefault(tuple(entry), []).append(entry)
    return all(_are_alike(keys, group) or all(map(is_plain, group)) for keys, group in by_keys.items())


def _are_alike(keys: "tuple[str, ...]", entries: "list[Table]") -> bool:
    """Return whether entries with the same keys are plainly valid because one of them is, and all have such values."""
    if not _ALIKE.issuperset(keys) or not is_plain(entries[0]):
        return False
    for key in keys:
        values = [entry[key] for entry in entries]
        if {*map(type, values)} != {str} or "" in values or not _has_only("".join(values), _PLAIN[key]):
            return False
    return "role_arn" not in keys or all(_is_role(entry["role_arn"]) for entry in entries)


def is_plain(entry: object) -> bool:
    """Return whether an entry is plainly valid, so that ``rule_checks`` is not needed."""
    if isinstance(entry, dict) and ("registry" in entry or "endpoint_url" in entry):
        from docker_credential_ecrx.identity import own_hosts  # few files have such an entry

        return own_hosts.is_plain(entry)
    if not isinstance(entry, dict) or not all(_is_plain_value(key, value) for key, value in entry.items()):
        return False
    is_by_account = "account" in entry
    if ("match" in entry) == is_by_account or (is_by_account and not is_account(entry["account"])):
        return False
    if "region" in entry and not (is_by_account and is_region(entry["account"], entry["region"])):
        return False
    if "profile" in entry:
        return len(entry) == 2 + ("region" in entry)  # match or account, and profile
    return _is_role(entry.get("role_arn", ""))


def _is_plain_value(key: str, value: object) -> bool:
    if key == "duration_seconds":
        return is_duration(value)
    if key not in _PLAIN or not isinstance(value, str) or not value:
        return False
    return _has_only(value, _PLAIN[key]) and (key not in LENGTHS or len(value) in LENGTHS[key])


def _has_only(value: str, characters: bytes) -> bool:
    return value.isascii() and not value.encode().translate(None, characters)


def _is_role(arn: str) -> bool:
    """Return whether ``arn`` is plainly the ARN of a role."""
    partition, _, rest = arn.partition(":iam::")
    account, _, name = rest.partition(":role/")
    return partition in _PARTITIONS and is_account(account) and name != "" and _has_only(name, _NAME)


def is_duration(value: object) -> bool:
    """Return whether ``value`` is the duration of a role session that STS accepts, in seconds."""
    return type(value) is int and value in _ROLE_SESSION_SECONDS


def is_region(account: str, region: str) -> bool:
    """Return whether ``region`` is one in which the account can have a registry."""
    hosts = (f"{account}.dkr.ecr.{region}.{suffix}" for suffix in SUFFIXES)
    return any(registry.region == region for registry in map(Registry.parse, hosts) if registry)


def identity_of(entry: "Table") -> Identity:
    """Return the identity that an entry names."""
    if "role_arn" not in entry:
        return Identity(entry.get("profile"))
    keys = ("role_arn", "external_id", "role_session_name", "duration_seconds")
    return Identity(entry.get("source_profile"), **{key: entry[key] for key in keys if key in entry})


def is_for(entry: "Table", host: "str | None", registry: "Registry | None") -> bool:
    """Return whether an entry of [[registry]] applies to ``host``, in lower case, which is ECR's host of ``registry``.

    It does so by the registry's account or a pattern for its host; a host that is not ECR's has no registry, and only
    an entry for exactly that host applies to it.
    A pattern is also matched with the canonical host, so that it covers a registry's FIPS and dual-stack hosts.
    """
    if "registry" in entry:
        return host == ascii_lower(str(entry.get("match"))).removesuffix(":443")
    if registry is None:
        return False
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
    if "*" not in pattern and "?" not in pattern:
        return pattern == host
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
