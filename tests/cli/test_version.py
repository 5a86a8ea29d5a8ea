"""``version`` prints one line; --json describes what is installed and where."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

import docker_credential_ecrx
from support import need
from support.forms import as_wheel
from support.home import Home
from support.users import plant

_LINE = f"docker-credential-ecrx {docker_credential_ecrx.__version__}\n"


def _program(folder: Path, text: str) -> Path:
    folder.mkdir()
    path = folder / "docker-credential-ecrx"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _weaken(program: Path, what: str) -> None:
    """Let another user change the program, or a folder or link in its path."""
    folder = program.parent
    if what == "program":
        program.chmod(0o777)
    elif what == "folder":
        folder.chmod(0o777)
    elif what == "folder above":
        folder.parent.chmod(0o777)
    elif what == "folder of a link":
        (folder.parents[1] / "open").mkdir()
        (folder.parents[1] / "open").chmod(0o777)
        (folder.parents[1] / "open" / program.name).symlink_to(program)
    elif os.geteuid() != 0:
        need.missing("root, to give a program away,")
    elif what == "link in between":
        theirs = folder.parents[1] / "open"
        theirs.mkdir()
        (theirs / "link").symlink_to(folder)
        for path in (theirs, theirs / "link"):
            os.chown(path, 1000, 1000, follow_symlinks=False)
    elif what == "group":
        os.chown(folder, 0, 1000)
        folder.chmod(0o775)
    else:
        os.chown(program, 1000, 1000)


class TestText:
    def test_is_one_line(self, home: Home) -> None:
        assert (0, _LINE, "") == home.run("version")

    def test_rejects_unknown_arguments(self, home: Home) -> None:
        assert 2 == home.run("version", "--jsn").status
        assert 2 == home.run("version", "x").status

    def test_help_has_an_example(self, home: Home) -> None:
        assert "docker-credential-ecrx version --json | jq" in home.run("version", "--help").stdout


class TestJson:
    def test_describes_this_program(self, home: Home, request: pytest.FixtureRequest) -> None:
        """It has version, path and form of the program, Python, system and packages; AWS is not called."""
        found = home.run("version", "--json", argv0="docker-credential-ecrx")

        assert (0, "", []) == (found.status, found.stderr, home.aws.calls)
        said = found.answer
        assert docker_credential_ecrx.__version__ == said["version"]
        assert str(home.program) == said["path"]
        assert request.node.callspec.params["program"] == said["installed_as"]
        assert re.fullmatch(r"3\.\d+\.\d+\S*", said["python"])
        assert platform.system().lower() == said["platform"]["system"]
        assert platform.machine() == said["platform"]["machine"]
        for name in ("botocore", "keyring"):
            assert re.fullmatch(r"\d+\.\d+\S*", said["packages"][name])

    def test_names_commit_and_openssl(self, home: Home) -> None:
        """The commit has its whole hash, and ``-modified`` after it if a file of the checkout was."""
        said = home.run("version", "--json").answer

        assert (1, True) == (said["schema_version"], said["openssl"].startswith("OpenSSL "))
        git = [need.command("git"), "-C", str(Path(__file__).parents[2]), "rev-parse", "--git-dir"]
        if subprocess.run(git, capture_output=True, check=False).returncode == 0:
            assert re.fullmatch(r"[0-9a-f]{40}(-modified)?", said["commit"])
        else:
            assert said["commit"] is None

    @as_wheel
    def test_names_versions_of_its_packages(self, home: Home) -> None:
        """They are pip's; boto3 is optional, and its version is null if it is not installed."""
        packages = home.run("version", "--json").answer["packages"]

        assert importlib.metadata.version("botocore") == packages["botocore"]
        assert importlib.metadata.version("keyring") == packages["keyring"]
        assert "boto3" in packages

    def test_names_the_c_library(self, home: Home) -> None:
        name, version = platform.libc_ver()
        expected = f"{name} {version}" if name == "glibc" else None if platform.system() != "Linux" else "musl"

        assert expected == home.run("version", "--json").answer["platform"]["libc"]

    def test_names_every_program_on_path_in_order(self, home: Home, tmp_path: Path) -> None:
        """The one that Docker runs is first; one that does not run, or is another program, has no version."""
        older = _program(tmp_path / "older", 'echo "docker-credential-ecrx 0.9"')
        broken = _program(tmp_path / "broken", "exit 1")
        another = _program(tmp_path / "another", 'echo "another 1.0"')
        folders = [older.parent, home.bin, older.parent, broken.parent, tmp_path / "missing", another.parent]
        home.env["PATH"] = os.pathsep.join(map(str, folders))

        on_path = home.run("version", "--json").answer["on_path"]

        own = {"path": str(home.program), "version": docker_credential_ecrx.__version__}
        rest = [{"path": str(path), "version": None} for path in (broken, another)]
        assert [{"path": str(older), "version": "0.9"}, own, *rest] == on_path

    def test_names_a_program_once_in_a_linked_folder(self, home: Home, tmp_path: Path) -> None:
        """As /bin is a link to /usr/bin on most systems."""
        on_path = home.run("version", "--json").answer["on_path"]
        first = Path(on_path[0]["path"])
        (tmp_path / "bin").symlink_to(first.parent)
        home.env["PATH"] += f":{tmp_path}/bin"

        assert on_path == home.run("version", "--json").answer["on_path"]

    @pytest.mark.posix("modes")
    def test_does_not_run_itself_through_a_link(self, home: Home, tmp_path: Path) -> None:
        """It knows its own version, even if the link comes first and a program there would not be run."""
        other = _program(tmp_path / "other", "exit 1")
        (tmp_path / "link").symlink_to(home.bin)
        home.env["PATH"] = os.pathsep.join(map(str, [other.parent, tmp_path / "link", home.bin]))
        tmp_path.chmod(0o777)

        on_path = home.run("version", "--json").answer["on_path"]

        linked = tmp_path / "link" / home.program.name
        assert {"path": str(linked), "version": docker_credential_ecrx.__version__} == on_path[1]

    def test_runs_no_program_in_a_relative_folder(self, home: Home, tmp_path: Path) -> None:
        """Docker refuses it, so it has no version."""
        _program(tmp_path / "relative", f"touch '{tmp_path}/run'")
        home.env["PATH"] = f"relative{os.pathsep}{home.bin}"

        on_path = home.run("version", "--json", cwd=tmp_path).answer["on_path"]

        assert {"path": "relative/docker-credential-ecrx", "version": None} == on_path[0]
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize(
        "what", ["program", "folder", "folder above", "folder of a link", "link in between", "group", "owner"]
    )
    @pytest.mark.posix("modes")
    def test_runs_no_program_that_another_user_may_change(self, home: Home, tmp_path: Path, what: str) -> None:
        """Only the one that Docker runs is always run; the version of another one is null then."""
        (tmp_path / "above").mkdir()
        program = _program(tmp_path / "above" / "folder", f"touch '{tmp_path}/run'\necho 'docker-credential-ecrx 0.9'")
        program.parent.chmod(0o755)
        _weaken(program, what)
        if what == "folder of a link":
            (tmp_path / "links").mkdir()
            (tmp_path / "links" / program.name).symlink_to(tmp_path / "open" / program.name)
            program = tmp_path / "links" / program.name
        elif what == "link in between":
            (tmp_path / "own").symlink_to(tmp_path / "open" / "link")
            program = tmp_path / "own" / program.name
        home.env["PATH"] = os.pathsep.join(map(str, [home.bin, program.parent]))

        on_path = home.run("version", "--json").answer["on_path"]

        assert {"path": str(program), "version": None} == on_path[1]
        assert not (tmp_path / "run").exists()

    @pytest.mark.posix("modes")
    def test_runs_no_program_that_another_user_planted(self, home: Home) -> None:
        """Not even the one that Docker runs: anybody can put one into a sticky folder such as /tmp."""
        planted = plant(home, "docker-credential-ecrx", f"touch {home.folder}/ran\necho 'docker-credential-ecrx 0.9'")

        on_path = home.run("version", "--json").answer["on_path"]

        assert {"path": str(planted), "version": None} == on_path[0]
        assert not (home.folder / "ran").exists()

    @pytest.mark.posix("modes")
    def test_runs_what_docker_runs_in_any_case(self, home: Home, tmp_path: Path) -> None:
        program = _program(tmp_path / "folder", 'echo "docker-credential-ecrx 0.9"')
        program.parent.chmod(0o777)
        home.env["PATH"] = os.pathsep.join(map(str, [program.parent, home.bin]))

        on_path = home.run("version", "--json").answer["on_path"]

        assert {"path": str(program), "version": "0.9"} == on_path[0]

    def test_runs_the_programs_in_parallel(self, home: Home, tmp_path: Path) -> None:
        """Here each program ends only when the other one has started too."""
        wait = "touch '{0}/{1}'; until [ -e '{0}/{2}' ]; do sleep 0.05; done; echo 'docker-credential-ecrx 0.9'"
        names = ("one", "two", "three")
        programs = [
            _program(tmp_path / name, wait.format(tmp_path, f"{name}-runs", f"{names[number - 1]}-runs"))
            for number, name in enumerate(names)
        ]
        home.env["PATH"] = os.pathsep.join([str(program.parent) for program in programs] + ["/usr/bin", "/bin"])

        on_path = home.run("version", "--json").answer["on_path"]

        assert [{"path": str(program), "version": "0.9"} for program in programs] == on_path[:3]

    @pytest.mark.parametrize("path", ["", "/nonexistent"])
    def test_has_an_empty_list_if_there_is_none(self, home: Home, path: str) -> None:
        home.env["PATH"] = path

        said = json.loads(home.run("version", "--json").stdout)

        assert [] == said["on_path"]
        assert str(home.program) == said["path"]
