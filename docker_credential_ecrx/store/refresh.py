"""Fills the keyring: with a token that AWS is asked for, and with the one that ``docker login`` brings.

Imported only where there is something to keep.
"""

import gc
import shlex
import sys
from typing import NamedTuple

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError, KeyringError, MfaCodeNeededError, RequestError
from docker_credential_ecrx.identity.model import Snapshot
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.system import deadline

# One comes with each token, so that is enough; and nobody waits long for a slow keyring.
_CLEARED_AT_ONCE = 16

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws.session import Mfa
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.index import Entry


class TokenRequest(NamedTuple):
    """A token that is wanted of AWS, and the name of the keyring's item that is to keep it."""

    registry: "Registry"
    identity: "Identity"
    name: str


def mint(
    request: TokenRequest, keyring: "Keyring | None", environ: "Mapping[str, str]", *, mfa: "Mfa | None" = None
) -> cached_token.Token:
    """Return a new token from AWS, kept where ``keyring`` takes it.

    Raises AwsError.
    """
    started = cached_token.now()
    try:
        token = ask(request, keyring, environ, started, mfa=mfa)
    except AwsError as error:
        raise about(error, request) from error
    if keyring is not None and _is_erased_since(started, keyring, environ):
        message = f"tokens were erased while AWS was asked for one for {request.registry.host}"
        raise AwsError(message, "run it again")
    return token


def ask(  # noqa: PLR0913 - what is asked for, where it is kept, and the time that there is
    request: TokenRequest,
    keyring: "Keyring | None",
    environ: "Mapping[str, str]",
    started: cached_token.Moment,
    *,
    mfa: "Mfa | None" = None,
    began: float | None = None,
) -> cached_token.Token:
    """Do what ``mint`` does; the AwsError that it raises has the reason, and not for whom, which ``about`` adds.

    AWS's time counts from when it ``began`` (time.monotonic()), or from when AWS is asked.
    If it is not certain that the token is the one that the request's name stands for, it is returned, and not cached.
    Nor is it cached if tokens were erased on purpose after ``started``, when the caller found none that is fresh.
    """
    registry, identity, name = request
    # What minting makes is of use until the process ends.
    gc.disable()
    # What the name is checked by now is what AWS is asked with.
    snapshot = Snapshot(environ)
    is_certain = keyring is not None and is_still(request, environ, snapshot)
    # botocore loads awscrt, 12 MB, wherever it finds it; only a session of ``aws login`` needs it.
    if not any(key == "login_session" for _, key, _ in snapshot.chain(identity)):
        sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]
    log.debug(f"asking AWS for a token in {registry.region}")
    from docker_credential_ecrx.aws import authorization_token  # 300 ms that only a miss pays

    minted = authorization_token.mint(
        registry, identity, snapshot, deadline.Deadline(deadline.ASKING_SECONDS, began), mfa
    )
    token = cached_token.fresh_token(minted.password, name, minted.life, cached_token.now())
    log.debug(f"AWS gave {cached_token.described(token, token.minted)}")
    if keyring is not None and minted.doubt:
        log.warn(f"the token for {registry.host} is not cached, because {minted.doubt}")
    elif (
        keyring is not None
        and is_certain
        and is_still(request, environ)
        and not _is_erased_since(started, keyring, environ)
    ):
        _keep(request, token, started, keyring, environ)
    return token


def _keep(
    request: TokenRequest,
    token: cached_token.Token,
    started: cached_token.Moment,
    keyring: "Keyring",
    environ: "Mapping[str, str]",
) -> None:
    """Keep ``token`` and note it, unless tokens are erased on purpose meanwhile.

    Who erases notes that first, and then deletes: either that is seen here afterwards, or what was kept here by then
    is deleted there.
    """
    registry, identity, name = request
    if not cached_token.keep(name, token, keyring):
        return
    log.debug(f"{keyring.label} keeps it")
    record(name, registry, str(identity), token, keyring=keyring, environ=environ)
    if _is_erased_since(started, keyring, environ):
        try:
            keyring.drop(name)
        except KeyringError as error:
            log.warn(f"the token for {registry.host} was erased meanwhile, but cannot be deleted: {error}")
            return
        index.forget(environ, name)


