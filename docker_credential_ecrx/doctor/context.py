"""What is checked, and what a check returns: whether it passed, what to do if not, and facts for later checks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from docker_credential_ecrx.doctor.registry_client import Client
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.identity.settings import Settings
    from docker_credential_ecrx.store.cached_token import Token

from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, Remedy


class Context(NamedTuple):
    """What to check: ``image`` is None for what every registry needs; ``argv0`` is the program's own path.

    ``is_one_of_all`` is whether the registry is checked with all others, and then not connected to; ``with_clock`` is
    whether the clock is checked with it, because no check precedes it that does.
    """

    image: Image | None
    argv0: str
    env: Mapping[str, str]
    push: bool
    is_one_of_all: bool = False
    with_clock: bool = False

    def __repr__(self) -> str:
        """Leave the environment out, which may hold secrets."""
        return f"Context({self.image})"

    @property
    def registry(self) -> Registry | None:
        """Return the registry, or None if none was named."""
        return self.image.registry if self.image else None

    @property
    def host(self) -> str:
        """Return the registry's host, or an empty string."""
        return self.image.registry.host if self.image else ""

    @property
    def region(self) -> str | None:
        """Return the registry's region; None stands for the identity's own."""
        return self.image.registry.region if self.image else None

    @property
    def is_public(self) -> bool:
        """Return whether the registry is ECR Public, which permits anonymous pulls."""
        return self.image is not None and self.image.registry.service == "ecr-public"


class IdentityFacts(NamedTuple):
    """Whose token Docker gets: that of ``login``, which ``docker login`` stored, or else that of ``identity``.

    ``cached`` is the identity's cached token, unless it needs a refresh.
    """

    settings: "Settings"
    identity: "Identity"
    login: "Token | None"
    cached: "Token | None"


class CallerFacts(NamedTuple):
    """The principal that requests the token; ``arn`` is empty if STS cannot be asked.

    ``is_reachable`` is whether STS responded.
    """

    arn: str
    is_reachable: bool = True


class TokenFacts(NamedTuple):
    """The token that Docker gets, and the ARN of its principal, which is empty if unknown."""

    password: str
    principal: str

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"TokenFacts({self.principal})"


class RegistryFacts(NamedTuple):
    """A client that has signed in to the registry, and the ARN of its principal, which is empty if unknown."""

    client: "Client"
    principal: str


Facts = IdentityFacts | CallerFacts | TokenFacts | RegistryFacts


class Finding(NamedTuple):
    """The result of a check: ``ok`` is whether it passed, or None if it was skipped.

    ``facts`` are for the checks that need this one; a check that failed may return some, too.
    """

    ok: bool | None
    detail: str
    remedies: tuple[Remedy, ...] = ()
    facts: Facts | None = None


def passed(detail: str, facts: Facts | None = None, *remedies: Remedy) -> Finding:
    """Return that a check passed; a remedy is for what is insecure, though it works."""
    return Finding(ok=True, detail=detail, remedies=remedies, facts=facts)


def failed(detail: str, *remedies: "Remedy | str", facts: Facts | None = None) -> Finding:
    """Return that a check failed, and each change that may be missing."""
    given = tuple(Remedy(remedy) if isinstance(remedy, str) else remedy for remedy in remedies)
    return Finding(ok=False, detail=detail, remedies=tuple(filter(str, given)), facts=facts)


def failed_with(error: EcrxError, context: Context, facts: Facts | None = None) -> Finding:
    """Return that a check failed with ``error``, whose remedy is for the context's registry."""
    about = error.of_registry(context.registry.host, context.registry.region) if context.registry else error
    return failed(about.message, about.remedy, facts=facts)


def skipped(why: str, facts: Facts | None = None) -> Finding:
    """Return that a check was skipped."""
    return Finding(ok=None, detail=why, facts=facts)


def needs_result_of(name: str) -> Finding:
    """Return that a check was skipped because the check called ``name`` returned no facts."""
    return skipped(f'needs the result of the check "{name}"')
