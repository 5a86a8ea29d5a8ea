"""What can be tested about Windows elsewhere: the program and its tests there import nothing that Windows lacks."""

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import docker_credential_ecrx

pytestmark = pytest.mark.posix("what is taken away")

_ROOT = Path(__file__).parents[2]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "support.windows", *arguments]
    env = {"PYTHONPATH": str(_ROOT / "tests")}
    return subprocess.run(command, cwd=_ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_every_module_of_the_program_imports() -> None:
    """As on Windows, the POSIX modules, functions and signals are missing, and CDLL(None) fails."""
    found = pkgutil.walk_packages(docker_credential_ecrx.__path__, f"{docker_credential_ecrx.__name__}.")

    done = _run()

    assert (0, "") == (done.returncode, done.stderr)
    assert [module.name for module in found] == done.stdout.split()


def test_install_ps1_deletes_the_same_state_as_install_sh() -> None:
    """It deletes the files by name, the index separately, and no other file of that folder."""
    (names,) = re.findall(r"rm -f (ledger\.json\.new .*) \|\| :", (_ROOT / "install.sh").read_text())
    (pattern,) = re.findall(r"\$StateFiles = '(.*)'", (_ROOT / "install.ps1").read_text())

    assert [] == [name for name in names.replace("*", "0a1b").split() if not re.search(pattern, name)]
    assert [] == [name for name in ("ledger.json", "notes.txt", "my-token.0.lock") if re.search(pattern, name)]


@pytest.mark.parametrize("name", ["a;b", "a[1]", "a]", "a`b"])
def test_install_ps1_refuses_a_prefix_that_fails_later(name: str) -> None:
    """New-Item expands patterns in a junction's target, and PATH separates folders by semicolons."""
    (pattern,) = re.findall(r"\$Prefix -match '(.*)'", (_ROOT / "install.ps1").read_text())

    assert re.search(pattern, rf"C:\{name}")
    assert not re.search(pattern, r"C:\Users\Zoë O'Hara (x86)\AppData\Local\Programs\docker-credential-ecrx")


def test_install_ps1_asks_before_anything_is_deleted() -> None:
    """``forget`` would ask later, and its answer would not stop the uninstall."""
    text = (_ROOT / "install.ps1").read_text()
    asked, deleted = text.index("Confirm-Uninstall (-not $other)"), text.index("        Remove-UserData\n")

    assert ["--all --passwords --yes"] == re.findall(r"& \$Program forget (.*)", text)
    assert asked < deleted


@pytest.mark.parametrize("name", ["archive.py", "finish.py", "glibc.py", "zip.py"])
def test_released_text_has_no_carriage_return(name: str) -> None:
    """On Windows, write_text ends lines with one unless told otherwise, and sha256sum takes it for part of a name."""
    text = (_ROOT / "build" / name).read_text()

    assert text.count("write_text(") == text.count(r'newline="\n")') == 1


def test_tests_named_in_the_workflow_are_collected() -> None:
    """ci.yml names them."""
    jobs = yaml.safe_load((_ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    (line,) = [
        line
        for step in jobs["windows"]["steps"]
        for line in step.get("run", "").splitlines()
        if "pytest" in line and "tests/" in line
    ]
    folders = [word for word in line.split() if word.startswith("tests/")]

    done = _run("--collect-only", "-q", *folders)

    assert 0 == done.returncode, done.stdout[-2000:]
    assert {"tests/unit", "tests/blackbox", "tests/keyrings/test_locker.py"} <= {*folders}
