"""The passwords of registries outside ECR, in a keyring that survives a reboot."""

import json
import shlex
import time
from collections.abc import Mapping

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.ecr import wrong_host
from docker_credential_ecrx.errors import KeyringError, NotFoundError, Remedy, RequestError
from docker_credential_ecrx.identity.rules import ascii_lower
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.store.entry import Entry

_PATIENCE_SECONDS = 10.0


def get(server: str, keyring_name: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Return the user and the password that are stored for ``server``.

    Raises NotFoundError if none are stored, and KeyringError if they are but cannot be read.
    """
    name = _name(server)
    try:
        found = _read(keyrings.for_passwords(keyring_name).get(name))
    except KeyringError as error:
        if name in index.read(env):
            raise
        log.debug(f"nothing is stored for {server}: {error}")
        found = None
    if found is None:
        remedy = wrong_host.correction(server) if wrong_host.is_like_ecr(server) else ""
        raise NotFoundError(f"nothing is stored for {server}, which is not an ECR registry", remedy)
    return found


def store(server: str, user: str, secret: str, keyring_name: str, env: Mapping[str, str]) -> None:
    """Store ``user`` and ``secret`` for ``server``; if that fails, what was stored before stays."""
    if not secret:
        raise RequestError(f"the password for {server} is empty", Remedy(command=f"docker login {shlex.quote(server)}"))
    keyring, name = keyrings.for_passwords(keyring_name), _name(server)
    before = index.read(env).get(name)
    # Indexed before, in case this process is killed, and again afterwards, in case another deletes the old item now.
    index.add(env, name, _entry(server, user, keyring.label))
    try:
        keyring.set(name, json.dumps({"ServerURL": server, "Username": user, "Secret": secret}), None)
    except KeyringError:
        if before is None:
            index.delete(env, name)
        else:
            index.add(env, name, before)
        raise
    keyrings.warn_of_plain_text(keyring)
    index.add(env, name, _entry(server, user, keyring.label))


def erase(server: str, keyring_name: str, env: Mapping[str, str]) -> None:
    """Delete what is stored for ``server``, if anything is; raise KeyringError if its keyring does not delete it."""
    try:
        keyring = keyrings.for_passwords(keyring_name)
    except KeyringError as error:
        log.debug(f"continuing without a keyring: {error}")
        keyring = None
    inventory.delete_all([_name(server)], keyring, keyring_name, env, cached_token.now())


def users(keyring_name: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the user of each server whose password can be read now."""
    entries = {name: entry for name, entry in index.read(env).items() if entry.get("kind") == "password"}
    if not entries:
        return {}
    found: dict[str, str] = {}
    end = time.monotonic() + _PATIENCE_SECONDS
    try:
        keyring = keyrings.for_passwords(keyring_name)
    except KeyringError as error:
        log.debug(f"cannot list the passwords for other registries: {error}")
        return {}
    for name, entry in entries.items():
        server = entry["servers"][0]
        try:
            credentials = _read(keyring.get(name))
        except KeyringError as error:
            log.debug(f"the list does not have {server}: {error}")
            if time.monotonic() > end:  # each item may take as long
                break
            continue
        if credentials is not None:
            found[server] = credentials[0]
    return found


def _entry(server: str, user: str, keyring: str) -> Entry:
    user = third_party.text(log.redacted(user))  # some registries use a token as the user name
    # The time distinguishes it from the earlier entry, which another process may have read in order to delete it.
    return {"kind": "password", "servers": [server], "user": user, "keyring": keyring, "minted": time.time()}


def _name(server: str) -> str:
    """Return the item's name: docker logout erases ``H``, ``http://H`` and ``https://H`` for one login.

    Two servers that differ in anything but scheme, port 443, case of the host or slashes at the end are two items.
    """
    bare = server
    for scheme in ("https://", "http://"):
        if ascii_lower(server[: len(scheme)]) == scheme:
            bare = server[len(scheme) :]
            break
    host, slash, path = bare.rstrip("/").partition("/")
    name = host.removesuffix(":443")
    if ":" in name and not name.endswith("]"):
        name = host  # an IPv6 address without brackets, whose last number is no port
    return f"password:{ascii_lower(name)}{slash}{path}"


def _read(record: str | None) -> tuple[str, str] | None:
    try:
        document = json.loads(record or "")
        user, secret = document["Username"], document["Secret"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    log.add_secret(secret if isinstance(secret, str) else None)
    return (user, secret) if isinstance(user, str) and isinstance(secret, str) and user and secret else None
