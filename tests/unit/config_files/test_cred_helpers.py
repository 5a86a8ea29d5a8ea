"""Which helper Docker's config.json names, as far as this user can read it."""

import os
import tempfile
from pathlib import Path

import pytest

from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.errors import FileError
from support import need

pytestmark = pytest.mark.posix("modes and other users")

_OTHER_USER = 4_300_000


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o700, 0o644), (0o755, 0o600)])
def test_file_that_cannot_be_reached_counts_as_missing(folder_mode: int, file_mode: int) -> None:
    """Docker goes on without it, with a warning; a file that this user may not read is an error."""
    if os.geteuid() != 0:
        need.missing("root, to be another user,")
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        config = Path(home, ".docker", "config.json")
        config.parent.mkdir()
        config.write_text('{"credsStore": "ecrx"}')
        config.chmod(file_mode)
        Path(home).chmod(folder_mode)
        os.seteuid(_OTHER_USER)
        try:
            if folder_mode == 0o700:
                assert ({}, "") == cred_helpers.read({"HOME": home})[:2]
            else:
                with pytest.raises(FileError, match=f"cannot read {config}: Permission denied"):
                    cred_helpers.read({"HOME": home})
        finally:
            os.seteuid(0)


def test_file_in_a_closed_folder_of_the_users_is_an_error() -> None:
    if os.geteuid() != 0:
        need.missing("root, to be another user,")
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        config = Path(home, ".docker", "config.json")
        config.parent.mkdir()
        config.write_text('{"credsStore": "ecrx"}')
        for path in (Path(home), config.parent, config):
            os.chown(path, _OTHER_USER, _OTHER_USER)
        config.parent.chmod(0o600)
        os.seteuid(_OTHER_USER)
        try:
            with pytest.raises(FileError, match=f"cannot read {config}: Permission denied"):
                cred_helpers.read({"HOME": home})
        finally:
            os.seteuid(0)
