"""The identity with which Docker's ``get`` would answer for a registry, and what decides that."""

import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from docker_credential_ecrx.aws import configured_endpoints, profile_hints, proxy_rules, setting_places
from docker_credential_ecrx.aws.configured_endpoints import ConfiguredEndpoint
from docker_credential_ecrx.aws.credential_source import find_source, settings_of
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.endpoints import endpoint_of
from docker_credential_ecrx.aws.proxy_rules import Proxy
from docker_credential_ecrx.config_files import cred_helpers, docker_config, text_file
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import nearest_rule, own_hosts, settings
from docker_credential_ecrx.identity.model import CONTAINER_VARIABLES, Identity, chosen_profile, first_profile
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.system.paths import is_out_of_reach

LOGIN = "docker login"  # of anybody: get returns the token that it stored before that of an identity
_ACCESS_KEY = "AWS_ACCESS_KEY_ID"
_TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 - a variable's name
# The keys of a rule that say to which registries it applies.
_APPLIES_TO = ("match", "account", "region", "registry")


class DockerHelper(NamedTuple):
    """What Docker's config.json at ``path`` has for a registry: the helper's name, and the key that names it.

    ``key`` and ``helper`` are empty if it names none, and ``problem`` says if the file cannot be read.
    """

    path: str
    key: str = ""
    helper: str = ""
    problem: str = ""


class Decision(NamedTuple):
    """What decides which identity answers.

    ``by`` is ``docker login``, ``helper name``, ``rule`` or ``default chain``.
    ``file`` is the file that names the helper or has the rule; for the default chain, it is a config.toml without one.
    ``entry`` is the rule's number, from 1, and ``rule`` its keys that say to which registries it applies.
    ``variable`` is the environment variable that names the file, or from which the default chain takes the identity.
    ``nearest`` says that no rule is for the registry, and which is the nearest.
    What does not apply is None, or empty.
    """

    by: str
    file: str | None = None
    entry: int | None = None
    rule: Mapping[str, str] | None = None
    helper: str | None = None
    variable: str | None = None
    nearest: str = ""

    def describe(self, env: Mapping[str, str]) -> str:
        """Return it as text."""
        if self.by == LOGIN:
            return f"{LOGIN}, until its token expires or docker logout deletes it"
        if self.by == "helper name":
            where = f"in {self.file}" if self.file else "by which this command was run"
            return f"the helper name {self.helper} {where}"
        if self.by == "rule":
            source = f" (from {self.variable})" if self.variable else ""
            return f"[[registry]] entry {self.entry} in {self.file}{source}"
        chain = "AWS's default credential chain"
        path = settings.config_path(env)
        if not path:
            return chain
        if not self.file:
            hidden = is_out_of_reach(path)
            return f"{chain}: {path} {'is in a folder that this user may not search' if hidden else 'does not exist'}"
        return f"{chain}: {self.nearest or f'no [[registry]] in {path} names another'}"


