"""What is looked at, what is known of it so far, and what is found of a link."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from docker_credential_ecrx.doctor.registry_client import Client
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings
    from docker_credential_ecrx.store.cached_token import Token

from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry


class Finding(NamedTuple):
    """What was found of a link: ``ok`` is whether it holds, None where it was not looked at; ``remedy`` mends it."""

    ok: bool | None
    detail: str
    remedy: str = ""


class Context:
    """What is to be looked at, and what is known of it so far.

    ``image`` is None where only what every registry needs is asked for; ``argv0`` is the program's own path.
    """

    def __init__(self, image: Image | None, argv0: str, env: Mapping[str, str], *, push: bool) -> None:
        self.image = image
        self.argv0 = argv0
        self.env = env
        self.push = push
        self.settings: Settings | None = None
        self.identity: Identity | None = None  # with a profile that exists
        self.caller = ""  # the ARN that asks for the token
        self.is_unseen = False  # whether that may be somebody though STS cannot be asked who
        self.login: Token | None = None  # what docker login stored, which docker is served before any other
        self.fresh: Token | None = None  # the identity's own, which is kept and not yet to be renewed
        self.password: str | None = None
        self.client: Client | None = None  # of a registry that takes the token

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Case({self.image})"

    @property
    def principal(self) -> str:
        """Return the ARN of whom the password is; an empty text where nobody knows, as of what docker login stored."""
        return "" if self.login else self.caller

    @property
    def registry(self) -> Registry | None:
        """Return the registry."""
        return self.image.registry if self.image else None

    @property
    def is_public(self) -> bool:
        """Return whether it is about ECR Public, where everybody may pull."""
        return self.image is not None and self.image.registry.service == "ecr-public"

    @property
    def region(self) -> str | None:
        """Return the registry's region; None is the identity's own."""
        return self.image.registry.region if self.image else None


def passed(detail: str) -> Finding:
    """Return that the link holds."""
    return Finding(ok=True, detail=detail)


def failed(detail: str, remedy: str) -> Finding:
    """Return that the link does not hold."""
    return Finding(ok=False, detail=detail, remedy=remedy)


def skipped(why: str) -> Finding:
    """Return that the link was not looked at."""
    return Finding(None, why)
