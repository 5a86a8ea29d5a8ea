"""Makes botocore read NO_PROXY by ``proxy_rules``, and refuses proxies that botocore cannot use.

botocore asks urllib, which knows neither addresses' ranges, ports, ``*.domain`` nor ``*`` in a list (botocore#1766).
"""

import os
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment

from botocore import utils
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from docker_credential_ecrx.aws.proxy_rules import is_listed, is_loopback

# Public in name only: if botocore no longer has it, as it did in 1.44, urllib's rules apply.
_by_urllib: Any = getattr(utils, "should_bypass_proxies", None)
_SUPPORTED = ("http", "https")
_UNSUPPORTED = ("ftp", "quic", "socks", "socks4", "socks4a", "socks5", "socks5h", *map(str.upper, _SUPPORTED))


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
    if mark and scheme in _UNSUPPORTED:
        raise UnsupportedProxyError(variable, scheme)
    is_known = not mark or scheme in _SUPPORTED  # what else stands there may be a password
    if not is_known or not _is_valid(proxy if mark else f"http://{proxy.removeprefix('//')}"):
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
        return is_listed(urlsplit(url), getproxies_environment().get("no", ""))
    return bool(_by_urllib is not None and _by_urllib(url))


if _by_urllib is not None:
    utils.should_bypass_proxies = is_bypassed
