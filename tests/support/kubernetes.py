"""Kubernetes' published types of the credential provider protocol, read as strictly as kubelet reads them.

Written down from kubernetes/kubernetes, staging/src/k8s.io/kubelet: pkg/apis/credentialprovider/v1/types.go for what
goes over the wire, config/v1/types.go for kubelet's configuration; from pkg/credentialprovider, plugin/plugin.go and
plugin/config.go for what kubelet refuses, and keyring.go for how it matches an image with a pattern.
"""

import json
import re
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

API_VERSION = "credentialprovider.kubelet.k8s.io/v1"
# Every field of each type: its form in JSON, and whether Go's tag says omitempty.
_Fields = dict[str, tuple[type, bool]]
_RESPONSE: _Fields = {
    "kind": (str, False),
    "apiVersion": (str, False),
    "cacheKeyType": (str, False),
    "cacheDuration": (str, True),
    "auth": (dict, True),
}
_AUTH_CONFIG: _Fields = {"username": (str, False), "password": (str, False)}
_CONFIG: _Fields = {"kind": (str, False), "apiVersion": (str, False), "providers": (list, False)}
_PROVIDER: _Fields = {
    "name": (str, False),
    "matchImages": (list, False),
    "defaultCacheDuration": (str, False),
    "apiVersion": (str, False),
    "args": (list, True),
    "env": (list, True),
    "tokenAttributes": (dict, True),
}
_EXEC_ENV_VAR: _Fields = {"name": (str, False), "value": (str, False)}
_TOKEN_ATTRIBUTES: _Fields = {
    "serviceAccountTokenAudience": (str, False),
    "cacheType": (str, False),
    "requireServiceAccount": (bool, False),
    "requiredServiceAccountAnnotationKeys": (list, True),
    "optionalServiceAccountAnnotationKeys": (list, True),
}
_CACHE_KEY_TYPES = {"Image", "Registry", "Global"}
_CACHE_TYPES = {"ServiceAccount", "Token"}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_PORT = re.compile(r":(\d+)$")


class Response(NamedTuple):
    """What kubelet makes of a response: seconds to cache it, and user and password by pattern."""

    cache_key_type: str
    cache_seconds: int
    auth: dict[str, tuple[str, str]]


def request(image: object, **fields: object) -> str:
    """Return the request that kubelet sends for ``image``."""
    return json.dumps({"kind": "CredentialProviderRequest", "apiVersion": API_VERSION, "image": image} | fields)


def response(text: str) -> Response:
    """Return the response in ``text``; raise AssertionError where kubelet would refuse it."""
    found = _typed(json.loads(text, object_pairs_hook=_once), _RESPONSE)
    assert ("CredentialProviderResponse", API_VERSION) == (found["kind"], found["apiVersion"])
    assert found["cacheKeyType"] in _CACHE_KEY_TYPES
    entries = {key: _typed(entry, _AUTH_CONFIG) for key, entry in found.get("auth", {}).items()}
    auth = {key: (entry["username"], entry["password"]) for key, entry in entries.items()}
    return Response(found["cacheKeyType"], seconds_of(found["cacheDuration"]), auth)


def providers(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the providers of a CredentialProviderConfig; raise AssertionError where kubelet would refuse it."""
    _typed(config, _CONFIG)
    assert ("CredentialProviderConfig", "kubelet.config.k8s.io/v1") == (config["kind"], config["apiVersion"])
    names = [provider["name"] for provider in config["providers"]]
    assert names
    assert sorted(set(names)) == sorted(names)
    for provider in config["providers"]:
        _typed(provider, _PROVIDER)
        assert API_VERSION == provider["apiVersion"]
        assert not set(provider["name"]) & {"/", " "}
        assert provider["matchImages"]
        seconds_of(provider["defaultCacheDuration"])
        for variable in provider.get("env", []):
            _typed(variable, _EXEC_ENV_VAR)
        if "tokenAttributes" in provider:
            _check_token_attributes(provider["tokenAttributes"])
    return list(config["providers"])


def allows(role: dict[str, Any], binding: dict[str, Any], group: str, request: tuple[str, str, str]) -> bool:
    """Return whether the ClusterRole and its binding permit a group's request: verb, resource and name.

    RuleAllows in plugin/pkg/auth/authorizer/rbac/rbac.go decides it so.

    The admission plugin NodeRestriction asks this for a token: plugin/pkg/admission/noderestriction/admission.go.
    """
    verb, resource, name = request
    api = "rbac.authorization.k8s.io"
    assert (f"{api}/v1", f"{api}/v1") == (role["apiVersion"], binding["apiVersion"])
    is_bound = binding["roleRef"] == {"apiGroup": api, "kind": "ClusterRole", "name": role["metadata"]["name"]}
    is_subject = {"apiGroup": api, "kind": "Group", "name": group} in binding["subjects"]
    rules = (
        verb in rule["verbs"]
        and "" in rule["apiGroups"]
        and resource in rule["resources"]
        and name in rule.get("resourceNames", [name])
        for rule in role["rules"]
    )
    return is_bound and is_subject and any(rules)


def _check_token_attributes(found: dict[str, Any]) -> None:
    _typed(found, _TOKEN_ATTRIBUTES)
    assert found["serviceAccountTokenAudience"]
    assert found["cacheType"] in _CACHE_TYPES
    required, optional = (found.get(f"{word}ServiceAccountAnnotationKeys", []) for word in ("required", "optional"))
    assert found["requireServiceAccount"] or not required
    assert not set(required) & set(optional)


def matches(pattern: str, image: str) -> bool:
    """Return whether kubelet takes ``image`` for one that ``pattern`` means, in matchImages and in auth."""
    host, _, path = pattern.partition("/")
    image_host, _, image_path = image.partition("/")
    port, image_port = _PORT.search(host), _PORT.search(image_host)
    parts, image_parts = (_PORT.sub("", name).split(".") for name in (host, image_host))
    return (
        len(parts) == len(image_parts)
        and all(fnmatchcase(part, glob) for glob, part in zip(parts, image_parts, strict=True))
        and image_path.startswith(path)
        and (port and port[1]) == (image_port and image_port[1])
    )


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration as Go writes it."""
    found = _DURATION.fullmatch(duration)
    assert found is not None
    assert duration
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _typed(document: Any, fields: _Fields) -> dict[str, Any]:  # noqa: ANN401 - JSON
    assert isinstance(document, dict)
    assert set() == document.keys() - fields.keys(), "kubelet refuses fields that it does not know"
    for name, (kind, may_be_left_out) in fields.items():
        assert name in document or may_be_left_out, name
        assert name not in document or isinstance(document[name], kind), name
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "kubelet refuses a field that is there twice"
    return dict(pairs)
