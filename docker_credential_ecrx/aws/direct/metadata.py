"""Gets keys from the endpoint of an ECS task or an EKS pod, or from an instance's metadata service.

Any failure is left to botocore, which knows their older versions, and all their errors.
"""

import time

from docker_credential_ecrx import log
from docker_credential_ecrx.aws.direct import documents
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.endpoints import Endpoint, parse_url
from docker_credential_ecrx.aws.direct.http_client import Connection
from docker_credential_ecrx.aws.direct.keys import ContainerEndpoint, InstanceEndpoint, Keys
from docker_credential_ecrx.aws.direct.tcp import connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.system.deadline import Deadline

# The hosts of botocore/utils.py, ContainerMetadataFetcher, that are names or IPv4 addresses.
_CONTAINER_HOSTS = ("169.254.170.2", "169.254.170.23", "localhost", "127.0.0.1")
_CONTAINER_SECONDS, _INSTANCE_SECONDS = 2.0, 1.0  # ContainerMetadataFetcher, InstanceMetadataFetcher
_OK = 200
_TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
_TOKEN_SECONDS = "21600"  # noqa: S105 - a number
_ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
# botocore refreshes keys that expire sooner (botocore/credentials.py, RefreshableCredentials).
_MIN_LIFETIME_SECONDS = 15 * 60.0


def of_container(source: ContainerEndpoint, deadline: "Deadline") -> Keys:
    """Return the keys of the task or pod; raise DeclinedError."""
    endpoint, path = parse_url(source.url)
    if endpoint.is_tls or endpoint.host not in _CONTAINER_HOSTS:
        raise DeclinedError("a container's endpoint has an unusual form")
    headers = {"accept": "application/json"}
    if source.authorization is not None:
        log.add_secret(source.authorization)
        headers["authorization"] = source.authorization
    end = min(deadline.end, time.monotonic() + _CONTAINER_SECONDS)
    return _keys(_body("GET", endpoint, path or "/", headers, end, deadline))


def of_instance(source: InstanceEndpoint, deadline: "Deadline") -> Keys:
    """Return the keys of the instance's role; raise DeclinedError."""
    endpoint, path = parse_url(source.url)
    if endpoint.is_tls or path not in ("", "/"):
        raise DeclinedError("the metadata service has an unusual address")
    end = min(deadline.end, time.monotonic() + _INSTANCE_SECONDS)
    ttl = {"x-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS}
    headers = {"x-aws-ec2-metadata-token": _body("PUT", endpoint, _TOKEN_PATH, ttl, end, deadline).decode("latin-1")}
    role = _body("GET", endpoint, _ROLE_PATH, headers, end, deadline).decode("latin-1")
    if not role.isascii() or not role.isprintable() or " " in role:
        raise DeclinedError("the metadata service returned no role")
    return _keys(_body("GET", endpoint, f"{_ROLE_PATH}{role}", headers, end, deadline))


def _body(  # noqa: PLR0913, PLR0917
    method: str, endpoint: Endpoint, path: str, headers: dict[str, str], end: float, deadline: "Deadline"
) -> bytes:
    deadline.waiting_for = endpoint.host
    try:
        fields = {"host": endpoint.authority, **headers}
        response = Connection(connected(endpoint, end), end).request(method, path, fields, b"")
    except OSError as error:
        raise DeclinedError("the metadata service did not respond") from error
    finally:
        deadline.waiting_for = ""
    if response.status != _OK or not response.body:
        raise DeclinedError("the metadata service returned an error")
    return response.body


def _keys(body: bytes) -> Keys:
    try:
        found = documents.json_object(body)
        keys = Keys(*(found[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")))
        expires = documents.seconds_of_timestamp(found["Expiration"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DeclinedError("the metadata service returned no keys") from error
    keys.require_plain()
    keys.add_secrets()
    if expires - time.time() < _MIN_LIFETIME_SECONDS:
        raise DeclinedError("the keys of the metadata service expire soon")
    return keys
