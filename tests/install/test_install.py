"""install.sh as a user runs it, from a release archive with a made-up program."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from subprocess import PIPE

import pytest

from support import need, terminals
from support.home import HOST, Home
from support.keyrings import items
from support.releases import PAGE, PROGRAM, User


class TestInstall:
    def test_puts_both_commands_into_bin(self, user: User) -> None:
        done = user.install(user.unpack("1.0"))

        assert (0, "") == (done.returncode, done.stderr)
        assert "docker-credential-ecrx 1.0\n" == user.run("docker-credential-ecrx", "version")
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    def test_puts_the_manual_page_beside_bin(self, user: User) -> None:
        user.install(user.unpack("1.0"))
        user.install(user.unpack("1.1"))

        assert "1.1" == (user.prefix / PAGE).read_text()

    def test_says_what_to_type_next(self, user: User) -> None:
        said = user.install(user.unpack("1.0")).stdout

        assert f"export PATH='{user.bin}':\"$PATH\"" in said
        assert "docker-credential-ecrx configure HOST --profile PROFILE" in said
        assert "docker-credential-ecrx setup" in said

    @pytest.mark.parametrize("end", ["", "/"])
    def test_omits_path_hint_if_bin_is_on_path(self, user: User, end: str) -> None:
        user.env["PATH"] += f":{user.bin}{end}"

        assert "PATH" not in user.install(user.unpack("1.0")).stdout

    @pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
    def test_path_hint_can_be_pasted(self, user: User, shell: str) -> None:
        """A shell keeps what is special to it in the folder's name."""
        user.env["SHELL"] = need.command(shell)
        prefix = user.home / r"""my "own's" $HOME `id` \n !x"""
        done = user.install(user.unpack("1.0"), "--prefix", prefix)
        line = done.stdout.splitlines()[2]

        # Only an interactive shell takes ! for a command of its history.
        options = ["-i"] if shell in {"bash", "zsh"} else []
        said = subprocess.run(
            [user.env["SHELL"], *options],
            input=f"{line}\nprintenv PATH\n",
            env=user.env,
            capture_output=True,
            text=True,
            check=True,
        )

        assert f"{prefix}/bin:{user.env['PATH']}" == said.stdout.splitlines()[-1]

    @pytest.mark.parametrize(
        ("shell", "files", "named"),
        [
            ("/bin/sh", [".bash_profile"], "~/.profile"),
            ("/bin/bash", [], "~/.profile"),
            ("/bin/bash", [".profile", ".bash_profile"], "~/.bash_profile"),
            ("/bin/bash", [".profile", ".bash_login"], "~/.bash_login"),
            ("/bin/zsh", [".profile"], "~/.zshrc"),
            ("/usr/bin/fish", [".profile"], "fish_add_path"),
        ],
    )
    def test_path_hint_is_for_the_users_shell(self, user: User, shell: str, files: list[str], named: str) -> None:
        """Each shell reads other files, and bash only the first of three."""
        user.env["SHELL"] = shell
        for name in files:
            (user.home / name).touch()

        assert named in user.install(user.unpack("1.0")).stdout

    def test_path_hint_names_the_folder_that_zsh_reads(self, user: User) -> None:
        user.env |= {"SHELL": "/bin/zsh", "ZDOTDIR": f"{user.home}/zsh"}

        assert f"add it to your {user.home}/zsh/.zshrc:" in user.install(user.unpack("1.0")).stdout

    def test_says_nothing_of_the_first_program_if_it_cannot_tell(self, user: User) -> None:
        """Older systems have no readlink -f."""
        tools = user.home / "tools"
        tools.mkdir()
        (tools / "readlink").write_text('#!/bin/sh\n[ "$1" != -f ] || exit 1\nexec /usr/bin/readlink "$@"\n')
        (tools / "readlink").chmod(0o755)
        user.env["PATH"] = f"{tools}:{user.bin}:{user.env['PATH']}"

        assert "instead" not in user.install(user.unpack("1.0")).stdout

    def test_names_another_program_that_is_first_on_path(self, user: User) -> None:
        """Docker would run that one."""
        other = user.home / "other"
        user.install(user.unpack("1.0"), "--prefix", other)
        user.env["PATH"] = f"{other}/bin:{user.bin}:{user.env['PATH']}"
        release = user.unpack("1.1")
        said = (
            f"PATH leads to {other}/bin/docker-credential-ecrx instead; uninstall that one, or put {user.bin} before it"
        )

        assert said in user.install(release).stdout
        assert 0 == user.install(release, "--prefix", other, "--uninstall").returncode
        (other / "bin").mkdir(parents=True)
        (other / "bin" / "docker-credential-ecrx").symlink_to(user.bin / "docker-credential-ecrx")
        assert "instead" not in user.install(release).stdout

    def test_accepts_prefix_with_spaces_and_quotes(self, user: User) -> None:
        prefix = user.home / "my own's" / "$programs"

        assert user.install(user.unpack("1.0"), "--prefix", prefix).returncode == 0

        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version", folder=prefix / "bin")

    def test_accepts_relative_prefix(self, user: User) -> None:
        release = user.unpack("1.0")

        subprocess.run([release / "install.sh", "--prefix=here"], env=user.env, cwd=user.home, check=True)

        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version", folder=user.home / "here" / "bin")

    def test_works_from_a_folder_with_spaces_and_through_a_link(self, user: User) -> None:
        release = user.unpack("1.0").rename(user.home / "my release")

        assert user.install(release).returncode == 0
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    def test_runs_the_demonstration_last(self, user: User) -> None:
        done = user.install(user.unpack("1.0"), "--demo")

        assert "the main job\n" in done.stdout
        assert (user.bin / "docker-credential-ecrx").exists()

    def test_failed_demonstration_fails(self, user: User) -> None:
        release = user.unpack("1.0", program=PROGRAM.replace('echo "the main job"', "exit 1"))

        assert user.install(release, "--demo").returncode == 1

    def test_help_installs_nothing(self, user: User) -> None:
        done = user.install(user.unpack("1.0"), "--help")

        assert (0, []) == (done.returncode, user.files())
        assert "./install.sh --demo" in done.stdout


