"""deploy/kubernetes/node.sh: what it does on a node, with a made-up kubelet, systemctl and program."""

import os
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support import need, pages
from support.releases import User

_ROOT = Path(__file__).parents[2]
_PROGRAM = """\
#!/bin/sh
case $1{command} in
    version*) echo "docker-credential-ecrx {version}" ;;
    kubelettrue)
        shift 2
        printf '%s\\n' "- name: docker-credential-ecrx" "kind: CredentialProviderConfig"
        for word in "$@"; do echo "arg: $word"; done
        ;;
    *) exec {command} "$@" ;;
esac
"""
_SYSTEMCTL = """\
#!/bin/sh
case $1 in
    show)
        [ "$*" = "show --property=MainPID --value $(cat "$HOME/unit")" ] && cat "$HOME/pid"
        [ ! -e "$HOME/next-pid" ] || mv "$HOME/next-pid" "$HOME/pid"
        exit ;;
esac
[ ! -e "$HOME/broken" ] || exit 1
echo "$*" >>"$HOME/restarts"
if grep -qs refused "$HOME/etc/provider.yaml"; then echo 0 >"$HOME/pid"; else echo 4711 >"$HOME/pid"; fi
"""
# What node.sh and install.sh run, besides what a shell has itself; busybox has all of them except systemctl.
_COMMANDS = {
    *("awk", "basename", "cat", "chmod", "cksum", "cp", "dirname", "find", "grep", "gzip", "id", "ln", "ls", "mkdir"),
    *("mktemp", "mv", "readlink", "rm", "rmdir", "sed", "sh", "sleep", "sort", "tail", "tar", "touch", "tr", "true"),
    *("uname", "wc"),
}
_NAME = "docker-credential-ecrx"
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
        self.commands = folder / "commands"
        self.commands.mkdir()
        self._put("systemctl", _SYSTEMCTL)
        (self.home / "unit").write_text("kubelet\n")
        self.flags = [
            f"--image-credential-provider-config={self.provider}",
            f"--image-credential-provider-bin-dir={self.bin}",
        ]
        self.set_kubelet(*self.flags)
        self.add_archive("1.0.0")

    def set_kubelet(self, *flags: str, version: str = "Kubernetes v1.34.2", pid: int = 4711) -> None:
        """Let the node's systemd run that process with these arguments, which says that version."""
        for number in (1, pid):
            process = self.home / "proc" / str(number)
            (process / "ns").mkdir(parents=True, exist_ok=True)
            (process / "ns" / "mnt").unlink(missing_ok=True)
            (process / "ns" / "mnt").symlink_to("mnt:[4026531841]")
        (process / "cmdline").write_text("\0".join(["/usr/bin/kubelet", "--v=2", *flags, "--node-ip=::"]) + "\0")
        (process / "exe").write_text(f"#!/bin/sh\necho '{version}'\n")
        (process / "exe").chmod(0o755)
        (self.home / "pid").write_text(f"{pid}\n")

    def add_archive(
        self,
        version: str,
        machine: str = platform.machine(),
        *,
        command: str | Path = "true",
        program: str = _PROGRAM,
    ) -> None:
        """Put the release archive into the image, instead of another one; ``command`` is the real program, if any."""
        for path in self.image.glob("*.tar.gz"):
            path.unlink()
        release = self.release = self.user.unpack(version, program=program, command=str(command))
        with tarfile.open(self.image / f"docker-credential-ecrx-{version}-linux-{machine}.tar.gz", "w:gz") as archive:
            archive.add(release, release.name)

    def run(
        self, env: Mapping[str, str] | None = None, *, prefix: Sequence[str] = ()
    ) -> tuple[int, list[str], list[str]]:
        """Return the exit status of node.sh, and its lines on stdout and stderr."""
        done = subprocess.run(
            [*prefix, "/bin/sh", _ROOT / "deploy" / "kubernetes" / "node.sh", self.image],
            env={
                "HOME": str(self.home),
                "PATH": f"{self.commands}:/usr/bin:/bin",
                "ECRX_PREFIX": str(self.home / "prefix"),
                "ECRX_BIN_DIR": str(self.bin),
                "ECRX_CONFIG_FILE": str(self.config),
                "ECRX_PROVIDER_CONFIG": str(self.provider),
                "ECRX_PROC": str(self.home / "proc"),
                "ECRX_SECONDS": "0",
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

    def link_command(self, name: str) -> None:
        """Put this machine's command beside the node's systemctl."""
        (self.commands / name).symlink_to(need.command(name))

    def _put(self, name: str, text: str) -> None:
        path = self.commands / name
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
        assert node.provider.read_text().endswith(f"Config\narg: --config\narg: {node.config}\n")
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
        options = {"ECRX_PROVIDER_OPTIONS": "--match\n*.dkr.ecr.*.amazonaws.com\n"}

        assert (0, [f"wrote {node.provider}", "restarted kubelet"], []) == node.run(options)
        assert node.provider.read_text().endswith("arg: --match\narg: *.dkr.ecr.*.amazonaws.com\n")

    def test_options_may_be_as_a_person_writes_them(self, node: Node) -> None:
        lines = "# for pods\n\n--service-accounts required \n  --match  *.dkr.ecr.*.on.aws\r\n--json\n # --rbac\n"

        assert 0 == node.run({"ECRX_PROVIDER_OPTIONS": lines})[0]
        *_, accounts, match, last = node.provider.read_text().splitlines()
        assert ("arg: --service-accounts=required", "arg: --match=*.dkr.ecr.*.on.aws", "arg: --json") == (
            *(accounts, match, last),
        )
        assert 7 == len(node.provider.read_text().splitlines())

    @pytest.mark.parametrize("text", [_TOML, "", '[security]\naccounts = ["444444444444"]\n'])
    def test_valid_config_toml_is_written(self, node: Node, program: Path, text: str) -> None:
        node.add_archive("1.0.1", command=program)
        (node.image / "config" / "config.toml").write_text(text)

        assert (0, []) == node.run()[::2]
        assert text == node.config.read_text()

    def test_invalid_config_toml_is_not_written(self, node: Node, program: Path) -> None:
        node.add_archive("1.0.1", command=program)
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
        """It is said until somebody restarted kubelet."""
        said = [node.run({"ECRX_RESTART": "no"})[1][-1] for _ in range(2)]
        node.set_kubelet(*node.flags, pid=4712)

        assert ["kubelet has to be restarted: systemctl restart kubelet"] * 2 == said
        assert (0, [], []) == node.run({"ECRX_RESTART": "no"})
        assert (0, [], []) == node.run()
        assert [] == node.restarts()

    def test_flags_may_be_two_words(self, node: Node) -> None:
        node.set_kubelet(*(word for flag in node.flags for word in flag.split("=")))

        assert 0 == node.run()[0]

    def test_flag_may_end_in_a_slash(self, node: Node) -> None:
        node.set_kubelet(node.flags[0], f"{node.flags[1]}/")

        assert 0 == node.run()[0]
        assert 0 == node.run({"ECRX_BIN_DIR": f"{node.bin}/"})[0]

    @pytest.mark.parametrize("unit", ["k3s", "k3s-agent"])
    def test_k3s_has_the_flags_itself(self, node: Node, unit: str) -> None:
        node.set_kubelet(version="exe version v1.34.1+k3s1 (24fc436e)\ngo version go1.24.6")
        (node.home / "unit").write_text(f"{unit}\n")

        status, _, errors = node.run({"ECRX_UNIT": unit})

        assert (0, [], [f"restart {unit}"]) == (status, errors, node.restarts())

    def test_k3s_reads_its_own_paths(self, node: Node) -> None:
        """Without other variables than ECRX_UNIT, the files are where k3s looks for them."""
        if os.getuid() != 0:
            need.missing("root, to make namespaces,")
        (node.home / "unit").write_text("k3s\n")
        script = 'mount -t tmpfs tmpfs /var/lib && "$@" && cd /var/lib/rancher/credentialprovider && ls . bin'

        status, said, errors = node.run(
            {"ECRX_UNIT": "k3s", "ECRX_BIN_DIR": "", "ECRX_PROVIDER_CONFIG": ""},
            prefix=[need.command("unshare"), "--mount", "sh", "-c", script, "sh"],
        )

        assert (0, []) == (status, errors)
        assert "wrote /var/lib/rancher/credentialprovider/config.yaml" in said
        assert ["bin", "config.yaml", "docker-credential-ecrx"] == sorted({*said} & {*("bin", "config.yaml"), _NAME})

    def test_what_a_killed_run_unpacked_is_deleted(self, node: Node) -> None:
        (node.bin / ".unpacked.ab12cd").mkdir(parents=True)

        assert 0 == node.run()[0]
        assert [] == [*node.bin.glob(".unpacked.*")]

    def test_page_uninstalls_it(self, node: Node) -> None:
        node.run()
        script = pages.blocks("nodes.md", "sh")[-1].replace("/etc/ecrx", str(node.config.parent))
        script = script.replace("/usr/local/lib/ecrx", str(node.bin)).replace("/usr/local", f"{node.home}/prefix")
        script = re.sub(r"docker-credential-ecrx-[0-9.]+/", f"{node.release}/", script)

        subprocess.run(["/bin/sh", "-ec", script], env=node.user.env, check=True, capture_output=True)

        assert {"unit", "pid", "restarts"} == {path for path in node.user.files() if not path.startswith("proc")}


class TestRefusedConfiguration:
    """Kubelet would not run with it, and then Kubernetes could not send the node a better one."""

    @pytest.mark.parametrize("option", ["--rbac", "--help"])
    def test_other_output_is_not_written(self, node: Node, program: Path, option: str) -> None:
        node.add_archive("1.0.1", command=program)
        node.run()
        before = node.provider.read_text()

        status, said, (error,) = node.run({"ECRX_PROVIDER_OPTIONS": option})

        assert (1, [], before) == (status, said, node.provider.read_text())
        assert "has an option that does not print a provider's configuration, such as --rbac" in error
        assert ["restart kubelet"] == node.restarts()

    def test_old_one_comes_back(self, node: Node) -> None:
        """The refused one is not tried again, until it changes."""
        node.run()
        before = node.provider.read_text()
        bad = {"ECRX_PROVIDER_OPTIONS": "--match=refused", "ECRX_SECONDS": "1"}

        status, _, (error,) = node.run(bad)

        restarts = ["restart kubelet", "restart kubelet", "reset-failed kubelet", "restart kubelet"]
        assert (1, before, restarts) == (status, node.provider.read_text(), node.restarts())
        assert f"kubelet did not run with the new {node.provider}, which is {node.provider}.rejected now: " in error
        status, _, (error,) = node.run(bad)
        assert (1, 4) == (status, len(node.restarts()))
        assert f"change it, or delete {node.provider}.rejected to try again" in error
        assert 0 == node.run({"ECRX_PROVIDER_OPTIONS": "--match=b.c"})[0]
        assert [] == [*node.provider.parent.glob("*.yaml.*")]

    def test_k3s_starts_without_the_first_one(self, node: Node) -> None:
        (node.home / "unit").write_text("k3s\n")

        status, _, _ = node.run({"ECRX_UNIT": "k3s", "ECRX_PROVIDER_OPTIONS": "--match=refused"})

        restarts = ["restart k3s", "reset-failed k3s", "restart k3s"]
        assert (1, False, restarts) == (status, node.provider.exists(), node.restarts())

    def test_old_one_comes_back_if_others_restart(self, node: Node) -> None:
        """Somebody restarted it, or the node."""
        node.run()
        before = node.provider.read_text()
        node.run({"ECRX_PROVIDER_OPTIONS": "--match=refused", "ECRX_RESTART": "no"})
        node.set_kubelet(*node.flags, pid=4712)
        (node.home / "next-pid").write_text("0\n")

        status, _, (error,) = node.run({"ECRX_PROVIDER_OPTIONS": "--match=refused"})

        assert (1, before) == (status, node.provider.read_text())
        assert f"kubelet did not run with the new {node.provider}, which is {node.provider}.rejected now: " in error
        assert ["restart kubelet", "reset-failed kubelet", "restart kubelet"] == node.restarts()

    def test_config_toml_that_a_new_program_refuses(self, node: Node) -> None:
        """Then neither replaces what is there."""
        node.run()
        before = node.user.files()
        refusing = '*) echo "docker-credential-ecrx: unknown key" >&2; exit 1 ;;'
        node.add_archive("1.1.0", program=_PROGRAM.replace('*) exec {command} "$@" ;;', refusing))

        status, said, (error,) = node.run()

        assert (1, [], "1.0.0", before) == (status, said, node.version(), node.user.files())
        assert ": the new docker-credential-ecrx 1.1.0 refuses config.toml, and is not installed: unknown key" in error


class TestOtherProvider:
    _OWN = "providers:\n  - name: docker-credential-ecrx\n    env:\n      - name: AWS_CONFIG_FILE\n"

    def _keep(self, node: Node, text: str) -> tuple[int, list[str], list[str]]:
        node.provider.parent.mkdir()
        node.provider.write_text(text)
        return node.run()

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("providers:\n  - name: acr-credential-provider\n", "acr-credential-provider"),
            ("providers:\n- args: [get]\n  name: 'acr' # Azure\n", "acr"),
            ('{"providers": [{"name": "acr", "args": []}]}', "acr"),
            (f"{_OWN}  - name: ecr-credential-provider\n", "ecr-credential-provider"),
            ("providers: []\n", "no provider of this program"),
        ],
    )
    def test_is_never_overwritten(self, node: Node, text: str, names: str) -> None:
        status, said, (error,) = self._keep(node, text)

        assert (1, [], text, []) == (status, said, node.provider.read_text(), node.restarts())
        assert f": {node.provider} has {names}, and is not overwritten" in error
        assert not node.bin.exists()

    @pytest.mark.parametrize("text", ["", _OWN])
    def test_own_one_is_overwritten(self, node: Node, text: str) -> None:
        assert 0 == self._keep(node, text)[0]
        assert text != node.provider.read_text()

    @pytest.mark.parametrize(
        ("version", "says"),
        [
            ("Kubernetes v1.31.9-eks-1", "kubelet is v1.31.9-eks-1, and --service-accounts needs v1.34 or newer"),
            ("k3s version v1.33.4+k3s1 (0a1b)", "kubelet is v1.33.4+k3s1, and --service-accounts needs v1.34"),
            ("exec format error", "cannot read kubelet's version, and --service-accounts needs v1.34"),
        ],
    )
    def test_service_accounts_need_a_newer_kubelet(self, node: Node, program: Path, version: str, says: str) -> None:
        """Before 1.32, kubelet ignores what it does not know, and every pod would pull as the node."""
        node.add_archive("1.0.1", command=program)
        node.set_kubelet(*node.flags, version=version)
        node.run()
        before = node.provider.read_text()

        status, _, (error,) = node.run({"ECRX_PROVIDER_OPTIONS": "--service-accounts required"})

        assert (1, before, 1) == (status, node.provider.read_text(), len(node.restarts()))
        assert says in error

    @pytest.mark.parametrize("options", ["--service-accounts optional", "--service-accounts required\n--json"])
    def test_service_accounts_with_a_new_kubelet(self, node: Node, program: Path, options: str) -> None:
        node.add_archive("1.0.1", command=program)

        assert 0 == node.run({"ECRX_PROVIDER_OPTIONS": options})[0]
        assert "tokenAttributes" in node.provider.read_text()


