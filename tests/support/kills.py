"""Kills or stops a program at each of its system calls that touches certain files, as strace counts them."""

import os
import re
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from support import need

_CALL = re.compile(r"(?:\d+ +)?(\w+)\(")
# What starts a process or waits for one shows no file, and a program that is killed there has done half of its work.
_ALWAYS = ("clone", "clone3", "fork", "vfork", "wait4", "waitid")
# What only looks: of several in a row one is enough, since there is nothing new to find after the others.
_LOOKS = re.compile(
    r"p?read(64)?|lseek|ioctl|(new)?[fl]?stat(at)?(64)?|statx|statfs|f?access(at2?)?|readlink(at)?|getdents(64)?"
    r"|[fl]?(get|list)xattr|fcntl|close|mmap|fadvise64"
)
_CHANGING = re.compile(r"O_(CREAT|TRUNC|TMPFILE)")
_PATIENCE_SECONDS = 120.0


class Point(NamedTuple):
    """The ``number``-th call of ``call`` in one of the program's processes; ``line`` is what strace says of it.

    It is ``worth`` a kill unless the calls since the last one that is only looked at files.
    """

    call: str
    number: int
    line: str
    worth: bool


def points(
    command: Sequence[str | Path], env: Mapping[str, str], touching: Sequence[str | Path], also: Sequence[str] = ()
) -> list[Point]:
    """Run ``command`` whole; return its calls on what lies below the paths ``touching``, and those named ``also``.

    Every process of the program has its own count, as strace's ``when=`` has.
    """
    with tempfile.TemporaryDirectory() as folder:
        # -y shows the path of each descriptor.
        _strace(["-ff", "-y", "-s", "4096", "-o", f"{folder}/trace"], command, env, may_be_killed=False)
        traces = [path.read_text(errors="replace").splitlines() for path in sorted(Path(folder).iterdir())]
    found: dict[tuple[str, int], Point] = {}
    for trace in traces:
        count: Counter[str] = Counter()
        is_new = True
        for line in trace:
            call = match[1] if (match := _CALL.match(line)) else ""
            count[call] += 1
            if call in {*_ALWAYS, *also} or (call and any(str(path) in line for path in touching)):
                looks = _only_looks(call, line)
                point = Point(call, count[call], line, is_new or not looks)
                is_new = not looks
                if point.worth or point[:2] not in found:
                    found[point[:2]] = point
    return list(found.values())


def _only_looks(call: str, line: str) -> bool:
    return bool(_LOOKS.fullmatch(call) or (call in ("open", "openat") and not _CHANGING.search(line)))


def killed_at(point: Point, command: Sequence[str | Path], env: Mapping[str, str]) -> bool:
    """Run ``command`` and send SIGKILL to each of its processes that comes to ``point``; return whether one did.

    Returns once all of them have ended: the others may still be at work.
    """
    inject = f"{point.call}:signal=KILL:when={point.number}"
    with tempfile.NamedTemporaryFile("r") as trace:
        _strace(["-f", "-e", f"trace={point.call}", "-e", f"inject={inject}", "-o", trace.name], command, env)
        return "+++ killed by SIGKILL +++" in trace.read()


def interrupted_at(point: Point, command: Sequence[str | Path], env: Mapping[str, str]) -> tuple[int, str]:
    """Run ``command``, and send SIGINT to it at ``point``, as Ctrl-C does; return its exit status and all it says."""
    inject = f"{point.call}:signal=INT:when={point.number}"
    strace = [need.command("strace"), "-qqq", "-o", os.devnull, "-e", f"trace={point.call}", "-e", f"inject={inject}"]
    done = subprocess.run(
        [*strace, "--", *command],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def at_each_call(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    prepare: Callable[[], None],
    touching: Sequence[str | Path],
    also: Sequence[str] = (),
) -> Iterator[Point]:
    """For each point of ``command``: ``prepare`` the files, run it, kill it there, and yield the point.

    The caller then looks at what is left.
    """
    prepare()
    reached = 0
    for point in points(command, env, touching, also):
        prepare()
        if point.worth and killed_at(point, command, env):
            reached += 1
            yield point
    assert reached, f"{command} was never killed"


def stopped_at(
    point: Point, command: Sequence[str | Path], env: Mapping[str, str], meanwhile: Callable[[], None]
) -> int | None:
    """Run ``command``, stop it right after ``point``, and let it continue once ``meanwhile`` has ended.

    Return its exit status, or None if it does not come to that point.
    """
    inject = f"{point.call}:signal=STOP:when={point.number}"
    strace = [need.command("strace"), "-qq", "-f", "-e", f"trace={point.call}", "-e", f"inject={inject}"]
    reader, writer = os.pipe()
    is_stopped = False
    with (
        subprocess.Popen(
            [*strace, "-o", f"/dev/fd/{writer}", "--", *command],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writer],
        ) as process,
        os.fdopen(reader, errors="replace") as trace,
    ):
        os.close(writer)
        for line in trace:
            if "--- stopped by SIGSTOP ---" in line:
                try:
                    if not is_stopped:
                        meanwhile()
                finally:
                    is_stopped = True
                    os.kill(int(line.split()[0]), signal.SIGCONT)
    return process.returncode if is_stopped else None


def _strace(
    options: list[str], command: Sequence[str | Path], env: Mapping[str, str], *, may_be_killed: bool = True
) -> None:
    done = subprocess.run(
        [need.command("strace"), "-qq", *options, "--", *command],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    if b"PTRACE" in done.stderr:
        need.missing("the permission to trace a program")
    assert may_be_killed or done.returncode == 0, done.stderr
