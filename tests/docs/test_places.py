"""The pages about places on AWS and about containers: what a reader pastes works as it would there."""

import email
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from faults.helpers import unshared

from docker_credential_ecrx import __version__
from fakes import names
from fakes.images import Images
from support import downloads, kubernetes, need, pages, seccomp
from support import machine as machines
from support.aws_parts import Server, Sessions, Source, container, instance
from support.home import HOST, PRIMARY, Home
from support.machine import Machine
from support.users import another_user

_OWN = "333333333333"
_PULLER = "arn:aws:iam::222222222222:role/puller"
_AS_PULLER = "arn:aws:sts::222222222222:assumed-role/puller/"
_TWICE = ["AssumeRole", "GetAuthorizationToken"] * 2
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
_BUILDSPEC = {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
_PHASE = {"run-as", "on-failure", "runtime-versions", "commands", "finally"}
_READ_ONLY = 'mount -o remount,bind,ro / && exec "$@"'


@pytest.fixture
def aws() -> Iterator[Sessions]:
    """Return AWS, where an instance, a build or a task may assume the role that pulls."""
    with Sessions() as fake:
        fake.add_role(_PULLER, trusts=[_OWN])
        yield fake


@pytest.fixture
def machine(home: Home, tmp_path: Path) -> Iterator[Machine]:
    """Return a machine on which nothing is installed yet."""
    with machines.running(tmp_path, home) as found:
        yield found


def _drop_in(machine: Machine) -> Path:
    """Return the file that gives kubelet its flags."""
    return machine.root / "etc" / "eks" / "nodeadm.d" / "ecrx.yaml"


@contextmanager
def _at(address: str, source: Source) -> Iterator[None]:
    """Serve at the address that AWS's own service has on its machines."""
    names.need_namespaces()
    with names.address(address), Server(source, (address, 80)):
        yield


@pytest.fixture
def metadata(aws: Sessions, home: Home) -> Iterator[None]:
    """Serve as the metadata service of an instance that accepts only version 2."""
    del home.env["AWS_EC2_METADATA_DISABLED"]
    with _at("169.254.169.254", instance(aws, _OWN, "node")):
        yield


def _principal(home: Home, answer: str) -> str:
    return home.aws.issued[json.loads(answer)["Secret"]].principal


def _grants_only_pulls(home: Home, command: str) -> None:
    (role,) = re.findall(r"arn:\S+", command)
    home.aws.add_role(role)
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.add_profile("owner", region="us-east-1")
    repository = home.aws.add_repository(PRIMARY, "app")

    subprocess.run(["/bin/sh", "-ec", command], env=home.env, check=True, capture_output=True)

    (statement,) = json.loads(home.aws.ecr.repositories[repository] or "")["Statement"]
    assert role == statement["Principal"]["AWS"]
    assert "ecr:BatchGetImage" in statement["Action"]
    assert "ecr:PutImage" not in statement["Action"]


def _blocks() -> list[tuple[str, str, str]]:
    """Return every snippet of every page, with the page and the language."""
    found = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (page.name, *block) for page in sorted(pages.FOLDER.glob("*.md")) for block in found.findall(page.read_text())
    ]


class TestSnippets:
    @pytest.mark.parametrize(("page", "language", "text"), _blocks())
    def test_are_valid(self, page: str, language: str, text: str) -> None:
        """JSON, YAML and TOML parse, and scripts have a shell's syntax."""
        readers = {"json": json.loads, "yaml": yaml.safe_load, "toml": tomllib.loads}
        if language in readers:
            assert readers[language](text)
        if language == "sh":
            done = subprocess.run(["/bin/sh", "-n"], input=text, capture_output=True, text=True, check=False)
            assert (0, "") == (done.returncode, done.stderr), page

    @pytest.mark.parametrize(("page", "text"), [(page, text) for page, language, text in _blocks() if language == "sh"])
    def test_cannot_end_the_shell(self, page: str, text: str) -> None:
        """A snippet that sets a shell option or ends the shell does so in a subshell."""
        lines = re.sub(r"^\(\n.*?^\)$", "", text, flags=re.MULTILINE | re.DOTALL)

        assert [] == re.findall(r"^(?:set|exit|exec|trap)\b.*", lines, re.MULTILINE), page


