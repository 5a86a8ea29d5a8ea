"""The build and the bundle: it is reproducible, contains nothing of the build machine, and all that it needs."""

import json
import os
import platform
import pwd
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from faults.helpers import in_shell, unshared

from fakes.aws import FakeAws
from support import need
from support.home import HOST, SECONDARY, Home, Result

_ROOT = Path(__file__).parents[2]
_ELF = b"\x7fELF"
_GLIBC = re.compile(r"\bGLIBC_(\d+(?:\.\d+)+)")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_DESCRIBE = ("describe", "--always", "--exclude=*", "--abbrev=40", "--dirty=-modified")

_OF_THE_C_LIBRARY = re.compile(r"(ld-linux[\w-]*|lib(c|m|dl|pthread|rt|util))\.so\.\d+|null")

# Copies a virtual environment instead of pip, which has no network here; make_venv is unchanged.
_COPY_VENV = """
set -eu
. build/python.sh
leaving_home_alone() { cp -a "$ORIGINAL" .work/build-venv; }
pip_install() { :; }
mkdir -p .work
make_venv "$PWD/.work/build-venv" build/requirements.txt
find .work/build-venv -name __pycache__ -prune -exec rm -r {} +
"""
# A separate root in a separate mount namespace: $1 is the root, the rest the command.
_IN_ROOT = """
set -eu
root=$1
shift
mount --rbind /proc "$root/proc"
mount --bind /dev/null "$root/dev/null"
exec chroot "$root" "$@"
"""


@pytest.fixture(scope="module")
def libraries(bundle: Path) -> list[Path]:
    """Return every program and shared library in the bundle."""
    return [path for path in _files(bundle) if path.read_bytes().startswith(_ELF)]


