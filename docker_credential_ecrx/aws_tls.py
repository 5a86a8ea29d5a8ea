"""One TLS context for all connections to AWS, whose certificates are read while the first client is made.

botocore makes a context for each client, and each reads the 140 certificates of authorities anew, which takes 30 ms.
"""

import atexit
import functools
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext
from typing import Any

from botocore import httpsession
from botocore.session import Session

_PATIENCE_SECONDS = 10.0
_make: Callable[[], SSLContext] = httpsession.create_urllib3_context


def share(session: Session) -> None:
    """Let the clients of ``session``, as of any other, have one context, and begin to read its certificates."""
    httpsession.create_urllib3_context = _context
    if any(value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL")):
        return  # which may well be without TLS
    chosen = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    _begin_to_read(chosen or httpsession.get_cert_path(verify=True))


@functools.cache
def _begin_to_read(bundle: str | None) -> None:
    context, is_read = _context(), threading.Event()

    def read() -> None:
        with suppress(Exception):  # whoever connects says what is wrong with it
            context.load_verify_locations(bundle)
        is_read.set()

    # A process that leaves while OpenSSL is at work ends with a segmentation fault.
    atexit.register(is_read.wait, _PATIENCE_SECONDS)
    threading.Thread(target=read, daemon=True).start()


@functools.cache
def _context() -> SSLContext:
    """Return a context as botocore makes it, but for reading the same certificates only once."""
    context, lock, done = _make(), threading.Lock(), set()
    load = context.load_verify_locations

    def load_once(cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:  # noqa: ANN401 - as ssl has it
        with lock:
            if (cafile, capath, cadata) not in done:
                load(cafile, capath, cadata)
                done.add((cafile, capath, cadata))

    context.load_verify_locations = load_once  # type: ignore[method-assign]
    return context
