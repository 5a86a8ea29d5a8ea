"""Explains what botocore raises when AWS returned no error response: credentials, profiles, the network, TLS."""

import re
import ssl

import botocore
from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx.aws import (
    half_keys,
    input_errors,
    input_files,
    profile_hints,
    profiles,
    proxy_rules,
    role_settings,
    sso_sessions,
    tls_errors,
)
from docker_credential_ecrx.aws.caller import Caller
from docker_credential_ecrx.aws.credential_source import has_container
from docker_credential_ecrx.aws.default_chain import is_instance_ignored
from docker_credential_ecrx.aws.failures import client_error
from docker_credential_ecrx.aws.half_keys import HalfKey
from docker_credential_ecrx.aws.key_check import InvalidKeyError
from docker_credential_ecrx.aws.proxies import InvalidProxyError, UnsupportedProxyError
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.system.deadline import LateStartError, TimeLimitError

_EMPTY = "must have credentials"  # as botocore says it of a source profile
# As botocore's ProcessProvider begins what it says of the output; of a program that fails it repeats the stderr.
_NOT_CREDENTIALS = ("Unsupported version '", "Missing required key in response: ")
_NO_ROLE = "has no role ARN configured"  # as botocore says it of a web identity token
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
_FIPS = re.compile(r"(^|[.-])fips[.-]")


class CredentialsError(Exception):
    """No credentials could be retrieved; the cause says why."""


class UnknownBotocoreError(Exception):
    """The version of botocore cannot be kept from prompting for an MFA code."""


class MfaNeededError(Exception):
    """A role requires an MFA code, and botocore must not prompt for it."""


def explain(error: Exception, caller: Caller) -> AwsError:  # noqa: C901, PLR0911, PLR0912 - a table
    """Return ``error`` with its message and remedy."""
    match error:
        case MfaNeededError():
            return client_error("mfa", caller)
        case CredentialsError():
            return _credentials(error.__cause__, caller)
        case UnsupportedProxyError(variable=variable, scheme=scheme):
            return client_error("proxy-scheme", caller, variable=variable, scheme=scheme)
        case InvalidProxyError(variable=variable):
            return client_error("proxy-invalid", caller, variable=variable)
        case InvalidKeyError(part=part, character=""):
            return client_error(f"empty-{part}", caller)
        case InvalidKeyError(part=part, character=character):
            return client_error(f"invalid-{part}", caller, codepoint=f"U-{ord(character):04X}")
        case UnknownBotocoreError():
            return client_error("botocore", caller, version=botocore.__version__)
        case TimeLimitError():
            return _timeout(error, caller)
        case TimeoutError():
            return client_error("no-response", caller)
        case LateStartError(seconds=seconds):
            return client_error("late-start", caller, seconds=f"{seconds:.0f}")
        case exceptions.SSLError() | ssl.SSLError():
            return tls_errors.explain(error, _host(error), caller)
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return _network(error, caller)
        case RuntimeError() if "still expired" in str(error):
            return client_error("expired-session", caller)
        case exceptions.BotoCoreError():
            return _configuration(error, caller)
        case ResponseParserError():
            return client_error("invalid-response", caller)
        case ValueError() | LookupError() | AttributeError() | TypeError() | RuntimeError():
            problem = caller.call.problem or "invalid-response"
            return input_errors.explain(error, caller) or client_error(problem, caller)
        case OSError() if (found := input_errors.explain(error, caller)) is not None:
            return found
        case OSError():
            return client_error("file", caller, path=str(error.filename or ""), **input_errors.reason(error))
    return client_error("unknown", caller, name=type(error).__name__)


def _credentials(cause: object, caller: Caller) -> AwsError:
    """Return the error for a credential source that has no exception of its own."""
    has_process = caller.source.kind == "process"
    if isinstance(cause, TimeLimitError) and not cause.waiting_for:
        return client_error(
            "process-timeout" if has_process else "source-timeout", caller, seconds=f"{cause.seconds:g}"
        )
    return explain(cause, caller) if isinstance(cause, Exception) else _nothing(caller)


def _nothing(caller: Caller) -> AwsError:
    """Return the error if no source has credentials; botocore passes over a secret key without its ID."""
    env = caller.env
    has_half = caller.identity.profile is None and env.get("AWS_SECRET_ACCESS_KEY") and not env.get("AWS_ACCESS_KEY_ID")
    return client_error("no-key-id" if has_half else "no-credentials", caller)


def _timeout(error: TimeLimitError, caller: Caller) -> AwsError:
    # Without a request that was sent, it is this program that took the time.
    code = "timeout" if error.waiting_for else "late-start"
    return client_error(code, caller, host=error.waiting_for, seconds=f"{error.seconds:g}")


def _half_key(error: Exception, caller: Caller) -> HalfKey | None:
    is_lacking = isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError)
    return half_keys.find(caller.identity, caller.env) if is_lacking or _EMPTY in str(error) else None


