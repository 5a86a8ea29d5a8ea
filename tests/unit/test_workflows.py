"""GitHub workflows: actions and images are pinned, permissions are minimal, and no external text is executed."""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import need

pytestmark = pytest.mark.posix("POSIX programs")

_ROOT = Path(__file__).parents[2]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))
_BUILD = _ROOT / ".github" / "workflows" / "build.yml"
_PINNED = re.compile(r"uses: (\./|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d)")
_FREEZE = re.compile(r"-m PyInstaller|sh build/build\.sh")
_FORMULAS = ("darwin-arm64", "darwin-x86_64", "linux-aarch64", "linux-x86_64")
_PLATFORMS = (
    "darwin-arm64",
    "darwin-x86_64",
    "linux-aarch64",
    "linux-aarch64-musl",
    "linux-x86_64",
    "linux-x86_64-musl",
    "windows-AMD64",
)

each_workflow = pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.name)


def _jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return jobs


def _scripts(path: Path) -> Iterator[str]:
    for job in _jobs(path).values():
        yield from (step["run"] for step in job.get("steps", []) if "run" in step)


class TestWorkflows:
    def test_exist(self) -> None:
        assert ["build.yml", "ci.yml", "reach.yml", "release.yml"] == [path.name for path in _WORKFLOWS]

    @each_workflow
    def test_pin_every_action_by_hash_and_name_its_version(self, path: Path) -> None:
        used = [line.strip() for line in path.read_text().splitlines() if re.search(r"\buses:", line)]

        assert used
        assert [] == [line for line in used if not _PINNED.match(line.removeprefix("- "))]

    @each_workflow
    def test_have_only_permissions_that_a_job_names(self, path: Path) -> None:
        assert {} == yaml.safe_load(path.read_text())["permissions"]
        assert [] == [name for name, job in _jobs(path).items() if not job.get("permissions")]

    @each_workflow
    def test_write_only_if_a_release_is_made(self, path: Path) -> None:
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
    def test_put_no_external_text_into_a_script(self, path: Path) -> None:
        assert [] == [script for script in _scripts(path) if "${{" in script]

    @each_workflow
    def test_limit_the_time_of_every_job(self, path: Path) -> None:
        assert [] == [name for name, job in _jobs(path).items() if "uses" not in job and "timeout-minutes" not in job]

    @each_workflow
    def test_leave_no_credentials_in_the_checkout(self, path: Path) -> None:
        steps = [step for job in _jobs(path).values() for step in job.get("steps", [])]
        checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]

        assert [] == [step for step in checkouts if step["with"]["persist-credentials"] is not False]

    @each_workflow
    def test_run_existing_scripts_and_tests(self, path: Path) -> None:
        named = re.findall(r"\b(?:build|tests|\.ci)/[\w./-]*\w", "\n".join(_scripts(path)))

        assert [] == [name for name in named if not (_ROOT / name).exists()]

    def test_build_for_windows_in_the_steps_of_build_sh(self) -> None:
        """The scripts are the same; -E makes Python ignore PYTHONUTF8, so UTF-8 is an option there."""
        script = (_ROOT / "build" / "build.sh").read_text()
        windows = "\n".join(step.get("run", "") for step in _jobs(_BUILD)["windows"]["steps"])
        ran = re.compile(r"^ *(?:\.work/build-venv/bin/)?python .*?(build/\w+\.py)", re.MULTILINE)

        assert {"build/finish.py", "build/licences.py", "build/archive.py"} <= {*ran.findall(script)}
        assert sorted(ran.findall(script)) == sorted(set(ran.findall(windows)) - {"build/zip.py"})
        assert "python -X utf8 -EsB build/licences.py --whole" in windows

    def test_freeze_with_the_date_of_the_commit(self) -> None:
        """A step does not have what it writes to GITHUB_ENV itself; only the steps after it do."""
        for job in ("linux", "windows"):
            scripts = [step.get("run", "") for step in _jobs(_BUILD)[job]["steps"]]
            (dated,) = [number for number, script in enumerate(scripts) if "SOURCE_DATE_EPOCH=$(" in script]
            (frozen,) = [number for number, script in enumerate(scripts) if re.search(_FREEZE, script)]

            assert 'GITHUB_ENV"' in scripts[dated]
            assert dated < frozen

    def test_put_the_commit_into_each_archive(self) -> None:
        """As build.sh does; where it runs in a container, it has no git."""
        (options,) = re.findall(r"git_here (describe .*-modified)", (_ROOT / "build" / "build.sh").read_text())
        describe = f"git {options}"
        jobs = _jobs(_BUILD)
        linux, windows = (
            "\n".join(step.get("run", "") for step in jobs[name]["steps"]) for name in ("linux", "windows")
        )

        assert f'echo "SOURCE_COMMIT=$({describe})"' in linux
        assert "docker run --rm" in linux
        assert all(" --env SOURCE_COMMIT" in line for line in linux.splitlines() if "--env SOURCE_DATE_EPOCH" in line)
        assert f"{describe} >dist/docker-credential-ecrx/_internal/commit.txt" in windows
        assert f'--env SOURCE_COMMIT="$({describe})"' in (_ROOT / "docs" / "verification.md").read_text()


