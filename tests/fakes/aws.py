"""AWS with repositories, whose policies it evaluates: what the tests need beside the demonstration's fake AWS."""

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from docker_credential_ecrx.demo import fake_aws
from docker_credential_ecrx.demo.fake_aws import HttpResponse, Issued, Principal, Refusal
from docker_credential_ecrx.demo.fake_aws.ecr import Ecr
from docker_credential_ecrx.demo.fake_aws.messages import document
from fakes import policies

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
_PAGE, _LONGEST_PAGE = 100, 1000


class Repository(NamedTuple):
    """A repository of an account in a region."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.name}"


class EcrWithRepositories(Ecr):
    """The tokens and repositories of all accounts; ``repositories`` has the policy of each one, or None.

    ``exists`` returns whether a policy may name a principal.
    """

    def __init__(self, expires: Callable[[], float], exists: Callable[[str], bool]) -> None:
        super().__init__(expires)
        self.organizations: dict[str, str] = {}  # the ID of each account's organization, if it is in one
        self.repositories: dict[Repository, str | None] = {}
        self._exists = exists

    def respond(self, service: str, operation: str, caller: Principal, region: str, body: bytes) -> HttpResponse:
        """Return the response to a request of ``caller`` in ``region``; raise Refusal as AWS does."""
        operations = {
            "DescribeRepositories": self._describe,
            "GetRepositoryPolicy": self._get_policy,
            "SetRepositoryPolicy": self._set_policy,
            "DeleteRepositoryPolicy": self._delete_policy,
        }
        if service != "ecr" or operation not in operations:
            return super().respond(service, operation, caller, region, body)
        request = json.loads(body)
        repository = Repository(request.get("registryId", caller.account), region, request.get("repositoryName", "*"))
        if repository.account != caller.account:
            raise Refusal("AccessDeniedException", denial(caller.arn, f"ecr:{operation}", repository))
        return operations[operation](repository, request)

    def permits(self, issued: Issued, repository: Repository, action: str) -> bool:
        """Return whether a token permits ``action``; an account's own principals may do everything."""
        organization = self.organizations.get(issued.account, "")
        return issued.account == repository.account or policies.permits(
            self.repositories[repository], issued.principal, action, organization
        )

    def _describe(self, repository: Repository, request: dict[str, Any]) -> HttpResponse:
        own = [known for known in self.repositories if known[:2] == repository[:2]]
        wanted, token = _page(
            [repository._replace(name=name) for name in request.get("repositoryNames", [])], own, request
        )
        for found in wanted:
            self._policy(found)
        host = f"{repository.account}.dkr.ecr.{repository.region}.amazonaws.com"
        entries = [
            {
                "repositoryArn": known.arn,
                "registryId": known.account,
                "repositoryName": known.name,
                "repositoryUri": f"{host}/{known.name}",
            }
            for known in wanted
        ]
        return document({"repositories": entries, **token})

    def _get_policy(self, repository: Repository, _: dict[str, Any]) -> HttpResponse:
        return _of(repository, self._existing_policy(repository))

    def _set_policy(self, repository: Repository, request: dict[str, Any]) -> HttpResponse:
        self._policy(repository)
        if not policies.is_valid(request["policyText"], self._exists):
            raise Refusal(
                "InvalidParameterException",
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
            )
        self.repositories[repository] = json.dumps(json.loads(request["policyText"]), indent=2)
        return _of(repository, request["policyText"])

    def _delete_policy(self, repository: Repository, _: dict[str, Any]) -> HttpResponse:
        text = self._existing_policy(repository)
        self.repositories[repository] = None
        return _of(repository, text)

    def _existing_policy(self, repository: Repository) -> str:
        text = self._policy(repository)
        if text is None:
            raise Refusal(
                "RepositoryPolicyNotFoundException",
                f"Repository policy does not exist for the repository with name '{repository.name}' "
                f"in the registry with id '{repository.account}'",
            )
        return text

    def _policy(self, repository: Repository) -> str | None:
        if repository not in self.repositories:
            raise Refusal(
                "RepositoryNotFoundException",
                f"The repository with name '{repository.name}' does not exist "
                f"in the registry with id '{repository.account}'",
            )
        return self.repositories[repository]


class FakeAws(fake_aws.FakeAws):
    """A fake AWS with repositories on ``url`` while its context is entered."""

    ecr: EcrWithRepositories

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(port, context, host)
        self.ecr = EcrWithRepositories(lambda: self.now() + self.token_seconds, self.exists)
        self.issued = self.ecr.issued

    def add_repository(
        self, account: str, name: str, *, region: str = "us-east-1", policy: Mapping[str, Any] | None = None
    ) -> Repository:
        """Add a repository to ``ecr.repositories``, with a policy that is not validated."""
        repository = Repository(account, region, name)
        self.ecr.repositories[repository] = None if policy is None else json.dumps(policy)
        return repository

    def exists(self, principal: str) -> bool:
        """Return whether a policy may name the principal: a role, a user, an account by its id or its root, or "*"."""
        with self._lock:
            known = {caller.arn for caller in self._principals.values()} | self._sts.roles.keys()
        accounts = {arn.split(":")[4] for arn in known}
        account = principal.removesuffix(":root").rpartition(":")[2]
        return principal == "*" or principal in known or account in accounts

    def count(self, operation: str) -> int:
        """Return how often ``operation`` was called."""
        return sum(call.operation == operation for call in list(self.calls))

    def is_live(self, password: str) -> bool:
        """Return whether ECR accepts the password now."""
        issued = self.issued.get(password)
        return issued is not None and issued.expires > self.now()


def _page(
    named: list[Repository], own: list[Repository], request: dict[str, Any]
) -> tuple[list[Repository], dict[str, str]]:
    """Return the repositories of a response, and the token of the next page, if there is one."""
    given = {"maxResults", "nextToken"} & request.keys()
    if named and given:
        raise Refusal("InvalidParameterException", f"{given.pop()} cannot be used with repositoryNames")
    size = request.get("maxResults", _PAGE)
    try:
        start = int(base64.b64decode(request["nextToken"], validate=True)) if "nextToken" in request else 0
    except ValueError:
        start = -1
    if not 1 <= size <= _LONGEST_PAGE or start < 0:
        raise Refusal("InvalidParameterException", "Invalid parameter at 'maxResults' or 'nextToken'")
    end = start + size
    token = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(own) else {}
    return (named, {}) if named else (own[start:end], token)


def denial(principal: str, action: str, repository: Repository) -> str:
    """Return AWS's message if a repository policy does not allow another account's principal ``action``."""
    return (
        f"User: {principal} is not authorized to perform: {action} on resource: {repository.arn} "
        f"because no resource-based policy allows the {action} action"
    )


def _of(repository: Repository, text: str) -> HttpResponse:
    return document({"registryId": repository.account, "repositoryName": repository.name, "policyText": text})
