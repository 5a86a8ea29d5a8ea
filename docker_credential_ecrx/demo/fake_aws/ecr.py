"""ECR and ECR Public: tokens, and repositories with their policies."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from docker_credential_ecrx.demo.fake_aws import policies
from docker_credential_ecrx.demo.fake_aws.messages import MARK, HttpResponse, Principal, Refusal, document

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
        self.repositories: dict[Repository, str | None] = {}
        self._expires = expires
        self._exists = exists
        self._lock = threading.Lock()

    def respond(self, service: str, operation: str, who: Principal, region: str, body: bytes) -> HttpResponse:
        """Return the response to a request of ``who`` in ``region``; raise Refusal as AWS does."""
        if operation == "GetAuthorizationToken":
            return self._token(service, who, region)
        operations = {
            "DescribeRepositories": self._describe,
            "GetRepositoryPolicy": self._get_policy,
            "SetRepositoryPolicy": self._set_policy,
            "DeleteRepositoryPolicy": self._delete_policy,
        }
        if service != "ecr" or operation not in operations:
            code = "UnknownOperationException"
            raise Refusal(code, f"Could not find operation {operation}")
        request = json.loads(body)
        place = Repository(request.get("registryId", who.account), region, request.get("repositoryName", "*"))
        if place.account != who.account:
            action, code = f"ecr:{operation}", "AccessDeniedException"
            raise Refusal(code, denial(who.arn, action, place))
        return operations[operation](place, request)

    def permits(self, issued: Issued, place: Repository, action: str) -> bool:
        """Return whether a token permits ``action``; an account's own principals may do everything."""
        return issued.account == place.account or policies.permits(self.repositories[place], issued.principal, action)

    def _token(self, service: str, who: Principal, region: str) -> HttpResponse:
        if service == "ecr-public" and region != "us-east-1":
            code = "UnsupportedCommandException"
            raise Refusal(code, f"GetAuthorizationToken command is only supported in us-east-1, not {region}")
        expires = self._expires()
        password = new_password(expires)
        with self._lock:
            self.issued[password] = Issued(who.arn, who.account, region, service, expires)
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        data: Any = {"authorizationToken": token, "expiresAt": expires}
        if service == "ecr":
            data = [data | {"proxyEndpoint": f"https://{who.account}.dkr.ecr.{region}.amazonaws.com"}]
        return document({"authorizationData": data})

    def _describe(self, place: Repository, request: dict[str, Any]) -> HttpResponse:
        own = [known for known in self.repositories if known[:2] == place[:2]]
        wanted = [place._replace(name=name) for name in request.get("repositoryNames", [])] or own
        for repository in wanted:
            self._policy(repository)
        host = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
        entries = [
            {
                "repositoryArn": known.arn,
                "registryId": known.account,
                "repositoryName": known.name,
                "repositoryUri": f"{host}/{known.name}",
            }
            for known in wanted
        ]
        return document({"repositories": entries})

    def _get_policy(self, place: Repository, _: dict[str, Any]) -> HttpResponse:
        return _of(place, self._existing_policy(place))

    def _set_policy(self, place: Repository, request: dict[str, Any]) -> HttpResponse:
        self._policy(place)
        if not policies.is_valid(request["policyText"], self._exists):
            code, words = "InvalidParameterException", "Invalid repository policy provided"
            raise Refusal(code, f"Invalid parameter at 'PolicyText' failed to satisfy constraint: '{words}'")
        self.repositories[place] = json.dumps(json.loads(request["policyText"]), indent=2)
        return _of(place, request["policyText"])

    def _delete_policy(self, place: Repository, _: dict[str, Any]) -> HttpResponse:
        text = self._existing_policy(place)
        self.repositories[place] = None
        return _of(place, text)

    def _existing_policy(self, place: Repository) -> str:
        text = self._policy(place)
        if text is None:
            code, where = "RepositoryPolicyNotFoundException", f"in the registry with id '{place.account}'"
            raise Refusal(code, f"Repository policy does not exist for the repository with name '{place.name}' {where}")
        return text

    def _policy(self, place: Repository) -> str | None:
        if place not in self.repositories:
            code, where = "RepositoryNotFoundException", f"in the registry with id '{place.account}'"
            raise Refusal(code, f"The repository with name '{place.name}' does not exist {where}")
        return self.repositories[place]


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


def denial(principal: str, action: str, place: Repository) -> str:
    """Return AWS's message if a repository policy does not allow another account's principal ``action``."""
    return (
        f"User: {principal} is not authorized to perform: {action} on resource: {place.arn} "
        f"because no resource-based policy allows the {action} action"
    )


def _of(place: Repository, text: str) -> HttpResponse:
    return document({"registryId": place.account, "repositoryName": place.name, "policyText": text})
