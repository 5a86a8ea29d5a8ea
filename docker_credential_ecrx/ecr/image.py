"""Parses an image's name: a registry of ECR, a repository in it, and a tag or a digest."""

import difflib
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from docker_credential_ecrx.ecr import wrong_host
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError

# https://github.com/distribution/reference/blob/main/regexp.go
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"{_PART}(/{_PART})*"
_IMAGE = re.compile(
    rf"(?P<repository>{_REPOSITORY})"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?"
)

_DIGESTS = ("sha256:", "sha512:")
_API_VERSIONS = ("v1", "v2")  # of a registry's URL


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


def registry_of(
    name: str, find: Callable[[str], Registry | None] = Registry.parse, own_hosts: Iterable[str] = ()
) -> Registry:
    """Return the registry that ``find`` returns for a host or an image in it, with or without a scheme.

    Raises ArgumentError if it is not one of ECR's, which names the most similar of ``own_hosts`` if one is.
    """
    registry = find(re.sub("^oci://", "", name, flags=re.IGNORECASE))  # as Helm names a registry
    if registry is None:
        similar = difflib.get_close_matches(name.partition("/")[0].lower(), own_hosts, 1)
        host = _shown(name)
        raise ArgumentError(
            f"{host} is not a registry of Amazon ECR",
            f"if you meant {similar[0]}, write that" if similar else wrong_host.correction(name),
        )
    return registry


def _shown(name: str) -> str:
    """Return a name for a message: in quotes if what is wrong with it is not visible, and without a user and password.

    A message loses spaces and users, so what is left may look right.
    """
    before, found, rest = name.rpartition("@")
    if found and rest.startswith(_DIGESTS):
        before, found, host = before.rpartition("@")
        rest = f"{host}@{rest}" if found else rest
    shown = f"…@{rest}" if found and before else name
    return shown if shown and shown.isprintable() and " " not in shown else repr(shown)


def is_repository(name: str) -> bool:
    """Return whether ``name`` is a repository name for Docker."""
    return re.fullmatch(_REPOSITORY, name) is not None


def parse(text: str, find: Callable[[str], Registry | None] = Registry.parse) -> Image:
    """Return the image HOST[/REPOSITORY[:TAG]]; raise ArgumentError if ``find`` returns no registry of ECR for it."""
    registry = registry_of(text, find)
    bare = re.sub("^(https?|oci)://", "", text, flags=re.IGNORECASE)
    path = bare.partition("/")[2]
    if not path or (bare != text and path.rstrip("/") in _API_VERSIONS):  # as config.json's auths have it
        return Image(registry)
    match = _IMAGE.fullmatch(path)
    if match is None:
        raise ArgumentError(
            f"{path} is not a repository, with or without a tag",
            f"write it in lower case, as {registry.host}/app:latest",
        )
    return Image(registry, match["repository"], match["digest"] or match["tag"] or "latest")
