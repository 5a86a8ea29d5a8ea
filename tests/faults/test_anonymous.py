"""Neither what AWS answers nor what the settings say stops an anonymous pull from public.ecr.aws."""

from collections.abc import Callable

import pytest
from faults.helpers import ASSUME, FETCH, World, server

from fakes import faults
from support.forms import in_one_form
from support.home import HOST, NOT_FOUND, ROLE

pytestmark = in_one_form

PUBLIC = "public.ecr.aws"
Arrange = Callable[[World], object]


def unknown_key(world: World) -> None:
    """Take the keys of the source profile for those of another partition, which this one does not know."""
    world.aws.fail(ASSUME, faults.error("InvalidClientTokenId", "The security token is invalid.", 403))


def fips(world: World) -> None:
    """Request a FIPS endpoint, which ECR Public does not have."""
    del world.home.env["AWS_ENDPOINT_URL"]
    world.home.env |= {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL_STS": world.aws.url}


CAUSES: dict[str, Arrange] = {
    "unknown key": unknown_key,
    "denied": lambda world: world.aws.fail(FETCH, faults.forbidden),
    "denied role": lambda world: world.aws.add_role(ROLE, trusts=["999999999999"]),
    "throttled": lambda world: world.aws.fail(FETCH, faults.throttled),
    "server error": lambda world: world.aws.fail(FETCH, faults.status(503)),
    "garbage": lambda world: world.aws.fail(FETCH, faults.garbage),
    "closed connection": lambda world: world.aws.fail(FETCH, faults.closed),
    "nobody there": lambda world: world.home.env.update(AWS_ENDPOINT_URL="http://127.0.0.1:1"),
    "a hang": lambda world: world.home.env.update(AWS_ENDPOINT_URL=f"http://{world.stack.enter_context(server(None))}"),
    "fips": fips,
    "mfa": lambda world: world.set_profile(role_arn=ROLE, source_profile="base", mfa_serial="arn:aws:iam::2:mfa/me"),
    "no such profile": lambda world: world.set_profile(role_arn=ROLE, source_profile="gone"),
    "sso": lambda world: world.set_profile(
        sso_start_url="https://example.awsapps.com/start", sso_region="us-east-1", sso_account_id="2", sso_role_name="a"
    ),
    "process": lambda world: world.set_profile(credential_process="false"),
    "clock": lambda world: setattr(world.aws, "clock_offset", 5 * 3600.0),
}


@pytest.mark.parametrize("arrange", CAUSES.values(), ids=CAUSES)
def test_pull_goes_on_with_one_line_on_stderr(world: World, arrange: Arrange) -> None:
    arrange(world)

    found = world.home.get(PUBLIC, env={"ECRX_KEYRING": "none"})

    assert (1, NOT_FOUND) == (found.status, found.stdout)
    assert found.stderr.startswith(
        "docker-credential-ecrx: continuing without credentials: no token for public.ecr.aws"
    )
    assert 1 == found.stderr.count("\n")
    assert [] == world.aws.told(found.stderr)


def test_pull_with_half_a_key_goes_on_in_silence(world: World) -> None:
    """As without credentials: botocore passes over it."""
    found = world.home.get(PUBLIC, profile=None, env={"AWS_SECRET_ACCESS_KEY": "x"})

    assert (1, NOT_FOUND, "") == (found.status, found.stdout, found.stderr)


# What config.toml says, and a variable.
SETTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "unknown key": ("x = 1", {}),
    "not TOML": ("[[registry]", {}),
    "no such file": ("", {"ECRX_CONFIG": "/nonexistent/config.toml"}),
    "unknown keyring": ("", {"ECRX_KEYRING": "kernal"}),
}


@pytest.mark.parametrize(("text", "env"), SETTINGS.values(), ids=SETTINGS)
def test_pull_goes_on_with_settings_that_are_not_valid(world: World, text: str, env: dict[str, str]) -> None:
    world.home.configure(text)

    found = world.home.get(PUBLIC, profile=None, env=env)

    assert (1, NOT_FOUND) == (found.status, found.stdout)
    assert found.stderr.startswith("docker-credential-ecrx: continuing without credentials: ")
    assert 1 == found.stderr.count("\n")
    refused = world.home.get(HOST, profile=None, env=env)
    assert (1, refused.stderr) == (refused.status, refused.stdout)


def test_pull_goes_on_if_the_symlink_names_no_profile(world: World) -> None:
    world.home.link("docker-credential-ecrx-")
    found = world.home.run("get", stdin=f"https://{PUBLIC}/v2/", argv0="docker-credential-ecrx-")

    assert (1, NOT_FOUND, True) == (found.status, found.stdout, "does not name an AWS profile" in found.stderr)


def test_pull_from_a_private_registry_still_fails(world: World) -> None:
    world.aws.fail(FETCH, faults.forbidden)

    found = world.home.get(HOST)

    assert (1, found.stderr) == (found.status, found.stdout)


def test_pull_without_credentials_needs_no_line(world: World) -> None:
    found = world.home.get(PUBLIC, profile=None, env={"AWS_EC2_METADATA_DISABLED": "true"})

    assert (1, NOT_FOUND, "") == found
