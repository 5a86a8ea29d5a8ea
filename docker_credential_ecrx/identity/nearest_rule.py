"""Finds the rule of config.toml that was probably meant for a registry to which none applies."""

import difflib

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.settings import Table

_KEYS = ("match", "account", "region")
_LEAST_RATIO = 0.8  # as difflib counts it; an account's twelve digits are alike by chance


def describe(loaded: Settings, registry: Registry, path: str) -> str:
    """Say that no rule of the file ``path`` is for the registry, and which is the nearest; empty if there is none."""
    if loaded.profile is not None or not loaded.rules or loaded.rule_for(registry.host) is not None:
        return ""
    ratios = [_ratio(rule, registry) for rule in loaded.rules]
    best = max(ratios)
    number = ratios.index(best)
    shown = ", ".join(f'{key} = "{loaded.rules[number][key]}"' for key in _KEYS if key in loaded.rules[number])
    nearest = f"; the nearest is entry {number + 1}: {shown}" if best >= _LEAST_RATIO else ""
    return f"no [[registry]] in {path} is for {registry.host}{nearest}"


def _ratio(rule: "Table", registry: Registry) -> float:
    """Return how alike the registry and what the rule applies to are, by the part that is least so."""
    own = {"match": registry.host, "account": registry.account, "region": registry.region}
    return min(difflib.SequenceMatcher(None, str(rule[key]), own[key]).ratio() for key in _KEYS if key in rule)
