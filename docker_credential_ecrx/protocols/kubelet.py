"""Kubernetes' credential provider protocol: an image on stdin, the credentials for its registry on stdout.

https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.ecr.registry import ECR_USER
from docker_credential_ecrx.errors import NoAwsCredentialsError, NotFoundError, RequestError
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.protocols.reply import Reply, quote, stdin_of
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.system import fast_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.store.cached_token import ClockReading, Token

API_VERSION = "credentialprovider.kubelet.k8s.io/v1"
_REQUEST, _RESPONSE = "CredentialProviderRequest", "CredentialProviderResponse"
# These name the role of a pod's service account: the annotations of cloud-provider-aws and EKS, and a variable for all.
ANNOTATIONS = ("eks.amazonaws.com/ecr-role-arn", "eks.amazonaws.com/role-arn")
VARIABLE = "AWS_ECR_ROLE_ARN"
# A service account's annotations have 256 KiB at most, and its token has about 1.5.
_MAX_REQUEST_BYTES = 1 << 20
_MAX_WORD_CHARACTERS = 60
_ANNOTATIONS = "serviceAccountAnnotations"
# While AWS issues no newer token, and if no credentials are needed.
_RETRY_SECONDS = 300
_NODE_REMEDY = "attach a role to the node, or name a profile that has credentials in config.toml"


class Request:
    """A request from kubelet; ``token`` is the secret token of the pod's service account, empty if it sends none."""

    __slots__ = ("annotations", "image", "token")

    def __init__(self, image: str, token: str, annotations: "Mapping[str, str]") -> None:
        log.add_secret(token)
        self.image = image
        self.token = token
        self.annotations = annotations


def answer(argv0: str, env: "Mapping[str, str]", read: "Callable[[], bytes]") -> Reply:
    """Answer the request that ``read`` returns; raise what ``Helper.token`` does, and RequestError."""
    return Reply(_answer(parse(stdin_of(read)), argv0, env))


def _answer(request: Request, argv0: str, env: "Mapping[str, str]") -> str:
    host = host_of(request.image)
    # No keyring by default: a container that runs as root could read and write the node's kernel keyring, which is
    # separated by user and not by container; and kubelet caches the response itself.
    loaded = settings.load(argv0, env, keyring="none")
    registry = loaded.registry_of(host)
    if registry is None:
        return _response("", _RETRY_SECONDS)
    identity = pod_identity(request, env)
    if identity is not None:
        _require_partition(identity, registry)
    helper = Helper(loaded, env)
    try:
        token = helper.token(registry) if identity is None else helper.token_of(registry, identity)
    except NotFoundError:  # ECR Public without credentials: the pull is anonymous
        return _response("", _RETRY_SECONDS)
    except NoAwsCredentialsError as error:  # its remedy is for a person who types commands
        raise NoAwsCredentialsError(error.message, _NODE_REMEDY) from error
    auth = f'{quote(host)}:{{"username":{quote(ECR_USER)},"password":{quote(token.password)}}}'
    return _response(auth, cache_seconds(token, cached_token.now()))


def parse(document: bytes) -> Request:
    """Return the request in ``document``; raise RequestError if it is not one of this version.

    Unknown fields are ignored: a newer kubelet may send them.
    """
    if len(document) > _MAX_REQUEST_BYTES:
        raise RequestError("kubelet's request is longer than 1 MiB", "send a CredentialProviderRequest")
    try:
        fields = fast_json.parse(document.decode("utf-8"))
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise RequestError(
            "kubelet's request is not a JSON object",
            "this command is for kubelet, which sends it a CredentialProviderRequest",
        )
    for name, expected in (("kind", _REQUEST), ("apiVersion", API_VERSION)):
        if fields.get(name) != expected:
            raise RequestError(
                f"the {name} of kubelet's request is {_word(fields.get(name))}, not {expected}",
                f"set apiVersion: {API_VERSION} in kubelet's CredentialProviderConfig",
            )
    image, token, annotations = (fields.get(name) for name in ("image", "serviceAccountToken", _ANNOTATIONS))
    return Request(_image(image), _text("serviceAccountToken", token), _annotations(annotations))


