"""The pages about CI runners: what a reader pastes works in the environment of such a runner."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import downloads, need, pages, seccomp
from support import machine as machines
from support.aws_parts import Server, Sessions, instance, web_identity
from support.downloads import serving as _serving
from support.github import Attestations, Runner
from support.home import HOST, Home
from support.machine import Machine

_ROOT = pages.FOLDER.parent
_ACTION = _ROOT / "action.yml"
_OWN = "333333333333"
_PULLER = "arn:aws:iam::222222222222:role/puller"
_AS_PULLER = "arn:aws:sts::222222222222:assumed-role/puller/"
# No job can have these names: https://docs.gitlab.com/ci/jobs/#job-names; nor the other keywords of a file:
# https://docs.gitlab.com/ci/yaml/#global-keywords, and the deprecated ones.
_GITLAB_KEYWORDS = {"image", "services", "stages", "before_script", "after_script", "variables", "cache", "include"} | {
    *("default", "workflow", "spec", "types", "pages:deploy", "true", "false", "nil")
}
_TWICE = ["AssumeRole", "GetAuthorizationToken"] * 2


@pytest.fixture
def aws() -> Iterator[Sessions]:
    """Return AWS, where an instance or a web identity may assume the role that pulls."""
    with Sessions() as standin:
        standin.add_role(_PULLER, trusts=[_OWN])
        yield standin


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
        assert not (Path(runner.env["RUNNER_TEMP"]) / "ecrx").exists()

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
        assert not (Path(runner.env["RUNNER_TEMP"]) / "ecrx").exists()

    def test_downloads_nothing_without_gh(
        self, runner: Runner, given: dict[str, str], attestations: Attestations
    ) -> None:
        """If gh is missing, the action fails before it downloads."""
        (attestations.folder / "gh").unlink()

        assert 0 != runner.uses(_ACTION, given)
        assert "::error::gh is required to verify who built the release" in runner.said
        assert [] == _files(runner)

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

    def test_last_step_forgets(self, home: Home, runner: Runner, given: dict[str, str]) -> None:
        """The step that always runs leaves no token and nothing in Docker's configuration."""
        runner.uses(_ACTION, given)
        last = _steps()[-1]
        home.aws.calls.clear()

        assert "always()" == last["if"]
        assert 0 == runner.runs(last["run"]), runner.said
        assert "credHelpers" not in (home.folder / ".docker" / "config.json").read_text()
        assert 0 == runner.runs("docker-credential-ecrx status --json >status"), runner.said
        assert [] == json.loads((runner.folder / "status").read_text())["tokens"]

    def test_runs_no_input_as_a_command(self, runner: Runner, given: dict[str, str]) -> None:
        evil = "$(touch evil) `touch evil` ; touch evil --help"

        assert 0 != runner.uses(_ACTION, given | dict.fromkeys(("registries", "role-arn", "external-id"), evil))
        assert 0 != runner.uses(_ACTION, given | {"web-identity-role-arn": f"arn:{evil}\nPATH=/"})
        assert [] == list(runner.folder.rglob("evil"))

    def test_pins_actions_and_has_no_expression_in_scripts(self) -> None:
        """Every action is pinned by its hash, and no script contains an expression."""
        document = yaml.safe_load(_ACTION.read_text())

        assert [] == [step["run"] for step in document["runs"]["steps"] if "${{" in step["run"]]
        used = [step["uses"] for step in (*document["runs"]["steps"], *_steps()) if "uses" in step]
        assert ["OWNER/docker-credential-ecrx@COMMIT"] == [u for u in used if not re.search(r"@[0-9a-f]{40}$", u)]


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
        assert asked.endswith(f"/v1.0.0/docker-credential-ecrx-1.0.0-{system}.tar.gz")

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
        release = "OWNER/docker-credential-ecrx/releases/download/v1.0.0"
        name = "docker-credential-ecrx-1.0.0-linux-aarch64-musl.tar.gz"
        (tmp_path / "archive").write_text("an archive")
        with _serving(tmp_path / "server", f"{release}/{name}", tmp_path / "archive") as url:
            runner.env["GITHUB_SERVER_URL"] = url

            assert 0 != runner.uses(_ACTION, self.given())
        assert f"::error::the SHA-256 of {name} is not the input sha256" in runner.said.splitlines()[-1]

    def given(self) -> dict[str, str]:
        """Return the page's inputs."""
        return {name: str(value) for name, value in _steps()[0]["with"].items()} | {"sha256": "0" * 64}


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
    def test_job_names_are_valid(self, block: str) -> None:
        """GitLab rejects a file with a job that has a keyword's name."""
        names = [str(name) for name in yaml.safe_load(block)]

        assert [] == [name for name in names if name in _GITLAB_KEYWORDS or not 0 < len(name) <= 255]
        assert [] == [name for name, job in yaml.safe_load(block).items() if not job["script"]]

    def test_job_in_alpine_pulls_as_the_role(self, home: Home, machine: Machine) -> None:
        """The job in Docker's image installs the archive for musl and keeps no token in the machine's keyring."""
        ((job,),) = (yaml.safe_load(block).values() for block in pages.blocks("gitlab.md", "yaml")[1:])
        home.aws.add_role(job["variables"]["AWS_ROLE_ARN"], web_identity_subjects=["project_path:a/b"])
        (token,) = job["id_tokens"]
        given = {"CI_JOB_ID": "1", "CI_PROJECT_DIR": str(machine.root / "work")}
        machine.be_alpine()

        machine.runs(
            *job["before_script"],
            *job["script"],
            *job["script"],
            env=machine.variables(job["variables"]) | {token: web_identity("project_path:a/b")} | given,
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
