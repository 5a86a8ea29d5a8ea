"""The checks from Docker to an image, in order, and how to fix each that fails.

A check is a function of the ``Context``, and of the facts that earlier checks returned, that returns a ``Finding``.
If it raises EcrxError, the check failed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from docker_credential_ecrx import log
from docker_credential_ecrx.config_files import configured, cred_helpers, podman_config
from docker_credential_ecrx.doctor import (
    check_aws,
    check_clock,
    check_docker,
    check_identity,
    check_keyring,
    check_podman,
    check_registry,
)
from docker_credential_ecrx.doctor.context import Context, Facts, Finding, failed, failed_with, needs_result_of
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.sanitizer import third_party

_LONGEST_DETAIL = 2000  # characters, as in an error's line


class Check(NamedTuple):
    """A check's name, and its function, which is called with the context and facts of the checks that are named here.

    The check is skipped if one of those that it ``needs`` returned no facts; of those that it ``uses``, None is passed.
    ``of_registry`` is whether it is left out if no registry was named, and ``group`` names the checks that are shown
    together.
    """

    name: str
    run: Callable[..., Finding]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    of_registry: bool = False
    group: str = ""


_MACHINE, _DOCKER, _AWS, _REGISTRY = "this machine", "Docker", "AWS", "the registry"
_PODMAN = "podman's config"
_CHECKS = (
    Check("program", check_docker.check_program, group=_MACHINE),
    Check("keyring", check_keyring.check_keyring, group=_MACHINE),
    Check("docker's config", check_docker.check_config, group=_DOCKER),
    Check(_PODMAN, check_podman.check_config, of_registry=True, group=_DOCKER),
    Check("identity", check_identity.check_identity, group=_AWS),
    Check("profile", check_identity.check_profile, needs=("identity",), group=_AWS),
    Check("caller", check_aws.check_caller, needs=("profile",), group=_AWS),
    Check("role", check_aws.check_role, needs=("profile",), uses=("caller",), group=_AWS),
    Check("token", check_aws.check_token, needs=("identity",), uses=("profile", "role"), of_registry=True, group=_AWS),
    Check("clock", check_clock.check_clock, needs=("profile",), uses=("caller", "token"), group=_AWS),
    Check("registry", check_registry.check_registry, uses=("profile", "token"), group=_REGISTRY),
    Check("image", check_registry.check_image, uses=("registry",), group=_REGISTRY),
    Check("push", check_registry.check_push, uses=("registry",), group=_REGISTRY),
)

# What is checked for each of all registries: neither the machine nor, over the network, the registry itself.
_OF_EACH = ("docker's config", _PODMAN, "identity", "profile", "caller", "role", "token")


def checks(context: Context) -> tuple[Check, ...]:
    """Return the checks to run, in order: without a registry, those that every registry needs, and those to ask for."""
    found = [check for check in _CHECKS if context.registry is not None or not check.of_registry]
    if context.registry is not None and not podman_config.is_in_use(context.env):
        found = [check for check in found if check.name != _PODMAN]
    if context.registry is None and check_aws.is_default_unused(context):
        found = [check for check in found if check.group != _AWS]  # nobody uses that identity
    if not context.is_one_of_all:
        return tuple(found)
    # The program itself is checked for all registries; one may have a link to it as its helper.
    more = ("program",) * check_docker.is_by_link(context) + ("clock",) * context.with_clock
    return tuple(check for check in found if check.name in (*_OF_EACH, *more))


def contexts(context: Context) -> list[Context]:
    """Return ``context`` and, if it has no registry, one for each registry that is configured."""
    if context.registry is not None:
        return [context]
    hosts, find = configured.hosts(context.env), cred_helpers.registry_finder(context.env)
    is_first = [check_aws.is_default_unused(context), *([False] * len(hosts))]
    each = (
        context._replace(image=image.parse(host, find), is_one_of_all=True, with_clock=with_clock)
        for host, with_clock in zip(hosts, is_first, strict=False)
    )
    return [context, *each]


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
