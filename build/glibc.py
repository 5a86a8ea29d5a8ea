"""Writes share/platform, which says what system the frozen program is for, and prints which glibc it needs.

Run by build.sh. GLIBC_FLOOR=VERSION: fails if the program needs a newer glibc than that, for example 2.28.
Imported by archive.py and sbom.py, for which it names the system.
"""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from contents import BUNDLE, natives

_PLATFORM = BUNDLE / "share" / "platform"  # install.sh reads it before it runs the program
# objdump -T has the symbol after the version; a version that is needed without a symbol is alone on its line.
_NEEDED = re.compile(r"\bGLIBC_(\d+(?:\.\d+)+|ABI_DT_RELR)\)?(?:\s+(\w+))?$", re.MULTILINE)
_RELR = (2, 36)  # the first glibc that relocates what is linked with -z pack-relative-relocs


class Need(NamedTuple):
    """A version of glibc that a file needs, with a symbol of that version, or none, and the file's name."""

    version: tuple[int, ...]
    symbol: str
    file: str


def main() -> None:
    """Write share/platform, and print the newest glibc that is needed.

    The exit status is 1 if that is newer than the floor, or if musl is needed, too.
    """
    floor = os.environ.get("GLIBC_FLOOR", "")
    need = newest() if sys.platform == "linux" else None
    _PLATFORM.parent.mkdir(exist_ok=True)
    _PLATFORM.write_text(" ".join(_words(need)) + "\n", newline="\n")
    if sys.platform != "linux":
        return
    if need is None:
        said = "needs no glibc"
    else:
        said = f"needs glibc {dotted(need.version)}: {need.symbol or 'its loader'} in {need.file}"
    print(f"build.sh: the program {said}")  # noqa: T201 - it is there to print
    if need and is_for_musl():
        sys.exit("build.sh: the program is for musl, where there is no glibc")
    if need and floor and need.version > numbers(floor):
        sys.exit(f"build.sh: that is newer than GLIBC_FLOOR={floor}; freeze with a Python for an older glibc")


def _words(need: Need | None) -> list[str]:
    """Return the words that say where the program runs: system, processor and, on Linux, the C library.

    For example ``linux x86_64 glibc 2.28``, which stands for that glibc or a newer one, ``linux aarch64 musl``.
    """
    words = [platform.system().lower(), platform.machine()]
    if sys.platform == "linux":
        words += ["glibc", dotted(need.version)] if need else ["musl"]
    return words


def label() -> str:
    """Return the system as the names of release files have it: the C library only if it is not the usual one."""
    words = [platform.system().lower(), platform.machine()]
    return "-".join([*words, "musl"] if sys.platform == "linux" and is_for_musl() else words)


def newest() -> Need | None:
    """Return the newest glibc that the bundle needs."""
    return max((need for file in natives() for need in _needs(file.path)), default=None)


def is_for_musl() -> bool:
    """Return whether musl's loader starts the program."""
    return b"/ld-musl-" in (BUNDLE / BUNDLE.name).read_bytes()


def _needs(path: Path) -> list[Need]:
    command = ["objdump", "--private-headers", "--dynamic-syms", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - words of ours
    return [
        Need(_RELR if version == "ABI_DT_RELR" else numbers(version), symbol, path.name)
        for version, symbol in _NEEDED.findall(said)
    ]


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as it sorts."""
    return tuple(int(part) for part in version.split("."))


def dotted(version: tuple[int, ...]) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))


if __name__ == "__main__":
    main()
