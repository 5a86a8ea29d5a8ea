"""``status`` shows what is kept, for whom and until when, without a secret, AWS or a question."""

import json
import re
import shutil
from datetime import datetime, timedelta
from typing import Any

import pytest

from support import kept, keyrings, terminals
from support.forms import as_wheel
from support.home import HOST, OTHER_HOST, ROLE, Home

NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
PUBLIC = "public.ecr.aws"


@pytest.fixture
def passwords(home: Home, secret_service: dict[str, str]) -> None:
    """Lead the home to a Secret Service."""
    home.env |= secret_service


def status(home: Home, ends: int = 0, /, **env: str) -> Any:  # noqa: ANN401 - JSON
    """Return what ``status --json`` says, with the exit status ``ends``; AWS is not asked."""
    home.aws.calls.clear()
    found = home.run("status", "--json", env=env)
    assert (ends, "", []) == (found.status, found.stderr, home.aws.calls)
    return found.answer


def text(home: Home, ends: int = 0, /, **env: str) -> str:
    """Return what ``status`` says to a person, with the exit status ``ends``."""
    found = home.run("status", env=env)
    assert (ends, "") == (found.status, found.stderr)
    return found.stdout


class TestToken:
    def test_is_shown_with_identity_region_registries_and_keyring(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.get(env=keyring)

        (token,) = status(home, **keyring)["tokens"]

        assert ("token", "profile secondary", "us-east-1", "fresh") == tuple(
            token[key] for key in ("kind", "identity", "region", "state")
        )
        assert ([HOST], keyring["ECRX_KEYRING"]) == (token["registries"], token["keyring"])
        for fact in ("profile secondary", "us-east-1", HOST, keyring["ECRX_KEYRING"]):
            assert fact in text(home, **keyring)

    def test_is_shown_with_its_times_in_utc(self, home: Home) -> None:
        home.add_role_profile()
        expires = home.aws.issued[home.get().secret].expires

        (token,) = status(home)["tokens"]

        minted, renews, ends = (datetime.fromisoformat(token[key]) for key in ("minted", "renews", "expires"))
        assert abs(ends.timestamp() - expires) < 60
        assert timedelta(hours=12) == ends - minted
        assert timedelta(hours=5.4) <= renews - minted <= timedelta(hours=6.6)

    def test_is_shown_with_how_far_off_its_times_are(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        kept.age(home, hours=1.5)

        said = text(home)

        assert re.search(r"minted +20..-..-.. ..:.. UTC, 1 h 30 min ago\n", said)
        assert re.search(r"renews +20..-..-.. ..:.. UTC, in [345] h \d+ min\n", said)
        assert re.search(r"expires +20..-..-.. ..:.. UTC, in 10 h 30 min\n", said)

    def test_is_never_itself_shown(self, home: Home) -> None:
        home.add_role_profile()
        secret = home.get().secret

        assert secret[:40] not in text(home) + json.dumps(status(home))

    def test_of_each_identity_and_region_is_shown(self, home: Home) -> None:
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        for host, profile in ((HOST, "secondary"), (HOST, "tertiary"), (PUBLIC, "secondary")):
            home.get(host, profile=profile)

        shown = [(token["identity"], *token["registries"]) for token in status(home)["tokens"]]

        assert [("profile secondary", HOST), ("profile tertiary", HOST), ("profile secondary", PUBLIC)] == shown

    def test_past_half_its_life_is_due(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        kept.age(home, hours=7)

        assert ["due"] == [token["state"] for token in status(home)["tokens"]]
        assert "due: the next get renews it" in text(home)

    def test_that_has_ended_is_left_out(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        kept.age(home, hours=12.1)

        assert [] == status(home)["tokens"]
        assert "no token is cached" in text(home)

    def test_that_its_keyring_lost_is_shown_as_gone_and_the_next_get_mends_it(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        kept.lose(home)

        assert ["gone"] == [token["state"] for token in status(home)["tokens"]]
        assert "gone from the keyring before its time" in text(home)

    def test_of_which_nothing_is_noted_is_shown_with_what_its_name_and_itself_tell(
        self, home: Home, keyring: dict[str, str]
    ) -> None:
        home.add_role_profile()
        home.get(env=keyring)
        (noted,) = status(home, **keyring)["tokens"]
        shutil.rmtree(home.folder / ".local")

        (token,) = status(home, **keyring)["tokens"]

        assert noted | {"identity": "an unknown identity", "registries": []} == token

    def test_in_a_keyring_that_is_not_to_be_had_is_shown_as_unknown_with_the_reason(
        self, home: Home, secret_service: dict[str, str]
    ) -> None:
        home.add_role_profile()
        home.get(env=secret_service | {"ECRX_KEYRING": "secret-service"})

        (token,) = status(home, 1, **NO_BUS)["tokens"]

        assert "unknown" == token["state"]
        assert "the Secret Service is not available" in token["reason"]
        assert "the Secret Service is not available" in text(home, 1, **NO_BUS)

    def test_of_docker_login_is_shown_as_such(self, home: Home) -> None:
        home.store(HOST, "AWS", "of docker login")

        (token,) = status(home)["tokens"]

        assert ("login", "docker login", [HOST]) == (token["kind"], token["identity"], token["registries"])

    def test_of_docker_login_is_served_until_it_ends_and_never_renewed(self, home: Home) -> None:
        home.store(HOST, "AWS", "of docker login")
        kept.age(home, hours=11)

        (token,) = status(home)["tokens"]

        assert ("fresh", None) == (token["state"], token["renews"])
        assert "renew" not in text(home)


@pytest.mark.usefixtures("passwords")
class TestPassword:
    def test_is_shown_by_host_and_user_and_never_itself(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")

        shown = status(home)["passwords"]

        known = {"registry": "ghcr.io", "user": "somebody", "keyring": "secret-service"}
        assert [known | {"state": "kept", "reason": None}] == shown
        assert "ghcr.io  user somebody, secret-service\n" in text(home)
        assert "hunter2" not in text(home)

    def test_that_another_program_deleted_is_shown_as_gone(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")
        keyrings.clear(home.env)

        assert ["gone"] == [password["state"] for password in status(home, 1)["passwords"]]

    def test_in_a_keyring_that_is_not_to_be_had_is_shown_all_the_same(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")

        (password,) = status(home, 1, **NO_BUS)["passwords"]

        assert "unknown" == password["state"]
        assert "the Secret Service is not available" in password["reason"]
        assert "ghcr.io  user somebody" in text(home, 1, **NO_BUS)


class TestSettings:
    def test_the_configuration_file_is_named_and_whether_it_exists(self, home: Home) -> None:
        path = home.folder / ".config" / "ecrx" / "config.toml"

        assert {"path": str(path), "exists": False} == status(home)["config"]
        assert f"{path} (not there" in text(home)
        home.configure("")
        assert {"path": str(path), "exists": True} == status(home)["config"]
        assert f"{path}\n" in text(home)

    def test_the_keyring_of_tokens_and_that_of_passwords_are_named(
        self, home: Home, secret_service: dict[str, str]
    ) -> None:
        env = secret_service | {"ECRX_KEYRING": "kernel"}

        assert {"tokens": "kernel", "passwords": "secret-service"} == status(home, **env)["keyrings"]
        assert re.search(r"tokens go to +kernel\n +passwords go to +secret-service\n", text(home, **env))

    def test_that_there_is_no_keyring_is_told_with_the_reason(self, home: Home) -> None:
        assert {"tokens": None, "passwords": None} == status(home, ECRX_KEYRING="none")["keyrings"]
        assert "tokens go to     no keyring: every get asks AWS" in text(home, ECRX_KEYRING="none")

    def test_a_keyring_that_is_set_and_not_to_be_had_is_not_well(self, home: Home) -> None:
        env = NO_BUS | {"ECRX_KEYRING": "secret-service"}

        assert {"tokens": None, "passwords": None} == status(home, 1, **env)["keyrings"]
        assert "tokens go to     no keyring: the Secret Service is not available" in text(home, 1, **env)

    def test_that_there_is_none_for_passwords_is_well_where_none_are_kept(self, home: Home) -> None:
        assert {"tokens": "kernel", "passwords": None} == status(home, **NO_BUS)["keyrings"]

    def test_a_configuration_file_that_is_wrong_is_named_in_one_line(self, home: Home) -> None:
        home.configure("[cash]\n")

        found = home.run("status")

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "config.toml: unknown key cash" in found.stderr

    # The frozen program heeds no variable of Python's.
    @as_wheel
    def test_has_what_the_output_cannot_show_by_its_code(self, home: Home) -> None:
        folder = home.folder / "é"

        found = home.run("status", env={"PYTHONIOENCODING": "ascii", "XDG_CONFIG_HOME": str(folder)})

        assert (0, "") == (found.status, found.stderr)
        assert "\\xe9/ecrx/config.toml (not there: the defaults apply)" in found.stdout


class TestOnATerminal:
    def test_no_line_is_longer_than_80_columns(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')
        home.get(profile=None)
        home.get(OTHER_HOST)
        home.env |= {"NO_COLOR": "1", "ECRX_CONFIG": str(home.folder / ".config" / "ecrx" / "config.toml")} | NO_BUS

        ended, seen = terminals.run([home.program, "status"], home.env)

        assert 0 == ended
        lines = re.sub(r"\x1b\[[\d;]*m", "", seen).splitlines()
        assert f"role {ROLE} from profile base, us-east-1" in lines
        assert [] == [line for line in lines if len(line) > terminals.COLUMNS and str(home.folder) not in line]

    def test_letters_are_bold_and_faint_and_elsewhere_plain(self, home: Home) -> None:
        _, seen = terminals.run([home.program, "status"], home.env)

        assert "\x1b[" in seen
        assert "\x1b" not in text(home)
