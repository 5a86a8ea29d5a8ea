"""A fake AWS on loopback: STS and ECR of several accounts, for real SDKs with real signatures.

It refuses what AWS refuses, with AWS's messages, as far as this program needs them, and records all calls.
"""

from docker_credential_ecrx.demo.fake_aws.ecr import Issued, new_password
from docker_credential_ecrx.demo.fake_aws.messages import (
    MARK,
    HttpResponse,
    Keys,
    Principal,
    Refusal,
    new_keys,
    refused,
)
from docker_credential_ecrx.demo.fake_aws.server import Call, FakeAws

__all__ = [
    "MARK",
    "Call",
    "FakeAws",
    "HttpResponse",
    "Issued",
    "Keys",
    "Principal",
    "Refusal",
    "new_keys",
    "new_password",
    "refused",
]