class TestUninstallOnATerminal:
    @pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
    def test_asks_once(self, user: User, answer: str, status: int) -> None:
        release = user.unpack("1.0")
        user.install(release)

        found, seen = terminals.run([release / "install.sh", "--uninstall"], user.env, [("[y/N]: ", answer)])

        assert (status, status == 1) == (found, (user.bin / "docker-credential-ecrx").exists()), seen
        assert f"delete docker-credential-ecrx from {user.prefix}, with the tokens and passwords" in seen
        assert ("nothing was deleted" in seen) == (status == 1)

    def test_asks_nothing_with_yes(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)

        found, seen = terminals.run([release / "install.sh", "--uninstall", "--yes"], user.env)

        assert (0, False) == (found, "[y/N]" in seen)
        assert not (user.bin / "docker-credential-ecrx").exists()

    def test_asks_nothing_if_nothing_is_installed(self, user: User) -> None:
        found, seen = terminals.run([user.unpack("1.0") / "install.sh", "--uninstall"], user.env)

        assert (0, f"install.sh: docker-credential-ecrx is not installed in {user.prefix}\n") == (found, seen)


class TestReinstall:
    def test_same_version_is_reinstalled(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)
        before = user.files()
        (release / "docker-credential-ecrx" / "_internal" / "part").write_text("fixed")

        assert user.install(release).returncode == 0

        assert before == [name.replace("/1.0-1", "/1.0") for name in user.files()]
        assert "fixed" == (user.prefix / "lib/docker-credential-ecrx/current/_internal/part").read_text()

    def test_newer_version_replaces_the_old_one(self, user: User) -> None:
        user.install(user.unpack("1.0"))
        profile = user.link("docker-credential-ecrx-secondary")

        assert user.install(user.unpack("1.1")).returncode == 0

        assert "docker-credential-ecrx 1.1\n" == user.run(profile.name, "version")
        assert ["1.1"] == _versions(user)

    def test_running_version_stays_until_the_next_install(self, user: User) -> None:
        if not Path("/proc/self/exe").exists():
            need.missing("/proc")
        user.install(user.unpack("1.0"))
        with user.running():
            user.install(user.unpack("1.1"))
            assert ["1.0", "1.1"] == _versions(user)

        user.install(user.unpack("1.2"))
        assert ["1.2"] == _versions(user)

    def test_program_that_cannot_run_keeps_the_old_version(self, user: User) -> None:
        user.install(user.unpack("1.0"))

        done = user.install(user.unpack("1.1", program="#!/nowhere\n"))

        assert (1, 1) == (done.returncode, done.stderr.count("install.sh: the program does not run on this machine"))
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")
        assert ["1.0"] == _versions(user)


