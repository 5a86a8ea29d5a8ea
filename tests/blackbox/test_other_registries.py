"""Passwords of registries other than ECR: the Secret Service stores them, so Docker's store loses nothing."""

import json
import secrets

import keyring.core
import pytest
from keyring.backend import KeyringBackend

from support import keyrings
from support.home import NOT_FOUND, Home, Result
from support.secrets import places_of

HOST = "registry.example.com"
OTHER_HOST = "registry.example.org:5000"
DOCKER_HUB = "https://index.docker.io/v1/"
SERVICE = f"docker-credential-ecrx:password:{HOST}"
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}


@pytest.fixture(autouse=True, params=["auto", "kernel"])
def bus(request: pytest.FixtureRequest, home: Home, secret_service: dict[str, str]) -> str:
    """Connect the program to a Secret Service, and return the address of its bus."""
    home.env |= secret_service | {"ECRX_KEYRING": request.param}
    return secret_service["DBUS_SESSION_BUS_ADDRESS"]


@pytest.fixture
def library(bus: str, monkeypatch: pytest.MonkeyPatch) -> KeyringBackend:
    """Return the ``keyring`` library's own backend for the same Secret Service."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    return keyring.core.load_keyring("keyring.backends.SecretService.Keyring")


def get(home: Home, server: str = HOST) -> tuple[str, str]:
    """Return the user and the password that the program returns."""
    found = home.run("get", stdin=server)
    assert found.status == 0, found
    assert server == found.answer["ServerURL"]
    return found.answer["Username"], found.answer["Secret"]


def refusal(found: Result) -> str:
    """Return the one line on both streams that says what failed."""
    assert (1, found.stderr, 1) == (found.status, found.stdout, found.stdout.count("\n"))
    assert NOT_FOUND.strip() not in found.stdout
    return found.stdout


class TestStoreAndGet:
    @pytest.mark.parametrize("server", [HOST, OTHER_HOST, DOCKER_HUB, "https://registry.example.net/team/app"])
    def test_get_returns_stored_credentials(self, home: Home, server: str) -> None:
        assert (0, "", "") == home.store(server, "alice", "word")

        assert ("alice", "word") == get(home, server)

    @pytest.mark.parametrize(
        "password",
        [
            "pässwörd 🐳 密码",
            'a "quoted" \\ back/slash',
            "line\nline\ttab",
            " blanks around ",
            "{}",
            "x" * 5000,
            "é" * 5000,
        ],
        ids=["unicode", "quotes", "lines", "blanks", "json", "long", "long-unicode"],
    )
    def test_password_is_returned_unchanged(self, home: Home, password: str) -> None:
        assert (0, "", "") == home.store(HOST, "alice", password)

        assert ("alice", password) == get(home)

    def test_identity_token_keeps_its_user(self, home: Home) -> None:
        request = f'{{"ServerURL":"{HOST}","Username":"\\u003ctoken\\u003e","Secret":"refresh"}}\n'  # in Go's format

        assert (0, "", "") == home.run("store", stdin=request)

        assert ("<token>", "refresh") == get(home)

    def test_second_store_replaces_user_and_password(self, home: Home) -> None:
        home.store(HOST, "alice", "word")
        home.store(HOST, "bob", "other word")

        assert ("bob", "other word") == get(home)
        assert {HOST: "bob"} == home.run("list").answer

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            (HOST, f"https://{HOST}"),
            (f"https://{HOST}", HOST),
            (f"http://{HOST}", f"https://{HOST}/"),
            (f"{HOST}:443", f"http://{HOST}"),
        ],
    )
    def test_scheme_does_not_change_the_host(self, home: Home, stored: str, asked: str) -> None:
        home.store(stored, "alice", "word")

        assert ("alice", "word") == get(home, asked)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (HOST, OTHER_HOST),
            ("registry.example.org:5001", OTHER_HOST),
            (f"evil{HOST}", HOST),
            ("\u212aube.example", "kube.example"),
            ("kube.example", "\u212aube.example"),
            ("https://http://kube.example", "kube.example"),
            ("kube.example:0443", "kube.example"),
            (f"{DOCKER_HUB}access-token", f"{DOCKER_HUB}refresh-token"),
        ],
    )
    def test_two_registries_are_separate(self, home: Home, one: str, other: str) -> None:
        home.store(one, "alice", "word")
        assert (1, NOT_FOUND) == home.run("get", stdin=other)[:2]
        home.store(other, "bob", "other word")

        assert [("alice", "word"), ("bob", "other word")] == [get(home, one), get(home, other)]
        home.run("erase", stdin=one)
        assert ("bob", "other word") == get(home, other)


class TestErase:
    @pytest.mark.parametrize("erased", [HOST, f"https://{HOST}", f"http://{HOST}", f"{HOST}\n"])
    def test_get_afterwards_is_not_found(self, home: Home, erased: str) -> None:
        home.store(HOST, "alice", "word")

        assert (0, "", "") == home.run("erase", stdin=erased)
        assert (1, NOT_FOUND, "") == home.run("get", stdin=HOST)

    def test_of_nothing_succeeds(self, home: Home) -> None:
        assert (0, "", "") == home.run("erase", stdin=HOST)

    def test_removes_host_from_list(self, home: Home) -> None:
        home.store(HOST, "alice", "word")
        home.store(OTHER_HOST, "bob", "other word")

        home.run("erase", stdin=HOST)

        assert {OTHER_HOST: "bob"} == home.run("list").answer


class TestList:
    def test_names_each_server_and_user(self, home: Home) -> None:
        for server, user in ((HOST, "alice"), (OTHER_HOST, "<token>"), (DOCKER_HUB, "ünï")):
            home.store(server, user, "word")

        assert {HOST: "alice", OTHER_HOST: "<token>", DOCKER_HUB: "ünï"} == home.run("list").answer

    def test_of_nothing_is_an_empty_object(self, home: Home) -> None:
        assert (0, "{}\n", "") == home.run("list")

    def test_omits_items_deleted_by_other_programs(self, home: Home, library: KeyringBackend) -> None:
        home.store(HOST, "alice", "word")
        library.delete_password(SERVICE, "ecrx")

        assert {} == home.run("list").answer


class TestStorage:
    def test_password_is_in_no_file_or_kernel_key(self, home: Home) -> None:
        secret, keys = secrets.token_urlsafe(300), keyrings.kernel_keys()
        home.store(HOST, "alice", secret, env={"ECRX_LOG": "debug"})
        get(home)
        home.run("list")

        assert [] == places_of(secret, home.folder)
        assert keys == keyrings.kernel_keys()

    def test_password_is_not_in_debug_log(self, home: Home) -> None:
        stored = home.store(HOST, "alice", "correct-horse", env={"ECRX_LOG": "debug"})
        found = home.run("get", stdin=HOST, env={"ECRX_LOG": "debug"})

        assert "correct-horse" not in stored.stdout + stored.stderr + found.stderr

    def test_keyring_library_reads_the_same_item(self, home: Home, library: KeyringBackend) -> None:
        home.store(HOST, "alice", "pässwörd")

        item = library.get_password(SERVICE, "ecrx")

        assert {"ServerURL": HOST, "Username": "alice", "Secret": "pässwörd"} == json.loads(item or "")

    def test_keyring_library_can_replace_the_password(self, home: Home, library: KeyringBackend, bus: str) -> None:
        home.store(HOST, "alice", "word")
        record = json.dumps({"ServerURL": HOST, "Username": "bob", "Secret": "other word"})
        library.set_password(SERVICE, "ecrx", record)

        assert ("bob", "other word") == get(home)
        with keyrings.collection({"DBUS_SESSION_BUS_ADDRESS": bus}) as collection:
            assert 1 == len(list(collection.get_all_items()))


class TestNoKeyring:
    @pytest.fixture(autouse=True, params=[NO_BUS, NO_BUS | {"ECRX_KEYRING": "none"}], ids=["no-bus", "none"])
    def without_a_keyring(self, request: pytest.FixtureRequest, home: Home) -> None:
        home.env |= request.param

    def test_store_fails_in_one_line(self, home: Home) -> None:
        line = refusal(home.store(HOST, "alice", "correct-horse"))

        assert "let Docker store it: run docker-credential-ecrx configure HOST for each ECR registry" in line
        assert "set ECRX_KEYRING" not in line
        assert "correct-horse" not in line

    def test_status_reports_the_same_reason(self, home: Home) -> None:
        """Of a helper for all registries; one for ECR alone needs no keyring for passwords."""
        (said,) = (line for line in home.run("status").stdout.splitlines() if "keyring for passwords" in line)
        assert "none; it is only for docker login to other registries" in said
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text('{"credsStore": "ecrx"}')

        (said,) = (line for line in home.run("status").stdout.splitlines() if "keyring for passwords" in line)

        assert "let Docker store it: " in said
        assert "set ECRX_KEYRING" not in said

    def test_get_is_not_found(self, home: Home) -> None:
        assert (1, NOT_FOUND, "") == home.run("get", stdin=HOST)

    def test_erase_succeeds(self, home: Home) -> None:
        assert (0, "", "") == home.run("erase", stdin=HOST)

    def test_list_is_empty(self, home: Home) -> None:
        assert (0, "{}\n", "") == home.run("list")


class TestUnavailableKeyring:
    @pytest.fixture(autouse=True)
    def stored_before(self, home: Home) -> None:
        home.store(HOST, "alice", "word")
        home.env |= NO_BUS

    def test_get_of_stored_host_fails(self, home: Home) -> None:
        """A failure, unlike "not found", keeps clients from going on anonymously."""
        line = refusal(home.run("get", stdin=HOST))

        assert "the Secret Service is not available" in line
        assert "set ECRX_KEYRING" not in line

    def test_erase_reports_it_and_succeeds(self, home: Home) -> None:
        status, stdout, stderr = home.run("erase", stdin=HOST)

        assert (0, "", 1) == (status, stdout, stderr.count("\n"))

    def test_list_names_only_what_get_returns(self, home: Home) -> None:
        assert (0, "{}\n", "") == home.run("list")
