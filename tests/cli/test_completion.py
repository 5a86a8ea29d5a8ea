"""``completion`` prints a script with which bash, zsh and fish complete the commands; the shells run it here."""

import json
import re
import subprocess

import pytest

from support import need, terminals
from support.home import HOST, Home

NAMES = ("docker-credential-ecrx", "ecrx")


def completed_by_bash(home: Home, *words: str) -> list[str]:
    """Return what bash offers in place of the last of ``words``."""
    function = f"_{words[0].replace('-', '_')}_completion"
    script = (
        f'eval "$({words[0]} completion bash)"; COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; '
        f'{function} {words[0]}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    found = subprocess.run(
        [need.command("bash"), "-c", script], env=home.env, capture_output=True, text=True, timeout=60, check=True
    )
    assert not found.stderr
    return found.stdout.split()


def run_by_zsh(home: Home, start: str, rest: str) -> str:
    """Return what the terminal shows after zsh has completed ``start`` and run it with ``rest``."""
    (home.folder / "complete.zsh").write_text(
        f'autoload -U compinit; compinit -D -u; eval "$({NAMES[0]} completion zsh)"; PS1="ready>"\n'
    )
    answers = [("start>", "source $HOME/complete.zsh\n"), ("ready>", f"{start}\t{rest}\n"), ("ready>", "exit\n")]
    _, seen = terminals.run([need.command("zsh"), "-f", "-i"], home.env | {"PS1": "start>"}, answers)
    return seen


def completed_by_fish(home: Home, line: str) -> list[str]:
    """Return what fish offers for ``line``, without the descriptions."""
    return [offer.split("\t")[0] for offer in _offers_of_fish(home, line)]


def _offers_of_fish(home: Home, line: str) -> list[str]:
    script = f"{line.split(maxsplit=1)[0]} completion fish | source; complete --do-complete '{line}'"
    command = [need.command("fish"), "--no-config", "--command", script]
    found = subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=60, check=True)
    assert not found.stderr
    return found.stdout.splitlines()


_OTHER = "333333333333.dkr.ecr.eu-central-1.amazonaws.com"
_STORED = "444444444444.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def configured(home: Home) -> Home:
    """Return a home with a registry in each of the files, and with two profiles."""
    home.add_role_profile()
    home.configure(f'[[registry]]\nmatch = "{_OTHER}"\nprofile = "secondary"\n')
    (home.folder / ".docker").mkdir()
    auths = {_STORED: {"auth": "eDp5"}, "ghcr.io": {"auth": "eDp5"}}
    document = {"credHelpers": {HOST: "ecrx", "gcr.io": "gcr"}, "auths": auths}
    (home.folder / ".docker" / "config.json").write_text(json.dumps(document))
    return home


