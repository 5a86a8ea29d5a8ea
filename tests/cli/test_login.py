"""``login`` mints what a credential helper cannot: with an MFA code, after a sign-in; and ``get`` finds it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from docker_credential_ecrx.demo.fake_aws import HttpResponse, Refusal, refused
from support import aws_parts, kept, terminals
from support.aws_parts import EARLIER, Server, Sessions
from support.home import BASE_USER, HOST, OTHER_HOST, ROLE, SECONDARY, Home, Result
from support.secrets import places_of

PROGRAM = "docker-credential-ecrx"
FAR_HOST = HOST.replace("us-east-1", "eu-west-1")
SERIAL = f"arn:aws:iam::{SECONDARY}:mfa/me"
CODE, WRONG_CODE = "123456", "654321"
INSTEAD = "give it on standard input: --mfa-code -\n"
_OF_SHELLS = ("PWD", "OLDPWD", "SHLVL", "_", "TERM", "LC_CTYPE")  # what they, a terminal and Python add
QUESTION = "MFA code for profile secondary: "


class OneTimeCodes(Sessions):
    """AWS that takes an MFA code once, and says of any other what AWS says."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()
        self.before_answer: Callable[[HttpResponse], HttpResponse] = lambda answer: answer

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """HttpResponse one request."""
        answer = super().handle(method, path, headers, body)
        code = self.assumed[-1].get("TokenCode", "") if b"AssumeRole" in body and self.assumed else ""
        if code and (code != CODE or code in self.used):
            words = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            answer = refused("sts", Refusal("AccessDenied", words, 403))
        self.used.add(code)
        return self.before_answer(answer)


@pytest.fixture
def aws() -> Iterator[OneTimeCodes]:
    """Return a stand-in for AWS."""
    with OneTimeCodes() as standin:
        yield standin


def add_mfa_profile(home: Home) -> None:
    """Add the profile ``secondary``, whose role wants an MFA code."""
    home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
    home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
    home.add_profile("secondary", role_arn=ROLE, source_profile="base", mfa_serial=SERIAL)


def let_docker_ask(home: Home, **parts: object) -> None:
    """Write docker's config.json."""
    (home.folder / ".docker").mkdir()
    (home.folder / ".docker" / "config.json").write_text(json.dumps(parts))


