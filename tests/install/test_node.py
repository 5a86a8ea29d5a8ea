"""deploy/kubernetes/node.sh: what it does on a node, with a made-up kubelet, systemctl and program."""

import os
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from support import need
from support.releases import User

_ROOT = Path(__file__).parents[2]
_PROGRAM = """\
#!/bin/sh
case $1 in
    version) echo "docker-credential-ecrx {version}" ;;
    kubelet) shift 2; for word in "$@"; do echo "arg: $word"; done ;;
    which) exec {command} "$@" ;;
esac
"""
_SYSTEMCTL = """\
#!/bin/sh
[ ! -e "$HOME/broken" ] || exit 1
echo "$*" >>"$HOME/restarts"
"""
_TOML = '[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "p"\n'


class Node:
    """A node in a folder; its kubelet is v1.34 and runs with the flags, unless ``set_kubelet`` says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.user = User(folder)
        self.image = folder / "image"
        (self.image / "config").mkdir(parents=True)
        (self.image / "config" / "config.toml").write_text(_TOML)
        self.home = self.user.home
        self.bin = self.home / "kubelet-bin"
        self.config, self.provider = self.home / "etc" / "config.toml", self.home / "etc" / "provider.yaml"
        self._commands = folder / "commands"
        self._commands.mkdir()
        self._put("systemctl", _SYSTEMCTL)
        self.flags = [
            f"--image-credential-provider-config={self.provider}",
            f"--image-credential-provider-bin-dir={self.bin}",
        ]
        self.set_kubelet(*self.flags)
        self.add_archive("1.0.0")

    def set_kubelet(self, *flags: str, version: str = "v1.34.2", comm: str = "kubelet") -> None:
        """Let the node run that process with these arguments."""
        process = self.home / "proc" / "4711"
        process.mkdir(parents=True, exist_ok=True)
        (process / "comm").write_text(f"{comm}\n")
        (process / "cmdline").write_text("\0".join(["/usr/bin/kubelet", "--v=2", *flags, "--node-ip=::"]) + "\0")
        self._put("kubelet", f"#!/bin/sh\necho Kubernetes {version}\n")

    def add_archive(self, version: str, machine: str = platform.machine(), reader: str | Path = "true") -> None:
        """Put the release archive into the image, instead of another one; ``reader`` is what reads config.toml."""
        for path in self.image.glob("*.tar.gz"):
            path.unlink()
        release = self.user.unpack(version, program=_PROGRAM, command=str(reader))
        with tarfile.open(self.image / f"docker-credential-ecrx-{version}-linux-{machine}.tar.gz", "w:gz") as archive:
            archive.add(release, release.name)

    def run(self, env: Mapping[str, str] | None = None) -> tuple[int, list[str], list[str]]:
        """Return the exit status of node.sh, and its lines on stdout and stderr."""
        done = subprocess.run(
            ["/bin/sh", _ROOT / "deploy" / "kubernetes" / "node.sh", self.image],
            env={
                "HOME": str(self.home),
                "PATH": f"{self._commands}:/usr/bin:/bin",
                "ECRX_PREFIX": str(self.home / "prefix"),
                "ECRX_BIN_DIR": str(self.bin),
                "ECRX_CONFIG_FILE": str(self.config),
                "ECRX_PROVIDER_CONFIG": str(self.provider),
                "ECRX_PROC": str(self.home / "proc"),
                "ECRX_KUBELET": str(self._commands / "kubelet"),
                **(env or {}),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    def restarts(self) -> list[str]:
        """Return what systemctl was asked to do."""
        path = self.home / "restarts"
        return path.read_text().splitlines() if path.exists() else []

    def version(self) -> str:
        """Return the version of the program that kubelet would run."""
        command: list[str | Path] = [self.bin / "docker-credential-ecrx", "version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return said.split()[1]

    def _put(self, name: str, text: str) -> None:
        path = self._commands / name
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Return a node on which nothing is installed."""
    return Node(tmp_path)


