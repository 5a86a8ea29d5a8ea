"""Registers the secrets that are sent to and received from AWS, so that no line of output contains one.

They are in AWS's files, in environment variables, in requests and in responses.
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx import log
from docker_credential_ecrx.aws import proxy_rules
from docker_credential_ecrx.sanitizer import third_party

# In requests and responses of STS, SSO, the sign-in and ECR, in lower case.
_FIELDS = (
    *("accesstoken", "authorizationtoken", "clientsecret", "codeverifier", "idtoken", "refreshtoken"),
    *("secretaccesskey", "sessiontoken", "tokencode", "webidentitytoken"),
)
_HEADERS = ("Authorization", "X-Amz-Security-Token", "x-amz-sso_bearer_token", "DPoP")
_SETTINGS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")
_VARIABLES = (*map(str.upper, _SETTINGS), "AWS_CONTAINER_AUTHORIZATION_TOKEN")


def learn_from(session: Session) -> None:
    """Register the secrets that the session may use, and from now on those that it sends and receives."""
    for name, value in os.environ.items():
        log.add_secret(value if name in _VARIABLES else None)
        # Other variables' passwords are not sent to AWS, and may be words of the program's messages.
        if name.startswith("AWS_") or name.upper().endswith("_PROXY"):
            _learn_password(value)
    try:
        profiles = session.full_config["profiles"].values()
    except exceptions.BotoCoreError:
        profiles = ()  # an unreadable file, which is reported when it is needed
    settings = (setting for profile in profiles for setting in profile.items())
    for name, value in settings:
        if not isinstance(value, str):
            continue  # a nested section
        log.add_secret(value if name in _SETTINGS else None)
        _learn_password(value)
    for event, learn in (
        ("before-sign", _before_sign),
        ("before-send", _before_send),
        ("response-received", _response_received),
    ):
        handler: Any = learn
        session.register(event, handler)


def _before_sign(*, request_signer: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Register the secret key that signs a request: an instance, a container or a process may have provided it."""
    credentials = getattr(request_signer, "_credentials", None)
    if credentials is not None:
        log.add_secret(credentials.get_frozen_credentials().secret_key)


def _before_send(*, event_name: str, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Register the signature and the tokens of a request; log the call without its content."""
    for name in _HEADERS:
        value = request.headers.get(name, "")
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        log.add_secret(text.rpartition(" ")[2].rpartition("Signature=")[2])
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else str(request.body or "")
    for name, value in (*parse_qsl(body), *_members(_parsed(body))):
        log.add_secret(value if name.lower() in _FIELDS else None)
    host = third_party.text(proxy_rules.host_of(request.url))
    log.debug(f"asking {host} for {event_name.rpartition('.')[2]}")


def _response_received(*, parsed_response: object, **_: object) -> None:
    for name, value in _members(parsed_response):
        log.add_secret(value if name.lower() in _FIELDS else None)


def _members(value: object) -> Iterator[tuple[str, str]]:
    """Yield the names and values of all texts in a document."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                yield str(name), member
            else:
                yield from _members(member)
    elif isinstance(value, list):
        for member in value:
            yield from _members(member)


def _parsed(body: str) -> object:
    try:
        return json.loads(body) if body.startswith("{") else None
    except (ValueError, RecursionError):
        return None


def _learn_password(url: str) -> None:
    """Register the password in a URL: that of a proxy or an endpoint may have one."""
    try:
        password = urlsplit(url).password if "://" in url else None
    except ValueError:
        return
    if password:
        log.add_secret(password)
        log.add_secret(unquote(password))