class TestForeignFiles:
    def test_foreign_command_stays_and_blocks_the_install(self, user: User) -> None:
        user.bin.mkdir(parents=True)
        (user.bin / "docker-credential-ecrx").write_text("mine")
        before = user.files()

        done = user.install(user.unpack("1.0"))

        assert 1 == done.returncode
        command = user.bin / "docker-credential-ecrx"
        assert f"install.sh: {command} does not belong to this program; move it away\n" == done.stderr
        assert before == user.files()
        assert "mine" == command.read_text()

    def test_foreign_manual_page_stays(self, user: User) -> None:
        (user.prefix / PAGE).parent.mkdir(parents=True)
        (user.prefix / PAGE).write_text("another's")
        release = user.unpack("1.0")

        assert 0 == user.install(release).returncode
        user.install(release, "--uninstall")

        assert "another's" == (user.prefix / PAGE).read_text()

    @pytest.mark.parametrize("part", ["bin", "lib/docker-credential-ecrx/current"])
    @pytest.mark.parametrize("place", ["/nowhere", "../../elsewhere"])
    def test_link_to_unmounted_disk_stays(self, user: User, place: str, part: str) -> None:
        """Its owner installed the program on a disk that is not mounted now."""
        user.bin.mkdir(parents=True)
        link = user.link("docker-credential-ecrx", f"{place}/{part}/docker-credential-ecrx")
        before = user.files()
        release = user.unpack("1.0")

        done = user.install(release)

        said = f"install.sh: {link} does not belong to this program; move it away\n"
        assert (1, said, before) == (done.returncode, done.stderr, user.files())
        user.install(release, "--uninstall")
        assert before == user.files()

    def test_profile_link_to_another_target_stays(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)
        link = user.link("docker-credential-ecrx-other", "/nowhere/bin/docker-credential-ecrx")

        user.install(release, "--uninstall")

        assert link.is_symlink()

    @pytest.mark.parametrize("target", ["/bin/true", "/nowhere", "/nowhere/bin/docker-credential-ecrx"])
    def test_foreign_short_name_stays_and_program_is_installed(self, user: User, target: str) -> None:
        user.bin.mkdir(parents=True)
        link = user.link("ecrx", target)
        release = user.unpack("1.0")

        done = user.install(release)

        assert 0 == done.returncode
        assert f"because {link} does not belong to this program" in done.stdout
        assert target == str(link.readlink())
        user.install(release, "--uninstall")
        assert target == str(link.readlink())


