"""build/licences.py prints a licence for each component of an SBOM, wherever the component comes from."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_BUILD = Path(__file__).parents[2] / "build"
_NAME = "docker-credential-ecrx"


def _known() -> list[str]:
    """Return the C libraries that sbom.py knows, with one of Amazon's."""
    for node in ast.walk(ast.parse((_BUILD / "sbom.py").read_text())):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_LICENCES":
            return [*ast.literal_eval(node.value), "AWS-LC", "aws-c-io"]
    raise AssertionError


def _said(tmp_path: Path, *components: dict[str, object]) -> tuple[str, str]:
    """Return what the script prints about components, and its errors."""
    share = tmp_path / "dist" / _NAME / "share"
    share.mkdir(parents=True)
    (share / f"{_NAME}.cdx.json").write_text(json.dumps({"components": components}))
    command = [sys.executable, "-EsB", str(_BUILD / "licences.py")]
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=True)
    return done.stdout, done.stderr


def _library(name: str, purl: str, **more: object) -> dict[str, object]:
    return {"type": "library", "name": name, "purl": purl, "version": "1.2"} | more


class TestLicences:
    @pytest.mark.parametrize("name", _known())
    def test_exist_for_components_without_a_package(self, tmp_path: Path, name: str) -> None:
        """Such are systems without dpkg, and libraries that are linked into Python's library or a wheel."""
        said, errors = _said(tmp_path, _library(name, f"pkg:generic/{name.lower()}@1.2"))

        assert "" == errors
        assert f"\n{name} 1.2\n" in said
        assert "not known" not in said

    def test_of_a_package_without_documents_is_the_librarys(self, tmp_path: Path) -> None:
        """Debian images often omit /usr/share/doc."""
        package = _library("no-such-zlib1g", "pkg:deb/debian/no-such-zlib1g@1.2", description="zlib 1.2")

        assert "Jean-loup Gailly and Mark Adler" in _said(tmp_path, package)[0]

    def test_of_a_nested_component_exists(self, tmp_path: Path) -> None:
        inner = _library("bzip2", "pkg:generic/bzip2@1.2")

        said, _ = _said(tmp_path, _library("ncurses", "pkg:generic/ncurses@1.2", components=[inner]))

        assert "\nbzip2 1.2, in ncurses\n" in said

    def test_refer_to_a_common_licence_by_path(self, tmp_path: Path) -> None:
        """Debian does not want the full text of one in a package's copyright file."""
        said, _ = _said(tmp_path, _library("AWS-LC", "pkg:generic/aws-lc@1.2"))

        assert "TERMS AND CONDITIONS FOR USE" not in said
        assert "/usr/share/common-licenses/Apache-2.0" in said
        assert "ISC License" in said

    def test_missing_is_reported(self, tmp_path: Path) -> None:
        """An unknown library does not stop the build."""
        said, errors = _said(tmp_path, _library("libnew", "pkg:generic/libnew"))

        assert "not known" in said
        assert "libnew" in errors
