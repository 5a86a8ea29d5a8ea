"""Finds the rule of config.toml for each of many hosts, without comparing every host with every rule.

Only commands do so; a ``get`` has one host.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.rules import ascii_lower, canonical_host, is_for
from docker_credential_ecrx.identity.settings import Settings

Table = Mapping[str, Any]


class RuleIndex:
    """Entries of [[registry]], which may be added and removed; those that cannot apply to a host are not compared."""

    def __init__(self, entries: Iterable[Table]) -> None:
        self._by_key: dict[str, list[Table]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Table) -> None:
        """Add an entry."""
        self._by_key.setdefault(_key(entry), []).append(entry)

    def remove(self, entry: Table) -> None:
        """Remove this very entry, and no equal one."""
        key = _key(entry)
        self._by_key[key] = [each for each in self._by_key[key] if each is not entry]

    def matching(self, host: str | None, registry: Registry | None) -> list[Table]:
        """Return the entries that apply to ``host``, as ``rules.is_for`` defines it, in no order."""
        keys = {"", host or "", *((registry.account, canonical_host(registry)) if registry else ())}
        candidates = (entry for key in keys for entry in self._by_key.get(key, ()))
        return [entry for entry in candidates if is_for(entry, host, registry)]

    def named(self, host: str) -> list[Table]:
        """Return the entries that name exactly ``host``, in no order."""
        return [entry for entry in self._by_key.get(ascii_lower(host), ()) if entry.get("match") == host]


def _key(entry: Table) -> str:
    """Return the one host or the account that the entry can apply to, or an empty string if it has a pattern."""
    if "account" in entry and "registry" not in entry:
        return str(entry["account"])
    match = ascii_lower(str(entry.get("match")))
    if "registry" in entry:
        return match.removesuffix(":443")
    return match if set(match).isdisjoint("*?[") else ""


class IndexedSettings(Settings):
    """Settings that find the rule for each of many hosts fast."""

    __slots__ = ("_index", "_places")

    def __init__(self, loaded: Settings) -> None:
        for name in Settings.__slots__:
            setattr(self, name, getattr(loaded, name))
        self._index = RuleIndex(loaded.rules)
        self._places = {id(rule): place for place, rule in enumerate(loaded.rules)}

    def rule_for(self, server: str) -> Table | None:
        """Return the first rule that applies to ``server``, or None."""
        registry = Registry.parse(server)
        matching = self._index.matching(registry.host if registry else host_of(server), registry)
        return min(matching, key=lambda rule: self._places[id(rule)], default=None)


def load(argv0: str, env: Mapping[str, str]) -> Settings:
    """Return what ``settings.load`` does, for many hosts."""
    return IndexedSettings(settings.load(argv0, env))