class TestContainer:
    @pytest.fixture
    def container(self, tmp_path: Path) -> Path:
        """Return the files of the container: busybox, and run.sh with a node.sh that looks around."""
        if os.getuid() != 0:
            need.missing("root, to make namespaces,")
        (tmp_path / "node").write_text("seen on the node\n")
        container = tmp_path / "container"
        for name in ("bin", "dev", "ecrx/run", "proc"):
            (container / name).mkdir(parents=True)
        (container / "dev" / "null").touch()
        shutil.copy(need.static_busybox(), container / "bin" / "busybox")
        for name in ("sh", "nsenter", "sleep", "rm"):
            (container / "bin" / name).symlink_to("busybox")
        shutil.copy(_ROOT / "deploy" / "kubernetes" / "run.sh", container / "ecrx")
        # It succeeds once, and in the second run of run.sh it fails.
        lines = f'ls "$1"; cat {tmp_path}/node; [ ! -e "$1/run/ready" ] || exit 3; touch "$1/run/seen"'
        (container / "ecrx" / "node.sh").write_text(lines)
        return container

    def _run(self, container: Path, before: str = "true", interval: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the container; process 1 of a namespace stands for the node's, and a chroot for the container."""
        inner = f"mount -t proc proc {container}/proc && exec chroot {container} /bin/sh /ecrx/run.sh"
        node = f"{before}; unshare --mount sh -c '{inner}'"
        return subprocess.run(
            [need.command("unshare"), "--pid", "--fork", "--mount-proc", "--mount", "sh", "-c", f"{node}; exit $?"],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ECRX_INTERVAL": str(interval)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_runs_it_in_the_nodes_mounts(self, container: Path) -> None:
        """After the first success the container is ready, and after a failure it ends."""
        (container / "ecrx" / "run" / "ready").write_text("of an earlier run")

        done = self._run(container)

        seen = ["node.sh", "run", "run.sh", "seen on the node"]
        assert (3, [*seen, *seen], True) == (
            *(done.returncode, done.stdout.splitlines(), (container / "ecrx" / "run" / "seen").exists()),
        ), done

    def test_ends_after_node_sh_if_it_is_stopped(self, container: Path) -> None:
        """Or else kubelet may run with a configuration that nobody takes back."""
        (container / "ecrx" / "node.sh").write_text("kill -TERM $PPID; sleep 0.1; echo finished")

        done = self._run(container)

        assert (0, "finished\n") == (done.returncode, done.stdout), done

    def test_ends_at_once_while_it_waits(self, container: Path) -> None:
        (container / "ecrx" / "node.sh").write_text("{ sleep 0.3; kill -TERM $PPID; } >&- 2>&- & echo waits")

        done = self._run(container, interval=60)

        assert (0, "waits\n") == (done.returncode, done.stdout), done

    def test_names_a_node_without_a_shell(self, container: Path) -> None:
        """The root of process 1 has nothing in its bin folder, as on Bottlerocket."""
        root = container.parent
        shutil.copy(need.static_busybox(), root)
        inner = "/busybox mount -t proc proc /container/proc; /busybox chroot /container /bin/sh /ecrx/run.sh; exit $?"

        done = subprocess.run(
            [need.command("unshare"), "--pid", "--fork", "--mount", "chroot", root, "/busybox", "sh", "-c", inner],
            capture_output=True,
            text=True,
            check=False,
        )

        assert (1, "") == (done.returncode, done.stdout)
        assert "the node has no /bin/sh" in done.stderr


class TestProcess:
    """Real processes: one of the node, and one of a container, which may have any name, arguments and program."""

    _START = """\
unshare --mount {folder}/kubelet 60 &
echo $! >{home}/of-pod
sh -c 'sleep 60; :' kubelet {flags} &
echo $! >{home}/of-node
until [ "$(cat /proc/$(cat {home}/of-pod)/comm)" = kubelet ]; do sleep 0.01; done
until tr '\\0' ' ' </proc/$(cat {home}/of-node)/cmdline | grep -q '^sh -c sleep'; do sleep 0.01; done
cp {home}/{main} {home}/pid
"$@"
"""

    def _run(self, node: Node, folder: Path, main: str) -> tuple[int, list[str], list[str]]:
        """Return what node.sh does if that process is the unit's, and the process IDs whose program it runs."""
        if os.getuid() != 0:
            need.missing("root, to make namespaces,")
        shutil.copy(need.command("sleep"), folder / "kubelet")
        script = self._START.format(folder=folder, home=node.home, flags=" ".join(node.flags), main=main)
        trace = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(folder / "trace")]
        unshare = [need.command("unshare"), "--pid", "--fork", "--mount-proc", "--mount", "sh", "-c", script, "sh"]
        need.command("strace")
        status, _, errors = node.run({"ECRX_PROC": "/proc"}, prefix=[*unshare, *trace])
        return status, errors, re.findall(r'execve\("/proc/(\d+)/exe"', (folder / "trace").read_text())

    def test_of_the_unit_is_kubelet(self, node: Node, tmp_path: Path) -> None:
        status, errors, executed = self._run(node, tmp_path, "of-node")

        assert (0, [], [(node.home / "of-node").read_text().strip()]) == (status, errors, executed)

    def test_of_a_container_is_never_run(self, node: Node, tmp_path: Path) -> None:
        """Not even if systemd names it: node.sh is root on the node."""
        status, (error,), executed = self._run(node, tmp_path, "of-pod")

        assert (1, []) == (status, executed)
        assert "of the unit kubelet does not run in the node's own mounts" in error


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
        node.set_kubelet(*node.flags, version=f"Kubernetes {version}")

        assert f"kubelet is {version}, and this needs v1.26 or newer; upgrade the node" in self._error(node)

    @pytest.mark.parametrize("version", ["v1.26.0", "v1.34.0-eks-1", "v2.0.0"])
    def test_a_newer_kubelet_lacks_nothing(self, node: Node, version: str) -> None:
        node.set_kubelet(*node.flags, version=f"Kubernetes {version}")

        assert 0 == node.run()[0]

    def test_the_flags(self, node: Node) -> None:
        """The files are there then, because kubelet does not start with the flags and without them."""
        node.set_kubelet()

        line = self._error(node, installed=True)

        assert f"kubelet runs without {node.flags[0]}; set it where the node is started" in line
        assert ("1.0.0", True) == (node.version(), node.provider.exists())
        node.set_kubelet(*node.flags, pid=4712)
        assert (0, [], []) == node.run()
        assert [] == node.restarts()

    def test_the_right_flags(self, node: Node) -> None:
        other = "--image-credential-provider-bin-dir=/etc/eks/image-credential-provider"
        node.set_kubelet(node.flags[0], other)

        assert f"kubelet runs with {other}, and not with {node.flags[1]}; set it" in self._error(node, installed=True)

    @pytest.mark.parametrize("pid", ["0", ""])
    def test_a_kubelet(self, node: Node, pid: str) -> None:
        (node.home / "pid").write_text(pid)

        assert "the unit kubelet is not running; for k3s set ECRX_UNIT" in self._error(node)

    def test_one_process_that_is_kubelet(self, node: Node) -> None:
        """RKE2's kubelet is a child that it starts again and again, so that nothing shows whether it runs."""
        status, said, (error,) = node.run({"ECRX_UNIT": "rke2-server"})

        assert (1, [], []) == (status, said, node.restarts())
        assert "RKE2 is not supported" in error

    def test_a_command(self, node: Node) -> None:
        """Not cmp: minimal systems have no diffutils."""
        for name in sorted(_COMMANDS - {"gzip"}):
            node.link_command(name)

        status, _, (error,) = node.run({"PATH": str(node.commands)})
        node.link_command("gzip")

        assert (1, True) == (status, "the node has no command gzip" in error)
        assert (0, []) == node.run({"PATH": str(node.commands)})[::2]

    def test_a_folder_that_can_be_written(self, node: Node) -> None:
        (node.home / "file").touch()

        status, _, (error,) = node.run({"ECRX_BIN_DIR": str(node.home / "file" / "bin")})

        assert (1, True) == (status, f"cannot create {node.home}/file/bin; choose" in error)

    def test_an_archive_for_the_machine(self, node: Node) -> None:
        node.add_archive("1.0.1", "riscv64")

        assert f"the image has no archive for {platform.machine()}" in self._error(node)

    def test_one_archive_for_the_machine(self, node: Node) -> None:
        """Not the last one by name, which is 1.9.0 and not 1.10.0."""
        (one,) = node.image.glob("*.tar.gz")
        other = one.with_name(one.name.replace("1.0.0", "1.10.0"))
        shutil.copy(one, other)

        error = self._error(node)

        assert f"more than one archive for {platform.machine()}: {one.name} {other.name}; build it" in error

    def test_a_program_that_runs_there(self, node: Node) -> None:
        """What runs there now is not replaced, for example by one for a newer glibc."""
        node.run()
        node.add_archive("1.1.0", program="#!/bin/sh\necho GLIBC_2.36 not found >&2\nexit 1\n")

        status, _, (error,) = node.run()

        archive = f"docker-credential-ecrx-1.1.0-linux-{platform.machine()}.tar.gz"
        assert (1, True) == (status, f"the program in {archive} does not run on this node: GLIBC_2.36 not" in error)
        assert "1.0.0" == node.version()
