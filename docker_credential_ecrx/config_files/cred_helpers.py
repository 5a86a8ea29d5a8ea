"""The part of Docker's config.json that concerns this program: the registries that use it, and their AWS profiles."""

from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.config_files import docker_config, text_file
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import Settings

PREFIX = "docker-credential-"  # the program for the helper NAME is docker-credential-NAME
HELPER = settings.PROGRAM.removeprefix(PREFIX)  # this program's name in credHelpers


class CredHelpers(NamedTuple):
    """The helpers in Docker's ``credHelpers`` by server, and the one in ``credsStore`` for all other servers."""

    helpers: Mapping[str, str]
    store: str = ""

    def registries(self) -> list[Registry]:
        """Return the ECR registries for which ``credHelpers`` names this program."""
        registries = [Registry.parse(server) for server, helper in self.helpers.items() if is_ours(helper)]
        # Docker looks up the bare host, and so never uses another key.
        return [registry for registry in registries if registry is not None and registry.host in self.helpers]

    def asks_for(self, host: str) -> bool:
        """Return whether Docker runs this program, by any of its names, for ``host``."""
        return is_ours(self.helpers.get(host, self.store))

    def profile_for(self, host: str) -> str | None:
        """Return the profile in the name by which Docker runs this program for ``host``, or None."""
        helper = self.helpers.get(host, self.store)
        return settings.profile_of(f"{PREFIX}{helper}") if self.asks_for(host) else None


def read(env: Mapping[str, str]) -> CredHelpers:
    """Return the helpers in Docker's config.json; raise FileError if it cannot be read."""
    file = text_file.read(docker_config.path(env))
    return CredHelpers(docker_config.helpers(file), docker_config.store(file))


def settings_of(profile: str | None, env: Mapping[str, str]) -> Settings:
    """Return the settings of this program when Docker runs it by the symlink for ``profile``, or by its own name."""
    loaded = settings.load(settings.PROGRAM, env)
    loaded.profile = profile
    return loaded


def is_ours(helper: str) -> bool:
    """Return whether the helper is this program, or a symlink to it for a profile."""
    return helper == HELPER or helper.startswith(f"{HELPER}-")
