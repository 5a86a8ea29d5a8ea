"""The checks of the machine itself: the keyring that stores tokens, and the clock."""

import os

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.doctor.context import (
    Context,
    Finding,
    IdentityFacts,
    TokenFacts,
    failed,
    needs_result_of,
    passed,
    skipped,
)
from docker_credential_ecrx.errors import KeyringError, Remedy, SettingsError, UnreachableError
from docker_credential_ecrx.identity import settings

_PROBE_SECONDS = 60
_SKEW_SECONDS = 240  # AWS allows five minutes
_UNSEEN_SECONDS = 2  # the Date of a response has whole seconds


def check_keyring(context: Context) -> Finding:
    """Write, read and delete an item that is not a token, and leave nothing behind."""
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
            what, Remedy("install and unlock a Secret Service, or use no keyring", "export ECRX_KEYRING=none")
        )
    exposure = keyrings.exposure_of(found)
    if exposure is not None:
        return failed(exposure.message, exposure.remedy)
    name, probe = f"probe:{os.urandom(8).hex()}", os.urandom(8).hex()
    try:
        found.set(name, probe, _PROBE_SECONDS)
        read = found.get(name)
    finally:
        found.delete(name)
    if read != probe or found.get(name) is not None:
        raise KeyringError(
            f"the keyring {found.label} does not return what was written to it",
            "set ECRX_KEYRING to another keyring: kernel or secret-service",
        )
    return _with_passwords(f"{found.label} keyring: write, read and delete work", keyring_name)


def _with_passwords(detail: str, keyring_name: str) -> Finding:
    """Return that the keyring works, and a warning if passwords for other registries would be in plain text."""
    try:
        exposure = keyrings.exposure_of(keyrings.for_passwords(keyring_name))
    except KeyringError:  # servers and CI runners have none for passwords
        exposure = None
    if exposure is None:
        return passed(detail)
    return passed(f"{detail}; for passwords, {exposure.message}", None, exposure.remedy)


def check_clock(context: Context, profile: IdentityFacts, token: TokenFacts | None) -> Finding:
    """Compare the clock with AWS's."""
    try:
        ahead = authorization_token.clock_ahead(context.region, profile.identity, context.env)
    except UnreachableError as error:
        if token is None:
            raise
        return skipped(error.message)
    seconds = abs(round(ahead))
    if seconds <= _UNSEEN_SECONDS:
        return passed("agrees with AWS's clock")
    where = f"{seconds:,} seconds {'ahead of' if ahead > 0 else 'behind'} AWS's clock"
    if seconds > _SKEW_SECONDS:
        return failed(f"{where}, so AWS refuses signatures", Remedy("set the clock", "timedatectl set-ntp true"))
    return passed(where)
