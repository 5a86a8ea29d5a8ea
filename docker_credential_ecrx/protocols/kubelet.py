"""Kubernetes' credential provider protocol: an image on stdin, its registry's credentials on stdout.

https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
"""

from docker_credential_ecrx import log
from docker_credential_ecrx.ecr.registry import ECR_USER, Registry
from docker_credential_ecrx.errors import NoAwsCredentialsError, NotFoundError, RequestError
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.web_identity import subject_of
from docker_credential_ecrx.protocols import docker
from docker_credential_ecrx.protocols.docker import Reply, quote
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.system import json_subset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker_credential_ecrx.store.cached_token import ClockReading, Token

API_VERSION = "credentialprovider.kubelet.k8s.io/v1"
_REQUEST, _RESPONSE = "CredentialProviderRequest", "CredentialProviderResponse"
# What names the role of a pod's service account: cloud-provider-aws' annotation, EKS' own, for all pods a variable.
ANNOTATIONS = ("eks.amazonaws.com/ecr-role-arn", "eks.amazonaws.com/role-arn")
VARIABLE = "AWS_ECR_ROLE_ARN"
# A service account's annotations have 256 KiB at most, its token some 1.5.
_LONGEST_REQUEST = 1 << 20
_LONGEST_WORD = 60
_ANNOTATIONS = "serviceAccountAnnotations"
# While AWS gives no newer token, and where none is needed.
_RETRY_SECONDS = 300
_NODE = "give the node a role, or have config.toml name an AWS profile that has credentials"


class Request:
    """What kubelet asks for; ``token`` is the pod's service account's, a secret, and empty where it sends none."""

    __slots__ = ("annotations", "image", "token")

    def __init__(self, image: str, token: str, annotations: "Mapping[str, str]") -> None:
        log.add_secret(token)
        self.image = image
        self.token = token
        self.annotations = annotations


def answer(argv0: str, env: "Mapping[str, str]", read: "Callable[[], bytes]") -> Reply:
    """Answer the request that ``read`` returns; raise what ``Helper.token`` does, and RequestError."""
    return Reply(_answer(parse(docker.request_of(read)), argv0, env))


def _answer(request: Request, argv0: str, env: "Mapping[str, str]") -> str:
    host = host_of(request.image)
    registry = Registry.parse(host)
    if registry is None:
        return _response("", _RETRY_SECONDS)
    identity = pod_identity(request, env)
    # A container of root's may read the node's kernel keyring, and write there, since it goes by uid and not by
    # container; and kubelet itself keeps what it is answered.
    helper = Helper(settings.load(argv0, env, keyring="none"), env)
    try:
        token = helper.token(registry) if identity is None else helper.token_of(registry, identity)
    except NotFoundError:  # ECR Public without credentials: the pull is anonymous
        return _response("", _RETRY_SECONDS)
    except NoAwsCredentialsError as error:  # nobody types a command on a node
        raise NoAwsCredentialsError(error.message, _NODE) from error
    auth = f'{quote(host)}:{{"username":{quote(ECR_USER)},"password":{quote(token.password)}}}'
    return _response(auth, cache_seconds(token, cached_token.now()))


def parse(document: bytes) -> Request:
    """Return the request in ``document``; raise RequestError where it is none of this version.

    Fields that it does not know are a newer kubelet's, and left alone.
    """
    if len(document) > _LONGEST_REQUEST:
        raise RequestError("kubelet's request is longer than 1 MiB", "send a CredentialProviderRequest")
    try:
        fields = json_subset.parse(document.decode("utf-8"))
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
    if not isinstance(value or {}, dict):
        raise RequestError(f"{_ANNOTATIONS} in kubelet's request is not an object", "send an object of texts")
    pairs: dict[str, object] = value or {}  # type: ignore[assignment] # checked above
    return {name: _text(_ANNOTATIONS, text) for name, text in pairs.items()}


def _text(name: str, value: object) -> str:
    if not isinstance(value or "", str):
        raise RequestError(f"{name} in kubelet's request is not a text", "send a CredentialProviderRequest")
    return str(value or "")


def host_of(image: str) -> str:
    """Return the registry of an image as the image has it, its port too: kubelet compares the two."""
    return image.partition("/")[0]


def pod_identity(request: Request, env: "Mapping[str, str]") -> Identity | None:
    """Return the role that the pod's service account names, or None: then the node's own identity answers.

    A service account without a role pulls as its node does, as all pods do whose kubelet sends no token.
    Raises RequestError where the role is none or the token cannot be a service account's.
    """
    if not request.token:
        return None
    named = [(f"the annotation {key}", request.annotations.get(key)) for key in ANNOTATIONS]
    named.append((VARIABLE, env.get(VARIABLE)))
    where, role = next(((where, role) for where, role in named if role), ("", ""))
    if not role:
        return None
    subject = subject_of(request.token)
    if subject is None:
        raise RequestError(
            "the serviceAccountToken of kubelet's request is no JSON web token with a subject",
            "send the token of the pod's service account",
        )
    from docker_credential_ecrx.ecr import arn  # where pods have no roles, it is not needed

    if arn.role(role) is None:
        raise RequestError(
            f"{where} of {subject} is {_word(role)}, which is not a role's ARN", "write arn:aws:iam::ACCOUNT:role/NAME"
        )
    return Identity(role_arn=role, web_identity=request.token)


def cache_seconds(token: "Token", moment: "ClockReading") -> int:
    """Return how long kubelet may keep a token that is alive: until it is due for renewal, which is before its end.

    One that is due already is served because no other is to be had now, so kubelet is to ask again soon.
    """
    age = token.age(moment) or 0.0
    return int(
        token.refresh_after - age
        if age < token.refresh_after
        else max(0.0, min(_RETRY_SECONDS, (token.lifetime - age) / 2))
    )


def duration(seconds: int) -> str:
    """Return ``seconds`` as Go's time.ParseDuration takes them: ``6h0m0s``."""
    return f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"


def _response(auth: str, seconds: int) -> str:
    """Return the response with ``auth``, an object's content in JSON.

    Kubelet keeps it for the registry, and for the service account where it sent a token of one.
    """
    return (
        f'{{"kind":"{_RESPONSE}","apiVersion":"{API_VERSION}","cacheKeyType":"Registry",'
        f'"cacheDuration":"{duration(seconds)}","auth":{{{auth}}}}}\n'
    )


def _word(value: object) -> str:
    from docker_credential_ecrx.sanitizer import third_party  # only for what is wrong

    return third_party.text(value, _LONGEST_WORD) or "empty" if isinstance(value, str) else "missing or no text"