def on_terminal(home: Home, *arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the program on a terminal, with a person who answers."""
    return terminals.run([home.program, *arguments], home.env, answers)


def refusal(found: Result) -> str:
    """Return the one line that says on stderr what failed."""
    assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
    return found.stderr


def is_served(home: Home, host: str = HOST, profile: str | None = "secondary", **env: str) -> bool:
    """Return whether ``get`` answers without asking AWS or anybody."""
    home.aws.calls.clear()
    found = home.get(host, profile=profile, env=env)
    return (0, "", []) == (found.status, found.stderr, home.aws.calls)


class TestWhatItMints:
    def test_is_what_get_answers_without_asking_aws(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()

        found = home.run("login", HOST, "--profile", "secondary", env=keyring)

        assert (0, "") == (found.status, found.stderr)
        assert is_served(home, **keyring)

    @pytest.mark.parametrize("helper", ["ecrx-secondary", "ecrx"])
    @pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
    def test_is_for_the_identity_that_answers_docker(self, home: Home, key: str, helper: str) -> None:
        home.add_role_profile()
        if helper == "ecrx":
            home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
        let_docker_ask(home, **{key: {HOST: helper} if key == "credHelpers" else helper})

        assert 0 == home.run("login", HOST).status

        assert is_served(home, profile="secondary" if helper == "ecrx-secondary" else None)

    def test_is_for_the_profile_of_the_link_that_it_is_called_by(self, home: Home) -> None:
        home.add_role_profile()
        home.link(f"{PROGRAM}-secondary")

        assert 0 == home.run("login", HOST, argv0=f"{PROGRAM}-secondary").status

        assert is_served(home)

    def test_is_for_aws_default_chain_where_nothing_is_set(self, home: Home) -> None:
        home.add_role_profile()
        home.env["AWS_PROFILE"] = "secondary"

        assert 0 == home.run("login", HOST).status

        assert is_served(home, profile=None)

    def test_is_for_a_role_of_the_configuration_file(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')

        assert "assumed-role/puller/" in home.run("login", HOST).stdout

        assert is_served(home, profile=None)

    def test_is_for_every_registry_that_docker_gives_to_it_and_for_no_other(self, home: Home) -> None:
        home.add_role_profile()
        ours = {HOST: "ecrx-secondary", OTHER_HOST: "ecrx-secondary", FAR_HOST: "ecrx-secondary"}
        others = {"444444444444.dkr.ecr.us-east-1.amazonaws.com": "ecr-login", "ghcr.io": "ecrx"}
        let_docker_ask(home, credHelpers=ours | others)

        assert 0 == home.run("login").status

        assert set(ours) == {server for entry in kept.entries(home).values() for server in entry["servers"]}
        assert (1, 2) == (home.aws.count("AssumeRole"), home.aws.count("GetAuthorizationToken"))
        assert all(is_served(home, host) for host in ours)

    def test_replaces_a_token_that_is_still_fresh(self, home: Home) -> None:
        home.add_role_profile()
        first = home.get().secret

        home.run("login", HOST, "--profile", "secondary")

        assert first != home.get().secret
        assert is_served(home)

    def test_replaces_what_docker_login_stored(self, home: Home) -> None:
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
    def test_is_said_not_to_be_what_docker_is_served_where_docker_asks_as_another(
        self, home: Home, parts: dict[str, object], asked: str
    ) -> None:
        home.add_role_profile()
        let_docker_ask(home, **parts)

        found = home.run("login", HOST, "--profile", "secondary")

        change = f"{PROGRAM} configure {HOST} --profile secondary"
        said = f"{PROGRAM}: docker asks for {HOST} as {asked}, and is not served this; to change that: {change}\n"
        assert (0, said) == (found.status, found.stderr)
        home.run(*change.split()[1:])
        assert "" == home.run("login", HOST, "--profile", "secondary").stderr

    @pytest.mark.parametrize("helper", ["other", ""])
    def test_is_got_without_a_word_where_docker_asks_another_program(self, home: Home, helper: str) -> None:
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: helper})

        assert "" == home.run("login", HOST, "--profile", "secondary").stderr
        assert is_served(home)

    def test_is_got_though_dockers_configuration_is_broken(self, home: Home) -> None:
        home.add_role_profile()
        let_docker_ask(home, credHelpers={HOST: "ecrx-"})

        found = home.run("login", HOST, "--profile", "secondary")

        assert (0, 1) == (found.status, found.stderr.count("\n"))
        assert "the link docker-credential-ecrx- names no AWS profile" in found.stderr
        assert is_served(home)

    def test_is_told_with_account_principal_end_and_keyring_but_never_itself(self, home: Home, tmp_path: Path) -> None:
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

    def test_is_shown_on_a_terminal_while_it_is_awaited(self, home: Home) -> None:
        home.add_role_profile()

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        assert 0 == status
        assert f"asking AWS for a token for {HOST}" in seen


class TestMfaCode:
    def test_is_asked_for_on_the_terminal_unseen_and_get_then_asks_nothing(self, home: Home) -> None:
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

    @pytest.mark.parametrize("code", [CODE, "123 456"])
    def test_may_come_as_an_option_with_a_warning(self, home: Home, code: str) -> None:
        """Other users see it in the list of processes, so the line names the way that they do not."""
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
    def test_may_come_on_standard_input(self, home: Home, stdin: str) -> None:
        add_mfa_profile(home)

        found = home.run("login", HOST, FAR_HOST, "--profile", "secondary", "--mfa-code", "-", stdin=stdin)

        assert (0, "") == (found.status, found.stderr)
        assert is_served(home)
        assert is_served(home, FAR_HOST)

    def test_is_read_up_to_its_line_end_alone(self, home: Home) -> None:
        """A pipe that stays open does not keep login waiting, and what follows is left to others."""
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
    def test_on_standard_input_is_six_digits(self, home: Home, stdin: bytes) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=stdin))

        assert "an MFA code is six digits" in line
        assert [] == home.aws.calls

    def test_on_standard_input_that_is_closed_is_none(self, home: Home) -> None:
        add_mfa_profile(home)
        command = f"exec {home.program} login {HOST} --profile secondary --mfa-code - <&-"

        done = subprocess.run(["/bin/sh", "-c", command], env=home.env, capture_output=True, timeout=180, check=False)

        assert (1, True) == (done.returncode, b"an MFA code is six digits" in done.stderr)

    def test_is_asked_for_where_standard_input_is_a_terminal(self, home: Home) -> None:
        """Unseen, as without the option."""
        add_mfa_profile(home)

        answers = [(QUESTION, f"{CODE}\n")]
        arguments = ("login", HOST, "--profile", "secondary", "--mfa-code", "-")
        status, seen = on_terminal(home, *arguments, answers=answers)

        assert (0, False) == (status, CODE in seen), seen
        assert is_served(home)

    def test_is_in_no_list_of_processes(self, home: Home, aws: OneTimeCodes) -> None:
        """Nor in the environment, of the program or of what it starts, while AWS is asked."""
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

    def test_is_never_read_from_what_is_no_terminal_unasked(self, home: Home) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", stdin=f"{CODE}\n"))

        assert f"{PROGRAM} login --profile secondary {HOST} --mfa-code -\n" in line
        assert [] == home.aws.calls

    def test_that_is_wrong_is_told_in_one_line_and_nothing_is_kept(self, home: Home) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=WRONG_CODE))

        assert "the MFA code is wrong, or was used before" in line
        assert {} == kept.entries(home)

    def test_that_is_typed_wrong_is_told_in_one_line(self, home: Home) -> None:
        add_mfa_profile(home)

        answers = [(QUESTION, f"{WRONG_CODE}\n")]
        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=answers)

        assert 1 == status
        assert "the MFA code is wrong, or was used before" in " ".join(seen.split())

    @pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "१२३४५६"])
    def test_that_can_be_none_is_not_sent_to_aws(self, home: Home, code: str) -> None:
        add_mfa_profile(home)

        line = refusal(home.run("login", HOST, "--profile", "secondary", "--mfa-code", code))

        assert "an MFA code is six digits" in line
        assert [] == home.aws.calls

    def test_that_nobody_types_leaves_all_as_it_was(self, home: Home) -> None:
        add_mfa_profile(home)

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[(QUESTION, "\x03")])

        assert 130 == status
        assert "interrupted" in seen
        assert {} == kept.entries(home)


class TestUntilTheTokenEnds:
    def test_get_serves_it_past_half_its_life_with_a_line_where_a_code_is_wanted(self, home: Home) -> None:
        add_mfa_profile(home)
        home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=CODE)
        minted = home.get().secret
        kept.age(home, hours=11.9)

        found = home.get()

        assert minted == found.secret
        assert 1 == found.stderr.count("\n")
        assert f"{PROGRAM} login --profile secondary {HOST}" in found.stderr

    def test_get_then_says_what_to_run(self, home: Home) -> None:
        add_mfa_profile(home)
        home.run("login", HOST, "--profile", "secondary", "--mfa-code", "-", stdin=CODE)
        kept.age(home, hours=12.1)

        found = home.get()

        assert 1 == found.status
        assert "its role needs an MFA code, which get cannot ask for" in found.stdout
        assert f"{PROGRAM} login --profile secondary {HOST}" in found.stdout


class TestSignIn:
    @pytest.fixture(autouse=True)
    def portal(self, home: Home, aws: OneTimeCodes) -> Iterator[None]:
        """Let the profile ``secondary`` be SSO's, with a session that has ended, and ``aws sso login`` renew it."""
        home.add_profile("secondary", sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")
        with (home.folder / ".aws" / "config").open("a") as file:
            file.write("[sso-session corp]\nsso_start_url = https://corp\nsso_region = eu-west-1\n")
        aws_parts.sign_in_to_sso(home.folder, "corp", "bearer")
        (cached,) = (home.folder / ".aws" / "sso" / "cache").iterdir()
        cached.rename(home.folder / "renewed")
        aws_parts.sign_in_to_sso(home.folder, "corp", "bearer", EARLIER)
        script = home.bin / "aws"
        script.write_text(f'#!/bin/sh\necho "$@" >"$HOME/ran"\n/bin/cp "$HOME/renewed" {cached}\n')
        script.chmod(0o700)
        home.env["PATH"] = str(home.bin)
        with Server(aws_parts.sso_portal(aws, "bearer")) as server:
            home.env["AWS_ENDPOINT_URL_SSO"] = server.url
            yield

    def test_is_named_where_there_is_no_terminal(self, home: Home) -> None:
        line = refusal(home.run("login", HOST, "--profile", "secondary", stdin="y\n"))

        assert "aws sso login --profile secondary" in line
        assert not (home.folder / "ran").exists()

    def test_is_run_on_a_terminal_once_the_person_agrees(self, home: Home) -> None:
        answers = [(f"run {home.bin}/aws sso login --profile secondary? [y/N]: ", "y\n")]

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=answers)

        assert 0 == status, seen
        assert "sso login --profile secondary\n" == (home.folder / "ran").read_text()
        assert is_served(home)

    @pytest.mark.parametrize("answer", ["\n", "n\n"])
    def test_is_left_alone_where_the_person_does_not_agree(self, home: Home, answer: str) -> None:
        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", answer)])

        assert 1 == status
        assert "aws sso login --profile secondary" in seen.rpartition("[y/N]")[2]
        assert not (home.folder / "ran").exists()

    def test_is_only_named_where_aws_is_not_installed(self, home: Home) -> None:
        (home.bin / "aws").unlink()

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        assert 1 == status
        assert "aws sso login --profile secondary" in " ".join(seen.split())

    @pytest.mark.parametrize("first", ["", ".", "sub"])
    def test_is_run_from_absolute_folders_alone(self, home: Home, first: str) -> None:
        """An aws in a relative folder of PATH is passed over, and the command has the name of its file."""
        planted = home.folder / "here" / first
        planted.mkdir(parents=True, exist_ok=True)
        (planted / "aws").write_text('#!/bin/sh\necho planted >"$HOME/ran"\n')
        (planted / "aws").chmod(0o700)
        (home.bin / "aws").write_text((home.bin / "aws").read_text().replace('echo "$@"', 'echo "$0" "$@"'))
        home.env["PATH"] = f"{first}:{home.bin}"
        line = f"cd {home.folder}/here && exec {home.program} login {HOST} --profile secondary"

        status, seen = terminals.run(["/bin/sh", "-c", line], home.env, [("[y/N]: ", "y\n")])

        assert 0 == status, seen
        assert f"run {home.bin}/aws sso login --profile secondary? [y/N]: " in seen
        assert f"{home.bin}/aws sso login --profile secondary\n" == (home.folder / "ran").read_text()

    def test_is_given_no_secret_of_the_programs(self, home: Home) -> None:
        """Nor what leads to the frozen program's own libraries, nor relative folders to look into."""
        (home.bin / "aws").write_text('#!/bin/sh\n/usr/bin/env >"$HOME/ran"\nexit 3\n')
        home.env["PATH"] = f":{home.bin}"
        home.env["LD_LIBRARY_PATH"] = "/opt/theirs"

        on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", "y\n")])

        given = dict(line.split("=", 1) for line in (home.folder / "ran").read_text().splitlines())
        passed_on = {name: value for name, value in given.items() if name not in _OF_SHELLS}
        assert home.env | {"PATH": str(home.bin)} == passed_on

    @pytest.mark.parametrize("weak", ["aws", ""], ids=["program", "folder"])
    def test_is_not_run_where_all_users_may_change_it(self, home: Home, weak: str) -> None:
        (home.bin / weak).chmod(0o777)

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[])

        said = " ".join(seen.split())
        assert (1, False) == (status, (home.folder / "ran").exists())
        assert f"{home.bin}/aws is not run, because all users may change {home.bin / weak}" in said
        assert f"chmod o-w {home.bin / weak}" in said

    def test_that_fails_is_told(self, home: Home) -> None:
        (home.bin / "aws").write_text("#!/bin/sh\nexit 3\n")

        status, seen = on_terminal(home, "login", HOST, "--profile", "secondary", answers=[("[y/N]: ", "y\n")])

        assert 1 == status
        assert "aws sso login --profile secondary did not succeed" in " ".join(seen.split())


