"""The entry point: runs a verb that Docker sends, a request from kubelet, or a command that a person types."""

import os
import sys

from docker_credential_ecrx import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from docker_credential_ecrx.protocols.reply import Reply

# Ready, since what it reports may leave nothing to make it from; build/entry.py has the same.
LAST_RESORT = (
    b"docker-credential-ecrx: the program failed before it could say why, maybe for lack of memory, files or threads; "
    b"raise the limits of its process (ulimit -a)\n"
)
_OPTIONS = ("--help", "-h", "--version", "-v")
_INTERRUPTED = 130  # as shells report SIGINT


def run() -> "NoReturn":
    """Run one verb or command, and end the process with its exit status.

    The process ends without the interpreter's own shutdown, which takes a millisecond, and may end in a segmentation
    fault while another thread is in OpenSSL.
    """
    try:
        status = main()
    except (MemoryError, OSError, RuntimeError) as error:  # so early or so late that nothing reported it
        status = last_resort(error)
    except KeyboardInterrupt:  # while a command was loaded
        status = _write(2, "docker-credential-ecrx: interrupted\n") or _INTERRUPTED
    except SystemExit as error:  # raised by click and rich if stdout is closed
        status = error.code if isinstance(error.code, int) else 1
    os._exit(_flush() or status)


def last_resort(error: Exception) -> int:
    """Write a line about ``error``, as docker expects it, and a person once; return the exit status."""
    line = LAST_RESORT
    try:
        if not isinstance(error, MemoryError):
            from docker_credential_ecrx.system import installation

            said = installation.user_facing_error(error, "the program")
            line = f"docker-credential-ecrx: {said}\n".encode("utf-8", "backslashreplace")
    except Exception:  # noqa: BLE001, S110 - there is no memory, or descriptor, to find out
        pass
    for stream in (2,) if _is_same(1, 2) else (1, 2):
        os.write(stream, line)
    return 1


def _flush() -> int:
    """Write what the streams still hold; return 1 if that fails, and say so unless the reader has closed stdout."""
    status = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            status = 1
        except OSError as error:
            status = 1
            if stream is sys.stdout:
                _write(2, f"docker-credential-ecrx: cannot write the output: {error.strerror}\n")
    return status


def main() -> int:
    """Run one verb or command; return the exit status."""
    _reopen_closed_streams()
    arguments = sys.argv[1:]
    word = arguments[0] if arguments else ""
    if arguments == ["version"]:
        return _write(1, f"docker-credential-ecrx {__version__}\n")
    from docker_credential_ecrx.protocols import docker
    from docker_credential_ecrx.system import environment, hardening

    hardening.forbid()
    environment.unset_empty()
    if len(arguments) == 1 and word in (*docker.VERBS, "kubelet"):
        from docker_credential_ecrx.system.fast_stdlib import signal

        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C in docker ends this process without a traceback
        # Keep stdout for the reply: a keyring backend may print to it, and a child process may keep it open.
        stdout = os.dup(1)
        os.dup2(2, 1)
        try:
            reply = _reply(word)
        except BaseException:
            os.dup2(stdout, 1)  # build/entry.py reports the failure there
            raise
    else:
        is_command = word not in ("", *docker.VERBS, *_OPTIONS) or (word in _OPTIONS and len(arguments) == 1)
        if is_command or (not arguments and os.isatty(1)):
            if sys.stdout is None:  # it was closed, and what a command prints would be lost without an error
                sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            _interrupt_once()
            from docker_credential_ecrx import cli

            return cli.run(arguments, _serve_kubelet) if arguments else cli.run(["--help"], _serve_kubelet) or 2
        stdout = 1
        reply = docker.usage_error(word)
    _write(2, reply.stderr)
    if reply.status and reply.stderr.endswith(reply.stdout) and _is_same(2, stdout):
        return reply.status  # who reads one stream has read it on the other
    return _write(stdout, reply.stdout) or reply.status


def _interrupt_once() -> None:
    """Let the first Ctrl-C end a command, and ignore those that come while it ends, which would show a traceback."""
    from docker_credential_ecrx.system.fast_stdlib import signal

    is_interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal is_interrupted
        if not is_interrupted:
            is_interrupted = True
            raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def _reply(word: str) -> "Reply":
    """Return the reply to one of Docker's verbs or to kubelet's request."""
    from docker_credential_ecrx.protocols import docker
    from docker_credential_ecrx.protocols.reply import guarded

    if word != "kubelet":
        return docker.answer(word, sys.argv[0], os.environ, _read)
    reply = guarded(word, _answer_kubelet)
    if reply.status:
        reply.stdout = ""  # kubelet logs only stderr
    return reply


def _serve_kubelet() -> int:
    """Answer kubelet's request after the options of the command line have been set; return the exit status."""
    sys.argv[1:] = ["kubelet"]
    return main()


def _is_same(one: int, other: int) -> bool:
    """Return whether both streams are the same terminal, pipe or file; Windows does not say it of pipes."""
    if os.isatty(one) and os.isatty(other):
        return True
    status = os.fstat(one)
    return status.st_ino != 0 and os.path.samestat(status, os.fstat(other))


def _reopen_closed_streams() -> None:
    """Reopen closed standard streams on /dev/null: otherwise the next socket becomes stdout, and gets the reply."""
    for stream in (0, 1, 2):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # read-only, so that writing the reply there fails


def _answer_kubelet() -> "Reply":
    from docker_credential_ecrx.protocols import kubelet  # here, so that a failed import is reported in one line

    return kubelet.answer(sys.argv[0], os.environ, _read)


def _read() -> bytes:
    """Return all of stdin, or nothing if it is closed."""
    parts = []
    try:
        while part := os.read(0, 1 << 16):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def _write(stream: int, text: str) -> int:
    """Write all of ``text``; return the exit status, 1 if it cannot be written."""
    left = text.encode("utf-8", "backslashreplace")
    try:
        while left:
            left = left[os.write(stream, left) :]
    except OSError as error:
        if stream != 2:  # noqa: PLR2004 - stderr
            _write(2, f"docker-credential-ecrx: cannot write the reply: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    run()
