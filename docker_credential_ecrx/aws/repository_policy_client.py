"""Reads and sets a repository's policy in ECR, with the credentials of the repository's owner."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx.aws import credential_source, failures
from docker_credential_ecrx.aws import session as aws_session
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.aws.error_rules import POLICY_RULES
from docker_credential_ecrx.aws.service_errors import explain
from docker_credential_ecrx.ecr import image, repository_policy
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.ecr.repository_policy import Document
from docker_credential_ecrx.errors import ArgumentError, AwsError, MfaCodeNeededError, Remedy
from docker_credential_ecrx.identity.model import Identity

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html also has Docker's pattern.
_SHORTEST = 2
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")


class Owned:
    """A repository of the account of ``identity``; ``where`` is its name and region, ``partition`` AWS's.

    ``prompt`` shows a question to the user and returns the answer, or an empty text if there is no terminal.
    Every method raises AwsError, and so does the constructor.
    """

    def __init__(
        self, target: "Target", identity: Identity, env: Mapping[str, str], prompt: Callable[[str], str]
    ) -> None:
        registry = target.registry
        self.where = f"{target.name} in {target.region}" if target.region else target.name
        self._registry = registry
        self._identity = identity
        self._env = env
        self._region = "REGION"
        with self._explained("read"):
            # The AWS CLI reads AWS_REGION, and botocore alone does not.
            session = aws_session.open_session(identity, target.region or env.get("AWS_REGION"))
            region = session.get_config_variable("region")
            if not region:
                option = credential_source.find_source(identity, env).caller_option
                command = f"aws configure set region REGION{option}"
                raise AwsError("no region is set", Remedy("name it with --region, or set it", command))
            self.where, self._region = f"{target.name} in {region}", region
            session = _resolved(identity, region, prompt)
            endpoint = aws_session.endpoint_of(session, registry) if registry else None
            self._client: Any = session.create_client("ecr", config=endpoint)
        self.partition: str = registry.partition if registry else self._client.meta.partition
        self._request = {"repositoryName": target.name}
        if registry:
            self._request["registryId"] = registry.account

    def __str__(self) -> str:
        """Return the repository and the identity that is used for it."""
        return f"{self.where} with {self._identity}"

    def policy(self) -> Document | None:
        """Return the repository's policy, or None if it has none."""
        with self._explained("read"):
            try:
                text = self._client.get_repository_policy(**self._request)["policyText"]
            except self._client.exceptions.RepositoryPolicyNotFoundException:
                return None
            return repository_policy.read(text)

    def set_policy(self, document: Document | None, suspects: Sequence[str]) -> None:
        """Set the policy, or delete it if None; ``suspects`` are the principals in it that may not exist."""
        with self._explained("set", suspects):
            if document is None:
                self._client.delete_repository_policy(**self._request)
            else:
                self._client.set_repository_policy(policyText=repository_policy.compact(document), **self._request)

    @contextmanager
    def _explained(self, verb: str, suspects: Sequence[str] = ()) -> Iterator[None]:
        """Raise what fails as an AwsError with repository, region, identity and remedy."""
        try:
            yield
        except Exception as error:
            if isinstance(error, AwsError):
                reason = error
            elif isinstance(error, MfaNeededError):
                reason = _code_needed()
            else:
                texts = {
                    "principals": " or ".join(suspects) or "in one of its statements",
                    "registry_option": f" --registry-id {self._registry.account}" if self._registry else "",
                }
                caller = failures.find_caller(self._identity, self._env, _use_profile, texts)
                reason = explain(error, caller, POLICY_RULES).of_registry("HOST", self._region)
            raise reason.about(f"cannot {verb} the policy of {self}") from error


class Target(NamedTuple):
    """A repository's name, and its registry and region, each None if not given."""

    name: str
    registry: Registry | None
    region: str | None


def target(repository: str, region: str | None) -> Target:
    """Return the repository that ``repository`` names, as NAME or HOST/NAME, in ``region``.

    Raises ArgumentError if it is not a repository of a private registry, or is in another region.
    """
    host, _, name = repository.partition("/")
    registry = Registry.parse(host)
    if registry is None:
        name = repository
        if ".dkr.ecr" in host or ".dkr-ecr" in host:
            raise ArgumentError(
                f"{host} is not the host of an ECR registry",
                "write ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, or NAME alone",
            )
    elif registry.service != "ecr":
        raise ArgumentError(f"{host} is ECR Public, where anybody can pull", "name a repository of a private registry")
    elif region not in (None, registry.region):
        raise ArgumentError(f"{host} is in {registry.region}, not in {region}", "omit --region")
    if len(name) < _SHORTEST or not image.is_repository(name):
        raise ArgumentError(
            f"{name or repository} is not a repository's name", "write it in lower case, without a tag or a digest"
        )
    if region is not None and not _REGION.fullmatch(region):
        raise ArgumentError(f"{region} is not an AWS region", "write it like us-east-1")
    return Target(name, registry, registry.region if registry else region)


def _resolved(identity: Identity, region: str, prompt: Callable[[str], str]) -> Session:
    """Return a session with credentials; the user is prompted for an MFA code if a role requires one."""
    mfa = aws_session.Mfa()
    try:
        return _with_credentials(aws_session.open_session(identity, region, mfa))
    except MfaNeededError:
        mfa.code = prompt(f"MFA code for {identity}")
    return _with_credentials(aws_session.open_session(identity, region, mfa))  # a session prompts only once


def _with_credentials(session: Session) -> Session:
    credentials = session.get_credentials()
    if credentials is None:
        raise exceptions.NoCredentialsError
    credentials.get_frozen_credentials()
    return session


def _use_profile(profile: str) -> Remedy:
    return Remedy(f"--profile {shlex.quote(profile)}")


def _code_needed() -> AwsError:
    return MfaCodeNeededError(
        "the role requires an MFA code, and there is no terminal to prompt on", "run it in a terminal"
    )
