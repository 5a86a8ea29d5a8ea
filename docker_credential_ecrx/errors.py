"""What can go wrong: one sentence each, with the command or the change that mends it."""

_LONGEST_LINE = 2000  # characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Remedy:
    """What the user can do about a failure: ``text`` in words, ``command`` as a shell line that does it, or both."""

    __slots__ = ("command", "text")

    def __init__(self, text: str = "", command: str = "") -> None:
        self.text = text
        self.command = command

    @property
    def arguments(self) -> "list[str]":
        """Return the command as a list of arguments, which is empty if there is no command."""
        import shlex  # a cached get has nothing to fix

        return shlex.split(self.command)

    def for_registry(self, host: str, region: str) -> "Remedy":
        """Return the remedy with a registry's host and region in place of HOST and REGION."""
        texts = (
            part.replace(" HOST", f" {host}").replace(" REGION", f" {region}") for part in (self.text, self.command)
        )
        return Remedy(*texts)

    def __repr__(self) -> str:
        return f"Remedy({self.text!r}, {self.command!r})"

    def __str__(self) -> str:
        """Return ``text: command``, or whichever of the two there is."""
        return ": ".join(part for part in (self.text, self.command) if part)


class EcrxError(Exception):
    """A failure that is reported to the user; most are of one of the kinds below.

    ``message`` says what failed and ``remedy`` what to do next.
    Neither ever holds a secret.
    """

    def __init__(self, message: str, remedy: "Remedy | str" = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = Remedy(remedy) if isinstance(remedy, str) else remedy

    @property
    def hint(self) -> str:
        """Return the remedy as text."""
        return str(self.remedy)

    def about(self, subject: str) -> "Self":
        """Return the error as one about ``subject``."""
        return self._with(f"{subject}: {self.message}", self.remedy)

    def of_registry(self, host: str, region: str) -> "Self":
        """Return the error with a registry's host and region in place of HOST and REGION in its remedy."""
        return self._with(self.message, self.remedy.for_registry(host, region))

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy)

    def __str__(self) -> str:
        """Return ``message; remedy`` in one printable line, without secrets."""
        from docker_credential_ecrx import log
        from docker_credential_ecrx.sanitizer import third_party  # a cached get has nothing to report

        said = log.redacted("; ".join(part for part in (self.message, self.hint) if part))
        return third_party.line(said, _LONGEST_LINE)


class RequestError(EcrxError):
    """Docker's request cannot be understood."""


class NotFoundError(EcrxError):
    """No credentials are kept for this host, and it is not an ECR registry that could be asked."""


class SettingsError(EcrxError):
    """The configuration file or an environment variable of ours is wrong."""


class ArgumentError(EcrxError):
    """What a command was given names nothing that there can be."""


class FileError(EcrxError):
    """A file that a command edits is not what it should be, or cannot be read or written."""


class AwsError(EcrxError):
    """AWS, or the way to it, refused or failed.

    ``codes`` is what another process, which waits for the same, can tell of it in words of its own: what failed, as
    ``failures.told_again`` reads it.
    """

    def __init__(self, message: str, remedy: "Remedy | str" = "", codes: "tuple[str, ...]" = ()) -> None:
        super().__init__(message, remedy)
        self.codes = codes

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy, self.codes)


class NoAwsCredentialsError(AwsError):
    """AWS's chain ended without any credentials."""


class UnreachableError(AwsError):
    """AWS does not answer, or the way to it is cut."""


class ClockError(AwsError):
    """AWS refuses what is signed here, because the clock here is ``ahead`` of its own by that many seconds."""

    def __init__(self, message: str, remedy: "Remedy | str" = "", ahead: float = 0.0) -> None:
        super().__init__(message, remedy, ("clock", f"ahead={ahead:.0f}"))
        self.ahead = ahead

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy, self.ahead)


class MfaCodeNeededError(AwsError):
    """The role wants an MFA code, which only a person has."""


class SignInNeededError(AwsError):
    """The person's sign-in to AWS is missing or has ended; the hint is the command that renews it."""


class KeyringError(EcrxError):
    """A keyring is there and failed."""


class KeyringUnavailableError(KeyringError):
    """A keyring is not available here: absent, forbidden, locked or silent."""