class TestRelease:
    @pytest.fixture
    def jobs(self) -> dict[str, Any]:
        """Return the jobs of the release workflow."""
        return _jobs(_ROOT / ".github" / "workflows" / "release.yml")

    def test_every_job_that_writes_needs_approval(self, jobs: dict[str, Any]) -> None:
        """Each job that signs or publishes uses an environment, which can require reviewers."""
        writing = {name for name, job in jobs.items() if "write" in job["permissions"].values()}

        expected = {"provenance": "release", "pypi": "pypi", "github": "release"}
        assert expected == {name: jobs[name].get("environment") for name in writing}
        assert [] == [name for name, job in jobs.items() if name not in writing and "environment" in job]

    def test_starts_with_the_check_of_its_tag(self, jobs: dict[str, Any]) -> None:
        """Every job needs the one that checks the commit of the tag, and that one fetches the full history."""
        needed = {name: name for name in jobs}
        for _ in jobs:
            needed = {name: jobs[last].get("needs", last) for name, last in needed.items()}
        (checkout,) = [step for step in jobs["version"]["steps"] if "uses" in step]

        assert {"version"} == set(needed.values())
        assert 0 == checkout["with"]["fetch-depth"]

    @pytest.mark.parametrize("forged", [None, "refs/heads/origin/main", "refs/tags/origin/main"])
    @pytest.mark.parametrize("is_on_main", [True, False], ids=["on main", "elsewhere"])
    def test_is_made_only_from_main(
        self,
        jobs: dict[str, Any],
        tmp_path: Path,
        is_on_main: bool,  # noqa: FBT001
        forged: str | None,
    ) -> None:
        """A tag on any other commit ends it, whatever branches and tags are called."""
        (script,) = [step["run"] for step in jobs["version"]["steps"] if step.get("name") == "The tag is on main"]

        def git(*arguments: str) -> str:
            who = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "init.defaultBranch=main"]
            command = [need.command("git"), *who, *arguments]
            return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

        git("init", "--quiet")
        for name in ("first", "second"):
            git("commit", "--quiet", "--allow-empty", "-m", name)
        git("update-ref", "refs/remotes/origin/main", "HEAD")
        git("checkout", "--quiet", "HEAD~1")
        if not is_on_main:
            git("commit", "--quiet", "--allow-empty", "-m", "elsewhere")
        git("tag", "v1.0.0")
        if forged:
            git("update-ref", forged, "HEAD")

        env = {"PATH": os.environ["PATH"], "GITHUB_SHA": git("rev-parse", "HEAD"), "GITHUB_REF_NAME": "v1.0.0"}
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, check=False
        )

        assert is_on_main == (done.returncode == 0)
        assert is_on_main == (b"::error::v1.0.0 is not on main" not in done.stdout)

    def test_signs_the_provenance_of_every_file(self, jobs: dict[str, Any]) -> None:
        """Every released file is signed in the job that builds only the formula and the checksums."""
        steps = jobs["provenance"]["steps"]
        (attest,) = [step for step in steps if step.get("uses", "").startswith("actions/attest-build-provenance@")]

        assert {"subject-path": "dist/*"} == attest["with"]
        later = [step["run"] for step in steps[steps.index(attest) :] if "run" in step]
        assert ['cp "$BUNDLE" dist/docker-credential-ecrx.sigstore.json'] == later

    def test_signs_the_sbom_of_each_archive(self, jobs: dict[str, Any]) -> None:
        """Each archive that build.yml makes has its SBOM attested."""
        steps = [step for step in jobs["provenance"]["steps"] if step.get("uses", "").startswith("actions/attest@")]

        expected = [(f"dist/*-{name}.tar.gz", f"${{{{ runner.temp }}}}/{name}.cdx.json") for name in _PLATFORMS]
        assert expected == [(step["with"]["subject-path"], step["with"]["sbom-path"]) for step in steps]

    def test_builds_an_archive_of_each_platform(self) -> None:
        """The jobs of build.yml make as many archives as have their SBOMs attested."""
        build = _jobs(_BUILD)
        linux = build["linux"]["strategy"]["matrix"]

        assert {f"linux-{name}" for name in linux["processor"]} | {
            f"linux-{name}-musl" for name in linux["processor"]
        } == {name for name in _PLATFORMS if name.startswith("linux")}
        assert ["gnu", "musl"] == linux["libc"]
        assert len(build["macos"]["strategy"]["matrix"]["runner"]) == sum("darwin" in name for name in _PLATFORMS)
        assert "windows" in build

    def test_stores_the_sbom_with_the_archive(self) -> None:
        """Every step that stores the archives for a release stores the SBOMs, too."""
        build = _jobs(_BUILD)
        kept = [
            step["with"]["path"] for job in build.values() for step in job["steps"] if "path" in step.get("with", {})
        ]

        assert ["dist/*.cdx.json" in path for path in kept] == ["dist/*.tar.gz" in path for path in kept]
        assert 3 == sum("dist/*.cdx.json" in path for path in kept)

    def test_lists_the_checksum_of_every_file(self, jobs: dict[str, Any], tmp_path: Path) -> None:
        """The step that gathers them gives each SBOM the name under which it is attested."""
        (script,) = [step["run"] for step in jobs["provenance"]["steps"] if "SHA256SUMS" in step.get("run", "")]
        (tmp_path / "build").symlink_to(_ROOT / "build")
        (tmp_path / "temp").mkdir()
        (tmp_path / "dist").mkdir()
        names = ["ecrx_1.2.3_amd64.deb", "ecrx-1.2.3.whl", "ecrx-1.2.3.tar.gz"]
        for platform in _PLATFORMS:
            base = f"docker-credential-ecrx-1.2.3-{platform}"
            names += [f"{base}.tar.gz", f"{base}.cdx.json"]
            (tmp_path / "dist" / f"{base}.tar.gz.sha256").write_text(f"{0:064}  {base}.tar.gz\n")
        packed = "docker-credential-ecrx-1.2.3-windows-AMD64.zip"
        (tmp_path / "dist" / f"{packed}.sha256").write_text(f"{0:064}  {packed}\n")
        names.append(packed)
        for name in names:
            (tmp_path / "dist" / name).write_text(name)
        names += [f"docker-credential-ecrx.{end}" for end in ("json", "yaml", "installer.yaml", "locale.en-US.yaml")]

        env = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_REF_NAME": "v1.2.3"}
        env |= {"GITHUB_SERVER_URL": "https://forge.example", "GITHUB_REPOSITORY": "OWNER/docker-credential-ecrx"}
        subprocess.run(["/bin/bash", "-e", "-c", script], cwd=tmp_path, env=env, check=True)

        sums = (tmp_path / "dist" / "SHA256SUMS").read_text().splitlines()
        assert {*names, "docker-credential-ecrx.rb"} == {line.split()[1] for line in sums}
        expected = {f"{platform}.cdx.json" for platform in _PLATFORMS}
        assert expected == {path.name for path in (tmp_path / "temp").iterdir()}


