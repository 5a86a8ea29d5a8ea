"""The checks from Docker to an image, in order, and how to fix each that fails.

A check is a function of the ``Context``, and of the facts that earlier checks returned, that returns a ``Finding``.
If it raises EcrxError, the check failed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from docker_credential_ecrx import log
from docker_credential_ecrx.doctor import check_aws, check_docker, check_host, check_identity, check_registry
from docker_credential_ecrx.doctor.context import Context, Facts, Finding, failed, failed_with, needs_result_of
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.sanitizer import third_party

_LONGEST_DETAIL = 2000  # characters, as in an error's line


class Check(NamedTuple):
    """A check's name, and its function, which is called with the context and facts of the checks that are named here.

    The check is skipped if one of those that it ``needs`` returned no facts; of those that it ``uses``, None is passed.
    ``of_registry`` is whether it is only for a registry.
    """

    name: str
    run: Callable[..., Finding]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    of_registry: bool = False


_CHECKS = (
    Check("program", check_docker.check_program),
    Check("docker's config", check_docker.check_config),
    Check("identity", check_identity.check_identity),
    Check("profile", check_identity.check_profile, needs=("identity",)),
    Check("caller", check_aws.check_caller, needs=("profile",)),
    Check("role", check_aws.check_role, needs=("profile",), uses=("caller",)),
    Check("token", check_aws.check_token, needs=("identity",), uses=("profile", "role"), of_registry=True),
    Check("keyring", check_host.check_keyring),
    Check("clock", check_host.check_clock, needs=("profile",), uses=("token",)),
    Check("registry", check_registry.check_registry, uses=("profile", "token"), of_registry=True),
    Check("image", check_registry.check_image, uses=("registry",), of_registry=True),
    Check("push", check_registry.check_push, uses=("registry",), of_registry=True),
)


def checks(context: Context) -> tuple[Check, ...]:
    """Return the checks to run, in order: without a registry, only those that every registry needs."""
    return tuple(check for check in _CHECKS if context.registry is not None or not check.of_registry)


def run_all(
    context: Context, waiting: Callable[[str], AbstractContextManager[None]]
) -> Iterator[tuple[Check, Finding]]:
    """Yield each check with its finding; each runs inside ``waiting``, which is called with its name."""
    facts: dict[str, Facts | None] = {}
    for check in checks(context):
        with waiting(check.name):
            finding = run(check, context, facts)
        facts[check.name] = finding.facts
        yield check, finding


def run(check: Check, context: Context, facts: Mapping[str, Facts | None]) -> Finding:
    """Return the finding of one check, in printable lines: a file or a registry may contain anything.

    ``facts`` are those of earlier checks, by the names of the checks.
    """
    found = _run(check, context, facts)
    remedies = tuple(_printable(remedy) for remedy in found.remedies)
    return found._replace(detail=third_party.line(found.detail, _LONGEST_DETAIL), remedies=remedies)


def _printable(remedy: Remedy) -> Remedy:
    """Return ``remedy`` in printable lines; a command that these would change is text, since it is another command."""
    found = Remedy(third_party.line(remedy.text), third_party.line(remedy.command))
    return found if found.command == remedy.command else Remedy(str(found))


def _run(check: Check, context: Context, facts: Mapping[str, Facts | None]) -> Finding:
    for name in check.needs:
        if facts.get(name) is None:
            return needs_result_of(name)
    try:
        return check.run(context, *(facts.get(name) for name in (*check.needs, *check.uses)))
    except EcrxError as error:
        return failed_with(error, context)
    except Exception as error:  # noqa: BLE001 - later checks may pass, and may be what the user looks for
        log.debug_origin(error)
        return failed(
            f"the check failed with an unexpected {type(error).__name__}",
            "report it, with the output of ECRX_LOG=debug",
        )
