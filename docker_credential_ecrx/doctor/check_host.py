"""What is on the machine itself: the keyring that keeps tokens, and the clock."""

import os

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.errors import KeyringError, UnreachableError

_PROBE_SECONDS = 60
_SKEW_SECONDS = 240  # AWS allows five minutes
_UNSEEN_SECONDS = 2  # the Date of an answer has whole seconds


def keyring(case: Context) -> Finding:
    """Write, read and drop an item that is no token, and leave nothing behind."""
    if case.settings is None:
        return skipped("which one it is cannot be known")
    keyring_name = case.settings.keyring
    found = keyrings.for_tokens(keyring_name)
    if found is None and keyring_name == "none":
        return skipped("none, as ECRX_KEYRING or config.toml says: every get asks AWS")
    if found is None:
        what = "there is none on this machine that keeps tokens: every get asks AWS"
        return failed(what, "install and unlock a Secret Service, or be content: export ECRX_KEYRING=none")
    exposure = keyrings.exposure_of(found)
    if exposure is not None:
        return failed(exposure.message, exposure.hint)
    name, probe = f"probe:{os.urandom(8).hex()}", os.urandom(8).hex()
    try:
        found.set(name, probe, _PROBE_SECONDS)
        read = found.get(name)
    finally:
        found.delete(name)
    if read != probe or found.get(name) is not None:
        raise KeyringError(
            f"the keyring {found.label} does not give back what it is given",
            "choose another: export ECRX_KEYRING=kernel or secret-service",
        )
    return _with_passwords(f"{found.label} keeps, gives back and drops what it is given", keyring_name)


def _with_passwords(detail: str, keyring_name: str) -> Finding:
    """Return that tokens are kept well, and a warning if passwords of other registries would be in plain text."""
    try:
        exposure = keyrings.exposure_of(keyrings.for_passwords(keyring_name))
    except KeyringError:  # servers and CI runners have none for passwords
        exposure = None
    if exposure is None:
        return passed(detail)
    return Finding(ok=True, detail=f"{detail}; for passwords, {exposure.message}", remedy=exposure.hint)


def clock(case: Context) -> Finding:
    """Compare the clock with AWS's."""
    if case.identity is None:
        return skipped("which AWS to ask is not known")
    try:
        ahead = authorization_token.clock_ahead(case.region, case.identity, case.env)
    except UnreachableError as error:
        if case.password is None:
            raise
        return skipped(error.message)
    seconds = abs(round(ahead))
    if seconds <= _UNSEEN_SECONDS:
        return passed("as AWS's")
    where = f"{seconds:,} seconds {'ahead of' if ahead > 0 else 'behind'} AWS's"
    if seconds > _SKEW_SECONDS:
        return failed(f"{where}, which refuses signatures then", "timedatectl set-ntp true")
    return passed(where)
