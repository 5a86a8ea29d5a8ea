"""docs/verification.md: what a reader pastes verifies an archive, and what it says about the SBOM is true."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from docker_credential_ecrx import __version__
from support import need, pages
from support.github import REPOSITORY, Attestations

_ROOT = pages.FOLDER.parent
_VERIFY = re.compile(r"gh attestation verify \S+ --repo OWNER/docker-credential-ecrx")


class TestPage:
    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        """Return the archive that the page names."""
        names: list[str] = re.findall(
            r"docker-credential-ecrx-[\d.]+-linux-x86_64\.tar\.gz", pages.text("verification.md")
        )
        assert 1 == len(set(names))
        path = tmp_path / names[0]
        path.write_text("an archive")
        return path

    @pytest.mark.parametrize("signed", ["release.yml", "ci.yml", None])
    def test_verifies_an_archive(self, archive: Path, tmp_path: Path, signed: str | None) -> None:
        """The first command succeeds only for what the release workflow signed."""
        attestations = Attestations(tmp_path / "gh")
        workflow = f"--signer-workflow {REPOSITORY}/.github/workflows/{signed}"
        if signed:
            attestations.add(archive, f"--repo {REPOSITORY} {workflow} --source-ref refs/tags/v{__version__}")
        env = {"PATH": f"{attestations.folder}:/usr/bin:/bin", "GH_TOKEN": "the job's"}

        script = pages.blocks("verification.md", "sh")[0]
        done = subprocess.run([need.command("sh"), "-c", script], cwd=tmp_path, env=env, check=False)

        assert (done.returncode == 0) == (signed == "release.yml")

    def test_names_the_same_signer_as_the_action(self) -> None:
        set_up = (_ROOT / ".github" / "action" / "set-up.sh").read_text()
        workflow = ".github/workflows/release.yml"

        assert f'--signer-workflow "$REPOSITORY/{workflow}"' in set_up
        assert f"--signer-workflow OWNER/docker-credential-ecrx/{workflow} " in pages.text("verification.md")
        assert (_ROOT / workflow).exists()

    def test_builds_as_the_release_workflow_does(self) -> None:
        """Image, Python, commands, glibc floor and path are those of the workflow."""
        (script,) = [block for block in pages.blocks("verification.md", "sh") if "docker run" in block]
        job = yaml.safe_load((_ROOT / ".github" / "workflows" / "build.yml").read_text())["jobs"]["linux"]
        (system,) = [entry for entry in job["strategy"]["matrix"]["include"] if entry.get("libc") == "gnu"]
        python = job["env"]["CPYTHON"].replace("${{ matrix.processor }}", "x86_64").replace("${{ matrix.libc }}", "gnu")
        words = " ".join(script.replace("\\\n", " ").split())

        assert f"cpython={python} " in words
        assert f"--env GLIBC_FLOOR={system['floor']} " in words
        assert f" {system['oldest']} sh -euc ' {system['prepare']} && sh build/build.sh' )" in words
        steps = "".join(step.get("run", "") for step in job["steps"])
        for line in ("--require-hashes --no-deps -r build/requirements-python.txt", "python install --no-bin"):
            assert line in steps
            assert line in words

    def test_matches_install_sh_and_readme(self) -> None:
        """Each of them shows the same command with the same repository."""
        help_text = subprocess.run([_ROOT / "install.sh", "--help"], capture_output=True, text=True, check=True).stdout

        assert _VERIFY.search(help_text)
        assert _VERIFY.search((_ROOT / "README.md").read_text())
        assert _VERIFY.search(pages.text("verification.md"))
