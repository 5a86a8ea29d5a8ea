"""What every keyring promises; each keyring's tests run it on that keyring, and add what is special to it.

The class needs these fixtures: ``keyring``; ``name``, under which nothing is stored; ``library``, the backend of the
``keyring`` library that has the same items; ``failing``, a keyring that is open and then fails whatever is done; and
``unavailable``, which opens one that is not there. The last two are opened with ALTERNATIVE.
"""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import USERNAME, service_of

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

TOKEN = "ecrx1 1 43200 21600 - 0 00000000\n" + base64.b64encode(bytes(range(250)) * 8).decode()
SECRET = "hunter2hunter2"
ALTERNATIVE = "use another keyring"
LIFE_SECONDS = 12 * 3600
_secrets = st.one_of(st.text(), st.binary().map(base64.b64encode).map(bytes.decode))
_USES: dict[str, Callable[["Keyring"], object]] = {
    "read": lambda keyring: keyring.get("name"),
    "write to": lambda keyring: keyring.set("name", SECRET, LIFE_SECONDS),
    "delete from": lambda keyring: keyring.delete("name"),
    "list": lambda keyring: keyring.names(),
}


class KeyringContract:
    """A keyring stores one secret under a name, which the ``keyring`` library reads and writes too."""

    can_list = True  # its items
    reads_first = False  # whatever it is used for

    def test_has_nothing_under_a_new_name(self, keyring: "Keyring", name: str) -> None:
        keyring.delete(name)

        assert keyring.get(name) is None
        assert name not in keyring.names()

    @pytest.mark.parametrize("seconds", [LIFE_SECONDS, None])
    def test_has_what_was_stored_until_it_is_deleted(self, keyring: "Keyring", name: str, seconds: int | None) -> None:
        keyring.set(name, TOKEN, seconds)
        assert TOKEN == keyring.get(name)
        keyring.delete(name)
        keyring.delete(name)

        assert keyring.get(name) is None
        assert name not in keyring.names()

    def test_replaces_the_one_secret_of_a_name(self, keyring: "Keyring", name: str) -> None:
        for secret in ("first", TOKEN, "third"):
            keyring.set(name, secret, LIFE_SECONDS)
            assert secret == keyring.get(name)

        assert int(self.can_list) == keyring.names().count(name)

    def test_keeps_names_apart(self, keyring: "Keyring", name: str) -> None:
        other = f"{name}4"
        keyring.set(name, "one", LIFE_SECONDS)
        keyring.set(other, "other", LIFE_SECONDS)
        assert ("one", "other") == (keyring.get(name), keyring.get(other))
        keyring.delete(name)

        assert (None, "other") == (keyring.get(name), keyring.get(other))
        assert self.can_list == (other in keyring.names())
        keyring.delete(other)

    def test_reads_expected_items_as_ever(self, keyring: "Keyring", name: str) -> None:
        """What is stored or deleted after ``expect`` counts, and so does what is read twice or in another order."""
        names = (f"{name}5", name, f"{name}6")
        keyring.set(name, "one", LIFE_SECONDS)

        keyring.expect(names)
        assert [None, "one", None, "one"] == [keyring.get(each) for each in (*reversed(names), name)]
        keyring.expect(names)
        keyring.set(name, "two", LIFE_SECONDS)
        assert "two" == keyring.get(name)
        keyring.expect(names)
        keyring.delete(name)
        assert keyring.get(name) is None

    def test_takes_a_name_of_any_script(self, keyring: "Keyring", name: str, library: KeyringBackend) -> None:
        name = f"{name}/Überraschung-登录-🐳"
        keyring.set(name, "word", None)

        assert "word" == keyring.get(name) == library.get_password(service_of(name), USERNAME)
        assert self.can_list == (name in keyring.names())
        keyring.delete(name)

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(_secrets, st.text())
    def test_stores_a_secret_of_any_text(self, keyring: "Keyring", name: str, last: str, first: str) -> None:
        for secret in (last, f"{first}\n{last}", f"{first * 4200:.4200}\n{last}"):
            keyring.set(name, secret, LIFE_SECONDS)

            assert secret == keyring.get(name)

    def test_shares_its_items_with_the_keyring_library(
        self, keyring: "Keyring", name: str, library: KeyringBackend
    ) -> None:
        service = service_of(name)
        for secret in ("first", "third"):
            keyring.set(name, secret, LIFE_SECONDS)
            assert secret == library.get_password(service, USERNAME)
            library.set_password(service, USERNAME, f"after the {secret}")
            assert f"after the {secret}" == keyring.get(name)

        keyring.delete(name)
        assert library.get_password(service, USERNAME) is None
        library.set_password(service, USERNAME, "theirs")
        assert "theirs" == keyring.get(name)
        library.delete_password(service, USERNAME)
        assert keyring.get(name) is None

    @pytest.mark.parametrize("verb", _USES)
    def test_that_fails_says_so_with_a_remedy_and_without_the_secret(self, failing: "Keyring", verb: str) -> None:
        if verb == "list" and not self.can_list:
            assert [] == failing.names()
            return
        with pytest.raises(KeyringError, match=f"cannot {'read' if self.reads_first else verb} the ") as raised:
            _USES[verb](failing)

        error = raised.value
        assert ALTERNATIVE in error.remedy.text
        assert SECRET not in f"{error} {error!r} {error.message} {error.remedy} {error.args}"
        assert 1 == len(str(error).splitlines())

    def test_that_is_not_available_says_so_with_a_remedy(self, unavailable: "Callable[[], Keyring]") -> None:
        with pytest.raises(KeyringUnavailableError, match=r"not (available|supported)") as raised:
            unavailable()

        assert ALTERNATIVE in raised.value.remedy.text
        assert 1 == len(str(raised.value).splitlines())