class TestFailure:
    def test_prefix_below_a_file_is_one_line(self, user: User) -> None:
        (user.home / "file").touch()

        done = user.install(user.unpack("1.0"), "--prefix", user.home / "file" / "x")

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert f"install.sh: cannot install into {user.home}/file/x: Not a directory" in done.stderr
        assert ["file"] == user.files()

    def test_prefix_without_permission_is_one_line(self, user: User) -> None:
        user.home.chmod(0o555)
        # Root without the capability that bypasses permissions.
        powerless = [need.command("setpriv"), "--bounding-set=-dac_override"] if os.getuid() == 0 else []
        command: list[str | Path] = [*powerless, user.unpack("1.0") / "install.sh"]

        done = subprocess.run(command, env=user.env, capture_output=True, text=True, check=False)

        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert f"install.sh: cannot install into {user.prefix}: Permission denied" in done.stderr
        assert [] == user.files()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--perfix", "x"], "unknown argument --perfix; run install.sh --help"),
            (["x"], "unknown argument x; run install.sh --help"),
            (["--prefix"], "--prefix needs a folder"),
            (["--prefix="], "--prefix needs a folder"),
            (
                ["--prefix=~/x"],
                "the shell did not expand the ~ of ~/x; write $HOME in its place, or ./~ for such a folder",
            ),
        ],
    )
    def test_wrong_argument_is_one_line(self, user: User, arguments: list[str], message: str) -> None:
        done = user.install(user.unpack("1.0"), *arguments)

        assert (1, f"install.sh: {message}\n") == (done.returncode, done.stderr)
        assert [] == user.files()

    def test_relative_prefix_in_a_deleted_folder_is_one_line(self, user: User) -> None:
        """Nothing is installed below the root folder instead."""
        (user.home / "gone").mkdir()
        command = 'cd gone && rmdir ../gone && exec "$0" --prefix docker-credential-ecrx-test'

        done = subprocess.run(
            [need.command("sh"), "-c", command, user.unpack("1.0") / "install.sh"],
            env=user.env,
            cwd=user.home,
            capture_output=True,
            text=True,
            check=False,
        )

        assert 1 == done.returncode
        assert done.stderr.endswith("install.sh: the current folder cannot be read; choose an absolute --prefix\n")
        assert [] == user.files()

    def test_without_a_home_asks_for_a_prefix(self, user: User) -> None:
        del user.env["HOME"]

        done = user.install(user.unpack("1.0"))

        assert (1, "install.sh: HOME is not set; choose a folder with --prefix DIR\n") == (done.returncode, done.stderr)

    @pytest.mark.parametrize("damage", ["missing", "empty", "cut", "listed as nothing"])
    def test_damaged_archive_keeps_the_old_version(self, user: User, damage: str) -> None:
        """On a full disk, tar unpacks some files in part."""
        user.install(user.unpack("1.0"))
        release = user.unpack("1.1")
        inside = release / "docker-credential-ecrx" / "_internal"
        (inside / "other part").write_text("whole")
        (inside / "parts.txt").write_text("3 part\n5 other part\n")
        assert 0 == user.install(release, "--prefix", user.home / "whole").returncode
        match damage:
            case "missing":
                (inside / "part").unlink()
            case "empty":
                (inside / "part").write_text("")
            case "cut":
                (inside / "other part").write_text("who")
            case _:
                (inside / "parts.txt").write_text("")

        done = user.install(release)

        said = f"install.sh: {release}/docker-credential-ecrx is damaged; unpack the whole archive again\n"
        assert (1, "", said) == (done.returncode, done.stdout, done.stderr)
        assert "docker-credential-ecrx 1.0\n" == user.run("ecrx", "version")

    def test_program_that_crashes_is_one_line(self, user: User) -> None:
        """The shell says nothing of its own about it."""
        done = user.install(user.unpack("1.0", program="#!/bin/sh\nkill -SEGV $$\n"))

        said = r"install.sh: the program does not run on this machine \(.+\): its exit status is 139\n"
        assert re.fullmatch(said, done.stderr)
        assert [] == user.files()

    @pytest.mark.parametrize("is_empty", [False, True])
    def test_without_the_program_leaves_nothing(self, user: User, *, is_empty: bool) -> None:
        release = user.unpack("1.0")
        shutil.rmtree(release / "docker-credential-ecrx")
        if is_empty:
            (release / "docker-credential-ecrx").mkdir()
            (release / "docker-credential-ecrx" / "docker-credential-ecrx").touch(0o755)

        done = user.install(release)

        assert (1, 1) == (done.returncode, done.stderr.count("unpack the whole archive"))
        assert [] == user.files()


