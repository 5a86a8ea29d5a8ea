"""Runs a command as root of a user namespace of its own, where every user is himself: its kernel keyrings are its own.

The keys still belong to the same users, who see them in /proc/keys; tests/support/users.py.
Root alone may do that; user_namespaces(7), session-keyring(7).
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

# Everybody, mapped to himself.
_ALL = "0 0 4294967295\n"
# Waits until it is somebody; the session's keyring that it came with is another namespace's.
_WAIT = 'echo >&"$1" && read -r _ <&"$2" && shift 2 && exec keyctl session - "$@"'


def main() -> int:
    """Run the command that the arguments are; return its exit status."""
    for ignored in (signal.SIGINT, signal.SIGHUP):  # by what a shell runs in the background, and by nohup
        signal.signal(ignored, signal.SIG_DFL)
    made, mapped = os.pipe(), os.pipe()
    ends = (made[1], mapped[0])
    command = ["unshare", "--user", "sh", "-c", _WAIT, "sh", *map(str, ends), *sys.argv[1:]]
    with subprocess.Popen(command, pass_fds=ends) as child:
        for end in ends:
            os.close(end)
        if os.read(made[0], 1):
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{child.pid}/{name}").write_text(_ALL)
            os.write(mapped[1], b"\n")
    return child.returncode


sys.exit(main())