class RegistryIdentity(NamedTuple):
    """A registry, the settings and the identity with which ``get`` answers for it, and what Docker's file says."""

    registry: Registry
    settings: Settings
    docker: DockerHelper

    @property
    def identity(self) -> Identity:
        """Return the identity."""
        return self.settings.identity_for(self.registry.host)

    def decision(self, env: Mapping[str, str]) -> Decision:
        """Return what decides which identity it is."""
        if self.settings.profile is not None:
            is_own_name = settings.profile_of(sys.argv[0]) is not None
            helper = f"{PROGRAM}-{self.settings.profile}"
            return Decision("helper name", None if is_own_name else self.docker.path, helper=helper)
        path = settings.config_path(env)
        rule = self.settings.rule_for(self.registry.host)
        if rule is not None and (self.identity.profile or self.identity.role_arn):
            applies_to = {key: rule[key] for key in _APPLIES_TO if key in rule}
            variable = "ECRX_CONFIG" if env.get("ECRX_CONFIG") else None
            return Decision("rule", path, self.settings.rules.index(rule) + 1, applies_to, variable=variable)
        file = path if path and os.path.exists(path) else None  # noqa: PTH110 - raises nothing
        nearest = nearest_rule.describe(self.settings, self.registry, path)
        return Decision("default chain", file, variable=_chain_variable(self.identity, env), nearest=nearest)

    def profile(self, env: Mapping[str, str]) -> str | None:
        """Return the profile that the identity or a variable names, or None if another variable takes precedence."""
        return None if self._is_from_variable(env) else chosen_profile(self.identity, env)

    def role_arn(self, env: Mapping[str, str]) -> str | None:
        """Return the role that the identity is, or that its profile assumes, or None."""
        if self.identity.role_arn or self._is_from_variable(env):
            return self.identity.role_arn
        own = settings_of(first_profile(self.identity, env), env)
        return own.get("role_arn")

    def missing_profile(self, env: Mapping[str, str]) -> str | None:
        """Return the profile, or the source of one, that is in none of AWS's files, or None if none is missing."""
        named = chosen_profile(self.identity, env)
        if named is not None and not settings_of(named, env):
            return named
        source = find_source(self.identity, env)
        return source.profile if source.kind == "missing" else None

    def proxy(self, env: Mapping[str, str]) -> Proxy | None:
        """Return the proxy through which ECR is asked for a token, or None."""
        try:
            url = str(endpoint_of(self.registry.service, self.registry, env))
        except DeclinedError:  # of a FIPS or dual-stack registry, which is in the same domain
            url = f"https://{self.registry.ecr_host}"
        return proxy_rules.of(url, env)

    def endpoints(self, env: Mapping[str, str]) -> dict[str, ConfiguredEndpoint]:
        """Return the endpoints that are used instead of AWS's own, by ``ecr`` and ``sts``."""
        services = {"ecr": self.registry.service, "sts": "sts"}
        found = {name: configured_endpoints.of_service(services[name], self.identity, env) for name in services}
        if self.registry.endpoint_url:
            found["ecr"] = configured_endpoints.of_rule(self.registry.endpoint_url, settings.config_path(env))
        return {name: endpoint for name, endpoint in found.items() if endpoint}

    def _is_from_variable(self, env: Mapping[str, str]) -> bool:
        """Return whether the default chain uses the credentials of a variable, and so not those of a profile."""
        is_default = self.identity.profile is None
        return is_default and _chain_variable(self.identity, env) in (_ACCESS_KEY, _TOKEN_FILE)

    def profile_files(self, env: Mapping[str, str]) -> list[str]:
        """Return the files of AWS's that have the profile with which the identity begins; none if none is used."""
        return [] if self._is_from_variable(env) else setting_places.files_of(first_profile(self.identity, env), env)

    def document(self, env: Mapping[str, str]) -> dict[str, Any]:
        """Return its JSON object."""
        identity = self.identity
        return self._document(
            identity.describe(env),
            self.decision(env),
            profile=self.profile(env),
            profile_files=self.profile_files(env),
            role_arn=self.role_arn(env),
        )

    def login_document(self) -> dict[str, Any]:
        """Return the JSON object for a registry for which ``docker login`` stored a token."""
        return self._document(LOGIN, Decision(LOGIN), profile=None, profile_files=[], role_arn=None)

    def _document(self, identity: str, decision: Decision, **profile: object) -> dict[str, Any]:
        docker = self.docker
        return {
            "host": self.registry.host,
            "registry": self.registry.ecr_host,
            "region": self.registry.region,
            "identity": identity,
            **profile,
            "decision": {key: value for key, value in decision._asdict().items() if key != "nearest"},
            "docker": {"file": docker.path or None, "key": docker.key or None, "helper": docker.helper or None},
        }


def find(host: str, env: Mapping[str, str]) -> RegistryIdentity:
    """Return the registry HOST, or of the image HOST/REPOSITORY, and whose identity answers for it.

    The name that this program was called by counts, or else the one by which Docker calls it for the registry.
    Raises ArgumentError if it is not in ECR, and SettingsError if the settings are invalid or exclude it.
    """
    registry = image.registry_of(host, cred_helpers.registry_finder(env), _own_hosts(env))
    docker = _docker(registry.host, env)
    linked = settings.profile_of(sys.argv[0])
    if linked is None:
        linked = cred_helpers.profile_in(docker.helper)
    loaded = cred_helpers.settings_of(linked, env)
    loaded.require(registry)
    return RegistryIdentity(registry, loaded, docker)


def _own_hosts(env: Mapping[str, str]) -> list[str]:
    """Return the hosts of the user's own in config.toml, none if it is invalid: that is reported afterwards."""
    try:
        return [registry.host for registry, _ in own_hosts.listed(settings.load(PROGRAM, env))]
    except SettingsError:
        return []


def _docker(host: str, env: Mapping[str, str]) -> DockerHelper:
    path = ""
    try:
        path = docker_config.path(env)
        file = text_file.read(path)
        helpers, store = docker_config.helpers(file), docker_config.store(file)
    except FileError as error:
        return DockerHelper(path, problem=str(error))
    if host in helpers:
        return DockerHelper(path, "credHelpers", helpers[host])
    return DockerHelper(path, "credsStore" if store else "", store)


def _chain_variable(identity: Identity, env: Mapping[str, str]) -> str | None:
    """Return the variable from which AWS's default credential chain takes the identity, or None."""
    kind = find_source(identity, env).kind
    if kind == "variables":
        return _ACCESS_KEY
    if kind == "web identity" and env.get(_TOKEN_FILE):
        return _TOKEN_FILE
    named = profile_hints.profile_variable(env)
    if env.get(named):
        return named
    return next(filter(env.get, CONTAINER_VARIABLES), None) if kind == "container" else None
