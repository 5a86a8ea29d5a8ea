"""Podman's check: which of its files names the credential helper for the registry."""

from docker_credential_ecrx.config_files import podman_config
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.settings import PROGRAM


def check_config(context: Context) -> Finding:
    """Check that podman, skopeo and buildah ask this program for the registry, if they ask anybody."""
    repository = context.image.repository if context.image else ""
    found = podman_config.find(context.host, repository, context.env)
    if found is None:
        return skipped(f"podman has no credentials for {context.host}")
    if found.is_ours:
        return passed(f"podman uses {podman_config.named(found.helper)}, which {found.path} names")
    what = f"podman uses {podman_config.named(found.helper)} for {context.host}, from {found.path}"
    if not found.is_own:
        return skipped(f"{what}, as Docker does")
    configure = f"{PROGRAM} configure {context.host} --podman"
    if found.helper is None:
        return failed(what, Remedy(command=f"{configure} --remove-password"))
    if found.path == podman_config.paths(context.env)[-1]:
        return failed(what, Remedy(command=configure))
    return failed(what, Remedy(f"delete {context.host} from its credHelpers"))