class TestEc2:
    @pytest.mark.usefixtures("metadata")
    @pytest.mark.parametrize("is_for_root", [False, True])
    def test_pulls_as_role_of_the_other_account(self, home: Home, machine: Machine, *, is_for_root: bool) -> None:
        """The page's script installs and configures it, and the instance's role assumes the other account's."""
        script, for_root = pages.blocks("ec2.md", "sh")
        if is_for_root:
            *lines, _, _, _, end = script.splitlines(keepends=True)
            script = "".join([*lines, for_root, end])

        said = machine.pastes(script, "echo status $?")
        machine.runs(f"docker pull {HOST}/app:latest", f"docker pull {HOST}/app:latest")

        assert said.endswith("status 0\n")
        assert _AS_PULLER in _principal(home, machine.answer)
        assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in home.aws.calls]

    @pytest.mark.parametrize("command", ["dnf", "curl", "sha256sum"])
    def test_stops_if_a_command_fails(self, home: Home, machine: Machine, command: str) -> None:
        """Nothing after that command is run, and the shell that the block was pasted into goes on."""
        script, _ = pages.blocks("ec2.md", "sh")
        failing = machine.root / "usr" / "local" / "bin" / command
        failing.write_text("#!/bin/sh\nexit 7\n")
        failing.chmod(0o755)

        said = machine.pastes(script, "echo status $?")

        assert "status 7\n" == said
        assert not home.folder.joinpath(".local").exists()


class TestCodeBuild:
    @pytest.fixture
    def buildspec(self) -> dict[str, Any]:
        """Return the page's buildspec."""
        (block,) = pages.blocks("codebuild.md", "yaml")
        document: dict[str, Any] = yaml.safe_load(block)
        return document

    def test_buildspec_has_only_known_keys(self, buildspec: dict[str, Any]) -> None:
        assert set() == set(buildspec) - _BUILDSPEC
        assert 0.2 == buildspec["version"]
        assert {str} == {type(value) for value in buildspec["env"]["variables"].values()}
        assert set() == set(buildspec["phases"]) - {"install", "pre_build", "build", "post_build"}
        assert set() == {key for phase in buildspec["phases"].values() for key in phase} - _PHASE

    def test_build_pulls_as_role_of_the_other_account(
        self, home: Home, aws: Sessions, machine: Machine, buildspec: dict[str, Any]
    ) -> None:
        """All commands run in one shell, with the service role's credentials at the address for containers."""
        commands = [command for phase in buildspec["phases"].values() for command in phase["commands"]]
        given = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0a1b"}

        with _at("169.254.170.2", container(aws, _OWN, None)):
            machine.runs(*commands, env=machine.variables(buildspec["env"]["variables"]) | given)

        assert _AS_PULLER in _principal(home, machine.answer)


class TestEks:
    @pytest.fixture
    def user_data(self) -> dict[str, str]:
        """Return the parts of the page's user data by their types."""
        block, _ = pages.blocks("eks.md", "text")
        parts = email.message_from_string(block).walk()
        return {part.get_content_type(): str(part.get_payload()) for part in parts if not part.is_multipart()}

    @pytest.fixture
    def script(self, machine: Machine, user_data: dict[str, str]) -> str:
        """Return the script, which finds the archive in a bucket, for a machine that has what EKS's image has."""
        assert {"text/x-shellscript"} == user_data.keys()
        machine.root.joinpath("etc", "eks", "nodeadm.d").mkdir(parents=True)
        aws = machine.root / "usr" / "local" / "bin" / "aws"
        bucket = downloads.archive().parent
        aws.write_text(f'#!/bin/sh\n[ "$*" = "s3 cp --only-show-errors $4 $5" ] && cp "{bucket}/${{4##*/}}" "$5"\n')
        aws.chmod(0o755)
        return user_data["text/x-shellscript"]

    @pytest.mark.usefixtures("metadata")
    def test_kubelet_gets_the_token_of_the_role(self, home: Home, machine: Machine, script: str) -> None:
        """The script puts the provider where kubelet's flags say, and the provider needs no home."""
        home.aws.add_role(f"arn:aws:iam::{PRIMARY}:role/puller", trusts=[_OWN])
        del machine.env["HOME"]
        machine.runs(script)

        node = yaml.safe_load(_drop_in(machine).read_text())
        assert ("node.eks.aws/v1alpha1", "NodeConfig") == (node["apiVersion"], node["kind"])
        flags = dict(flag.removeprefix("--").split("=", 1) for flag in node["spec"]["kubelet"]["flags"])
        config = yaml.safe_load(Path(flags["image-credential-provider-config"]).read_text())
        (provider,) = kubernetes.providers(config)
        assert any(kubernetes.matches(pattern, f"{HOST}/app") for pattern in provider["matchImages"])
        done = subprocess.run(
            [Path(flags["image-credential-provider-bin-dir"]) / provider["name"], *provider["args"]],
            input=kubernetes.request(f"{HOST}/app:latest"),
            env={entry["name"]: entry["value"] for entry in provider["env"]} | {"AWS_ENDPOINT_URL": home.aws.url},
            capture_output=True,
            text=True,
            check=False,
        )

        assert (0, "") == (done.returncode, done.stderr)
        ((_, password),) = kubernetes.response(done.stdout).auth.values()
        assert f"arn:aws:sts::{PRIMARY}:assumed-role/puller/" in home.aws.issued[password].principal

    @pytest.mark.parametrize("command", ["aws", "sha256sum", "tar"])
    def test_kubelet_has_its_own_flags_if_the_script_fails(self, machine: Machine, script: str, command: str) -> None:
        """The node then starts, and pulls as it would without the program."""
        failing = machine.root / "usr" / "local" / "bin" / command
        failing.write_text("#!/bin/sh\nexit 7\n")
        failing.chmod(0o755)

        machine.pastes(script)

        assert not _drop_in(machine).exists()

    def test_part_for_the_cluster_is_complete(self) -> None:
        """AWS requires these four if the launch template has an AMI ID."""
        headers, _, text = pages.blocks("eks.md", "text")[1].partition("\n\n")
        node = yaml.safe_load(text)

        assert "--BOUNDARY\nContent-Type: application/node.eks.aws" == headers
        assert ("node.eks.aws/v1alpha1", "NodeConfig") == (node["apiVersion"], node["kind"])
        assert {"name", "apiServerEndpoint", "certificateAuthority", "cidr"} == set(node["spec"]["cluster"])

    def test_trust_policy_is_for_one_service_account(self) -> None:
        """The provider's name in it is the issuer's address without https://."""
        _, _, text = pages.blocks("eks.md", "json")
        (statement,) = json.loads(text)["Statement"]
        issuer = statement["Principal"]["Federated"].partition(":oidc-provider/")[2]

        assert ("Allow", "sts:AssumeRoleWithWebIdentity") == (statement["Effect"], statement["Action"])
        assert {
            "StringEquals": {
                f"{issuer}:aud": "sts.amazonaws.com",
                f"{issuer}:sub": "system:serviceaccount:team:app",
            }
        } == statement["Condition"]
        assert " --namespace team app " in pages.text("eks.md")

    def test_owner_grants_pulls_to_the_nodes_role(self, home: Home) -> None:
        """The page's command needs nothing on the nodes."""
        command = pages.blocks("eks.md", "sh")[0]
        _grants_only_pulls(home, command)


