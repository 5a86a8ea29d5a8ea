"""Which parameters the direct way sends to STS."""

from typing import Any

from botocore.loaders import Loader

from docker_credential_ecrx.aws.direct.calls import LEAST_LENGTHS, LEAST_SECONDS

SENT = {
    "AssumeRole": ("RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds"),
    "AssumeRoleWithWebIdentity": ("RoleArn", "RoleSessionName", "WebIdentityToken"),
}


def test_least_values_are_those_of_botocore() -> None:
    """Nothing else is validated by botocore: neither the most that AWS accepts, nor its patterns."""
    shapes: dict[str, Any] = Loader().load_service_model("sts", "service-2")["shapes"]
    least = {
        name: shapes[shapes[f"{operation}Request"]["members"][name]["shape"]].get("min", 0)
        for operation, names in SENT.items()
        for name in names
    }

    assert least == LEAST_LENGTHS | {"DurationSeconds": LEAST_SECONDS}
