"""One TLS context for all that trusts the same certificates, which are read while the first client is made.

botocore makes a context for each client, and each reads its certificates anew, which takes 30 ms.
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

# Where botocore does this in another way than it did in 1.44, each client has its own, for its name is private.
_make: Any = getattr(httpsession.URLLib3Session, "_get_ssl_context", None)


def share(session: Session) -> None:
    """Let clients that trust the same have one context, and begin to read what those of ``session`` trust."""
    if _make is None or any(url.startswith("https:") for url in getproxies().values()):
        return  # to such a proxy urllib3 speaks with verification off, in the context, where http is behind it
    httpsession.URLLib3Session._get_ssl_context = _context_of  # type: ignore[attr-defined] # noqa: SLF001
    if any(value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL")):
        return  # which may well be without TLS
    chosen = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True
    with suppress(Exception):  # whoever connects says what is wrong
        _begin_to_read(_path_of(chosen))


def _context_of(http: httpsession.URLLib3Session) -> SSLContext:
    verify = getattr(http, "_verify", None)
    context: SSLContext = _shared(_path_of(verify)) if verify else _make(http)
    return context


def _path_of(verify: Any) -> str:  # noqa: ANN401 - True or a path, as botocore has it
    """Return the file of certificates, with the user's home in it as urllib3 will put it."""
    return os.path.expanduser(httpsession.get_cert_path(verify) or "")  # noqa: PTH111 - pathlib's raises where none is


@functools.cache
def _shared(bundle: str) -> SSLContext:  # noqa: ARG001 - the cache goes by it
    """Return the context of all that trusts ``bundle``, which is read into it once."""
    context: SSLContext = httpsession.create_urllib3_context()
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
    context = _shared(bundle)  # not in the thread, for of two that ask the cache at once each would get one

    def read() -> None:
        with suppress(Exception):
            context.load_verify_locations(bundle)

    threading.Thread(target=read, daemon=True).start()
