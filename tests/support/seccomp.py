"""A container's seccomp profile, as far as it matters here: the kernel's keyrings answer EPERM, as docker has it.

Run by a Python as ``python seccomp.py COMMAND...``.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# By machine: add_key, request_key and keyctl.
_CALLS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def main() -> None:
    """Forbid the keyrings to this process and to what it executes."""
    instruction = struct.Struct("=HBBI").pack
    calls = _CALLS[platform.machine()]
    program = instruction(_LOAD, 0, 0, 0)
    for number, call in enumerate(calls):
        program += instruction(_JUMP_IF_EQUAL, len(calls) - number, 0, call)
    program += instruction(_RETURN, 0, 0, _ALLOW) + instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM)
    libc = ctypes.CDLL(None, use_errno=True)
    forbidden = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(forbidden)):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - it is there to


if __name__ == "__main__":
    main()
