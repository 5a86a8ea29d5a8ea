"""The pages about CI runners: what a reader pastes works in the environment of such a runner."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import check_jsonschema
import pytest
import yaml
from jsonschema import Draft7Validator

from docker_credential_ecrx import __version__
from support import downloads, need, pages, seccomp
from support import machine as machines
from support.aws_parts import Server, Sessions, instance, web_identity
from support.downloads import serving as _serving
from support.github import Attestations, Runner
from support.home import HOST, OTHER_HOST, Home
from support.machine import Machine

_ROOT = pages.FOLDER.parent
_ACTION = _ROOT / "action.yml"
_OWN = "333333333333"
_PULLER = "arn:aws:iam::222222222222:role/puller"
_PUSHER = "arn:aws:iam::222222222222:role/pusher"
_AS_PULLER = "arn:aws:sts::222222222222:assumed-role/puller/"
# No job can have these names: https://docs.gitlab.com/ci/jobs/#job-names; nor the other keywords of a file:
# https://docs.gitlab.com/ci/yaml/#global-keywords, and the deprecated ones. GitLab's schema knows only some of them.
_GITLAB_KEYWORDS = {"image", "services", "stages", "before_script", "after_script", "variables", "cache", "include"} | {
    *("default", "workflow", "spec", "types", "pages:deploy", "true", "false", "nil")
}
_TWICE = ["AssumeRole", "GetAuthorizationToken"] * 2


@pytest.fixture
def aws() -> Iterator[Sessions]:
    """Return AWS, where an instance or a web identity may assume the role that pulls."""
    with Sessions() as fake:
        fake.add_role(_PULLER, trusts=[_OWN])
        yield fake


def _principal(home: Home, answer: str) -> str:
    return home.aws.issued[json.loads(answer)["Secret"]].principal


def _steps() -> list[dict[str, Any]]:
    """Return the steps of the page's workflow."""
    (block,) = pages.blocks("github-actions.md", "yaml")
    steps: list[dict[str, Any]] = yaml.safe_load(block)["jobs"]["image"]["steps"]
    return steps


