"""An AWS that fails: each fault alters an answer, or keeps it back.

The call itself is honest, so the fake AWS counts it and knows who made it.
"""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from docker_credential_ecrx.demo.fake_aws import HttpResponse, Keys, Refusal, refused
from fakes.aws import FakeAws

Fault = Callable[[HttpResponse], HttpResponse]

_HANG_SECONDS = 60.0  # twice what the most patient of docker's clients waits


class FaultyAws(FakeAws):
    """AWS with faults, set by operation; ``clock_offset`` seconds are between its clock and ours."""

    clock_offset = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._always: dict[str, Fault] = {}
        self._first: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def fail(self, operation: str, fault: Fault, *, times: int | None = None) -> None:
        """Answer ``operation`` with ``fault``: always, or the next few times before what is set for always."""
        if times is None:
            self._always[operation] = fault
        else:
            self._first[operation].extend([fault] * times)

    def clear_faults(self) -> None:
        """Answer without faults again."""
        self._always.clear()
        self._first.clear()

    def end_session(self, keys: Keys) -> None:
        """Let a role session be over before its time."""
        with self._lock:
            session = self._principals[keys.access_key_id]
            self._principals[keys.access_key_id] = session._replace(expires=self.now())

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Answer as AWS does, but for the faults."""
        answer = super().handle(method, path, headers, body)
        _, operation = self.operation(headers, body)
        with self._lock:
            first = self._first[operation]
            fault = first.popleft() if first else self._always.get(operation)
        return fault(answer) if fault else answer

    def now(self) -> float:
        """Return the time by AWS's clock, which also dates its answers and judges signatures."""
        return super().now() + self.clock_offset


def late(seconds: float) -> Fault:
    """Return a fault that keeps the answer back for a while."""

    def keep_back(answer: HttpResponse) -> HttpResponse:
        threading.Event().wait(seconds)
        return answer

    return keep_back


hanging = late(_HANG_SECONDS)


def closed(answer: HttpResponse) -> HttpResponse:
    """Close the connection without an answer."""
    raise ConnectionResetError(answer.status)


def error(code: str, message: str, status: int = 400) -> Fault:
    """Return a fault that is AWS's error ``code``, in the protocol of the service that was asked."""

    def refuse(answer: HttpResponse) -> HttpResponse:
        service = "sts" if answer.content_type == "text/xml" else "ecr"
        return refused(service, Refusal(code, message, status))

    return refuse


throttled = error("ThrottlingException", "Rate exceeded")
forbidden = error(
    "AccessDeniedException",
    "User is not authorized to perform: ecr:GetAuthorizationToken on resource: * "
    "because no identity-based policy allows the ecr:GetAuthorizationToken action",
)


def status(code: int) -> Fault:
    """Return a fault that is an HTTP status from something between us and AWS, such as a load balancer."""
    return lambda _: HttpResponse(code, "text/html", f"<html><h1>{code}</h1></html>".encode())


def page(code: int) -> Fault:
    """Return a fault that is an HTTP status with a page that is not XML either, such as nginx's or Envoy's."""
    return lambda _: HttpResponse(code, "text/html", b"<!DOCTYPE html>\n<html><body>upstream error<br></body></html>")


def body(content: bytes) -> Fault:
    """Return a fault that answers "200 OK" with ``content``."""
    return lambda answer: answer._replace(status=200, body=content)


garbage = body(bytes(range(256)) * 4)


def token(**changes: object) -> Fault:
    """Return a fault that changes ECR's entry for a token; the value None takes a key away."""

    def change(answer: HttpResponse) -> HttpResponse:
        document = json.loads(answer.body)
        entries: list[dict[str, Any]] | dict[str, Any] = document["authorizationData"]
        for entry in entries if isinstance(entries, list) else [entries]:
            kept = {key: value for key, value in (entry | changes).items() if value is not None}
            entry.clear()
            entry.update(kept)
        return answer._replace(body=json.dumps(document).encode())

    return change


no_token = token(authorizationToken=None)
undecodable_token = token(authorizationToken="!not base64!")
token_without_user = token(authorizationToken="bm8gY29sb24=")
expired_token = token(expiresAt=1_000_000_000)
token_without_expiry = token(expiresAt=None)
no_entry = body(b'{"authorizationData": []}')