class TestInstallation:
    def test_installs_configures_and_restarts(self, node: Node) -> None:
        status, said, errors = node.run()

        assert (0, []) == (status, errors)
        assert [
            "installed docker-credential-ecrx 1.0.0",
            f"wrote {node.config}",
            f"wrote {node.provider}",
            "restarted kubelet",
        ] == said
        assert ("1.0.0", _TOML, ["restart kubelet"]) == (node.version(), node.config.read_text(), node.restarts())
        assert f"arg: --config\narg: {node.config}\n" == node.provider.read_text()
        assert 0o644 == node.config.stat().st_mode & 0o777

    def test_run_again_changes_nothing(self, node: Node) -> None:
        node.run()
        before = sorted((path, path.lstat().st_mtime_ns) for path in node.home.rglob("*") if path.name != "fd")

        assert (0, [], []) == node.run()
        after = sorted((path, path.lstat().st_mtime_ns) for path in node.home.rglob("*") if path.name != "fd")
        assert {path for path, _ in before} == {path for path, _ in after}
        assert ["restart kubelet"] == node.restarts()

    def test_new_version_needs_no_restart(self, node: Node) -> None:
        node.run()
        node.add_archive("1.1.0")

        assert (0, ["installed docker-credential-ecrx 1.1.0"], []) == node.run()
        assert ("1.1.0", ["restart kubelet"]) == (node.version(), node.restarts())

    def test_new_config_toml_needs_no_restart(self, node: Node) -> None:
        node.run()
        (node.image / "config" / "config.toml").write_text("")

        assert (0, [f"wrote {node.config}"], []) == node.run()
        assert ("", ["restart kubelet"]) == (node.config.read_text(), node.restarts())

    def test_new_options_restart_kubelet(self, node: Node) -> None:
        node.run()
        (node.image / "config" / "provider-options").write_text("--match\n*.dkr.ecr.*.amazonaws.com\n")

        assert (0, [f"wrote {node.provider}", "restarted kubelet"], []) == node.run()
        assert node.provider.read_text().endswith("arg: --match\narg: *.dkr.ecr.*.amazonaws.com\n")

    def test_options_may_be_as_a_person_writes_them(self, node: Node) -> None:
        lines = "# for pods\n\n--service-accounts required \n  --match  *.dkr.ecr.*.on.aws\r\n--json\n # --rbac\n"
        (node.image / "config" / "provider-options").write_text(lines)

        assert 0 == node.run()[0]
        *_, accounts, match, last = node.provider.read_text().splitlines()
        assert ("arg: --service-accounts=required", "arg: --match=*.dkr.ecr.*.on.aws", "arg: --json") == (
            *(accounts, match, last),
        )
        assert 5 == len(node.provider.read_text().splitlines())

    @pytest.mark.parametrize("text", [_TOML, "", '[security]\naccounts = ["444444444444"]\n'])
    def test_valid_config_toml_is_written(self, node: Node, program: Path, text: str) -> None:
        node.add_archive("1.0.1", reader=program)
        (node.image / "config" / "config.toml").write_text(text)

        assert (0, []) == node.run()[::2]
        assert text == node.config.read_text()

    def test_invalid_config_toml_is_not_written(self, node: Node, program: Path) -> None:
        node.add_archive("1.0.1", reader=program)
        node.run()
        before = node.user.files()
        (node.image / "config" / "config.toml").write_text(f"{_TOML}bad = [\n")

        status, said, (error,) = node.run()

        assert (1, [], _TOML, before) == (status, said, node.config.read_text(), node.user.files())
        assert f": the new config.toml is invalid, and {node.config} stays as it was: " in error
        assert 1 == error.count("docker-credential-ecrx: ")

    def test_failed_restart_is_tried_again(self, node: Node) -> None:
        (node.home / "broken").touch()
        status, _, (error,) = node.run()
        (node.home / "broken").unlink()

        assert (1, True) == (status, error.endswith("cannot restart kubelet: see journalctl --unit kubelet"))
        assert (0, ["restarted kubelet"], []) == node.run()

    def test_restart_can_be_left_to_others(self, node: Node) -> None:
        status, said, _ = node.run({"ECRX_RESTART": "no"})

        assert (0, "kubelet has to be restarted: systemctl restart kubelet") == (status, said[-1])
        assert [] == node.restarts()

    def test_flags_may_be_two_words(self, node: Node) -> None:
        node.set_kubelet(*(word for flag in node.flags for word in flag.split("=")))

        assert 0 == node.run()[0]

    def test_flag_may_end_in_a_slash(self, node: Node) -> None:
        node.set_kubelet(node.flags[0], f"{node.flags[1]}/")

        assert 0 == node.run()[0]
        assert 0 == node.run({"ECRX_BIN_DIR": f"{node.bin}/"})[0]

    @pytest.mark.parametrize("unit", ["k3s", "k3s-agent", "rke2-agent"])
    def test_k3s_has_the_flags_itself(self, node: Node, unit: str) -> None:
        node.set_kubelet(comm="k3s-agent")

        status, _, errors = node.run({"ECRX_UNIT": unit})

        assert (0, [], [f"restart {unit}"]) == (status, errors, node.restarts())


