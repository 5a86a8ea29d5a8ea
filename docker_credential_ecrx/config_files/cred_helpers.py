"""The part of Docker's config.json that concerns this program: the registries that use it, and their AWS profiles."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from docker_credential_ecrx.config_files import docker_config, text_file
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import Settings
from docker_credential_ecrx.system.paths import is_out_of_reach

PREFIX = "docker-credential-"  # the program for the helper NAME is docker-credential-NAME
HELPER = settings.PROGRAM.removeprefix(PREFIX)  # this program's name in credHelpers


class CredHelpers(NamedTuple):
    """The helpers in Docker's ``credHelpers`` by server, and the one in ``credsStore`` for all other servers.

    ``registry_of`` returns the ECR registry that a server is, or stands for, or None.
    """

    helpers: Mapping[str, str]
    store: str = ""
    registry_of: Callable[[str], Registry | None] = Registry.parse

    def registries(self) -> list[Registry]:
        """Return the ECR registries for which ``credHelpers`` names this program."""
        registries = [self.registry_of(server) for server, helper in self.helpers.items() if is_ours(helper)]
        # Docker looks up the bare host, and so never uses another key.
        return [registry for registry in registries if registry is not None and registry.host in self.helpers]

    def asks_for(self, host: str) -> bool:
        """Return whether Docker runs this program, by any of its names, for ``host``."""
        return is_ours(self.helpers.get(host, self.store))

    def profile_for(self, host: str) -> str | None:
        """Return the profile in the name by which Docker runs this program for ``host``, or None."""
        return profile_in(self.helpers.get(host, self.store))


def read(env: Mapping[str, str]) -> CredHelpers:
    """Return the helpers in Docker's config.json; raise FileError if it cannot be read.

    Docker goes on without one in a folder that this user may not search, with a warning; so does this, unless the
    folder is the user's own, since the file says which tokens are meant.
    """
    path, find_registry = docker_config.path(env), registry_finder(env)
    if is_out_of_reach(path):
        return CredHelpers({}, registry_of=find_registry)
    file = text_file.read(path)
    return CredHelpers(docker_config.helpers(file), docker_config.store(file), find_registry)


def origin(env: Mapping[str, str]) -> str:
    """Return what a message adds to the path of config.json: the variable that names it, or whose home it is."""
    if env.get("DOCKER_CONFIG"):
        return " (from DOCKER_CONFIG)"
    if env.get("SUDO_USER"):
        return f" (under sudo: HOME is {env.get('HOME')}, not the home of {env['SUDO_USER']})"
    return ""


def registry_finder(env: Mapping[str, str]) -> Callable[[str], Registry | None]:
    """Return a function that returns the registry that a server is, or stands for in config.toml.

    If that file is invalid, which is reported where its identities are used, only ECR's own hosts are registries.
    """
    try:
        return settings.load(settings.PROGRAM, env).registry_of
    except SettingsError:
        return Registry.parse


def settings_of(profile: str | None, env: Mapping[str, str]) -> Settings:
    """Return the settings of this program when Docker runs it by the symlink for ``profile``, or by its own name."""
    loaded = settings.load(settings.PROGRAM, env)
    loaded.profile = profile
    return loaded


def profile_in(helper: str) -> str | None:
    """Return the profile in the name of a helper; None if it is not this program, or names none."""
    return settings.profile_of(f"{PREFIX}{helper}") if is_ours(helper) else None


def is_ours(helper: str) -> bool:
    """Return whether the helper is this program, or a symlink to it for a profile."""
    return helper == HELPER or helper.startswith(f"{HELPER}-")
