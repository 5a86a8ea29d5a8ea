"""Docker's credential-helper protocol, rule by rule: arguments, streams, exit statuses and exact texts."""

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from docker_credential_ecrx import __version__, cli
from docker_credential_ecrx.demo.fake_aws import new_password
from fakes import faults
from fakes.faults import FaultyAws
from support import need, terminals
from support.home import HOST, NOT_FOUND, OTHER_HOST, ROLE, SECONDARY, Home, Result

_SECONDARY = "docker-credential-ecrx-secondary"
_DOCKER_HUB = "https://index.docker.io/v1/"
_UNKNOWN = "registry.unknown.example"
_GONE = {"ECRX_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
_DONE = Result(0, "", "")
_SECONDS = 25  # testcontainers-java gives up after 30
_PIPE_BYTES = 65536  # testcontainers-node never drains stderr


def _failure(found: Result) -> str:
    """Return the one line of a failure, which Docker's clients show and must not mistake for a reply."""
    assert 1 == found.status
    assert found.stdout == found.stderr
    assert [found.stdout.removesuffix("\n")] == found.stdout.splitlines()
    assert NOT_FOUND.strip() not in found.stdout
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(found.stdout)
    return found.stdout


def _shell(home: Home, script: str, *arguments: str, stdin: str = HOST, env: dict[str, str] | None = None) -> Result:
    """Run a line of shell in the home folder."""
    command = [need.command("sh"), "-c", script, "sh", *arguments]
    whole = home.env | (env or {})
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, env=whole, cwd=home.folder, timeout=60, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


class TestArguments:
    @pytest.mark.parametrize("word", ["version", "--version", "-v"])
    def test_version_goes_to_stdout(self, home: Home, word: str) -> None:
        assert Result(0, f"docker-credential-ecrx {__version__}\n", "") == home.run(word)

    @pytest.mark.parametrize("word", ["--help", "-h"])
    def test_help_goes_to_stdout_and_names_every_verb(self, home: Home, word: str) -> None:
        found = home.run(word)

        assert (0, "") == (found.status, found.stderr)
        assert {"get", "store", "erase", "list", "version"} <= set(re.findall("[a-z]+", found.stdout))

    def test_terminal_shows_a_failure_once(self, home: Home) -> None:
        """A failure that goes to both streams appears once if a person sees both."""
        status, seen = terminals.run([home.program, "get", HOST], home.env)

        assert (1, 1, 1) == (status, seen.count("get takes no arguments"), seen.count("\n"))

    @pytest.mark.parametrize("script", ["get 2>&1 | cat", "get >both 2>&1; cat both", "get 1>&2 2>&1 | cat"])
    def test_pipe_shows_a_failure_once(self, home: Home, script: str) -> None:
        """The same goes for a pipe or a file that takes both streams."""
        found = _shell(home, f"docker-credential-ecrx {script}")

        assert 1 == (found.stdout + found.stderr).count("there are no AWS credentials"), found

    def test_pipe_shows_not_found(self, home: Home) -> None:
        """It goes to stdout alone, and so is not left out."""
        assert NOT_FOUND == _shell(home, "docker-credential-ecrx get 2>&1 | cat", stdin="ghcr.io").stdout

    def test_terminal_shows_not_found(self, home: Home) -> None:
        (home.folder / "asked").write_text("ghcr.io")
        command = ["/bin/sh", "-c", f"{home.program} get <{home.folder}/asked"]

        assert (1, NOT_FOUND) == terminals.run(command, home.env)

    def test_help_describes_every_command(self, home: Home) -> None:
        """No line of it is cut off."""
        commands = home.run("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()

        assert len(cli.NAMES) == len(commands)
        assert {"."} == {line[-1] for line in commands}
        assert "..." not in "".join(commands)

    def test_no_argument_on_a_terminal_shows_help(self, home: Home) -> None:
        status, seen = terminals.run([home.program], home.env)

        assert 2 == status
        assert "configure" in seen

    @pytest.mark.parametrize("arguments", [("get", "get"), ("get", HOST), ("list", "unused"), ("erase", HOST, HOST)])
    def test_other_argument_counts_fail(self, home: Home, arguments: tuple[str, ...]) -> None:
        assert "docker-credential-ecrx --help" in _failure(home.run(*arguments, stdin=HOST))

    @pytest.mark.parametrize("arguments", [(), ("-v", "-v"), ("--help", "get")])
    def test_misuse_of_the_program_exits_with_2(self, home: Home, arguments: tuple[str, ...]) -> None:
        found = home.run(*arguments, stdin=HOST)

        assert (2, True) == (found.status, "docker-credential-ecrx --help" in found.stdout)


class TestInvocation:
    @pytest.mark.parametrize(
        "call", [_SECONDARY, f'"$HOME/bin/{_SECONDARY}"', f"bin/{_SECONDARY}", f"other/{_SECONDARY}"]
    )
    def test_works_by_every_kind_of_path(self, home: Home, call: str) -> None:
        """The bare name, an absolute path, a relative path and a link to a link all work."""
        home.add_role_profile()
        link = home.link(_SECONDARY)
        (home.folder / "other").mkdir()
        (home.folder / "other" / _SECONDARY).symlink_to(link)

        found = _shell(home, f"exec {call} get")

        assert home.aws.issued[found.secret].account == SECONDARY

    @pytest.mark.parametrize("place", ["/", "$HOME/modules", "$HOME/removed"])
    def test_works_in_any_folder(self, home: Home, place: str) -> None:
        home.add_role_profile()
        home.link(_SECONDARY)
        (home.folder / "removed").mkdir()
        (home.folder / "modules").mkdir()
        for name in ("json", "settings", "boto3", "jeepney", "encodings"):
            (home.folder / "modules" / f"{name}.py").write_text("print('not me')\n")

        found = _shell(home, f'cd "{place}" && rm -rf ~/removed && exec {_SECONDARY} get')

        assert HOST == found.answer["ServerURL"]


class TestRequest:
    @pytest.mark.parametrize("white", ["{}", "{}\n", " {}\r\n", "\t{}\n\n"])
    @pytest.mark.parametrize(
        "form", ["H", "H:443", "http://H", "https://H/", "https://H:443", "http://H:443/", "H/a/b"]
    )
    def test_every_host_form_is_answered_and_echoed(self, home: Home, form: str, white: str) -> None:
        """The reply echoes the server name without white space."""
        home.add_role_profile()
        server = form.replace("H", HOST)

        found = home.get(white.format(server))

        assert (server, [found.secret]) == (found.answer["ServerURL"], list(home.aws.issued))

    def test_is_read_to_the_end(self, home: Home) -> None:
        home.add_role_profile()
        home.link(_SECONDARY)

        found = _shell(home, f'{{ printf "%s" "$1"; cat; }} | {_SECONDARY} get', HOST[:20], stdin=HOST[20:])

        assert HOST == found.answer["ServerURL"]

    @pytest.mark.parametrize("verb", ["get", "erase"])
    @pytest.mark.parametrize("sent", ["", "\n", " \r\n\t"])
    def test_empty_request_lacks_the_server(self, home: Home, verb: str, sent: str) -> None:
        assert "no credentials server URL\n" == _failure(home.run(verb, stdin=sent))


class TestReply:
    def test_is_one_ascii_json_object_of_three_keys(self, home: Home) -> None:
        home.add_role_profile()

        found = home.get()

        pairs: list[tuple[str, str]] = json.loads(found.stdout, object_pairs_hook=list)
        assert [("Secret", found.secret), ("ServerURL", HOST), ("Username", "AWS")] == sorted(pairs)
        assert (True, True, "") == (found.stdout.isascii(), bool(found.secret), found.stderr)

    def test_is_ascii_for_any_stored_text(self, home: Home, secret_service: dict[str, str]) -> None:
        user, secret = "zoë", 'p"\\/ä\n\r\u2028\x7f\U0001f511'
        home.store("registry.ascii.example", user, secret, env=secret_service)

        found = home.run("get", stdin="registry.ascii.example", env=secret_service)

        assert {"ServerURL": "registry.ascii.example", "Username": user, "Secret": secret} == found.answer
        assert (True, 1, "") == (found.stdout.isascii(), found.stdout.count("\n"), found.stderr)

    def test_write_failure_fails_and_leaks_nothing(self, home: Home, keyring: dict[str, str]) -> None:
        """If stdout cannot be written, the verb fails and the reply goes nowhere else."""
        home.add_role_profile()
        home.get(env=keyring)

        found = _shell(home, f"exec {_SECONDARY} get >&-", env=keyring)

        assert Result(1, "", "docker-credential-ecrx: cannot write the reply: Bad file descriptor\n") == found

    def test_needs_no_stderr(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.link(_SECONDARY)

        found = _shell(home, f"exec {_SECONDARY} get 2>&-", env=keyring | {"ECRX_LOG": "debug"})

        assert (found.secret, "") == (home.get(env=keyring).secret, found.stderr)


class TestNotFound:
    @pytest.mark.parametrize("server", [_UNKNOWN, "https://index.docker.io/v2/", "localhost:5000", "[::1]:5000"])
    def test_is_dockers_message_for_other_hosts(self, home: Home, server: str, secret_service: dict[str, str]) -> None:
        home.add_role_profile()

        assert [Result(1, NOT_FOUND, "")] * 2 == [home.get(server, env=env) for env in (secret_service, _GONE)]

    @pytest.mark.parametrize("server", ["H:8443", "H.b.example", "bH", "b.H", "https://H@b.example", "b.example/H"])
    def test_is_dockers_message_for_lookalike_hosts(self, home: Home, server: str) -> None:
        home.add_role_profile()

        assert Result(1, NOT_FOUND, "") == home.get(server.replace("H", HOST), env=_GONE)


class TestFailure:
    @pytest.mark.parametrize(
        "env",
        [
            {},
            {"AWS_PROFILE": "denied"},
            {"AWS_PROFILE": "mfa"},
            {"AWS_PROFILE": NOT_FOUND},
            {"AWS_PROFILE": "base", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN", "AWS_SECRET_ACCESS_KEY": "no-such-secret"},
            {"ECRX_CONFIG": f"{{{NOT_FOUND}}}"},
        ],
    )
    def test_is_one_safe_line_on_both_streams(self, home: Home, env: dict[str, str]) -> None:
        """The line is neither JSON nor Docker's "not found" message, and contains no secret."""
        keys = home.add_role_profile()
        home.add_profile("denied", role_arn=f"arn:aws:iam::{SECONDARY}:role/denied", source_profile="base")
        home.add_profile("mfa", role_arn=ROLE, source_profile="base", mfa_serial=f"arn:aws:iam::{SECONDARY}:mfa/base")

        line = _failure(home.get(profile=None, env=env))

        assert [] == [word for word in (keys.secret_access_key, "no-such-secret", "Traceback") if word in line]


class TestLongAwsMessage:
    @pytest.fixture
    def aws(self) -> Iterator[FaultyAws]:
        with FaultyAws() as fake:
            fake.fail("GetAuthorizationToken", faults.error("AccessDeniedException", "not you, " * 40_000))
            yield fake

    def test_fits_into_undrained_stderr(self, home: Home) -> None:
        home.add_role_profile()

        assert len(_failure(home.get())) < 4096
        assert len(home.get(env={"ECRX_LOG": "debug"}).stderr) < _PIPE_BYTES / 2


class TestStore:
    @pytest.mark.parametrize(
        ("parts", "line"),
        [
            ({"Username": "me", "Secret": "word"}, "no credentials server URL\n"),
            ({"ServerURL": " \n", "Username": "me", "Secret": "word"}, "no credentials server URL\n"),
            ({"ServerURL": _UNKNOWN, "Secret": "word"}, "no credentials username\n"),
            ({"ServerURL": HOST, "Username": "", "Secret": "word"}, "no credentials username\n"),
        ],
    )
    def test_names_the_missing_field(self, home: Home, parts: dict[str, str], line: str) -> None:
        assert line == _failure(home.run("store", stdin=json.dumps(parts)))

    @pytest.mark.parametrize(
        "sent",
        [
            '{"serverurl":"%s","USERNAME":"me","secret":"word"}',
            '{"\u017ferverURL":"%s","U\u017fername":"me","\u017fecret":"word"}',
            '{"ServerURL":"other.example","Username":"me","Secret":"old","SECRET":"word","serverurl":"%s"}',
            '{"ServerURL":"%s","Username":"me","Secret":"word","Secret":null,"username":null}',
            '{"ServerURL":"%s","Username":"me","Secret":"word"}x',
            ' {"ServerURL":"%s","Username":"me","Secret":"word"}\n{"ServerURL":"other.example"}',
        ],
        ids=["other case", "long s", "twice", "null after", "text after", "object after"],
    )
    def test_is_decoded_as_go_does(self, home: Home, secret_service: dict[str, str], sent: str) -> None:
        """docker-credential-helpers decodes the first value into a struct with encoding/json's Decoder."""
        server = "registry.go.example"

        assert _DONE == home.run("store", stdin=sent % server, env=secret_service)

        expected = {"ServerURL": server, "Username": "me", "Secret": "word"}
        assert expected == home.run("get", stdin=server, env=secret_service).answer

    @pytest.mark.parametrize("sent", ["null", "{}x", '{"credServerURL":"a"}'])
    def test_without_fields_lacks_the_server(self, home: Home, sent: str) -> None:
        assert "no credentials server URL\n" == _failure(home.run("store", stdin=sent))

    def test_get_returns_identity_token_as_stored(self, home: Home, secret_service: dict[str, str]) -> None:
        sent = b'{"ServerURL":"registry.token.example","Username":"\\u003ctoken\\u003e","Secret":"a\\u0026b"}\n'

        assert _DONE == home.run("store", stdin=sent, env=secret_service)

        expected = {"ServerURL": "registry.token.example", "Username": "<token>", "Secret": "a&b"}
        assert expected == home.run("get", stdin="registry.token.example", env=secret_service).answer


class TestErase:
    @pytest.mark.parametrize("server", [HOST, "public.ecr.aws", _UNKNOWN, _DOCKER_HUB, "not a host"])
    @pytest.mark.parametrize("env", [{}, {"ECRX_KEYRING": "none"}, _GONE])
    def test_of_nothing_succeeds(
        self, home: Home, secret_service: dict[str, str], server: str, env: dict[str, str]
    ) -> None:
        home.env |= secret_service

        assert [_DONE, _DONE] == [home.run("erase", stdin=server, env=env) for _ in range(2)]

    def test_deletes_token_in_all_forms_of_docker_logout(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret

        forms = (HOST, HOST, f"http://{HOST}", f"https://{HOST}")
        erased = [home.run("erase", stdin=form, argv0=_SECONDARY, env=keyring) for form in forms]

        assert [_DONE] * 4 == erased
        assert first != home.get(env=keyring).secret


class TestList:
    @pytest.mark.parametrize("stdin", ["", "<&-", "</dev/null", "<pipe"])
    def test_is_empty_object_and_needs_no_stdin(self, home: Home, stdin: str) -> None:
        os.mkfifo(home.folder / "pipe")
        pipe = os.open(home.folder / "pipe", os.O_RDWR)  # open for writing until the test ends
        try:
            assert Result(0, "{}\n", "") == _shell(home, f"exec docker-credential-ecrx list {stdin}")
        finally:
            os.close(pipe)

    def test_names_hosts_of_each_program_name_offline(self, home: Home, secret_service: dict[str, str]) -> None:
        """It lists what each program name answers, without calling AWS."""
        home.env |= secret_service
        home.add_role_profile()
        home.get()
        home.store(OTHER_HOST, "AWS", new_password(home.aws.now() + 3600))
        home.store(_DOCKER_HUB, "me", "word")
        home.aws.calls.clear()

        names = ("docker-credential-ecrx", _SECONDARY)
        listed = {name: home.run("list", argv0=name).answer for name in names}
        answered = {
            name: {server: home.run("get", stdin=server, argv0=name).answer["Username"] for server in servers}
            for name, servers in listed.items()
        }

        stored = {OTHER_HOST: "AWS", _DOCKER_HUB: "me"}
        assert {names[0]: stored, names[1]: stored | {HOST: "AWS"}} == listed == answered
        assert [] == home.aws.calls

    def test_omits_hosts_that_get_cannot_answer(self, home: Home, secret_service: dict[str, str]) -> None:
        home.add_role_profile()
        home.get()
        home.store(_DOCKER_HUB, "me", "word", env=secret_service)
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("role/puller", "role/other"))

        assert Result(0, "{}\n", "") == home.run("list", argv0=_SECONDARY, env=_GONE | {"ECRX_KEYRING": "auto"})


class TestConcurrency:
    def test_parallel_gets_call_aws_once(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.link(_SECONDARY)
        with ThreadPoolExecutor() as pool:
            secrets = list(pool.map(lambda _: home.get(env=keyring).secret, range(8)))

        assert secrets == list(home.aws.issued) * 8

    def test_parallel_stores_and_gets_are_independent(self, home: Home, secret_service: dict[str, str]) -> None:
        home.env |= secret_service
        home.add_role_profile()
        users = {f"registry{number}.example": f"user{number}" for number in range(6)} | {HOST: "AWS"}
        home.get()
        with ThreadPoolExecutor() as pool:
            stored = pool.map(lambda server: home.store(server, users[server], "word"), list(users)[:6])
            secrets = {found.secret for found in pool.map(home.get, [HOST] * 6)}

        assert [_DONE] * 6 == list(stored)
        assert secrets == set(home.aws.issued)
        assert users == home.run("list", argv0=_SECONDARY).answer


class TestExit:
    def test_is_prompt_and_closes_stdout_despite_children(self, home: Home) -> None:
        """The program ends in time and closes stdout even if a child process still runs."""
        pipe = home.folder / "pipe"
        os.mkfifo(pipe)
        home.add_profile("stuck", credential_process=f"cat {pipe}")
        started = time.monotonic()

        line = _failure(home.get(profile="stuck"))  # at the end of both streams

        assert time.monotonic() - started < _SECONDS
        assert "profile stuck" in line
        with contextlib.suppress(OSError):  # the child ends when the pipe is closed
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
