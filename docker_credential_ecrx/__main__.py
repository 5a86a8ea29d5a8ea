"""The entry point: runs a verb that Docker sends, a request from kubelet, or a command that a person types."""

import os
import sys

from docker_credential_ecrx import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from docker_credential_ecrx.protocols.reply import Reply

_OPTIONS = ("--help", "-h", "--version", "-v")


def run() -> "NoReturn":
    """Run one verb or command, and end the process with its exit status.

    The process ends without the interpreter's own shutdown, which takes a millisecond, and may end in a segmentation
    fault while another thread is in OpenSSL.
    """
    try:
        status = main()
    except SystemExit as error:  # raised by click and rich if stdout is closed
        status = error.code if isinstance(error.code, int) else 1
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:  # the reader has closed it
        status = 1
    os._exit(status)


def main() -> int:
    """Run one verb or command; return the exit status."""
    _reopen_closed_streams()
    arguments = sys.argv[1:]
    word = arguments[0] if arguments else ""
    if arguments == ["version"]:
        return _write(1, f"docker-credential-ecrx {__version__}\n")
    from docker_credential_ecrx.protocols import docker
    from docker_credential_ecrx.system import hardening

    hardening.forbid()
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
        from docker_credential_ecrx import cli

        if word in cli.NAMES or (len(arguments) == 1 and word in _OPTIONS):
            return cli.run(arguments)
        if not arguments and os.isatty(1):
            return cli.run(["--help"]) or 1
        stdout = 1
        reply = docker.usage_error(arguments)
    _write(2, reply.stderr)
    if reply.status and os.isatty(2) and os.isatty(stdout):
        return reply.status  # a person sees both streams, and has read it on stderr
    return _write(stdout, reply.stdout) or reply.status


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
