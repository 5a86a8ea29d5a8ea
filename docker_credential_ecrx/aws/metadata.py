"""What the endpoints for the credentials of an instance and of a container answered.

botocore reports nothing of it: whatever the instance metadata service answers, there are no credentials.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx.aws import proxies, proxy_rules
from docker_credential_ecrx.aws.caller import Call

INSTANCE, CONTAINER, TOKEN = (
    "the request for the instance's credentials",
    "the request for the container's credentials",
    "the request for the instance's metadata token",
)
# The providers of botocore's chain, and their attributes; without these, as botocore 1.44 has them, nothing is known.
_PROVIDERS = (("iam-role", "_role_fetcher", INSTANCE), ("container-role", "_fetcher", CONTAINER))
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_HOP_LIMIT = "metadata-hop-limit"
# By status; botocore gives up after 400, and does without a token after any other.
_TOKEN_PROBLEMS = {400: "metadata-status", _FORBIDDEN: "metadata-forbidden"}
# Without one of them, botocore takes no credentials.
_FIELDS = frozenset(("AccessKeyId", "SecretAccessKey", "Token", "Expiration"))


def watch(session: Session, report: Callable[[Call], None]) -> None:
    """Call ``report`` with each request to these endpoints, and again with what came of it."""
    chain = session.get_component("credential_provider")
    for name, attribute, request in _PROVIDERS:
        try:
            fetcher: Any = getattr(chain.get_provider(name), attribute, None)
        except exceptions.UnknownCredentialError:
            continue
        if hasattr(fetcher, "_session"):
            fetcher._session = _Watched(fetcher._session, request, report)  # noqa: SLF001


class _Watched:
    """A session of botocore's HTTP client whose requests are reported."""

    def __init__(self, session: Any, request: str, report: Callable[[Call], None]) -> None:  # noqa: ANN401 - botocore's
        self._session = session
        self._request = request
        self._report = report
        self._problem = ""  # with the metadata token, which explains the refusal of the next request

    def send(self, request: Any) -> Any:  # noqa: ANN401 - botocore's
        """Send a request, as botocore's session does."""
        is_token = request.method == "PUT"
        call = Call(proxy_rules.host_of(request.url), TOKEN if is_token else self._request)
        self._report(call)
        if self._request == INSTANCE:  # botocore uses no proxy for a container's endpoint
            proxies.require_supported(request.url)
        try:
            response = self._session.send(request)
        except Exception as error:
            self._report_end(call, "", _unanswered(error, is_token=is_token))
            raise
        status = response.status_code
        if is_token:
            self._problem = ""
            problem = _TOKEN_PROBLEMS.get(status, "")
        elif self._request == CONTAINER:
            is_refused = status != _OK
            problem = "container-status" if is_refused else "" if _has_keys(response.text) else "container-invalid"
        else:
            problem = _instance_problem(response)
        self._report_end(call, str(status), problem)
        return response

    def _report_end(self, call: Call, status: str, problem: str) -> None:
        if problem == _HOP_LIMIT:
            self._problem = problem
        elif self._problem and problem:  # without a token, any refusal is due to that
            call, problem = call._replace(operation=TOKEN), self._problem
        self._report(call._replace(problem=problem, status=status, is_over=True))


def _unanswered(error: Exception, *, is_token: bool) -> str:
    match error:
        case exceptions.ReadTimeoutError():
            # The hop limit drops the token's response, if there is a network between the instance and this process.
            return _HOP_LIMIT if is_token else "no-response"
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError():
            return "unreachable"
    return "connection-closed"


def _instance_problem(response: Any) -> str:  # noqa: ANN401 - botocore's
    """Return what is wrong with a response to a request for the name of the role, or for its credentials."""
    is_list = urlsplit(response.url).path.endswith("/security-credentials/")
    if is_list and (response.status_code == _NOT_FOUND or (response.status_code == _OK and not response.content)):
        return "metadata-no-role"
    if response.status_code == _FORBIDDEN:
        return "metadata-forbidden"
    if response.status_code != _OK:
        return "metadata-status"
    return "" if is_list or _has_keys(response.text) else "metadata-refused"


def _has_keys(text: str) -> bool:
    try:
        return bool(json.loads(text).keys() >= _FIELDS)
    except (ValueError, AttributeError):
        return False
