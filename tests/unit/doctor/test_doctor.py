"""A check that fails is reported, whatever the error, and the checks after it still run."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from docker_credential_ecrx import doctor
from docker_credential_ecrx.doctor import Check
from docker_credential_ecrx.doctor.context import CallerFacts, Context, Finding, TokenFacts, failed, passed, skipped
from docker_credential_ecrx.ecr import image
from docker_credential_ecrx.errors import FileError, Remedy

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


def context(name: str = "") -> Context:
    """Return a context about an image, or about none."""
    return Context(image.parse(name) if name else None, "docker-credential-ecrx", {}, push=False)


class TestRunCheck:
    def test_returns_the_findings(self) -> None:
        found = Finding(ok=True, detail="well")

        assert found == doctor.run(Check("check", lambda _: found), context(), {})

    def test_returns_no_terminal_control_characters(self) -> None:
        found = failed("no\x1b[2J\nline", "first\x07", Remedy("second\r", "third\x1b"))

        ok, detail, remedies, _ = doctor.run(Check("check", lambda _: found), context(), {})

        assert (False, "no [2J line") == (ok, detail)
        assert ["first", "second: third"] == [*map(str, remedies)]

    @pytest.mark.parametrize("path", ["/opt/aB3dEf6hIj9lMn2pQr5tUv8xYz1Bc4De7Fg0Hi3J/bin", "/home/a  b", "/x/a\nb"])
    def test_gives_no_command_that_sanitizing_would_change(self, path: str) -> None:
        """It would act on another path."""
        found = failed("writable", Remedy("change its mode", f"chmod o-w '{path}'"), Remedy())

        (remedy,) = doctor.run(Check("check", lambda _: found), context(), {}).remedies

        assert (True, "") == (remedy.text.startswith("change its mode: chmod o-w"), remedy.command)

    def test_turns_an_error_into_a_failed_check(self) -> None:
        def check(_: Context) -> Finding:
            raise FileError("it is broken", Remedy("fix it", "true"))

        found = doctor.run(Check("check", check), context(), {})

        assert (False, "it is broken") == found[:2]
        assert ["fix it: true"] == [*map(str, found.remedies)]

    def test_names_the_registry_in_a_remedy(self) -> None:
        def check(_: Context) -> Finding:
            raise FileError("it is broken", Remedy("", "docker-credential-ecrx login HOST"))

        (remedy,) = doctor.run(Check("check", check), context(HOST), {}).remedies

        assert f"docker-credential-ecrx login {HOST}" == remedy.command

    def test_hides_the_text_of_an_unexpected_error(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ECRX_LOG", "debug")

        def check(_: Context) -> Finding:
            raise ZeroDivisionError(HOST)

        found = doctor.run(Check("check", check), context(), {})

        assert (False, "the check failed with an unexpected ZeroDivisionError") == found[:2]
        assert "ECRX_LOG=debug" in str(found.remedies[0])
        said = capfd.readouterr().err
        assert "ZeroDivisionError at " in said
        assert HOST not in said


class TestFacts:
    def test_are_passed_in_the_order_of_the_table(self) -> None:
        caller, token = CallerFacts("arn"), TokenFacts("hunter2", "arn")
        check = Check("check", lambda _, *facts: passed(repr(facts)), needs=("caller",), uses=("role", "token"))

        found = doctor.run(check, context(), {"token": token, "caller": caller})

        assert repr((caller, None, token)) == found.detail

    def test_that_are_missing_skip_the_check(self) -> None:
        check = Check("check", lambda *_: passed("well"), needs=("caller",))

        for facts in ({}, {"caller": None}):
            assert skipped('needs the result of the check "caller"') == doctor.run(check, context(), facts)

    def test_come_from_failed_checks_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def first(_: Context) -> Finding:
            return failed("no", facts=CallerFacts("arn"))

        checks = (Check("first", first), Check("second", lambda _, facts: passed(facts.arn), needs=("first",)))
        monkeypatch.setattr(doctor, "_CHECKS", checks)

        assert ["no", "arn"] == [found.detail for _, found in _run_all()]

    def test_show_no_password(self) -> None:
        assert "hunter2" not in repr(passed("well", TokenFacts("hunter2", "arn")))


def _run_all() -> Iterator[tuple[Check, Finding]]:
    return doctor.run_all(context(), lambda _: nullcontext())


class TestChecks:
    def test_without_a_registry_omit_its_token(self) -> None:
        """The other checks of a registry say how to ask for them."""
        whole = [check.name for check in doctor.checks(context(HOST))]
        general = [check.name for check in doctor.checks(context())]

        assert 12 == len(whole)
        assert ["token"] == [name for name in whole if name not in general]

    def test_depend_only_on_earlier_checks(self) -> None:
        before: set[str] = set()
        for check in doctor.checks(context(HOST)):
            assert {*check.needs, *check.uses} <= before
            before.add(check.name)
