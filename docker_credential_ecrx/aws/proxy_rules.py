"""Which proxy a request goes through, by the environment: HTTPS_PROXY, and NO_PROXY as Go, and so docker, reads it.

The rules are exactly those of golang.org/x/net/http/httpproxy, so that what docker pulls directly is asked directly:
``example.com`` also stands for its subdomains, ``.example.com`` and ``*.example.com`` only for these.
Nothing here needs botocore, so that a message can name the proxy: its host, its port and the variable, and never its
user and password.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[\w.:%-]+")
_RANGE = re.compile(r"[0-9a-f.:]+/[0-9]+")


class Proxy(NamedTuple):
    """A proxy: ``place`` is its host and port, which is empty if it is not valid; ``variable`` has its URL."""

    place: str
    variable: str

    def __str__(self) -> str:
        """Return what follows "the proxy" in a message."""
        return f"{self.place} (from {self.variable})" if self.place else f"in {self.variable}"


def of(url: str, env: Mapping[str, str]) -> Proxy | None:
    """Return the proxy of a request to ``url``, or None if it has none or goes to its host directly."""
    variable = _variable(urlsplit(url).scheme, env)
    if not env.get(variable) or is_loopback(url) or is_listed(urlsplit(url), env.get(_variable("no", env), "")):
        return None
    return Proxy(place(env[variable]), variable)


def place(proxy: str) -> str:
    """Return the host and the port of a proxy's URL, or an empty text if it is not valid.

    If a user's password in it is not escaped, a part of that may look like the host.
    """
    try:
        found = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = found.hostname, found.port or _PORTS.get(found.scheme)
    except ValueError:
        return ""
    if not host or not _HOST.fullmatch(host) or "@" in f"{found.path}{found.query}{found.fragment}":
        return ""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{port}" if port else bracketed


def host_of(url: str) -> str:
    """Return the host of a URL, or an empty text if it is not valid: a part of a password may look like the host."""
    return urlsplit(url).hostname or "" if place(url) else ""


def used_for(host: str, env: Mapping[str, str]) -> tuple[Proxy | None, str]:
    """Return the proxy of a request to AWS at ``host``, and the variable that sets it or would set it."""
    scheme = _scheme(host, env)
    return of(_url(host, scheme), env), _variable(scheme, env)


def described(host: str, env: Mapping[str, str]) -> str:
    """Return what follows "check the network" if ``host`` does not respond: its proxy, or that it has none."""
    if not host or is_loopback(_url(host)):
        return ""
    proxy, variable = used_for(host, env)
    if proxy:
        return f" and the proxy {proxy}"
    if env.get(variable):
        return f" (no proxy is used, because {_variable('no', env)} lists the host)"
    return f" (no proxy is set in {variable})"


def curl(host: str, env: Mapping[str, str]) -> str:
    """Return the command that shows whether AWS's ``host`` responds; empty if its URL may be another one."""
    is_name = "." in host and _address(host) is None and host.replace(".", "").replace("-", "").isalnum()
    return f"curl -sS --max-time 5 https://{host}/" if is_name and not _configured(host, env) else ""


def _scheme(host: str, env: Mapping[str, str]) -> str:
    """Return ``http`` for a configured endpoint without TLS, and for the metadata services, which have none."""
    address = _address(host)
    is_metadata = address is not None and address.is_link_local
    return "http" if is_metadata or any(url.startswith("http://") for url in _configured(host, env)) else "https"


def _configured(host: str, env: Mapping[str, str]) -> list[str]:
    return [value for name, value in env.items() if name.startswith("AWS_ENDPOINT_URL") and host in value]


def _url(host: str, scheme: str = "https") -> str:
    return f"{scheme}://[{host}]" if isinstance(_address(host), ipaddress.IPv6Address) else f"{scheme}://{host}"


def _variable(scheme: str, env: Mapping[str, str]) -> str:
    """Return the variable for a scheme, or for "no"; the one in lower case takes precedence, as in urllib."""
    lower = f"{scheme}_proxy"
    return lower if env.get(lower) else lower.upper()


def is_loopback(url: str) -> bool:
    """Return whether the host of ``url`` is this machine, by Go's rule: ``localhost`` or a loopback address."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    address = _address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return host == "localhost" or (address is not None and (mapped or address).is_loopback)


def is_listed(url: SplitResult, no_proxy: str) -> bool:
    """Return whether NO_PROXY lists the host of ``url``."""
    try:
        host, port = url.hostname or "", url.port or _PORTS.get(url.scheme, 0)
    except ValueError:  # the port is no number
        return False
    return any(_matches(entry.strip(), host, port) for entry in no_proxy.lower().split(","))


def _matches(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY stands for the host and the port."""
    if entry == "*":
        return True
    address = _address(host)
    if _RANGE.fullmatch(entry):
        return address is not None and address in _network(entry)
    name, its_port = _split(entry)
    if its_port not in ("", str(port)):
        return False
    if address is not None:
        return _address(name) == address
    domain = name.removeprefix("*") if name.startswith("*.") else name
    return bool(domain) and (host.endswith(f".{domain.removeprefix('.')}") or host == domain)


def _split(entry: str) -> tuple[str, str]:
    """Return the host and the port of an entry, as Go's net.SplitHostPort does; without a port, the entry is a host."""
    host, colon, port = entry.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], port
    return (host, port) if colon and ":" not in host else (entry, "")


def _network(entry: str) -> tuple[()] | ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return the range of addresses that an entry is; it is empty if it is not valid."""
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return ()


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
