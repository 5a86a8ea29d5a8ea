"""Shares one TLS context among clients that trust the same certificates, and adds the folders of SSL_CERT_DIR.

botocore makes a context for each client, and each reads its certificates again, which takes 30 ms; it knows no folders.
"""

import functools
import os
from contextlib import suppress
from ssl import SSLContext
from typing import Any
from urllib.request import getproxies

from botocore import httpsession
from botocore.session import Session

from docker_credential_ecrx.aws import trust

# The method is private: if botocore no longer has it, as it did in 1.44, each client has its own context.
_make: Any = getattr(httpsession.URLLib3Session, "_get_ssl_context", None)


_folders: dict[str, tuple[str, ...]] = {}  # that are trusted beside a bundle, by its path


def share(session: Session, trusted: trust.Trust) -> None:
    """Make clients share contexts; those of ``session`` trust what is ``trusted``."""
    if _make is None or any(url.startswith("https:") for url in getproxies().values()):
        return  # for an http URL, urllib3 turns verification off in the context for an https proxy
    httpsession.URLLib3Session._get_ssl_context = _context_of  # type: ignore[attr-defined] # noqa: SLF001
    with suppress(Exception):  # the request itself will report what is wrong
        path = _path_of(session.get_config_variable("ca_bundle") or True)
        folders = trust.directories(trusted, os.environ)
        # If a profile names the file that is another's default, the folders are trusted for neither.
        _folders[path] = folders if _folders.get(path, folders) == folders else ()


def _context_of(http: httpsession.URLLib3Session) -> SSLContext:
    verify = getattr(http, "_verify", None)
    path = _path_of(verify) if verify else ""
    context: SSLContext = _shared(path, _folders.get(path, ())) if path else _make(http)
    return context


def _path_of(verify: Any) -> str:  # noqa: ANN401 - True or a path, as botocore has it
    """Return the CA bundle's path with "~" expanded, as urllib3 does."""
    return os.path.expanduser(httpsession.get_cert_path(verify) or "")  # noqa: PTH111 - pathlib's raises if there is no home


@functools.cache
def _shared(bundle: str, folders: tuple[str, ...]) -> SSLContext:  # noqa: ARG001 - the cache's key
    """Return the context of all clients that trust ``bundle``, which is read only once, and ``folders``."""
    context: SSLContext = httpsession.create_urllib3_context()
    for folder in folders:
        context.load_verify_locations(capath=folder)  # which reads nothing yet
    load: Any = functools.cache(context.load_verify_locations)  # each client of the context loads its bundle
    context.load_verify_locations = load  # type: ignore[method-assign]
    return context
