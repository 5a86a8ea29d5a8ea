"""The list of accounts in config.toml: registries of other accounts get no credentials from any command."""

import json

import pytest

from support import kubernetes
from support.home import HOST, NOT_FOUND, OTHER_HOST, PRIMARY, Home, Result

PUBLIC = "public.ecr.aws"
FORMS = [
    OTHER_HOST,
    OTHER_HOST.replace("ecr.", "ecr-fips."),
    OTHER_HOST.replace("dkr.ecr", "dkr-ecr").replace("amazonaws.com", "on.aws"),
    f"https://{OTHER_HOST.upper()}:443/",
]


@pytest.fixture
def listed(home: Home, secret_service: dict[str, str]) -> Home:
    """Return a user with a token and a login for registries of two accounts, of which the list names only the first."""
    home.add_role_profile()
    home.env |= secret_service | {"ECRX_KEYRING": "secret-service"}
    for host in (HOST, OTHER_HOST):
        assert home.get(host).secret
        assert 0 == home.store(host, "AWS", "c3RvcmVk").status
    home.configure(f'[security]\naccounts = ["{PRIMARY}"]\n')
    home.aws.calls.clear()
    return home


def refusal(home: Home, found: Result, *, on_stdout: bool = True) -> None:
    """Check that the one line names account, file and key, and that AWS was not called."""
    (line,) = found.stderr.splitlines()
    assert (1, f"{line}\n" if on_stdout else "") == found[:2]
    for word in ("333333333333", str(home.folder / ".config/ecrx/config.toml"), "[security]: accounts"):
        assert word in line
    assert NOT_FOUND.strip() not in line
    assert [] == home.aws.calls


class TestUnlistedAccount:
    @pytest.mark.parametrize("host", FORMS)
    @pytest.mark.parametrize("profile", [None, "secondary"])
    def test_gets_no_credentials(self, listed: Home, host: str, profile: str | None) -> None:
        """Get returns neither a cached token nor a token that docker login stored."""
        refusal(listed, listed.get(host, profile=profile))

    def test_refuses_store(self, listed: Home) -> None:
        refusal(listed, listed.store(OTHER_HOST, "AWS", "c3RvcmVk"))

    def test_is_absent_from_list(self, listed: Home) -> None:
        assert [HOST] == [*json.loads(listed.run("list").stdout)]

    def test_still_permits_docker_logout(self, listed: Home) -> None:
        assert (0, "", "") == listed.run("erase", stdin=OTHER_HOST)
        listed.configure("")

        assert OTHER_HOST not in listed.run("list").stdout

    def test_still_permits_forget(self, listed: Home) -> None:
        assert 0 == listed.run("forget", OTHER_HOST).status

    @pytest.mark.parametrize("command", ["login", "configure"])
    def test_is_refused_by_commands(self, listed: Home, command: str) -> None:
        refusal(listed, listed.run(command, OTHER_HOST, "--profile", "secondary"), on_stdout=False)

        assert not (listed.folder / ".docker" / "config.json").exists()

    def test_still_permits_configure_remove(self, listed: Home) -> None:
        listed.configure("")
        assert 0 == listed.run("configure", OTHER_HOST, "--profile", "secondary").status
        listed.configure(f'[security]\naccounts = ["{PRIMARY}"]\n')

        assert 0 == listed.run("configure", "--remove", OTHER_HOST).status

    def test_doctor_reads_no_token(self, listed: Home) -> None:
        """Doctor uses neither a cached token nor a new one."""
        found = listed.run("doctor", f"{OTHER_HOST}/app:v1", "--push", env={"HTTPS_PROXY": "http://127.0.0.1:9"})

        assert 1 == found.status
        assert "accounts does not list" in found.stdout
        assert "refreshed now" not in found.stdout
        assert "GetAuthorizationToken" not in str(listed.aws.calls)

    def test_doctor_reports_the_refusal(self, listed: Home) -> None:
        found = listed.run("doctor", OTHER_HOST)

        assert 1 == found.status
        assert "accounts does not list 333333333333" in " ".join(found.stdout.split())

    def test_kubelet_gets_no_credentials(self, listed: Home) -> None:
        found = listed.run("kubelet", stdin=kubernetes.request(f"{OTHER_HOST}/app"))

        refusal(listed, found, on_stdout=False)


class TestListedAccount:
    def test_gets_credentials(self, listed: Home) -> None:
        assert "c3RvcmVk" == listed.get(HOST).secret

    def test_does_not_restrict_ecr_public(self, listed: Home) -> None:
        """ECR Public belongs to no account, so anonymous pulls still work."""
        assert listed.get(PUBLIC).secret
        assert NOT_FOUND == listed.get(PUBLIC, profile=None).stdout

    def test_does_not_restrict_other_registries(self, listed: Home, secret_service: dict[str, str]) -> None:
        env = secret_service | {"ECRX_KEYRING": "secret-service"}
        listed.store("registry.example", "me", "word", env=env)

        assert "word" == listed.get("registry.example", profile=None, env=env).secret
