"""Keeps secrets out of core dumps, and other processes of the same user out of this one's memory."""

import sys

_PR_SET_DUMPABLE = 4  # prctl(2)
_RLIMIT_CORE, _NO_BYTES = 4, bytes(16)  # getrlimit(2): the soft and the hard limit


def forbid() -> None:
    """Forbid core dumps of this process, if the system can do that."""
    if sys.platform == "linux" and _is_forbidden_by_libc():
        return
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # Windows has no such module
        pass


def _is_forbidden_by_libc() -> bool:
    """Forbid them without importing ``resource``, which is a hundredth of a cached get; return whether that works."""
    from docker_credential_ecrx.system.fast_stdlib import call_c

    try:
        call_c("setrlimit", _RLIMIT_CORE, _NO_BYTES)
        # The limit does not apply to a dump that is piped to a program (core_pattern), but this does.
        call_c("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    except OSError:
        return False
    return True