class TestEcs:
    def test_owner_grants_pulls_to_execution_role(self, home: Home) -> None:
        """The page's command allows the role that ECS pulls as to pull, and nothing else."""
        (command,) = pages.blocks("ecs-lambda.md", "sh")
        _grants_only_pulls(home, command)


class TestImages:
    @pytest.fixture
    def images(self, tmp_path: Path) -> Iterator[Images]:
        """Return what builds the pages' Dockerfiles beside their files.

        This machine's archive replaces those for glibc and for musl, and busybox with this machine's C library
        replaces Debian and Alpine.
        """
        archive = downloads.archive()
        names.need_namespaces()
        with names.empty(Path("/run")), names.empty(Path("/var/lib/containers")):
            found = Images(tmp_path, need.program())
            found.context.joinpath("config.json").write_text(pages.blocks("containers.md", "json")[0])
            found.context.joinpath("ecrx.toml").write_text(pages.blocks("containers.md", "toml")[0])
            musl = "" if "musl" in archive.name else "-musl"
            for libc in ("", musl):
                name = f"docker-credential-ecrx-{downloads.version(archive)}-linux-x86_64{libc}.tar.gz"
                shutil.copy(archive, found.context / name)
            shutil.copytree(need.program().parent, found.context / "docker-credential-ecrx", symlinks=True)
            yield found

    @pytest.mark.parametrize(("page", "number"), [("containers.md", 0), ("containers.md", 1), ("ecs-lambda.md", 0)])
    def test_helper_works_in_the_image(self, images: Images, home: Home, aws: Sessions, page: str, number: int) -> None:
        """The page's Dockerfile is built, and the helper in the image assumes the role with the task's credentials."""
        dockerfile = pages.blocks(page, "dockerfile")[number]
        built = images.build(dockerfile.replace(__version__, downloads.version(downloads.archive())))

        with Server(container(aws, _OWN, None)) as task:
            env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{task.url}/task", "AWS_ENDPOINT_URL": aws.url}
            said = images.run(built, env, "docker-credential-ecrx", "get", stdin=HOST)

        assert _AS_PULLER in _principal(home, said)


