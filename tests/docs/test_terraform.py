"""docs/terraform.md: both accounts' resources are valid HCL, and with their policies the pull that it shows works."""

import json
import re
import shlex
from typing import Any

import hcl2
import pytest

from fakes import policies
from support import pages
from support.forms import in_one_form
from support.home import HOST, PRIMARY, ROLE, SECONDARY, Home

_REPOSITORY = f"arn:aws:ecr:us-east-1:{PRIMARY}:repository/app"
_PULL = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]
_GRANT, _CONFIGURE = pages.blocks("terraform.md", "sh")


def _resources(text: str) -> dict[str, dict[str, Any]]:
    """Return the attributes of a block's resources by type and name, as HCL's expressions."""
    blocks: list[dict[str, Any]] = hcl2.loads(text)["resource"]
    return {
        f"{kind}.{name}".replace('"', ""): body
        for block in blocks
        for kind, named in block.items()
        for name, body in named.items()
    }


def _policy(expression: str) -> list[dict[str, Any]]:
    """Return the statements of the document in ``jsonencode(...)``, with the role's ARN for the reference to it."""
    inner = re.fullmatch(r"\$\{jsonencode\((.*)\)\}", expression, re.DOTALL)
    assert inner is not None, expression
    document = _value(hcl2.loads(f"value = {inner[1]}\n")["value"])
    assert "2012-10-17" == document["Version"]
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


def _value(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key.strip('"'): _value(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_value(member) for member in value]
    return ROLE if value == "${aws_iam_role.puller.arn}" else json.loads(value)


def _allows(statements: list[dict[str, Any]], action: str, resource: str) -> bool:
    """Return whether an identity's policy allows an action: the fake AWS evaluates it as if it were a resource's."""
    of_resource = [
        {key: value for key, value in each.items() if key != "Resource"} | {"Principal": {"AWS": SECONDARY}}
        for each in statements
        if each["Resource"] in ("*", resource)
    ]
    return policies.permits(json.dumps({"Statement": of_resource}), f"arn:aws:iam::{SECONDARY}:root", action)


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    """Return the page's resources by type and name."""
    return _resources("\n".join(pages.blocks("terraform.md", "hcl")))


@in_one_form
def test_owner_has_what_the_command_prints(home: Home) -> None:
    printed = home.run(*shlex.split(_GRANT)[1:])

    assert (0, pages.blocks("terraform.md", "hcl")[0], "") == printed
    assert [] == home.aws.calls


@in_one_form
def test_pull_works_with_these_policies(home: Home, resources: dict[str, dict[str, Any]]) -> None:
    (trust,) = _policy(resources["aws_iam_role.puller"]["assume_role_policy"])
    assert ("Allow", "sts:AssumeRole") == (trust["Effect"], trust["Action"])
    home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
    home.aws.add_role(ROLE, trusts=[trust["Principal"]["AWS"].split(":")[4]])
    grant = resources["aws_ecr_repository_policy.app_a172cedc"]
    document = {"Version": "2012-10-17", "Statement": _policy(grant["policy"])}
    app = home.aws.add_repository(PRIMARY, json.loads(grant["repository"]), policy=document)

    done = home.run(*shlex.split(_CONFIGURE.splitlines()[0])[1:])
    token = home.aws.issued[home.get(HOST, profile=None).secret]

    assert 0 == done.status, done
    assert policies.is_valid(json.dumps(document), home.aws.exists)
    assert [True] * 3 + [False] == [home.aws.ecr.permits(token, app, action) for action in [*_PULL, "ecr:PutImage"]]


def test_role_may_do_what_a_pull_needs(resources: dict[str, dict[str, Any]]) -> None:
    """And nothing else; the user may assume the role."""
    role = _policy(resources["aws_iam_role_policy.pull"]["policy"])
    user = _policy(resources["aws_iam_user_policy.assume_puller"]["policy"])

    assert _allows(role, "ecr:GetAuthorizationToken", "*")
    assert all(_allows(role, action, _REPOSITORY) for action in _PULL)
    assert not _allows(role, "ecr:BatchGetImage", f"{_REPOSITORY}2")
    assert not _allows(role, "ecr:PutImage", _REPOSITORY)
    assert _allows(user, "sts:AssumeRole", ROLE)
    assert not _allows(user, "sts:AssumeRole", f"{ROLE}2")
    assert "${aws_iam_role.puller.name}" == resources["aws_iam_role_policy.pull"]["role"]
