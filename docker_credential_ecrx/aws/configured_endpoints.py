"""Finds the endpoints that variables, AWS's files or config.toml name instead of AWS's own, and what names them.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from docker_credential_ecrx.aws import proxy_rules, setting_places
from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.aws_profiles import normalized
from docker_credential_ecrx.identity.model import Identity, first_profile

_VARIABLE = "AWS_ENDPOINT_URL"
_IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_KEY = "endpoint_url"


class ConfiguredEndpoint(NamedTuple):
    """An endpoint of ``service``, or of all if that is empty: its ``host``, its host and port, and what names it.

    ``change`` is how to have AWS's own endpoint used again.
    """

    service: str
    host: str
    place: str
    origin: str
    change: str

    def __str__(self) -> str:
        """Return how a message names it."""
        return f"{self.place} (from {self.origin})"


def of_call(host: str, operation: str, identity: Identity, env: Mapping[str, str]) -> ConfiguredEndpoint | None:
    """Return the configured endpoint at ``host`` to which ``operation`` of AWS was sent, or None."""
    if not host or not operation or " " in operation:  # a request to a metadata service is described in words
        return None
    is_sts = operation.startswith("AssumeRole") or operation == "GetCallerIdentity"
    found = (*_of_rules(env), *_of_aws(identity, env))
    fitting = (each for each in found if not each.service or (each.service == "sts") == is_sts)
    return next((each for each in fitting if each.host == host), None)


def of_service(service: str, identity: Identity, env: Mapping[str, str]) -> ConfiguredEndpoint | None:
    """Return the endpoint that a variable or AWS's files name for the service, such as ``ecr-public``, or None."""
    names = ("", service.replace("-", "_"))
    return next((each for each in _of_aws(identity, env) if each.service in names), None)


def of_rule(url: str, config: str) -> ConfiguredEndpoint | None:
    """Return the endpoint of ECR that the file ``config`` names for a registry, or None if the URL is not valid."""
    return next(_endpoint("ecr", url, f"{_KEY} in {config}", f"delete {_KEY} from {config}"), None)


def _of_aws(identity: Identity, env: Mapping[str, str]) -> Iterator[ConfiguredEndpoint]:
    """Yield the endpoints that variables and AWS's files name; of a service's, or of all, the first is used."""
    if env.get(_IGNORE, "").lower() == "true":
        return
    for name in sorted(name for name in env if name.startswith(f"{_VARIABLE}_")):
        service = name.removeprefix(f"{_VARIABLE}_").lower()
        yield from _endpoint(service, env[name], name, f"unset {name}")
    yield from _endpoint("", env.get(_VARIABLE, ""), _VARIABLE, f"unset {_VARIABLE}")
    section = f"profile {normalized(first_profile(identity, env))}"  # and no source profile
    named = [each for each in setting_places.settings(identity, env) if each.name == _KEY]
    own = [each for each in named if each.section == section and not each.service]
    for each in (*(each for each in named if each.section.startswith("services ") and each.service), *own):
        yield from _endpoint(each.service, each.value, f"{_KEY} in {each.place}", f"delete {_KEY} from {each.place}")


def _endpoint(service: str, url: str, origin: str, change: str) -> Iterator[ConfiguredEndpoint]:
    # One that is not valid may contain a password anywhere, and has a message of its own.
    if place := proxy_rules.place(url) if "://" in url else "":
        yield ConfiguredEndpoint(service, urlsplit(url).hostname or "", place, origin, change)


def _of_rules(env: Mapping[str, str]) -> Iterator[ConfiguredEndpoint]:
    try:
        rules = settings.load(sys.argv[0], env).rules
    except SettingsError:
        return
    for url in (rule[_KEY] for rule in rules if _KEY in rule):
        if endpoint := of_rule(url, "config.toml"):
            yield endpoint
