"""The winget and scoop manifests of a release: the archive's address, its SHA-256 and the program's path in it."""

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import need

pytestmark = pytest.mark.posix("a shell")

_BUILD = Path(__file__).parents[2] / "build"
_HOMEPAGE = "https://forge.example/alice/docker-credential-ecrx"
_BASE = "docker-credential-ecrx-1.2.3-windows-AMD64"
_ADDRESS = f"{_HOMEPAGE}/releases/download/v1.2.3/{_BASE}.zip"
_FOLDER = "docker-credential-ecrx-1.2.3"
_PROGRAM = f"{_FOLDER}/docker-credential-ecrx/docker-credential-ecrx.exe"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the archive for Windows as the build leaves it."""
    with tarfile.open(tmp_path / f"{_BASE}.tar.gz", "w:gz") as archive:
        for name, mode in ((_PROGRAM, 0o755), (f"{_FOLDER}/README.md", 0o644), (f"{_FOLDER}/install.sh", 0o755)):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(name), mode, 1_700_000_000
            archive.addfile(member, BytesIO(name.encode()))
    _zip(tmp_path)
    return tmp_path


def _zip(folder: Path) -> None:
    command: list[str | Path] = [sys.executable, "-I", _BUILD / "zip.py", folder / f"{_BASE}.tar.gz"]
    subprocess.run(command, check=True)


def _fill_in(folder: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [need.command("sh"), _BUILD / "windows.sh", folder, _HOMEPAGE]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestZip:
    def test_has_the_files_of_the_archive(self, folder: Path) -> None:
        """Modes and times are the same, and install.ps1 replaces install.sh."""
        with zipfile.ZipFile(folder / f"{_BASE}.zip") as packed:
            names = {info.filename: (info.external_attr >> 16 & 0o777, info.date_time) for info in packed.infolist()}
            assert _PROGRAM.encode() == packed.read(_PROGRAM)
            assert (_BUILD.parent / "install.ps1").read_bytes() == packed.read(f"{_FOLDER}/install.ps1")

        time = (2023, 11, 14, 22, 13, 20)
        modes = {_PROGRAM: 0o755, f"{_FOLDER}/README.md": 0o644, f"{_FOLDER}/install.ps1": 0o755}
        assert {name: (mode, time) for name, mode in modes.items()} == names

    def test_is_reproducible(self, folder: Path) -> None:
        before = (folder / f"{_BASE}.zip").read_bytes()
        _zip(folder)

        assert before == (folder / f"{_BASE}.zip").read_bytes()
        digest = hashlib.sha256(before).hexdigest()
        assert f"{digest}  {_BASE}.zip\n" == (folder / f"{_BASE}.zip.sha256").read_text()


class TestManifests:
    @pytest.fixture
    def digest(self, folder: Path) -> str:
        """Return the SHA-256 of the archive that the manifests describe."""
        done = _fill_in(folder)
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
        return hashlib.sha256((folder / f"{_BASE}.zip").read_bytes()).hexdigest()

    def test_of_winget_name_the_archive_and_the_program(self, folder: Path, digest: str) -> None:
        """All three have the same package and version."""
        version, installer, locale = (
            yaml.safe_load((folder / f"docker-credential-ecrx{part}.yaml").read_text())
            for part in ("", ".installer", ".locale.en-US")
        )

        same = [("alice.docker-credential-ecrx", "1.2.3", "1.10.0")] * 3
        keys = ("PackageIdentifier", "PackageVersion", "ManifestVersion")
        assert same == [tuple(manifest[key] for key in keys) for manifest in (version, installer, locale)]
        assert [{"Architecture": "x64", "InstallerUrl": _ADDRESS, "InstallerSha256": digest}] == installer["Installers"]
        assert [{"RelativeFilePath": _PROGRAM.replace("/", "\\")}] == installer["NestedInstallerFiles"]

    def test_of_scoop_name_the_archive_and_the_program(self, folder: Path, digest: str) -> None:
        """The folder is the one that is unpacked, and the program is in it."""
        manifest: dict[str, Any] = json.loads((folder / "docker-credential-ecrx.json").read_text())
        found = manifest["architecture"]["64bit"]

        assert ("1.2.3", _HOMEPAGE) == (manifest["version"], manifest["homepage"])
        assert (_ADDRESS, digest) == (found["url"], found["hash"])
        assert _PROGRAM == f"{found['extract_dir']}\\{manifest['bin'][0]}".replace("\\", "/")
        update = manifest["autoupdate"]["architecture"]["64bit"]
        assert (found["url"], found["extract_dir"]) == tuple(
            update[key].replace("$version", "1.2.3") for key in ("url", "extract_dir")
        )

    def test_have_no_placeholder_left(self, folder: Path, digest: str) -> None:
        assert digest
        filled = [*folder.glob("*.yaml"), *folder.glob("*.json")]

        assert filled
        assert [] == [path for path in filled if "@" in path.read_text()]

    def test_are_not_made_without_the_archive(self, tmp_path: Path) -> None:
        done = _fill_in(tmp_path)

        assert (1, "", []) == (done.returncode, done.stdout, list(tmp_path.iterdir()))
        assert done.stderr.startswith("windows.sh: there is no one .zip for Windows")
