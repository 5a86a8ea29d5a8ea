"""Signature Version 4 of a POST, held against AWS's own examples and against botocore."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.aws.direct.keys import Keys
from docker_credential_ecrx.aws.direct.sigv4 import signed

EXAMPLE = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = 1440938160.0  # 2015-08-30T12:36:00Z
HOST = {"host": "example.amazonaws.com"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
_visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


# aws-sig-v4-test-suite, https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-test-suite.html
@pytest.mark.parametrize(
    ("headers", "body", "names", "signature"),
    [
        pytest.param(
            HOST,
            b"",
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            id="post-vanilla",
        ),
        pytest.param(
            HOST | {"my-header1": "value1"},
            b"",
            "host;my-header1;x-amz-date",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            id="post-header-key-sort",
        ),
        pytest.param(
            HOST | FORM,
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            id="post-x-www-form-urlencoded",
        ),
    ],
)
def test_aws_examples(headers: dict[str, str], body: bytes, names: str, signature: str) -> None:
    found = signed(headers, body, keys=EXAMPLE, region="us-east-1", service="service", now=AT)

    scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
    assert found == headers | {
        "x-amz-date": "20150830T123600Z",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}",
    }


@given(
    secret=_visible,
    token=st.just("") | _visible,
    body=st.binary(max_size=200),
    target=_visible,
    region=st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1"]),
)
def test_signature_is_what_botocore_computes(secret: str, token: str, body: bytes, target: str, region: str) -> None:
    headers = {"host": "api.ecr.us-east-1.amazonaws.com", "x-amz-target": target}
    request = AWSRequest("POST", f"https://{headers['host']}/", {"X-Amz-Target": target}, body)
    SigV4Auth(Credentials("AKIDEXAMPLE", secret, token or None), "ecr", region).add_auth(request)
    at = _seconds(request.context["timestamp"])

    found = signed(headers, body, keys=Keys("AKIDEXAMPLE", secret, token), region=region, service="ecr", now=at)

    assert request.headers["Authorization"] == found["authorization"]


def _seconds(timestamp: str) -> float:
    from datetime import UTC, datetime

    return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
