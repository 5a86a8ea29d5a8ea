"""Which certificate authorities are trusted for AWS's endpoints: the user's file, the system's, or certifi's.

The order begins as botocore's does, which knows neither curl's nor OpenSSL's variables, nor the system's store
(aws-cli#8417, aws-cli#9017).
"""

import os
import sys

from docker_credential_ecrx.identity.aws_profiles import normalized
from docker_credential_ecrx.identity.model import Identity, first_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.identity.aws_profiles import Snapshot

# The files of Debian, Fedora and RHEL 6, SUSE, OpenELEC, RHEL 7 and Amazon Linux, Alpine, FreeBSD, as in Go's
# crypto/x509/root_linux.go and root_bsd.go.
_SYSTEM_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/openssl/certs/ca-certificates.crt",
)


class Trust:
    """The ``bundle``, a path of a PEM file, and the ``origin`` of its name, a variable or a profile's setting.

    Without an origin it is the system's; if both are empty, it is the one that botocore comes with.
    """

    __slots__ = ("bundle", "origin")

    def __init__(self, bundle: str = "", origin: str = "") -> None:
        self.bundle = bundle
        self.origin = origin


def find(identity: "Identity | None", snapshot: "Snapshot") -> Trust:
    """Return what is trusted for the calls of ``identity``; the first that is set counts, whether it exists or not."""
    env = snapshot.env
    named = [Trust(env.get("AWS_CA_BUNDLE", ""), "AWS_CA_BUNDLE"), *_of_profile(identity or Identity(), snapshot)]
    later = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    named.extend(Trust(env.get(variable, ""), variable) for variable in later)
    return next((trust for trust in named if trust.bundle), None) or Trust(_system_store())


def directories(trusted: Trust, env: "Mapping[str, str]") -> tuple[str, ...]:
    """Return the folders of certificates that are trusted beside what ``find`` returned.

    As for OpenSSL, SSL_CERT_DIR adds to the file that is trusted by default, or that SSL_CERT_FILE names; what names a
    bundle for AWS's endpoints names all that they may be verified with.
    """
    if trusted.origin not in ("", "SSL_CERT_FILE"):
        return ()
    return tuple(filter(None, env.get("SSL_CERT_DIR", "").split(os.pathsep)))


def _of_profile(identity: Identity, snapshot: "Snapshot") -> list[Trust]:
    """Return what the identity's own profile names; another one's in its chain does not count."""
    name = first_profile(identity, snapshot.env)
    sections = (normalized(name), "DEFAULT")
    found = {section: value for section, key, value in snapshot.chain(identity) if key == "ca_bundle"}
    return [Trust(found.get(section, ""), f"ca_bundle in profile {name}") for section in sections]


def _system_store() -> str:
    """Return the path of the system's file of certificates; macOS and Windows have theirs elsewhere."""
    if sys.platform in ("darwin", "win32"):
        return ""
    return next((path for path in _SYSTEM_STORES if os.access(path, os.R_OK) and os.path.getsize(path)), "")  # noqa: PTH202
