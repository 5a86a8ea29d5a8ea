"""By which link docker asks this program for a registry, and so as which AWS profile, as docker's config.json says."""

from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx import docker_config, registry, settings, text_file
from docker_credential_ecrx.registry import Registry
from docker_credential_ecrx.settings import Settings

_PREFIX = "docker-credential-"  # docker's, before the name of a helper
_OURS = settings.PROGRAM.removeprefix(_PREFIX)


class Links(NamedTuple):
    """The helpers in docker's ``credHelpers`` by server, and the one in ``credsStore`` for all others."""

    helpers: Mapping[str, str]
    store: str = ""

    def registries(self) -> list[Registry]:
        """Return the registries of ECR that ``credHelpers`` gives to this program."""
        places = [registry.parse(server) for server, helper in self.helpers.items() if is_ours(helper)]
        # Docker asks for the very key; one that is not a bare host is never asked for.
        return [place for place in places if place is not None and place.host in self.helpers]

    def profile_for(self, host: str) -> str | None:
        """Return the profile in the name of the link that docker calls for ``host``; None where it names none."""
        helper = self.helpers.get(host, self.store)
        return settings.profile_of(f"{_PREFIX}{helper}") if is_ours(helper) else None


def read(environ: Mapping[str, str]) -> Links:
    """Return what docker's config.json says; raise FileError where it cannot be read."""
    file = text_file.read(docker_config.path(environ))
    return Links(docker_config.helpers(file), docker_config.store(file))


def settings_of(profile: str | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings that hold for the link of ``profile``, or without one for the program's own name."""
    loaded = settings.load(settings.PROGRAM, environ)
    loaded.profile = profile
    return loaded


def is_ours(helper: str) -> bool:
    """Return whether docker calls this program, or a link to it, by the name ``helper``."""
    return helper == _OURS or helper.startswith(f"{_OURS}-")
