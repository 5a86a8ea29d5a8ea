"""A host of the user's own, for which config.toml names an ECR registry, is answered with that registry's token."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from docker_credential_ecrx.demo.fake_aws import new_password
from fakes.aws import FakeAws
from support import kubernetes
from support.home import HOST, NOT_FOUND, OTHER_HOST, SECONDARY, Home

OWN, PORT = "images.example.com", "localhost:4566"
VPC = "vpce-0abc-xyz.dkr.ecr.us-east-1.vpce.amazonaws.com"
HOSTS = [OWN, PORT, VPC, "000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566", OTHER_HOST]
ELSEWHERE = ["example.com", f"a.{OWN}", f"{OWN}:8443", "localhost", "localhost:4567", f"{OWN}.evil.test", "docker.io"]


def rule(host: str, registry: str = HOST, **more: str) -> str:
    keys = {"match": host, "registry": registry, **more}
    return "[[registry]]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())


@pytest.fixture
def owner(home: Home, keyring: dict[str, str]) -> Home:
    """Return a user whose configuration names a registry for each of ``HOSTS``."""
    home.add_role_profile()
    home.env |= keyring
    home.configure("".join(rule(host, profile="secondary") for host in HOSTS))
    return home


@pytest.fixture
def redirecting(owner: Home) -> Iterator[str]:
    """Return the URL of a server that redirects every request to AWS."""

    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"{owner.aws.url}/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def tokens_issued(home: Home) -> int:
    return [call.operation for call in home.aws.calls].count("GetAuthorizationToken")


class TestGet:
    @pytest.mark.parametrize("host", HOSTS)
    def test_returns_the_registrys_token(self, owner: Home, host: str) -> None:
        found = owner.get(host, profile=None)

        assert {"ServerURL": host, "Username": "AWS", "Secret": found.secret} == found.answer
        issued = owner.aws.issued[found.secret]
        assert (SECONDARY, "us-east-1", "ecr") == (issued.account, issued.region, issued.service)

    def test_shares_one_cached_token_with_the_ecr_host(self, owner: Home) -> None:
        owner.configure("".join(rule(host, profile="secondary") for host in HOSTS[:3]))
        first = owner.get().secret

        assert {first} == {owner.get(host, profile=None).secret for host in HOSTS[:3]}
        assert 1 == tokens_issued(owner)

    def test_uses_the_links_profile_and_the_rules_registry(self, owner: Home) -> None:
        owner.add_role_profile("other", "arn:aws:iam::444444444444:role/other", "other-base")

        found = owner.get(OWN, profile="other").secret

        assert "444444444444" == owner.aws.issued[found].account

    def test_without_profile_uses_the_default_chain(self, owner: Home) -> None:
        owner.configure(rule(OWN))

        found = owner.get(OWN, profile=None, env={"AWS_PROFILE": "secondary"}).secret

        assert SECONDARY == owner.aws.issued[found].account

    @pytest.mark.parametrize("host", ELSEWHERE)
    def test_of_another_host_finds_nothing(self, owner: Home, host: str) -> None:
        owner.get(OWN, profile=None)

        assert (1, NOT_FOUND) == owner.get(host, profile=None)[:2]

    def test_of_ecr_public_is_as_before(self, owner: Home) -> None:
        assert (1, NOT_FOUND) == owner.get("public.ecr.aws", profile=None)[:2]

    def test_failure_names_host_and_identity(self, owner: Home) -> None:
        owner.configure(rule(OWN, profile="missing"))

        found = owner.get(OWN, profile=None)

        assert 1 == found.status
        assert f"no token for {OWN} with profile missing" in found.stdout
        assert NOT_FOUND.strip() not in found.stdout

    def test_of_a_registry_that_is_not_allowed_fails(self, owner: Home) -> None:
        owner.configure(rule(OWN, profile="secondary") + '[security]\naccounts = ["999999999999"]\n')

        found = owner.get(OWN, profile=None)

        assert (1, f"{found.stderr}") == found[:2]
        assert f"{OWN} is not allowed: " in found.stdout
        assert [] == owner.aws.calls

    def test_pattern_is_refused_for_every_host(self, owner: Home) -> None:
        """A file with a wrong rule answers nothing, and asks nobody."""
        owner.configure(rule("*.example.com", profile="secondary"))

        for host in (OWN, HOST):
            found = owner.get(host, profile=None)
            assert 1 == found.status
            assert "match is a pattern, and registry requires an exact host" in found.stdout
        assert [] == owner.aws.calls


class TestDockerLogin:
    def test_token_is_stored_for_that_host_alone(self, owner: Home) -> None:
        login = new_password(time.time() + 12 * 3600)

        assert (0, "", "") == owner.store(PORT, "AWS", login)

        assert login == owner.get(PORT, profile=None).secret
        assert login not in (owner.get(OWN, profile=None).secret, owner.get(HOST).secret)
        assert {PORT, OWN} == {*json.loads(owner.run("list").stdout)}

    def test_of_another_user_is_refused(self, owner: Home) -> None:
        found = owner.store(OWN, "me", "password")

        assert 1 == found.status
        assert "the user of an ECR registry is AWS, not me" in found.stdout

    @pytest.mark.parametrize("host", [OWN, PORT])
    def test_and_logout_leave_nothing(self, owner: Home, host: str) -> None:
        assert 0 == owner.store(host, "AWS", new_password(time.time() + 3600)).status
        for server in (host, host, f"http://{host}", f"https://{host}"):
            assert (0, "", "") == owner.run("erase", stdin=server)

        assert "{}\n" == owner.run("list").stdout
        assert owner.get(host, profile=None).secret in owner.aws.issued

    def test_password_from_before_the_rule_is_not_returned(self, owner: Home, secret_service: dict[str, str]) -> None:
        owner.env |= secret_service
        owner.configure("")
        assert 0 == owner.store(OWN, "me", "old-password").status
        assert "old-password" == owner.get(OWN, profile=None).secret
        owner.configure(rule(OWN, profile="secondary"))

        assert "{}\n" == owner.run("list").stdout
        assert "AWS" == owner.get(OWN, profile=None).answer["Username"]
        assert {OWN: "AWS"} == json.loads(owner.run("list").stdout)
        assert 0 == owner.run("erase", stdin=OWN).status
        owner.configure("")
        assert (1, NOT_FOUND) == owner.get(OWN, profile=None)[:2]

    def test_without_its_rule_host_is_not_listed(self, owner: Home) -> None:
        owner.get(OWN, profile=None)
        owner.store(PORT, "AWS", new_password(time.time() + 3600))
        owner.configure("")

        assert "{}\n" == owner.run("list").stdout
        assert (1, NOT_FOUND) == owner.get(PORT, profile=None)[:2]


class TestEndpoint:
    def test_is_asked_instead_of_awss(self, owner: Home) -> None:
        with FakeAws() as other:
            owner.add_keys("keys", other.add_user(SECONDARY, "keys"))
            url = other.url.replace("127.0.0.1", "localhost")
            owner.configure(rule(OWN, profile="keys", endpoint_url=url))

            assert owner.get(OWN, profile=None).secret in other.issued
            assert ["GetAuthorizationToken"] == [call.operation for call in other.calls]
            assert [] == owner.aws.calls

    def test_is_not_left_by_a_redirect(self, owner: Home, redirecting: str) -> None:
        """A signed request is not repeated at an address that the endpoint names."""
        owner.configure(rule(OWN, profile="base", endpoint_url=redirecting))

        found = owner.get(OWN, profile=None)

        assert 1 == found.status
        assert f"no token for {OWN} with profile base" in found.stdout
        assert [] == owner.aws.calls

    def test_has_a_token_of_its_own(self, owner: Home) -> None:
        url = owner.aws.url
        owner.configure(rule(OWN, profile="secondary", endpoint_url=url))

        assert owner.get().secret != owner.get(OWN, profile=None).secret
        assert owner.get(OWN, profile=None).secret == owner.get(OWN, profile=None).secret
        assert 2 == tokens_issued(owner)


class TestKubelet:
    def test_gets_the_registrys_token(self, owner: Home) -> None:
        found = owner.run("kubelet", stdin=kubernetes.request(f"{PORT}/team/app:v1"))

        assert 0 == found.status, found
        auth = found.answer["auth"]
        assert [PORT] == [*auth]
        assert auth[PORT]["password"] in owner.aws.issued

    def test_gets_nothing_for_another_host(self, owner: Home) -> None:
        found = owner.run("kubelet", stdin=kubernetes.request(f"a.{OWN}/team/app"))

        assert {} == found.answer["auth"]
        assert [] == owner.aws.calls


class TestCommands:
    def test_login_fetches_for_the_host(self, owner: Home) -> None:
        (owner.folder / ".docker").mkdir()
        (owner.folder / ".docker" / "config.json").write_text(json.dumps({"credHelpers": {PORT: "ecrx", HOST: "x"}}))

        found = owner.run("login")

        assert 0 == found.status, found
        assert PORT in found.stdout
        owner.aws.calls.clear()
        assert owner.get(PORT, profile=None).secret
        assert [] == owner.aws.calls

    def test_forget_deletes_the_token(self, owner: Home) -> None:
        owner.get(PORT, profile=None)

        assert 0 == owner.run("forget", PORT).status

        assert "{}\n" == owner.run("list").stdout

    def test_of_another_host_are_refused(self, owner: Home) -> None:
        for command in ("login", "forget"):
            found = owner.run(command, ELSEWHERE[0])
            assert (2, "") == found[:2]
            assert f"{ELSEWHERE[0]} is not a registry of Amazon ECR" in found.stderr
