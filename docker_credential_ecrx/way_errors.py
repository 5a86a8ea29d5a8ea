"""Turns what goes wrong before AWS answers into a reason and a remedy: the configuration, credentials, the network."""

import os
import re
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import botocore
from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx import credentials
from docker_credential_ecrx.credentials import Choose, Origin
from docker_credential_ecrx.errors import AwsError, one_line
from docker_credential_ecrx.identity import Identity, chain, files
from docker_credential_ecrx.limit import LateStartError

_LONGEST_WORD, _LONGEST_MESSAGE = 200, 400
_NETWORK = "check the network and the proxy, and try again"
STRANGE = "an answer from AWS cannot be understood"
CALLER = "aws sts get-caller-identity --region REGION"
IN_BETWEEN = "see what AWS_ENDPOINT_URL or a proxy answers"


class CredentialsError(Exception):
    """Credentials could not be had, for the reason that is its cause."""


class UnknownBotocoreError(Exception):
    """A botocore that cannot be kept from asking a person, who is not there, for an MFA code."""


class Facts(NamedTuple):
    """Whose call failed, and where their credentials come from; ``choose`` has another AWS profile make such calls."""

    identity: Identity
    environ: Mapping[str, str]
    origin: Origin
    choose: Choose


def facts_of(identity: Identity, environ: Mapping[str, str], choose: Choose | None = None) -> Facts:
    """Return what the environment and AWS's files say now; without ``choose`` the calls are those of a registry."""
    origin = credentials.origin_of(identity, environ)
    return Facts(identity, environ, origin, choose or credentials.choice(identity))


def refuse_pipes(identity: Identity, environ: Mapping[str, str]) -> None:
    """Raise AwsError where a file that AWS's SDK will read is a pipe: it would wait for a writer for ever."""
    for path in (*files(identity, environ), _ca_bundle(identity, environ)):
        try:
            is_pipe = stat.S_ISFIFO(Path(os.path.expanduser(os.path.expandvars(path))).stat().st_mode)  # noqa: PTH111 - raises nothing
        except (OSError, ValueError):
            continue
        if is_pipe:
            message = f"the AWS file {path} is a pipe, whose end may never come"
            raise AwsError(message, "name a regular file in its place")


def explain_way(error: Exception, facts: Facts) -> tuple[str, str]:  # noqa: C901, PLR0911 - a table
    """Return reason and remedy for what went wrong on the way to AWS, or before."""
    match error:
        case CredentialsError():
            return _credentials(error.__cause__, facts)
        case UnknownBotocoreError():
            return f"botocore {botocore.__version__} asks for MFA codes in a way that this program does not know", (
                "update docker-credential-ecrx, or install an older botocore"
            )
        case TimeoutError():
            return f"AWS gave {error}", _NETWORK
        case LateStartError(seconds=seconds):
            return f"it took {seconds:.0f} seconds to load what asks AWS, which left AWS little time", (
                "try again, and see what keeps the disk or the processor busy"
            )
        case exceptions.SSLError() | ssl.SSLError():
            return _tls(error, facts)
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return _network(error)
        case RuntimeError() if "still expired" in str(error):
            return "the AWS session has expired", facts.origin.renewal(of_session=True)
        case exceptions.BotoCoreError():
            return _configuration(error, facts)
        case ResponseParserError() | ValueError() | LookupError() | AttributeError() | TypeError() | RuntimeError():
            return STRANGE, IN_BETWEEN
        case OSError():
            place = f" {error.filename}" if error.filename else ""
            return f"a file that AWS needs cannot be read:{place} {error.strerror or type(error).__name__}", (
                "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the profile"
            )
    return f"asking AWS failed with {type(error).__name__}", _check(facts)


def _credentials(cause: object, facts: Facts) -> tuple[str, str]:
    """Return what it was that gave no credentials: most sources have an error of their own."""
    has_process = facts.origin.kind == "process"
    if has_process and isinstance(cause, TimeoutError):
        return f"its credential_process gave {cause}", facts.origin.renewal()
    if has_process and isinstance(cause, ValueError):
        return "the answer of its credential_process cannot be understood", facts.origin.renewal()
    if isinstance(cause, TimeoutError):
        return f"the source of the AWS credentials gave {cause}", _check(facts)
    return STRANGE, IN_BETWEEN


