"""Says how new a glibc the frozen program needs, and which symbol needs it; run by build.sh.

GLIBC_FLOOR=VERSION: fails if that is newer, as 2.28.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

_BUNDLE = Path("dist/docker-credential-ecrx")
_ELF = b"\x7fELF"
# objdump -T names the symbol behind the version; what a library needs without a symbol stands alone.
_NEEDED = re.compile(r"\bGLIBC_(\d+(?:\.\d+)+|ABI_DT_RELR)\)?(?:\s+(\w+))?$", re.MULTILINE)
_RELR = (2, 36)  # the first glibc that relocates what is linked with -z pack-relative-relocs


def main() -> None:
    """Print the newest glibc that is needed; exit with 1 if it is newer than the floor, or musl is needed too."""
    floor = os.environ.get("GLIBC_FLOOR", "")
    newest = max((need for path in libraries() for need in needs(path)), default=None)
    if newest is None:
        said = "needs no glibc"
    else:
        said = f"needs glibc {dotted(newest[0])}: {newest[1] or 'its loader'} in {newest[2]}"
    print(f"build.sh: the program {said}")  # noqa: T201 - it is there to print
    if newest and is_for_musl():
        sys.exit("build.sh: the program is for musl, where there is no glibc")
    if newest and floor and newest[0] > numbers(floor):
        sys.exit(f"build.sh: that is newer than GLIBC_FLOOR={floor}; freeze with a Python for an older glibc")


def libraries() -> list[Path]:
    """Return every program and library in the bundle."""
    files = (path for path in sorted(_BUNDLE.rglob("*")) if path.is_file())
    return [path for path in files if path.read_bytes()[:4] == _ELF]


def needs(path: Path) -> list[tuple[tuple[int, ...], str, str]]:
    """Return the versions of glibc that a file needs, each with a symbol that needs it and the file's name."""
    command = ["objdump", "--private-headers", "--dynamic-syms", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - words of ours
    found = _NEEDED.findall(said)
    return [
        (_RELR if version == "ABI_DT_RELR" else numbers(version), symbol, path.relative_to(_BUNDLE).name)
        for version, symbol in found
    ]


def is_for_musl() -> bool:
    """Return whether musl's loader starts the program."""
    return b"/ld-musl-" in (_BUNDLE / _BUNDLE.name).read_bytes()


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as it sorts."""
    return tuple(int(part) for part in version.split("."))


def dotted(version: tuple[int, ...]) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))


main()
