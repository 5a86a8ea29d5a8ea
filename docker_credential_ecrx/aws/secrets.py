"""Gets to know the secrets that are sent to AWS and that come from there, so that no line repeats one.

They are in AWS's files, in variables, in requests and in answers.
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore import exceptions
from botocore.session import Session

from docker_credential_ecrx import log
from docker_credential_ecrx.sanitizer import third_party

# In requests and answers of STS, SSO, the sign-in and ECR, in lower case.
_FIELDS = (
    *("accesstoken", "authorizationtoken", "clientsecret", "codeverifier", "idtoken", "refreshtoken"),
    *("secretaccesskey", "sessiontoken", "tokencode", "webidentitytoken"),
)
_HEADERS = ("Authorization", "X-Amz-Security-Token", "x-amz-sso_bearer_token", "DPoP")
_SETTINGS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")
_VARIABLES = (*map(str.upper, _SETTINGS), "AWS_CONTAINER_AUTHORIZATION_TOKEN")


def learn_from(session: Session) -> None:
    """Learn the secrets that the session may use, and from now on those that it sends and is given."""
    for name, value in os.environ.items():
        log.add_secret(value if name in _VARIABLES else None)
        # A database's password is not sent to AWS, and may be a word of the program's.
        if name.startswith("AWS_") or name.upper().endswith("_PROXY"):
            _learn_password(value)
    try:
        profiles = session.full_config["profiles"].values()
    except exceptions.BotoCoreError:
        profiles = ()  # a file that cannot be read, which whoever needs it says
    for name, value in (
        keyring_name for profile in profiles for keyring_name in profile.items() if isinstance(keyring_name[1], str)
    ):
        log.add_secret(value if name in _SETTINGS else None)
        _learn_password(value)
    for event, learn in (("before-sign", _signs), ("before-send", _sends), ("response-received", _receives)):
        handler: Any = learn
        session.register(event, handler)


def _signs(*, request_signer: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Learn the secret key that signs a request, which the instance, a container or a process may have given."""
    credentials = getattr(request_signer, "_credentials", None)
    if credentials is not None:
        log.add_secret(credentials.get_frozen_credentials().secret_key)


def _sends(*, event_name: str, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Learn what a request is signed and authorized with; tell of the call, and nothing of what it sends."""
    for name in _HEADERS:
        value = request.headers.get(name, "")
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        log.add_secret(text.rpartition(" ")[2].rpartition("Signature=")[2])
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else str(request.body or "")
    for name, value in (*parse_qsl(body), *_members(_parsed(body))):
        log.add_secret(value if name.lower() in _FIELDS else None)
    host = third_party.text(urlsplit(request.url).hostname)
    log.debug(f"asking {host} for {event_name.rpartition('.')[2]}")


def _receives(*, parsed_response: object, **_: object) -> None:
    for name, value in _members(parsed_response):
        log.add_secret(value if name.lower() in _FIELDS else None)


def _members(value: object) -> Iterator[tuple[str, str]]:
    """Yield the names and texts in a document."""
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
    """Learn the password in a URL, as one of a proxy or an endpoint may have."""
    try:
        password = urlsplit(url).password if "://" in url else None
    except ValueError:
        return
    if password:
        log.add_secret(password)
        log.add_secret(unquote(password))