class TestLinux:
    @pytest.fixture
    def pythons(self) -> list[str]:
        """Return the Pythons that Linux archives are frozen with, by uv's names."""
        linux = _jobs(_BUILD)["linux"]
        name = linux["env"]["CPYTHON"]
        matrix = linux["strategy"]["matrix"]
        return [
            name.replace("${{ matrix.processor }}", processor).replace("${{ matrix.libc }}", libc)
            for processor in matrix["processor"]
            for libc in matrix["libc"]
        ]

    def test_is_frozen_with_pythons_that_uv_has(self, pythons: list[str]) -> None:
        """The pinned uv has the address and the SHA-256 of each; one that it lacks cannot be installed."""
        assert 4 == len(set(pythons))
        assert set(pythons) <= _addresses(pythons[0]).keys()

    def test_installs_no_other_python(self, pythons: list[str], tmp_path: Path) -> None:
        """The step's command refuses an archive of the right name that has another SHA-256."""
        (said,) = re.findall(r'/uv" (.* python install .*) "\$CPYTHON"', "\n".join(_scripts(_BUILD)))
        folder, name = _addresses(pythons[1])[pythons[1]].replace("%2B", "+").split("/")[-2:]
        (tmp_path / folder).mkdir()
        with tarfile.open(tmp_path / folder / name, "w:gz"):
            pass

        command: list[str | Path] = [_uv(), *said.split(), pythons[1]]
        env = {"HOME": str(tmp_path), "UV_PYTHON_INSTALL_MIRROR": tmp_path.as_uri()}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

        assert 0 != done.returncode
        assert "Hash mismatch" in done.stderr
        assert [] == list(tmp_path.rglob("bin"))

    def test_needs_the_glibc_that_the_action_requires(self) -> None:
        """The floor of the build is the oldest glibc for which the action takes an archive."""
        (floor,) = [part["floor"] for part in _of_libcs() if part["floor"]]

        assert f"glibc {floor} or newer" in (_ROOT / ".github" / "action" / "set-up.sh").read_text()

    def test_pins_images_by_hash(self) -> None:
        """Each system on which an archive is frozen and run stays the same."""
        images = [image for part in _of_libcs() for image in (part["oldest"], *part["others"].split())]

        assert len(images) > 2
        assert [] == [image for image in images if not re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image)]


