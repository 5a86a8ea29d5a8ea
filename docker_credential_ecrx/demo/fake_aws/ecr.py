"""ECR and ECR Public: tokens, and repositories with their policies."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from docker_credential_ecrx.demo.fake_aws import policies
from docker_credential_ecrx.demo.fake_aws.messages import MARK, HttpResponse, Principal, Refusal, document

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
_PAGE, _LONGEST_PAGE = 100, 1000
# A password of this much random payload has some 2,400 characters, as those of assumed roles have.
_PAYLOAD_BYTES = 1200


class Issued(NamedTuple):
    """Whose token it is, where it is valid, and when it expires (seconds since 1970, UTC)."""

    principal: str
    account: str
    region: str
    service: str
    expires: float


class Repository(NamedTuple):
    """A repository of an account in a region."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.name}"


class Ecr:
    """The tokens and repositories of all accounts; ``repositories`` has the policy of each one, or None.

    ``expires`` returns when a new token expires, and ``exists`` whether a policy may name a principal.
    """

    def __init__(self, expires: Callable[[], float], exists: Callable[[str], bool]) -> None:
        self.issued: dict[str, Issued] = {}
        self.organizations: dict[str, str] = {}  # the ID of each account's organization, if it is in one
        self.repositories: dict[Repository, str | None] = {}
        self._expires = expires
        self._exists = exists
        self._lock = threading.Lock()

    def respond(self, service: str, operation: str, caller: Principal, region: str, body: bytes) -> HttpResponse:
        """Return the response to a request of ``caller`` in ``region``; raise Refusal as AWS does."""
        if operation == "GetAuthorizationToken":
            return self._token(service, caller, region, json.loads(body or b"{}"))
        operations = {
            "DescribeRepositories": self._describe,
            "GetRepositoryPolicy": self._get_policy,
            "SetRepositoryPolicy": self._set_policy,
            "DeleteRepositoryPolicy": self._delete_policy,
        }
        if service != "ecr" or operation not in operations:
            raise Refusal("UnknownOperationException", f"Could not find operation {operation}")
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

    def _token(self, service: str, caller: Principal, region: str, request: dict[str, Any]) -> HttpResponse:
        if service == "ecr-public" and region != "us-east-1":
            raise Refusal(
                "UnsupportedCommandException",
                f"GetAuthorizationToken command is only supported in us-east-1, not {region}",
            )
        expires = self._expires()
        password = new_password(expires)
        with self._lock:
            self.issued[password] = Issued(caller.arn, caller.account, region, service, expires)
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        data: Any = {"authorizationToken": token, "expiresAt": expires}
        if service == "ecr":
            # One entry for each registry that is named; it is deprecated, and ecr-login names one.
            accounts = request.get("registryIds") or [caller.account]
            endpoints = [f"https://{account}.dkr.ecr.{region}.amazonaws.com" for account in accounts]
            data = [data | {"proxyEndpoint": endpoint} for endpoint in endpoints]
        return document({"authorizationData": data})

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


def new_password(expires: float) -> str:
    """Return a password of the size and form of ECR's: base64 of JSON with a random payload."""
    payload = {
        "payload": base64.b64encode(secrets.token_bytes(_PAYLOAD_BYTES)).decode(),
        "datakey": base64.b64encode(MARK.encode() + secrets.token_bytes(80)).decode(),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": int(expires),
    }
    return base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()


def denial(principal: str, action: str, repository: Repository) -> str:
    """Return AWS's message if a repository policy does not allow another account's principal ``action``."""
    return (
        f"User: {principal} is not authorized to perform: {action} on resource: {repository.arn} "
        f"because no resource-based policy allows the {action} action"
    )


def _of(repository: Repository, text: str) -> HttpResponse:
    return document({"registryId": repository.account, "repositoryName": repository.name, "policyText": text})
