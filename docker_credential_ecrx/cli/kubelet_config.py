"""What ``kubelet config`` prints: kubelet's configuration of the provider, and the permission for service accounts.

https://kubernetes.io/docs/reference/config-api/kubelet-config.v1/#kubelet-config-k8s-io-v1-CredentialProviderConfig
"""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import ArgumentError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.protocols.kubelet import ANNOTATIONS, API_VERSION

# Every form of a host of ECR; kubelet matches each part between dots by itself.
IMAGES = (
    "*.dkr.ecr*.*.amazonaws.com",
    "*.dkr.ecr*.*.amazonaws.com.cn",
    "*.dkr.ecr*.*.amazonaws.eu",
    "*.dkr.ecr*.*.c2s.ic.gov",
    "*.dkr.ecr*.*.sc2s.sgov.gov",
    "*.dkr.ecr*.*.cloud.adc-e.uk",
    "*.dkr.ecr*.*.csp.hci.ic.gov",
    "*.dkr-ecr*.*.on.aws",
    "*.dkr-ecr*.*.on.amazonwebservices.com.cn",
    "public.ecr.aws",
    "ecr-public.aws.com",
)
# Above the YAML for service accounts: before 1.32, kubelet does not refuse a field that it does not know.
NEWER_KUBELET = "# for kubelet v1.34 or newer: older ones ignore tokenAttributes, or do not start with it\n"
_AUDIENCE = "sts.amazonaws.com"
_RBAC = "rbac.authorization.k8s.io"
_NAME = f"{PROGRAM}-audience"
# A host whose parts may have *, a port, and a path without *.
_MATCH = re.compile(r"[A-Za-z0-9*?-]+(\.[A-Za-z0-9*?-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?")
# Text that is the same string in YAML with and without quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/-]*(:[A-Za-z0-9._/-]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def all_images(patterns: Collection[str]) -> list[str]:
    """Return the patterns that a user asks for, after all of ECR's unless one of them may be for ECR.

    A host of the user's own is exact, and not one of ECR's.
    """
    is_for_ecr = any("*" in pattern or "?" in pattern or Registry.parse(pattern) for pattern in patterns)
    return [*patterns] if is_for_ecr else [*IMAGES, *patterns]


def provider_config(config_file: str | None, images: Iterable[str], service_accounts: str | None) -> dict[str, Any]:
    """Return the CredentialProviderConfig for a provider that reads ``config_file`` and answers for ``images``.

    ``service_accounts`` is ``required`` if only pods whose service account names a role may pull, ``optional`` if
    all others pull as the node, and None if all do.
    Raises ArgumentError if a pattern is not valid, or the path is not absolute.
    """
    if config_file is not None and not config_file.startswith("/"):
        raise ArgumentError(f"{config_file} is not an absolute path on the node", "write it like /etc/ecrx/config.toml")
    for image in images:
        if not _MATCH.fullmatch(image):
            raise ArgumentError(
                f"{image} is not a pattern for images",
                "write a host, in which * is any text without dots, and optionally a path: *.dkr.ecr.*.amazonaws.com",
            )
    provider: dict[str, Any] = {
        "name": PROGRAM,
        "apiVersion": API_VERSION,
        "args": ["kubelet"],
        **({"env": [{"name": "ECRX_CONFIG", "value": config_file}]} if config_file else {}),
        "matchImages": [*images],
        "defaultCacheDuration": "0s",
    }
    if service_accounts:
        provider["tokenAttributes"] = _token_attributes(is_required=service_accounts == "required")
    return {"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [provider]}


def permission() -> list[dict[str, Any]]:
    """Return the ClusterRole, and its binding, that lets nodes request service account tokens for AWS STS.

    The audience takes the place of a resource.
    https://kubernetes.io/docs/reference/access-authn-authz/node/#service-account-token-audience-restriction
    """
    rule = {"apiGroups": [""], "resources": [_AUDIENCE], "verbs": ["request-serviceaccounts-token-audience"]}
    role = {"kind": "ClusterRole", "metadata": {"name": _NAME}, "rules": [rule]}
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _NAME},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": _NAME},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": "system:nodes"}],
    }
    return [{"apiVersion": f"{_RBAC}/v1", **document} for document in (role, binding)]


def as_yaml(documents: Iterable[dict[str, Any]]) -> str:
    """Return the documents in YAML."""
    return "---\n".join(f"{_block(document, '')}\n" for document in documents)


def _token_attributes(*, is_required: bool) -> dict[str, Any]:
    # Not the other annotations: the role that aws-node has with IAM roles for service accounts permits nothing in ECR,
    # and without its image a node is never ready.
    return {
        "serviceAccountTokenAudience": _AUDIENCE,
        "cacheType": "ServiceAccount",
        "requireServiceAccount": is_required,
        f"{'required' if is_required else 'optional'}ServiceAccountAnnotationKeys": [ANNOTATIONS[0]],
    }


def _block(value: Any, indent: str) -> str:  # noqa: ANN401 - JSON
    """Return a value after the first ``indent``; a list is indented below its key, as in Kubernetes' own examples."""
    if isinstance(value, dict):
        return f"\n{indent}".join(f"{key}:{_below(member, indent)}" for key, member in value.items())
    if isinstance(value, list):
        return f"\n{indent}".join(f"- {_block(member, f'{indent}  ')}" for member in value)
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return str(value) if is_plain else json.dumps(value)


def _below(value: Any, indent: str) -> str:  # noqa: ANN401 - JSON
    return f"\n{indent}  {_block(value, f'{indent}  ')}" if isinstance(value, dict | list) else f" {_block(value, '')}"
