"""--quiet, --verbose and --no-color, before and after a command's name."""

from collections.abc import Iterator

import pytest
from faults.helpers import Held

from fakes import faults
from fakes.faults import FaultyAws
from support import kubernetes, terminals
from support.home import HOST, Home


def _placed(option: str, words: list[str], *, before: bool) -> list[str]:
    return [option, *words] if before else [*words, option]


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    """Return a fake AWS that can be slow."""
    with FaultyAws() as fake:
        yield fake


@pytest.fixture
def puller(home: Home) -> Home:
    """Return a home with a role for the registry."""
    home.add_role_profile()
    return home


_CONFIGURE = ["configure", HOST, "--profile", "secondary"]


@pytest.mark.parametrize("before", [True, False])
class TestQuiet:
    def test_prints_nothing_about_what_is_done(self, puller: Home, *, before: bool) -> None:
        for words in (_CONFIGURE, _CONFIGURE, ["login"], ["forget", HOST], ["forget", HOST]):
            assert (0, "", "") == puller.run(*_placed("--quiet", words, before=before)), words
        assert "ecrx" in (puller.folder / ".docker" / "config.json").read_text()

    def test_prints_results(self, puller: Home, *, before: bool) -> None:
        for words in (["status"], ["which", HOST], ["version"], [*_CONFIGURE, "--dry-run"]):
            quiet = puller.run(*_placed("--quiet", words, before=before))

            assert (0, True) == (quiet.status, puller.run(*words).stdout.startswith(quiet.stdout)), words
            assert quiet.stdout, words

    def test_prints_errors(self, home: Home, *, before: bool) -> None:
        found = home.run(*_placed("--quiet", ["login", HOST], before=before))

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))

    def test_shows_no_progress(self, puller: Home, aws: FaultyAws, *, before: bool) -> None:
        aws.fail("GetAuthorizationToken", faults.late(1.5))
        words = _placed("--quiet", ["login", HOST, "--profile", "secondary"], before=before)

        assert (0, "") == terminals.run([puller.program, *words], puller.env)


class TestProgress:
    @pytest.mark.parametrize("words", [["token", HOST, "--show"], ["login", HOST, "--profile", "secondary"]])
    def test_is_shown_while_aws_is_slow(self, puller: Home, aws: FaultyAws, words: list[str]) -> None:
        """AWS responds once it is on the terminal, where nothing of it stays."""
        puller.env["AWS_PROFILE"] = "secondary"
        held, said = Held(faults.late(0)), f" token for {HOST}"
        aws.fail("GetAuthorizationToken", held)

        status, seen = terminals.run([puller.program, *words], puller.env, [(said, held.release)])

        assert (0, True) == (status, said in seen)
        assert said not in seen.rpartition("\x1b[2K")[2]

    def test_is_on_no_pipe(self, puller: Home, aws: FaultyAws) -> None:
        aws.fail("GetAuthorizationToken", faults.late(1.5))

        assert (0, "") == puller.run("token", HOST, env={"AWS_PROFILE": "secondary"})[::2]


@pytest.mark.parametrize("before", [True, False])
class TestVerbose:
    def test_logs_each_step_as_the_variable_does(self, puller: Home, *, before: bool) -> None:
        words = ["token", HOST]
        puller.env["AWS_PROFILE"] = "secondary"
        puller.run(*words)

        found = puller.run(*_placed("--verbose", words, before=before))

        usual = puller.run(*words, env={"ECRX_LOG": "debug"})
        assert (usual.stdout, len(usual.stderr.splitlines())) == (found.stdout, len(found.stderr.splitlines()))
        assert "docker-credential-ecrx: debug: " in found.stderr
        assert found.stdout.strip()[:40] not in found.stderr