class TestWhatCannotBe:
    def test_a_host_that_is_not_ecrs_is_refused_before_anything_is_asked(self, home: Home) -> None:
        home.add_role_profile()

        line = refusal(home.run("login", HOST, "ghcr.io", "--profile", "secondary"))

        assert "ghcr.io is not a registry of Amazon ECR" in line
        assert [] == home.aws.calls

    def test_without_a_host_and_without_one_in_docker_config_there_is_nothing_to_do(self, home: Home) -> None:
        assert "configure HOST" in refusal(home.run("login"))

    def test_a_docker_config_that_is_not_json_is_named(self, home: Home) -> None:
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text("{")

        assert str(home.folder / ".docker" / "config.json") in refusal(home.run("login"))

    def test_without_a_keyring_aws_is_not_asked(self, home: Home) -> None:
        home.add_role_profile()

        line = refusal(home.run("login", HOST, "--profile", "secondary", env={"ECRX_KEYRING": "none"}))

        assert "no keyring" in line
        assert [] == home.aws.calls

    def test_a_profile_that_does_not_exist_is_named_and_the_token_that_is_there_stays(self, home: Home) -> None:
        home.add_role_profile()
        home.get()

        line = refusal(home.run("login", HOST, "--profile", "nobody"))

        assert "the AWS profile nobody does not exist" in line
        assert is_served(home)
