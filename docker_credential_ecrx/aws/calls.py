"""What a session asks AWS for: the host, the operation and the role that a failure's message names.

botocore's exceptions do not name the operation, and its events do.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ConnectionClosedError
from botocore.session import Session

from docker_credential_ecrx.aws import error_body, metadata, proxies, proxy_rules
from docker_credential_ecrx.aws.caller import Call
from docker_credential_ecrx.system.deadline import Deadline

T = TypeVar("T")


class Calls:
    """The ``last`` call of the sessions that it watches, which may have ended.

    No call is sent after ``deadline``, which also learns which host is waited for.
    """

    def __init__(self, deadline: Deadline | None = None) -> None:
        self.deadline = deadline
        self.last = Call()
        # By operation: botocore requests a role's keys when it signs a call that needs them, which it built before.
        self._roles: dict[str, str] = {}

    def watch(self, session: Session) -> None:
        """Follow the calls of ``session`` from now on."""
        handlers: dict[str, Any] = {
            "before-parameter-build": self._before_build,
            "before-send": self._before_send,
            "before-parse": self._before_parse,
            "response-received": self._response_received,
        }
        for event, handler in handlers.items():
            session.register(event, handler)
        metadata.watch(session, self._follow)

    def within(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, or raise what it raises, or TimeoutError if the deadline passes before."""
        return call() if self.deadline is None else self.deadline.within(call)

    def _before_build(self, *, event_name: str, params: Any, **_: object) -> None:  # noqa: ANN401 - botocore's, as below
        role = params.get("roleName", "")  # of SSO's GetRoleCredentials
        role = params.get("RoleArn") or (f"{role} in {params.get('accountId')}" if role else "")
        self._roles[event_name.rpartition(".")[2]] = role

    def _before_send(self, *, event_name: str, request: Any, **_: object) -> None:  # noqa: ANN401
        operation = event_name.rpartition(".")[2]
        self._follow(Call(proxy_rules.host_of(request.url), operation, self._roles.get(operation, "")))
        proxies.require_supported(request.url)

    def _before_parse(self, *, response_dict: Any, operation_model: Any, **_: object) -> None:  # noqa: ANN401
        """Raise what a closed connection raises if the body was cut off, which botocore takes for a whole one.

        An error's body that botocore cannot parse is replaced, so that its status remains.
        """
        headers = response_dict["headers"]
        length = "" if "transfer-encoding" in headers else str(headers.get("content-length", ""))
        if length.isdecimal() and len(response_dict["body"]) < int(length):
            raise ConnectionClosedError(endpoint_url=f"https://{self.last.host}")
        if response_dict["status_code"] >= error_body.LEAST_STATUS:
            error_body.parse(response_dict, operation_model.service_model.resolved_protocol)

    def _follow(self, call: Call) -> None:
        self.last = call
        if self.deadline is not None:
            # botocore repeats a request that failed, after a pause.
            self.deadline.waiting_for = "" if call.is_over and not call.problem else call.host

    def _response_received(self, *, exception: Exception | None = None, **_: object) -> None:
        if self.deadline is not None and exception is None:
            self.deadline.waiting_for = ""
