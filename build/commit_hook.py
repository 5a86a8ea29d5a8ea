"""Hatchling's hook that puts the commit into the wheel and the sdist, where ``version --json`` finds it."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NAME = "docker_credential_ecrx/commit.txt"
# The whole hash, and whether a file of the checkout has been modified since.
_DESCRIBE = ("git", "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty=-modified")


class CommitHook(BuildHookInterface[Any]):
    """Adds a file with the commit, unless there is no git repository; an sdist has the file already."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Add the file to what is built."""
        root = Path(self.root)
        if (root / _NAME).exists() or not (root / ".git").exists():
            return
        try:
            done = subprocess.run(_DESCRIBE, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603 - words of ours
        except (OSError, subprocess.CalledProcessError):
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "commit.txt"
        file.write_text(done.stdout)
        build_data["force_include"][str(file)] = _NAME

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Delete the file."""
        if self._folder is not None:
            self._folder.cleanup()