def _image(value: object) -> str:
    image = _text("image", value).strip()
    if not image:
        raise RequestError("kubelet's request names no image", "send a CredentialProviderRequest with an image")
    return image


def _annotations(value: object) -> dict[str, str]:
    pairs = value or {}
    if not isinstance(pairs, dict):
        raise RequestError(f"{_ANNOTATIONS} in kubelet's request is not an object", "send an object of strings")
    return {name: _text(_ANNOTATIONS, text) for name, text in pairs.items()}


def _text(name: str, value: object) -> str:
    if not isinstance(value or "", str):
        raise RequestError(f"{name} in kubelet's request is not a string", "send a CredentialProviderRequest")
    return str(value or "")


def host_of(image: str) -> str:
    """Return the registry of an image, with its port if the image has one: kubelet compares the two literally."""
    return image.partition("/")[0]


def pod_identity(request: Request, env: "Mapping[str, str]") -> Identity | None:
    """Return the role that the pod's service account names, or None if the pod pulls as its node does.

    That is so if the service account names no role, and if kubelet sends no token.
    Raises RequestError if the role is not the ARN of one, or the token cannot be a service account's.
    """
    if not request.token:
        return None
    named = [(f"the annotation {key}", request.annotations.get(key)) for key in ANNOTATIONS]
    named.append((VARIABLE, env.get(VARIABLE)))
    where, role = next(((where, role) for where, role in named if role), ("", ""))
    if not role:
        return None
    from docker_credential_ecrx.identity.web_identity import subject_of  # few requests have a token

    subject = subject_of(request.token)
    if subject is None:
        raise RequestError(
            "the serviceAccountToken in kubelet's request is not a JSON web token with a subject",
            "send the token of the pod's service account",
        )
    from docker_credential_ecrx.ecr import arn  # only needed if the pod has a role

    if arn.role(role) is None:
        raise RequestError(
            f"{where} of {subject} is {_word(role)}, which is not the ARN of a role",
            "write arn:aws:iam::ACCOUNT:role/NAME",
        )
    return Identity(role_arn=role, web_identity=request.token)


def _require_partition(identity: Identity, registry: "Registry") -> None:
    """Raise RequestError if the pod's role is in another partition, whose STS must not see the pod's token."""
    from docker_credential_ecrx.ecr import arn

    role = arn.role(identity.role_arn or "")
    if role is not None and role.partition != registry.partition:
        raise RequestError(
            f"{identity.role_arn} is in the partition {role.partition}, but {registry.host} is in {registry.partition}",
            f"name a role in {registry.partition} for the service account: a token is valid only in its own partition",
        )


def cache_seconds(token: "Token", moment: "ClockReading") -> int:
    """Return the seconds for which kubelet may cache a valid token: until it is due for refresh.

    If it is due already, AWS could not issue a newer one just now, so kubelet asks again soon.
    """
    age = token.age(moment) or 0.0
    return int(
        token.refresh_after - age
        if age < token.refresh_after
        else max(0.0, min(_RETRY_SECONDS, (token.lifetime - age) / 2))
    )


def duration(seconds: int) -> str:
    """Return ``seconds`` as Go's time.ParseDuration reads them: ``6h0m0s``."""
    return f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"


def _response(auth: str, seconds: int) -> str:
    """Return the response with ``auth``, the members of an object in JSON.

    Kubelet caches it for the registry, and separately for each service account if it sends their tokens.
    """
    return (
        f'{{"kind":"{_RESPONSE}","apiVersion":"{API_VERSION}","cacheKeyType":"Registry",'
        f'"cacheDuration":"{duration(seconds)}","auth":{{{auth}}}}}\n'
    )


def _word(value: object) -> str:
    from docker_credential_ecrx.sanitizer import third_party  # only for a wrong request

    if not isinstance(value, str):
        return "missing or not a string"
    return third_party.text(value, _MAX_WORD_CHARACTERS) or "empty"
