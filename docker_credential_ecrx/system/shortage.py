"""Recognizes failures that are due to a limit on the process: no more memory, file descriptors or threads."""

import errno

_MEMORY, _DESCRIPTORS, _THREADS = ("memory", "-v"), ("file descriptors", "-n"), ("threads or processes", "-u")
_NUMBERS = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _DESCRIPTORS,
    errno.ENFILE: _DESCRIPTORS,
    errno.EAGAIN: _THREADS,  # of fork and clone; nothing here reads or writes without waiting
}
# What the loader of libraries, the interpreter and OpenSSL say: these have no number.
_WORDS = {
    "allocate memory": _MEMORY,
    "failed to map segment": _MEMORY,
    "out of memory": _MEMORY,
    "malloc failure": _MEMORY,
    "open files": _DESCRIPTORS,
    "start new thread": _THREADS,
}


def behind(error: BaseException | None) -> tuple[str, str] | None:
    """Return what the process lacks and how to provide it, as a message and a remedy, if that is behind ``error``."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        found = _lacking(error)
        if found is not None:
            name, option = found
            return (
                f"the process has no more {name}",
                f"raise its limit (ulimit {option}), or that of its service or container",
            )
        seen.append(error)
        error = error.__cause__ or error.__context__
    return None


def _lacking(error: BaseException) -> tuple[str, str] | None:
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    if isinstance(error, (OSError, ImportError, RuntimeError)):
        said = str(error)
        return next((found for words, found in _WORDS.items() if words in said), None)
    return None
