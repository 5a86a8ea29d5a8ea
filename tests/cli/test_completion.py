"""``completion`` prints a script with which bash, zsh and fish complete the commands; the shells run it here."""

import re
import subprocess

import pytest

from support import need, terminals
from support.home import Home

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
    script = f"{line.split(maxsplit=1)[0]} completion fish | source; complete --do-complete '{line}'"
    command = [need.command("fish"), "--no-config", "--command", script]
    found = subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=60, check=True)
    assert not found.stderr
    return [offer.split("\t")[0] for offer in found.stdout.splitlines()]


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