class TestGitHub:
    @pytest.fixture
    def archive(self) -> Path:
        """Return the release archive of the frozen program."""
        return downloads.archive()

    @pytest.fixture
    def given(self, archive: Path) -> dict[str, str]:
        """Return the page's inputs, with version and checksum of the existing archive."""
        release = {"version": downloads.version(archive), "sha256": downloads.sha256(archive)}
        return {name: str(value) for name, value in _steps()[0]["with"].items()} | release

    @pytest.fixture
    def attestations(self, archive: Path, given: dict[str, str], tmp_path: Path) -> Attestations:
        """Return GitHub's attestations, with that of the archive."""
        attestations = Attestations(tmp_path / "gh")
        attestations.add_release(archive, given["version"])
        return attestations

    @pytest.fixture
    def runner(
        self, home: Home, archive: Path, given: dict[str, str], attestations: Attestations, tmp_path: Path
    ) -> Iterator[Runner]:
        """Return a runner whose jobs get OIDC tokens from GitHub; its PATH has no program of ours."""
        home.aws.add_role(given["web-identity-role-arn"], web_identity_subjects=["repo:OWNER/APP"])
        (tmp_path / "job").mkdir()
        path = f"OWNER/docker-credential-ecrx/releases/download/v{given['version']}/{archive.name}"
        token = {"count": 1, "value": web_identity("repo:OWNER/APP")}
        with (
            Server(lambda asked: token if asked.headers.get("authorization") == "bearer b" else None) as oidc,
            _serving(tmp_path / "server", path, archive) as url,
        ):
            yield Runner(
                tmp_path / "job",
                home.env
                | {
                    "PATH": f"{attestations.folder}:/usr/local/bin:/usr/bin:/bin",
                    "GITHUB_SERVER_URL": url,
                    "GITHUB_RUN_ID": "1",
                    "ACTIONS_ID_TOKEN_REQUEST_URL": f"{oidc.url}/token?v=1",
                    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "b",
                },
            )

    def test_installs_and_docker_pulls_as_other_account(
        self, home: Home, runner: Runner, given: dict[str, str]
    ) -> None:
        assert 0 == runner.uses(_ACTION, given), runner.said
        assert ["AssumeRoleWithWebIdentity", "AssumeRole"] == [call.operation for call in home.aws.calls][:2]
        home.aws.calls.clear()
        Path(runner.env["AWS_WEB_IDENTITY_TOKEN_FILE"]).write_text(web_identity("repo:OWNER/APP", issued_at=1))

        config = json.loads((home.folder / ".docker" / "config.json").read_text())
        assert {given["registries"]: "ecrx"} == config["credHelpers"]
        assert 0 == runner.runs(f"echo {HOST} | docker-credential-ecrx get >answer"), runner.said
        assert _AS_PULLER in _principal(home, (runner.folder / "answer").read_text())
        assert [] == home.aws.calls

    def test_works_without_a_keyring(self, home: Home, runner: Runner, given: dict[str, str]) -> None:
        runner.env["ECRX_KEYRING"] = "none"

        assert 0 == runner.uses(_ACTION, given), runner.said
        assert "::notice::no keyring is available, so each pull asks AWS" in runner.said
        assert [] == home.aws.calls

    def test_hides_the_token_from_log_and_other_processes(self, runner: Runner, given: dict[str, str]) -> None:
        runner.uses(_ACTION, given)

        path = Path(runner.env["AWS_WEB_IDENTITY_TOKEN_FILE"])
        assert 0o600 == path.stat().st_mode & 0o777
        lines = [line for line in runner.said.splitlines() if path.read_text() in line]
        assert [f"::add-mask::{path.read_text()}"] == lines

    @pytest.mark.parametrize(
        ("name", "value"),
        [("sha256", "0" * 64), ("sha256", "x"), ("version", "../../evil"), ("version", "0.0.0"), ("version", "$(id)")],
    )
    def test_unpacks_only_the_archive_with_the_checksum(
        self, runner: Runner, given: dict[str, str], name: str, value: str
    ) -> None:
        assert 0 != runner.uses(_ACTION, given | {name: value})
        assert [] == list(Path(runner.env["RUNNER_TEMP"]).rglob("bin"))

    def test_unpacks_nothing_without_attestation(
        self, runner: Runner, given: dict[str, str], attestations: Attestations
    ) -> None:
        """An archive with the right checksum that the release workflow did not sign is not unpacked."""
        (attestations.folder / "attested").write_text("")

        assert 0 != runner.uses(_ACTION, given)
        assert "has no attestation by the release workflow of OWNER/docker-credential-ecrx" in runner.said
        assert ["*.tar.gz"] == [f"*{''.join(path.suffixes[-2:])}" for path in _files(runner)]

    def test_unpacks_nothing_of_another_tag(
        self, runner: Runner, given: dict[str, str], archive: Path, attestations: Attestations
    ) -> None:
        """The attestation must be for the requested tag."""
        (attestations.folder / "attested").write_text("")
        attestations.add_release(archive, "0.9.9")

        assert 0 != runner.uses(_ACTION, given)
        assert [] == list(Path(runner.env["RUNNER_TEMP"]).rglob("bin"))

    def test_downloads_nothing_without_gh(
        self, runner: Runner, given: dict[str, str], attestations: Attestations
    ) -> None:
        """If gh is missing, the action fails before it downloads."""
        (attestations.folder / "gh").unlink()

        assert 0 != runner.uses(_ACTION, given)
        assert "::error::gh is required to verify who built the release" in runner.said
        assert [] == _files(runner)

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("registries", " \n", "the input registries names no registry"),
            ("version", "v1.1.0", "the input version is not a version such as 1.1.0"),
            ("sha256", "sha256:0", "the input sha256 is not a SHA-256 (64 hexadecimal digits)"),
        ],
    )
    def test_downloads_nothing_with_a_wrong_input(
        self, runner: Runner, given: dict[str, str], name: str, value: str, said: str
    ) -> None:
        """GitHub lets a job leave out a required input, or give it an empty one."""
        assert 0 != runner.uses(_ACTION, given | {name: value})
        assert f"::error::{said}\n" == runner.said
        assert [] == _files(runner)

    def test_names_a_release_that_does_not_exist(self, runner: Runner, given: dict[str, str]) -> None:
        assert 0 != runner.uses(_ACTION, given | {"version": "9.9.9"})
        (line,) = [line for line in runner.said.splitlines() if line.startswith("::")]
        assert line.startswith("::error::cannot download http://")
        assert line.endswith(".tar.gz; the input version must be that of a release")

    def test_gives_the_jobs_token_only_to_gh(
        self, runner: Runner, given: dict[str, str], archive: Path, attestations: Attestations, tmp_path: Path
    ) -> None:
        """The installed program does not see GH_TOKEN."""
        name = f"docker-credential-ecrx-{given['version']}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "install.sh").write_text(f"#!/bin/sh\nenv >{tmp_path}/env\nexit 1\n")
        (tmp_path / name / "install.sh").chmod(0o755)
        (served,) = (tmp_path / "server").rglob(archive.name)
        served.unlink()
        with tarfile.open(served, "w:gz") as file:
            file.add(tmp_path / name, name)
        attestations.add_release(served, given["version"])

        assert 0 != runner.uses(_ACTION, given | {"sha256": downloads.sha256(served)})
        assert "GITHUB_PATH=" in (tmp_path / "env").read_text()
        assert "the job's" not in (tmp_path / "env").read_text()

    def test_installs_in_a_job_container(self, runner: Runner, given: dict[str, str]) -> None:
        """The job there is root, and the temporary folder belongs to the host's runner."""
        if os.getuid() != 0:
            need.missing("root, to have a folder of another user,")
        os.chown(runner.env["RUNNER_TEMP"], 1001, 1001)

        assert 0 == runner.uses(_ACTION, given), runner.said
        assert 0 == runner.runs("docker-credential-ecrx version"), runner.said

    def test_post_step_forgets(self, home: Home, runner: Runner, given: dict[str, str]) -> None:
        """The post step leaves no token, no program and nothing in Docker's configuration."""
        runner.uses(_ACTION, given)

        assert 0 == runner.ends(), runner.said
        assert "credHelpers" not in (home.folder / ".docker" / "config.json").read_text()
        assert [] == _files(runner)
        assert [] == json.loads(home.run("status", "--json").stdout)["tokens"]

    def test_runs_no_input_as_a_command(self, runner: Runner, given: dict[str, str]) -> None:
        evil = "$(touch evil) `touch evil` ; touch evil --help"

        assert 0 != runner.uses(_ACTION, given | dict.fromkeys(("registries", "role-arn", "external-id"), evil))
        assert 0 != runner.uses(_ACTION, given | {"web-identity-role-arn": f"arn:{evil}\nPATH=/"})
        assert [] == list(runner.folder.rglob("evil"))

    def test_pins_actions_and_uses_no_package(self) -> None:
        """The page's actions are pinned by their hash, and the action needs nothing but node, bash, curl and gh."""
        used = [step["uses"] for step in _steps() if "uses" in step]
        assert ["OWNER/docker-credential-ecrx@COMMIT"] == [u for u in used if not re.search(r"@[0-9a-f]{40}$", u)]
        scripts = [path.read_text() for path in (_ROOT / ".github" / "action").glob("*.js")]
        names = {name for text in scripts for name in re.findall(r'require\("([^"]+)"\)', text)}
        assert {"node:child_process", "node:path", "./run"} == names


