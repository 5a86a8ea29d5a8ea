"""As much of Windows as shows that code can be imported there: without POSIX' modules and without its part of os.

``python -m support.windows COMMAND...`` imports every module of the program like that, or runs pytest with arguments.
"""

import importlib
import os
import pkgutil
import sys
import types
from importlib.machinery import ModuleSpec

import pytest

_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
_OF_OS = [
    "chown",
    "fchown",
    "fork",
    "forkpty",
    "geteuid",
    "getegid",
    "getgid",
    "getgroups",
    "getpgid",
    "getuid",
    "initgroups",
    "killpg",
    "lchown",
    "mkfifo",
    "mknod",
    "nice",
    "openpty",
    "pathconf",
    "posix_fallocate",
    "posix_spawn",
    "setegid",
    "seteuid",
    "setgid",
    "setgroups",
    "setpgid",
    "setsid",
    "setuid",
    "sync",
    "uname",
    "wait3",
    "wait4",
    "O_CLOEXEC",
    "O_DIRECTORY",
    "O_NOFOLLOW",
    "O_NONBLOCK",
    "O_PATH",
    "O_TMPFILE",
    "getxattr",
    "setxattr",
    "listxattr",
]
_OF_SIGNAL = [
    "SIGALRM",
    "SIGHUP",
    "SIGKILL",
    "SIGQUIT",
    "SIGSTOP",
    "SIGCONT",
    "SIGUSR1",
    "SIGUSR2",
    "setitimer",
    "pthread_sigmask",
    "ITIMER_REAL",
]
_OF_SOCKET = ["AF_UNIX", "SO_PEERCRED"]
# What the program and its tests import, and what would take another way on Windows.
_OTHERS = [
    "_ctypes",
    "asyncio",
    "boto3",
    "botocore.session",
    "click",
    "http.server",
    "hypothesis",
    "keyring",
    "keyring.backends.SecretService",
    "multiprocessing.context",
    "rich.console",
    "subprocess",
    "tempfile",
    "urllib3",
    "yaml",
]
_OF_CTYPES = ["dlclose", "dlopen", "dlsym"]


class _Missing:
    """Finds none of the modules that Windows has not."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        del path, target
        if name.partition(".")[0] in _MODULES:
            message = f"No module named {name!r}"
            raise ModuleNotFoundError(message, name=name)
        return None


def pretend() -> None:
    """Make this process one of Windows for what is imported from now on, having imported what is others'."""
    for name in _OTHERS:
        importlib.import_module(name)
    for module, names in (("os", _OF_OS), ("signal", _OF_SIGNAL), ("socket", _OF_SOCKET), ("ctypes", _OF_CTYPES)):
        for here in (module, f"_{module}"):
            for name in names:
                vars(sys.modules.get(here, types.ModuleType(here))).pop(name, None)
    for name in _MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Missing)
    sys.modules["msvcrt"] = types.ModuleType("msvcrt")
    sys.platform = "win32"
    os.environ.pop("ECRX_TEST_FROZEN", None)


def main(arguments: list[str]) -> int:
    """Import all of the program, or run pytest with arguments, on what passes for Windows."""
    pretend()
    if arguments:
        # What is imported above cannot be rewritten.
        return pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", "--capture=sys", *arguments])
    package = importlib.import_module("docker_credential_ecrx")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)
        print(found.name)  # noqa: T201 - what the test reads
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
