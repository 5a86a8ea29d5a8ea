"""What a release archive contains beside the program: pages with working links, licences, and its platform."""

import json
import os
import platform
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from support import need

_LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
_COMMON = re.compile(r"/usr/share/common-licenses/([\w.+-]*\w)")


@pytest.fixture(scope="module")
def archive() -> dict[str, str]:
    """Return the text of each file in the archive, by its path below the archive's one folder."""
    frozen = Path(os.environ.get("ECRX_TEST_FROZEN", "dist/docker-credential-ecrx/docker-credential-ecrx")).absolute()
    packed = next(frozen.parents[1].glob("docker-credential-ecrx-*.tar.gz"), None)
    if packed is None:
        need.missing("the release archive (build/build.sh)")
    found = {}
    with tarfile.open(packed) as opened:
        for member in opened:
            file = opened.extractfile(member)
            if file is not None:
                found[member.name.partition("/")[2]] = file.read().decode(errors="replace")
    return found


def _names(document: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the components in an SBOM or in a component, without files."""
    for part in document.get("components", []):
        if part["type"] != "file":
            yield part["name"].replace("CPython", "Python")
        yield from _names(part)


class TestPages:
    def test_links_lead_to_files(self, archive: dict[str, str]) -> None:
        """Each relative link of the README, and of each page that it links to, leads to a file."""
        pages = {name: text for name, text in archive.items() if re.fullmatch(r"(docs/)?[^/]+\.md", name)}
        assert {"README.md", "SECURITY.md", "docs/troubleshooting.md"} < pages.keys()

        links = {
            (name, os.path.normpath(PurePosixPath(name).parent / target))
            for name, text in pages.items()
            for target in _LINK.findall(text)
        }

        assert ("README.md", "docs/configuration.md") in links
        assert [] == [(name, target) for name, target in links if target not in archive]


class TestLicences:
    def test_exist_for_every_component(self, archive: dict[str, str]) -> None:
        """Components that are linked into another one are included, and each has its text."""
        licences = archive["docker-credential-ecrx/share/licences.txt"]
        texts = {title: text for title, _, text in (part.strip().partition("\n") for part in licences.split("=" * 78))}
        names = list(_names(json.loads(archive["docker-credential-ecrx/share/docker-credential-ecrx.cdx.json"])))

        assert {"AWS-LC", "Python", "PyInstaller bootloader", "awscrt", "botocore", "keyring", "libmpdec"} <= {*names}
        found = [name for name in names if any(f" {name} " in f" {title} ".replace(",", "") for title in texts)]
        assert names == found
        assert [] == [title for title, text in texts.items() if not re.search(r"(?i)copyright|licen[cs]e", text)]
        assert "not known" not in licences

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("AWS-LC", "Redistributions of source code must retain the above copyright"),
            ("libmpdec", "Copyright (c) 2008-2020 Stefan Krah. All rights reserved."),
            ("aws-c-common", "** cJSON; version"),
            ("s2n", "Copyright Amazon.com, Inc. or its affiliates."),
        ],
    )
    def test_exist_for_statically_linked_libraries(self, archive: dict[str, str], name: str, words: str) -> None:
        """A C library in a wheel, or in Python's own library, has its own licence."""
        parts = archive["docker-credential-ecrx/share/licences.txt"].split("=" * 78)

        (text,) = [part for part in parts if part.strip().startswith(f"{name} ") or part.strip().startswith(f"{name},")]

        assert words in text

    def test_are_complete(self, archive: dict[str, str]) -> None:
        """A licence that Debian refers to by path is named by that path, and its text follows."""
        licences = archive["docker-credential-ecrx/share/licences.txt"]
        texts = dict(part.strip().split("\n\n", 1) for part in licences.split("=" * 78))

        named = set(_COMMON.findall(licences))

        assert {"Apache-2.0", "GPL-2"} <= named
        assert [] == [name for name in named if len(texts[f"/usr/share/common-licenses/{name}"]) < 1000]
        assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION" in texts["/usr/share/common-licenses/Apache-2.0"]


class TestPlatform:
    def test_is_this_machines(self, archive: dict[str, str]) -> None:
        """install.sh compares it with the machine."""
        words = archive["docker-credential-ecrx/share/platform"].split()

        assert [platform.system().lower(), platform.machine()] == words[:2]
        if platform.libc_ver()[0] == "glibc":
            assert re.fullmatch(r"glibc 2\.\d+", " ".join(words[2:]))
