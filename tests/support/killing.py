"""Kills a shell script, with all that it started, before each command that changes files, and within it.

The commands lie on a PATH of their own, in front of the real ones: each is counted, and the one whose turn it is runs
under strace, which kills it on entry of a system call; then everything else of the script is killed, too.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from support import need

_COMMANDS = ("chmod", "cp", "ln", "mkdir", "mv", "rm", "rmdir")
_CALLS = ",".join(
    f"?{name}"
    for name in (
        *("chmod", "fchmod", "fchmodat", "link", "linkat", "mkdir", "mkdirat", "rename", "renameat", "renameat2"),
        *("rmdir", "symlink", "symlinkat", "unlink", "unlinkat", "write", "copy_file_range", "sendfile"),
    )
)
_COMMAND = """\
#!/bin/sh
read -r number <"$KILLING/number"
number=$((number + 1))
echo "$number" >"$KILLING/number"
if [ "$KILL_AT" = all ]; then
    exec {strace} -f -qq -o "$KILLING/calls.$number" -e "trace={calls}" -- {real} "$@"
elif [ "$KILL_AT" = "$number" ]; then
    {strace} -f -qq -o /dev/null -e "trace={calls}" -e "inject={calls}:signal=SIGKILL:when=$KILL_CALL" -- {real} "$@"
    kill -KILL 0
fi
exec {real} "$@"
"""


class ClockReading(NamedTuple):
    """When a script is killed: on entry of which changing system call of which command, both counted from 1."""

    command: int
    call: int


class Killing:
    """A folder for what is counted, and the commands in front of the real ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "bin").mkdir(parents=True)
        strace = need.command("strace")
        for name in _COMMANDS:
            path = folder / "bin" / name
            path.write_text(_COMMAND.format(strace=strace, calls=_CALLS, real=need.command(name)))
            path.chmod(0o755)

    def moments(self, command: Sequence[str | Path], env: Mapping[str, str]) -> Iterator[ClockReading]:
        """Run ``command``; yield when it can be killed: of each command that it starts the first, middle and last call.

        After the last call of one command is before the first of the next.
        """
        done = self._run(command, env, "all", "0")
        assert done.returncode == 0, done
        for path in sorted(self._folder.glob("calls.*"), key=lambda path: int(path.suffix[1:])):
            calls = sum(" = " in line for line in path.read_text().splitlines())
            for call in sorted({1, (calls + 1) // 2, calls} - {0}):
                yield ClockReading(int(path.suffix[1:]), call)

    def kill(self, command: Sequence[str | Path], env: Mapping[str, str], moment: ClockReading) -> None:
        """Run ``command``, which is killed at ``moment``."""
        done = self._run(command, env, str(moment.command), str(moment.call))
        assert done.returncode == -9, done

    def _run(
        self, command: Sequence[str | Path], env: Mapping[str, str], kill_at: str, call: str
    ) -> subprocess.CompletedProcess[str]:
        (self._folder / "number").write_text("0\n")
        own = {"KILLING": str(self._folder), "KILL_AT": kill_at, "KILL_CALL": call}
        return subprocess.run(
            command,
            env={**env, **own, "PATH": f"{self._folder}/bin:{env['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            start_new_session=True,  # what is killed is the group
        )
