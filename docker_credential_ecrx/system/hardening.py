"""Keeps secrets out of core dumps, and other processes of the same user out of this one's memory."""

import sys

_PR_SET_DUMPABLE = 4  # prctl(2)


def forbid() -> None:
    """Forbid core dumps of this process, if the system can do that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            from docker_credential_ecrx.system.fast_stdlib import call_c

            # The limit does not apply to a dump that is piped to a program (core_pattern), but this does.
            call_c("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (OSError, ValueError):
        pass
