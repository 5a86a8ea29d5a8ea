"""GitHub's workflows: what they use is pinned, what they may do is little, and no text from outside is run."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import need

_ROOT = Path(__file__).parents[2]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))
_PINNED = re.compile(r"uses: (\./|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d)")
_PLATFORMS = ("darwin-arm64", "darwin-x86_64", "linux-aarch64", "linux-x86_64")

each_workflow = pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.name)


def _jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return jobs


def _scripts(path: Path) -> Iterator[str]:
    for job in _jobs(path).values():
        yield from (step["run"] for step in job.get("steps", []) if "run" in step)


class TestWorkflows:
    def test_are_there(self) -> None:
        assert ["build.yml", "ci.yml", "release.yml"] == [path.name for path in _WORKFLOWS]

    @each_workflow
    def test_pin_every_action_by_its_whole_commit_hash_and_name_its_version(self, path: Path) -> None:
        used = [line.strip() for line in path.read_text().splitlines() if re.search(r"\buses:", line)]

        assert used
        assert [] == [line for line in used if not _PINNED.match(line.removeprefix("- "))]

    @each_workflow
    def test_may_do_nothing_but_what_a_job_names(self, path: Path) -> None:
        assert {} == yaml.safe_load(path.read_text())["permissions"]
        assert [] == [name for name, job in _jobs(path).items() if not job.get("permissions")]

    @each_workflow
    def test_write_only_where_a_release_is_made(self, path: Path) -> None:
        writing = {
            (name, right)
            for name, job in _jobs(path).items()
            for right, level in job["permissions"].items()
            if level != "read"
        }

        release = {
            ("provenance", "attestations"),
            ("provenance", "id-token"),
            ("pypi", "id-token"),
            ("github", "contents"),
        }
        assert writing == (release if path.name == "release.yml" else set())

    @each_workflow
    def test_take_no_text_from_outside_into_a_script(self, path: Path) -> None:
        assert [] == [script for script in _scripts(path) if "${{" in script]

    @each_workflow
    def test_end_every_job_in_time(self, path: Path) -> None:
        assert [] == [name for name, job in _jobs(path).items() if "uses" not in job and "timeout-minutes" not in job]

    @each_workflow
    def test_leave_no_credentials_in_the_checkout(self, path: Path) -> None:
        steps = [step for job in _jobs(path).values() for step in job.get("steps", [])]
        checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]

        assert [] == [step for step in checkouts if step["with"]["persist-credentials"] is not False]

    @each_workflow
    def test_run_scripts_and_tests_that_are_there(self, path: Path) -> None:
        named = re.findall(r"\b(?:build|tests|\.ci)/[\w./-]*\w", "\n".join(_scripts(path)))

        assert [] == [name for name in named if name != "build/finish.py" and not (_ROOT / name).exists()]


class TestFormula:
    def test_has_the_address_and_the_sha_256_of_each_archive(self, tmp_path: Path) -> None:
        for number, platform in enumerate(_PLATFORMS):
            name = f"docker-credential-ecrx-1.2.3-{platform}.tar.gz"
            (tmp_path / f"{name}.sha256").write_text(f"{number:064}  {name}\n")

        formula = _formula(tmp_path).stdout

        assert "@" not in formula
        for number, platform in enumerate(_PLATFORMS):
            address = (
                f"https://forge.example/ecrx/releases/download/v1.2.3/docker-credential-ecrx-1.2.3-{platform}.tar.gz"
            )
            assert f'url "{address}"\n      sha256 "{number:064}"\n' in formula

    def test_is_not_made_where_an_archive_is_missing(self, tmp_path: Path) -> None:
        done = _formula(tmp_path)

        assert (1, "") == (done.returncode, done.stdout)
        assert "darwin-arm64" in done.stderr


def _formula(folder: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        need.command("sh"),
        _ROOT / "build" / "homebrew" / "formula.sh",
        folder,
        "https://forge.example/ecrx",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)
