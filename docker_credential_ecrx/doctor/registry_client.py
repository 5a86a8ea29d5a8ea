"""Speaks to a registry over HTTPS: its challenge, whether it takes a token, a manifest, and a layer's upload.

https://distribution.github.io/distribution/spec/api/

The way there is botocore's: the CA bundle and the proxies that lead to AWS lead to the registry.
"""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx import __version__
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.deadline import within

_CONNECT_SECONDS, _READ_SECONDS, _SECONDS = 3, 5, 9.0
_LONGEST_ANSWER = 1 << 16
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
_USER_AGENT = f"docker-credential-ecrx/{__version__}"


class RegistryResponse(NamedTuple):
    """A registry's answer; the names of ``headers`` are in lower case, and a long ``body`` is cut."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_well(self) -> bool:
        """Return whether the registry did what was asked for."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's classes

    def error(self) -> tuple[str, str]:
        """Return the first error's code and message, as far as the registry tells them."""
        try:
            first = json.loads(self.body)["errors"][0]
            return third_party.code(first["code"]), third_party.text(first.get("message", ""))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return "", ""


class Client:
    """Who asks the registry ``host``; ``bundle`` is the file of certificates to trust, botocore's own if None.

    Every method raises AwsError where the registry cannot be reached, and returns its answer, whatever that is.
    """

    def __init__(self, host: str, bundle: str | None = None) -> None:
        self.host = host
        self._url = f"https://{host}/"
        timeout: Any = (_CONNECT_SECONDS, _READ_SECONDS)
        trusted: Any = bundle or True
        self._session = URLLib3Session(trusted, get_environ_proxies(self._url), timeout)
        self._password = ""

    def challenge(self) -> RegistryResponse:
        """Ask without a password: a registry answers 401 and says how to sign in."""
        return self._ask("GET", "/v2/")

    def sign_in(self, password: str) -> RegistryResponse:
        """Ask with ``password``, here and from now on."""
        self._password = password
        return self._ask("GET", "/v2/")

    def manifest(self, repository: str, reference: str) -> RegistryResponse:
        """Ask for an image's manifest; a refusal comes with its reason."""
        path = f"/v2/{repository}/manifests/{reference}"
        answer = self._ask("HEAD", path)
        return answer if answer.is_well else self._ask("GET", path)

    def start_upload(self, repository: str) -> RegistryResponse:
        """Begin to upload a layer."""
        return self._ask("POST", f"/v2/{repository}/blobs/uploads/")

    def cancel_upload(self, started: RegistryResponse) -> RegistryResponse:
        """Cancel what ``start_upload`` began."""
        try:
            url = urljoin(self._url, started.headers.get("location", ""))
            place = third_party.text(urlsplit(url).hostname or "nowhere")
        except ValueError:
            url = place = "nowhere"
        # The password is for nobody else, wherever the answer leads.
        if not url.startswith(f"{self._url}v2/"):
            raise AwsError(f"{self.host} leads an upload to {place}", "see what a proxy answers in its place")
        return self._ask("DELETE", url.removeprefix(self._url.rstrip("/")))

    def _ask(self, method: str, path: str) -> RegistryResponse:
        headers = {"User-Agent": _USER_AGENT, "Accept": _MANIFESTS}
        if self._password:
            token = base64.b64encode(f"{ECR_USER}:{self._password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        request = AWSRequest(method, f"{self._url.rstrip('/')}{path}", headers, stream_output=True).prepare()

        def send() -> RegistryResponse:
            response: Any = self._session.send(request)
            found = {name.lower(): value for name, value in response.headers.items()}
            return RegistryResponse(response.status_code, found, response.raw.read(_LONGEST_ANSWER))

        with _explained(self.host):
            return within(_SECONDS, send)


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turn what goes wrong on the way into one sentence and what to run next."""
    try:
        yield
    except exceptions.SSLError as error:
        raise AwsError(
            f"the TLS certificate of {host} cannot be verified",
            "set AWS_CA_BUNDLE to the certificates of the proxy between, which docker's engine must trust, too",
        ) from error
    except exceptions.ProxyConnectionError as error:
        raise AwsError(
            f"the proxy on the way to {host} does not answer",
            "check HTTPS_PROXY and NO_PROXY, here and in docker's engine",
        ) from error
    except exceptions.EndpointConnectionError as error:
        if isinstance(getattr(error.kwargs.get("error"), "reason", error.kwargs.get("error")), NameResolutionError):
            raise AwsError(
                f"the name {host} cannot be resolved", f"check its spelling and DNS: getent hosts {shlex.quote(host)}"
            ) from error
        raise AwsError(
            f"{host} does not let itself be connected to",
            f"check the network and HTTPS_PROXY: curl -sS https://{host}/v2/",
        ) from error
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError, TimeoutError) as error:
        raise AwsError(
            f"{host} does not answer",
            f"check firewall, HTTPS_PROXY and the VPC endpoint ecr.dkr: curl -sS --max-time 5 https://{host}/v2/",
        ) from error
    except Exception as error:
        raise AwsError(
            f"the connection to {host} broke: {type(error).__name__}",
            f"check the network and HTTPS_PROXY: curl -sS https://{host}/v2/",
        ) from error