def _of_libcs() -> list[dict[str, str]]:
    """Return the settings of the Linux job for each C library."""
    return [part for part in _jobs(_BUILD)["linux"]["strategy"]["matrix"]["include"] if "libc" in part]


def _uv() -> Path:
    """Return the uv beside this Python, which is the one that requirements-python.txt pins."""
    path = Path(sys.executable).with_name("uv")
    return path if path.exists() else Path(need.missing("uv"))


def _addresses(python: str) -> dict[str, str]:
    """Return uv's addresses of the Pythons of one version, by uv's names for them."""
    everything = ["--only-downloads", "--all-platforms", "--all-arches", "--show-urls"]
    command: list[str | Path] = [_uv(), "--no-config", "python", "list", *everything, python.split("-")[1]]
    said = subprocess.run(command, env={"UV_OFFLINE": "1"}, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines() if len(line.split()) == 2)


class TestFormula:
    def test_has_address_and_sha_256_of_each_archive(self, tmp_path: Path) -> None:
        for number, platform in enumerate(_FORMULAS):
            name = f"docker-credential-ecrx-1.2.3-{platform}.tar.gz"
            (tmp_path / f"{name}.sha256").write_text(f"{number:064}  {name}\n")

        formula = _formula(tmp_path).stdout

        assert "@" not in formula
        for number, platform in enumerate(_FORMULAS):
            address = (
                f"https://forge.example/ecrx/releases/download/v1.2.3/docker-credential-ecrx-1.2.3-{platform}.tar.gz"
            )
            assert f'url "{address}"\n      sha256 "{number:064}"\n' in formula

    def test_is_not_made_without_every_archive(self, tmp_path: Path) -> None:
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
