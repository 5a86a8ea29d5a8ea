"""Shell patterns on host names."""


def matches(pattern: str, host: str) -> bool:
    """Return what ``fnmatch.fnmatchcase`` does, without the ``re`` that it takes where there is no ``[``."""
    if "[" in pattern:
        from fnmatch import fnmatchcase

        return fnmatchcase(host, pattern)
    at = star = 0
    retry = -1  # where the text that the last star stands for ends, if there was one
    i = 0
    while i < len(host):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, i
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", host[i]):
            at += 1
            i += 1
        elif retry >= 0:
            retry += 1
            at, i = star + 1, retry
        else:
            return False
    return not pattern[at:].strip("*")
