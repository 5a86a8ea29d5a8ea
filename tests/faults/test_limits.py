"""The program with limits on its threads, memory and file descriptors: one line each, and never a traceback."""

import os
from collections.abc import Callable

import pytest
from faults.helpers import World, in_shell

from docker_credential_ecrx.system import shortage
from support import need
from support.home import Result

GET = 'exec "$get" get'


def line_of(found: Result) -> str:
    """Return the one line with which a get failed, on both streams."""
    assert (1, found.stdout, 1) == (found.status, found.stderr, found.stdout.count("\n")), found
    assert found.stdout.startswith("docker-credential-ecrx: ")
    return found.stdout


def lines(found: Result) -> bool:
    """Return whether a get answered, or failed with one line about a limit."""
    if found.status == 0:
        return bool(found.secret)
    return "ulimit" in line_of(found)


def test_no_threads_is_said(world: World) -> None:
    if os.getuid() != 0:
        need.missing("root, to be another user,")
    # Root has no limit on its threads; another user needs these rights to read the program and the home.
    rights = "+dac_override,+dac_read_search"
    user = [need.command("setpriv"), "--reuid=4299999", f"--inh-caps={rights}", f"--ambient-caps={rights}"]

    found = in_shell(world.home, GET, prefix=[*user, need.command("prlimit"), "--nproc=1"])

    assert "the process has no more threads or processes; raise its limit (ulimit -u)" in line_of(found)


@pytest.mark.parametrize("descriptors", range(4, 16))
def test_few_descriptors_are_said_or_suffice(world: World, descriptors: int) -> None:
    found = in_shell(world.home, f"ulimit -n {descriptors}; {GET}")

    if "Traceback" in found.stderr and "docker_credential_ecrx" not in found.stderr:
        return  # Python itself did not start
    assert lines(found), found


@pytest.mark.parametrize("megabytes", [40, 60, 80, 100, 140, 180])
def test_little_memory_is_said_or_suffices(world: World, megabytes: int) -> None:
    found = in_shell(world.home, f"ulimit -v {megabytes * 1024}; {GET}")

    if found.stderr and "docker-credential-ecrx: " not in found.stderr and "docker_credential_ecrx" not in found.stderr:
        return  # the interpreter itself did not start
    assert lines(found), found


def caused(error: Exception) -> Exception:
    """Return the failure of a fallback for what failed with ``error``."""
    fallback = ImportError("No module named '_pydecimal'", name="_pydecimal")
    fallback.__context__ = error
    return fallback


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (MemoryError(), "memory"),
        (OSError(12, "Cannot allocate memory"), "memory"),
        (OSError(24, "Too many open files"), "file descriptors"),
        (OSError(23, "Too many open files in system"), "file descriptors"),
        (BlockingIOError(11, "Resource temporarily unavailable"), "threads or processes"),
        (RuntimeError("can't start new thread"), "threads or processes"),
        (ImportError("libssl.so.3: failed to map segment from shared object", name="_ssl"), "memory"),
        (ImportError("libssl.so.3: cannot open shared object file: Too many open files", name="_ssl"), "file descrip"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda error: error, caused])
def test_shortage_is_recognized(error: Exception, name: str, wrap: Callable[[Exception], Exception]) -> None:
    found = shortage.behind(wrap(error))

    assert found is not None
    assert found[0].startswith(f"the process has no more {name}")


@pytest.mark.parametrize("error", [None, OSError(2, "No such file"), ImportError("No module"), RuntimeError("x")])
def test_other_failures_are_no_shortage(error: Exception | None) -> None:
    assert shortage.behind(error) is None
