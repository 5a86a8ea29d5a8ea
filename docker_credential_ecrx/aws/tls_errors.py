"""Explains failures of TLS: of the trusted certificates, of the host's certificate, and of the handshake as a whole."""

import errno
import os
import ssl

from urllib3.util.ssl_match_hostname import CertificateError

from docker_credential_ecrx.aws import trust
from docker_credential_ecrx.aws.caller import Caller
from docker_credential_ecrx.aws.failures import client_error
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import Snapshot

_NO_CERTIFICATE = "NO_CERTIFICATE_OR_CRL_FOUND"
# By OpenSSL's X509_V_ERR_ codes: not yet valid, expired, for another host name, for another IP address.
_CERTIFICATE_CODES = {9: "certificate-early", 10: "certificate-expired", 62: "certificate-name", 64: "certificate-name"}


def explain(error: Exception, host: str, caller: Caller) -> AwsError:
    """Return the error for TLS with ``host``, which may be due to the CA bundle that the user has configured."""
    trusted = trust.find(caller.identity, Snapshot(caller.env))
    try:
        if trusted.origin:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(os.path.expanduser(trusted.bundle))  # noqa: PTH111
    except ssl.SSLError as failure:
        code = "empty-bundle" if failure.reason == _NO_CERTIFICATE else "invalid-bundle"
        return client_error(code, caller, bundle=trusted.bundle, origin=trusted.origin)
    except OSError as failure:
        number = errno.errorcode.get(failure.errno or 0, "")
        values = {"bundle": trusted.bundle, "origin": trusted.origin, "errno": number}
        return client_error("unreadable-bundle", caller, **values)
    match find_cause(error):
        case ssl.SSLEOFError():
            return client_error("connection-closed", caller, host=host)
        case CertificateError():
            return client_error("certificate-name", caller, host=host)
        case ssl.SSLError(reason=reason) as cause if not isinstance(cause, ssl.SSLCertVerificationError):
            return client_error("handshake", caller, host=host, reason=reason or type(cause).__name__)
        case cause:
            code = _CERTIFICATE_CODES.get(getattr(cause, "verify_code", 0), "certificate")
            return client_error(code, caller, host=host)


def find_cause(error: object) -> ssl.SSLError | CertificateError | None:
    """Return OpenSSL's error inside those of urllib3 and botocore, or urllib3's own about the name, or None."""
    while isinstance(error, Exception) and not isinstance(error, ssl.SSLError | CertificateError):
        inner = getattr(error, "kwargs", {}).get("error") or getattr(error, "original_error", None)
        error = inner or next((one for one in error.args if isinstance(one, Exception)), None)
    return error if isinstance(error, ssl.SSLError | CertificateError) else None