class TestSelfHosted:
    """The next job on the same runner finds what was there before; the program is that of the tests."""

    @pytest.fixture
    def runner(self, home: Home, tmp_path: Path) -> Iterator[Runner]:
        """Return a runner whose user has credentials, and the release that it downloads."""
        home.add_default_keys()
        home.aws.add_role(_PULLER, trusts=["222222222222"])
        release = tmp_path / "docker-credential-ecrx-1.0.0"
        release.mkdir()
        program = home.bin / "docker-credential-ecrx"
        (release / "install.sh").write_text(f'#!/bin/sh\nmkdir -p "$2/bin" && ln -s {program} "$2/bin/"\n')
        (release / "install.sh").chmod(0o755)
        archive = tmp_path / f"{release.name}-linux-{os.uname().machine}.tar.gz"
        with tarfile.open(archive, "w:gz") as file:
            file.add(release, release.name)
        attestations = Attestations(tmp_path / "gh")
        attestations.add_release(archive, "1.0.0")
        self.given = {
            "version": "1.0.0",
            "sha256": downloads.sha256(archive),
            "registries": HOST,
            "role-arn": _PULLER,
        }
        (tmp_path / "job").mkdir()
        path = f"OWNER/docker-credential-ecrx/releases/download/v1.0.0/{archive.name}"
        with _serving(tmp_path / "server", path, archive) as url:
            own = {"PATH": f"{attestations.folder}:/usr/local/bin:/usr/bin:/bin", "GITHUB_SERVER_URL": url}
            yield Runner(tmp_path / "job", home.env | own)

    def _files(self, home: Home) -> dict[str, str]:
        """Return the user's configuration files, without empty ones."""
        paths = [home.folder / ".docker" / "config.json", home.folder / ".config" / "ecrx" / "config.toml"]
        texts = {path.name: path.read_text() for path in paths if path.exists()}
        return {name: text for name, text in texts.items() if "".join(text.split()) not in ("", "{}")}

    @pytest.mark.parametrize("own", ["false", "true"])
    def test_job_leaves_nothing(self, home: Home, runner: Runner, own: str) -> None:
        """No registry uses the helper, which is gone, and no token is left."""
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text('{"auths": {"ghcr.io": {}}}')
        before = self._files(home)

        assert 0 == runner.uses(_ACTION, self.given | {"own-docker-config": own}), runner.said
        assert (before == self._files(home)) == (own == "true")
        assert 0 == runner.runs(f"echo {HOST} | docker-credential-ecrx get >answer"), runner.said
        assert _AS_PULLER in _principal(home, (runner.folder / "answer").read_text())
        assert 1 == home.aws.count("GetAuthorizationToken")
        assert 0 == runner.ends(), runner.said

        assert "::warning::" not in runner.said
        assert before == self._files(home)
        assert [] == list(Path(runner.env["RUNNER_TEMP"]).iterdir())
        assert [] == json.loads(home.run("status", "--json").stdout)["tokens"]

    def test_job_container_leaves_nothing(self, runner: Runner, tmp_path: Path) -> None:
        """The job there is root, and the temporary folder belongs to the host's runner."""
        if os.getuid() != 0:
            need.missing("root, to have a folder of another user,")
        os.chown(runner.env["RUNNER_TEMP"], 1001, 1001)
        runner.env["TMPDIR"] = str(tmp_path / "container")
        (tmp_path / "container").mkdir()

        assert 0 == runner.uses(_ACTION, self.given), runner.said
        assert 0 == runner.runs("docker-credential-ecrx version"), runner.said
        assert 0 == runner.ends(), runner.said

        assert [] == [*(tmp_path / "container").iterdir(), *Path(runner.env["RUNNER_TEMP"]).iterdir()]

    @pytest.mark.parametrize(
        "step",
        [
            "echo { >~/.docker/config.json",
            "echo [ >~/.config/ecrx/config.toml",
            'rm "$(command -v docker-credential-ecrx)"',
        ],
    )
    def test_post_step_warns_of_what_is_left(self, runner: Runner, step: str) -> None:
        """The job does not fail, and the rest is undone."""
        assert 0 == runner.uses(_ACTION, self.given), runner.said
        assert 0 == runner.runs(step), runner.said
        assert 0 == runner.ends(), runner.said

        (warning,) = [line for line in runner.said.splitlines() if line.startswith("::warning::")]
        assert "docker-credential-ecrx configure --remove --all" in warning
        assert [] == list(Path(runner.env["RUNNER_TEMP"]).iterdir())

    @pytest.mark.parametrize("own", [("false", "false"), ("true", "true"), ("false", "true"), ("true", "false")])
    def test_job_with_two_roles_leaves_nothing(self, home: Home, runner: Runner, own: tuple[str, str]) -> None:
        """A job uses the action once for each role; everything that each use set up is undone."""
        home.aws.add_role(_PUSHER, trusts=["222222222222"])
        uses = [(HOST, _PULLER), (OTHER_HOST, _PUSHER)]

        for (host, role), is_own in zip(uses, own, strict=True):
            given = {"registries": host, "role-arn": role, "own-docker-config": is_own}
            assert 0 == runner.uses(_ACTION, self.given | given), runner.said
        for host, role in uses:
            assert 0 == runner.runs(f"echo {host} | docker-credential-ecrx get >answer"), runner.said
            principal = _principal(home, (runner.folder / "answer").read_text())
            assert f"assumed-role/{role.rpartition('/')[2]}/" in principal
        assert 2 == len(json.loads(home.run("status", "--json").stdout)["tokens"])
        assert 0 == runner.ends(), runner.said

        assert "::warning::" not in runner.said
        assert ({}, []) == (self._files(home), list(Path(runner.env["RUNNER_TEMP"]).iterdir()))
        assert [] == json.loads(home.run("status", "--json").stdout)["tokens"]

    def test_two_uses_for_the_same_registry_leave_nothing(self, home: Home, runner: Runner) -> None:
        """The second use replaces the role of the first; neither post step reports what the other one undid."""
        home.aws.add_role(_PUSHER, trusts=["222222222222"])

        for role in (_PULLER, _PUSHER):
            assert 0 == runner.uses(_ACTION, self.given | {"role-arn": role}), runner.said
        assert 0 == runner.ends(), runner.said

        assert "::warning::" not in runner.said
        assert ({}, []) == (self._files(home), list(Path(runner.env["RUNNER_TEMP"]).iterdir()))
        assert [] == json.loads(home.run("status", "--json").stdout)["tokens"]

    @pytest.mark.parametrize(
        "name", ["DOCKER_CONFIG", "ECRX_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME", "ECRX_KEYRING"]
    )
    def test_post_step_ignores_later_variables(self, home: Home, runner: Runner, tmp_path: Path, name: str) -> None:
        """A step that sets a variable for the later ones does not change which files the post step edits."""
        other = tmp_path / "other"
        env = {"DOCKER_CONFIG": other / ".docker", "ECRX_CONFIG": other / ".config" / "ecrx" / "config.toml"}
        home.run("configure", HOST, "--role-arn", _PULLER, env={key: str(value) for key, value in env.items()})
        before = {path: path.read_text() for path in other.rglob("config.*")}
        assert 2 == len(before)
        values = {
            **env,
            "XDG_CONFIG_HOME": other / ".config",
            "XDG_STATE_HOME": other / "state",
            "HOME": other,
            "ECRX_KEYRING": "nonsense",
        }

        assert 0 == runner.uses(_ACTION, self.given), runner.said
        assert 0 == runner.runs(f'echo "{name}={values[name]}" >>"$GITHUB_ENV"')
        assert 0 == runner.ends(), runner.said

        assert "::warning::" not in runner.said
        assert {} == self._files(home)
        assert before == {path: path.read_text() for path in other.rglob("config.*")}
        assert [] == json.loads(home.run("status", "--json").stdout)["tokens"]

    def test_line_break_in_a_variable_names_no_folder_to_delete(
        self, home: Home, runner: Runner, tmp_path: Path
    ) -> None:
        """The runner reads its file of states line by line, and the last line of a name counts."""
        (tmp_path / "other").mkdir()
        runner.env["XDG_STATE_HOME"] = f"{tmp_path}/x\nfolder={tmp_path}/other"

        assert 0 != runner.uses(_ACTION, self.given)
        assert "::error::XDG_STATE_HOME has a line break" in runner.said
        runner.ends()

        assert (tmp_path / "other").exists()
        assert ({}, []) == (self._files(home), list(Path(runner.env["RUNNER_TEMP"]).iterdir()))

    def test_job_that_fails_leaves_nothing(self, home: Home, runner: Runner) -> None:
        """The post step also runs if the set-up fails, at any step."""
        runner.env["ECRX_KEYRING"] = "nonsense"

        assert 0 != runner.uses(_ACTION, self.given)
        runner.env["ECRX_KEYRING"] = "kernel"
        runner.ends()

        assert ({}, []) == (self._files(home), list(Path(runner.env["RUNNER_TEMP"]).iterdir()))

    def test_earlier_configuration_stays(self, home: Home, runner: Runner) -> None:
        """What the runner's administrator configured is not removed by a job that wants the same."""
        home.run("configure", HOST, "--role-arn", _PULLER)
        before = self._files(home)

        assert 0 == runner.uses(_ACTION, self.given), runner.said
        assert 0 == runner.ends(), runner.said

        assert before == self._files(home)

    def test_own_configuration_has_the_users_entries(self, home: Home, runner: Runner) -> None:
        home.run("configure", OTHER_HOST, "--role-arn", _PULLER)

        assert 0 == runner.uses(_ACTION, self.given | {"own-docker-config": "true"}), runner.said

        text = (Path(runner.env["DOCKER_CONFIG"]) / "config.json").read_text()
        assert {HOST: "ecrx", OTHER_HOST: "ecrx"} == json.loads(text)["credHelpers"]
        assert OTHER_HOST in Path(runner.env["ECRX_CONFIG"]).read_text()


