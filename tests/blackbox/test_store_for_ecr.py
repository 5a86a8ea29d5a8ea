"""``docker login`` to an ECR registry: its token is stored for that host alone until expiry or ``docker logout``."""

import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from docker_credential_ecrx.demo.fake_aws import new_password
from support import stored_items
from support.home import HOST, OTHER_HOST, SECONDARY, Home, Result
from support.keyrings import items, kernel_keys
from support.secrets import places_of

PUBLIC = "public.ecr.aws"


@pytest.fixture
def login() -> str:
    """Return the token of a ``docker login``; it differs from the fake AWS's."""
    return new_password(time.time() + 12 * 3600)


def refusal(found: Result) -> str:
    """Return the one line on both streams that says what failed."""
    assert (1, found.stderr, 1) == (found.status, found.stdout, found.stdout.count("\n"))
    return found.stdout


def store_as(home: Home, profile: str, secret: str, env: Mapping[str, str]) -> Result:
    """Store a token through a profile's link, after a ``get`` has created that link."""
    request = json.dumps({"ServerURL": HOST, "Username": "AWS", "Secret": secret})
    return home.run("store", stdin=request, argv0=f"docker-credential-ecrx-{profile}", env=env)


def command(host: str) -> str:
    """Return AWS's own command that gets a token and passes it to docker login."""
    service = "ecr" if host == HOST else "ecr-public"
    password = f"aws {service} get-login-password --region us-east-1"
    return f"{password} | docker login --username AWS --password-stdin {host}"


def time_left(serials: Collection[str]) -> list[str]:
    """Return the remaining lifetimes that the kernel reports for keys: whole hours, rounded down."""
    fields = [line.split() for line in Path("/proc/keys").read_text(errors="replace").splitlines()]
    return [field[3] for field in fields if str(int(field[0], 16)) in serials]


