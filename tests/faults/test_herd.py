"""Many processes without a cached token: one calls AWS for all of them, and no fault makes the others wait long."""

import shlex

import pytest
from faults.helpers import ASSUME, FETCH, World, age, at_once, herd, link, result_of, running, unshared

from fakes import faults
from support.forms import in_one_form
from support.home import ROLE, Result

FAILURES = {
    "denies": faults.forbidden,
    "fails": faults.error("ServerException", "We encountered an internal error.", 500),
    "throttles": faults.throttled,
    "hangs": faults.hanging,
}
# By case: AWS's config file, and the setting that is to be named, with its section and the section's head.
SETTINGS = {
    "of the profile": ("metadata_service_timeout = abc\n", "metadata_service_timeout", "profile secondary"),
    "of a service": ("services = mine\n", "endpoint_url", "services mine"),
    "of a service with a space": ("services = my own\n", "endpoint_url", "services my own"),
}
GONE = "[profile base]\nsso_session = gone\nsso_account_id = 222222222222\nsso_role_name = puller\n"
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


class TestManyProcesses:
    def test_fifty_gets_share_one_token(self, world: World, keyring: dict[str, str]) -> None:
        """One of them fetches it from AWS."""
        got = herd(world.home, 50, keyring)

        assert {world.home.get(env=keyring).secret} == {one.result.secret for one in got}
        assert [1, 1] == [world.aws.count(operation) for operation in (ASSUME, FETCH)]
        assert {""} == {one.result.stderr for one in got}

    @in_one_form
    @pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
    def test_twenty_gets_share_one_failure(self, world: World, kernel: dict[str, str], failure: faults.Fault) -> None:
        world.aws.fail(FETCH, failure)

        got = herd(world.home, 20, kernel)

        assert {1} == {one.result.status for one in got}
        assert 1 == len({one.result.stdout for one in got})
        assert world.aws.count(FETCH) <= 4
        assert max(one.seconds for one in got) < 25  # as every get, on however busy a machine

    @in_one_form
    @pytest.mark.parametrize(("lines", "name", "section"), SETTINGS.values(), ids=SETTINGS)
    def test_gets_name_the_same_setting(
        self, world: World, kernel: dict[str, str], lines: str, name: str, section: str
    ) -> None:
        """Another profile or service in the same files has a setting of that name which is valid, or none at all."""
        kind, _, rest = section.partition(" ")
        head = f"{kind} {shlex.quote(rest)}"
        config = world.home.folder / ".aws/config"
        with config.open("a") as file:
            file.write(f"endpoint_url = {world.aws.url}\n{lines}")
            if kind == "services":
                del world.home.env["AWS_ENDPOINT_URL"]
                file.write(f"[{head}]\nsts =\n  endpoint_url = sts.example\n")

        got = herd(world.home, 6, kernel)

        starts, ends = f"{name} of {section} is not valid: ", f"; fix it in [{head}] of {config}\n"
        assert [] == [line for one in got if starts not in (line := one.result.stdout) or not line.endswith(ends)]

    @in_one_form
    def test_gets_name_the_same_session(self, world: World, kernel: dict[str, str]) -> None:
        with (world.home.folder / ".aws/config").open("a") as file:
            file.write(GONE)

        (line,) = {one.result.stdout for one in herd(world.home, 6, kernel)}

        assert "the AWS profile base needs [sso-session gone], which " in line

    @in_one_form
    def test_gets_say_why_a_program_cannot_be_run(self, world: World, kernel: dict[str, str]) -> None:
        world.set_profile(role_arn=ROLE, source_profile="base", credential_process="unused")
        (world.home.folder / ".aws/credentials").unlink()
        world.home.add_profile("base", credential_process="nope")

        got = herd(world.home, 6, kernel)

        said = "cannot run the credential_process of profile base: nope: No such file or directory; install it, "
        fix = f"or fix credential_process in [profile base] of {world.home.folder}/.aws/config\n"
        assert [] == [line for one in got if not (line := one.result.stdout).endswith(said + fix)]

    @in_one_form
    def test_during_refresh_get_old_or_new_token(self, world: World, keyring: dict[str, str]) -> None:
        """One of them refreshes the token; the others get it or its successor."""
        old = world.home.get(env=keyring).secret
        age(world.home, keyring, hours=7)
        world.aws.calls.clear()

        got = herd(world.home, 20, keyring)

        new = world.home.get(env=keyring).secret
        assert {new} <= {one.result.secret for one in got} <= {old, new}
        assert [1, 1] == [world.aws.count(operation) for operation in (ASSUME, FETCH)]

    @in_one_form
    @pytest.mark.parametrize("place", ["/proc/self", "a file in the way", "a link to nowhere"])
    def test_without_a_lock_file_are_answered(self, world: World, kernel: dict[str, str], place: str) -> None:
        state = world.home.folder / "state"
        state.mkdir()
        if place == "a file in the way":
            (state / "ecrx").write_text("")
        elif place == "a link to nowhere":
            (state / "ecrx").symlink_to("/nonexistent/ecrx")
        else:
            state = state / place

        got = herd(world.home, 5, kernel | {"XDG_STATE_HOME": str(state)})

        assert 5 == len([one.result.secret for one in got])

    @in_one_form
    def test_on_a_read_only_file_system_are_answered(self, world: World, kernel: dict[str, str]) -> None:
        state = world.home.folder / "state"
        (state / "ecrx").mkdir(parents=True)
        prefix = [*unshared("--mount"), "sh", "-c", READ_ONLY, "sh", state]

        def get() -> Result:
            with running(world.home, prefix=prefix, env=kernel | {"XDG_STATE_HOME": str(state)}) as one:
                return result_of(one)

        link(world.home, "secondary")
        assert 5 == len([one.result.secret for one in at_once([get] * 5)])
        assert [] == list((state / "ecrx").iterdir())