def _configuration(error: exceptions.BotoCoreError, facts: Facts) -> tuple[str, str]:  # noqa: C901, PLR0911 - a table
    kwargs, origin = error.kwargs, facts.origin
    match error:
        case exceptions.NoCredentialsError():
            return "there are no AWS credentials", credentials.nowhere(origin, facts.choose)
        case exceptions.ProfileNotFound():
            return _missing(str(kwargs.get("profile", origin.profile)), "", facts)
        case exceptions.InvalidConfigError() if origin.kind == "missing":
            return _missing(origin.profile, origin.named_by, facts)
        case exceptions.InvalidConfigError() if "must have credentials" in str(error):
            return f"the AWS profile {origin.profile} has no credentials", origin.renewal()
        case exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            return f"the AWS file {kwargs.get('path')} cannot be read", credentials.mending(kwargs)
        case exceptions.PartialCredentialsError():
            return f"the AWS credentials lack {kwargs.get('cred_var')}", origin.renewal()
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOError() | exceptions.TokenRetrievalError():
            return "the AWS SSO session is missing or has expired", f"aws sso login{origin.option}"
        case exceptions.LoginError():
            return "the AWS login session is missing or has expired", f"aws login{origin.option}"
        case exceptions.CredentialRetrievalError() if kwargs.get("provider") == "custom-process":
            return "its credential_process failed", origin.renewal()
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError():
            source = kwargs.get("provider", "the metadata service")
            return f"AWS credentials could not be had from {source}", origin.renewal()
        case (
            exceptions.InvalidConfigError()
            | exceptions.UnknownCredentialError()
            | exceptions.MissingDependencyException()
        ):
            return quoted(str(error)), "mend the profile in the AWS config file"
    return quoted(str(error)), _check(facts)


def _missing(name: str, named_by: str, facts: Facts) -> tuple[str, str]:
    hint = credentials.missing(name, named_by, facts.identity, facts.environ, facts.choose)
    return f"the AWS profile {name} does not exist", hint


def _network(error: exceptions.BotoCoreError) -> tuple[str, str]:
    cause = error.kwargs.get("error")
    match error:
        case exceptions.ProxyConnectionError():
            if isinstance(getattr(cause, "original_error", None), NameResolutionError):
                return "the name of the proxy cannot be resolved", "check HTTPS_PROXY and DNS"
            status = re.search(r"Tunnel connection failed: (\d{3}[\w -]*)", str(cause))
            if status:
                return f"the proxy refuses to pass it on ({status[1]})", "check HTTPS_PROXY and NO_PROXY"
            return "the proxy does not answer", "check HTTPS_PROXY and NO_PROXY"
        case exceptions.EndpointConnectionError() if isinstance(cause, NameResolutionError):
            return f"the name {_host(error)} cannot be resolved", "check DNS and HTTPS_PROXY"
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError() | exceptions.ReadTimeoutError():
            return f"{_host(error)} cannot be reached or does not answer", "check the network, DNS and HTTPS_PROXY"
    return "the connection to AWS broke", _NETWORK


def _tls(error: Exception, facts: Facts) -> tuple[str, str]:
    """Return reason and remedy where TLS failed with the CA bundle that the user chose, if any."""
    bundle, mend = _ca_bundle(facts.identity, facts.environ), "set AWS_CA_BUNDLE to a file of certificates, or unset it"
    if bundle and not os.access(os.path.expanduser(bundle), os.R_OK):  # noqa: PTH111
        return f"the CA bundle {bundle} cannot be read", mend
    if bundle and "NO_CERTIFICATE_OR_CRL_FOUND" in str(error):
        return f"the CA bundle {bundle} holds no certificates", mend
    return "the TLS certificate of AWS's endpoint cannot be verified", "check AWS_CA_BUNDLE and the clock"


def _ca_bundle(identity: Identity, environ: Mapping[str, str]) -> str:
    configured = next((value for _, key, value in chain(identity, environ) if key == "ca_bundle"), "")
    return environ.get("AWS_CA_BUNDLE") or configured or environ.get("REQUESTS_CA_BUNDLE", "")


def _check(facts: Facts) -> str:
    return f"see what AWS's own command says: {CALLER}{facts.origin.asked}"


def _host(error: exceptions.BotoCoreError) -> str:
    """Return the endpoint's host; its URL may hold a password."""
    return urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname or "AWS"


def quoted(text: str) -> str:
    """Return AWS's words, without any so long that it might be a token."""
    words = (word if len(word) <= _LONGEST_WORD else "…" for word in one_line(text).split())
    return " ".join(words)[:_LONGEST_MESSAGE].rstrip(".")
