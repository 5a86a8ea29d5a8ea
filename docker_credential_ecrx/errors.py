"""The errors that are reported to the user, and the remedies that they carry."""

_LONGEST_LINE = 2000  # characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Remedy:
    """What the user can do about a failure: ``text`` in words, ``command`` as a shell command line, or both."""

    __slots__ = ("command", "text")

    def __init__(self, text: str = "", command: str = "") -> None:
        self.text = text
        self.command = command

    @property
    def arguments(self) -> "list[str]":
        """Return the command as a list of arguments, which is empty if there is no command."""
        import shlex  # a cached get runs no remedy

        return shlex.split(self.command)

    def prefixed(self, text: str) -> "Remedy":
        """Return the remedy with ``text`` before its own text."""
        return Remedy(": ".join(part for part in (text, self.text) if part), self.command)

    def for_registry(self, host: str, region: str) -> "Remedy":
        """Return the remedy with a registry's host and region instead of HOST and REGION."""
        import shlex

        text = self.text.replace(" HOST", f" {host}").replace(" REGION", f" {region}")
        # The region may come from the AWS config file, which may contain anything.
        command = self.command.replace(" HOST", f" {host}").replace(" REGION", f" {shlex.quote(region)}")
        return Remedy(text, command)

    def __repr__(self) -> str:
        return f"Remedy({self.text!r}, {self.command!r})"

    def __str__(self) -> str:
        """Return ``text: command``, or the one that is not empty."""
        return ": ".join(part for part in (self.text, self.command) if part)


class EcrxError(Exception):
    """A failure that is reported to the user; most have one of the types below.

    ``message`` says what failed and ``remedy`` what to do next.
    Neither ever contains a secret.
    """

    def __init__(self, message: str, remedy: "Remedy | str" = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = Remedy(remedy) if isinstance(remedy, str) else remedy

    def about(self, subject: str) -> "Self":
        """Return the error with ``subject`` before its message."""
        return self._with(f"{subject}: {self.message}", self.remedy)

    def of_registry(self, host: str, region: str) -> "Self":
        """Return the error with a registry's host and region instead of HOST and REGION in its remedy."""
        return self._with(self.message, self.remedy.for_registry(host, region))

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy)

    def __str__(self) -> str:
        """Return ``message; remedy`` as one printable line without secrets."""
        from docker_credential_ecrx import log
        from docker_credential_ecrx.sanitizer import third_party  # a cached get has nothing to report

        text = log.redacted("; ".join(filter(None, (self.message, str(self.remedy)))))
        return third_party.line(text, _LONGEST_LINE)


class RequestError(EcrxError):
    """Docker's request is not valid."""


class NotFoundError(EcrxError):
    """No credentials are stored for this host, and AWS provides none."""


class SettingsError(EcrxError):
    """``config.toml`` or one of the ``ECRX_*`` environment variables is not valid."""


class ArgumentError(EcrxError):
    """An argument of a command is not valid."""


class FileError(EcrxError):
    """A file that a command edits is not valid, or cannot be read or written."""


class AwsError(EcrxError):
    """A call to AWS failed.

    ``codes`` describe the failure to another process that waits for the same token: ``failures.from_codes`` makes the
    error from them again.
    """

    def __init__(self, message: str, remedy: "Remedy | str" = "", codes: "tuple[str, ...]" = ()) -> None:
        super().__init__(message, remedy)
        self.codes = codes

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy, self.codes)


class NoAwsCredentialsError(AwsError):
    """AWS's credential chain found no credentials."""


class UnreachableError(AwsError):
    """AWS cannot be reached or does not respond."""


class ClockError(AwsError):
    """AWS refuses the signature, because the system clock is ``ahead`` of AWS's clock by that many seconds."""

    def __init__(self, message: str, remedy: "Remedy | str" = "", ahead: float = 0.0) -> None:
        super().__init__(message, remedy, ("clock", f"ahead={ahead:.0f}"))
        self.ahead = ahead

    def _with(self, message: str, remedy: Remedy) -> "Self":
        return type(self)(message, remedy, self.ahead)


class MfaCodeNeededError(AwsError):
    """The role requires an MFA code, which only a person can enter."""


class SignInNeededError(AwsError):
    """The user's sign-in session is missing or has expired; the remedy's command signs in again."""


class KeyringError(EcrxError):
    """A keyring failed."""


class KeyringUnavailableError(KeyringError):
    """A keyring is not available: it is missing, forbidden or locked, or it does not respond."""
