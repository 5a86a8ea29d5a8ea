"""Requests tokens from AWS, and saves them: those from AWS, and those that ``docker login`` stores.

A token must not be saved in two cases, in which something changed while AWS was asked:

- AWS's files were edited. The name of the item ends in a fingerprint of what they say, and the credentials are those
  that they say, so both are taken from one snapshot of the files. If the files say something else afterwards, the token
  is returned but not saved.
- The user deleted tokens (``docker logout``, ``forget``). These first write that tokens are being deleted, and when,
  and then delete the items. So this is also checked after the token is saved: either the mark is there by then and the
  token is deleted here, or the token was saved before the mark and is deleted there.

Imported only if there is a token to request or to save.
"""

import sys

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError, KeyringError, MfaCodeNeededError, Remedy, RequestError
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.fingerprint import fingerprint_in
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.sanitizer import plain
from docker_credential_ecrx.store import cached_token, erasure, index
from docker_credential_ecrx.system import shortage
from docker_credential_ecrx.system.deadline import ASKING_SECONDS, Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.aws.issued_token import IssuedToken
    from docker_credential_ecrx.aws.session import Mfa
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.cached_token import ClockReading, Token
    from docker_credential_ecrx.store.entry import Entry
    from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest

# Each new token deletes some long expired ones: more than come to be, and few enough for a slow keyring.
_MAX_DELETED_AT_ONCE = 16


def refresh_token(cache: "TokenCache", request: "TokenRequest", mfa: "Mfa | None" = None) -> "Token":
    """Return a new token from AWS, which is cached if the keyring accepts it.

    Raises AwsError, which names the registry and the identity.
    """
    started = cached_token.now()
    try:
        token = fetch_token(cache, request, started, mfa=mfa)
    except AwsError as error:
        raise describe_failure(error, request, cache.env, is_login=mfa is not None) from error
    if _is_erased_since(started, cache):
        raise AwsError(f"tokens were deleted while a new one was requested for {request.registry.host}", "run it again")
    return token


def fetch_token(
    cache: "TokenCache",
    request: "TokenRequest",
    started: "ClockReading",
    *,
    mfa: "Mfa | None" = None,
    began: float | None = None,
) -> "Token":
    """Do what ``refresh_token`` does, but raise AwsError with the reason alone.

    The limit of ASKING_SECONDS counts from ``began`` (time.monotonic()), or else from now.
    The token is not cached if tokens were deleted after ``started``.
    """
    snapshot = Snapshot(cache.env)
    is_certain = cache.keyring is not None and identity_unchanged(request, cache.env, snapshot)
    # botocore imports awscrt, 12 MB, if it is installed, but only a session of ``aws login`` needs it.
    if not any(key == "login_session" for _, key, _ in snapshot.chain(request.identity)):
        sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]
    log.debug(f"asking AWS for a token for {request.registry.region}")
    issued = _issued(request, snapshot, began, mfa)
    token = cached_token.new_token(issued.password, request.name, issued.lifetime, cached_token.now())
    log.debug(f"AWS issued {cached_token.describe(token, token.issued_at)}")
    if cache.keyring is not None and issued.doubt:
        log.warn(f"the token for {request.registry.host} is not cached, because {issued.doubt}")
    elif is_certain and identity_unchanged(request, cache.env) and not _is_erased_since(started, cache):
        _save(cache, request, token, started, issued, by_hand=mfa is not None and mfa.is_used)
    return token


def _issued(request: "TokenRequest", snapshot: Snapshot, began: float | None, mfa: "Mfa | None") -> "IssuedToken":
    """Return a new token, without botocore if possible; raise AwsError, also if the process lacks the means."""
    try:
        if mfa is None:
            from docker_credential_ecrx.aws.direct import authorization_token as direct_token

            issued = direct_token.fetch(request.registry, request.identity, snapshot, Deadline(ASKING_SECONDS, began))
            if issued is not None:
                return issued
        from docker_credential_ecrx.aws import authorization_token  # which takes 300 ms

        deadline = Deadline(ASKING_SECONDS, began)  # not the first one, from which loading botocore would take
        return authorization_token.fetch(request.registry, request.identity, snapshot, deadline, mfa)
    except (ImportError, MemoryError, OSError) as error:
        if lacking := shortage.behind(error):
            raise AwsError(*lacking, ("shortage",)) from error
        raise


def _save(  # noqa: PLR0913 - what was requested, and what was issued
    cache: "TokenCache",
    request: "TokenRequest",
    token: "Token",
    started: "ClockReading",
    issued: "IssuedToken",
    *,
    by_hand: bool,
) -> None:
    """Save ``token`` in the keyring and the index, and delete it again if tokens were deleted in the meantime."""
    if cache.keyring is None or not cached_token.save(request.name, token, cache.keyring, by_hand=by_hand):
        return
    log.debug(f"cached in the keyring {cache.keyring.label}")
    found: Entry = {"identity": str(request.identity), "principal": issued.principal, "account": issued.account}
    add_to_index(cache, request.name, request.registry, found, token)
    if _is_erased_since(started, cache):
        try:
            cache.keyring.delete(request.name)
        except KeyringError as error:
            log.warn(
                f"cannot delete the token for {request.registry.host}, as docker logout or forget requested: {error}"
            )
            return
        index.delete(cache.env, request.name)


