"""ECR and ECR Public: the tokens that they issue."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

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


class Ecr:
    """The tokens of all accounts; ``expires`` returns when a new one expires."""

    def __init__(self, expires: Callable[[], float]) -> None:
        self.issued: dict[str, Issued] = {}
        self._expires = expires
        self._lock = threading.Lock()

    def respond(self, service: str, operation: str, caller: Principal, region: str, body: bytes) -> HttpResponse:
        """Return the response to a request of ``caller`` in ``region``; raise Refusal as AWS does."""
        if operation != "GetAuthorizationToken":
            raise Refusal("UnknownOperationException", f"Could not find operation {operation}")
        return self._token(service, caller, region, json.loads(body or b"{}"))

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
