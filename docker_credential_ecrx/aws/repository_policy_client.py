"""Asks ECR for a repository's policy, and sets it, with the credentials of the repository's owner."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx.aws import credential_source
from docker_credential_ecrx.aws import session as aws_session
from docker_credential_ecrx.aws.service_errors import ErrorRule, MfaNeededError, explain
from docker_credential_ecrx.ecr import image, repository_policy
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.ecr.repository_policy import Document
from docker_credential_ecrx.errors import ArgumentError, AwsError, MfaCodeNeededError
from docker_credential_ecrx.identity.model import Identity

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html has docker's pattern, too.
_SHORTEST = 2
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")
_DENIED = ("AccessDenied", "AccessDeniedException")
_NOT_THE_OWNERS = "allow ecr:{operation} in the principal's own policy, or choose the owner's profile with --profile"
# What AWS says of a principal that does not exist; the second, lately (terraform-provider-aws#39064).
_UNKNOWN_PRINCIPAL = ("Invalid repository policy provided", "Principal not found")
_ANSWERS: tuple[ErrorRule, ...] = (
    ErrorRule(_DENIED, "GetRepositoryPolicy", "AWS denied {operation}: {said}", _NOT_THE_OWNERS),
    ErrorRule(_DENIED, "SetRepositoryPolicy", "AWS denied {operation}: {said}", _NOT_THE_OWNERS),
    ErrorRule(_DENIED, "DeleteRepositoryPolicy", "AWS denied {operation}: {said}", _NOT_THE_OWNERS),
)


class Owned:
    """A repository of the account of ``identity``; ``where`` is its name and region, ``partition`` AWS's.

    ``ask`` is given a question for the person, and returns the answer, or an empty text where nobody can be asked.
    Every method raises AwsError, and so does making one.
    """

    def __init__(
        self, registry: "Target", identity: Identity, env: Mapping[str, str], ask: Callable[[str], str]
    ) -> None:
        self.where = f"{registry.name} in {registry.region}" if registry.region else registry.name
        self._target = registry
        self._identity = identity
        self._env = env
        self._region = "REGION"
        with self._explained("read"):
            # The AWS CLI reads AWS_REGION, and botocore alone does not.
            session = aws_session.open_session(identity, registry.region or env.get("AWS_REGION"))
            region = session.get_config_variable("region")
            if not region:
                message = "no region is set"
                asked = credential_source.origin_of(identity, env).asked
                raise AwsError(message, f"name it with --region, or set it: aws configure set region REGION{asked}")
            self.where, self._region = f"{registry.name} in {region}", region
            session = _resolved(identity, region, ask)
            endpoint = aws_session.endpoint_of(session, registry.registry) if registry.registry else None
            self._client: Any = session.create_client("ecr", config=endpoint)
        self.partition: str = registry.registry.partition if registry.registry else self._client.meta.partition
        self._request = {"repositoryName": registry.name}
        if registry.registry:
            self._request["registryId"] = registry.registry.account

    def __str__(self) -> str:
        """Say which repository it is, and whose credentials are to own it."""
        return f"{self.where} with {self._identity}"

    def policy(self) -> Document | None:
        """Return the repository's policy, or None where it has none."""
        with self._explained("read"):
            try:
                text = self._client.get_repository_policy(**self._request)["policyText"]
            except self._client.exceptions.RepositoryPolicyNotFoundException:
                return None
            return repository_policy.read(text)

    def set_policy(self, document: Document | None, suspects: Sequence[str]) -> None:
        """Set the repository's policy, or delete it; ``suspects`` are the principals in it that may not exist."""
        with self._explained("set", suspects):
            if document is None:
                self._client.delete_repository_policy(**self._request)
            else:
                self._client.set_repository_policy(policyText=repository_policy.compact(document), **self._request)

    @contextmanager
    def _explained(self, verb: str, suspects: Sequence[str] = ()) -> Iterator[None]:
        """Turn what goes wrong into one sentence with repository, region, profile and remedy."""
        try:
            yield
        except Exception as error:
            if isinstance(error, AwsError):
                reason = error
            elif isinstance(error, MfaNeededError):
                reason = _code_needed()
            else:
                answers = (*_unknown_principal(error, suspects), *self._no_repository(), *_ANSWERS)
                reason = explain(error, self._identity, self._env, answers, _named)
                reason = reason.of_registry("HOST", self._region)
            subject = f"cannot {verb} the policy of {self}"
            raise reason.about(subject) from error

    def _no_repository(self) -> Iterator[ErrorRule]:
        """Yield what it means that there is no such repository, with what lists those that there are."""
        registry_id = f" --registry-id {self._target.registry.account}" if self._target.registry else ""
        command = f"aws ecr describe-repositories --region REGION{registry_id}{{asked}}"
        hint = f"check its name, --region and --profile: {command}"
        yield ErrorRule(("RepositoryNotFoundException",), "", "there is no such repository: {said}", hint)


class Target(NamedTuple):
    """A repository's name, and its registry and region, each None where it is not given."""

    name: str
    registry: Registry | None
    region: str | None


def target(repository: str, region: str | None) -> Target:
    """Return the repository that ``repository`` names, as NAME or HOST/NAME, in ``region``.

    Raises ArgumentError where it is no repository of a private registry, or in another region.
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
        raise ArgumentError(
            f"{host} is ECR Public, where everybody may pull", "name a repository of a private registry"
        )
    elif region not in (None, registry.region):
        raise ArgumentError(f"{host} is in {registry.region}, not in {region}", "leave --region out")
    if len(name) < _SHORTEST or not image.is_repository(name):
        raise ArgumentError(
            f"{name or repository} is not a repository's name", "write it in lower case, without a tag or a digest"
        )
    if region is not None and not _REGION.fullmatch(region):
        raise ArgumentError(f"{region} is not an AWS region", "write it like us-east-1")
    return Target(name, registry, registry.region if registry else region)


def _resolved(identity: Identity, region: str, ask: Callable[[str], str]) -> Session:
    """Return a session with credentials; the person is asked for an MFA code where a role wants one."""
    mfa = aws_session.Mfa()
    try:
        return _with_credentials(aws_session.open_session(identity, region, mfa))
    except MfaNeededError:
        mfa.code = ask(f"MFA code for {identity}")
    return _with_credentials(aws_session.open_session(identity, region, mfa))  # a session asks once


def _with_credentials(session: Session) -> Session:
    credential_source = session.get_credentials()
    if credential_source is None:
        raise exceptions.NoCredentialsError
    credential_source.get_frozen_credentials()
    return session


def _named(profile: str) -> str:
    return f"--profile {shlex.quote(profile)}"


def _code_needed() -> AwsError:
    message = "its role needs an MFA code, and nobody can be asked for it"
    return MfaCodeNeededError(message, "run it on a terminal")


def _unknown_principal(error: Exception, suspects: Sequence[str]) -> Iterator[ErrorRule]:
    """Yield the answer for a policy that AWS refuses for a principal that it does not know; it does not say which."""
    if any(words in str(error) for words in _UNKNOWN_PRINCIPAL):
        names = " or ".join(suspects).replace("{", "{{").replace("}", "}}") or "that one of its statements names"
        hint = "check its spelling; one made a moment ago may need a minute, and one with an id for a name is no more"
        yield ErrorRule(("InvalidParameterException",), "", f"the principal {names} does not exist", hint)
