"""The fake AWS accepts the signatures that AWS publishes and botocore makes, and none of which a part was changed."""

from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from docker_credential_ecrx.demo.fake_aws import Keys, new_keys
from docker_credential_ecrx.demo.fake_aws.messages import Request
from docker_credential_ecrx.demo.fake_aws.signature import Signed, expected
from fakes.aws import FakeAws

_ACCOUNT = "222222222222"
_TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
_HOST = {"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"}
_UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


# aws-sig-v4-test-suite, https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-test-suite.html
@pytest.mark.parametrize(
    ("method", "path", "headers", "signature"),
    [
        pytest.param("GET", "/", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="vanilla"),
        pytest.param(
            "POST", "/", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla"
        ),
        pytest.param(
            "GET",
            "/?Param2=value2&Param1=value1",
            {},
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            id="query-order-key-case",
        ),
        pytest.param(
            "GET",
            f"/?{_UNRESERVED}={_UNRESERVED}",
            {},
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            id="query-unreserved",
        ),
        pytest.param(
            "GET",
            "/?%E1%88%B4=bar",
            {},
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            id="utf8-query",
        ),
        pytest.param(
            "GET",
            "/",
            {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            id="header-value-trim",
        ),
    ],
)
def test_of_aws_examples_is_computed(method: str, path: str, headers: dict[str, str], signature: str) -> None:
    headers = headers | _HOST
    names = sorted(name.lower() for name in headers)
    scope = ("20150830", "us-east-1", "service", "aws4_request")
    signed = Signed("AKIDEXAMPLE", *scope, names, headers["X-Amz-Date"], 0.0, "")

    found = expected(
        Request(method, headers["Host"], path, headers, b""), signed, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )

    assert signature == found


class Sent(NamedTuple):
    """A request that is signed, as it is sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def changed(self, name: str, value: str | None) -> "Sent":
        """Return it with another header, or without it if ``value`` is None."""
        rest = {key: text for key, text in self.headers.items() if key != name}
        return self._replace(headers=rest if value is None else rest | {name: value})

    def authorized(self, old: str, new: str) -> "Sent":
        """Return it with another authorization."""
        assert old in self.headers["Authorization"]
        return self.changed("Authorization", self.headers["Authorization"].replace(old, new))


def sent(keys: Keys, path: str = "/?a=b&c=d", **headers: str) -> Sent:
    """Return a request for a token, signed by botocore."""
    told = {"X-Amz-Target": _TARGET, "Content-Type": "application/x-amz-json-1.1"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    request = AWSRequest("POST", f"https://api.ecr.us-east-1.amazonaws.com{path}", told, b"{}")
    SigV4Auth(Credentials(*keys), "ecr", "us-east-1").add_auth(request)
    signed: dict[str, Any] = dict(request.headers)
    return Sent(path, {name.title(): value for name, value in signed.items()} | {"Host": _host(request)}, b"{}")


def _host(request: AWSRequest) -> str:
    return str(request.url).split("/")[2]


def status(aws: FakeAws, request: Sent) -> int:
    return aws.handle("POST", request.path, request.headers, request.body).status


def session(aws: FakeAws) -> Keys:
    """Return keys with a session token."""
    keys = aws.add_user(_ACCOUNT, "base")
    found = keys._replace(session_token=new_keys(session=True).session_token)
    aws._add(aws._principals[keys.access_key_id]._replace(keys=found))  # noqa: SLF001 - it opens sessions for STS
    return found


def status_over_http(aws: FakeAws, request: Sent) -> int:
    connection = HTTPConnection(aws.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", request.path, request.body, dict(request.headers))
        return connection.getresponse().status
    finally:
        connection.close()


def test_covers_the_query_over_http(aws: FakeAws) -> None:
    request = sent(session(aws))

    assert 200 == status_over_http(aws, request)
    assert 403 == status_over_http(aws, request._replace(path="/?a=b&c=e"))


_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)


@settings(max_examples=40, derandomize=True, database=None)
@given(names=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=3), value=_text)
def test_of_botocore_is_accepted(names: dict[str, str], value: str) -> None:
    """Whatever the query and the headers are."""
    query = "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in names.items())
    with FakeAws() as aws:
        request = sent(session(aws), f"/?{query}" if query else "/", X_Other=value, X_Amz_Other=value)

        assert 200 == status(aws, request)


_NAMES = "content-type;host;x-amz-date;x-amz-other;x-amz-security-token;x-amz-target;x-other"
_CHANGES: dict[str, Callable[[Sent], Sent]] = {
    "body": lambda request: request._replace(body=b"{ }"),
    "path": lambda request: request._replace(path="/x?a=b&c=d"),
    "value in the query": lambda request: request._replace(path="/?a=b&c=e"),
    "no query": lambda request: request._replace(path="/"),
    "another parameter": lambda request: request._replace(path="/?a=b&c=d&e"),
    "type": lambda request: request.changed("Content-Type", "application/json"),
    "no type": lambda request: request.changed("Content-Type", None),
    "host": lambda request: request.changed("Host", "api.ecr.us-east-1.amazonaws.com.attacker.example"),
    "time": lambda request: request.changed("X-Amz-Date", _a_minute_from(request.headers["X-Amz-Date"])),
    "signed header": lambda request: request.changed("X-Other", "z"),
    "signed header of AWS": lambda request: request.changed("X-Amz-Other", "z"),
    "no signed header": lambda request: request.changed("X-Other", None),
    "unsigned header of AWS": lambda request: request.changed("X-Amz-More", "z"),
    "target": lambda request: request.changed("X-Amz-Target", f"{_TARGET.partition('.')[0]}.DescribeRepositories"),
    "session token": lambda request: request.changed("X-Amz-Security-Token", "z"),
    "no session token": lambda request: request.changed("X-Amz-Security-Token", None),
    "date of the scope": lambda request: request.authorized(f"/{request.headers['X-Amz-Date'][:8]}/", "/20150830/"),
    "region of the scope": lambda request: request.authorized("/us-east-1/", "/eu-west-1/"),
    "service of the scope": lambda request: request.authorized("/ecr/", "/sts/"),
    "end of the scope": lambda request: request.authorized("/aws4_request", "/aws4"),
    "one name more": lambda request: request.authorized(_NAMES, f"authorization;{_NAMES}"),
    "a name that is absent": lambda request: request.authorized(_NAMES, f"{_NAMES};x-z"),
    "one name less": lambda request: request.authorized(_NAMES, _NAMES.removesuffix(";x-other")),
    "no token among the names": lambda request: request.authorized(_NAMES, _NAMES.replace("x-amz-security-token;", "")),
    "no host among the names": lambda request: request.authorized(_NAMES, _NAMES.replace("host;", "")),
    "the names in another order": lambda request: request.authorized(
        _NAMES, f"x-other;{_NAMES.removesuffix(';x-other')}"
    ),
    "a name twice": lambda request: request.authorized(_NAMES, f"{_NAMES};x-other"),
    "a name in capitals": lambda request: request.authorized(_NAMES, _NAMES.replace("host", "Host")),
    "no signature": lambda request: request.changed(
        "Authorization", request.headers["Authorization"].partition(", Signature")[0]
    ),
    "another scheme": lambda request: request.authorized("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    "no authorization": lambda request: request.changed("Authorization", None),
}


def _a_minute_from(timestamp: str) -> str:
    minute = int(timestamp[11:13])
    return f"{timestamp[:11]}{minute + (1 if minute < 59 else -1):02}{timestamp[13:]}"


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_of_a_changed_request_is_refused(aws: FakeAws, change: Callable[[Sent], Sent]) -> None:
    request = sent(session(aws), X_Other="x", X_Amz_Other="y")
    assert _NAMES in request.headers["Authorization"]

    assert 200 == status(aws, request)
    assert 403 == status(aws, change(request))
    assert aws.calls[-1].error
