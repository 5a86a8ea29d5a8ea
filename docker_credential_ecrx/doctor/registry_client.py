"""A client for a registry's HTTPS API: the challenge, sign-in with a token, a manifest, and a layer's upload.

https://distribution.github.io/distribution/spec/api/

It connects as botocore does, with the CA bundle and the proxies that are configured for AWS.
"""

import base64
import json
import os
import shlex
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx import __version__
from docker_credential_ecrx.aws import proxies, proxy_rules, tls_errors
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError, Remedy
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.deadline import within

_CONNECT_SECONDS, _READ_SECONDS, _SECONDS = 3, 5, 9.0
_LONGEST_BODY = 1 << 16
UNAUTHORIZED = 401
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
_USER_AGENT = f"docker-credential-ecrx/{__version__}"
_LOOK_UP = "nslookup" if os.name == "nt" else "getent hosts"


class RegistryResponse(NamedTuple):
    """A registry's response; the names of ``headers`` are in lower case, and a long ``body`` is truncated."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Return whether the request succeeded."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's classes

    def error(self) -> tuple[str, str]:
        """Return the first error's code and message; each is empty if the registry does not state it."""
        try:
            first = json.loads(self.body)["errors"][0]
            return third_party.code(first["code"]), third_party.text(first.get("message", ""))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return "", ""


class Client:
    """A client of the registry ``host``; ``bundle`` is the file of certificates to trust, botocore's own if None.

    Every method returns the registry's response, whatever its status, and raises AwsError if there is none.
    """

    def __init__(self, host: str, bundle: str | None = None) -> None:
        self.host = host
        self._url = f"https://{host}/"
        timeout: Any = (_CONNECT_SECONDS, _READ_SECONDS)
        trusted: Any = bundle or True
        self._is_here = proxy_rules.is_loopback(self._url)
        self._session = URLLib3Session(trusted, get_environ_proxies(self._url), timeout)
        self._password = ""

    def challenge(self) -> RegistryResponse:
        """Request the API without a password: a registry responds 401 and says how to sign in.

        As the Docker engine does, it uses http for a registry on this machine that is not verified by TLS.
        """
        try:
            return self._request("GET", "/v2/")
        except AwsError as error:
            if not self._is_here or not isinstance(error.__cause__, exceptions.SSLError):
                raise
            self._url = f"http://{self.host}/"
            with suppress(AwsError):
                plain = self._request("GET", "/v2/")
                if plain.status == UNAUTHORIZED:
                    return plain
            raise

    def sign_in(self, password: str) -> RegistryResponse:
        """Request the API with ``password``, which later requests also use."""
        self._password = password
        return self._request("GET", "/v2/")

    def manifest(self, repository: str, reference: str) -> RegistryResponse:
        """Request an image's manifest; the response to a failure has its reason."""
        path = f"/v2/{repository}/manifests/{reference}"
        response = self._request("HEAD", path)  # whose body is empty
        return response if response.is_ok else self._request("GET", path)

    def start_upload(self, repository: str) -> RegistryResponse:
        """Start to upload a layer."""
        return self._request("POST", f"/v2/{repository}/blobs/uploads/")

    def cancel_upload(self, started: RegistryResponse) -> RegistryResponse:
        """Cancel the upload that ``start_upload`` started."""
        try:
            url = urljoin(self._url, started.headers.get("location", ""))
            target = third_party.text(urlsplit(url).hostname or "an invalid URL")
        except ValueError:
            url = target = "an invalid URL"
        # The password is not sent to another host, whatever the response says.
        if not url.startswith(f"{self._url}v2/"):
            raise AwsError(
                f"{self.host} redirects the upload to {target}", "check whether a proxy responds in its place"
            )
        return self._request("DELETE", url.removeprefix(self._url.rstrip("/")))

    def _request(self, method: str, path: str) -> RegistryResponse:
        headers = {"User-Agent": _USER_AGENT, "Accept": _MANIFESTS}
        if self._password:
            token = base64.b64encode(f"{ECR_USER}:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        request = AWSRequest(method, f"{self._url.rstrip('/')}{path}", headers, stream_output=True).prepare()

        def send() -> RegistryResponse:
            response: Any = self._session.send(request)
            found = {name.lower(): value for name, value in response.headers.items()}
            return RegistryResponse(response.status_code, found, response.raw.read(_LONGEST_BODY))

        with _translated(self.host):
            proxies.require_supported(request.url)
            return within(_SECONDS, send)


def _through(host: str) -> str:
    return proxy_rules.described(host, os.environ)


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Raise AwsError, with what to do next, if a request to ``host`` fails."""
    try:
        yield
    except exceptions.SSLError as error:
        raise _tls_error(host, error) from error
    except proxies.UnsupportedProxyError as error:
        raise AwsError(
            f"{error.variable} names a {error.scheme} proxy, which doctor cannot use for {host}",
            f"check {host} with docker pull, or list it in NO_PROXY",
        ) from error
    except proxies.InvalidProxyError as error:
        raise AwsError(
            f"{error.variable} is not valid, so doctor cannot use it for {host}",
            f"set {error.variable} to http://PROXY:PORT, with %XX for special characters of a password",
        ) from error
    except exceptions.ProxyConnectionError as error:
        proxy = proxy_rules.place(str(error.kwargs.get("proxy_url", "")))
        raise AwsError(
            f"the proxy {proxy} for {host} does not respond",
            f"check {proxy_rules.used_for(host, os.environ)[1]} and NO_PROXY, here and in the Docker engine",
        ) from error
    except exceptions.EndpointConnectionError as error:
        if isinstance(getattr(error.kwargs.get("error"), "reason", error.kwargs.get("error")), NameResolutionError):
            raise AwsError(
                f"the name {host} cannot be resolved",
                Remedy("check its spelling and DNS", f"{_LOOK_UP} {shlex.quote(host)}"),
            ) from error
        raise AwsError(
            f"cannot connect to {host}",
            Remedy(f"check the network{_through(host)}", f"curl -sS https://{host}/v2/"),
        ) from error
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError, TimeoutError) as error:
        raise AwsError(
            f"{host} does not respond",
            Remedy(
                f"check the VPC endpoint ecr.dkr, the firewall{_through(host)}",
                f"curl -sS --max-time 5 https://{host}/v2/",
            ),
        ) from error
    except Exception as error:
        raise _closed(host, error) from error


def _closed(host: str, error: Exception) -> AwsError:
    return AwsError(
        f"the connection to {host} was closed: {type(error).__name__}",
        Remedy(f"check the network{_through(host)}", f"curl -sS https://{host}/v2/"),
    )


def _tls_error(host: str, error: exceptions.SSLError) -> AwsError:
    cause = tls_errors.find_cause(error)
    if isinstance(cause, ssl.SSLEOFError):
        return _closed(host, cause)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.reason or type(cause).__name__
        return AwsError(
            f"the TLS handshake with {host} failed: {reason}",
            Remedy(f"check the network{_through(host)}", f"curl -sS https://{host}/v2/"),
        )
    return AwsError(
        f"the TLS certificate of {host} cannot be verified",
        "set AWS_CA_BUNDLE to the proxy's certificates, which the Docker engine must also trust",
    )
