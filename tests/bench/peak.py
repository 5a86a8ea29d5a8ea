"""Run a command and print its peak memory in KiB; a program of its own, started by a bare interpreter.

What a process is started with counts as its own (the kernel takes the greater of the two over an execve), so whoever
starts it has to be small.
"""

import os
import sys

_SILENT = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]

if __name__ == "__main__":
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=_SILENT)
    _, status, usage = os.wait4(pid, 0)
    sys.stdout.write(f"{usage.ru_maxrss}\n")
    sys.exit(os.waitstatus_to_exitcode(status))
