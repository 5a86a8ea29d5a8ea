"""The Debian package: its metadata, what it installs, and that removal leaves nothing."""

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest

from fakes.aws import FakeAws
from support import channels, need
from support.channels import NAME, Debian
from support.home import SECONDARY, Home


@pytest.fixture(scope="module")
def package() -> Path:
    """Return the package."""
    return channels.debian_package()


@pytest.fixture(scope="module")
def debian(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Debian:
    """Return a machine on which it is installed."""
    if os.getuid() != 0:
        need.missing("root, to install the package,")
    machine = Debian(tmp_path_factory.mktemp("debian"))
    machine.dpkg("--install", package)
    return machine


def _field(package: Path, name: str) -> str:
    done = subprocess.run(
        [need.command("dpkg-deb"), "--field", package, name], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class TestPackage:
    def test_has_the_programs_version_and_the_architecture(self, package: Path) -> None:
        command = [need.command("dpkg"), "--print-architecture"]
        machine = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

        assert f"{NAME}_{_field(package, 'Version')}_{machine}.deb" == package.name

    def test_needs_only_the_c_library(self, package: Path) -> None:
        assert ["libc6"] == [word.split(" ")[0] for word in _field(package, "Depends").split(", ")]

    def test_passes_lintian(self, package: Path) -> None:
        lintian = need.command("lintian")
        # tests/release checks where libraries are searched.
        known = "--suppress-tags=custom-library-search-path"
        env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LANG": "C.UTF-8"}

        done = subprocess.run(
            [lintian, "--allow-root", "--fail-on=error,warning", known, package],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (0, "") == (done.returncode, done.stdout), done.stderr


class TestInstalled:
    def test_gets_a_token_through_both_names(
        self, package: Path, debian: Debian, aws: FakeAws, kernel: dict[str, str], tmp_path: Path
    ) -> None:
        home = Home(tmp_path / "home", debian.root / "usr" / "bin" / NAME, aws)
        home.link("ecrx", debian.root / "usr" / "bin" / "ecrx")
        home.add_role_profile()

        assert f"{NAME} {_field(package, 'Version')}\n" == home.run("version", argv0="ecrx").stdout
        assert SECONDARY == aws.issued[home.get(env=kernel).secret].account

    def test_completes_both_names_in_each_shell(self, debian: Debian) -> None:
        share = debian.root / "usr" / "share"

        for name in (NAME, "ecrx"):
            assert f" {name}\n" in (share / "bash-completion" / "completions" / name).read_text()
            assert f"--command {name} " in (share / "fish" / "vendor_completions.d" / f"{name}.fish").read_text()
            assert (share / "zsh" / "vendor-completions" / f"_{name}").read_text().startswith(f"#compdef {name}\n")

    def test_has_the_manual_page_under_both_names(self, debian: Debian) -> None:
        for name in (NAME, "ecrx"):
            page = gzip.decompress((debian.root / "usr" / "share" / "man" / "man1" / f"{name}.1.gz").read_bytes())
            assert b".SH NAME" in page

    def test_has_licences_of_all_frozen_components(self, debian: Debian) -> None:
        licences = (debian.root / "usr" / "share" / "doc" / NAME / "copyright").read_text()

        parts = [part.strip().partition("\n") for part in licences.split("=" * 78)]

        assert {"botocore", "click", "keyring", "Python"} <= {title.split(" ")[0] for title, _, _ in parts}
        assert [] == [title for title, _, text in parts if not re.search(r"(?i)copyright|licen[cs]e", text)]

    def test_leaves_nothing_after_removal(self, package: Path, debian: Debian) -> None:
        assert f"usr/bin/{NAME}" in debian.files()

        debian.dpkg("--purge", NAME)

        assert [] == debian.files()
        assert [] == list(debian.root.rglob(f"*{NAME}*"))
        debian.dpkg("--install", package)  # for the next test
