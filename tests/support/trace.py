"""What a program asks of the kernel, as strace sees it: files, folders, other programs, locks, sockets, keys."""

import itertools
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from support import need

# The root folder that the program runs in, seen from outside of it: tests/reach sets it.
_ROOT = os.environ.get("ECRX_TEST_ROOT", "\0")
_TRACED = "%file,%process,%network,flock,fcntl,ftruncate,fallocate,fchmod,fchown,fsync,keyctl,add_key,request_key"
_CALL = re.compile(r"(\w+)\((.*)\)\s+= ")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WITHIN = re.compile(r"\d+<([^>]*)>, ")  # strace -y: the folder of whose descriptor a path is relative
# Not a library: OpenSSL 1.1 looks everywhere for one of each section of a newer system's openssl.cnf.
_MODULE = re.compile(r"(?!lib\w+\.so$)(\w+)(\.[\w-]+)?\.(py|pyc|so)$")
# Python 3.14 has glibc look for the end of the stack, and libffi for itself, in what is mapped.
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$|/ld\.so\.\w+$|^/proc/(self|\d+)/maps$")

_OPENING = {"open", "openat", "openat2", "creat"}
_WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
_LOCKING = re.compile(r"F_(OFD_)?SETLKW?\b|F_SETLEASE")
# What looks, talks or ends; whatever else is asked of a path changes something.
_HARMLESS = re.compile(
    r"f?access(at2?)?|(new)?[lf]?stat(at)?(64)?|statx|f?statfs(64)?|getcwd|readlink(at)?|l?getxattr|fcntl|chdir|chroot"
    r"|clone3?|exit(_group)?|wait(4|id)|set_tid_address|arch_prctl"
    r"|socket(pair)?|get(sock|peer)name|[gs]etsockopt|shutdown|send(to|m?msg)|recv(from|m?msg)"
)


class Deeds(NamedTuple):
    """What a program did; every list is in the order of its calls, but for those of threads that run side by side."""

    read: list[str]  # files opened to be read
    written: list[str]  # files opened to be written, made if need be
    folders: list[str]  # folders that were listed
    programs: list[str]  # files that were executed
    processes: list[str]  # the calls that start another process
    locks: list[str]
    connected: list[str]  # the sockets' paths and addresses
    changes: list[str]  # every other call that a file or a folder may be changed by
    keys: list[str]  # what was asked of the kernel's keyrings


class Modules:
    """Which module is in a file: by the folders that the program imports from."""

    def __init__(self, program: Path, env: Mapping[str, str]) -> None:
        bundle = program.resolve().parent / "_internal"
        self.are_frozen = bundle.is_dir()
        if self.are_frozen:
            folders = [str(bundle), *map(str, bundle.glob("python3*/lib-dynload"))]
        else:
            python = program.resolve().with_name("python")
            ask: list[str | Path] = [python, "-P", "-c", "import json, sys; print(json.dumps(sys.path))"]
            folders = json.loads(subprocess.run(ask, env=dict(env), capture_output=True, check=True).stdout)
        # A folder may be in another one.
        self._folders = sorted((folder for folder in folders if folder), key=len, reverse=True)

    def in_file(self, path: str) -> str | None:
        """Return the dotted name of the module that ``path`` holds, or None."""
        match = _MODULE.match(Path(path).name)
        if match is None:
            return None
        for folder in self._folders:
            if path.startswith(f"{folder}/"):
                parts = [part for part in Path(path).relative_to(folder).parent.parts if part != "__pycache__"]
                return ".".join(parts if match[1] == "__init__" else [*parts, match[1]])
        return None

    def of(self, deeds: Deeds) -> set[str]:
        """Return the modules that were read."""
        return {module for path in deeds.read if (module := self.in_file(path))}

    def folders_of(self, deeds: Deeds) -> set[str]:
        """Return the folders of the modules that were read, which an import lists."""
        folders = {Path(path).parent for path in deeds.read if self.in_file(path)}
        return {str(folder.parent if folder.name == "__pycache__" else folder) for folder in folders}

    def beside(self, deeds: Deeds) -> list[str]:
        """Return the files that were read and hold neither a module nor a shared library."""
        return [path for path in deeds.read if self.in_file(path) is None and not _LIBRARY.search(path)]


def deeds_of(command: list[str | Path], stdin: str, env: Mapping[str, str]) -> tuple[str, Deeds]:
    """Run ``command``; return what it says on stdout, and what it and all that it starts did."""
    with tempfile.TemporaryDirectory() as folder:
        strace = [
            need.command("strace"),
            "-qq",
            "-ff",
            "-y",
            "-s",
            "4096",
            "-o",
            f"{folder}/trace",
            "-e",
            f"trace={_TRACED}",
        ]
        done = subprocess.run(
            [*strace, "--", *command],
            input=stdin.encode(),
            env=dict(env),
            capture_output=True,
            timeout=120,
            check=False,
        )
        if b"PTRACE" in done.stderr:
            need.missing("the permission to trace a program")
        assert (0, b"") == (done.returncode, done.stderr), done.stderr.decode(errors="replace")
        # Each thread has a file of its own.
        texts = [path.read_text().replace(_ROOT, "") for path in sorted(Path(folder).iterdir())]
        lines = [line for text in texts for line in text.splitlines()]
    deeds = Deeds(*([] for _ in Deeds._fields))
    for line in lines:
        match = _CALL.match(line)
        if match is not None:
            _sort(deeds, match[1], match[2])
    return done.stdout.decode(), deeds


def kills(run: Callable[[list[str]], "subprocess.CompletedProcess[bytes]"], *calls: str) -> Iterator[tuple[str, int]]:
    """Kill a program at its first call of each of ``calls``, then at its second, and so on; yield each.

    ``run`` runs it, with the beginning of the command that it is given.
    It is dead when a call is yielded; at each kind's last the program has done all that it does.
    """
    for call in calls:
        for number in itertools.count(1):
            strace = [need.command("strace"), "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
            done = run([*strace, "-e", f"inject={call}:signal=KILL:when={number}"])
            if b"PTRACE" in done.stderr:
                need.missing("the permission to trace a program")
            assert done.returncode in {0, -signal.SIGKILL}, done.stderr
            yield call, number
            if done.returncode == 0:
                break


def _sort(deeds: Deeds, call: str, arguments: str) -> None:
    """Put one call where it belongs."""
    path = match[1] if (match := _PATH.search(arguments)) else ""
    if call in _OPENING:
        path = str(Path(within[1], path)) if (within := _WITHIN.match(arguments)) else path
        if call == "creat" or _WRITING.search(arguments):
            deeds.written.append(path)
        elif "O_DIRECTORY" in arguments:
            deeds.folders.append(path)
        else:
            deeds.read.append(path)
    elif call in ("execve", "execveat"):
        deeds.programs.append(path)
    elif call in ("fork", "vfork") or (call in ("clone", "clone3") and "CLONE_THREAD" not in arguments):
        deeds.processes.append(call)
    elif call == "flock" or (call == "fcntl" and _LOCKING.search(arguments)):
        deeds.locks.append(f"{call}({arguments})")
    elif call == "connect":
        deeds.connected.append(path)
    elif call in ("keyctl", "add_key", "request_key"):
        deeds.keys.append(arguments.partition(",")[0] if call == "keyctl" else call)
    elif not _HARMLESS.fullmatch(call):
        deeds.changes.append(f"{call}({arguments})")
