"""The links between docker and an image, looked at in order: what holds, what does not, and what mends it.

Each link is a function of the ``Context`` that returns a ``Finding``; an EcrxError that it raises is one of a link that
does not hold.
What a link finds out, such as the token, it leaves in the case for the next ones.
"""

from collections.abc import Callable
from typing import NamedTuple

from docker_credential_ecrx import log
from docker_credential_ecrx.doctor import check_aws, check_docker, check_host, check_registry
from docker_credential_ecrx.doctor.context import Context, Finding, failed
from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.sanitizer import third_party

_LONGEST_DETAIL = 2000  # as long as a failure's line


class Check(NamedTuple):
    """A link's name, and the function that looks at it; ``of_registry`` where that needs a registry."""

    name: str
    run: Callable[[Context], Finding]
    of_registry: bool = False


_CHECKS = (
    Check("program", check_docker.program),
    Check("docker's config", check_docker.config),
    Check("identity", check_aws.identity),
    Check("profile", check_aws.profile),
    Check("caller", check_aws.caller),
    Check("role", check_aws.role),
    Check("token", check_aws.token, of_registry=True),
    Check("keyring", check_host.keyring),
    Check("clock", check_host.clock),
    Check("registry", check_registry.registry, of_registry=True),
    Check("image", check_registry.image, of_registry=True),
    Check("push", check_registry.push, of_registry=True),
)


def checks(case: Context) -> tuple[Check, ...]:
    """Return the links to look at in ``case``, in order: without a registry those that every registry needs."""
    return tuple(link for link in _CHECKS if case.image is not None or not link.of_registry)


def run(link: Check, case: Context) -> Finding:
    """Return what is found of one link, in printable lines; a file or a registry may say anything."""
    found = _run(link, case)
    remedy = "\n".join(map(third_party.line, found.remedy.splitlines()))
    return Finding(found.ok, third_party.line(found.detail, _LONGEST_DETAIL), remedy)


def _run(link: Check, case: Context) -> Finding:
    try:
        return link.run(case)
    except EcrxError as error:
        registry = case.registry
        return failed(error.message, (error.of_registry(registry.host, registry.region) if registry else error).hint)
    except Exception as error:  # noqa: BLE001 - the links after it may hold, and are what a person looks for
        log.debug_origin(error)
        what = f"looking at it met an unexpected {type(error).__name__}"
        return failed(what, "see what ECRX_LOG=debug says, and report it")
