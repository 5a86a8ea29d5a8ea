"""Shares one TLS context among clients that trust the same certificates, and reads these in the background.

botocore makes a context for each client, and each reads its certificates again, which takes 30 ms.
"""

import functools
import os
import threading
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
    """Make clients share contexts, and start to read what the clients of ``session`` trust, which is ``trusted``."""
    if _make is None or any(url.startswith("https:") for url in getproxies().values()):
        return  # for an http URL, urllib3 turns verification off in the context for an https proxy
    httpsession.URLLib3Session._get_ssl_context = _context_of  # type: ignore[attr-defined] # noqa: SLF001
    chosen = session.get_config_variable("ca_bundle") or True
    with suppress(Exception):
        path, folders = _path_of(chosen), trust.directories(trusted, os.environ)
        # If a profile names the file that is another's default, the folders are trusted for neither.
        _folders[path] = folders if _folders.get(path, folders) == folders else ()
    if any(value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL")):
        return  # the endpoint may not use TLS
    with suppress(Exception):  # the request itself will report what is wrong
        _begin_to_read(_path_of(chosen))


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
    load, lock, done = context.load_verify_locations, threading.Lock(), set()

    def load_once(cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:  # noqa: ANN401 - as ssl has it
        with lock:
            if (cafile, capath, cadata) not in done:
                load(cafile, capath, cadata)
                done.add((cafile, capath, cadata))

    context.load_verify_locations = load_once  # type: ignore[method-assign]
    return context


@functools.cache
def _begin_to_read(bundle: str) -> None:
    # Not in the thread: two concurrent calls of a cached function would both make one.
    context = _shared(bundle, _folders.get(bundle, ()))

    def read() -> None:
        with suppress(Exception):
            context.load_verify_locations(bundle)

    threading.Thread(target=read, daemon=True).start()
