"""Where the direct way sends its requests: AWS's endpoints, or those that the environment names."""

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.identity.own_hosts import is_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.ecr.registry import Registry

_PORTS = {"http": 80, "https": 443}


class Endpoint:
    """A scheme, host and port; ``authority`` is how the header Host names them."""

    __slots__ = ("authority", "host", "is_tls", "port")

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.is_tls = scheme == "https"
        self.authority = host if port == _PORTS[scheme] else f"{host}:{port}"

    def __str__(self) -> str:
        """Return its URL."""
        return f"{'https' if self.is_tls else 'http'}://{self.authority}"


def endpoint_of(service: str, registry: "Registry", env: "Mapping[str, str]") -> Endpoint:
    """Return the endpoint of ``service`` (``sts``, ``ecr``, ``ecr-public``) for the registry's region.

    That each region's is what botocore's rules say is held by a test of all regions.
    Raises DeclinedError if the registry's is of another kind, or the environment's is not just a host.
    """
    if registry.fips or registry.dual_stack:
        raise DeclinedError("the registry's endpoint is FIPS or dual-stack")
    if not is_host(registry.region):
        raise DeclinedError("the region has too long a name")
    variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
    own = registry.endpoint_url if service != "sts" else ""
    configured = own or env.get(variable) or env.get("AWS_ENDPOINT_URL")
    if configured:
        endpoint, path = parse_url(configured)
        if path not in ("", "/"):
            raise DeclinedError("a configured endpoint has a path")
        return endpoint
    # ECR Public's own host is not in the domain of AWS's services.
    is_public = registry.service == "ecr-public"
    suffix = "amazonaws.com" if is_public else registry.ecr_host.partition(f".{registry.region}.")[2]
    prefix = "" if service == "sts" else "api."
    return Endpoint("https", f"{prefix}{service}.{registry.region}.{suffix}", _PORTS["https"])


def parse_url(url: str) -> tuple[Endpoint, str]:
    """Return the endpoint of a URL and its path with the query; raise DeclinedError if it has an unusual form."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.partition(":")
    if scheme not in _PORTS or not separator or not is_host(authority) or not url.isascii():
        raise DeclinedError("a configured endpoint has an unusual form")
    if "#" in path or not path.isprintable() or " " in path:
        raise DeclinedError("a configured endpoint has an unusual form")
    return Endpoint(scheme, host, int(port or _PORTS[scheme])), f"{slash}{path}"
