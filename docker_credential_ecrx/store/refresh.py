"""Fills the keyring: with a token that AWS is asked for, and with the one that ``docker login`` brings.

Imported only where there is something to keep.
"""

import gc
import shlex
import sys
from typing import NamedTuple

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError, KeyringError, MfaCodeNeededError, Remedy, RequestError
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.fingerprint import fingerprint_in
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


def refresh_token(
    request: TokenRequest, keyring: "Keyring | None", env: "Mapping[str, str]", *, mfa: "Mfa | None" = None
) -> cached_token.Token:
    """Return a new token from AWS, kept where ``keyring`` takes it.

    Raises AwsError.
    """
    started = cached_token.now()
    try:
        token = fetch_token(request, keyring, env, started, mfa=mfa)
    except AwsError as error:
        raise describe_failure(error, request) from error
    if keyring is not None and _is_erased_since(started, keyring, env):
        raise AwsError(f"tokens were erased while AWS was asked for one for {request.registry.host}", "run it again")
    return token


def fetch_token(  # noqa: PLR0913 - what is asked for, where it is kept, and the time that there is
    request: TokenRequest,
    keyring: "Keyring | None",
    env: "Mapping[str, str]",
    started: cached_token.ClockReading,
    *,
    mfa: "Mfa | None" = None,
    began: float | None = None,
) -> cached_token.Token:
    """Do what ``refresh_token`` does, but raise an AwsError with the reason alone.

    ``describe_failure`` adds the registry and the identity.

    AWS's time counts from when it ``began`` (time.monotonic()), or from when AWS is asked.
    If it is not certain that the token is the one that the request's name stands for, it is returned, and not cached.
    Nor is it cached if tokens were erased on purpose after ``started``, when the caller found none that is fresh.
    """
    registry, identity, name = request
    # What minting makes is of use until the process ends.
    gc.disable()
    # What the name is checked by now is what AWS is asked with.
    snapshot = Snapshot(env)
    is_certain = keyring is not None and identity_unchanged(request, env, snapshot)
    # botocore loads awscrt, 12 MB, wherever it finds it; only a session of ``aws login`` needs it.
    if not any(key == "login_session" for _, key, _ in snapshot.chain(identity)):
        sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]
    log.debug(f"asking AWS for a token in {registry.region}")
    from docker_credential_ecrx.aws import authorization_token  # 300 ms that only a miss pays

    minted = authorization_token.fetch(
        registry, identity, snapshot, deadline.Deadline(deadline.ASKING_SECONDS, began), mfa
    )
    token = cached_token.new_token(minted.password, name, minted.lifetime, cached_token.now())
    log.debug(f"AWS gave {cached_token.describe(token, token.issued_at)}")
    if keyring is not None and minted.doubt:
        log.warn(f"the token for {registry.host} is not cached, because {minted.doubt}")
    elif (
        keyring is not None
        and is_certain
        and identity_unchanged(request, env)
        and not _is_erased_since(started, keyring, env)
    ):
        _save(request, token, started, keyring, env)
    return token


def _save(
    request: TokenRequest,
    token: cached_token.Token,
    started: cached_token.ClockReading,
    keyring: "Keyring",
    env: "Mapping[str, str]",
) -> None:
    """Keep ``token`` and note it, unless tokens are erased on purpose meanwhile.

    Who erases notes that first, and then deletes: either that is seen here afterwards, or what was kept here by then
    is deleted there.
    """
    registry, identity, name = request
    if not cached_token.save(name, token, keyring):
        return
    log.debug(f"{keyring.label} keeps it")
    add_to_index(name, registry, str(identity), token, keyring=keyring, env=env)
    if _is_erased_since(started, keyring, env):
        try:
            keyring.delete(name)
        except KeyringError as error:
            log.warn(f"the token for {registry.host} was erased meanwhile, but cannot be deleted: {error}")
            return
        index.delete(env, name)


def _is_erased_since(started: cached_token.ClockReading, keyring: "Keyring", env: "Mapping[str, str]") -> bool:
    is_erased = inventory.is_erased_since(started, keyring, env)
    if is_erased:
        log.debug("tokens were erased meanwhile, so this one is not kept")
    return is_erased


