"""The registry's side: whether it is reached and takes the token, has the image, and would take a push."""

from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.doctor import access_denied
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.doctor.registry_client import Client, RegistryResponse
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH
from docker_credential_ecrx.identity.settings import PROGRAM

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_NOT_ASKED = "not asked for"
_NOT_ENTERED = "the registry was not entered with a token"


def registry(case: Context) -> Finding:
    """Reach the registry, see that it is one, and show it the token."""
    if case.registry is None:
        return skipped(_NOT_ASKED)
    host = case.registry.host
    client = Client(host, authorization_token.ca_bundle(case.identity, case.env))
    challenge = client.challenge()
    if challenge.status != _UNAUTHORIZED or "www-authenticate" not in challenge.headers:
        what = f"what answers for {host} is no registry (HTTP {challenge.status})"
        return failed(what, f"see what a proxy or a firewall answers: curl -sSi https://{host}/v2/")
    if case.is_public:
        return passed(f"{host} is reached, and lets everybody pull")
    if case.password is None:
        return skipped(f"{host} is reached, and there is no token to show it")
    answer = client.sign_in(case.password)
    if not answer.is_well:
        return _not_signed_in(answer, host)
    case.client = client
    return passed(f"{host} takes the token")


def image(case: Context) -> Finding:
    """Read the image's manifest."""
    if case.image is None or not case.image.repository:
        return skipped(f"{_NOT_ASKED}: {PROGRAM} doctor HOST/REPOSITORY:TAG")
    if case.client is None:
        return skipped(_NOT_ENTERED)
    answer = case.client.manifest(case.image.repository, case.image.reference)
    if answer.is_well:
        return passed(f"{case.image.name} may be pulled")
    if answer.status == _NOT_FOUND:
        return _not_there(answer, case.image)
    return _refused(answer, case.image, case, "ecr:BatchGetImage")


def push(case: Context) -> Finding:
    """Start to upload a layer, and cancel it."""
    if case.image is None or not case.push:
        return skipped(f"{_NOT_ASKED}: --push")
    if case.client is None:
        return skipped(_NOT_ENTERED)
    answer = case.client.start_upload(case.image.repository)
    if answer.status == _NOT_FOUND:
        return _not_there(answer, case.image)
    if not answer.is_well:
        return _refused(answer, case.image, case, "ecr:InitiateLayerUpload")
    cancelled = case.client.cancel_upload(answer)
    if cancelled.is_well or cancelled.status == _NOT_FOUND:
        return passed(f"an upload to {case.image.repository} was started and cancelled")
    return passed(f"an upload to {case.image.repository} was started, which the registry drops by itself")


def _not_signed_in(answer: RegistryResponse, host: str) -> Finding:
    if answer.status not in (_UNAUTHORIZED, _FORBIDDEN):
        return _failed(answer, "takes no token", host)
    _, said = answer.error()
    reason = f"HTTP {answer.status}{f': {said}' if said else ''}"
    return failed(f"{host} does not take the token ({reason})", f"{PROGRAM} forget {host}")


def _not_there(answer: RegistryResponse, image: Image) -> Finding:
    code, _ = answer.error()
    owner, region = image.registry.account, image.registry.region
    if code == "NAME_UNKNOWN":
        what = f"there is no repository {image.repository} in account {owner} in {region}"
        command = f"aws ecr create-repository --repository-name {image.repository} --region {region} --profile OWNER"
        return failed(what, f"check its name, or make it as the owner: {command}")
    what = f"the repository {image.repository} has no {image.reference}"
    command = f"aws ecr list-images --registry-id {owner} --repository-name {image.repository} --region {region}"
    return failed(what, f"see what it has: {command}")


def _refused(answer: RegistryResponse, image: Image, case: Context, action: str) -> Finding:
    _, said = answer.error()
    if answer.status != _FORBIDDEN:
        return _failed(answer, f"did not do what {action} permits", image.registry.host)
    found = access_denied.explain(said, image, case.principal, action, PUSH if case.push else PULL)
    return failed(found.detail, found.remedy)


def _failed(answer: RegistryResponse, what: str, host: str) -> Finding:
    code, said = answer.error()
    reason = ": ".join(part for part in (f"HTTP {answer.status}", code, said) if part)
    return failed(f"{host} {what} ({reason})", "try again in a moment, and see the AWS Health Dashboard")