class TestContainer:
    def test_runs_it_in_the_nodes_mounts(self, tmp_path: Path) -> None:
        """Process 1 of a namespace stands for the node's, and a chroot with busybox for the container."""
        if os.getuid() != 0:
            need.missing("root, to make namespaces,")
        (tmp_path / "node").write_text("seen on the node\n")
        container = tmp_path / "container"
        for name in ("bin", "ecrx", "proc"):
            (container / name).mkdir(parents=True)
        shutil.copy(need.static_busybox(), container / "bin" / "busybox")
        for name in ("sh", "nsenter", "sleep"):
            (container / "bin" / name).symlink_to("busybox")
        shutil.copy(_ROOT / "deploy" / "kubernetes" / "run.sh", container / "ecrx")
        (container / "ecrx" / "node.sh").write_text(f'ls "$1"; cat {tmp_path}/node; exit 3\n')
        inner = f"mount -t proc proc {container}/proc && exec chroot {container} /bin/sh /ecrx/run.sh"
        node = f"unshare --mount sh -c '{inner}'"

        done = subprocess.run(
            [need.command("unshare"), "--pid", "--fork", "--mount-proc", "--mount", "sh", "-c", f"{node}; exit $?"],
            capture_output=True,
            text=True,
            check=False,
        )

        assert (3, ["node.sh", "run.sh", "seen on the node"]) == (done.returncode, done.stdout.splitlines()), done


class TestNodeThatLacksSomething:
    """One line says what is missing."""

    def _error(self, node: Node, *, installed: bool = False) -> str:
        before = node.user.files()
        status, _, errors = node.run()
        assert (1, [], installed) == (status, node.restarts(), node.user.files() != before)
        (line,) = errors
        assert re.match(r"docker-credential-ecrx: node \S+: ", line)
        return line

    @pytest.mark.parametrize("version", ["v1.25.16", "v1.9.0", "v1.24.17-eks-5e0fdde"])
    def test_an_old_kubelet(self, node: Node, version: str) -> None:
        node.set_kubelet(*node.flags, version=version)

        assert f"kubelet is {version}, and this needs v1.26 or newer; upgrade the node" in self._error(node)

    @pytest.mark.parametrize("version", ["v1.26.0", "v1.34.0-eks-1", "v2.0.0"])
    def test_a_newer_kubelet_lacks_nothing(self, node: Node, version: str) -> None:
        node.set_kubelet(*node.flags, version=version)

        assert 0 == node.run()[0]

    def test_the_flags(self, node: Node) -> None:
        """The files are there then, because kubelet does not start with the flags and without them."""
        node.set_kubelet()

        line = self._error(node, installed=True)

        assert f"kubelet runs without {node.flags[0]}; set it where the node is started" in line
        assert ("1.0.0", True) == (node.version(), node.provider.exists())
        node.set_kubelet(*node.flags)
        assert (0, ["restarted kubelet"], []) == node.run()

    def test_the_right_flags(self, node: Node) -> None:
        other = "--image-credential-provider-bin-dir=/etc/eks/image-credential-provider"
        node.set_kubelet(node.flags[0], other)

        assert f"kubelet runs with {other}, and not with {node.flags[1]}; set it" in self._error(node, installed=True)

    def test_a_kubelet(self, node: Node) -> None:
        node.set_kubelet(comm="k3s-agent")

        assert "there is no process kubelet; for k3s and RKE2 set ECRX_UNIT" in self._error(node)

    def test_an_archive_for_the_machine(self, node: Node) -> None:
        node.add_archive("1.0.1", "riscv64")

        assert f"the image has no archive for {platform.machine()}" in self._error(node)
