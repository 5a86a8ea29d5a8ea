"""The passwords of registries that are not ECR's, in a keyring that survives a reboot."""

import json
import time
from collections.abc import Mapping

from docker_credential_ecrx import keyrings, log
from docker_credential_ecrx.errors import KeyringError, NotFoundError, RequestError
from docker_credential_ecrx.identity.host_pattern import ascii_lower
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.store import cached_token, index, inventory


def get(server: str, keyring_name: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Return the user and the password that are stored for ``server``.

    Raises NotFoundError where none are, and KeyringError where they are but cannot be read.
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
        raise NotFoundError(f"nothing is stored for {server}, and it is not a registry of Amazon ECR")
    return found


def store(server: str, user: str, secret: str, keyring_name: str, env: Mapping[str, str]) -> None:
    """Keep ``user`` and ``secret`` for ``server``; what was there stays where that fails."""
    if not secret:
        raise RequestError(f"the password for {server} is empty", f"docker login {server}")
    keyring, name = keyrings.for_passwords(keyring_name), _name(server)
    before = index.read(env).get(name)
    # Before, as this process may be killed next; and afterwards, as another may have erased what was there meanwhile.
    index.add(env, name, _entry(server, user, keyring.label))
    try:
        keyring.set(name, json.dumps({"ServerURL": server, "Username": user, "Secret": secret}), None)
    except KeyringError:
        _note(name, before, env)
        raise
    keyrings.warn_of_plain_text(keyring)
    index.add(env, name, _entry(server, user, keyring.label))


def erase(server: str, keyring_name: str, env: Mapping[str, str]) -> None:
    """Forget what is stored for ``server``, if anything is; raise KeyringError where its keyring does not."""
    try:
        keyring = keyrings.for_passwords(keyring_name)
    except KeyringError as error:
        log.debug(f"going on without a keyring: {error}")
        keyring = None
    inventory.delete_all([_name(server)], keyring, keyring_name, env, cached_token.now())


def users(keyring_name: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the user of each server whose password can be read now."""
    entries = {name: entry for name, entry in index.read(env).items() if entry.get("kind") == "password"}
    if not entries:
        return {}
    try:
        keyring = keyrings.for_passwords(keyring_name)
        read = {name: _read(keyring.get(name)) for name in entries}
    except KeyringError as error:
        log.debug(f"other registries' passwords cannot be listed: {error}")
        return {}
    return {entries[name]["servers"][0]: found[0] for name, found in read.items() if found is not None}


def _entry(server: str, user: str, keyring: str) -> index.Entry:
    user = third_party.text(log.redacted(user))  # some registries take a token for it
    # The time tells it from the one before, which another process may have read to erase it.
    return {"kind": "password", "servers": [server], "user": user, "keyring": keyring, "minted": time.time()}


def _note(name: str, entry: index.Entry | None, env: Mapping[str, str]) -> None:
    """Let the ledger say again what it said before."""
    if entry is None:
        index.delete(env, name)
    else:
        index.add(env, name, entry)


def _name(server: str) -> str:
    """Return the item's name: docker logout erases ``H``, ``http://H`` and ``https://H`` for one login.

    Nothing else makes two servers one: a name that is not in ASCII, a user in it, another port or a percent sign stands
    as it is.
    """
    bare = server
    for scheme in ("https://", "http://"):
        if server.startswith(scheme):
            bare = server[len(scheme) :]
            break
    host, slash, path = bare.rstrip("/").partition("/")
    name = host.removesuffix(":443")
    if ":" in name and not name.endswith("]"):
        name = host  # an IPv6 address without brackets, whose last number is no port
    return f"password:{ascii_lower(name)}{slash}{path}"


def _read(record: str | None) -> tuple[str, str] | None:
    try:
        inventory = json.loads(record or "")
        user, secret = inventory["Username"], inventory["Secret"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    log.add_secret(secret if isinstance(secret, str) else None)
    return (user, secret) if isinstance(user, str) and isinstance(secret, str) and user and secret else None