class TestArchive:
    """Which archive the action downloads; the server has none, so the action ends there."""

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        """Return a server without a release."""
        with Server(lambda _: None) as server:
            yield server

    @pytest.fixture
    def runner(self, server: Server, tmp_path: Path) -> Runner:
        """Return a runner that downloads from that server."""
        path = f"{Attestations(tmp_path / 'gh').folder}:/usr/local/bin:/usr/bin:/bin"
        return Runner(tmp_path, {"PATH": path, "GITHUB_SERVER_URL": server.url})

    @pytest.mark.parametrize(
        ("machine", "libc", "system"),
        [
            ("Linux x86_64", "glibc 2.28", "linux-x86_64"),
            ("Linux x86_64", "glibc 2.41", "linux-x86_64"),
            ("Linux aarch64", "glibc 2.100", "linux-aarch64"),
            ("Linux x86_64", "musl", "linux-x86_64-musl"),
            ("Linux aarch64", "musl", "linux-aarch64-musl"),
            ("Darwin arm64", "", "darwin-arm64"),
            ("Darwin x86_64", "", "darwin-x86_64"),
        ],
    )
    def test_matches_the_machine(self, runner: Runner, server: Server, machine: str, libc: str, system: str) -> None:
        """It is for the processor and the C library of the runner or of its container."""
        _pretend(runner, machine, libc)

        assert 0 != runner.uses(_ACTION, self.given())
        (asked,) = server.requests
        assert asked.endswith(f"/v{__version__}/docker-credential-ecrx-{__version__}-{system}.tar.gz")

    @pytest.mark.parametrize(
        ("machine", "libc"),
        [
            ("Linux x86_64", "glibc 2.27"),
            ("Linux aarch64", "glibc 2.9"),
            ("Linux armv7l", "glibc 2.41"),
            ("Linux riscv64", "musl"),
            ("Linux x86_64", ""),
            ("FreeBSD amd64", ""),
        ],
    )
    def test_missing_is_reported(self, runner: Runner, server: Server, machine: str, libc: str) -> None:
        """One line names the machine and the platforms that have archives; nothing is downloaded."""
        _pretend(runner, machine, libc)

        assert 0 != runner.uses(_ACTION, self.given())
        assert [] == server.requests
        (line,) = runner.said.splitlines()
        assert line.startswith(f"::error::no release archive runs on {machine}{libc and f' with {libc}'}; there are ")
        assert "glibc 2.28 or newer" in line

    def test_with_wrong_checksum_is_named(self, runner: Runner, tmp_path: Path) -> None:
        """The line names the archive whose SHA-256 the input must be."""
        _pretend(runner, "Linux aarch64", "musl")
        release = f"OWNER/docker-credential-ecrx/releases/download/v{__version__}"
        name = f"docker-credential-ecrx-{__version__}-linux-aarch64-musl.tar.gz"
        (tmp_path / "archive").write_text("an archive")
        with _serving(tmp_path / "server", f"{release}/{name}", tmp_path / "archive") as url:
            runner.env["GITHUB_SERVER_URL"] = url

            assert 0 != runner.uses(_ACTION, self.given())
        assert f"::error::the SHA-256 of {name} is not the input sha256" in runner.said.splitlines()[-1]

    def given(self) -> dict[str, str]:
        """Return the page's inputs."""
        return {name: str(value) for name, value in _steps()[0]["with"].items()} | {"sha256": "0" * 64}


