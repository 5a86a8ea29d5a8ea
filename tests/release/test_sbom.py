"""The SBOM: valid CycloneDX that lists every native file, every distribution and every C library of the bundle."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from support import need

_ROOT = Path(__file__).parents[2]
_ELF = b"\x7fELF"

Component = dict[str, Any]


@pytest.fixture(scope="module")
def text(bundle: Path) -> str:
    """Return the SBOM beside the archive."""
    found = list(bundle.parent.glob("docker-credential-ecrx-*.cdx.json"))
    return found[0].read_text() if found else need.missing("the SBOM (build/build.sh)")


@pytest.fixture(scope="module")
def sbom(text: str) -> dict[str, Any]:
    """Return the parsed SBOM."""
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.fixture(scope="module")
def components(sbom: dict[str, Any]) -> list[Component]:
    """Return every component of the SBOM, at any depth."""
    return list(_flat(sbom["components"]))


def _flat(parts: list[Component]) -> Iterator[Component]:
    for part in parts:
        yield part
        yield from _flat(part.get("components", []))


def _named(components: list[Component], name: str) -> Component:
    (found,) = [part for part in components if part["name"] == name]
    return found


class TestDocument:
    def test_is_valid(self, text: str) -> None:
        """It conforms to the strict schema of CycloneDX 1.6."""
        assert None is JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)

    def test_has_no_time_or_random_number(self, sbom: dict[str, Any]) -> None:
        """The serial number, which GitHub's attestations need, comes from the content; the time is the commit's."""
        git = [need.command("git"), "-C", str(_ROOT), "log", "-1", "--format=%cI"]
        env = {"PATH": os.environ["PATH"], "TZ": "UTC"}
        done = subprocess.run(git, env=env, capture_output=True, text=True, check=True)

        assert 5 == UUID(sbom["serialNumber"]).version
        assert done.stdout[:4] == sbom["metadata"]["timestamp"][:4]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sbom["metadata"]["timestamp"])

    def test_describes_the_archive_beside_it(self, sbom: dict[str, Any], bundle: Path) -> None:
        """It has the program's name and version, and the file is named like the archive."""
        done = subprocess.run(
            [bundle / "docker-credential-ecrx", "version"], capture_output=True, text=True, check=True
        )
        about = sbom["metadata"]["component"]

        assert done.stdout == f"{about['name']} {about['version']}\n"
        (archive,) = bundle.parent.glob("docker-credential-ecrx-*.tar.gz")
        assert archive.with_name(archive.name.replace(".tar.gz", ".cdx.json")).exists()

    def test_refers_to_each_component_once(self, sbom: dict[str, Any], components: list[Component]) -> None:
        """Each component has its own reference, and the program depends on those that are in no other one."""
        refs = [part["bom-ref"] for part in components]
        (dependency,) = sbom["dependencies"]

        assert len(set(refs)) == len(refs)
        assert sbom["metadata"]["component"]["bom-ref"] == dependency["ref"]
        assert [part["bom-ref"] for part in sbom["components"]] == dependency["dependsOn"]

    def test_names_packages_by_valid_purls(self, components: list[Component]) -> None:
        """Every package URL is valid and has the component's version; Debian adds a version of its own."""
        for part in components:
            if "purl" in part:
                purl = PackageURL.from_string(part["purl"])
                assert (purl.version or "").startswith(part.get("version", ""))
                assert purl.to_string() == part["purl"]


class TestComponents:
    def test_include_every_native_file_with_its_hash(self, components: list[Component], bundle: Path) -> None:
        """The SBOM lists exactly the programs and shared libraries of the bundle."""
        files = [path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()]
        expected = {
            path.relative_to(bundle).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.read_bytes().startswith(_ELF)
        }

        assert len(expected) > 10
        found = {part["name"]: part["hashes"][0]["content"] for part in components if part["type"] == "file"}
        assert expected == found

    def test_include_every_frozen_distribution(self, components: list[Component], bundle: Path) -> None:
        """Of all that the build installs, the SBOM has exactly what the bundle has a module of."""
        (site,) = (_ROOT / ".work" / "build-venv" / "lib").glob("python3*/site-packages")
        inside = {path.relative_to(bundle / "_internal").as_posix() for path in bundle.rglob("*.pyc")}
        expected = {
            f"{package.name} {package.version}"
            for package in distributions(path=[str(site)])
            if inside & {f"{path}c" for path in map(str, package.files or []) if path.endswith(".py")}
        }

        pypi = [part for part in components if part.get("purl", "").startswith("pkg:pypi/")]
        found = {f"{part['name']} {part['version']}" for part in pypi if part["name"] != "PyInstaller bootloader"}
        assert {"botocore", "keyring", "urllib3"} <= {name.split()[0] for name in expected}
        assert expected - {f"docker-credential-ecrx {_version(bundle)}"} == found
        assert [] == [part["name"] for part in pypi if not part["licenses"]]

    def test_include_python_and_the_loader(self, components: list[Component], bundle: Path) -> None:
        """CPython has the frozen version and the name that vulnerability databases use."""
        python = _named(components, "CPython")
        (library,) = (bundle / "_internal").glob("libpython3*")

        assert f"cpe:2.3:a:python:python:{python['version']}:*:*:*:*:*:*:*" == python["cpe"]
        assert python["version"].encode() in library.read_bytes()
        assert _named(components, "PyInstaller bootloader")["version"]

    @pytest.mark.parametrize(
        ("library", "pattern"),
        [
            ("libcrypto.so.3", rb"OpenSSL (3\.\d+\.\d+)"),
            ("libexpat.so.1", rb"expat_(\d+\.\d+\.\d+)"),
            ("libz.so.1", rb" deflate (\d[\d.]*) Copyright"),
            ("libffi.so.8", None),
        ],
    )
    def test_include_version_and_origin_of_each_library(
        self, sbom: dict[str, Any], bundle: Path, library: str, pattern: bytes | None
    ) -> None:
        """A system library has its package's name, and the package's version is the one in the file."""
        (part,) = [p for p in sbom["components"] if f"_internal/{library}" in [f["name"] for f in _flat([p])]]
        text = (bundle / "_internal" / library).read_bytes()
        purl = PackageURL.from_string(part["purl"])

        assert ("deb", "library") == (purl.type, part["type"])
        dpkg = [need.command("dpkg-query"), "-W", "-f", "${Version}", part["name"]]
        assert part["version"] == subprocess.run(dpkg, capture_output=True, text=True, check=True).stdout
        if pattern:
            (version,) = set(re.findall(pattern, text))
            assert version.decode() in part["version"]
            assert part["description"].endswith(version.decode())

    def test_include_statically_linked_libraries(self, sbom: dict[str, Any]) -> None:
        """AWS's libraries in awscrt have their names, and a version if the binary contains one."""
        inside = {part["name"]: part for part in _flat([_named(sbom["components"], "awscrt")])}

        assert {"AWS-LC", "aws-c-auth", "aws-c-http", "aws-c-io", "s2n"} <= set(inside)
        assert re.fullmatch(r"\d+\.\d+\.\d+", inside["AWS-LC"]["version"])
        assert re.fullmatch(r"\d+\.\d+\.\d+", _named(list(_flat(sbom["components"])), "libmpdec")["version"])


def _version(bundle: Path) -> str:
    done = subprocess.run([bundle / "docker-credential-ecrx", "version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]
