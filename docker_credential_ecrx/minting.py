"""Fills the keyring: with a token that AWS is asked for, and with the one that ``docker login`` brings.

Imported only where there is something to keep.
"""

import gc
import shlex
import sys

from docker_credential_ecrx import identity, ledger, limit, log, tokens
from docker_credential_ecrx.errors import AwsError, KeyringError, MfaCodeNeededError, RequestError
from docker_credential_ecrx.registry import ECR_USER
from docker_credential_ecrx.settings import PROGRAM

# One comes with each token, so that is enough; and nobody waits long for a slow keyring.
_CLEARED_AT_ONCE = 16

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws_session import Mfa
    from docker_credential_ecrx.identity import Identity
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.ledger import Entry
    from docker_credential_ecrx.registry import Registry


def mint(  # noqa: PLR0913 - for whom, and where it goes
    place: "Registry",
    who: "Identity",
    name: str,
    keyring: "Keyring | None",
    environ: "Mapping[str, str]",
    *,
    mfa: "Mfa | None" = None,
) -> tokens.Token:
    """Return a new token from AWS, kept under ``name`` where ``keyring`` takes it.

    Raises AwsError.
    """
    try:
        return ask(place, who, name, keyring, environ, mfa=mfa)
    except AwsError as error:
        raise told(error, place, who) from error


def ask(  # noqa: PLR0913 - for whom, and where it goes
    place: "Registry",
    who: "Identity",
    name: str,
    keyring: "Keyring | None",
    environ: "Mapping[str, str]",
    *,
    mfa: "Mfa | None" = None,
    began: float | None = None,
) -> tokens.Token:
    """Do what ``mint`` does; the AwsError that it raises has the reason, and not for whom, which ``told`` adds.

    AWS's time counts from when it ``began`` (time.monotonic()), or from when AWS is asked.
    Where ``name`` is no longer that of ``who`` it is not certain whose the token is: it is returned, and not kept.
    """
    # What minting makes is of use until the process ends.
    gc.disable()
    # botocore loads awscrt, 12 MB, wherever it finds it; only a session of ``aws login`` needs it.
    if not any(key == "login_session" for _, key, _ in identity.chain(who, environ)):
        sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]
    log.debug(f"asking AWS for a token in {place.region}")
    from docker_credential_ecrx import aws  # 300 ms that only a miss pays

    minted = aws.mint(place, who, environ, limit.Deadline(limit.ASKING_SECONDS, began), mfa)
    token = tokens.fresh_token(minted.password, name, minted.life, tokens.now())
    log.debug(f"AWS gave {tokens.described(token, token.minted)}")
    if keyring is not None and is_still(name, who, environ) and tokens.keep(name, token, keyring):
        log.debug(f"{keyring.label} keeps it")
        record(name, place, str(who), token, keyring=keyring, environ=environ)
    return token


def is_still(name: str, who: "Identity", environ: "Mapping[str, str]") -> bool:
    """Return whether ``name``, which ends in a fingerprint of ``who``, would be the same if it were made now.

    It was made before this process waited for a lock, and before botocore read AWS's files.
    """
    is_same = name.endswith(f":{identity.fingerprint(who, environ)}")
    if not is_same:
        log.debug(f"what AWS's files say of {who} has changed meanwhile")
    return is_same


def told(error: AwsError, place: "Registry", who: "Identity") -> AwsError:
    """Return why there is no token as a sentence about ``place`` and ``who``, with what mends it for them."""
    sentence = error.about(f"no token for {place.host} with {who}").of_registry(place.host, place.region)
    if isinstance(error, MfaCodeNeededError):
        # Where the configuration file or AWS's chain chose, login chooses the same.
        chosen = who.profile is not None and who.role_arn is None
        option = f"--profile {shlex.quote(str(who.profile))} " if chosen else ""
        sentence.hint = f"{PROGRAM} login {option}{place.host}"
    return sentence


def keep_login(
    place: "Registry", secret: str, name: str, keyring: "Keyring | None", environ: "Mapping[str, str]"
) -> None:
    """Keep the token that ``docker login`` brings for ``place`` under ``name``, as long as it says that it lives."""
    from docker_credential_ecrx import aws

    moment = tokens.now()
    life = aws.life_of(secret, moment.utc)
    if life <= 0:
        message = f"the token for {place.host} has expired"
        raise RequestError(message, f"get a new one: {login_command(place)}")
    token = tokens.fresh_token(secret, name, life, moment)
    if keyring is not None and tokens.keep(name, token, keyring):
        record(name, place, "docker login", token, keyring=keyring, environ=environ)
    else:
        reason = f"the keyring {keyring.label} does not take it" if keyring else "there is no keyring"
        log.warn(f"the token for {place.host} is not kept, because {reason}; get asks AWS instead")


def login_command(place: "Registry") -> str:
    """Return the command with which a person has docker log in to ``place``."""
    password = f"aws {place.service} get-login-password --region {place.region}"
    return f"{password} | docker login --username {ECR_USER} --password-stdin {place.host}"


def record(  # noqa: PLR0913 - what the ledger tells
    name: str,
    place: "Registry",
    who: str,
    token: tokens.Token,
    *,
    keyring: "Keyring",
    environ: "Mapping[str, str]",
) -> None:
    """Note in the ledger that ``token`` is kept for ``place``, beside the registries that it is kept for already."""
    entry: ledger.Entry = {
        "kind": name.partition(":")[0],
        "servers": [place.host],
        "user": ECR_USER,
        "identity": who,
        "region": place.region,
        "keyring": keyring.label,
        "minted": token.minted.utc,
        "renew": token.minted.utc + token.renew,
        "expires": token.minted.utc + token.life,
    }
    ledger.record(environ, name, entry)
    _clear_up(keyring, environ, token.minted.utc)


def _clear_up(keyring: "Keyring", environ: "Mapping[str, str]", now: float) -> None:
    """Drop from ``keyring`` and the ledger what ended a week before ``now``: identities come and go, and leave it.

    What is in another keyring stays noted until that is the one in use.
    """
    dropped: dict[str, Entry] = {}
    try:
        for name, entry in list(ledger.long_over(environ, keyring.label, now).items())[:_CLEARED_AT_ONCE]:
            keyring.drop(name)
            dropped[name] = entry
    except KeyringError as error:
        log.debug(f"what has long ended stays in the keyring: {error}")
    if dropped:
        ledger.forget_dropped(environ, dropped)
