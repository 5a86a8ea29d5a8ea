"""The front door: a verb that docker sends, a request of kubelet's, or a command that a person types."""

import os
import sys

from docker_credential_ecrx import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from docker_credential_ecrx.protocols.docker import Reply

_OPTIONS = ("--help", "-h", "--version", "-v")


def run() -> "NoReturn":
    """Run one verb or command, and end the process with its exit status.

    All is written then. To take the interpreter down as well would take a millisecond; and where a thread is in
    OpenSSL still, that may end with a segmentation fault.
    """
    try:
        status = main()
    except SystemExit as error:  # click's and rich's, where nobody reads
        status = error.code if isinstance(error.code, int) else 1
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:  # nobody reads it
        status = 1
    os._exit(status)


def main() -> int:
    """Run one verb or command; return the exit status."""
    _fill_streams()
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
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # docker's Ctrl-C ends this without a word
        # Nobody but the answer goes to stdout: neither what a keyring's backend prints nor a child that lives on.
        stdout = os.dup(1)
        os.dup2(2, 1)
        try:
            reply = _reply(word)
        except BaseException:
            os.dup2(stdout, 1)  # where it is told what has failed
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
        return reply.status  # a person who sees both streams has read it
    return _write(stdout, reply.stdout) or reply.status


def _reply(word: str) -> "Reply":
    """Return the reply to a verb of docker's or to kubelet's request."""
    from docker_credential_ecrx.protocols import docker

    if word != "kubelet":
        return docker.answer(word, sys.argv[0], os.environ, _read)
    reply = docker.guarded(word, _answer_kubelet)
    if reply.status:
        reply.stdout = ""  # kubelet logs stderr
    return reply


def _fill_streams() -> None:
    """Give the streams that the caller closed to nobody: else the next socket would be stdout, and get the answer."""
    for stream in (0, 1, 2):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number; and what is written there fails


def _answer_kubelet() -> "Reply":
    from docker_credential_ecrx.protocols import kubelet  # here, where it is told in one line that it cannot be loaded

    return kubelet.answer(sys.argv[0], os.environ, _read)


def _read() -> bytes:
    """Return all of stdin; a closed one is empty."""
    parts = []
    try:
        while part := os.read(0, 1 << 16):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def _write(stream: int, text: str) -> int:
    """Write ``text`` whole; return the exit status, 1 where nobody reads it."""
    left = text.encode("utf-8", "backslashreplace")
    try:
        while left:
            left = left[os.write(stream, left) :]
    except OSError as error:
        if stream != 2:  # noqa: PLR2004 - stderr
            _write(2, f"docker-credential-ecrx: the answer cannot be written: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    run()