class TestLambda:
    @pytest.mark.parametrize("where", [{}, {"HOME": "/"}], ids=["no home", "home is the root"])
    def test_works_on_a_read_only_file_system(
        self, home: Home, aws: Sessions, tmp_path: Path, where: dict[str, str]
    ) -> None:
        """The program runs as a user without a name, and the kernel keyring is forbidden."""
        (dockerfile,) = pages.blocks("ecs-lambda.md", "dockerfile")
        (ecrx,), (config,) = (pages.blocks("containers.md", language) for language in ("toml", "json"))
        (tmp_path / "ecrx.toml").write_text(ecrx)
        (tmp_path / "config.json").write_text(config)
        env = dict(line.split("=", 1) for line in re.findall(r"^ENV (.*)$", dockerfile, re.MULTILINE))
        env = {name: value.replace("/opt/docker-client", str(tmp_path)) for name, value in env.items()}
        assert {"config.json", "ecrx.toml"} == {Path(env[name]).name for name in ("REGISTRY_AUTH_FILE", "ECRX_CONFIG")}
        ((registry, suffix),) = json.loads(config)["credHelpers"].items()
        keys = aws.open_session(_OWN, "function", "function")
        env |= {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": str(keys[2])}
        env = {name: value for name, value in home.env.items() if name not in ("HOME", "TMPDIR")} | env | where

        with another_user() as user:
            prefix = [*unshared("--mount"), "sh", "-c", _READ_ONLY, "sh", *user, sys.executable, seccomp.__file__]
            answers = [
                subprocess.run(
                    [*prefix, home.bin / f"docker-credential-{suffix}", "get"],
                    input=registry,
                    env=env,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                for _ in range(2)
            ]

        assert [(0, "")] * 2 == [(answer.returncode, answer.stderr) for answer in answers]
        assert _AS_PULLER in _principal(home, answers[1].stdout)
        assert _TWICE == [call.operation for call in aws.calls]


class TestRootless:
    @pytest.fixture
    def user(self, home: Home) -> Home:
        """Return a user with a role profile, for whom the page's lines set up Docker and podman."""
        home.add_role_profile()
        lines = pages.blocks("rootless.md", "sh")[0]
        subprocess.run(["/bin/sh", "-ec", lines], env=home.env, check=True, capture_output=True)
        return home

    def _in_namespace(self, home: Home, *lines: str) -> str:
        """Run lines as root of a separate user namespace, as podman runs its helpers.

        ``forget`` would there delete what root has stored in the other runs of the tests, which are outside:
        e2e/test_rootless.py runs it as a user of its own.
        """
        command = [*unshared("--user", "--map-root-user"), "/bin/sh", "-ec", "\n".join(lines)]
        done = subprocess.run(command, env=home.env, capture_output=True, text=True, check=False)
        assert (0, "") == (done.returncode, done.stderr), done
        return done.stdout

    @pytest.mark.parametrize("place", [".docker/config.json", ".config/containers/auth.json"])
    def test_configure_sets_up_each_client(self, user: Home, place: str) -> None:
        assert {HOST: "ecrx"} == json.loads((user.folder / place).read_text())["credHelpers"]

    def test_namespace_reads_the_keyring_outside(self, user: Home) -> None:
        get = f"printf %s {HOST} | docker-credential-ecrx get | sha256sum"
        outside = user.get(profile=None).stdout
        user.aws.calls.clear()

        answers = set(self._in_namespace(user, get, get).split()) - {"-"}

        assert {sha256(outside.encode()).hexdigest()} == answers
        assert [] == user.aws.calls

    def test_namespace_has_its_own_keyring(self, user: Home) -> None:
        """If there is no token outside, it fetches one, which is found by the next get there and not outside."""
        get = f"printf %s {HOST} | docker-credential-ecrx get | sha256sum"

        answers = set(self._in_namespace(user, get, get).split()) - {"-"}

        assert 1 == len(answers) == user.aws.count("GetAuthorizationToken")
        outside = user.get(profile=None).stdout
        assert sha256(outside.encode()).hexdigest() not in answers
        assert 2 == user.aws.count("GetAuthorizationToken")

    def test_status_shows_the_token_outside(self, user: Home) -> None:
        user.get(profile=None)

        said = self._in_namespace(user, "docker-credential-ecrx status")

        assert "profile secondary" in said
        assert "missing from the keyring" not in said


class TestDesktop:
    def test_configure_keeps_the_store_of_docker_desktop(self, home: Home) -> None:
        """The page's command turns what Docker Desktop has there into the page's file."""
        (command,), (expected,) = (pages.blocks("desktop.md", language) for language in ("sh", "json"))
        home.add_role_profile()
        path = home.folder / ".docker" / "config.json"
        path.parent.mkdir()
        path.write_text('{\n  "credsStore": "desktop"\n}\n')

        subprocess.run(["/bin/sh", "-ec", command], env=home.env, check=True, capture_output=True)

        assert json.loads(expected) == json.loads(path.read_text())
