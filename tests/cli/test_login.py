"""``login`` fetches a token that needs a person, with an MFA code or after a sign-in, and ``get`` returns it."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from docker_credential_ecrx.demo.fake_aws.ecr import new_password
from support import stored_items, terminals
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, ROLE, SECONDARY, Home, Result
from support.secrets import places_of
from support.sign_in import CODE, WRONG_CODE, OneTimeCodes, add_mfa_profile, expired_sso
from support.users import another_user, plant

PROGRAM = "docker-credential-ecrx"
FAR_HOST = HOST.replace("us-east-1", "eu-west-1")
INSTEAD = "pass it on standard input: --mfa-code -\n"
_OF_SHELLS = ("PWD", "OLDPWD", "SHLVL", "_", "TERM", "LC_CTYPE")  # what the program, a terminal and Python add
QUESTION = "MFA code for profile secondary: "


@pytest.fixture
def aws() -> Iterator[OneTimeCodes]:
    """Return a fake AWS."""
    with OneTimeCodes() as fake:
        yield fake


def let_docker_ask(home: Home, **parts: object) -> None:
    """Write Docker's config.json."""
    (home.folder / ".docker").mkdir()
    (home.folder / ".docker" / "config.json").write_text(json.dumps(parts))


def on_terminal(home: Home, *arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the program on a terminal, with a person who answers."""
    return terminals.run([home.program, *arguments], home.env, answers)


def refusal(found: Result, status: int = 1) -> str:
    """Return the one line on stderr that says what failed."""
    assert (status, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
    return found.stderr


def is_served(home: Home, host: str = HOST, profile: str | None = "secondary", **env: str) -> bool:
    """Return whether ``get`` answers without calling AWS or asking anybody."""
    home.aws.calls.clear()
    found = home.get(host, profile=profile, env=env)
    return (0, "", []) == (found.status, found.stderr, home.aws.calls)


class TestToken:
    def test_get_returns_it_without_calling_aws(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()

        found = home.run("login", HOST, "--profile", "secondary", env=keyring)

        assert (0, "") == (found.status, found.stderr)
        assert is_served(home, **keyring)

    @pytest.mark.parametrize("helper", ["ecrx-secondary", "ecrx"])
    @pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
    def test_is_for_the_identity_that_docker_uses(self, home: Home, key: str, helper: str) -> None:
        home.add_role_profile()
        if helper == "ecrx":
            home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
        let_docker_ask(home, **{key: {HOST: helper} if key == "credHelpers" else helper})

        assert 0 == home.run("login", HOST).status

        assert is_served(home, profile="secondary" if helper == "ecrx-secondary" else None)

    def test_is_for_the_profile_of_the_link(self, home: Home) -> None:
        home.add_role_profile()
        home.link(f"{PROGRAM}-secondary")

        assert 0 == home.run("login", HOST, argv0=f"{PROGRAM}-secondary").status

        assert is_served(home)

    def test_is_for_the_default_chain_by_default(self, home: Home) -> None:
        home.add_role_profile()
        home.env["AWS_PROFILE"] = "secondary"

        assert 0 == home.run("login", HOST).status

        assert is_served(home, profile=None)

    def test_is_for_a_role_of_the_configuration_file(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')

        assert "assumed-role/puller/" in home.run("login", HOST).stdout

        assert is_served(home, profile=None)

    def test_is_for_every_registry_that_docker_configures(self, home: Home) -> None:
        home.add_role_profile()
        ours = {HOST: "ecrx-secondary", OTHER_HOST: "ecrx-secondary", FAR_HOST: "ecrx-secondary"}
        others = {"444444444444.dkr.ecr.us-east-1.amazonaws.com": "ecr-login", "ghcr.io": "ecrx"}
        let_docker_ask(home, credHelpers=ours | others)

        assert 0 == home.run("login").status

        assert set(ours) == {server for entry in stored_items.entries(home).values() for server in entry["servers"]}
        assert (1, 2) == (home.aws.count("AssumeRole"), home.aws.count("GetAuthorizationToken"))
        assert all(is_served(home, host) for host in ours)

    def test_replaces_a_fresh_token(self, home: Home) -> None:
        home.add_role_profile()
        first = home.get().secret

        home.run("login", HOST, "--profile", "secondary")

        assert first != home.get().secret
        assert is_served(home)

    def test_replaces_a_login_token(self, home: Home) -> None:
        home.add_role_profile()
        home.store(HOST, "AWS", "of docker login")

        home.run("login", HOST, "--profile", "secondary")

        assert "of docker login" != home.get().secret
        assert is_served(home)

    @pytest.mark.parametrize(
        ("parts", "asked"),
        [
            ({"credHelpers": {HOST: "ecrx", OTHER_HOST: "ecrx-"}}, "the default credential chain"),
            ({"credHelpers": {HOST: "ecrx-base"}}, "profile base"),
            ({"credsStore": "ecrx"}, "the default credential chain"),
        ],
    )
    def test_warns_if_docker_uses_another_identity(self, home: Home, parts: dict[str, object], asked: str) -> None:
        home.add_role_profile()
        let_docker_ask(home, **parts)

        found = home.run("login", HOST, "--profile", "secondary")

        change = f"{PROGRAM} configure {HOST} --profile secondary"
        said = f"{PROGRAM}: Docker uses {asked} for {HOST}, so it does not get this token; to change that: {change}\n"
        assert (0, said) == (found.status, found.stderr)
        home.run(*change.split()[1:])
        assert "" == home.run("login", HOST, "--profile", "secondary").stderr

    @pytest.mark.parametrize("helper", ["other", ""])
    def test_is_fetched_silently_if_docker_uses_another_helper(self, home: Home, helper: str) -> None:
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: helper})

        assert "" == home.run("login", HOST, "--profile", "secondary").stderr
        assert is_served(home)

    def test_is_fetched_if_docker_config_is_broken(self, home: Home) -> None:
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: "ecrx-"})

        found = home.run("login", HOST, "--profile", "secondary")

        assert (0, 1) == (found.status, found.stderr.count("\n"))
        assert "the symlink docker-credential-ecrx- does not name an AWS profile" in found.stderr
        assert is_served(home)

    def test_of_a_profile_without_registries_needs_a_host(self, home: Home) -> None:
        """The registries without a HOST are those for which Docker's config.json names the profile's link."""
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: "ecrx"})

        found = home.run("login", "--profile", "secondary")

        line = "docker's config.json does not name docker-credential-ecrx-secondary for any ECR registry; "
        remedy = "name a HOST: docker-credential-ecrx login HOST --profile secondary\n"
        assert (1, f"docker-credential-ecrx: {line}{remedy}") == (found.status, found.stderr)

    def test_is_described_but_never_shown(self, home: Home, tmp_path: Path) -> None:
        """The message names account, principal, expiry and keyring."""
        home.add_role_profile()

        found = home.run("login", HOST, "--profile", "secondary", env={"ECRX_KEYRING": "kernel"})

        secret = home.get().secret
        for fact in (
            HOST,
            "profile secondary",
            f"account    {SECONDARY}",
            home.aws.issued[secret].principal,
            "UTC, in 12 h 0 min",
            "kernel",
        ):
            assert fact in found.stdout
        assert secret[:40] not in found.stdout
        assert [] == places_of(secret, home.folder, tmp_path)


# Logs in with the code in stdin's first line, stores the second line as the token of a docker login, and fetches more
# tokens than the quota has room for; writes what the two registries are then answered with into a file.
CROWDED = """\
set -e
program=$1 links=$2 host=$3 stored=$4
shift 4
read -r code
read -r secret
echo "$code" | "$program" login "$host" --profile secondary --mfa-code - >/dev/null
printf '{"ServerURL":"%s","Username":"AWS","Secret":"%s"}' "$stored" "$secret" | "$program" store
for region; do
    printf %s "444444444444.dkr.ecr.$region.amazonaws.com" | "$links-base" get >/dev/null
done
printf %s "$host" | "$links-secondary" get >"$HOME/answer"
printf %s "$stored" | "$program" get >>"$HOME/answer"
"""


class TestMfaCode:
    def test_is_read_hidden_from_the_terminal(self, home: Home) -> None:
        """Get needs no code afterwards."""
        add_mfa_profile(home)

        answers = [(QUESTION, f"{CODE}\n")]
        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=answers)

        assert 0 == status, seen
        assert CODE not in seen
        assert is_served(home)

    def test_is_asked_for_once_for_several_regions(self, home: Home) -> None:
        add_mfa_profile(home)

        answers = [(QUESTION, f"{CODE}\n")]
        status, seen = on_terminal(home, "login", HOST, FAR_HOST, "--profile", "secondary", answers=answers)

        assert (0, 1) == (status, seen.count(QUESTION)), seen
        assert is_served(home)
        assert is_served(home, FAR_HOST)

    def test_token_outlasts_others_in_a_full_keyring(self, home: Home) -> None:
        """What a person stored stays, with a code or with docker login; other tokens can be fetched again."""
        add_mfa_profile(home)
        links = home.link("docker-credential-ecrx-base"), home.link("docker-credential-ecrx-secondary")
        regions = [
            f"{area}-{side}-{number}" for area in ("us", "eu", "ap") for side in ("west", "east") for number in "123"
        ]
        stored = new_password(time.time() + 3600)
        with another_user() as prefix:
            command: list[str | Path] = [home.program, str(links[0]).removesuffix("-base"), HOST, OTHER_HOST, *regions]
            done = subprocess.run(
                [*prefix, "sh", "-c", CROWDED, "sh", *command],
                env=home.env | {"ECRX_KEYRING": "kernel"},
                input=f"{CODE}\n{stored}\n".encode(),
                capture_output=True,
                check=False,
            )

        assert (0, b"") == (done.returncode, done.stderr)
        assert 1 == home.aws.count("AssumeRole")
        assert stored in (home.folder / "answer").read_text()

    @pytest.mark.parametrize("code", [CODE, "123 456"])
    def test_option_works_with_a_warning(self, home: Home, code: str) -> None:
        """Other users see it in the process list, so the warning names the way that they do not see."""
        add_mfa_profile(home)

        found = home.run("login", HOST, FAR_HOST, "--profile", "secondary", "--mfa-code", code)

        assert (0, 1) == (found.status, found.stderr.count("\n"))
        assert found.stderr.endswith("other users can see the MFA code in the list of processes; " + INSTEAD)
        assert is_served(home)
        assert is_served(home, FAR_HOST)

    @pytest.mark.parametrize(
        "stdin",
        [f"{CODE}\n", CODE, f" {CODE[:3]} {CODE[3:]} \r\n", f"{CODE}\nmore\n{'x' * 100_000}"],
        ids=["line", "no end", "spaces", "more lines"],
    )
    def test_may_come_from_stdin(self, home: Home, stdin: str) -> None:
        add_mfa_profile(home)

        found = home.run("login", HOST, FAR_HOST, "--profile", "secondary", "--mfa-code", "-", stdin=stdin)

        assert (0, "") == (found.status, found.stderr)
        assert is_served(home)
        assert is_served(home, FAR_HOST)

    def test_reads_one_line_of_stdin(self, home: Home) -> None:
        """A pipe that stays open does not block login, and the rest of the input is left unread."""
        add_mfa_profile(home)
        reading, writing = os.pipe()
        os.write(writing, f"{CODE}\nrest".encode())
        command = [str(home.program), "login", HOST, "--profile", "secondary", "--mfa-code", "-"]

        done = subprocess.run(command, stdin=reading, env=home.env, capture_output=True, timeout=180, check=False)

        assert (0, b"") == (done.returncode, done.stderr)
        assert b"rest" == os.read(reading, 100)
        os.close(reading)
        os.close(writing)

    @pytest.mark.parametrize(
        "stdin",
        [b"", b"\n", b"12345\n", b"123456" * 20_000, b"\xff" * 6, "१२३४५६".encode(), b"\n123456\n"],
        ids=["empty", "empty line", "short", "endless", "no text", "no ASCII", "second line"],
    )
    def test_on_stdin_has_six_digits(self, home: Home, stdin: bytes) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=stdin))

        assert "an MFA code is six digits" in line
        assert [] == home.aws.calls

    def test_closed_stdin_gives_no_code(self, home: Home) -> None:
        add_mfa_profile(home)
        command = f"exec {home.program} login {HOST} --profile secondary --mfa-code - <&-"

        done = subprocess.run(["/bin/sh", "-c", command], env=home.env, capture_output=True, timeout=180, check=False)

        assert (1, True) == (done.returncode, b"an MFA code is six digits" in done.stderr)

    def test_is_read_hidden_if_stdin_is_a_terminal(self, home: Home) -> None:
        """As without the option, the code is not echoed."""
        add_mfa_profile(home)

        answers = [(QUESTION, f"{CODE}\n")]
        arguments = ("login", HOST, "--profile", "secondary", "--mfa-code", "-")
        status, seen = on_terminal(home, *arguments, answers=answers)

        assert (0, False) == (status, CODE in seen), seen
        assert is_served(home)

    def test_is_in_no_process_list(self, home: Home, aws: OneTimeCodes) -> None:
        """While AWS is called, the code is in no argument or environment of the program or its children."""
        add_mfa_profile(home)
        shown: list[bytes] = []

        def look(answer: HttpResponse) -> HttpResponse:
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    arguments, variables = ((process / name).read_bytes() for name in ("cmdline", "environ"))
                    if str(home.bin).encode() in variables:
                        shown.append(arguments + variables)
            return answer

        aws.before_answer = look

        home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=CODE)

        assert [] == [text for text in shown if CODE.encode() in text]
        assert any(b"--mfa-code\0-\0" in text for text in shown)

    def test_is_not_read_from_a_pipe_by_default(self, home: Home) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", stdin=f"{CODE}\n"))

        assert f"{PROGRAM} login --profile secondary {HOST} --mfa-code -\n" in line
        assert [] == home.aws.calls

    def test_wrong_code_fails_and_stores_nothing(self, home: Home) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=WRONG_CODE))

        assert "the MFA code is wrong, or was used before" in line
        assert {} == stored_items.entries(home)

    def test_mistyped_code_fails_in_one_line(self, home: Home) -> None:
        add_mfa_profile(home)

        answers = [(QUESTION, f"{WRONG_CODE}\n")]
        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=answers)

        assert 1 == status
        assert "the MFA code is wrong, or was used before" in " ".join(seen.split())

    @pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "१२३४५६"])
    def test_impossible_code_is_not_sent_to_aws(self, home: Home, code: str) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", code), 2)

        assert "an MFA code is six digits" in line
        assert [] == home.aws.calls

    def test_interrupt_changes_nothing(self, home: Home) -> None:
        add_mfa_profile(home)

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[(QUESTION, "\x03")])

        assert 130 == status
        assert "interrupted" in seen
        assert {} == stored_items.entries(home)


class TestUntilTokenExpires:
    def test_get_warns_after_half_of_the_lifetime(self, home: Home) -> None:
        """If a new token needs an MFA code, get returns the old one with a warning."""
        add_mfa_profile(home)
        home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=CODE)
        token = home.get().secret
        stored_items.age(home, hours=11.9)

        found = home.get()

        assert token == found.secret
        assert 1 == found.stderr.count("\n")
        assert f"{PROGRAM} login --profile secondary {HOST}" in found.stderr

    def test_expired_token_names_the_command_to_run(self, home: Home) -> None:
        add_mfa_profile(home)
        home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=CODE)
        stored_items.age(home, hours=12.1)

        found = home.get()

        assert 1 == found.status
        assert "the role requires an MFA code, and get cannot prompt for one" in found.stdout
        assert f"{PROGRAM} login --profile secondary {HOST}" in found.stdout


class TestSignIn:
    @pytest.fixture(autouse=True)
    def portal(self, home: Home, aws: OneTimeCodes) -> Iterator[None]:
        """Make ``secondary`` an SSO profile with an expired session, which ``aws sso login`` renews."""
        with expired_sso(home, aws):
            yield

    def test_is_only_named_without_a_terminal(self, home: Home) -> None:
        line = refusal(home.run("login", HOST, "--profile", "secondary", stdin="y\n"))

        assert "aws sso login --profile secondary" in line
        assert not (home.folder / "ran").exists()

    def test_is_run_if_the_person_agrees(self, home: Home) -> None:
        answers = [(f"run {home.bin}/aws sso login --profile secondary? [y/N]: ", "y\n")]

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=answers)

        assert 0 == status, seen
        assert "sso login --profile secondary\n" == (home.folder / "ran").read_text()
        assert is_served(home)

    def test_is_run_with_yes_and_without_a_terminal(self, home: Home) -> None:
        found = home.run("login", HOST, "--profile", "secondary", "--yes", "--quiet")

        assert (0, "sso login --profile secondary\n") == (found.status, (home.folder / "ran").read_text()), found
        assert is_served(home)

    @pytest.mark.parametrize("answer", ["\n", "n\n"])
    def test_is_not_run_if_the_person_declines(self, home: Home, answer: str) -> None:
        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", answer)])

        assert 1 == status
        assert "aws sso login --profile secondary" in seen.rpartition("[y/N]")[2]
        assert not (home.folder / "ran").exists()

    def test_is_only_named_without_the_aws_cli(self, home: Home) -> None:
        (home.bin / "aws").unlink()

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        assert 1 == status
        said = " ".join(seen.split())
        assert "expired, and aws, which signs in, is not on PATH; install version 2 of the AWS CLI" in said
        assert "aws sso login --profile secondary" in said

    @pytest.mark.parametrize("first", ["", ".", "sub"])
    def test_runs_aws_from_absolute_folders_only(self, home: Home, first: str) -> None:
        """An aws program in a relative folder of PATH is skipped, and the command shows the full path."""
        planted = home.folder / "here" / first
        planted.mkdir(parents=True, exist_ok=True)
        (planted / "aws").write_text('#!/bin/sh\necho planted >"$HOME/ran"\n')
        (planted / "aws").chmod(0o700)
        (home.bin / "aws").write_text((home.bin / "aws").read_text().replace('echo "$@"', 'echo "$0" "$@"'))
        home.env["PATH"] = f"{first}:{home.bin}"
        line = f"cd {home.folder}/here && exec {home.program} login {HOST} --profile secondary"

        status, seen = terminals.run(["/bin/sh", "-c", line], home.env, [("[y/N]: ", "y\n")])

        assert 0 == status, seen
        assert f"run {home.bin}/aws sso login --profile secondary? [y/N]: " in " ".join(seen.split("\n"))
        assert f"{home.bin}/aws sso login --profile secondary\n" == (home.folder / "ran").read_text()

    def test_gets_no_secret_of_the_program(self, home: Home) -> None:
        """The child gets no secret, no library path of the frozen program and no relative PATH folder."""
        (home.bin / "aws").write_text('#!/bin/sh\n/usr/bin/env >"$HOME/ran"\nexit 3\n')
        home.env["PATH"] = f":{home.bin}"
        home.env["LD_LIBRARY_PATH"] = "/opt/theirs"

        on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", "y\n")])

        given = dict(line.split("=", 1) for line in (home.folder / "ran").read_text().splitlines())
        passed_on = {name: value for name, value in given.items() if name not in _OF_SHELLS}
        assert home.env | {"PATH": str(home.bin)} == passed_on

    @pytest.mark.parametrize("weak", ["aws", "", ".."], ids=["program", "folder", "folder above"])
    def test_is_not_run_if_all_users_may_change_it(self, home: Home, weak: str) -> None:
        (home.bin / weak).chmod(0o777)

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        said = " ".join(seen.split())
        assert (1, False) == (status, (home.folder / "ran").exists())
        place = (home.bin / weak).resolve()
        assert f"{home.bin}/aws is not run, because every user can write to {place};" in said
        assert f"chmod o-w {place}" in said

    def test_is_not_run_if_another_user_planted_it(self, home: Home) -> None:
        """Anybody can put a program into a sticky folder such as /tmp."""
        planted = plant(home, "aws", f"touch {home.folder}/ran")

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        said = " ".join(seen.split())
        assert (1, False) == (status, (home.folder / "ran").exists())
        assert f"{planted} is not run, because user 1000 owns {planted}, in a folder that every user can" in said
        assert f"remove {planted.parent} from PATH" in said

    def test_failure_is_reported(self, home: Home) -> None:
        (home.bin / "aws").write_text("#!/bin/sh\nexit 3\n")

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", "y\n")])

        assert 1 == status
        assert "aws sso login --profile secondary failed" in " ".join(seen.split())

    def test_failure_of_version_1_says_so(self, home: Home) -> None:
        """Version 1 has no ``aws sso login``: to run it by hand would print the same usage again."""
        (home.bin / "aws").write_text(
            "#!/bin/sh\n"
            '[ "$1" != --version ] || { echo aws-cli/1.22.34 Python/3.10.6 Linux/5.15 botocore/1.27.84; exit; }\n'
            "echo usage: aws [options] '<command> <subcommand>' >&2\n"
            "echo aws: error: argument operation: Invalid choice, valid choices are: get-role-credentials >&2\n"
            "exit 2\n"
        )

        said = home.run("login", HOST, "--profile", "secondary", "--yes").stderr

        command = "aws sso login --profile secondary"
        what = f"{home.bin}/aws is version 1 of the AWS CLI, which cannot sign in with {command}"
        assert f"{what}; install version 2 (https://docs.aws.amazon.com/" in said
        assert "run it yourself" not in said


class TestFailure:
    def test_rejects_other_hosts_before_any_question(self, home: Home) -> None:
        home.add_role_profile()

        line = refusal(home.run("login", HOST, "ghcr.io", "--profile", "secondary"), 2)

        assert "ghcr.io is not a registry of Amazon ECR" in line
        assert [] == home.aws.calls

    def test_requires_a_host(self, home: Home) -> None:
        assert "configure HOST" in refusal(home.run("login"))

    def test_invalid_docker_config_is_named(self, home: Home) -> None:
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text("{")

        assert str(home.folder / ".docker" / "config.json") in refusal(home.run("login"))

    def test_without_keyring_aws_is_not_called(self, home: Home) -> None:
        home.add_role_profile()

        line = refusal(home.run("login", HOST, "--profile", "secondary", env={"ECRX_KEYRING": "none"}))

        assert "no keyring" in line
        assert [] == home.aws.calls

    def test_missing_profile_is_named_and_token_stays(self, home: Home) -> None:
        home.add_role_profile()
        home.get()

        line = refusal(home.run("login", HOST, "--profile", "nobody"))

        assert "the AWS profile nobody does not exist" in line
        assert is_served(home)


class TestCredentialProcess:
    """A program that gives credentials only after a touch or an answer."""

    def write(self, home: Home, script: str) -> Path:
        """Give the profile ``touch`` a program that runs ``script`` and gives keys; return the log of its runs."""
        keys = home.aws.add_user(SECONDARY, "touched")
        given = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
        log, path = home.folder / "runs", home.bin / "give-keys"
        path.write_text(f"#!/bin/sh\necho run >> {log}\n{script}\necho '{json.dumps(given)}'\n")
        path.chmod(0o700)
        home.add_profile("touch", credential_process=str(path), region="us-east-1")
        return log

    @in_one_form
    def test_is_waited_for_and_shown_and_run_once(self, home: Home) -> None:
        """It takes longer than a get may take, and there are two regions and a question for the principal."""
        log = self.write(home, "echo 'Touch your key' >&2; sleep 11")
        other = HOST.replace("us-east-1", "eu-west-1")

        found = home.run("login", "--profile", "touch", HOST, other)

        assert (0, "Touch your key\n") == (found.status, found.stderr)
        assert "run\n" == log.read_text()
        assert is_served(home, profile="touch")

    def test_reads_the_answer_on_a_terminal(self, home: Home) -> None:
        self.write(home, "printf 'PIN: ' >&2; read -r pin; [ \"$pin\" = 1234 ] || exit 1")

        ended, seen = terminals.run(
            [home.program, "login", "--profile", "touch", HOST], home.env, [("PIN: ", "1234\n")]
        )

        assert 0 == ended, seen

    def test_as_the_source_of_a_role_is_run_once(self, home: Home) -> None:
        log = self.write(home, "")
        home.aws.add_role(ROLE, trusts=[f"arn:aws:iam::{SECONDARY}:user/touched"])
        home.add_profile("role", role_arn=ROLE, source_profile="touch")

        assert 0 == home.run("login", "--profile", "role", HOST).status
        assert "run\n" == log.read_text()

    def test_that_fails_shows_why(self, home: Home) -> None:
        self.write(home, "echo 'no device' >&2; exit 3")

        found = home.run("login", "--profile", "touch", HOST)

        assert (1, "no device") == (found.status, found.stderr.splitlines()[0])
        assert "run the credential_process of profile touch by hand" in found.stderr


class TestJson:
    @staticmethod
    def about(found: Result, status: int = 0) -> list[dict[str, Any]]:
        """Return what the object on stdout, which is all of it, says about each registry."""
        document = json.loads(found.stdout)
        assert (status, ["registries", "schema_version"], 1) == (
            *(found.status, sorted(document), document["schema_version"]),
        )
        registries: list[dict[str, Any]] = document["registries"]
        return registries

    def test_has_each_registry(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()

        found = home.run("login", HOST, FAR_HOST, "--profile", "secondary", "--json", "--quiet", env=keyring)

        near, far = self.about(found)
        assert (HOST, "us-east-1", FAR_HOST, "eu-west-1") == (
            *(near["host"], near["region"], far["host"], far["region"]),
        )
        cached = {token["registries"][0]: token for token in home.run("status", "--json", env=keyring).answer["tokens"]}
        secret = home.get(env=keyring).secret
        for one in (near, far):
            token = cached[one["host"]]
            assert (True, None, "profile secondary") == (one["cached"], one["error"], one["identity"])
            assert (token["principal"], token["keyring"]) == (one["principal"], one["keyring"])
            assert token["expires"][:-5] == one["expires"][:-5] or token["expires"][:-3] > one["expires"][:-3]
        assert home.aws.issued[secret].principal == near["principal"]
        assert secret[:40] not in found.stdout + found.stderr
        assert "" == found.stderr

    def test_of_a_failure_has_the_remedy(self, home: Home) -> None:
        add_mfa_profile(home)

        found = home.run("login", HOST, "--profile", "secondary", "--json", stdin=f"{CODE}\n")

        (one,) = self.about(found, 1)
        assert (False, None, None, None) == (one["cached"], one["expires"], one["keyring"], one["principal"])
        command = f"{PROGRAM} login --profile secondary {HOST} --mfa-code -"
        assert [command] == one["error"]["command"]
        assert f"no token for {HOST}: profile secondary needs an MFA code" in one["error"]["detail"]
        assert one["error"]["remedy"].endswith(command)
        assert f"{PROGRAM}: {one['error']['detail']}; {one['error']['remedy']}\n" == found.stderr

    def test_stops_at_the_first_failure(self, home: Home) -> None:
        """As without the option: the registries before it have a token, and those after it have not been tried."""
        home.add_role_profile()
        third = HOST.replace("us-east-1", "eu-west-2")
        ours = {HOST: "ecrx-secondary", FAR_HOST: "ecrx-nobody", third: "ecrx-secondary"}
        let_docker_ask(home, credHelpers=ours)

        found = home.run("login", *ours, "--json")

        about = {one["host"]: one for one in self.about(found, 1)}
        assert [(True, False), (False, True), (False, False)] == [
            (about[host]["cached"], about[host]["error"] is not None) for host in ours
        ]
        assert "the AWS profile nobody does not exist" in about[FAR_HOST]["error"]["detail"]
        assert 1 == found.stderr.count("\n")
        assert is_served(home)

    def test_without_a_keyring_has_the_error(self, home: Home) -> None:
        home.add_role_profile()

        found = home.run("login", HOST, OTHER_HOST, "--profile", "secondary", "--json", env={"ECRX_KEYRING": "none"})

        assert ["no keyring for tokens is available"] * 2 == [one["error"]["detail"] for one in self.about(found, 1)]
        assert ([], 1) == (home.aws.calls, found.stderr.count("\n"))

    def test_warning_goes_to_stderr(self, home: Home) -> None:
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: "ecrx-base"})

        found = home.run("login", HOST, "--profile", "secondary", "--json")

        assert [True] == [one["cached"] for one in self.about(found)]
        assert "so it does not get this token" in found.stderr

    @pytest.mark.parametrize(
        ("arguments", "status", "said"),
        [
            ((HOST, "ghcr.io"), 2, "ghcr.io is not a registry of Amazon ECR"),
            ((HOST, "--mfa-code", "12345"), 2, "an MFA code is six digits"),
            ((), 1, "docker's config.json does not name this program for any ECR registry"),
        ],
    )
    def test_is_no_object_without_a_registry(
        self, home: Home, arguments: tuple[str, ...], status: int, said: str
    ) -> None:
        assert said in refusal(home.run("login", *arguments, "--json"), status)

    def test_still_asks_on_a_terminal(self, home: Home) -> None:
        """The question is not on stdout, which is a file here."""
        add_mfa_profile(home)
        line = f"exec {home.program} login {HOST} --profile secondary --json >{home.folder}/said"

        status, seen = terminals.run(["/bin/sh", "-c", line], home.env, [(QUESTION, f"{CODE}\n")])

        said = (home.folder / "said").read_text()
        assert (0, False) == (status, CODE in said), seen
        assert [True] == [one["cached"] for one in self.about(Result(status, said, ""))]

    def test_has_nothing_of_a_sign_in(self, home: Home, aws: OneTimeCodes) -> None:
        """What ``aws sso login`` prints to its stdout is for the person."""
        with expired_sso(home, aws):
            script = home.bin / "aws"
            script.write_text(script.read_text().replace("#!/bin/sh\n", "#!/bin/sh\necho Open https://corp\n"))

            found = home.run("login", HOST, "--profile", "secondary", "--json", "--yes")

        assert [True] == [one["cached"] for one in self.about(found)], found
        assert "Open https://corp\n" in found.stderr
