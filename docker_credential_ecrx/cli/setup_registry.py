"""Asks for the registry of ``setup``, or the image in it, again until it is one of ECR's."""

import os
from collections.abc import Callable
from functools import partial

from docker_credential_ecrx.aws import unknown_region
from docker_credential_ecrx.cli import choices, console, setup_candidates
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr import image, wrong_host
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError, EcrxError
from docker_credential_ecrx.identity.settings import Settings

_MOST = 8  # that a screen has room for
_NO_REGISTRY = (
    "no ECR registry in Docker's config.json, in local images or in this folder's compose files and Dockerfile; type "
    f"one, like {wrong_host.FORM}"
)


def ask(find: Callable[[str], Registry | None], loaded: Settings, given: str | None, *, podman: bool) -> Image:
    """Return the registry, or the image, that the user chooses; ``given`` is the one of the command's argument.

    ``find`` returns the registry of ECR that a host or an image names, or None.
    """
    accept = partial(_image, find, loaded, set())
    return choices.in_advance("registry", given, accept) or _choose(accept, podman=podman)


def _choose(accept: Callable[[str], Image], *, podman: bool) -> Image:
    with console.waiting("looking for registries"):
        found = setup_candidates.registries(cred_helpers.registry_finder(os.environ), podman=podman)
    del found[_MOST:]
    console.group("ECR registries" if found else _NO_REGISTRY)
    for number, (listed, places) in enumerate(found, 1):
        console.facts([(str(number), listed.registry.host), (" " * len(str(number)), ", ".join(places.values()))])
    form = "number or name" if found else "HOST or HOST/REPOSITORY:TAG"
    images = [listed for listed, _ in found]
    # The list shows a repository after the file that names it.
    by_name = {name: str(each) for each in reversed(images) for name in (each.repository, each.name)}

    def accept_listed(typed: str) -> Image:
        return accept(by_name.get(typed, typed))

    return choices.choose("registry", form, [*map(str, images)], accept_listed)


def _image(find: Callable[[str], Registry | None], loaded: Settings, refused: set[str], typed: str) -> Image:
    """Return the registry that was typed, or the image.

    Raises EcrxError if it is not in ECR, or is excluded, and also if botocore does not know the region, unless the host
    is among the ``refused``: that it is typed again says that it is right.
    """
    try:
        found = image.parse(typed, find)
    except ArgumentError as error:
        raise choices.RefusedError(error, wrong_host.meant(typed)) from error
    loaded.require(found.registry)
    unknown = unknown_region.find(found.registry)
    if unknown and found.registry.host not in refused:
        refused.add(found.registry.host)
        one = unknown.similar[0] if len(unknown.similar) == 1 else ""
        wrong = EcrxError(unknown.what, f"{unknown.advice} If the region is new, type the same again")
        raise choices.RefusedError(wrong, typed.replace(found.registry.region, one) if one else "")
    return found
