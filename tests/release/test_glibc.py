"""build/glibc.py finds the newest glibc that the frozen program needs, and compares it with a floor."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import need

_SCRIPT = Path(__file__).parents[2] / "build" / "glibc.py"
_NAME = "docker-credential-ecrx"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a bundle of one program and one library of this machine, in a dist folder."""
    need.command("objdump")
    if sys.platform != "linux":
        need.missing("a Linux program")
    folder = tmp_path / "dist" / _NAME
    (folder / "_internal").mkdir(parents=True)
    shutil.copy(need.command("true"), folder / _NAME)
    shutil.copy(need.command("sh"), folder / "_internal" / "library.so")
    origins = tmp_path / ".work" / "build" / _NAME / "origins.json"
    origins.parent.mkdir(parents=True)
    origins.write_text("{}")
    return folder


def _run(bundle: Path, floor: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-EsB", _SCRIPT],
        cwd=bundle.parents[1],
        env={"PATH": os.environ["PATH"], "GLIBC_FLOOR": floor},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class TestGlibc:
    def test_names_the_newest_symbol_and_its_library(self, bundle: Path) -> None:
        status, said, _ = _run(bundle)

        assert 0 == status
        assert re.fullmatch(rf"build\.sh: the program needs glibc 2\.\d+: \w+ in ({_NAME}|library\.so)\n", said)

    def test_is_written_with_the_platform(self, bundle: Path) -> None:
        """install.sh and the packaging scripts read it."""
        (newest,) = re.findall(r"glibc ([\d.]+):", _run(bundle)[1])

        assert f"linux {platform.machine()} glibc {newest}\n" == (bundle / "share" / "platform").read_text()

    def test_compares_versions_numerically(self, bundle: Path) -> None:
        assert 0 == _run(bundle, "2.100")[0]

    def test_newer_than_the_floor_fails(self, bundle: Path) -> None:
        status, _, said = _run(bundle, "2.2.4")

        assert 1 == status
        assert "GLIBC_FLOOR=2.2.4" in said

    def test_at_the_floor_passes(self, bundle: Path) -> None:
        (newest,) = re.findall(r"glibc ([\d.]+):", _run(bundle)[1])

        assert 0 == _run(bundle, newest)[0]

    def test_beside_musl_fails(self, bundle: Path) -> None:
        with (bundle / _NAME).open("ab") as program:
            program.write(b"/lib/ld-musl-x86_64.so.1\0")

        status, _, said = _run(bundle)

        assert 1 == status
        assert "for musl" in said

    def test_absence_is_reported(self, bundle: Path) -> None:
        for path in (bundle / _NAME, bundle / "_internal" / "library.so"):
            path.write_text("no ELF file")

        assert (0, "build.sh: the program needs no glibc\n", "") == _run(bundle)