def _is_erased_since(started: cached_token.Moment, keyring: "Keyring", environ: "Mapping[str, str]") -> bool:
    is_erased = inventory.is_erased_since(started, keyring, environ)
    if is_erased:
        log.debug("tokens were erased meanwhile, so this one is not kept")
    return is_erased


def is_still(request: TokenRequest, environ: "Mapping[str, str]", snapshot: Snapshot | None = None) -> bool:
    """Return whether the request's name, which ends in its identity's fingerprint, would be the same by ``snapshot``.

    Without one, by what AWS's files say now.
    """
    is_same = request.name.endswith(f":{(snapshot or Snapshot(environ)).fingerprint(request.identity)}")
    if not is_same:
        log.debug(f"what AWS's files say of {request.identity} has changed meanwhile")
    return is_same


def about(error: AwsError, request: TokenRequest) -> AwsError:
    """Return ``error`` as a sentence about the registry and the identity, with what mends it for them."""
    registry, identity, _ = request
    sentence = error.about(f"no token for {registry.host} with {identity}").of_registry(registry.host, registry.region)
    if isinstance(error, MfaCodeNeededError):
        # Where the configuration file or AWS's chain chose, login chooses the same.
        chosen = identity.profile is not None and identity.role_arn is None
        option = f"--profile {shlex.quote(str(identity.profile))} " if chosen else ""
        sentence.hint = f"{PROGRAM} login {option}{registry.host}"
    return sentence


def keep_login(
    registry: "Registry", secret: str, name: str, keyring: "Keyring | None", environ: "Mapping[str, str]"
) -> None:
    """Keep the token that ``docker login`` brings for ``registry`` under ``name``, as long as it says that it lives."""
    from docker_credential_ecrx.aws import authorization_token

    moment = cached_token.now()
    life = authorization_token.life_of(secret, moment.utc)
    if life <= 0:
        message = f"the token for {registry.host} has expired"
        raise RequestError(message, f"get a new one: {login_command(registry)}")
    token = cached_token.fresh_token(secret, name, life, moment)
    if keyring is not None and cached_token.keep(name, token, keyring):
        record(name, registry, "docker login", token, keyring=keyring, environ=environ)
    else:
        reason = f"the keyring {keyring.label} does not take it" if keyring else "there is no keyring"
        log.warn(f"the token for {registry.host} is not kept, because {reason}; get asks AWS instead")
        if keyring:
            keyrings.warn_of_plain_text(keyring)


def login_command(registry: "Registry") -> str:
    """Return the command with which a person has docker log in to ``registry``."""
    password = f"aws {registry.service} get-login-password --region {registry.region}"
    return f"{password} | docker login --username {ECR_USER} --password-stdin {registry.host}"


def record(  # noqa: PLR0913 - what the ledger tells
    name: str,
    registry: "Registry",
    identity: str,
    token: cached_token.Token,
    *,
    keyring: "Keyring",
    environ: "Mapping[str, str]",
) -> None:
    """Note in the ledger that ``token`` is kept for ``registry``, beside the registries that it is kept for already."""
    entry: index.Entry = {
        "kind": name.partition(":")[0],
        "servers": [registry.host],
        "user": ECR_USER,
        "identity": identity,
        "region": registry.region,
        "keyring": keyring.label,
        "minted": token.minted.utc,
        "renew": token.minted.utc + token.renew,
        "expires": token.minted.utc + token.life,
    }
    index.record(environ, name, entry)
    _clear_up(keyring, environ, token.minted.utc)


def _clear_up(keyring: "Keyring", environ: "Mapping[str, str]", now: float) -> None:
    """Drop from ``keyring`` and the ledger what ended a week before ``now``: identities come and go, and leave it.

    What is in another keyring stays noted until that is the one in use.
    """
    dropped: dict[str, Entry] = {}
    try:
        for name, entry in list(index.long_over(environ, keyring.label, now).items())[:_CLEARED_AT_ONCE]:
            keyring.drop(name)
            dropped[name] = entry
    except KeyringError as error:
        log.debug(f"what has long ended stays in the keyring: {error}")
    if dropped:
        index.forget_dropped(environ, dropped)