@pytest.fixture
def parts(bundle: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a copy of the bundle, from which the test may delete parts."""
    copy = shutil.copytree(bundle, tmp_path / "bundle", symlinks=True)
    yield copy
    shutil.rmtree(copy)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def _run(*command: str | Path, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    output: str = done.stdout
    return output


@pytest.fixture(scope="module")
def second(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dist folder of a second build, of a clone with the checkout's changes, in another folder.

    As in the release workflow, git does not tell it the commit.
    """
    original = _ROOT / ".work" / "build-venv"
    if bundle.parent != _ROOT / "dist" or not original.exists():
        need.missing("the virtual environment that the frozen program was built in")
    git = need.command("git")
    clone = tmp_path_factory.mktemp("a second one") / "check out"
    _run(git, "clone", "--quiet", "--no-hardlinks", _ROOT, clone)
    for name in _run(git, "-C", clone, "ls-files", "-z").split("\0")[:-1]:
        (clone / name).unlink()
    names = _run(git, "-C", _ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in names.split("\0")[:-1]:
        if (_ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, clone / name, follow_symlinks=False)
            (clone / name).chmod(0o700 if os.access(_ROOT / name, os.X_OK) else 0o600)
    env = {"PATH": os.environ["PATH"], "HOME": str(clone), "ORIGINAL": str(original), "TZ": "Asia/Tokyo"}
    env["PYTHON"] = str(original / "bin" / "python")
    env["SOURCE_COMMIT"] = _run(git, "-C", _ROOT, *_DESCRIBE).strip()
    env["SOURCE_DATE_EPOCH"] = _run(git, "-C", _ROOT, "log", "-1", "--format=%ct").strip()
    shutil.rmtree(clone / ".git")
    for command in (["sh", "-c", _COPY_VENV], ["sh", "build/build.sh"]):
        _run(*command, cwd=clone, env=env, umask=0o077)
    return clone / "dist"


class TestBuild:
    def test_is_reproducible(self, bundle: Path, second: Path) -> None:
        """Another folder and another umask give the same archive, byte for byte."""
        (one,) = bundle.parent.glob("*.tar.gz")
        (two,) = second.glob("*.tar.gz")

        assert _differences(bundle, second / bundle.name) == []
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()

    def test_sbom_is_reproducible(self, bundle: Path, second: Path) -> None:
        """The SBOM beside the archive is the one in it, and contains no time and no random number."""
        (one,) = bundle.parent.glob("*.cdx.json")
        (two,) = second.glob("*.cdx.json")

        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()
        assert one.read_bytes() == (bundle / "share" / "docker-credential-ecrx.cdx.json").read_bytes()

    def test_states_the_platform(self, bundle: Path, libraries: list[Path]) -> None:
        """A file has the system, the processor, and the newest glibc that any library needs."""
        (path,) = bundle.parent.glob("*.tar.gz")

        said = (bundle / "share" / "platform").read_text()
        assert f"linux {platform.machine()} glibc {_newest(libraries)}\n" == said
        assert path.name.endswith(f"-linux-{platform.machine()}.tar.gz")
        with tarfile.open(path) as archive:
            assert 1 == sum(name.endswith(f"/{bundle.name}/share/platform") for name in archive.getnames())

    def test_bundle_is_readable_by_all_with_any_umask(self, second: Path) -> None:
        unreadable = [path for path in _files(second / "docker-credential-ecrx") if not path.stat().st_mode & 0o044]

        assert unreadable == []

    def test_commit_is_not_that_of_another_repository(self, bundle: Path, tmp_path: Path) -> None:
        """An unpacked sdist may be in a folder that git knows; a git hook sets GIT_DIR for what it runs."""
        repository, checkout = tmp_path / "other", tmp_path / "other" / "sources"
        for name in ("build", "docker_credential_ecrx", "docs", ".work/build", ".work/build-venv"):
            shutil.copytree(_ROOT / name, checkout / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(bundle, checkout / "dist" / bundle.name, symlinks=True)
        for path in (*_ROOT.glob("*.md"), _ROOT / "LICENSE", _ROOT / "install.sh", _ROOT / "pyproject.toml"):
            shutil.copy2(path, checkout)
        git = [need.command("git"), "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.com"]
        _run(*git, "init", "--quiet")
        _run(*git, "commit", "--quiet", "--allow-empty", "--message=other")
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

        for extra in ({}, {"GIT_DIR": str(repository / ".git"), "GIT_WORK_TREE": str(repository)}):
            (checkout / ".work" / "build" / "packed").unlink()
            said = _run("sh", "build/build.sh", cwd=checkout, env=env | extra)
            assert "freezing" not in said
            version = _run(checkout / "dist" / bundle.name / bundle.name, "version", "--json", env=env)
            assert None is json.loads(version)["commit"]


def _differences(one: Path, two: Path) -> list[str]:
    """Return the files that differ between two folders."""
    names = {str(path.relative_to(folder)) for folder in (one, two) for path in _files(folder)}
    return sorted(
        name
        for name in names
        if not (
            (one / name).exists() and (two / name).exists() and (one / name).read_bytes() == (two / name).read_bytes()
        )
    )


class TestBundle:
    @pytest.mark.parametrize("place", [str(_ROOT), pwd.getpwuid(os.getuid()).pw_dir], ids=["checkout", "home"])
    def test_names_no_folder_of_the_build_machine(self, bundle: Path, place: str) -> None:
        name = re.compile(re.escape(place.encode()) + rb"(?![\w.-])")

        assert [] == [path.relative_to(bundle) for path in _files(bundle) if name.search(path.read_bytes())]

    def test_has_no_link_that_leads_outside(self, bundle: Path) -> None:
        links = [path for path in bundle.rglob("*") if path.is_symlink()]

        assert [] == [link for link in links if not link.resolve().is_relative_to(bundle.resolve())]

    def test_has_no_library_path_of_the_build_machine(self, libraries: list[Path]) -> None:
        objdump = need.command("objdump")
        paths = re.compile(r"R(?:UN)?PATH\s+(\S+)")

        found = {path.name: paths.findall(_run(objdump, "-p", path)) for path in libraries}

        assert {} == {name: found[name] for name in found if any(not p.startswith("$ORIGIN") for p in found[name])}

    def test_needs_no_newer_glibc_than_the_readme_names(self, libraries: list[Path]) -> None:
        """The README names the glibc of a local build here, and the older one of the release's archives."""
        named = re.findall(r"glibc (\d+\.\d+) or newer", (_ROOT / "README.md").read_text())

        assert max(_numbers(version) for version in named) >= _numbers(_newest(libraries))


def _newest(libraries: list[Path]) -> str:
    """Return the newest glibc version of any symbol that the libraries need."""
    objdump = need.command("objdump")
    versions: list[str] = [version for path in libraries for version in _GLIBC.findall(_run(objdump, "-T", path))]
    return max(versions, key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


class Machine:
    """A machine without Python: the bundle, the libraries that it needs, /proc and /dev/null."""

    def __init__(self, root: Path, bundle: Path, libraries: list[Path], aws: FakeAws) -> None:
        self.root = root
        self.bundle = root / "opt" / "ecrx"
        for folder in ("proc", "dev", "tmp"):
            (root / folder).mkdir(parents=True)
        (root / "dev" / "null").touch()
        shutil.copytree(bundle, self.bundle, symlinks=True)
        for library in _of_the_system(bundle, libraries):
            place = root / str(library).lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)
        self.home = Home(root / "home", self.bundle / "docker-credential-ecrx", aws)

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Result:
        """Run the program there, as a client would."""
        unshare = [need.command("unshare"), "--mount", "--propagation", "private", "sh", "-c", _IN_ROOT, "sh"]
        done = subprocess.run(
            [*unshare, self.root, "/opt/ecrx/docker-credential-ecrx", *arguments],
            input=stdin,
            env={"PATH": os.environ["PATH"], "HOME": "/home", "AWS_ENDPOINT_URL": self.home.aws.url} | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def _of_the_system(bundle: Path, libraries: list[Path]) -> set[Path]:
    """Return the shared libraries that the bundle needs and does not contain, as the system's loader finds them."""
    search = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join({str(path.parent) for path in libraries})}
    found: set[Path] = set()
    for path in libraries:
        # The program starts before it can tell the loader where its own libraries are.
        env = search if path.parent != bundle else {"PATH": search["PATH"]}
        said = subprocess.run([need.command("ldd"), path], env=env, capture_output=True, text=True, check=False).stdout
        found |= {Path(place) for place in _LIBRARY.findall(said) if not Path(place).is_relative_to(bundle)}
    return found


@pytest.fixture
def machine(bundle: Path, libraries: list[Path], tmp_path: Path, kernel: dict[str, str]) -> Iterator[Machine]:  # noqa: ARG001 - cleans up
    """Return a machine without Python."""
    allowed = subprocess.run([need.command("unshare"), "--mount", "true"], capture_output=True, check=False)
    if os.getuid() != 0 or allowed.returncode != 0:
        need.missing("root, to have another root folder,")
    with FakeAws() as aws:
        machine = Machine(tmp_path / "root", bundle, libraries, aws)
        yield machine
    shutil.rmtree(machine.bundle)


class TestMachineWithoutPython:
    def test_needs_only_the_c_library(self, machine: Machine) -> None:
        others = sorted(path.name for path in _files(machine.root) if not path.is_relative_to(machine.bundle))

        assert [] == [name for name in others if not _OF_THE_C_LIBRARY.fullmatch(name)]

    def test_runs_the_program(self, machine: Machine, bundle: Path) -> None:
        said = _run(bundle / "docker-credential-ecrx", "version")

        assert (0, said, "") == machine.run("version")

    def test_gets_a_token_and_caches_it(self, machine: Machine) -> None:
        machine.home.add_role_profile()

        env = {"AWS_PROFILE": "secondary", "ECRX_KEYRING": "kernel"}
        first = machine.run("get", stdin=HOST, env=env)
        machine.home.aws.calls.clear()

        assert machine.home.aws.issued[first.secret].account == SECONDARY
        assert first == machine.run("get", stdin=HOST, env=env)
        assert [] == machine.home.aws.calls

    def test_failure_is_one_line(self, machine: Machine) -> None:
        said = machine.run("get", stdin=HOST, env={"AWS_PROFILE": "nobody"})

        assert (1, 1, said.stdout) == (said.status, said.stdout.count("\n"), said.stderr)
        assert "profile nobody" in said.stdout

    def test_needs_no_system_certificates(self, machine: Machine) -> None:
        machine.home.add_role_profile()
        closed = {"AWS_ENDPOINT_URL": "https://127.0.0.1:9", "AWS_PROFILE": "secondary", "ECRX_KEYRING": "none"}

        said = machine.run("get", stdin=HOST, env=closed)

        assert (1, 1) == (said.status, said.stdout.count("\n"))
        assert "cannot connect to 127.0.0.1" in said.stdout

    def test_runs_the_demonstration(self, machine: Machine) -> None:
        assert machine.run("demo").status == 0

    @pytest.mark.parametrize("library", ["libcrypto", "libssl", "libffi"])
    def test_names_a_missing_library(self, machine: Machine, library: str) -> None:
        machine.home.add_role_profile()
        name = lose(machine.bundle, f"{library}.so*")

        # Without botocore, an endpoint without TLS is asked without OpenSSL.
        env = {"AWS_PROFILE": "secondary", "ECRX_KEYRING": "kernel", "ECRX_DIRECT": "off"}
        said = machine.run("get", stdin=HOST, env=env)

        assert_names(f"missing: {name};", said)


def assert_names(part: str, said: Result) -> None:
    """Assert that the program failed with one line about ``part``."""
    assert (1, 1) == (said.status, (said.stdout or said.stderr).count("\n")), said
    assert part in said.stdout, said
    assert said.stdout == said.stderr


def lose(parts: Path, file: str) -> str:
    """Delete the part that matches ``file`` from the bundle ``parts``; return its path there."""
    (path,) = (parts / "_internal").glob(file)
    path.unlink()
    return str(path.relative_to(parts / "_internal"))


class TestMissingFile:
    @pytest.mark.parametrize(
        "file",
        [
            # modules that every get imports
            "cached_get",
            "python3*/lib-dynload/_ctypes.*",
            # modules that a first get imports
            "first_get",
            "docker_credential_ecrx/aws/authorization_token.pyc",
            "hashlib.pyc",
            "logging/__init__.pyc",
            "encodings/idna.pyc",
            "botocore/__init__.pyc",
            "botocore/session.pyc",
            "botocore/parsers.pyc",
            "python3*/lib-dynload/_ssl.*",
            "botocore/data/ecr/*/service-2.json",
            "botocore/data/endpoints.json",
            "botocore/data/partitions.json",
        ],
        ids=lambda file: file.rpartition("/")[2],
    )
    def test_is_named_in_one_line(self, parts: Path, kernel: dict[str, str], aws: FakeAws, file: str) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        home.add_role_profile()
        name = lose(parts, file)

        assert_names(f"missing: {name};", home.get(env=kernel | {"ECRX_DIRECT": "off"}))

    def test_missing_certificates_are_named(self, parts: Path, aws: FakeAws) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        home.add_role_profile()
        name = lose(parts, "botocore/cacert.pem")

        home.env |= {"AWS_ENDPOINT_URL": "https://127.0.0.1:9", "ECRX_KEYRING": "none"}
        hidden = "for folder in /etc/ssl /etc/pki; do ! [ -d $folder ] || mount -t tmpfs none $folder; done"

        said = in_shell(home, f'{hidden} && exec "$get" get', prefix=unshared("--mount"))

        assert_names(f"missing: {name};", said)

    @pytest.mark.parametrize("file", ["docker_credential_ecrx/cli/status.pyc", "click/core.pyc"])
    def test_of_a_command_is_named_by_it(self, parts: Path, kernel: dict[str, str], aws: FakeAws, file: str) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        name = lose(parts, file)

        said = home.run("status", env=kernel)

        assert (1, 1) == (said.status, said.stderr.count("\n"))
        assert f"missing: {name};" in said.stderr

    def test_differs_from_a_damaged_one(self, parts: Path, kernel: dict[str, str], aws: FakeAws) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        home.add_role_profile()
        for file in ("first_get", "botocore/session.pyc"):
            (parts / "_internal" / file).write_bytes(b"")

            assert_names(f"damaged: {file};", home.get(env=kernel | {"ECRX_DIRECT": "off"}))

    def test_unused_is_not_mentioned(self, parts: Path, kernel: dict[str, str], aws: FakeAws) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        home.add_role_profile()
        lose(parts, "docker_credential_ecrx/cli/status.pyc")

        assert home.get(env=kernel).secret in aws.issued

    def test_keeps_the_failed_operation_in_the_message(self, parts: Path, kernel: dict[str, str], aws: FakeAws) -> None:
        home = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws)
        name = lose(parts, "docker_credential_ecrx/cli/status.pyc")

        said = home.get(profile="nobody", env=kernel)

        assert "the AWS profile nobody does not exist" in said.stdout
        assert_names(f"missing: {name};", said)

    @pytest.mark.parametrize(
        ("file", "part"),
        [("libpython3*", "libpython3"), ("encodings/__init__.pyc", "encoding"), ("encodings/utf_8.pyc", "utf-8")],
    )
    def test_needed_by_python_itself_is_named(self, parts: Path, aws: FakeAws, file: str, part: str) -> None:
        (path,) = (parts / "_internal").glob(file)
        path.unlink()

        said = Home(parts.parent / "home", parts / "docker-credential-ecrx", aws).get(profile=None)

        assert said.status != 0
        assert "" == said.stdout
        assert part in said.stderr
