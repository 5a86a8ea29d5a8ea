"""The tokens of the user that are in a keyring of another user namespace, as that of rootless podman.

A namespace's persistent and user keyrings cannot be opened from outside (persistent-keyring(7), user_namespaces(7)).
But /proc/keys lists the keys in them, because they belong to this user outside, too.
"""

from docker_credential_ecrx.errors import KeyringError, Remedy
from docker_credential_ecrx.keyrings import kernel_keyring, outer_keys, proc_keys, service_of
from docker_credential_ecrx.keyrings.kernel import name_of_key

WHERE = "in another user namespace, such as podman's"


def names() -> set[str]:
    """Return the names of the tokens there; none if the kernel has no keyrings, or does not list the keys.

    Those of ``docker login`` are left out: their names say nothing of whose they are, so any home may have stored them.
    """
    prefix = service_of("token:")
    try:
        ring = kernel_keyring()
        known = {serial for serial, _, _ in [*ring.ours(), *outer_keys.find(ring, prefix.encode())]}
    except (KeyringError, OSError):
        return set()
    found = (key for key in proc_keys.own_keys() if key.is_live and key.description.startswith(prefix))
    described = (key.description.encode("utf-8", "surrogateescape") for key in found if key.serial not in known)
    return {name for description in described if (name := name_of_key(description)) is not None}


def remedy(command: str) -> Remedy:
    """Return how a command of this program is run there."""
    return Remedy(command=f"podman unshare docker-credential-ecrx {command}")
