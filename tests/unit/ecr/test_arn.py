"""ARNs of principals: account roots, roles, users and sessions, in AWS's spelling only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.ecr import arn

_ID = "222222222222"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_WRITTEN = re.compile(
    r"arn:aws[a-z-]*:"
    r"(iam::[0-9]{12}:(root|(role|user)/([!-~]+/)?[\w+=,.@-]+)"
    r"|sts::[0-9]{12}:(assumed-role/[\w+=,.@-]+/[!-~]+|federated-user/([!-~]+/)?[\w+=,.@-]+))",
    re.ASCII,
)
_pieces = st.sampled_from(
    [
        *("arn", ":", "aws", "aws-cn", "iam", "sts", "s3", "us-east-1", _ID, "22"),
        *("root", "role", "user", "assumed-role", "federated-user"),
        *("/", "puller", "a b", "é", "\n", "A+=,.@-_", "*"),
    ]
)
_resources = st.lists(_pieces, max_size=6).map("".join)
_arns = st.one_of(
    st.text(),
    st.lists(_pieces, max_size=14).map("".join),
    st.builds(
        lambda service, resource: f"arn:aws:{service}::{_ID}:{resource}", st.sampled_from(["iam", "sts"]), _resources
    ),
)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (f"arn:aws:iam::{_ID}:root", ("aws", "root", "")),
            (f"arn:aws-cn:iam::{_ID}:role/puller", ("aws-cn", "role", "puller")),
            (f"arn:aws:iam::{_ID}:role/a/deep:path/puller", ("aws", "role", "puller")),
            (f"arn:aws-us-gov:iam::{_ID}:user/me@example.com", ("aws-us-gov", "user", "me@example.com")),
            (f"arn:aws:sts::{_ID}:assumed-role/puller/session", ("aws", "assumed-role", "puller")),
            (f"arn:aws:sts::{_ID}:federated-user/me", ("aws", "federated-user", "me")),
        ],
    )
    def test_returns_partition_account_kind_and_name(self, text: str, expected: tuple[str, str, str]) -> None:
        found = arn.parse(text)

        assert found is not None
        assert (expected[0], _ID, *expected[1:]) == (found.partition, found.account, found.kind, found.name)

    @pytest.mark.parametrize(
        "resource", ["root/", "root/x", "role", "role/", "role//x", "role/x/", "rooted", "group/x"]
    )
    def test_rejects_other_kinds(self, resource: str) -> None:
        assert arn.parse(f"arn:aws:iam::{_ID}:{resource}") is None

    @given(_arns)
    def test_accepts_only_what_aws_writes(self, text: str) -> None:
        assert (_WRITTEN.fullmatch(text) is not None) == (arn.parse(text) is not None)


class TestRole:
    def test_exists_only_for_roles(self) -> None:
        assert arn.role(f"arn:aws:iam::{_ID}:role/puller") is not None
        for resource in ("root", "user/puller"):
            assert arn.role(f"arn:aws:iam::{_ID}:{resource}") is None
        assert arn.role(f"arn:aws:sts::{_ID}:assumed-role/puller/session") is None