def _gitlab_errors(document: dict[str, Any]) -> list[str]:
    """Return why GitLab refuses the file: by its own schema, which check-jsonschema ships, or by a job's name."""
    schema = json.loads((files(check_jsonschema) / "builtin_schemas/vendor/gitlab-ci.json").read_text())
    errors = [error.message for error in Draft7Validator(schema).iter_errors(document)]
    jobs = [str(name) for name, value in document.items() if isinstance(value, dict) and "script" in value]
    return errors + [
        f"no job can be named {name}" for name in jobs if name in _GITLAB_KEYWORDS or not 0 < len(name) <= 255
    ]


def _pretend(runner: Runner, machine: str, libc: str) -> None:
    """Make the runner's commands report such a machine."""
    system, processor = machine.split()
    folder = Path(runner.env["PATH"].split(":")[0])
    scripts = {
        "uname": f'case $1 in -s) echo {system} ;; -m) echo {processor} ;; *) echo "{machine}" ;; esac',
        "getconf": f'[ "$1" = GNU_LIBC_VERSION ] && echo "{libc}"' if libc.startswith("glibc") else "exit 1",
        "ldd": "echo 'musl libc (x86_64)' >&2; exit 1" if libc == "musl" else "echo 'ldd (GNU libc)'",
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


class TestGitLab:
    @pytest.fixture
    def machine(self, home: Home, tmp_path: Path) -> Iterator[Machine]:
        """Return a job's container, in which nothing is installed yet."""
        with machines.running(tmp_path, home) as found:
            yield found

    @pytest.mark.parametrize("block", pages.blocks("gitlab.md", "yaml"))
    def test_accepts_every_file(self, block: str) -> None:
        assert [] == _gitlab_errors(yaml.safe_load(block))

    @pytest.mark.parametrize("name", [*sorted(_GITLAB_KEYWORDS), "", "x" * 256])
    def test_refuses_a_job_with_a_keywords_name(self, name: str) -> None:
        """GitLab takes ``image:`` for the image of all jobs, for example, and refuses the file."""
        (job,) = yaml.safe_load(pages.blocks("gitlab.md", "yaml")[0]).values()

        assert [] == _gitlab_errors({"pull": job})
        assert _gitlab_errors({name: job})

    def test_refuses_an_unknown_keyword_in_a_job(self) -> None:
        (job,) = yaml.safe_load(pages.blocks("gitlab.md", "yaml")[0]).values()

        assert _gitlab_errors({"pull": job | {"befor_script": ["true"]}})

    def test_job_in_alpine_pulls_as_the_role(self, home: Home, machine: Machine) -> None:
        """The job in Docker's image installs the archive for musl and keeps no token in the machine's keyring."""
        ((job,),) = (yaml.safe_load(block).values() for block in pages.blocks("gitlab.md", "yaml")[1:])
        home.aws.add_role(job["variables"]["AWS_ROLE_ARN"], web_identity_subjects=["project_path:a/b"])
        (token,) = job["id_tokens"]
        given = {"CI_JOB_ID": "1", "CI_PROJECT_DIR": str(machine.root / "work")}
        # GitLab expands a job's variables before the job sees them.
        variables = {name: Template(value).safe_substitute(given) for name, value in job["variables"].items()}
        machine.be_alpine()

        machine.runs(
            *job["before_script"],
            *job["script"],
            *job["script"],
            env=machine.variables(variables) | {token: web_identity("project_path:a/b")} | given,
        )

        assert _AS_PULLER in _principal(home, machine.answer)
        assert 2 == home.aws.count("GetAuthorizationToken")

    def test_job_pulls_as_role_of_the_other_account(self, home: Home, tmp_path: Path) -> None:
        (job,) = yaml.safe_load(pages.blocks("gitlab.md", "yaml")[0]).values()
        home.aws.add_role(job["variables"]["AWS_ROLE_ARN"], web_identity_subjects=["project_path:a/b"])
        ((token, about),) = job["id_tokens"].items()
        assert {"aud": "sts.amazonaws.com"} == about
        given = {"CI_JOB_ID": "1", "CI_PROJECT_DIR": str(tmp_path), token: web_identity("project_path:a/b")}
        variables = {name: value.replace("/tmp/", f"{tmp_path}/") for name, value in job["variables"].items()}  # noqa: S108
        exports = [f'export {name}="{value}"' for name, value in variables.items()]
        get = 'echo "$REGISTRY" | docker-credential-ecrx get >answer'

        script = "\n".join([*exports, *job["before_script"], get, *job["after_script"]])
        done = subprocess.run(
            ["/bin/sh", "-ec", script], env=home.env | given, cwd=tmp_path, capture_output=True, text=True, check=False
        )

        assert 0 == done.returncode, done
        assert _AS_PULLER in _principal(home, (tmp_path / "answer").read_text())
        assert 1 == home.aws.count("GetAuthorizationToken")
        assert [] == list(tmp_path.glob("aws-id-token*"))
        assert given[token] not in done.stdout + done.stderr

    def test_runner_uses_helper_from_docker_auth_config(self, home: Home) -> None:
        (runner,) = tomllib.loads(pages.blocks("gitlab.md", "toml")[0])["runners"]
        ((name, _, document),) = (variable.partition("=") for variable in runner["environment"])
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')

        assert "DOCKER_AUTH_CONFIG" == name
        ((registry, suffix),) = json.loads(document)["credHelpers"].items()
        assert home.run("get", stdin=registry, argv0=f"docker-credential-{suffix}").secret


class TestHosts:
    def test_service_without_a_home_pulls_as_other_account(self, home: Home, aws: Sessions, tmp_path: Path) -> None:
        def own(text: str) -> str:
            return re.sub("(?<![a-z])/(etc|var)/", f"{tmp_path}/\\1/", text)

        files = re.findall(r"^`(/etc/\S+)`.*?^```\w+\n(.*?)^```$", pages.text("hosts.md"), re.MULTILINE | re.DOTALL)
        for name, content in files:
            path = Path(own(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        _, unit = files[-1]
        home.env |= dict(own(value).split("=", 1) for value in re.findall("^Environment=(.*)$", unit, re.MULTILINE))
        assert "StateDirectory=ecrx\n" in unit
        Path(home.env["XDG_STATE_HOME"]).mkdir(parents=True)
        del home.env["HOME"]
        with Server(instance(aws, _OWN, "node")) as metadata:
            home.env |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url, "AWS_EC2_METADATA_DISABLED": "false"}
            config = json.loads((Path(home.env["DOCKER_CONFIG"]) / "config.json").read_text())
            ((registry, suffix),) = config["credHelpers"].items()
            found = [home.run("get", stdin=registry, argv0=f"docker-credential-{suffix}") for _ in range(2)]

        assert found[0].secret == found[1].secret
        assert _AS_PULLER in _principal(home, found[0].stdout)


class TestContainers:
    @pytest.mark.parametrize("keyring", ["as the page says", "auto"])
    @pytest.mark.parametrize("dockerfile", pages.blocks("containers.md", "dockerfile"), ids=["glibc", "musl"])
    def test_pull_without_the_kernel_keyring(
        self, home: Home, aws: Sessions, tmp_path: Path, dockerfile: str, keyring: str
    ) -> None:
        env = dict(line.split("=", 1) for line in re.findall(r"^ENV (.*)$", dockerfile, re.MULTILINE))
        assert "\nCOPY config.json ecrx.toml /etc/docker-client/\n" in dockerfile
        (tmp_path / "config.json").write_text(pages.blocks("containers.md", "json")[0])
        (tmp_path / "ecrx.toml").write_text(pages.blocks("containers.md", "toml")[0])
        keys = aws.open_session(_OWN, "task", "pod")
        home.env |= {name: value.replace("/etc/docker-client", str(tmp_path)) for name, value in env.items()}
        home.env |= {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": str(keys[2])}
        if keyring == "auto":
            del home.env["ECRX_KEYRING"]
        ((registry, suffix),) = json.loads((tmp_path / "config.json").read_text())["credHelpers"].items()

        command: list[str | Path] = [sys.executable, seccomp.__file__, home.bin / f"docker-credential-{suffix}", "get"]
        answers = [
            subprocess.run(command, input=registry, env=home.env, capture_output=True, text=True, check=False)
            for _ in range(2)
        ]

        assert [(0, "")] * 2 == [(answer.returncode, answer.stderr) for answer in answers]
        assert _AS_PULLER in _principal(home, answers[1].stdout)
        assert _TWICE == [call.operation for call in aws.calls]


def _files(runner: Runner) -> list[Path]:
    """Return the files in the runner's temporary folder."""
    return [path for path in Path(runner.env["RUNNER_TEMP"]).rglob("*") if path.is_file()]
