"""Finds out whether botocore knows a registry's region: it may be new, but a typing mistake is more likely."""

import difflib
from collections.abc import Collection, Iterator
from typing import NamedTuple

from docker_credential_ecrx.ecr.registry import Registry


class UnknownRegion(NamedTuple):
    """What is wrong with the region of a registry, and what to do."""

    registry: Registry
    what: str
    advice: str


def find(registry: Registry) -> UnknownRegion | None:
    """Return what is wrong with the registry's region, or None if botocore knows it."""
    return next(find_all([registry]), None)


def find_all(registries: Collection[Registry]) -> Iterator[UnknownRegion]:
    """Yield what is wrong with each registry whose region botocore does not know; its data are read once for all."""
    import botocore  # slow to import

    from docker_credential_ecrx.aws import session

    regions = session.regions((registry.service, registry.partition) for registry in registries)
    for registry in registries:
        known = regions[registry.service, registry.partition]
        if registry.region in known:
            continue
        # difflib finds us-west-1 closer to us-esat-1 than what has the same letters.
        same = [name for name in known if sorted(name) == sorted(registry.region)]
        similar = same or difflib.get_close_matches(registry.region, known, 1)
        what = f"{registry.region} is not a region that botocore {botocore.__version__} knows"
        yield UnknownRegion(registry, what, f"did you mean {similar[0]}?" if similar else "check its spelling")
