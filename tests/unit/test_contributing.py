"""What CONTRIBUTING.md, the noxfile and the files for editors say is there."""

import ast
import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from support import need, shares

pytestmark = pytest.mark.posix("POSIX programs")

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "CONTRIBUTING.md").read_text()
_PYPROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())


def _sessions() -> set[str]:
    """Return the names of the noxfile's sessions."""
    nodes = ast.parse((_ROOT / "noxfile.py").read_text()).body
    return {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and "nox.session" in map(ast.unparse, node.decorator_list)
    }


@pytest.fixture(scope="module")
def venv() -> Path:
    """Return the virtual environment of the tests, on the one system where all of them can be collected."""
    return Path(sys.prefix) if sys.platform == "linux" else Path(need.missing("Linux"))


class TestPage:
    def test_names_every_session_and_no_other(self) -> None:
        assert _sessions() == {*re.findall(r"nox -s (\w+)", _PAGE)}

    def test_has_the_packages_in_the_order_of_the_import_rule(self) -> None:
        """A row of the table is a layer of import-linter's contract."""
        section = _PAGE.partition("## Packages")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
        (contract,) = [
            contract for contract in _PYPROJECT["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"
        ]

        assert [re.findall(r"\w+", layer) for layer in contract["layers"]] == [
            re.findall(r"`(\w+)`", row) for row in rows
        ]

    def test_explains_every_marker_that_chooses_tests(self) -> None:
        section = _PAGE.partition("## All tests")[2].partition("\n## ")[0]
        explained = {*re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)}
        registered = {line.partition(":")[0] for line in _PYPROJECT["tool"]["pytest"]["ini_options"]["markers"]}

        assert {"docker", "frozen", "go", "java", "root", "slow"} == explained
        assert explained <= registered

    def test_names_files_that_are_there(self) -> None:
        named = re.findall(
            r"(?<![\w./])(?:\.ci|\.devcontainer|\.github|build|docker_credential_ecrx|docs|tests)/[\w./-]*", _PAGE
        )
        paths = {name.rstrip(".") for name in named if "COMMAND" not in name and not name.endswith("/test_")}

        assert len(paths) > 10
        assert [] == sorted(path for path in paths if not list(_ROOT.glob(path + "*")))


class TestTools:
    def test_of_git_run_a_session_that_is_there(self) -> None:
        (repository,) = yaml.safe_load((_ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        (hook,) = repository["hooks"]

        assert "local" == repository["repo"]
        assert hook["entry"].removeprefix("nox -s ") in _sessions()

    def test_of_the_container_run_a_session_that_is_there(self) -> None:
        container = json.loads((_ROOT / ".devcontainer" / "devcontainer.json").read_text())

        assert re.fullmatch(r"python:3\.\d+-\w+", container["image"])
        assert {*re.findall(r"nox -s (\w+)", container["postCreateCommand"])} <= _sessions()

    def test_of_the_noxfile_run_scripts_that_are_there(self) -> None:
        scripts = re.findall(r'session\.run\("(?:ba)?sh", "([\w./]+)"', (_ROOT / "noxfile.py").read_text())

        assert len(scripts) >= len(_sessions())
        assert [] == [script for script in scripts if not (_ROOT / script).is_file()]


class TestNeeds:
    """What tests/run prepares, by what the chosen tests need."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["tests/unit/ecr"], ""),
            (["tests/unit/ecr", "-k", "no_such_test"], ""),
            (["tests/blackbox/test_main_job.py"], "frozen others"),
            (["tests/blackbox/test_main_job.py", "-m", "not frozen"], "others"),
            (["tests/release/test_glibc.py"], "frozen others"),
            (["tests/e2e/test_java_clients.py"], "java others"),
            (["--no-such-option"], ""),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_are_read_off_the_chosen_tests(self, arguments: list[str], expected: str, venv: Path) -> None:
        script = '. tests/common.sh && needs_of_tests "$@"'
        command: list[str | Path] = [need.command("sh"), "-euc", script, "sh", venv, *arguments]

        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)

        assert (expected, "") == (done.stdout, done.stderr)

    def test_of_no_unit_test_is_anything(self, venv: Path) -> None:
        command: list[str | Path] = [
            venv / "bin" / "pytest",
            "--collect-only",
            "--quiet",
            "-m",
            "frozen or docker",
            "tests/unit",
        ]

        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)

        assert re.search(r"^no tests collected", done.stdout, re.MULTILINE), done.stdout


class TestShares:
    def test_have_every_test_once(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        """Two runs take turns."""
        items = request.session.items
        runs = [shares.claimed(items, tmp_path) for _ in range(2)]
        taken = [item for pair in itertools.zip_longest(*runs) for item in pair if item is not None]

        assert len(items) == len(taken) == len({*taken})
        assert not list(shares.claimed(items, tmp_path))

    def test_are_chosen_by_an_option(self, venv: Path, tmp_path: Path) -> None:
        """A second run on the same folder finds nothing to do."""
        command: list[str | Path] = [venv / "bin" / "pytest", "--quiet", f"--share={tmp_path / 'claims'}"]
        command += ["-p", "no:cacheprovider", "tests/unit/ecr/test_registry.py"]

        runs = [subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False) for _ in range(2)]

        assert [0, 0] == [run.returncode for run in runs]
        assert [True, False] == ["passed" in run.stdout for run in runs]
