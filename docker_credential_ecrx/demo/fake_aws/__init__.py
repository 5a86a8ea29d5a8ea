"""A stand-in for AWS on loopback: STS and ECR of several accounts, for real boto3 with real signatures.

It refuses what AWS refuses, in AWS's words, as far as this program meets them, and counts who called what.
"""

from docker_credential_ecrx.demo.fake_aws.ecr import Issued, Repository, denial, new_password
from docker_credential_ecrx.demo.fake_aws.messages import (
    MARK,
    HttpResponse,
    Keys,
    Principal,
    Refusal,
    new_keys,
    refused,
)
from docker_credential_ecrx.demo.fake_aws.server import Call, StandIn

__all__ = [
    "MARK",
    "Call",
    "HttpResponse",
    "Issued",
    "Keys",
    "Principal",
    "Refusal",
    "Repository",
    "StandIn",
    "denial",
    "new_keys",
    "new_password",
    "refused",
]
