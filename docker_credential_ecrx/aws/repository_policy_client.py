"""Reads and sets a repository's policy in ECR, with the credentials of the repository's owner."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx.aws import credential_source, failures, input_files
from docker_credential_ecrx.aws import session as aws_session
from docker_credential_ecrx.aws.calls import Calls
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.aws.error_rules import POLICY_RULES
from docker_credential_ecrx.aws.profile_hints import ConfigureHint
from docker_credential_ecrx.aws.service_errors import explain
from docker_credential_ecrx.ecr import image, repository_policy
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.ecr.repository_policy import Document
from docker_credential_ecrx.errors import ArgumentError, AwsError, MfaCodeNeededError, Remedy
from docker_credential_ecrx.identity.model import Identity

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html also has Docker's pattern.
_SHORTEST = 2
_PAGE = 1000  # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
_PREFIX = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")
# What the constructor of Owned can fail to do.
READ, LIST = "read the policy of", "list the repositories that begin with"
# In ECR's message that there is no policy.
_REGISTRY_ID = re.compile(r"in the registry with id '([0-9]{12})'")


class Owned:
    """A repository of the account of ``identity``; ``where`` is its name and region, ``partition`` AWS's.

    ``account`` is empty until a host or ``policy`` says it.

    ``task`` is what fails if there is no connection.
    ``prompt`` shows a question to the user and returns the answer, or an empty text if there is no terminal.
    ``again`` returns the remedy that does the same with another AWS profile.
    Every method raises AwsError, and so does the constructor.
    """

    def __init__(  # noqa: PLR0913 - the repository, its owner, and what the user is told
        self,
        target: "Target",
        identity: Identity,
        env: Mapping[str, str],
        *,
        prompt: Callable[[str], str],
        again: ConfigureHint,
        task: str = READ,
    ) -> None:
        registry = target.registry
        self.name = target.name
        self.where = f"{target.name} in {target.region}" if target.region else target.name
        self._registry = registry
        self.account = registry.account if registry else ""
        self._identity = identity
        self._env = env
        self._again = again
        self.region = "REGION"
        self._calls = Calls()
        with self._explained(task):
            # The AWS CLI reads AWS_REGION, and botocore alone does not.
            session = aws_session.open_session(identity, target.region or env.get("AWS_REGION"), self._calls)
            region = session.get_config_variable("region")
            if not region:
                option = credential_source.find_source(identity, env).caller_option
                name_it = Remedy("name the region with --region")
                set_it = Remedy(f"{name_it.text}, or set it", f"aws configure set region REGION{option}")
                message = "no region is set"
                message, remedy = input_files.explained(message, env, set_it, name_it)
                raise AwsError(message, remedy)
            self.where, self.region = f"{target.name} in {region}", region
            session = _resolved(identity, region, self._calls, prompt)
            endpoint = aws_session.endpoint_of(session, registry) if registry else None
            self._client: Any = session.create_client("ecr", config=endpoint)
        self.partition: str = registry.partition if registry else self._client.meta.partition
        self._owner = {"registryId": registry.account} if registry else {}

    def __str__(self) -> str:
        """Return the repository and the identity that is used for it."""
        return f"{self.where} with {self._identity}"

    def policy(self) -> Document | None:
        """Return the repository's policy, or None if it has none."""
        with self._explained(READ):
            try:
                found = self._client.get_repository_policy(repositoryName=self.name, **self._owner)
            except self._client.exceptions.RepositoryPolicyNotFoundException as error:
                named = _REGISTRY_ID.search(str(error))
                self.account = self.account or (named[1] if named else "")
                return None
            self.account = self.account or found.get("registryId", "")
            return repository_policy.read(found["policyText"])

    def set_policy(self, document: Document | None, suspects: Sequence[str]) -> None:
        """Set the policy, or delete it if None; ``suspects`` are the principals in it that may not exist."""
        request = {"repositoryName": self.name, **self._owner}
        with self._explained("set the policy of", suspects):
            if document is None:
                self._client.delete_repository_policy(**request)
            else:
                self._client.set_repository_policy(policyText=repository_policy.compact(document), **request)

    def with_prefix(self) -> list[Self]:
        """Return the repositories of the registry whose names begin with this one's, by name.

        Without botocore's paginator, whose data the frozen program does not have.
        """
        with self._explained(LIST):
            names, token = [], {"maxResults": _PAGE}
            while token:
                page = self._client.describe_repositories(**token, **self._owner)
                names += [str(entry["repositoryName"]) for entry in page["repositories"]]
                token = {"nextToken": page["nextToken"], "maxResults": _PAGE} if page.get("nextToken") else {}
        return [self._called(name) for name in sorted(names) if name.startswith(self.name)]

    def _called(self, name: str) -> Self:
        """Return the repository ``name`` of the same registry, with the same connection."""
        other = copy.copy(self)
        other.name, other.where = name, f"{name} in {self.region}"
        return other

    @contextmanager
    def _explained(self, task: str, suspects: Sequence[str] = ()) -> Iterator[None]:
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
                    "owner": self.account,
                    "registry_option": f" --registry-id {self._registry.account}" if self._registry else "",
                }
                caller = failures.find_caller(self._identity, self._env, self._calls.last, self._again, texts)
                reason = explain(error, caller, POLICY_RULES).of_registry("HOST", self.region)
            raise reason.about(f"cannot {task} {self}") from error


