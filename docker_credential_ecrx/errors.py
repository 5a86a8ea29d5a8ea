"""What can go wrong: one sentence each, with the command or the change that mends it."""

_LONGEST_LINE = 2000  # characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class EcrxError(Exception):
    """A failure that a user is told of; most are of one of the kinds below.

    ``message`` says what failed and ``hint`` what to do next.
    Neither ever holds a secret.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def about(self, subject: str) -> "Self":
        """Return the error as one about ``subject``."""
        return self._saying(f"{subject}: {self.message}", self.hint)

    def of_registry(self, host: str, region: str) -> "Self":
        """Return the error with a registry's host and region in the place of HOST and REGION in its hint."""
        return self._saying(self.message, self.hint.replace(" HOST", f" {host}").replace(" REGION", f" {region}"))

    def _saying(self, message: str, hint: str) -> "Self":
        return type(self)(message, hint)

    def __str__(self) -> str:
        """Return both in one printable line; what others said in it has come through their door before."""
        from docker_credential_ecrx import log
        from docker_credential_ecrx.sanitizer import third_party  # a cached get has nothing to tell

        said = log.redacted(f"{self.message}; {self.hint}" if self.hint else self.message)
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

    def __init__(self, message: str, hint: str = "", codes: "tuple[str, ...]" = ()) -> None:
        super().__init__(message, hint)
        self.codes = codes

    def _saying(self, message: str, hint: str) -> "Self":
        return type(self)(message, hint, self.codes)


class NoAwsCredentialsError(AwsError):
    """AWS's chain ended without any credentials."""


class UnreachableError(AwsError):
    """AWS does not answer, or the way to it is cut."""


class ClockError(AwsError):
    """AWS refuses what is signed here, because the clock here is ``ahead`` of its own by that many seconds."""

    def __init__(self, message: str, hint: str = "", ahead: float = 0.0) -> None:
        super().__init__(message, hint, ("clock", f"ahead={ahead:.0f}"))
        self.ahead = ahead

    def _saying(self, message: str, hint: str) -> "Self":
        return type(self)(message, hint, self.ahead)


class MfaCodeNeededError(AwsError):
    """The role wants an MFA code, which only a person has."""


class SignInNeededError(AwsError):
    """The person's sign-in to AWS is missing or has ended; the hint is the command that renews it."""


class KeyringError(EcrxError):
    """A keyring is there and failed."""


class KeyringUnavailableError(KeyringError):
    """A keyring is not available here: absent, forbidden, locked or silent."""
