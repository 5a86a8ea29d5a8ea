"""``token`` prints a registry's password for tools without credential helpers, and never shows it unasked."""

import subprocess
from pathlib import Path

import pytest

from support import terminals
from support.home import HOST, OTHER_HOST, Home
from support.secrets import places_of

_RULE = f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n'


@pytest.fixture
def puller(home: Home) -> Home:
    """Return a home with a role for the registry."""
    home.add_role_profile()
    home.configure(_RULE)
    return home


class TestToken:
    def test_is_one_line_and_the_one_of_get(self, puller: Home, keyring: dict[str, str]) -> None:
        """Both use the same identity and the same cached token, in any order."""
        found = puller.run("token", HOST, env=keyring)

        assert (0, "", "\n") == (found.status, found.stderr, found.stdout[-1:])
        assert found.stdout == f"{puller.get(profile=None, env=keyring).secret}\n"
        assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in puller.aws.calls]
        assert found == puller.run("token", f"{HOST}/app:1.0", env=keyring)
        assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in puller.aws.calls]

    def test_is_that_of_the_helper_which_docker_runs(self, puller: Home) -> None:
        puller.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        (puller.folder / ".docker").mkdir()
        (puller.folder / ".docker" / "config.json").write_text(f'{{"credHelpers": {{"{HOST}": "ecrx-tertiary"}}}}')

        assert puller.run("token", HOST).stdout == f"{puller.get(profile='tertiary').secret}\n"

    def test_may_be_what_docker_login_stored(self, puller: Home) -> None:
        stored = puller.run("token", HOST).stdout.strip()
        puller.run("forget", "--all")
        puller.store(HOST, "AWS", stored)
        puller.aws.calls.clear()

        assert (0, f"{stored}\n", "") == puller.run("token", HOST)
        assert [] == puller.aws.calls

    def test_works_without_a_keyring(self, puller: Home) -> None:
        found = puller.run("token", HOST, env={"ECRX_KEYRING": "none"})

        assert (0, "", 1) == (found.status, found.stderr, found.stdout.count("\n"))

    def test_is_not_mixed_with_what_a_backend_prints(self, puller: Home, tmp_path: Path) -> None:
        """A keyring's backend that prints to stdout does not become a part of the password."""
        (tmp_path / "noisy.py").write_text(
            "import keyring.backend\n"
            "class Keyring(keyring.backend.KeyringBackend):\n"
            "    priority = 1\n"
            "    def get_password(self, service, name): print('noise')\n"
            "    def set_password(self, service, name, password): print('noise', flush=True)\n"
            "    def delete_password(self, service, name): print('noise', flush=True)\n"
        )
        found = puller.run("token", HOST, env={"ECRX_KEYRING": "noisy.Keyring", "PYTHONPATH": str(tmp_path)})

        assert 1 == found.stdout.count("\n"), found.stderr
        assert "noise" not in found.stdout


class TestTerminal:
    def test_gets_no_token_without_show(self, puller: Home) -> None:
        status, seen = terminals.run([puller.program, "token", HOST], puller.env)

        assert (2, 1) == (status, seen.count("\n")), seen
        assert "stdout is a terminal" in seen
        assert f"docker-credential-ecrx token {HOST} --show" in seen
        assert [] == puller.aws.calls

    def test_gets_the_token_with_show(self, puller: Home) -> None:
        status, seen = terminals.run([puller.program, "token", HOST, "--show"], puller.env)

        assert (0, f"{puller.get(profile=None).secret}\n") == (status, seen)


class TestFailure:
    @pytest.mark.parametrize("env", [{}, {"ECRX_LOG": "debug"}])
    def test_is_one_line_that_names_registry_and_identity(self, home: Home, env: dict[str, str]) -> None:
        home.configure(_RULE)

        found = home.run("token", HOST, env=env)

        assert (1, "") == (found.status, found.stdout)
        last = found.stderr.splitlines()[-1]
        assert f"no token for {HOST} with profile secondary: " in last
        assert env or found.stderr.count("\n") == 1

    def test_is_a_host_outside_ecr(self, home: Home) -> None:
        found = home.run("token", "ghcr.io")

        assert (2, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))

    def test_is_an_account_that_is_not_allowed(self, puller: Home) -> None:
        puller.configure('[security]\naccounts = ["444444444444"]\n')

        assert (1, "", []) == (*puller.run("token", OTHER_HOST)[:2], puller.aws.calls)

    def test_of_ecr_public_is_one_line(self, home: Home) -> None:
        """A pull would go on anonymously; who asks for a token is told why there is none."""
        found = home.run("token", "public.ecr.aws")

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "no token for public.ecr.aws" in found.stderr

    def test_of_a_full_disk_is_one_line(self, puller: Home) -> None:
        full = Path("/dev/full")
        if not full.exists():
            pytest.skip("this system has no /dev/full")
        with full.open("wb") as stdout:
            done = subprocess.run(
                [puller.program, "token", HOST],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=puller.env,
                timeout=180,
                check=False,
            )

        line = "docker-credential-ecrx: cannot write the output: No space left on device\n"
        assert (1, line) == (done.returncode, done.stderr.decode())


class TestSecret:
    def test_is_in_no_file_and_not_on_stderr(self, puller: Home) -> None:
        found = puller.run("token", HOST, env={"ECRX_LOG": "debug"})

        secret = found.stdout.strip()
        assert secret
        assert secret[:40] not in found.stderr
        assert [] == places_of(secret, puller.folder)


def test_help_names_the_user_and_examples(home: Home) -> None:
    shown = home.run("token", "--help").stdout

    assert "AWS" in shown
    assert "docker-credential-ecrx token" in shown
    assert "--password-stdin" in shown
