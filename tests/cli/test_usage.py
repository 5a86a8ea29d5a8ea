"""Arguments that are no command: exit status 2, what is similar, and how to get help."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import docker_credential_ecrx
from support import kills, terminals
from support.home import HOST, PRIMARY, Home

_VERSION = f"docker-credential-ecrx {docker_credential_ecrx.__version__}\n"


class TestUnknown:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("conifgure HOST", "'configure'"),
            ("sttatus", "'status'"),
            ("logn", "'login'"),
            ("erse", "'erase'"),
            ("policy gran app", "'grant'"),
            ("forget --passwrd", "'--passwords'"),
            ("status --jsn", "'--json'"),
        ],
    )
    def test_says_what_is_similar(self, home: Home, typed: str, meant: str) -> None:
        found = home.run(*typed.replace("HOST", HOST).split())

        assert (2, "") == (found.status, found.stdout)
        assert f"Did you mean {meant}" in found.stderr
        assert "--help" in found.stderr

    @pytest.mark.parametrize("typed", ["token --json", "token --shwo --json", "which --jq"])
    def test_names_only_what_is_similar(self, home: Home, typed: str) -> None:
        """The dashes make no two options similar."""
        found = home.run(*typed.split())

        assert (2, "--shwo" in typed) == (found.status, "Did you mean '--show'?" in found.stderr)
        assert ("--shwo" in typed) == ("Did you mean" in found.stderr)

    @pytest.mark.parametrize(
        "typed", ["frobnicate", "--frobnicate", "-x", "--", "help frobnicate", "policy frobnicate"]
    )
    def test_exits_with_2(self, home: Home, typed: str) -> None:
        found = home.run(*typed.split())

        assert (2, "") == (found.status, found.stdout)
        assert "Usage: docker-credential-ecrx" in found.stderr
        assert "Did you mean" not in found.stderr

    def test_is_shown_once(self, home: Home) -> None:
        status, seen = terminals.run([home.program, "frobnicate"], home.env)

        assert (2, 1) == (status, seen.count("frobnicate"))

    def test_long_word_is_cut(self, home: Home) -> None:
        found = home.run("x" * 10_000)

        assert (2, True) == (found.status, len(found.stderr) < 1_000)


class TestWrongArgument:
    """Exit status 2, as for an unknown option; a verb of Docker's ends with 1, as the one of any credential helper."""

    @pytest.mark.parametrize(
        "typed",
        [
            *("", "--help status", "-v now", "--version now"),
            *("doctor foo", "doctor HOST/App:1", "doctor ghcr.io/app", "doctor --push", "doctor HOST --push"),
            *("configure ghcr.io --force", "configure HOST --role-arn role/x", "configure HOST --registry ghcr.io"),
            "configure HOST --role-arn arn:aws-cn:iam::222222222222:role/puller",
            *("configure HOST --profile=", "configure HOST --role-arn=", "configure HOST --registry="),
            "configure HOST --role-arn ROLE --source-profile=",
            *("configure HOST --role-arn ROLE --external-id=", "configure HOST --role-arn ROLE --external-id x"),
            *("login ghcr.io", "login HOST --mfa-code 12", "forget ghcr.io", "forget"),
            *("policy grant APP --to 222222222222", "policy grant app --to 2222", "policy show HOST"),
            *(
                "policy show public.ecr.aws/x/app",
                "policy show app --region Ohio",
                "policy show HOST/app --region x-y-1",
            ),
        ],
    )
    def test_exits_with_2(self, home: Home, typed: str) -> None:
        home.add_default_keys()
        words = typed.replace("HOST", HOST).replace("ROLE", "arn:aws:iam::222222222222:role/puller").split()

        found = home.run(*words, env={"AWS_REGION": "us-east-1"})

        assert 2 == found.status, found
        assert [] == home.aws.calls

    @pytest.mark.parametrize("verb", ["get", "store", "erase", "list"])
    def test_of_a_verb_exits_with_1(self, home: Home, verb: str) -> None:
        """As docker-credential-helpers does (credentials.go, Serve)."""
        assert 1 == home.run(verb, HOST).status

    @pytest.mark.parametrize("typed", ["login", "doctor HOST", "policy show app", "configure HOST --profile nobody"])
    def test_is_not_what_is_missing_elsewhere(self, home: Home, typed: str) -> None:
        assert 1 == home.run(*typed.replace("HOST", HOST).split()).status

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            (["--profile", ""], "--profile"),
            (["--profile", " "], "--profile"),
            (["--role-arn", ""], "--role-arn"),
            (["--role-arn", "ROLE", "--source-profile", ""], "--source-profile"),
            (["--role-arn", "ROLE", "--external-id", ""], "--external-id"),
            (["--profile", "p", "--registry", ""], "--registry"),
        ],
    )
    def test_that_is_empty_is_named(self, home: Home, options: list[str], name: str) -> None:
        found = home.run("configure", HOST, *options)

        assert (2, True) == (found.status, f"Invalid value for '{name}': it is empty" in found.stderr)

    def test_with_a_control_character_is_named(self, home: Home) -> None:
        found = home.run("configure", HOST, "--role-arn", "x", "--source-profile", "a\tb")

        assert "Invalid value for '--source-profile': it contains control characters" in found.stderr

    @pytest.mark.parametrize("typed", ["login --profile=", "policy show app --profile=", "policy grant app --to="])
    def test_of_other_commands_is_not_empty(self, home: Home, typed: str) -> None:
        found = home.run(*typed.split())

        assert (2, True) == (found.status, "': it is empty" in found.stderr)


