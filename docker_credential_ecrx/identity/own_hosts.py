"""The rules of config.toml that say where a registry is: at a host of the user's own, or with an endpoint of its own.

A token is a secret, so such a rule is for one exact host, and a host without a rule gets none.
Imported only if there is such a rule; ``rule_checks`` reports the errors in them.
"""

from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.identity import rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings, Table

_DIGITS = frozenset("0123456789")
_LABEL = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyz-")
_LONGEST_HOST, _LONGEST_LABEL = 253, 63  # RFC 1035
_PORTS = range(1, 65535 + 1)
_MOST_DIGITS = 5  # of a port
_OCTETS = 4  # of an IPv4 address
_LOOPBACK = ("localhost", "[::1]")


def registry_of(entry: "Table", server: str) -> "Registry | None":
    """Return the registry that ``server``, to which the entry applies, stands for; None if it is not in ECR."""
    parsed = Registry.parse(server)
    registry = Registry.parse(entry["registry"]) if "registry" in entry else parsed
    if registry is None or registry.service != "ecr":
        return parsed  # ECR Public has another API
    host = host_of(server) if "registry" in entry else registry.host
    return registry.called(host or registry.host, ascii_lower_url(entry.get("endpoint_url", "")))


def listed(loaded: "Settings") -> "list[tuple[Registry, Identity]]":
    """Return the registry of each host of the user's own, and the identity that its rule names."""
    hosts = {rules.ascii_lower(entry["match"]): None for entry in loaded.rules if "registry" in entry}
    registries = filter(None, map(loaded.registry_of, hosts))
    return [(registry, loaded.identity_for(registry.host)) for registry in registries]


def ascii_lower_url(url: str) -> str:
    """Return a valid endpoint's URL in its one form: in lower case, and without the slash at its end."""
    return rules.ascii_lower(url).removesuffix("/")


def is_plain(entry: "Table") -> bool:
    """Return whether an entry with ``registry`` or ``endpoint_url`` is plainly valid."""
    rest = {key: value for key, value in entry.items() if key not in ("registry", "endpoint_url")}
    if "registry" in entry:
        if not is_private_registry(entry["registry"]) or not is_own_host(rest.pop("match", None)):
            return False
        rest.setdefault("match", "*")
    if "profile" not in entry and "role_arn" not in entry:
        rest["profile"] = "default"  # the rule needs no identity
    is_endpoint = "endpoint_url" not in entry or is_endpoint_url(entry["endpoint_url"])
    return is_endpoint and rules.is_plain(rest)


def is_private_registry(value: object) -> bool:
    """Return whether ``value`` is exactly the host of a private registry of ECR.

    ECR Public needs no token to pull, and has no account that [security] accounts could list.
    """
    registry = Registry.parse(value) if isinstance(value, str) else None
    return registry is not None and registry.service == "ecr" and registry.host == str(value).lower()


def is_own_host(value: object) -> bool:
    """Return whether ``value`` is an exact host, with or without a port, that may stand for a registry of ECR.

    ECR Public and Docker Hub may not: clients ask them anonymously, and they never need a token of another registry.
    """
    if not isinstance(value, str) or not value.isascii():
        return False
    host = value.lower().removesuffix(":443")
    name = host.partition(":")[0]
    registry = Registry.parse(name)
    is_known = (registry is not None and registry.service != "ecr") or f".{name}".endswith(".docker.io")
    return is_host(host) and not is_known


def is_endpoint_url(value: object) -> bool:
    """Return whether ``value`` is an endpoint's URL: ``https://HOST[:PORT]``, or http on this machine."""
    url = ascii_lower_url(value) if isinstance(value, str) else ""
    scheme, _, host = url.partition("://")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    is_valid = is_host(host.replace("[::1]", "localhost", 1) if name == "[::1]" else host)
    return is_valid and (scheme == "https" or (scheme == "http" and is_loopback(name)))


def is_loopback(name: str) -> bool:
    """Return whether ``name``, a valid host without a port, is certainly this machine."""
    octets = name.split(".")
    return name in _LOOPBACK or (len(octets) == _OCTETS and octets[0] == "127" and all(map(_is_octet, octets)))


def _is_octet(text: str) -> bool:
    is_number = _DIGITS.issuperset(text) and 0 < len(text) <= 3  # noqa: PLR2004 - digits of an octet
    return is_number and str(int(text)) == text and int(text) <= 255  # noqa: PLR2004 - the largest octet


def is_host(text: str) -> bool:
    """Return whether ``text`` is a host name or an IPv4 address in lower case, with or without a port."""
    name, colon, port = text.partition(":")
    is_port = not colon or (
        _DIGITS.issuperset(port) and 0 < len(port) <= _MOST_DIGITS and port[0] != "0" and int(port) in _PORTS
    )
    return is_port and len(name) <= _LONGEST_HOST and all(map(_is_label, name.split(".")))


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _LONGEST_LABEL and _LABEL.issuperset(label) and "-" not in (label[0], label[-1])
