"""Finds the ECR registry of each HOST of ``configure``: a registry of ECR, or what a host of the user's stands for."""

from collections.abc import Callable

from docker_credential_ecrx.aws import profiles
from docker_credential_ecrx.cli import configure_edits
from docker_credential_ecrx.ecr import wrong_host
from docker_credential_ecrx.ecr.registry import Registry, host_of
from docker_credential_ecrx.errors import ArgumentError, Remedy
from docker_credential_ecrx.identity import own_hosts
from docker_credential_ecrx.identity.settings import PROGRAM

# Public registries, which stand for no other.
_PUBLIC = frozenset(
    (
        *("docker.io", "hub.docker.com", "index.docker.io", "registry-1.docker.io", "ghcr.io", "quay.io", "gcr.io"),
        *(
            "lscr.io",
            "mcr.microsoft.com",
            "nvcr.io",
            "registry.access.redhat.com",
            "registry.gitlab.com",
            "registry.k8s.io",
        ),
    )
)

Finder = Callable[[str], Registry | None]


def finder(config: str, registry: str | None, *, remove: bool) -> Finder:
    """Return a function that returns the registry of a HOST, or None.

    The registry is the one that the option names, or else the one that config.toml names or that has this host.
    To remove what was configured, a host of the user's own needs no registry: it may be removed already, in part or
    whole.
    """
    known = configure_edits.settings_with(config).registry_of
    if registry is not None:
        return _finder_of(registry, known)
    return lambda name: _to_remove(name, known) if remove else _known(name, known)


def _finder_of(registry: str, known: Finder) -> Finder:
    """Return a function that returns ``registry`` under the name HOST; raise ArgumentError if it is not in ECR.

    What config.toml says about the endpoint of the same registry stays.
    """
    named = Registry.parse(registry) if own_hosts.is_private_registry(registry) else None
    if named is None:
        raise ArgumentError(
            f"{registry} is not the host of a private ECR registry", f"write --registry {wrong_host.FORM}"
        )

    def called(name: str) -> Registry:
        host = host_of(name) or ""
        if not own_hosts.is_own_host(host):
            raise ArgumentError(
                f"{name} is not a host that can stand for a registry", "write a host, such as images.example.com"
            )
        found = known(host)
        return found if found is not None and found.ecr_host == named.host else named.called(host)

    return called


def _known(name: str, known: Finder) -> Registry | None:
    found = known(name)
    host = host_of(name) or ""
    if found is None and "." in host and own_hosts.is_own_host(host) and not wrong_host.is_like_ecr(host):
        correction = wrong_host.correction(name)
        is_no_host = host in _PUBLIC or bool(wrong_host.meant(name))
        own = Remedy(
            f"{correction}, or name the registry that it stands for",
            f"{PROGRAM} configure {host} --registry {wrong_host.FORM}",
        )
        raise ArgumentError(f"{host} is not a registry of Amazon ECR", Remedy(correction) if is_no_host else own)
    if found is None and host_of(name) == name and name in profiles.profiles():
        raise ArgumentError(
            f"{host} is not a registry of Amazon ECR",
            Remedy("if you meant the AWS profile", f"{PROGRAM} configure HOST --profile {name}"),
        )
    return found


def _to_remove(name: str, known: Finder) -> Registry | None:
    """Return the registry of ``name``; one that has only a host if that is all that is known of it."""
    found = known(name)
    host = host_of(name) or ""
    return Registry(host, "", "", "") if found is None and own_hosts.is_own_host(host) else found
