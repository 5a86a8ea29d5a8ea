"""The credential store that Docker selects itself as long as its config.json names no credentials.

docker/cli, cli/config/config.go, LoadDefaultConfigFile, and cli/config/credentials/default_store.go: an entry in
credHelpers ends that, and passwords of other registries would then be written to the file.
"""

import sys
from collections.abc import Collection, Mapping

from docker_credential_ecrx.config_files import added_store, cred_helpers, docker_config
from docker_credential_ecrx.config_files.cred_helpers import PREFIX
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.system import programs


def to_add(file: TextFile, env: Mapping[str, str]) -> str:
    """Return the store that Docker would select if ``file`` had no entries of this program, or an empty string."""
    helpers = docker_config.helpers(file).values()
    if docker_config.store(file) or docker_config.has_logins(file) or not all(map(cred_helpers.is_ours, helpers)):
        return ""
    return _default(env)


def to_remove(file: TextFile, hosts: Collection[str], env: Mapping[str, str]) -> str:
    """Return the store that ``configure`` added, if Docker selects it again without the entries for ``hosts``.

    What the user wrote looks the same, so only what ``added_store`` remembers is removed, and only with an entry.
    """
    helpers = docker_config.helpers(file)
    is_last = set(helpers) <= set(hosts) and set(helpers.values()) == {cred_helpers.HELPER}
    if not is_last or docker_config.has_logins(file):
        return ""
    name = docker_config.store(file)
    return name if name == _default(env) == added_store.name(file.path, env) else ""


def _default(env: Mapping[str, str]) -> str:
    if sys.platform == "linux":
        name = "pass" if programs.is_run_by_docker("pass", env) else "secretservice"
    else:
        name = {"darwin": "osxkeychain", "win32": "wincred"}.get(sys.platform, "")
    return name if name and programs.is_run_by_docker(f"{PREFIX}{name}", env) else ""
