"""Finds out whether botocore knows a registry's region: it may be new, but a typing mistake is more likely."""

import difflib
from collections.abc import Collection, Iterator
from typing import NamedTuple

from docker_credential_ecrx.ecr.registry import Registry

_LEAST_RATIO = 0.6  # as difflib counts it


class UnknownRegion(NamedTuple):
    """What is wrong with the region of a registry, and which regions were probably meant."""

    registry: Registry
    what: str
    similar: list[str]

    @property
    def advice(self) -> str:
        """Return what to do."""
        return f"did you mean {' or '.join(self.similar)}?" if self.similar else "check its spelling"


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
        what = f"{registry.region} is not a region that botocore {botocore.__version__} knows"
        yield UnknownRegion(registry, what, _similar(registry.region, known))


def _similar(region: str, known: list[str]) -> list[str]:
    """Return which of the ``known`` regions was probably meant; several if they are equally similar."""
    # difflib finds us-west-1 closer to us-esat-1 than what has the same letters.
    same = [name for name in known if sorted(name) == sorted(region)]
    if same:
        return same
    ratios = {name: difflib.SequenceMatcher(None, region, name).ratio() for name in known}
    best = max(ratios.values(), default=0.0)
    return [name for name, ratio in ratios.items() if ratio == best >= _LEAST_RATIO]
