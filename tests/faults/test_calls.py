"""A failure of a connection names the host, the operation and the role, whichever of AWS's services it was."""

import pytest
from faults.helpers import ASSUMING, FETCH, World, refusal, server

from fakes import faults
from support.aws_parts import sign_in_to_sso, write_web_identity
from support.forms import in_one_form
from support.home import HOST, ROLE, SECONDARY

pytestmark = in_one_form

_NOBODY = "http://127.0.0.1:1"
_SSO = {"sso_account_id": SECONDARY, "sso_role_name": "puller", "sso_region": "us-east-1"}
_CALLS = {
    "sts": (_NOBODY, "AWS_ENDPOINT_URL_STS", ASSUMING),
    "ecr": (_NOBODY, "AWS_ENDPOINT_URL_ECR", FETCH),
    "sso": (_NOBODY, "AWS_ENDPOINT_URL_SSO", f"GetRoleCredentials of puller in {SECONDARY}"),
    "web identity": (_NOBODY, "AWS_ENDPOINT_URL_STS", f"AssumeRoleWithWebIdentity of {ROLE}"),
}


def arrange(world: World, service: str) -> None:
    """Give the profile credentials for which that service is asked."""
    if service == "sso":
        world.set_profile(sso_session="mine", **_SSO)
        start = "[sso-session mine]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n"
        with (world.home.folder / ".aws" / "config").open("a") as file:
            file.write(start)
        sign_in_to_sso(world.home.folder, "mine", "bearer")
    elif service == "web identity":
        path = world.home.folder / "token"
        write_web_identity(path, "me")
        world.set_profile(role_arn=ROLE, web_identity_token_file=str(path))


def _origin(variable: str) -> str:
    """Return what the line says of a configured endpoint, which that of the container's credentials is not."""
    return f":1 (from {variable})" if variable.startswith("AWS_ENDPOINT_URL") else ""


@pytest.mark.parametrize("service", _CALLS)
def test_nobody_at_the_address_names_the_call(world: World, service: str) -> None:
    address, variable, call = _CALLS[service]
    arrange(world, service)
    world.home.env[variable] = address

    expected = (
        f"profile secondary: cannot connect to 127.0.0.1{_origin(variable)} for {call}; check DNS and the network"
    )
    expected += f", or unset {variable}" if _origin(variable) else ""
    assert expected == refusal(world.home, world.aws)


@pytest.mark.parametrize("service", _CALLS)
def test_closed_connection_names_the_call(world: World, service: str) -> None:
    _, variable, call = _CALLS[service]
    arrange(world, service)
    world.home.env[variable] = f"http://{world.stack.enter_context(server(b''))}"

    expected = f"the connection to 127.0.0.1 was closed during {call}; check the network"
    expected += f", or unset {variable}" if _origin(variable) else ""
    assert f"profile secondary: {expected}" == refusal(world.home, world.aws)


def test_page_in_place_of_ecr_public_names_the_call(world: World) -> None:
    world.aws.fail("GetAuthorizationToken", faults.body(b"<html>"))

    found = world.home.get("public.ecr.aws")

    assert "the response from AWS is not valid (GetAuthorizationToken at 127.0.0.1);" in found.stderr


def test_of_configured_role_names_that_role(world: World) -> None:
    world.home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')
    world.home.env["AWS_ENDPOINT_URL_STS"] = _NOBODY

    line = refusal(world.home, world.aws, profile=None)

    assert (
        f"role {ROLE} from profile base: cannot connect to 127.0.0.1:1 (from AWS_ENDPOINT_URL_STS) for {ASSUMING};"
        in line
    )
