"""Explains what botocore raises when AWS returned no error response: credentials, profiles, the network, TLS."""

import errno
import os
import re
import ssl
from urllib.parse import urlsplit

import botocore
from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx.aws import profiles
from docker_credential_ecrx.aws.failures import Caller, client_error
from docker_credential_ecrx.aws.input_files import ca_bundle
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.system.deadline import LateStartError, TimeLimitError


class CredentialsError(Exception):
    """No credentials could be retrieved; the cause says why."""


class UnknownBotocoreError(Exception):
    """The version of botocore cannot be kept from prompting for an MFA code."""


class MfaNeededError(Exception):
    """A role requires an MFA code, and botocore must not prompt for it."""


def explain(error: Exception, caller: Caller) -> AwsError:  # noqa: C901, PLR0911 - a table
    """Return ``error`` with its message and remedy."""
    match error:
        case MfaNeededError():
            return client_error("mfa", caller)
        case CredentialsError():
            return _credentials(error.__cause__, caller)
        case UnknownBotocoreError():
            return client_error("botocore", caller, version=botocore.__version__)
        case TimeLimitError():
            return _timeout(error, caller)
        case TimeoutError():
            return client_error("no-response", caller)
        case LateStartError(seconds=seconds):
            return client_error("late-start", caller, seconds=f"{seconds:.0f}")
        case exceptions.SSLError() | ssl.SSLError():
            return _tls(error, caller)
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return _network(error, caller)
        case RuntimeError() if "still expired" in str(error):
            return client_error("expired-session", caller)
        case exceptions.BotoCoreError():
            return _configuration(error, caller)
        case ResponseParserError() | ValueError() | LookupError() | AttributeError() | TypeError() | RuntimeError():
            return client_error("invalid-response", caller)
        case OSError():
            path, number = str(error.filename or ""), errno.errorcode.get(error.errno or 0, "")
            unnumbered = {} if number else {"strerror": type(error).__name__}
            return client_error("file", caller, path=path, errno=number, **unnumbered)
    return client_error("unknown", caller, name=type(error).__name__)


def _credentials(cause: object, caller: Caller) -> AwsError:
    """Return the error for a credential source that has no exception of its own."""
    has_process = caller.source.kind == "process"
    if isinstance(cause, TimeLimitError) and not cause.waiting_for:
        return client_error(
            "process-timeout" if has_process else "source-timeout", caller, seconds=f"{cause.seconds:g}"
        )
    if isinstance(cause, TimeoutError):
        return explain(cause, caller)
    return client_error(
        "process-invalid" if has_process and isinstance(cause, ValueError) else "invalid-response", caller
    )


def _timeout(error: TimeLimitError, caller: Caller) -> AwsError:
    return client_error("timeout", caller, host=error.waiting_for, seconds=f"{error.seconds:g}")


def _configuration(error: exceptions.BotoCoreError, caller: Caller) -> AwsError:  # noqa: C901, PLR0911 - a table
    kwargs, source, said = error.kwargs, caller.source, {"said": str(error), "name": type(error).__name__}
    match error:
        case exceptions.NoCredentialsError():
            return client_error("no-credentials", caller)
        case exceptions.ProfileNotFound():
            return client_error("no-profile", caller, name=str(kwargs.get("profile", source.profile)))
        case exceptions.InvalidConfigError() if source.kind == "missing":
            return client_error("no-profile", caller)
        case exceptions.InvalidConfigError() if "must have credentials" in str(error):
            return client_error("empty-profile", caller)
        case exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            path, line = str(kwargs.get("path", "")), profiles.broken_line(kwargs)
            return client_error("unreadable-line" if line else "unreadable-file", caller, path=path, line=line)
        case exceptions.PartialCredentialsError():
            return client_error("incomplete", caller, lacking=str(kwargs.get("cred_var", "")))
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOError() | exceptions.TokenRetrievalError():
            return client_error("sso", caller)
        case exceptions.LoginError():
            return client_error("login", caller)
        case exceptions.CredentialRetrievalError() if kwargs.get("provider") == "custom-process":
            return client_error("process-failed", caller)
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError():
            return client_error("source-failed", caller, source=str(kwargs.get("provider", "the metadata service")))
        case (
            exceptions.InvalidConfigError()
            | exceptions.UnknownCredentialError()
            | exceptions.MissingDependencyException()
        ):
            return client_error("invalid-profile", caller, **said)
    return client_error("invalid-configuration", caller, **said)


def _network(error: exceptions.BotoCoreError, caller: Caller) -> AwsError:
    cause, host = error.kwargs.get("error"), _host(error, "endpoint_url")
    match error:
        case exceptions.ProxyConnectionError():
            return _proxy(cause, _host(error, "proxy_url"), caller)
        case exceptions.EndpointConnectionError() if isinstance(cause, NameResolutionError):
            return client_error("unresolved", caller, host=host)
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError():
            return client_error("unreachable", caller, host=host)
        case exceptions.ReadTimeoutError():
            return client_error("no-response", caller, host=host)
    return client_error("connection-closed", caller, host=host)


def _proxy(cause: object, proxy: str, caller: Caller) -> AwsError:
    if isinstance(getattr(cause, "original_error", None), NameResolutionError):
        return client_error("proxy-unresolved", caller, proxy=proxy)
    refused = re.search(r"Tunnel connection failed: (\d{3})", str(cause))
    if refused:
        return client_error("proxy-refused", caller, proxy=proxy, status=refused[1])
    return client_error("proxy-unreachable", caller, proxy=proxy)


def _tls(error: Exception, caller: Caller) -> AwsError:
    """Return the error for TLS, which may be due to the CA bundle that the user has configured."""
    bundle = ca_bundle(caller.identity, caller.env)
    if bundle and not os.access(os.path.expanduser(bundle), os.R_OK):  # noqa: PTH111
        return client_error("unreadable-bundle", caller, bundle=bundle)
    if bundle and "NO_CERTIFICATE_OR_CRL_FOUND" in str(error):
        return client_error("empty-bundle", caller, bundle=bundle)
    return client_error("certificate", caller, host=_host(error, "endpoint_url"))


def _host(error: Exception, name: str) -> str:
    """Return the host of a URL among the exception's arguments, or an empty text: the URL may contain a password.

    If that is not escaped, the host may be a part of it.
    """
    try:
        url = urlsplit(str(getattr(error, "kwargs", {}).get(name, "")))
        _ = url.port  # raises ValueError if it is no number
    except ValueError:
        return ""
    return "" if "@" in f"{url.path}{url.query}{url.fragment}" else url.hostname or ""
