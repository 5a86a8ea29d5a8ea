"""Says in words why a configuration file is not used that somebody else can write, and what fixes that.

A cached get imports it only then.
"""

import os
import shlex

from docker_credential_ecrx.errors import SettingsError


def refusal(place: str, status: os.stat_result) -> SettingsError:
    """Return the error for a file or its folder that another user owns, or else can write."""
    if status.st_uid in (0, os.geteuid()):
        message = f"the configuration file is not used, because other users can write {place}"
        return SettingsError(message, f"chmod go-w {shlex.quote(place)}")
    message = f"the configuration file is not used, because another user owns {place}"
    if os.geteuid() == 0:  # sudo may keep HOME
        return SettingsError(message, "run it as that user, without sudo, or name a file of root's in ECRX_CONFIG")
    own = f"sudo chown {os.geteuid()} {shlex.quote(place)}"
    return SettingsError(message, f"{own}, or name a file of your own in ECRX_CONFIG")
