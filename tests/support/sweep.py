"""Looks for the fake AWS's secrets in all that a whole run of the tests says, shows in /proc and leaves in files.

While the tests run, ``observed`` notes what their processes say, and the arguments and environments that they have.
``python -m support.sweep FOLDER`` then greps all files below the run's folder, the notes among them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from docker_credential_ecrx.demo.fake_aws import MARK
from support import need
from support.secrets import shifts_of

# A login is ``AWS:`` and the password in base64, the password is JSON in base64, and the mark in that is in base64.
_LAYERS = 3
_POLL_SECONDS = 0.05
# Files that hold what a secret is for: keys that users, or the tests for them, give AWS's chain; the keyring of a
# backend of the tests'; an answer that a script asked for; and what other programs write without this one.
_RIGHTFUL = (
    *(
        "*/.aws/*",
        "*/AWS_SHARED_CREDENTIALS_FILE",
        "*/both*/home/d",
        "*/home/bin/give-keys",
        "*/home/keys-*",
        "*/home/elsewhere",
    ),
    "*/test_ignores_keys_of_boto_2_*/home/*",
    # The mark itself, in the fake AWS's own module.
    "*/demo/fake_aws/*",
    "*/backend.json",
    *("*/answer", "*/answers"),
    # What other ways to ECR leave, which docs/comparison.md says.
    *("*/.ecr/cache.json", "*/test_leaves_the_token_in_a_fil*", "*/test_pulls_without_a_call_to_a*"),
    "*/test_without_the_helper_*/home/.docker/config.json",
)
# The variables of AWS's own keys.
_OWN = (b"AWS_SECRET_ACCESS_KEY=", b"AWS_SESSION_TOKEN=", b"AWS_SECURITY_TOKEN=")
# Where an answer gives a client the secret that it asked for: docker's, and kubelet's.
_GIVEN = ("Secret", "auth")


def forms(mark: str) -> list[bytes]:
    """Return all that stands for a secret with this mark: the mark, and base64 of that, layer by layer."""
    found = layer = [mark.encode()]
    for _ in range(_LAYERS):
        layer = [encoded for form in layer for encoded in shifts_of(form)]
        found = found + layer
    return found


@contextmanager
def observed(folder: Path) -> Iterator[None]:
    """Note in files of ``folder`` what the processes say that are run meanwhile, and how they look."""
    folder.mkdir(parents=True, exist_ok=True)
    over = threading.Event()
    looking = threading.Thread(target=_look, args=(folder / f"looks-{os.getpid()}", over))
    popen = subprocess.Popen
    with (folder / f"outputs-{os.getpid()}").open("ab", buffering=0) as file:

        class Heard(subprocess.Popen[Any]):
            def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:  # noqa: A002, ANN401
                said = super().communicate(input, timeout)
                if isinstance(self.args, list) and "token" in self.args[1:]:
                    said_besides: tuple[Any, ...] = said[1:]  # stdout is what it was asked for
                else:
                    said_besides = said
                test = os.environ.get("PYTEST_CURRENT_TEST", "")
                file.write(b"\n".join([test.encode(), *map(_without_what_is_given, said_besides), b""]))
                return said

        subprocess.Popen = Heard  # type: ignore[misc]
        looking.start()
        try:
            yield
        finally:
            subprocess.Popen = popen  # type: ignore[misc]
            over.set()
            looking.join()


def _without_what_is_given(said: str | bytes | None) -> bytes:
    text = said.encode() if isinstance(said, str) else said or b""
    with suppress(ValueError):
        answer = json.loads(text)
        if isinstance(answer, Mapping):
            text = json.dumps({key: value for key, value in answer.items() if key not in _GIVEN}).encode()
    return text


def _look(path: Path, over: threading.Event) -> None:
    """Note the arguments and the environment of every process, whenever its arguments are new."""
    known: dict[str, bytes] = {}
    with path.open("ab", buffering=0) as file:
        while not over.wait(_POLL_SECONDS):
            for process in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - as in _read
                with suppress(OSError):  # it may have ended
                    arguments = _read(f"/proc/{process}/cmdline")
                    if known.get(process) != arguments:
                        known[process] = arguments
                        variables = _read(f"/proc/{process}/environ").split(b"\0")
                        file.write(b"\0".join([arguments, *(v for v in variables if not v.startswith(_OWN))]) + b"\n")


def _read(path: str) -> bytes:
    # Without pathlib, which takes five times as long: the tests wait for it.
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


def search(folder: Path, mark: str = MARK) -> tuple[list[str], int]:
    """Return the files below ``folder`` that hold a secret where none may be, and how many files there are."""
    count = sum(len(files) for _, _, files in os.walk(folder))
    canaries = folder / "canaries"
    canaries.mkdir()
    birds = {str(canaries / str(number)): form for number, form in enumerate(forms(mark))}
    for path, form in birds.items():
        Path(path).write_bytes(b"\0" + form)
    found = set(_grep(folder, list(birds.values())))
    shutil.rmtree(canaries)
    missed = [form for path, form in birds.items() if path not in found]
    if missed:
        message = f"grep does not find {missed}"
        raise AssertionError(message)
    return sorted(path for path in found - birds.keys() if not any(fnmatch(path, files) for files in _RIGHTFUL)), count


def _grep(folder: Path, texts: list[bytes]) -> list[str]:
    command = [
        need.command("grep"),
        "--recursive",
        "--text",
        "--files-with-matches",
        "--null",
        "--fixed-strings",
        "--file=-",
    ]
    done = subprocess.run(
        [*command, str(folder)],
        input=b"\n".join(texts),
        stdout=subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C"},
        check=False,
    )
    if done.returncode > 1:
        done.check_returncode()
    return os.fsdecode(done.stdout).split("\0")[:-1]


def places(note: Path, mark: str = MARK) -> list[str]:
    """Return which tests a note has a secret of, or which programs, with the variable or the argument's number."""
    wanted = forms(mark)
    found, test = [], ""
    for line in note.read_bytes().split(b"\n"):
        if line.startswith(b"tests/") and b"::" in line:
            test = line.decode(errors="replace")
        for number, part in enumerate(line.split(b"\0")):
            if any(form in part for form in wanted):
                program = os.fsdecode(line.split(b"\0")[0][:80]) if b"\0" in line else test
                name = variable[0].decode() if (variable := re.match(rb"[A-Z_]+(?==)", part)) else str(number)
                found.append(f"{program}: {name}")
    return sorted({*found})


def main() -> int:
    """Search the folder that is named; return 1 where a secret was found."""
    found, count = search(Path(sys.argv[1]))
    lines = [f"tests/run: {count} files, {len(found)} of them with a secret where none may be"]
    for path in found:
        lines += [path, *(f"  {place}" for place in places(Path(path)) if "/notes/" in path)]
    print(*lines, sep="\n  ")  # noqa: T201 - what it is for
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
