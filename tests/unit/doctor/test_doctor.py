"""A check that fails is reported, whatever the error, and the checks after it still run."""

import pytest

from docker_credential_ecrx import doctor
from docker_credential_ecrx.doctor import Check
from docker_credential_ecrx.doctor.context import Context, Finding
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.errors import FileError

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


def case(name: str = "") -> Context:
    """Return a case about an image, or about none."""
    return Context(image.parse(name) if name else None, "docker-credential-ecrx", {}, push=False)


class TestRunCheck:
    def test_returns_the_findings(self) -> None:
        found = Finding(ok=True, detail="well")

        assert found == doctor.run(Check("link", lambda _: found), case())

    def test_returns_no_terminal_control_characters(self) -> None:
        found = Finding(ok=False, detail="no\x1b[2J\nline", remedy="first\x07\nsecond\r")

        assert (False, "no [2J line", "first\nsecond") == doctor.run(Check("link", lambda _: found), case())

    def test_turns_an_error_into_a_failed_check(self) -> None:
        def look(_: Context) -> Finding:
            message = "it is broken"
            raise FileError(message, "mend it")

        assert (False, "it is broken", "mend it") == doctor.run(Check("link", look), case())

    def test_hides_the_text_of_an_unexpected_error(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ECRX_LOG", "debug")

        def look(_: Context) -> Finding:
            raise ZeroDivisionError(HOST)

        found = doctor.run(Check("link", look), case())

        assert (False, "looking at it met an unexpected ZeroDivisionError") == found[:2]
        assert "ECRX_LOG=debug" in found.remedy
        said = capfd.readouterr().err
        assert "ZeroDivisionError at " in said
        assert HOST not in said


class TestChecks:
    def test_without_a_registry_omit_its_checks(self) -> None:
        whole = [link.name for link in doctor.checks(case(HOST))]
        general = [link.name for link in doctor.checks(case())]

        assert 12 == len(whole)
        assert ["token", "registry", "image", "push"] == [name for name in whole if name not in general]

    def test_show_no_password(self) -> None:
        found = case(HOST)
        found.password = "hunter2"

        assert f"Case({HOST})" == repr(found)
