"""botocore reads what the fingerprint was made of, or the files themselves where there can be no copy in memory."""

import sys
from pathlib import Path

import pytest
from botocore.session import Session

from docker_credential_ecrx.aws import snapshot
from docker_credential_ecrx.identity.aws_profiles import Snapshot


def test_botocore_reads_the_files_where_none_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no memfd_create, and not even the module fcntl."""
    config = tmp_path / "config"
    config.write_text("[profile alice]\nregion = eu-west-1\n")
    env = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    session = Session(profile="alice")

    snapshot.give(session, Snapshot(env))

    assert (str(config), "eu-west-1") == (
        session.get_config_variable("config_file"),
        session.get_config_variable("region"),
    )
