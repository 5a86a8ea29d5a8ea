"""What docker's config.json says of this program: for which registries docker asks it, and as which AWS profile."""

from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.config_files import docker_config, text_file
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import Settings

PREFIX = "docker-credential-"  # docker's, before the name of a helper
HELPER = settings.PROGRAM.removeprefix(PREFIX)  # as credHelpers names this program


class CredHelpers(NamedTuple):
    """The helpers in docker's ``credHelpers`` by server, and the one in ``credsStore`` for all others."""

    helpers: Mapping[str, str]
    store: str = ""

    def registries(self) -> list[Registry]:
        """Return the registries of ECR that ``credHelpers`` gives to this program."""
        registries = [Registry.parse(server) for server, helper in self.helpers.items() if is_ours(helper)]
        # Docker asks for the very key; one that is not a bare host is never asked for.
        return [registry for registry in registries if registry is not None and registry.host in self.helpers]

    def asks_for(self, host: str) -> bool:
        """Return whether docker asks this program, by whatever name, for ``host``."""
        return is_ours(self.helpers.get(host, self.store))

    def profile_for(self, host: str) -> str | None:
        """Return the profile in the name of the link that docker calls for ``host``; None where it names none."""
        helper = self.helpers.get(host, self.store)
        return settings.profile_of(f"{PREFIX}{helper}") if self.asks_for(host) else None


def read(env: Mapping[str, str]) -> CredHelpers:
    """Return what docker's config.json says; raise FileError where it cannot be read."""
    file = text_file.read(docker_config.path(env))
    return CredHelpers(docker_config.helpers(file), docker_config.store(file))


def settings_of(profile: str | None, env: Mapping[str, str]) -> Settings:
    """Return the settings of the program when docker calls it by the link of ``profile``; None is its own name."""
    loaded = settings.load(settings.PROGRAM, env)
    loaded.profile = profile
    return loaded


def is_ours(helper: str) -> bool:
    """Return whether docker calls this program, or a link to it, by the name ``helper``."""
    return helper == HELPER or helper.startswith(f"{HELPER}-")
