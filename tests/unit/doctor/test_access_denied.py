"""Which side lacks a permission if a registry responds with 403, from IAM's message or without one."""

import pytest

from docker_credential_ecrx.doctor import access_denied
from docker_credential_ecrx.doctor.access_denied import Refusal
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Access

IMAGE = image.parse("111111111111.dkr.ecr.us-east-1.amazonaws.com/team/app:v1")
SESSION = "arn:aws:sts::222222222222:assumed-role/puller/session"
OWN_SESSION = "arn:aws:sts::111111111111:assumed-role/puller/session"
GET_IMAGE, UPLOAD = "ecr:BatchGetImage", "ecr:InitiateLayerUpload"
GRANT = "docker-credential-ecrx policy grant team/app --to 222222222222"
ATTACH = "aws iam attach-role-policy --role-name puller --policy-arn arn:aws:iam::aws:policy"


def explain(reason: str, who: str = SESSION, action: str = GET_IMAGE, access: Access = PULL) -> Refusal:
    """Return the explanation of a denial with ``reason`` in IAM's words."""
    arn = "arn:aws:ecr:us-east-1:111111111111:repository/team/app"
    said = f"User: {who} is not authorized to perform: {action} on resource: {arn}{reason.format(action=action)}"
    return access_denied.explain(said, IMAGE, who, action, access)


class TestMissingRepositoryPolicy:
    REASON = " because no resource-based policy allows the {action} action"

    def test_is_fixed_by_a_grant_to_the_callers_account(self) -> None:
        found = explain(self.REASON)

        assert f"{SESSION} may not {GET_IMAGE}: the repository policy does not allow it" == found.detail
        options = "--pull-only --profile OWNER --region us-east-1 --apply"
        assert f"run as the owner, account 111111111111: {GRANT} {options}" == found.remedy

    @pytest.mark.parametrize("action", [GET_IMAGE, UPLOAD])
    def test_for_pushes_is_fixed_by_a_grant_of_pushes(self, action: str) -> None:
        remedy = explain(self.REASON, action=action, access=PUSH).remedy

        assert f"{GRANT} --profile OWNER --region us-east-1 --apply" in remedy


class TestMissingPermissions:
    REASON = " because no identity-based policy allows the {action} action"

    @pytest.mark.parametrize(
        ("access", "policy"),
        [(PULL, "AmazonEC2ContainerRegistryReadOnly"), (PUSH, "AmazonEC2ContainerRegistryPowerUser")],
    )
    def test_of_a_role_are_added_to_it(self, access: Access, policy: str) -> None:
        found = explain(self.REASON, access=access)

        assert "its own IAM policy does not allow it" in found.detail
        assert f"run as an administrator of account 222222222222: {ATTACH}/{policy}" == found.remedy

    def test_of_a_user_are_added_in_its_partition(self) -> None:
        remedy = explain(self.REASON, "arn:aws-cn:iam::222222222222:user/team/me").remedy

        policy = "arn:aws-cn:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        assert f"aws iam attach-user-policy --user-name me --policy-arn {policy}" == remedy.rpartition(": ")[2]

    def test_of_identity_center_are_added_to_the_permission_set(self) -> None:
        who = "arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/me"

        remedy = explain(self.REASON, who).remedy

        assert "attach" not in remedy
        assert "permission set" in remedy

    @pytest.mark.parametrize("reason", ["", " because no resource-based policy allows the {action} action"])
    def test_are_the_cause_within_the_repositorys_account(self, reason: str) -> None:
        assert ATTACH in explain(reason, OWN_SESSION).remedy


class TestExplicitDeny:
    def test_in_repository_policy_is_removed_by_its_owner(self) -> None:
        found = explain(" with an explicit deny in a resource-based policy")

        assert "the repository policy denies it" in found.detail
        assert "docker-credential-ecrx policy show team/app --region us-east-1" in found.remedy

    @pytest.mark.parametrize(
        ("reason", "where"),
        [
            (" with an explicit deny in a service control policy", "service control policy"),
            (" with an explicit deny in an identity-based policy", "identity-based policy"),
            (" with an explicit deny in a permissions boundary", "permissions boundary"),
            (" because no VPC endpoint policy allows the {action} action", "VPC endpoint policy"),
            (" because no session policy allows the {action} action", "session policy"),
            (" because no permissions boundary allows the {action} action", "permissions boundary"),
        ],
    )
    def test_elsewhere_is_located(self, reason: str, where: str) -> None:
        found = explain(reason)

        assert where in found.detail
        assert f"have who administers it change that {where}" == found.remedy


class TestNoReason:
    @pytest.mark.parametrize("message", ["", "Access denied", "denied: requested access to the resource is denied"])
    def test_names_both_sides(self, message: str) -> None:
        found = access_denied.explain(message, IMAGE, SESSION, GET_IMAGE, PULL)

        assert f"{SESSION} may not {GET_IMAGE}" in found.detail
        assert GRANT in found.remedy
        assert ATTACH in found.remedy

    def test_without_a_caller_has_an_account_placeholder(self) -> None:
        assert "--to ACCOUNT" in access_denied.explain("", IMAGE, "", GET_IMAGE, PULL).remedy


def test_commands_name_only_valid_principals() -> None:
    found = explain("", "arn:aws:sts::222222222222:assumed-role/$(id)/x")

    assert "$(id)" in found.detail
    assert "$(id)" not in found.remedy