class TestDockerLoginToken:
    @pytest.mark.parametrize("host", [HOST, PUBLIC])
    def test_is_returned_without_calling_aws(self, home: Home, keyring: dict[str, str], login: str, host: str) -> None:
        home.add_role_profile()

        assert (0, "", "") == home.store(host, "AWS", login, keyring)

        assert {"ServerURL": host, "Username": "AWS", "Secret": login} == home.get(host, env=keyring).answer
        assert [] == home.aws.calls

    def test_is_left_alone_by_the_demonstration(self, home: Home, keyring: dict[str, str], login: str) -> None:
        assert (0, "", "") == home.store(HOST, "AWS", login, keyring)

        found = home.run("demo", env=keyring)

        assert (1, 1) == (found.status, found.stderr.count("\n"))
        assert f"your keyring already has a token for {HOST}" in found.stderr
        assert f"docker-credential-ecrx forget {HOST}" in found.stderr
        assert login == home.get(HOST, env=keyring).answer["Secret"]

    @pytest.mark.parametrize("server", [f"https://{HOST}", f"http://{HOST}", f"{HOST}:443", f"https://{HOST}/v2/"])
    def test_is_found_under_every_form_of_the_host(self, home: Home, login: str, server: str) -> None:
        home.store(server, "AWS", login)

        assert login == home.get(HOST, profile=None).secret
        assert login == home.get(server, profile=None).secret

    def test_needs_no_aws_credentials(self, home: Home, login: str) -> None:
        home.store(HOST, "AWS", login)

        assert login == home.get(profile="missing").secret

    def test_is_returned_for_its_host_only(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.add_role_profile()
        home.store(HOST, "AWS", login, keyring)

        others = [home.get(host, env=keyring).secret for host in (OTHER_HOST, HOST.replace("us-east-1", "eu-west-1"))]

        assert [SECONDARY, SECONDARY] == [home.aws.issued[secret].account for secret in others]

    def test_later_login_replaces_it(self, home: Home, keyring: dict[str, str], login: str) -> None:
        later = new_password(time.time() + 12 * 3600)
        home.store(HOST, "AWS", login, keyring)
        home.store(HOST, "AWS", later, keyring)

        assert later == home.get(profile=None, env=keyring).secret

    def test_is_in_no_file_or_debug_log(self, home: Home, keyring: dict[str, str], login: str, tmp_path: Path) -> None:
        env = keyring | {"ECRX_LOG": "debug"}
        said = home.store(HOST, "AWS", login, env).stderr + home.get(profile=None, env=env).stderr
        home.run("list", env=keyring)

        assert [] == places_of(login, home.folder, tmp_path)
        assert login[:40] not in said

    def test_list_names_its_host_once(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login, keyring)
        home.store(f"https://{HOST}", "AWS", login, keyring)

        assert (0, f'{{"{HOST}":"AWS"}}\n', "") == home.run("list", env=keyring)


class TestLifetime:
    @pytest.mark.parametrize(
        ("hours_to_live", "hours_left"),
        [(None, ("11h", "12h")), (5.5, ("5h",)), (1000, ("11h", "12h"))],
        ids=["unknown-form", "5-hours", "1000-hours"],
    )
    def test_is_the_tokens_own_up_to_12_hours(
        self, home: Home, kernel: dict[str, str], hours_to_live: float | None, hours_left: tuple[str, ...]
    ) -> None:
        before = kernel_keys()
        password = new_password(time.time() + hours_to_live * 3600) if hours_to_live else "a form that nobody knows"

        assert (0, "", "") == home.store(HOST, "AWS", password, kernel)

        assert password == home.get(profile=None).secret
        (left,) = time_left(kernel_keys().keys() - before.keys())
        assert left in hours_left

    @pytest.mark.parametrize("ended", [1, 1_000_000_000])
    def test_expired_token_is_refused_with_reason(self, home: Home, keyring: dict[str, str], ended: int) -> None:
        home.add_role_profile()
        expired = new_password(ended)

        line = refusal(home.store(HOST, "AWS", expired, keyring))

        assert f"the token for {HOST} has expired; get a new one: {command(HOST)}" in line
        assert expired[:40] not in line
        assert SECONDARY == home.aws.issued[home.get(env=keyring).secret].account


class TestRejectedLogin:
    @pytest.mark.parametrize("user", ["bob", "aws", "<token>"])
    def test_user_other_than_aws(self, home: Home, login: str, user: str) -> None:
        line = refusal(home.store(HOST, user, login))

        assert f"the user of an ECR registry is AWS, not {user}" in line
        assert f"; {command(HOST)}" in line
        assert login[:40] not in line
        assert {} == home.run("list").answer

    @pytest.mark.parametrize("host", [HOST, PUBLIC])
    def test_empty_password(self, home: Home, host: str) -> None:
        assert f"the token for {host} is empty; {command(host)}" in refusal(home.store(host, "AWS", ""))


class TestErase:
    @pytest.mark.parametrize("server", [HOST, f"https://{HOST}", f"http://{HOST}"])
    def test_deletes_it(self, home: Home, keyring: dict[str, str], login: str, server: str) -> None:
        home.add_role_profile()
        home.store(HOST, "AWS", login, keyring)

        assert (0, "", "") == home.run("erase", stdin=server, env=keyring)

        assert {} == home.run("list", env=keyring).answer
        assert SECONDARY == home.aws.issued[home.get(env=keyring).secret].account

    def test_also_deletes_the_fetched_token(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.add_role_profile()
        token = home.get(env=keyring).secret
        home.store(HOST, "AWS", login, keyring)

        home.run("erase", stdin=HOST, argv0="docker-credential-ecrx-secondary", env=keyring)
        home.aws.calls.clear()

        assert home.get(env=keyring).secret not in (token, login)
        assert 1 == home.aws.count("GetAuthorizationToken")

    def test_of_another_registry_leaves_it(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login, keyring)
        home.run("erase", stdin=OTHER_HOST, env=keyring)

        assert login == home.get(profile=None, env=keyring).secret

    def test_deletes_it_from_a_keyring_not_in_use(
        self, home: Home, secret_service: dict[str, str], kernel: dict[str, str], login: str
    ) -> None:
        home.store(HOST, "AWS", login, secret_service | {"ECRX_KEYRING": "secret-service"})

        assert (0, "", "") == home.run("erase", stdin=HOST, env=secret_service | kernel)

        assert set() == items(secret_service)

    def test_deletes_it_if_the_index_is_lost(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login, keyring)
        stored_items.write(home, {})

        assert (0, "", "") == home.run("erase", stdin=HOST, env=keyring)

        assert 1 == home.get(profile=None, env=keyring).status


class TestEraseWithUnavailableKeyring:
    @pytest.fixture
    def gone(self, home: Home, secret_service: dict[str, str]) -> dict[str, str]:
        """Return an environment in which the keyring of the home cannot be reached."""
        home.env |= secret_service | {"ECRX_KEYRING": "secret-service"}
        return {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

    def test_says_what_remains_and_what_to_do(self, home: Home, gone: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login)

        status, stdout, stderr = home.run("erase", stdin=HOST, env=gone)

        assert (0, "", 1) == (status, stdout, stderr.count("\n"))
        assert f"cannot delete what is stored for {HOST}: the Secret Service is not available" in stderr
        assert "; run this again where the keyring secret-service is available" in stderr

    def test_can_be_repeated_later(self, home: Home, gone: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login)

        home.run("erase", stdin=HOST, env=gone)
        assert [HOST] == [server for entry in stored_items.entries(home).values() for server in entry["servers"]]

        assert (0, "", "") == home.run("erase", stdin=HOST)
        assert (set(), {}) == (items(home.env), stored_items.entries(home))

    def test_deletes_from_other_keyrings(
        self, home: Home, gone: dict[str, str], kernel: dict[str, str], login: str
    ) -> None:
        home.add_role_profile()
        before = kernel_keys()
        home.store(HOST, "AWS", login)
        home.get(OTHER_HOST, env=kernel)

        home.run("erase", stdin=HOST, argv0="docker-credential-ecrx-secondary", env=gone)

        assert ["login"] == [entry["kind"] for entry in stored_items.entries(home).values()]
        assert before == kernel_keys()

    @pytest.mark.parametrize("keyring_name", ["secret-service", "none", "no.such.Keyring"])
    def test_of_unknown_host_is_silent(self, home: Home, gone: dict[str, str], keyring_name: str) -> None:
        assert (0, "", "") == home.run("erase", stdin=HOST, env=gone | {"ECRX_KEYRING": keyring_name})


class TestBesideFetchedToken:
    def test_login_does_not_replace_it(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.add_role_profile()
        token = home.get(env=keyring).secret
        home.store(HOST, "AWS", login, keyring)
        home.aws.calls.clear()

        assert [login, token] == [home.get(host, env=keyring).secret for host in (HOST, OTHER_HOST)]
        assert [] == home.aws.calls

    def test_login_leaves_tokens_of_all_identities(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        profiles = ("secondary", "tertiary")
        token = [home.get(OTHER_HOST, profile=profile, env=keyring).secret for profile in profiles]
        home.aws.calls.clear()

        assert (0, "", "") == store_as(home, "secondary", login, keyring)

        assert token == [home.get(OTHER_HOST, profile=profile, env=keyring).secret for profile in profiles]
        assert [] == home.aws.calls

    def test_foreign_token_is_stored_as_a_login(self, home: Home, keyring: dict[str, str]) -> None:
        """A token of another identity is stored as a login, not cached as the identity's own."""
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        others, own = (home.get(profile=profile, env=keyring).secret for profile in ("tertiary", "secondary"))

        assert (0, "", "") == store_as(home, "secondary", others, keyring)

        assert [others, own] == [home.get(host, env=keyring).secret for host in (HOST, OTHER_HOST)]

    def test_token_from_get_is_not_stored_again(self, home: Home, kernel: dict[str, str]) -> None:
        home.add_role_profile()
        token, keys = home.get(env=kernel).secret, kernel_keys()
        home.aws.calls.clear()

        assert (0, "", "") == store_as(home, "secondary", token, kernel)

        assert keys == kernel_keys()
        assert token == home.get(env=kernel).secret
        assert [] == home.aws.calls


class TestNoKeyring:
    def test_login_succeeds_and_warns(self, home: Home, login: str) -> None:
        """One line says that get asks AWS instead."""
        home.add_role_profile()
        env = {"ECRX_KEYRING": "none"}

        status, stdout, stderr = home.store(HOST, "AWS", login, env)

        assert (0, "", 1) == (status, stdout, stderr.count("\n"))
        assert f"the token for {HOST} is not stored" in stderr
        assert login[:40] not in stderr
        assert SECONDARY == home.aws.issued[home.get(env=env).secret].account
