"""Decides what ``configure`` changes: which edits of which files, and which stored tokens it deletes."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.config_files import conflicts, cred_helpers, docker_config, ecrx_config, text_file
from docker_credential_ecrx.config_files.cred_helpers import HELPER
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.config_files.transaction import Edit
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.store.inventory import Item
from docker_credential_ecrx.store.item_names import login_names


def paths(*, podman: bool) -> list[str]:
    """Return the files that the client reads; the last is the one to edit."""
    return docker_config.podman_paths(os.environ) if podman else [docker_config.path(os.environ)]


def configured_hosts(file: TextFile) -> Iterator[str]:
    """Yield the ECR registries whose helper in ``file`` is this program or a link to it.

    Says if credsStore names it, which ``--remove --all`` does not change.
    """
    if cred_helpers.is_ours(docker_config.store(file)):
        what = f"{file.path}: credsStore still names {PROGRAM} for all other registries"
        console.say(f"{what}; to change that, delete credsStore from the file")
    for server, helper in docker_config.helpers(file).items():
        if cred_helpers.is_ours(helper) and Registry.parse(server):
            yield server


def identity_of(keys: dict[str, str]) -> Identity:
    """Return the identity that an entry with these keys names."""
    profile = keys.get("profile") or keys.get("source_profile")
    return Identity(profile, role_arn=keys.get("role_arn"), external_id=keys.get("external_id"))


def additions(file: TextFile, config: str, hosts: Iterable[str], keys: dict[str, str]) -> Iterator[Edit]:
    """Yield the edits that make this program the helper for ``hosts`` in ``file``, with the identity in ``config``."""
    for host in hosts:
        before = docker_config.helpers(file).get(host)
        instead = f" instead of docker-credential-{docker_config.shown(before)}" if before else ""
        change = partial(docker_config.set_helper, host=host, helper=HELPER)
        yield Edit(file.path, change, f"{host} now uses {PROGRAM}{instead}")
        if keys:
            entry = partial(ecrx_config.set_entry, host=host, keys=keys)
            yield Edit(config, entry, f"{host} now uses {identity_of(keys)}")


def password_removals(
    files: list[TextFile], hosts: Iterable[str], flags: str, *, wanted: bool, dry_run: bool
) -> Iterator[Edit]:
    """Yield the removal of each unencrypted password that the user wants removed, and report the others.

    ``wanted`` is whether an option says so; if not, the user is asked.
    ``flags`` are the options that do so.
    """
    for host in hosts:
        for path, server in conflicts.passwords(files, host):
            name = docker_config.shown(server)
            first = ", which takes precedence" if path != files[-1].path else ""
            found = f"{path} contains an unencrypted password for {name}{first}"
            if not wanted and (dry_run or not console.can_ask()):
                console.say(f"{found}; to delete it: {PROGRAM} configure {host} {flags}", "yellow")
            elif wanted or console.ask(f"{found}; delete it?"):
                change = partial(docker_config.remove_auth, server=server)
                yield Edit(path, change, f"the password for {name} is deleted")


def removals(file: TextFile, config: str, hosts: Iterable[str], *, podman: bool) -> Iterator[Edit]:
    """Yield the edits that delete the entries for ``hosts``, and report the entries that stay, and why."""
    others: dict[str, str] = {}
    with suppress(FileError):  # the other client's file is not edited, so an error in it does not matter
        others = docker_config.helpers(text_file.read(paths(podman=not podman)[-1]))
    for host in hosts:
        helper = docker_config.helpers(file).get(host)
        if helper == HELPER:
            change = partial(docker_config.remove_helper, host=host)
            yield Edit(file.path, change, f"{host} no longer uses {PROGRAM}")
        elif helper is not None:
            console.say(f"{file.path}: {host} still uses docker-credential-{helper}, which configure did not write")
        if others.get(host) == HELPER:
            client = "docker" if podman else "podman"
            console.say(f"{config}: the entry for {host} is kept, because {client} is also configured for it")
        else:
            entry = partial(ecrx_config.remove_entry, host=host)
            yield Edit(config, entry, f"the entry for {host} is deleted")


def stored_logins(hosts: Iterable[str], config: str) -> list[Item]:
    """Return what ``docker login`` stored for ``hosts``, which takes precedence over any identity's token.

    Raises SettingsError if config.toml excludes one of them.
    """
    # ECRX_CONFIG may name a file that does not exist yet.
    env = os.environ if Path(config).exists() else {**os.environ, "ECRX_CONFIG": os.devnull}
    loaded = settings.load(PROGRAM, env)
    for registry in filter(None, map(Registry.parse, hosts)):
        loaded.require(registry)
    keyring_name = loaded.keyring
    entries, read_item = index.read(os.environ), inventory.item_reader(keyring_name, cached_token.now())
    label = inventory.label_in_use(keyring_name)
    found = []
    for host in hosts:
        for name in login_names(host, None):
            item = read_item(name, entries.get(name, {"servers": [host], "keyring": label}))
            # An indexed item in a keyring that is not available now may be used later.
            if item.state in ("fresh", "due") or (item.state == "unknown" and name in entries):
                found.append(item)
    return found
