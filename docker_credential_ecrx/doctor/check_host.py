"""What is on the machine itself: the keyring that keeps tokens, and the clock."""

import os

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.doctor.context import Case, Finding, broken, passed_over, well
from docker_credential_ecrx.errors import KeyringError, UnreachableError

_PROBE_SECONDS = 60
_SKEW_SECONDS = 240  # AWS allows five minutes
_UNSEEN_SECONDS = 2  # the Date of an answer has whole seconds


def keyring(case: Case) -> Finding:
    """Write, read and drop an item that is no token, and leave nothing behind."""
    if case.settings is None:
        return passed_over("which one it is cannot be known")
    setting = case.settings.keyring
    found = keyrings.for_tokens(setting)
    if found is None and setting == "none":
        return passed_over("none, as ECRX_KEYRING or config.toml says: every get asks AWS")
    if found is None:
        what = "there is none on this machine that keeps tokens: every get asks AWS"
        return broken(what, "install and unlock a Secret Service, or be content: export ECRX_KEYRING=none")
    exposure = keyrings.exposure_of(found)
    if exposure is not None:
        return broken(exposure.message, exposure.hint)
    name, probe = f"probe:{os.urandom(8).hex()}", os.urandom(8).hex()
    try:
        found.put(name, probe, _PROBE_SECONDS)
        read = found.fetch(name)
    finally:
        found.drop(name)
    if read != probe or found.fetch(name) is not None:
        message = f"the keyring {found.label} does not give back what it is given"
        raise KeyringError(message, "choose another: export ECRX_KEYRING=kernel or secret-service")
    return _with_passwords(f"{found.label} keeps, gives back and drops what it is given", setting)


def _with_passwords(detail: str, setting: str) -> Finding:
    """Return that tokens are kept well, and a warning if passwords of other registries would be in plain text."""
    try:
        exposure = keyrings.exposure_of(keyrings.for_passwords(setting))
    except KeyringError:  # servers and CI runners have none for passwords
        exposure = None
    if exposure is None:
        return well(detail)
    return Finding(ok=True, detail=f"{detail}; for passwords, {exposure.message}", remedy=exposure.hint)


def clock(case: Case) -> Finding:
    """Compare the clock with AWS's."""
    if case.identity is None:
        return passed_over("which AWS to ask is not known")
    try:
        ahead = authorization_token.clock_ahead(case.region, case.identity, case.environ)
    except UnreachableError as error:
        if case.password is None:
            raise
        return passed_over(error.message)
    seconds = abs(round(ahead))
    if seconds <= _UNSEEN_SECONDS:
        return well("as AWS's")
    where = f"{seconds:,} seconds {'ahead of' if ahead > 0 else 'behind'} AWS's"
    if seconds > _SKEW_SECONDS:
        return broken(f"{where}, which refuses signatures then", "timedatectl set-ntp true")
    return well(where)
