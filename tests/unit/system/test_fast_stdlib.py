"""The private C modules are imported in one place, and the program works the same without each of them."""

import ast
import hashlib
import hmac
import re
import subprocess
import sys
from pathlib import Path

import pytest

import docker_credential_ecrx
from docker_credential_ecrx.system import fast_stdlib
from support import need

_PACKAGE = Path(docker_credential_ecrx.__file__).parent
_PUBLIC = {"_ctypes": "ctypes", "_json": "json", "_signal": "signal", "_socket": "socket", "_ssl": "ssl"}
_HASHES = {"_blake2", "_hashlib"}
_DOCUMENTED = {"_thread"}

# Hides the private module argv[1], after the import of the public one if argv[2] names it.
_WITHOUT = """
import importlib, sys
if sys.argv[2]:
    importlib.import_module(sys.argv[2])
if sys.argv[1]:
    sys.modules[sys.argv[1]] = None
"""
_FINGERPRINT = """
from docker_credential_ecrx.identity.fingerprint import fingerprint
from docker_credential_ecrx.identity.model import Identity
for profile in ("secondary", "secondary", "other"):
    print(fingerprint(Identity(), {"AWS_PROFILE": profile, "HOME": "/nowhere"}))
"""
# As Red Hat's Python in FIPS mode, which has the module and computes no hash.
_REFUSE = """
import _blake2
def refused(*arguments, **keywords):
    raise ValueError("_blake2 is not available in FIPS mode")
_blake2.blake2b = refused
"""
_USES = {
    "_ctypes": """
import os
from docker_credential_ecrx.system.fast_stdlib import c_buffer, call_c
print(call_c("getpid") == os.getpid())
refused = lambda: call_c("renameat2", -100, b"/no/such", -100, b"/no/such", 2)
for call in (lambda: call_c("close", -1), lambda: call_c("no_such_function"), refused):
    try:
        call()
    except OSError as error:
        print(error)
reader, writer = os.pipe()
os.write(writer, b"text")
buffer = c_buffer(6)
print(call_c("read", reader, buffer, 6), bytes(buffer))
""",
    "_json": """
from docker_credential_ecrx.system import fast_json
print(fast_json.parse(' {"a": [1, 2.5, null, true, "\\\\u00e4"], "a": -0.0} '))
for text in ("[1", "1 2", "", "nul", "[" * 100_000):
    try:
        print(fast_json.parse(text))
    except ValueError as error:
        print(error)
from docker_credential_ecrx.system.fast_stdlib import dump_json
print(dump_json({"a": [1, 2.5, None, True, "\\u00e4\\udcff\\n"], "b": {}}))
try:
    dump_json(b"bytes")
except TypeError:
    print("no document")
""",
    "_signal": """
import os, threading
from docker_credential_ecrx.protocols import reply
reply.LIMIT_SECONDS = 0.001
print(reply.guarded("get", lambda: threading.Event().wait()).stdout)
""",
    "_ssl": """
from docker_credential_ecrx.system.fast_stdlib import tls_context
context = tls_context()
print(context.check_hostname, int(context.verify_mode), int(context.minimum_version), context.cert_store_stats())
""",
    "_socket": """
import os, sys, threading
from docker_credential_ecrx.keyrings import session_bus
from docker_credential_ecrx.system.fast_stdlib import socket
path = sys.argv[3]
listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listening.bind(path)
try:
    session_bus.connected([f"unix:path={path}"], 5)
except OSError as error:
    print(type(error).__name__)
listening.listen()
connection = session_bus.connected([f"unix:path={path}"], 0.001)
try:
    connection.recv(1)
except TimeoutError:
    print("no answer")
""",
}


def _said(module: str, imported: str, use: str, folder: Path) -> str:
    """Return what ``use`` prints in a Python without ``module``."""
    command = [sys.executable, "-c", _WITHOUT + use, module, imported, str(folder / "socket")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def _imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_no_other_module_imports_private_modules() -> None:
    """No other module depends on CPython's private ones."""
    private = {
        path.name: found
        for path in _PACKAGE.rglob("*.py")
        if (found := {name for name in _imported(path.read_text()) if name.startswith("_")} - _DOCUMENTED)
    }

    assert {"fast_stdlib.py": {*_PUBLIC, *_HASHES}} == private


@pytest.mark.parametrize("module", _USES)
def test_public_module_gives_the_same_results(module: str, tmp_path: Path) -> None:
    """The results are the same with and without the private module."""
    if sys.platform == "win32" and module not in ("_json", "_ssl"):
        need.missing("what Windows has not: signals, Unix sockets and a C library of the program's")

    expected = _said("", "", _USES[module], tmp_path)
    (tmp_path / "socket").unlink(missing_ok=True)

    assert expected == _said(module, _PUBLIC[module], _USES[module], tmp_path)


@pytest.mark.parametrize(("missing", "before"), [("_blake2", ""), ("", _REFUSE)], ids=["none", "FIPS mode"])
def test_fingerprints_work_without_blake2(tmp_path: Path, missing: str, before: str) -> None:
    """They have the same form, and are the same only for the same identity, with BLAKE2 or without."""
    usual, again, other = _said("", "", _FINGERPRINT, tmp_path).split()
    lesser = _said(missing, "", before + _FINGERPRINT, tmp_path).split()

    assert [usual, lesser[0]] == [again, lesser[1]]
    assert 4 == len({usual, other, *lesser})
    assert [] == [text for text in lesser if not re.fullmatch("[0-9a-f]{32}", text)]


@pytest.mark.parametrize("missing", ["", "_hashlib"])
def test_signatures_work_without_openssl(tmp_path: Path, missing: str) -> None:
    use = """
from docker_credential_ecrx.system.fast_stdlib import hmac_sha256, sha256
print(sha256(b"text").hexdigest(), hmac_sha256(b"key", b"text").hex())
"""
    expected = f"{hashlib.sha256(b'text').hexdigest()} {hmac.digest(b'key', b'text', 'sha256').hex()}\n"

    assert expected == _said(missing, "", use, tmp_path)


def test_missing_ctypes_is_reported(tmp_path: Path) -> None:
    """A Python without libffi lacks it: core dumps stay enabled, and the error explains the missing keyring."""
    use = """
from docker_credential_ecrx.system import hardening
from docker_credential_ecrx.errors import KeyringUnavailableError
from docker_credential_ecrx import keyrings
hardening.forbid()
try:
    keyrings.for_tokens('kernel')
except KeyringUnavailableError as error:
    print(error)
"""
    if sys.platform != "linux":
        need.missing("the Linux kernel's keyring")

    said = _said("_ctypes", "", use, tmp_path)

    reason = "the kernel keyring is not available: this Python has no ctypes"
    assert f"{reason}; set ECRX_KEYRING to secret-service or none\n" == said


def test_importing_it_imports_nothing_else(tmp_path: Path) -> None:
    """A module is loaded when its name is used, and no other with it."""
    use = """
before = set(sys.modules)
from docker_credential_ecrx.system import fast_stdlib
print(sorted(set(sys.modules) - before))
fast_stdlib.hexdigest
print(sorted(set(sys.modules) - before))
"""
    ours = ["docker_credential_ecrx", "docker_credential_ecrx.system", "docker_credential_ecrx.system.fast_stdlib"]

    assert f"{ours}\n{sorted([*ours, '_blake2'])}\n" == _said("", "", use, tmp_path)


def test_it_has_no_other_name() -> None:
    with pytest.raises(AttributeError, match="threading"):
        _ = fast_stdlib.threading
