"""The check of the keyring that stores tokens: whether it works, and has room for one."""

import base64
import os
from typing import TYPE_CHECKING

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.doctor.context import Context, Finding, failed, needs_result_of, passed, skipped
from docker_credential_ecrx.errors import KeyringError, Remedy, SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.keyrings import key_quota
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.system import shell

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

_PROBE_SECONDS = 60
_TOKEN_BYTES = 1700  # of a token as the kernel stores it
_LARGER_QUOTA = Remedy("delete keys that are not needed, or raise the quota", "sudo sysctl kernel.keys.maxbytes=200000")


def check_keyring(context: Context) -> Finding:
    """Write, read and delete an item of a token's size, and leave nothing behind."""
    try:
        keyring_name = settings.load(context.argv0, context.env).keyring
    except SettingsError:
        return needs_result_of("identity")  # which reports the error
    found = keyrings.for_tokens(keyring_name)
    if found is None and keyring_name == "none":
        return skipped("none, as set in ECRX_KEYRING or config.toml; every get asks AWS for a token")
    if found is None:
        what = "no keyring for tokens is available; every get asks AWS for a token"
        return failed(
            what, Remedy("install and unlock a Secret Service, or use no keyring", shell.export("ECRX_KEYRING", "none"))
        )
    exposure = keyrings.exposure_of(found)
    if exposure is not None:
        return failed(exposure.message, exposure.remedy)
    if isinstance(found, KernelKeyring):
        return _check_kernel(found, keyring_name)
    _probe(found)
    return _with_passwords(f"{found.label} keyring: write, read and delete work", keyring_name)


def _check_kernel(keyring: KernelKeyring, keyring_name: str) -> Finding:
    keyring.evicts = False  # no token has to go for the probe
    try:
        _probe(keyring)
    except KeyringError:
        usage = key_quota.usage(keyring)
        if usage is None or usage.has_room(_TOKEN_BYTES):
            raise
        if not usage.can_make_room(_TOKEN_BYTES):
            return failed(f"the kernel keyring has no room for a token: {usage.describe()}", _LARGER_QUOTA)
        return _with_passwords("kernel keyring: it is full, so each new token replaces another", keyring_name)
    return _with_passwords("kernel keyring: write, read and delete work", keyring_name)


def _probe(keyring: "Keyring") -> None:
    """Write, read and delete an item of a token's size; raise KeyringError."""
    name, probe = f"token:probe:{os.urandom(8).hex()}", base64.b64encode(os.urandom(_TOKEN_BYTES)).decode()
    try:
        keyring.set(name, probe, _PROBE_SECONDS)
        read = keyring.get(name)
    finally:
        keyring.delete(name)
    if read != probe or keyring.get(name) is not None:
        raise KeyringError(
            f"the keyring {keyring.label} does not return what was written to it",
            "set ECRX_KEYRING to another keyring: kernel or secret-service",
        )


def _with_passwords(detail: str, keyring_name: str) -> Finding:
    """Return that the keyring works, and a warning if passwords for other registries would be in plain text."""
    try:
        exposure = keyrings.exposure_of(keyrings.for_passwords(keyring_name))
    except KeyringError:  # servers and CI runners have none for passwords
        exposure = None
    if exposure is None:
        return passed(detail)
    return passed(f"{detail}; for passwords, {exposure.message}", None, exposure.remedy)
