"""Which requests go through a proxy: NO_PROXY as Go, and so docker, reads it, and proxies that botocore cannot use.

botocore asks urllib, which knows neither addresses' ranges, ports, ``*.domain`` nor ``*`` in a list (botocore#1766).
The rules are exactly those of golang.org/x/net/http/httpproxy, so that what docker pulls directly is asked directly:
``example.com`` also stands for its subdomains, ``.example.com`` and ``*.example.com`` only for these.
"""

import ipaddress
import os
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, getproxies_environment

from botocore import utils
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

# Public in name only: if botocore no longer has it, as it did in 1.44, urllib's rules apply.
_by_urllib: Any = getattr(utils, "should_bypass_proxies", None)
_SUPPORTED = ("http", "https")
_PORTS = {"http": 80, "https": 443}
_RANGE = re.compile(r"[0-9a-f.:]+/[0-9]+")


class UnsupportedProxyError(Exception):
    """The ``variable`` names a proxy with a ``scheme`` that botocore cannot use."""

    def __init__(self, variable: str, scheme: str) -> None:
        super().__init__(variable, scheme)
        self.variable = variable
        self.scheme = scheme


class InvalidProxyError(Exception):
    """The ``variable`` has no valid URL; which one it has is not said, since it may contain a password."""

    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable


def require_supported(url: str) -> None:
    """Raise UnsupportedProxyError or InvalidProxyError if a request to ``url`` goes through such a proxy.

    botocore would take an unsupported scheme for the proxy's name, and urllib3 would print an invalid URL.
    """
    target = urlsplit(url).scheme
    proxy = getproxies().get(target, "")
    if not proxy or is_bypassed(url):
        return
    lower = f"{target}_proxy"
    variable = lower if os.environ.get(lower) and os.name != "nt" else lower.upper()
    scheme, mark, _ = proxy.partition("://")
    if mark and scheme not in _SUPPORTED and scheme.isalnum():
        raise UnsupportedProxyError(variable, scheme)
    if not _is_valid(proxy if mark else f"http://{proxy.removeprefix('//')}"):
        raise InvalidProxyError(variable)


def _is_valid(proxy: str) -> bool:
    """Return whether urllib3 finds a host in the URL; a password that is not escaped leaves an "@" behind it."""
    try:
        found = parse_url(proxy)
    except LocationParseError:
        return False
    rest = f"{found.path or ''}{found.query or ''}{found.fragment or ''}"
    return bool(found.host) and "@" not in rest and not any(map(str.isspace, proxy))


def is_bypassed(url: str) -> bool:
    """Return whether a request to ``url`` goes to its host directly, by NO_PROXY or the system's settings.

    One to this machine always does: a proxy is another machine, and would read the keys' session token.
    """
    if is_loopback(url):
        return True
    if getproxies_environment():
        return _is_listed(urlsplit(url))
    return bool(_by_urllib is not None and _by_urllib(url))


def is_loopback(url: str) -> bool:
    """Return whether the host of ``url`` is this machine, by Go's rule: ``localhost`` or a loopback address."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    address = _address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return host == "localhost" or (address is not None and (mapped or address).is_loopback)


def _is_listed(url: SplitResult) -> bool:
    try:
        host, port = url.hostname or "", url.port or _PORTS.get(url.scheme, 0)
    except ValueError:  # the port is no number
        return False
    entries = getproxies_environment().get("no", "").lower().split(",")
    return any(_matches(entry.strip(), host, port) for entry in entries)


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


def _network(entry: str) -> tuple[Any, ...] | ipaddress.IPv4Network | ipaddress.IPv6Network:
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


if _by_urllib is not None:
    utils.should_bypass_proxies = is_bypassed
