"""The registry's checks: whether it responds and accepts the token, has the image, and permits a push."""

from docker_credential_ecrx.aws import trust
from docker_credential_ecrx.doctor import access_denied
from docker_credential_ecrx.doctor.context import (
    Context,
    Finding,
    IdentityFacts,
    RegistryFacts,
    TokenFacts,
    failed,
    passed,
    skipped,
)
from docker_credential_ecrx.doctor.registry_client import UNAUTHORIZED, Client, RegistryResponse
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.settings import PROGRAM

_FORBIDDEN, _NOT_FOUND = 403, 404
_NOT_SIGNED_IN = "needs a sign-in to the registry"


def check_registry(context: Context, profile: IdentityFacts | None, token: TokenFacts | None) -> Finding:
    """Connect to the registry, check that it is one, and sign in with the token."""
    host = context.host
    if not host:
        return skipped(f"not checked without HOST; {PROGRAM} doctor HOST connects to it and signs in")
    client = Client(host, trust.find(profile.identity if profile else None, Snapshot(context.env)).bundle or None)
    challenge = client.challenge()
    if challenge.status != UNAUTHORIZED or "www-authenticate" not in challenge.headers:
        what = f"the response from {host} is not that of a registry (HTTP {challenge.status})"
        return failed(what, Remedy("see what a proxy or a firewall responds", f"curl -sSi https://{host}/v2/"))
    if context.is_public:
        return passed(f"{host} responds, and permits anonymous pulls")
    if token is None:
        return skipped(f"{host} responds, but there is no token to sign in with")
    response = client.sign_in(token.password)
    if not response.is_ok:
        return _sign_in_failed(response, host)
    return passed(f"{host} accepts the token", RegistryFacts(client, token.principal))


def check_image(context: Context, registry: RegistryFacts | None) -> Finding:
    """Read the image's manifest."""
    image = context.image
    if image is None or not image.repository:
        return skipped(f"not requested; {PROGRAM} doctor HOST/REPOSITORY:TAG checks an image")
    if registry is None:
        return skipped(_NOT_SIGNED_IN)
    response = registry.client.manifest(image.repository, image.reference)
    if response.is_ok:
        return passed(f"{image.name} can be pulled")
    if response.status == _NOT_FOUND:
        return _not_found(response, image)
    return _refused(response, image, context, registry.principal, "ecr:BatchGetImage")


def check_push(context: Context, registry: RegistryFacts | None) -> Finding:
    """Start to upload a layer, and cancel it."""
    image = context.image
    if image is None or not context.push:
        return skipped(f"not requested; {PROGRAM} doctor HOST/REPOSITORY --push checks it")
    if registry is None:
        return skipped(_NOT_SIGNED_IN)
    response = registry.client.start_upload(image.repository)
    if response.status == _NOT_FOUND:
        return _not_found(response, image)
    if not response.is_ok:
        return _refused(response, image, context, registry.principal, "ecr:InitiateLayerUpload")
    cancelled = registry.client.cancel_upload(response)
    if cancelled.is_ok or cancelled.status == _NOT_FOUND:
        return passed(f"an upload to {image.repository} was started and cancelled")
    return passed(f"an upload to {image.repository} was started; the registry will delete it")


def _sign_in_failed(response: RegistryResponse, host: str) -> Finding:
    if response.status not in (UNAUTHORIZED, _FORBIDDEN):
        return _failed(f"sign-in to {host} failed", response)
    _, message = response.error()
    reason = f"HTTP {response.status}{f': {message}' if message else ''}"
    return failed(f"{host} refused the token ({reason})", Remedy(command=f"{PROGRAM} forget {host}"))


def _not_found(response: RegistryResponse, image: Image) -> Finding:
    code, _ = response.error()
    owner, region = image.registry.account, image.registry.region
    if code == "NAME_UNKNOWN":
        what = f"the repository {image.repository} does not exist in account {owner} in {region}"
        command = f"aws ecr create-repository --repository-name {image.repository} --region {region} --profile OWNER"
        return failed(what, Remedy("check its name, or create it as the owner", command))
    what = f"the repository {image.repository} has no image {image.reference}"
    command = f"aws ecr list-images --repository-name {image.repository} --region {region} --profile OWNER"
    return failed(what, Remedy(f"check the tag, or list the images as the owner, account {owner}", command))


def _refused(response: RegistryResponse, image: Image, context: Context, principal: str, action: str) -> Finding:
    if response.status != _FORBIDDEN:
        return _failed(f"{action} failed at {image.registry.host}", response)
    _, message = response.error()
    found = access_denied.explain(message, image, principal, action, PUSH if context.push else PULL)
    return failed(found.detail, *found.remedies)


def _failed(what: str, response: RegistryResponse) -> Finding:
    reason = ": ".join(part for part in (f"HTTP {response.status}", *response.error()) if part)
    return failed(f"{what} ({reason})", "try again in a moment, and check the AWS Health Dashboard")