def _configuration(error: exceptions.BotoCoreError, caller: Caller) -> AwsError:  # noqa: C901, PLR0911, PLR0912 - a table
    problem, unreadable = caller.call.problem, input_files.unreadable(Snapshot(caller.env))
    kwargs, source, said = error.kwargs, caller.source, {"said": str(error), "name": type(error).__name__}
    match error:
        case exceptions.NoCredentialsError() if role_settings.lacks_role(source.profile, caller.env):
            return client_error("no-role", caller)
        case exceptions.NoCredentialsError() if sso_sessions.lacks_account(source.profile, caller.env):
            return client_error("no-sso-account", caller)
        case exceptions.NoCredentialsError() if problem not in ("", "unreachable"):
            return client_error(problem, caller)
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError() if problem:
            return client_error(problem, caller)
        case (
            exceptions.NoCredentialsError()
            | exceptions.ProfileNotFound()
            | exceptions.InvalidConfigError()
            | exceptions.PartialCredentialsError()
        ) if unreadable:
            return client_error("forbidden-file", caller, path=unreadable, errno="EACCES")
        case _ if half := _half_key(error, caller):
            return client_error("half-key", caller, name=half.profile, setting=half.has, other=half.lacks)
        case exceptions.NoCredentialsError():
            return _nothing(caller)
        case exceptions.ProfileNotFound():
            return client_error("no-profile", caller, name=str(kwargs.get("profile", source.profile)))
        case exceptions.InvalidConfigError() if source.kind == "missing" or profile_hints.missing_profile(
            caller.identity, caller.env
        ):
            return client_error("no-profile", caller)
        case exceptions.InfiniteLoopConfigError():
            return client_error("source-loop", caller, name=str(kwargs.get("source_profile", "")))
        case exceptions.InvalidConfigError() if sso_sessions.find_lack(caller.identity, caller.env):
            return client_error("sso-session", caller)
        case exceptions.InvalidConfigError() if _NO_ROLE in str(error):
            return client_error("no-web-identity-role", caller, key="web_identity_token_file")
        case exceptions.InvalidConfigError() if _EMPTY in str(error):
            lacks_role = role_settings.lacks_role(source.profile, caller.env)
            lacks_account = sso_sessions.lacks_account(source.profile, caller.env)
            return client_error(
                "no-role" if lacks_role else "no-sso-account" if lacks_account else "empty-profile", caller
            )
        case exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            code, values = profiles.syntax_error(kwargs)
            return client_error(code, caller, **values)
        case exceptions.ParamValidationError() if key := role_settings.key_in(str(error)):
            return client_error("invalid-role", caller, key=key, **said)
        case exceptions.PartialCredentialsError() if source.kind == "no source":
            is_misspelled = role_settings.rename_source(source.profile, caller.env)
            return client_error("misspelled-source" if is_misspelled else "no-source", caller)
        case exceptions.PartialCredentialsError():
            return client_error("incomplete", caller, lacking=str(kwargs.get("cred_var", "")))
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOError() | exceptions.TokenRetrievalError():
            return client_error("sso", caller)
        case exceptions.LoginError():
            return client_error("login", caller)
        case exceptions.CredentialRetrievalError() if kwargs.get("provider") == "custom-process":
            is_invalid = str(kwargs.get("error_msg")).startswith(_NOT_CREDENTIALS)
            return client_error("process-invalid" if is_invalid else "process-failed", caller)
        case exceptions.CredentialRetrievalError() if source.kind == "instance" and is_instance_ignored(caller.env):
            return client_error("metadata-disabled", caller)
        case exceptions.CredentialRetrievalError() if source.kind == "container" and not has_container(caller.env):
            return client_error("no-container", caller)
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError():
            return client_error("source-failed", caller, source=str(kwargs.get("provider", "the metadata service")))
        case (
            exceptions.InvalidConfigError()
            | exceptions.UnknownCredentialError()
            | exceptions.MissingDependencyException()
        ):
            quoted = re.search('profile "([^"]+)"', str(error))
            profile = quoted[1] if quoted else source.profile
            return input_errors.explain(error, caller) or client_error(
                "invalid-profile", caller, profile=profile, **said
            )
    return input_errors.explain(error, caller) or client_error("invalid-configuration", caller, **said)


def _network(error: exceptions.BotoCoreError, caller: Caller) -> AwsError:
    cause, host = error.kwargs.get("error"), _host(error)
    match error:
        case exceptions.ProxyConnectionError():
            return _proxy(cause, proxy_rules.place(str(error.kwargs.get("proxy_url", ""))), caller)
        case exceptions.EndpointConnectionError() if isinstance(cause, NameResolutionError):
            return client_error("unresolved-fips" if _FIPS.search(host) else "unresolved", caller, host=host)
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
    if tls_errors.find_cause(cause) is not None:
        return client_error("proxy-handshake", caller, proxy=proxy)
    return client_error("proxy-unreachable", caller, proxy=proxy)


def _host(error: Exception) -> str:
    """Return the host among the exception's arguments."""
    return proxy_rules.host_of(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
