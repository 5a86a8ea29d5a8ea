"""Settings of a role that STS does not accept: the line names the key to fix, and where that is."""

from pathlib import Path

import pytest
from faults.helpers import ASSUME, World, refusal

from fakes.faults import error
from support.aws_parts import write_web_identity
from support.forms import in_one_form
from support.home import BASE_USER, HOST, ROLE, SECONDARY

pytestmark = in_one_form

MIDDLE = f"arn:aws:iam::{SECONDARY}:role/middle"
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


def in_file(world: World, profile: str = "secondary") -> str:
    """Return what is said of a setting in the profile."""
    return f"in [profile {profile}] of {world.home.folder}/.aws/config"


def configure(world: World, *lines: str, role: str = ROLE) -> None:
    """Write a rule of config.toml that assumes ``role``."""
    world.home.configure("\n".join(['[[registry]]\nmatch = "*"', f'role_arn = "{role}"', *lines, ""]))


class TestRoleSetting:
    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            ("role_session_name", "team/app", "failed to satisfy constraint"),
            ("duration_seconds", "99999", "Member must have value less than or equal to 43200"),
            ("role_session_name", "x", "Invalid length for parameter RoleSessionName, value: 1"),
            ("duration_seconds", "60", "Invalid value for parameter DurationSeconds, value: 60"),
            ("external_id", "x", "Invalid length for parameter ExternalId, value: 1"),
        ],
    )
    def test_in_profile_is_named(self, world: World, key: str, value: str, said: str) -> None:
        """STS refuses some values, and botocore others."""
        world.set_profile(role_arn=ROLE, source_profile="base", **{key: value})

        line = refusal(world.home, world.aws)

        assert f"{key} {in_file(world)}" in line
        assert said in line

    def test_short_role_arn_in_profile_is_named(self, world: World) -> None:
        world.set_profile(role_arn="puller", source_profile="base")

        assert f"role_arn {in_file(world)} is not valid: " in refusal(world.home, world.aws)

    @pytest.mark.parametrize("is_variable", [True, False])
    def test_missing_role_of_a_web_identity_is_named(self, world: World, *, is_variable: bool) -> None:
        """A CI job sets the role from a secret that is not defined, so the variable is empty."""
        path = str(world.home.folder / "token")
        write_web_identity(Path(path), "me")
        if is_variable:
            world.home.env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ROLE_ARN": ""}
        else:
            world.set_profile(web_identity_token_file=path)

        line = refusal(world.home, world.aws, profile=None if is_variable else "secondary")

        where = "AWS_WEB_IDENTITY_TOKEN_FILE" if is_variable else f"web_identity_token_file {in_file(world)}"
        remedy = "set AWS_ROLE_ARN, or in a profile role_arn; or remove the token"
        assert line.endswith(f": {where} names a web identity token, but there is no role for it; {remedy}")

    def test_of_a_chain_in_profiles_is_named(self, world: World) -> None:
        world.aws.add_role(MIDDLE, trusts=[BASE_USER])
        world.aws.add_role(ROLE, trusts=[SECONDARY])
        world.set_profile(role_arn=ROLE, source_profile="middle", duration_seconds="7200")
        world.home.add_profile("middle", role_arn=MIDDLE, source_profile="base")

        line = refusal(world.home, world.aws)

        assert line.endswith(f"{CHAINED}; fix duration_seconds {in_file(world)}")

    def test_in_config_toml_is_named(self, world: World) -> None:
        """The role's own maximum is known to AWS alone."""
        configure(world, 'source_profile = "base"', "duration_seconds = 43200")
        world.aws.fail(ASSUME, error("ValidationError", TOO_LONG))

        line = refusal(world.home, world.aws, profile=None)

        assert line.endswith(f"{TOO_LONG}; fix duration_seconds in config.toml")

    @pytest.mark.parametrize("source", ["profile", "variable"])
    def test_duration_in_a_chain_is_refused_before_sts_is_asked(self, world: World, source: str) -> None:
        world.aws.add_role(MIDDLE, trusts=[BASE_USER])
        world.aws.add_role(ROLE, trusts=[SECONDARY])
        world.home.add_profile("middle", role_arn=MIDDLE, source_profile="base")
        if source == "variable":
            world.home.env["AWS_PROFILE"] = "middle"
        configure(world, *(['source_profile = "middle"'] if source == "profile" else []), "duration_seconds = 43200")

        line = refusal(world.home, world.aws, profile=None)

        assert "duration_seconds in config.toml is more than 3600" in line
        assert [] == world.aws.calls

    def test_permitted_duration_in_a_chain_works(self, world: World) -> None:
        world.aws.add_role(MIDDLE, trusts=[BASE_USER])
        world.aws.add_role(ROLE, trusts=[SECONDARY])
        world.home.add_profile("middle", role_arn=MIDDLE, source_profile="base")
        configure(world, 'source_profile = "middle"', "duration_seconds = 3600")

        assert world.home.get(HOST, profile=None).secret

    def test_of_two_places_the_quoted_value_decides(self, world: World) -> None:
        """Both roles of a chain have a name; STS quotes the one that it refuses."""
        world.aws.add_role(MIDDLE, trusts=[BASE_USER])
        world.home.add_profile("middle", role_arn=MIDDLE, source_profile="base", role_session_name="team/app")
        configure(world, 'source_profile = "middle"', 'role_session_name = "ci"')

        line = refusal(world.home, world.aws, profile=None)

        assert line.endswith(f"; fix role_session_name {in_file(world, 'middle')}")
