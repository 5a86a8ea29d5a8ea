"""Which policy denies an action, by IAM's message."""

import pytest

from docker_credential_ecrx.aws import failures
from docker_credential_ecrx.identity.model import Identity

ENV = {"HOME": "/nonexistent", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
ACTION = "ecr:GetAuthorizationToken"
DENIED = f"User: arn:aws:sts::222222222222:assumed-role/puller/s is not authorized to perform: {ACTION} on resource: *"


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        ("", f"allow {ACTION} in the principal's own policy"),
        (
            f" because no identity-based policy allows the {ACTION} action",
            f"allow {ACTION} in the principal's own policy",
        ),
        (
            f" because no permissions boundary allows the {ACTION} action",
            f"allow {ACTION} in the principal's permissions boundary",
        ),
        (
            f" because no VPC endpoint policy allows the {ACTION} action",
            f"allow {ACTION} in the policy of the VPC endpoint",
        ),
        (
            " with an explicit deny in a service control policy",
            f"end the explicit deny of {ACTION} in the organization's service control policy",
        ),
        (
            " with an explicit deny in an identity-based policy",
            f"end the explicit deny of {ACTION} in the principal's own policy",
        ),
    ],
)
def test_remedy_is_for_the_policy_that_denies(why: str, remedy: str) -> None:
    """In another process, which gets only codes, as well."""
    caller = failures.find_caller(Identity("p"), ENV)
    values = {"operation": "GetAuthorizationToken", "code": "AccessDeniedException", "said": f"{DENIED}{why}"}

    found = failures.service_error(caller, values)
    elsewhere = failures.from_codes(found.codes, Identity("p"), ENV, "ecr")

    assert elsewhere is not None
    assert [remedy, remedy] == [str(found.remedy), str(elsewhere.remedy)]
    assert why in elsewhere.message
