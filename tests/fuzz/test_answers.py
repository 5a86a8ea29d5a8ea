"""ECR's response: a password that Docker can send and its expiry, or one line that says what is wrong with it."""

import json
from typing import Any

import botocore.session
from botocore.parsers import create_parser
from fuzz.helpers import base64_of, fuzzed, is_line, json_texts, numbers, told
from hypothesis import strategies as st

from docker_credential_ecrx.aws import authorization_token, failures, issued_token, service_errors
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.model import Identity

LIFE_SECONDS = 12 * 3600
SECRET = "hunter2:"
_session = botocore.session.Session()
_shapes: dict[str, Any] = {
    service: _session.get_service_model(service).operation_model("GetAuthorizationToken").output_shape
    for service in ("ecr", "ecr-public")
}
_passwords = st.one_of(st.just("x"), st.text("abcXYZ019+/=:~ \n\x7f\u00e9"), st.text())
_tokens = st.one_of(
    _passwords.map(lambda text: base64_of(f"AWS:{SECRET}{text}")), _passwords.map(base64_of), _passwords
)
_dates = st.one_of(
    st.sampled_from(["", "Tue, 24 Nov 2026 19:00:00 GMT", "Tue, 24 Nov 2026 19:00:00 -0000", "x", "Tue, 1 Jan 99999"]),
    st.sampled_from(["Tue, 24 Nov 2026 19:00:00 +99999999999999", "Tue, 24 Nov 2026 19:00:00"]),
    st.text(max_size=8),
)
_ends = st.one_of(
    st.sampled_from(
        ["1e9", "1795590000", "1795590000.5", "1e18", "-1e18", '"2026-11-25T07:00:00Z"', '"x"', "[]", "{}"]
    ),
    numbers,
)
_entries = st.builds(
    lambda token, end: f'{{"authorizationToken": {json.dumps(token)}, "expiresAt": {end}}}', _tokens, _ends
)
_bodies = (
    st.one_of(
        _entries.map(lambda entry: f'{{"authorizationData": [{entry}]}}'),
        _entries.map(lambda entry: f'{{"authorizationData": {entry}}}'),
        json_texts("authorizationData", "authorizationToken", "expiresAt", "proxyEndpoint"),
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary()
)


@fuzzed(st.sampled_from(["ecr", "ecr-public"]), _bodies, _dates, st.sampled_from([200, 200, 400, 500, 302]))
def test_response_is_a_password_with_expiry_or_an_error(service: str, body: bytes, date: str, status: int) -> None:
    answer = {"body": body, "headers": {"date": date} if date else {}, "status_code": status}
    try:
        response = create_parser("json").parse(answer, _shapes[service])
        if status != 200 or "Error" in response:
            return
        token = authorization_token.parse_response(response)
    except AwsError as error:
        told(error, SECRET)
    except Exception as error:  # noqa: BLE001 - as ``authorization_token.fetch`` has it
        told(service_errors.explain(error, failures.find_caller(Identity("p"), {"HOME": "/nonexistent"})), SECRET)
    else:
        assert 0 < token.lifetime <= LIFE_SECONDS
        assert is_line(token.password)
        assert token.password.isascii()


@fuzzed(_tokens)
def test_token_is_base64_of_user_and_password(token: str) -> None:
    try:
        password = issued_token.decode(token)
    except AwsError as error:
        told(error, SECRET)
    else:
        assert base64_of(f"AWS:{password}") == token


@fuzzed(
    st.one_of(
        numbers.map(lambda number: base64_of(f'{{"payload": "x", "expiration": {number}}}')),
        json_texts("expiration").map(base64_of),
        st.text(),
        st.binary().map(lambda raw: raw.decode("latin-1")),
    ),
    st.floats(0, 4e9),
)
def test_docker_login_token_lives_12_hours_at_most(password: str, now: float) -> None:
    assert authorization_token.lifetime_of(password, now) <= LIFE_SECONDS
