"""Parses an image's name: a registry of ECR, a repository in it, and a tag or a digest."""

import re
from typing import NamedTuple

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError

# https://github.com/distribution/reference/blob/main/regexp.go
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"{_PART}(/{_PART})*"
_IMAGE = re.compile(
    rf"(?P<repository>{_REPOSITORY})"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?"
)


class Image(NamedTuple):
    """A registry, a repository in it (empty if none is named), and a tag or a digest."""

    registry: Registry
    repository: str = ""
    reference: str = "latest"

    @property
    def name(self) -> str:
        """Return repository and reference, or an empty text if no repository is named."""
        return f"{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}" if self.repository else ""

    def __str__(self) -> str:
        """Return the image's name as Docker writes it."""
        return f"{self.registry.host}/{self.name}".rstrip("/")


def registry_of(host: str) -> Registry:
    """Return the registry with the host ``host``; raise ArgumentError if it is not one of ECR's."""
    registry = Registry.parse(host)
    if registry is None:
        raise ArgumentError(
            f"{host} is not a registry of Amazon ECR",
            "write 111111111111.dkr.ecr.us-east-1.amazonaws.com or public.ecr.aws",
        )
    return registry


def is_repository(name: str) -> bool:
    """Return whether ``name`` is a repository name for Docker."""
    return re.fullmatch(_REPOSITORY, name) is not None


def parse(text: str) -> Image:
    """Return the image HOST[/REPOSITORY[:TAG]]; raise ArgumentError if it is not an image in ECR."""
    registry = registry_of(text)
    _, _, path = text.removeprefix("https://").removeprefix("http://").partition("/")
    if not path:
        return Image(registry)
    match = _IMAGE.fullmatch(path)
    if match is None:
        raise ArgumentError(
            f"{path} is not a repository, with or without a tag",
            f"write it in lower case, as {registry.host}/app:latest",
        )
    return Image(registry, match["repository"], match["digest"] or match["tag"] or "latest")
