"""The profiles and SSO sessions in AWS's files, which botocore parses."""

import time
from pathlib import Path

import pytest

from docker_credential_ecrx.aws import profiles

_CALLS = 20


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return AWS's config file, which has a thousand profiles and an SSO session."""
    path = tmp_path / "config"
    sections = (f"[profile p{number}]\nregion = us-east-1\nsso_session = corp\n" for number in range(1000))
    path.write_text("".join([*sections, "[sso-session corp]\nsso_region = us-east-1\n"]))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return path


def cpu_seconds(calls: int) -> float:
    """Return the CPU time of so many calls."""
    started = time.process_time()
    for _ in range(calls):
        assert ["corp"] == [*profiles.sso_sessions()]
    return time.process_time() - started


class TestFiles:
    def test_are_parsed_once(self, config: Path) -> None:
        """A list of profiles looks up the session of each."""
        assert config.exists()
        cpu_seconds(1)  # botocore is imported
        config.write_text(f"{config.read_text()}[profile one]\n")

        first = cpu_seconds(1)

        assert cpu_seconds(_CALLS) < first * _CALLS / 4

    def test_are_parsed_again_after_a_change(self, config: Path) -> None:
        before = profiles.sso_sessions()

        config.write_text("[sso-session other]\n[profile one]\nregion = us-east-1\n")

        assert (["corp"], ["other"], ["one"]) == ([*before], [*profiles.sso_sessions()], [*profiles.profiles()])