class TestUninstall:
    def test_leaves_nothing(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)
        user.link("docker-credential-ecrx-secondary")
        user.link("docker-credential-ecrx-absolute", user.bin / "docker-credential-ecrx")
        state = user.home / ".local" / "state" / "ecrx"
        state.mkdir(parents=True)
        (state / "ledger.json").touch()

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert [] == user.files()

    def test_leaves_an_existing_prefix(self, user: User) -> None:
        prefix = user.home / "programs"
        (prefix / "bin").mkdir(parents=True)
        release = user.unpack("1.0")
        user.install(release, "--prefix", prefix)
        user.install(release, "--prefix", prefix)

        user.install(release, "--prefix", prefix, "--uninstall")

        assert ["programs", "programs/bin"] == user.files()

    def test_leaves_files_of_others(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)
        user.link("docker-credential-ecrx-other", "/bin/true")
        (user.bin / "tool").touch()

        user.install(release, "--uninstall")

        assert [".local", ".local/bin", ".local/bin/docker-credential-ecrx-other", ".local/bin/tool"] == user.files()

    def test_keeps_the_configuration_file_and_says_so(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)
        config = user.home / ".config" / "ecrx" / "config.toml"
        config.parent.mkdir(parents=True)
        config.touch()

        done = user.install(release, "--uninstall")

        assert f"kept your {config}" in done.stdout
        assert config.exists()

    def test_deletes_state_at_its_actual_path(self, user: User) -> None:
        user.env["XDG_STATE_HOME"] = str(user.home / "state")
        (user.home / "state" / "ecrx").mkdir(parents=True)
        (user.home / "state" / "another").mkdir()
        release = user.unpack("1.0")
        user.install(release)

        user.install(release, "--uninstall")

        assert ["state", "state/another"] == user.files()

    def test_of_nothing_says_so_and_deletes_nothing(self, user: User) -> None:
        (user.home / ".local" / "bin").mkdir(parents=True)
        (user.home / ".local" / "state" / "ecrx").mkdir(parents=True)

        done = user.install(user.unpack("1.0"), "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert done.stdout == f"install.sh: docker-credential-ecrx is not installed in {user.prefix}\n"
        assert [".local", ".local/bin", ".local/state", ".local/state/ecrx"] == user.files()

    @pytest.mark.parametrize("is_on_path", [True, False], ids=["on PATH", "in ~/.local"])
    def test_leaves_state_if_another_installation_exists(self, user: User, is_on_path: bool) -> None:  # noqa: FBT001
        """Tokens and Docker's configuration stay as well."""
        release = user.unpack("1.0", command="forget HOST... |", option="--all")
        one, other = (user.home / "one", user.prefix) if is_on_path else (user.prefix, user.home / "one")
        for prefix in (one, other):
            user.install(release, "--prefix", prefix)
        (user.home / ".local" / "state" / "ecrx").mkdir(parents=True)
        user.env["PATH"] = f"{one}/bin:{user.env['PATH']}"

        done = user.install(release, "--prefix", other, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert not (other / "bin" / "docker-credential-ecrx").exists()
        assert (user.home / ".local" / "state" / "ecrx").exists()
        assert not (user.home / "forgotten").exists()
        assert not (user.home / "configured").exists()

    def test_does_not_take_its_own_link_for_another(self, user: User) -> None:
        release = user.unpack("1.0", command="forget HOST... |", option="--all")
        user.install(release)
        (user.home / "tools").mkdir()
        (user.home / "tools" / "docker-credential-ecrx").symlink_to(user.bin / "docker-credential-ecrx")
        user.env["PATH"] = f"{user.home}/tools:{user.env['PATH']}"

        user.install(release, "--uninstall")

        assert "forget --all --passwords\n" == (user.home / "forgotten").read_text()
        assert (user.home / "configured").exists()

    def test_removes_itself_from_docker_and_podman(self, user: User) -> None:
        release = user.unpack("1.0", option="--all")
        user.install(release)

        user.install(release, "--uninstall")

        expected = "configure --remove --all\nconfigure --remove --all --podman\n"
        assert expected == (user.home / "configured").read_text()

    def test_forgets_the_tokens_if_the_program_can(self, user: User) -> None:
        release = user.unpack("1.0", command="  forget HOST... |")
        user.install(release)

        user.install(release, "--uninstall")

        assert "forget --all --passwords\n" == (user.home / "forgotten").read_text()

    @pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true"])
    def test_completes_if_its_output_cannot_be_written(self, user: User, redirection: str) -> None:
        release = user.unpack("1.0", command="forget HOST... |", option="--all")
        script = f'{{ "$0" && "$0" --uninstall; echo $? >"$1"; }} {redirection}'
        status = user.home.parent / "status"

        done = subprocess.run(
            [need.command("sh"), "-c", script, release / "install.sh", status],
            env=user.env,
            capture_output=True,
            text=True,
            check=False,
        )

        assert ("0\n", "") == (status.read_text(), done.stderr)
        assert ["configured", "forgotten"] == user.files()

    def test_says_what_stays_of_a_program_that_does_not_run(self, user: User) -> None:
        """Docker's configuration may still name it."""
        release = user.unpack("1.0", command="forget HOST... |", option="--all")
        user.install(release)
        (user.bin / "ecrx").resolve().write_text("#!/nowhere\n")

        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        said = "the program does not run, so it stays in Docker's configuration, and its items in keyrings;\n  to"
        assert said in done.stdout
        assert [] == user.files()

    def test_runs_no_command_that_the_program_lacks(self, user: User) -> None:
        release = user.unpack("1.0")
        user.install(release)

        user.install(release, "--uninstall")

        assert [] == user.files()


class TestUninstallOfRealProgram:
    """The real program is installed in place of a made-up one, with items in a real keyring."""

    SERVER = "registry.example"

    @pytest.fixture
    def release(self, user: User, program: Path) -> Path:
        """Return a release with the real program, installed."""
        release = user.unpack("1.0", program=f'#!/bin/sh\nexec "{program}" "$@"\n')
        assert 0 == user.install(release).returncode
        return release

    @pytest.fixture(autouse=True)
    def stored(self, user: User, release: Path, secret_service: dict[str, str]) -> dict[str, str]:  # noqa: ARG002 - it is installed
        """Store a password and a token as docker login does, and return the environment of their keyring."""
        user.env |= secret_service | {"ECRX_KEYRING": "secret-service"}
        for server, name in ((self.SERVER, "alice"), ("111111111111.dkr.ecr.us-east-1.amazonaws.com", "AWS")):
            request = json.dumps({"ServerURL": server, "Username": name, "Secret": "hunter2"})
            command: list[str | Path] = [user.bin / "docker-credential-ecrx", "store"]
            subprocess.run(command, input=request, env=user.env, text=True, timeout=60, check=True)
        assert 2 == len(items(secret_service))
        return secret_service

    def test_empties_the_keyring_and_names_lost_passwords(
        self, user: User, release: Path, stored: dict[str, str]
    ) -> None:
        done = user.install(release, "--uninstall")

        assert (0, "") == (done.returncode, done.stderr)
        assert f"deleted the password of alice for\n    {self.SERVER}\n" in done.stdout
        assert (set(), []) == (items(stored), user.files())

    def test_keeps_the_index_of_an_unreachable_keyring(self, user: User, release: Path, stored: dict[str, str]) -> None:
        there = user.env.copy()
        user.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
        done = user.install(release, "--uninstall")

        index = ".local/state/ecrx/ledger.json"
        assert 0 == done.returncode
        assert f"cannot delete what is stored for {self.SERVER}: the Secret Service is not available" in done.stderr
        assert f"kept {user.home / index}, because a keyring may still have the items that it lists" in done.stdout
        assert [".local", ".local/state", ".local/state/ecrx", index] == user.files()
        assert 2 == len(items(stored))

        user.env = there
        user.install(release)
        user.install(release, "--uninstall")
        assert (set(), []) == (items(stored), user.files())

    def test_names_no_command_that_it_deletes(self, user: User, release: Path, home: Home) -> None:
        """What is in podman's user namespace stays there, since only the program could delete it."""
        home.add_role_profile()
        user.env |= {name: value for name, value in home.env.items() if name.startswith("AWS_")}
        user.env |= {"ECRX_KEYRING": "kernel", "AWS_PROFILE": "secondary"}
        script = f'printf {HOST} | "$0" get && echo && read -r _'
        inside = [need.command("unshare"), "--user", "--map-root-user", "sh", "-c", script]
        program = user.bin / "docker-credential-ecrx"
        with subprocess.Popen([*inside, program], env=user.env, text=True, stdin=PIPE, stdout=PIPE) as shell:
            assert shell.stdout
            assert "Secret" in shell.stdout.readline()

            done = user.install(release, "--uninstall")

        said = "such a token is also in another user namespace, such as podman's, until it expires\n"
        assert (0, f"docker-credential-ecrx: {said}") == (done.returncode, done.stderr)
        assert not user.prefix.exists()


def _versions(user: User) -> list[str]:
    return sorted(path.name for path in (user.prefix / "lib" / "docker-credential-ecrx").glob("[0-9.]*"))


class TestTestSuite:
    def test_imports_the_installed_wheel(self) -> None:
        if "ECRX_TEST_WHEEL" not in os.environ:
            need.missing("the wheel that tests/run installs")
        import docker_credential_ecrx

        assert "site-packages" in Path(docker_credential_ecrx.__file__).parts