class TestHelp:
    @pytest.mark.parametrize("command", ["", "configure", "policy", "policy grant", "version"])
    def test_word_is_the_option(self, home: Home, command: str) -> None:
        """``help COMMAND`` prints what ``COMMAND --help`` prints."""
        found = home.run("help", *command.split())

        assert home.run(*command.split(), "--help") == found
        assert (0, "") == (found.status, found.stderr)

    def test_of_a_verb_is_the_programs(self, home: Home) -> None:
        assert home.run("--help") == home.run("help", "get")


def test_capital_v_prints_the_version(home: Home) -> None:
    assert (0, _VERSION, "") == home.run("-V")


class TestTerminal:
    def test_long_words_stay_whole(self, home: Home) -> None:
        """A host, an ARN or a path that is longer than a line can be copied."""
        role = f"arn:aws:iam::222222222222:role/{'very/' * 14}long"
        home.add_keys("base", home.aws.add_user("222222222222", "base"))
        home.add_profile("secondary", role_arn=role, source_profile="base")
        home.link("docker-credential-ecrx-secondary")
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text(f'{{"credHelpers": {{"{HOST}": "ecrx-secondary"}}}}')

        _, seen = terminals.run([home.program, "doctor", HOST], home.env)

        assert role in seen

    def test_remedies_have_no_colour(self, home: Home) -> None:
        """Yellow is not legible on a white background."""
        _, seen = terminals.run([home.program, "doctor"], home.env | {"AWS_PROFILE": "nobody"})

        assert "→ " in seen or "-> " in seen
        assert "\x1b[33m" not in seen

    def test_warning_has_only_its_prefix_in_colour(self, home: Home) -> None:
        home.add_default_keys()

        _, seen = terminals.run(
            [home.program, *shlex.split(f"configure {HOST} --profile nobody --force --dry-run")], home.env
        )

        assert "\x1b[33mdocker-credential-ecrx: \x1b[0m" in seen
        assert "\x1b[33m" not in seen.replace("\x1b[33mdocker-credential-ecrx: \x1b[0m", "")


_FULL = Path("/dev/full")


@pytest.mark.posix("signals")
@pytest.mark.parametrize("command", ["status", "configure --help"])
def test_interrupted_while_it_is_loaded_says_so(home: Home, command: str) -> None:
    """Ctrl-C may come while the modules of a command are read; there is no traceback."""
    program: list[str | Path] = [home.program, *command.split()]
    installed = home.program.resolve().parents[1]
    reads = [point for point in kills.points(program, home.env, [installed]) if point.call == "openat"]
    # Earlier, it is the interpreter that ends.
    ours = re.compile(r"/cached_get|/cli/(__pycache__/)?__init__")
    first = next(number for number, point in enumerate(reads) if ours.search(point.line))

    found = [kills.interrupted_at(point, program, home.env) for point in [*reads[first + 1 :: 20], reads[-1]]]

    assert {(130, "docker-credential-ecrx: interrupted")} == {(status, said.strip()) for status, said in found}


@pytest.mark.skipif(not _FULL.exists(), reason="this system has no /dev/full")
class TestFullDisk:
    @pytest.mark.parametrize(
        "typed",
        ["status", "status --json", "--help", "status --help", "--version", "version --json", "completion bash"],
    )
    def test_is_one_line(self, home: Home, typed: str) -> None:
        with _FULL.open("wb") as full:
            done = subprocess.run(
                [home.program, *typed.split()],
                stdout=full,
                stderr=subprocess.PIPE,
                env=home.env,
                timeout=180,
                check=False,
            )

        line = "docker-credential-ecrx: cannot write the output: No space left on device\n"
        assert (1, line) == (done.returncode, done.stderr.decode())

    @pytest.mark.parametrize("typed", ["status", "--help"])
    def test_is_no_closed_pipe(self, home: Home, typed: str) -> None:
        """Who has read enough closes the pipe, as head does."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            done = subprocess.run(
                [home.program, *typed.split()],
                stdout=pipe,
                stderr=subprocess.PIPE,
                env=home.env,
                timeout=180,
                check=False,
            )

        assert (1, b"") == (done.returncode, done.stderr)


_CLOSED = "docker-credential-ecrx: cannot write the output: Bad file descriptor\n"


class TestClosedStdout:
    @pytest.mark.skipif(sys.platform == "win32", reason="this system has no /bin/sh")
    @pytest.mark.parametrize(
        "typed",
        [
            *("token HOST", "which HOST", "which HOST --json", "status", "status --json", "kubelet config"),
            *("policy who app --region us-east-1", "completion bash", "--help", "which --help", "--version"),
            *("version --json", "login HOST --json", "forget HOST --json"),
        ],
    )
    def test_is_one_line(self, home: Home, typed: str) -> None:
        home.add_keys("default", home.aws.add_user(PRIMARY, "owner"))
        home.aws.add_repository(PRIMARY, "app")
        command = shlex.join([str(home.program), *typed.replace("HOST", HOST).split()])

        done = subprocess.run(
            ["/bin/sh", "-c", f"exec {command} >&-"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=home.env,
            timeout=180,
            check=False,
        )

        assert (1, _CLOSED) == (done.returncode, done.stderr.decode())