def _is_erased_since(started: "ClockReading", cache: "TokenCache") -> bool:
    is_erased = cache.keyring is not None and erasure.is_since(started, cache.keyring, cache.env)
    if is_erased:
        log.debug("tokens were deleted in the meantime, so the new one is not cached")
    return is_erased


def identity_unchanged(request: "TokenRequest", env: "Mapping[str, str]", snapshot: Snapshot | None = None) -> bool:
    """Return whether the fingerprint in the request's name is that of its identity in ``snapshot``.

    Without a snapshot, AWS's files are read as they are now.
    """
    now = fingerprint_in(snapshot or Snapshot(env), request.identity, request.registry.endpoint_url)
    is_same = request.name.endswith(f":{now}")
    if not is_same:
        log.debug(f"AWS's files have changed for {request.identity} in the meantime")
    return is_same


def describe_failure(
    error: AwsError, request: "TokenRequest", env: "Mapping[str, str]", *, is_login: bool = False
) -> AwsError:
    """Return ``error`` as a sentence about the registry and the identity, with the remedy for them.

    That is ``login`` for what may need a person, unless this ``is_login`` itself.
    """
    registry, identity = request.registry, request.identity
    if error.codes[:1] != ("shortage",):  # which leaves no file descriptor for an import
        from docker_credential_ecrx.store import failure_context

        error = failure_context.explained(error, registry, identity, env)
    described = error.about(f"no token for {registry.host} with {identity}").of_registry(registry.host, registry.region)
    is_process = not is_login and error.codes[:1] in (("process-timeout",), ("process-failed",))
    if is_process or isinstance(error, MfaCodeNeededError):
        import shlex  # which compiles regular expressions

        # Without the option, login uses the identity that the configuration file or AWS's default chain chooses.
        is_profile = identity.profile is not None and identity.role_arn is None
        option = f"--profile {shlex.quote(str(identity.profile))} " if is_profile else ""
        text = "see what it prints, and answer it" if is_process else ""
        described.remedy = Remedy(text, f"{PROGRAM} login {option}{registry.host}")
    return described


def save_login_token(cache: "TokenCache", registry: "Registry", password: str, name: str) -> None:
    """Store the token that ``docker login`` was given for ``registry`` under ``name``, until it expires.

    Raises RequestError if it has expired.
    """
    from docker_credential_ecrx.aws import authorization_token

    now = cached_token.now()
    lifetime = authorization_token.lifetime_of(password, now.utc)
    if lifetime <= 0:
        command = login_remedy(registry).command
        raise RequestError(f"the token for {registry.host} has expired", Remedy("get a new one", command))
    token = cached_token.new_token(password, name, lifetime, now)
    if cache.keyring is not None and cached_token.save(name, token, cache.keyring, by_hand=True):
        add_to_index(cache, name, registry, {"identity": "docker login"}, token)
        return
    reason = f"the keyring {cache.keyring.label} does not accept it" if cache.keyring else "no keyring is available"
    log.warn(f"the token for {registry.host} is not stored, because {reason}; get asks AWS instead")
    if cache.keyring:
        keyrings.warn_of_plain_text(cache.keyring)


def login_remedy(registry: "Registry") -> Remedy:
    """Return the command that logs Docker in to ``registry``."""
    password = f"aws {registry.service} get-login-password --region {registry.region}"
    return Remedy(command=f"{password} | docker login --username {ECR_USER} --password-stdin {registry.host}")


def add_to_index(cache: "TokenCache", name: str, registry: "Registry", found: "Entry", token: "Token") -> None:
    """Add ``token`` to the index, which then lists it for ``registry`` and for those that it was listed for before.

    ``found`` is what is known of its identity; what is empty is left out.
    """
    if cache.keyring is None:
        return
    issued_at = token.issued_at.utc
    entry: Entry = {
        "kind": name.partition(":")[0],
        "servers": [registry.host],
        "user": ECR_USER,
        "region": registry.region,
        "keyring": cache.keyring.label,
        "minted": issued_at,
        "renew": issued_at + token.refresh_after,
        "expires": issued_at + token.lifetime,
    }
    for key in ("identity", "principal", "account"):
        if found.get(key):
            entry[key] = plain.line(log.redacted(found[key]))
    index.add(cache.env, name, entry)
    _delete_long_expired(cache.keyring, cache.env, issued_at)


def _delete_long_expired(keyring: "Keyring", env: "Mapping[str, str]", now: float) -> None:
    """Delete tokens from ``keyring`` and the index that expired a week before ``now``, as CI's and pods' do.

    Those in other keyrings stay in the index until their keyring is in use again.
    """
    deleted: dict[str, Entry] = {}
    try:
        for name, entry in list(index.expired_before(env, keyring.label, now).items())[:_MAX_DELETED_AT_ONCE]:
            keyring.delete(name)
            deleted[name] = entry
    except KeyringError as error:
        log.debug(f"cannot delete tokens that expired long ago: {error}")
    if deleted:
        index.delete_unchanged(env, deleted)