class TestValues:
    """Registries, profiles and regions: from files, without the network."""

    @pytest.mark.parametrize("command", ["which", "token", "login", "forget", "doctor", "configure", "setup"])
    def test_bash_completes_registries(self, configured: Home, command: str) -> None:
        """They are those in Docker's file and in config.toml; other registries are not offered."""
        assert sorted([HOST, _OTHER, _STORED]) == completed_by_bash(configured, NAMES[0], command, "''")
        assert [_OTHER] == completed_by_bash(configured, NAMES[0], command, "333")
        assert [] == configured.aws.calls

    def test_bash_completes_registries_with_a_cached_token(self, home: Home) -> None:
        home.add_role_profile()
        home.get()

        assert [HOST] == completed_by_bash(home, NAMES[0], "forget", "11")

    @pytest.mark.parametrize(
        "words",
        [
            *(["login", "--profile"], ["configure", "HOST", "--profile"], ["configure", "HOST", "--source-profile"]),
            *(["policy", "show", "app", "--profile"], ["policy", "grant", "app", "--profile"]),
        ],
        ids=" ".join,
    )
    def test_bash_completes_profiles(self, configured: Home, words: list[str]) -> None:
        assert ["base", "secondary"] == completed_by_bash(configured, NAMES[0], *words, "''")
        assert ["secondary"] == completed_by_bash(configured, NAMES[0], *words, "sec")

    def test_bash_completes_regions(self, home: Home) -> None:
        words = [NAMES[0], "policy", "grant", "app", "--region"]

        assert ["eu-central-1", "eu-central-2"] == completed_by_bash(home, *words, "eu-central")
        assert {"us-east-1", "cn-north-1", "us-gov-west-1"} < {*completed_by_bash(home, *words, "''")}

    def test_zsh_completes_values(self, configured: Home) -> None:
        assert f"\x1b[1m{_OTHER}\x1b[0m\n" in run_by_zsh(configured, f"{NAMES[0]} which 333", "")

    def test_fish_completes_values(self, configured: Home) -> None:
        assert sorted([HOST, _OTHER, _STORED]) == sorted(completed_by_fish(configured, f"{NAMES[0]} which "))
        assert ["secondary"] == completed_by_fish(configured, f"{NAMES[0]} login --profile sec")
        assert ["us-west-1", "us-west-2"] == completed_by_fish(configured, f"{NAMES[0]} policy show app --region us-we")

    def test_offers_nothing_if_a_file_is_damaged(self, configured: Home) -> None:
        """A shell shows no error in the middle of a command line."""
        for path in (".docker/config.json", ".config/ecrx/config.toml", ".aws/config"):
            (configured.folder / path).write_text("[{")

        assert [] == completed_by_bash(configured, NAMES[0], "which", "''")
        assert [] == completed_by_bash(configured, NAMES[0], "login", "--profile", "''")


class TestCompletion:
    @pytest.mark.parametrize("name", NAMES)
    def test_bash_completes_commands_of_both_names(self, home: Home, name: str) -> None:
        if name == "ecrx":
            home.link(name)

        assert {"login", "forget"} <= set(completed_by_bash(home, name, "''"))
        assert ["status"] == completed_by_bash(home, name, "sta")

    def test_bash_completes_options(self, home: Home) -> None:
        assert ["--mfa-code"] == completed_by_bash(home, NAMES[0], "login", "--m")

    def test_zsh_completes_commands_and_options(self, home: Home) -> None:
        assert f"Usage: {NAMES[0]} status" in run_by_zsh(home, f"{NAMES[0]} sta", "--help")
        assert "an MFA code is six digits" in run_by_zsh(home, f"{NAMES[0]} login --m", "none")

    @pytest.mark.parametrize("name", NAMES)
    def test_fish_completes_commands_and_options(self, home: Home, name: str) -> None:
        if name == "ecrx":
            home.link(name)

        assert ["status"] == completed_by_fish(home, f"{name} sta")
        assert ["--mfa-code"] == completed_by_fish(home, f"{name} login --m")

    def test_fish_shows_the_whole_description(self, home: Home) -> None:
        line = f"{NAMES[0]} whi"

        (offer,) = _offers_of_fish(home, line)

        assert ("which", "Say which identity is used for a registry, and why.") == tuple(offer.split("\t"))

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    @pytest.mark.parametrize("name", NAMES)
    def test_answers_requests_of_its_script(self, home: Home, shell: str, name: str) -> None:
        script = home.run("completion", shell).stdout

        call = re.search(rf"(\w+)={shell}_complete .*({re.escape(name)}|\$1) completion {shell}\b", script)

        assert call
        word = {"COMP_WORDS": f"{name} sta", "COMP_CWORD": "sta" if shell == "fish" else "1"}
        found = home.run("completion", shell, env={call[1]: f"{shell}_complete"} | word)
        assert (0, "") == (found.status, found.stderr)
        assert "status" in found.stdout

    def test_rejects_other_shells(self, home: Home) -> None:
        found = home.run("completion", "tcsh")

        assert (2, "") == (found.status, found.stdout)
        assert "'bash', 'zsh', 'fish'" in found.stderr