@pytest.mark.parametrize("before", [True, False])
class TestNoColor:
    def test_is_the_variable(self, puller: Home, *, before: bool) -> None:
        words = [*_CONFIGURE, "--dry-run"]

        _, usual = terminals.run([puller.program, *words], puller.env)
        _, plain = terminals.run([puller.program, *_placed("--no-color", words, before=before)], puller.env)

        assert ("\x1b[32m" in usual, "\x1b[3" in plain) == (True, False)
        assert terminals.run([puller.program, *words], puller.env | {"NO_COLOR": "1"})[1] == plain

    def test_leaves_no_escape_sequence(self, puller: Home, *, before: bool) -> None:
        """Not even for bold text: what reads the output of a terminal, such as a CI log, may show it as it is."""
        _, usual = terminals.run([puller.program, "status"], puller.env)
        _, plain = terminals.run([puller.program, *_placed("--no-color", ["status"], before=before)], puller.env)

        assert ("\x1b[1m" in usual, "\x1b" in plain) == (True, False)


class TestTerminalVariables:
    @pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
    @pytest.mark.parametrize("size", ["0", "²", "9" * 5000, "-1", "80 "])
    def test_that_are_no_size_are_ignored(self, home: Home, name: str, size: str) -> None:
        for words in (["which", HOST], ["status", "--json"], ["login", HOST]):
            assert home.run(*words) == home.run(*words, env={name: size}), words

    @pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
    def test_make_no_terminal_of_a_pipe(self, home: Home, name: str) -> None:
        for words in (["which", HOST], ["login", HOST], ["doctor", HOST]):
            assert home.run(*words) == home.run(*words, env={name: "1", "COLUMNS": "40"}), words

    @pytest.mark.parametrize("columns", ["1", "99999"])
    def test_may_name_any_width(self, home: Home, columns: str) -> None:
        _, seen = terminals.run([home.program, "status"], home.env | {"COLUMNS": columns})

        assert "keyring for tokens" in seen


@pytest.mark.parametrize("before", [True, False])
class TestKubelet:
    @pytest.mark.parametrize("option", ["--quiet", "--no-color"])
    def test_gets_the_same_reply(self, home: Home, option: str, *, before: bool) -> None:
        home.add_default_keys()
        request = kubernetes.request(f"{HOST}/app")

        found = home.run(*_placed(option, ["kubelet"], before=before), stdin=request)

        assert (0, "") == (found.status, found.stderr)
        assert {HOST} == kubernetes.response(found.stdout).auth.keys()

    def test_logs_each_step_as_the_variable_does(self, home: Home, *, before: bool) -> None:
        home.add_default_keys()
        request = kubernetes.request(f"{HOST}/app")

        found = home.run(*_placed("--verbose", ["kubelet"], before=before), stdin=request)

        ((_, password),) = kubernetes.response(found.stdout).auth.values()
        assert "docker-credential-ecrx: debug: " in found.stderr
        assert password[:40] not in found.stderr

    def test_fails_in_one_line_on_stderr(self, home: Home, *, before: bool) -> None:
        found = home.run(*_placed("--quiet", ["kubelet"], before=before), stdin="{}")

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "the kind of kubelet's request is" in found.stderr


@pytest.mark.parametrize("verb", ["get", "store", "erase", "list"])
def test_verbs_take_none(home: Home, verb: str) -> None:
    before, after = home.run("--quiet", verb), home.run(verb, "--quiet")

    assert (2, "", 1) == (before.status, before.stdout, after.status)
    assert f"{verb} takes no options; for a log, set ECRX_LOG=debug" in before.stderr
    assert f"{verb} takes no arguments" in after.stderr
    assert "Did you mean" not in before.stderr + after.stderr


class TestHelp:
    def test_of_the_program_lists_them(self, home: Home) -> None:
        shown = home.run("--help").stdout

        assert all(f"  {option} " in shown for option in ("--quiet", "--verbose", "--no-color"))

    def test_of_a_command_does_not(self, home: Home) -> None:
        for words in (["status"], ["policy", "grant"]):
            assert "--quiet" not in home.run(*words, "--help").stdout

    def test_word_may_follow_an_option(self, home: Home) -> None:
        assert home.run("status", "--help") == home.run("--no-color", "help", "status")


@pytest.mark.parametrize("words", [["--quiet"], ["--quiet", "get"], ["policy", "--quiet"]])
def test_without_a_command_is_misuse(home: Home, words: list[str]) -> None:
    assert (2, "") == home.run(*words)[:2]


def test_on_an_inner_command_is_accepted(home: Home) -> None:
    found = home.run("policy", "show", "app", "--region", "us-east-1", "--quiet")

    assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
