"""Keeps secrets out of core dumps, and other processes of the user out of this one's memory."""

import sys

_PR_SET_DUMPABLE = 4  # prctl(2)


def forbid() -> None:
    """Let the system write no core dump of this process; where it cannot be told so, go on."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            from docker_credential_ecrx.system.fast_stdlib import call_c

            # A dump that goes to a program (core_pattern) knows no limit of size, but heeds this.
            call_c("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (OSError, ValueError):
        pass