class Target(NamedTuple):
    """A repository's name, and its registry and region, each None if not given."""

    name: str
    registry: Registry | None
    region: str | None


def region_of(target: Target, identity: Identity, env: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the region and AWS's partition of the registry or the region, without a request; None if unknown."""
    if target.registry:
        return target.registry.region, target.registry.partition
    try:
        session = aws_session.open_session(identity, target.region or env.get("AWS_REGION"), Calls())
        region: str | None = session.get_config_variable("region")
        partition: str | None = session.get_partition_for_region(region) if region else None
    except exceptions.BotoCoreError:  # such as of a profile that only the owner's machine has
        return target.region, None
    return region, partition


def target(repository: str, region: str | None, find: Callable[[str], Registry | None] = Registry.parse) -> Target:
    """Return the repository that ``repository`` names, as NAME or HOST/NAME, in ``region``.

    ``find`` returns the registry that a host is, or None.
    Raises ArgumentError if it is not a repository of a private registry, or is in another region.
    """
    found = _place(repository, region, find)
    if len(found.name) < _SHORTEST or not image.is_repository(found.name):
        raise ArgumentError(
            f"{found.name or repository} is not a repository's name",
            "write it in lower case, without a tag or a digest",
        )
    return found


def prefix_target(prefix: str, region: str | None, find: Callable[[str], Registry | None] = Registry.parse) -> Target:
    """Return what ``target`` does for the first characters of repositories' names; raise ArgumentError."""
    found = _place(prefix, region, find)
    if not _PREFIX.fullmatch(found.name):
        raise ArgumentError(
            f"{found.name or prefix} is not the beginning of a repository's name",
            "write it in lower case, such as team/, after HOST/ if you name the registry's host",
        )
    return found


def _place(repository: str, region: str | None, find: Callable[[str], Registry | None]) -> Target:
    host, _, name = repository.partition("/")
    registry = find(host)
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
    if region is not None and not _REGION.fullmatch(region):
        raise ArgumentError(f"{region} is not an AWS region", "write it like us-east-1")
    return Target(name, registry, registry.region if registry else region)


def _resolved(identity: Identity, region: str, calls: Calls, prompt: Callable[[str], str]) -> Session:
    """Return a session with credentials; the user is prompted for an MFA code if a role requires one."""
    mfa = aws_session.Mfa()
    try:
        return _with_credentials(aws_session.open_session(identity, region, calls, mfa))
    except MfaNeededError:
        mfa.code = prompt(f"MFA code for {identity}")
    return _with_credentials(aws_session.open_session(identity, region, calls, mfa))  # a session prompts only once


def _with_credentials(session: Session) -> Session:
    credentials = session.get_credentials()
    if credentials is None:
        raise exceptions.NoCredentialsError
    credentials.get_frozen_credentials()
    return session


def _code_needed() -> AwsError:
    return MfaCodeNeededError(
        "the role requires an MFA code, and there is no terminal to prompt on", "run it in a terminal"
    )