def identity_unchanged(request: TokenRequest, env: "Mapping[str, str]", snapshot: Snapshot | None = None) -> bool:
    """Return whether the request's name, which ends in its identity's fingerprint, would be the same by ``snapshot``.

    Without one, by what AWS's files say now.
    """
    is_same = request.name.endswith(f":{fingerprint_in(snapshot or Snapshot(env), request.identity)}")
    if not is_same:
        log.debug(f"what AWS's files say of {request.identity} has changed meanwhile")
    return is_same


def describe_failure(error: AwsError, request: TokenRequest) -> AwsError:
    """Return ``error`` as a sentence about the registry and the identity, with what mends it for them."""
    registry, identity, _ = request
    sentence = error.about(f"no token for {registry.host} with {identity}").of_registry(registry.host, registry.region)
    if isinstance(error, MfaCodeNeededError):
        # Where the configuration file or AWS's chain chose, login chooses the same.
        chosen = identity.profile is not None and identity.role_arn is None
        option = f"--profile {shlex.quote(str(identity.profile))} " if chosen else ""
        sentence.remedy = Remedy(command=f"{PROGRAM} login {option}{registry.host}")
    return sentence


def save_login_token(
    registry: "Registry", secret: str, name: str, keyring: "Keyring | None", env: "Mapping[str, str]"
) -> None:
    """Keep the token that ``docker login`` brings for ``registry`` under ``name``, as long as it says that it lives."""
    from docker_credential_ecrx.aws import authorization_token

    moment = cached_token.now()
    lifetime = authorization_token.lifetime_of(secret, moment.utc)
    if lifetime <= 0:
        raise RequestError(f"the token for {registry.host} has expired", f"get a new one: {login_command(registry)}")
    token = cached_token.new_token(secret, name, lifetime, moment)
    if keyring is not None and cached_token.save(name, token, keyring):
        add_to_index(name, registry, "docker login", token, keyring=keyring, env=env)
    else:
        reason = f"the keyring {keyring.label} does not take it" if keyring else "there is no keyring"
        log.warn(f"the token for {registry.host} is not kept, because {reason}; get asks AWS instead")
        if keyring:
            keyrings.warn_of_plain_text(keyring)


def login_command(registry: "Registry") -> str:
    """Return the command with which a person has docker log in to ``registry``."""
    password = f"aws {registry.service} get-login-password --region {registry.region}"
    return f"{password} | docker login --username {ECR_USER} --password-stdin {registry.host}"


def add_to_index(  # noqa: PLR0913 - what the ledger tells
    name: str,
    registry: "Registry",
    identity: str,
    token: cached_token.Token,
    *,
    keyring: "Keyring",
    env: "Mapping[str, str]",
) -> None:
    """Note in the ledger that ``token`` is kept for ``registry``, beside the registries that it is kept for already."""
    entry: index.Entry = {
        "kind": name.partition(":")[0],
        "servers": [registry.host],
        "user": ECR_USER,
        "identity": identity,
        "region": registry.region,
        "keyring": keyring.label,
        "minted": token.issued_at.utc,
        "renew": token.issued_at.utc + token.refresh_after,
        "expires": token.issued_at.utc + token.lifetime,
    }
    index.add(env, name, entry)
    _clear_up(keyring, env, token.issued_at.utc)


def _clear_up(keyring: "Keyring", env: "Mapping[str, str]", now: float) -> None:
    """Drop from ``keyring`` and the ledger what ended a week before ``now``: identities come and go, and leave it.

    What is in another keyring stays noted until that is the one in use.
    """
    dropped: dict[str, Entry] = {}
    try:
        for name, entry in list(index.expired_before(env, keyring.label, now).items())[:_CLEARED_AT_ONCE]:
            keyring.delete(name)
            dropped[name] = entry
    except KeyringError as error:
        log.debug(f"what has long ended stays in the keyring: {error}")
    if dropped:
        index.delete_unchanged(env, dropped)
