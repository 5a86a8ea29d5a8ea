"""Invalid requests, arguments and files: one line names the fault, and nothing stored is lost."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.home import HOST, NOT_FOUND, OTHER_HOST, ROLE, SECONDARY, Home, Result

_SECONDARY = "docker-credential-ecrx-secondary"
_REGISTRY = "registry.stored.example"
_PASSWORD, _SECRET = "stored-password", "hunter2-hunter2"
_RULE = '[[registry]]\nmatch = "*"\n'
_VERBS = ("get", "store", "list")

_NO_TEXTS = {
    "binary": bytes(range(256)),
    "five megabytes": b"a" * 5_000_000,
    "Latin-1": "registry.é".encode("latin-1"),
    "UTF-16": HOST.encode("utf-16"),
    "a NUL": f"{HOST}\0".encode(),
    "two hosts": f"{HOST}\n{OTHER_HOST}".encode(),
}
_SPOILT: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path),
    "not UTF-8": lambda path: path.write_bytes("# é".encode("latin-1")),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "no section": lambda path: path.write_text("role_arn = x\n"),
    "half a section": lambda path: path.write_text("[profile secondary\n"),
}


def _stored(**changes: object) -> bytes:
    """Return a store request."""
    return json.dumps({"ServerURL": _REGISTRY, "Username": "me", "Secret": _SECRET} | changes).encode()


_NO_REQUESTS = {
    "cut off": _stored()[:-1],
    "null": b"null",
    "list": b"[]",
    "text": b'"text"',
    "number": b"1" * 5000,
    "deep list": b"[" * 100_000,
    "deep object": b'{"ServerURL":' * 100_000,
    "server a number": _stored(ServerURL=1),
    "server a list": _stored(ServerURL=[_REGISTRY]),
    "server of two lines": _stored(ServerURL=f"{_REGISTRY}\n{HOST}"),
    "server without end": _stored(ServerURL="a" * 5000),
    "user an object": _stored(Username={"name": "me"}),
    "user half a character": _stored(Username="\ud800"),
    "secret a number": _stored(Secret=1),
    "secret true": _stored(Secret=True),
    "secret null": _stored(Secret=None),
    "secret empty": _stored(Secret=""),
    "secret half a character": _stored(Secret="\udfff"),
    "ECR's secret null": _stored(ServerURL=HOST, Username="AWS", Secret=None),
    "ECR's secret empty": _stored(ServerURL=HOST, Username="AWS", Secret=""),
}


def _line(found: Result) -> str:
    """Return the one line of a failure."""
    assert 1 == found.status
    assert found.stdout == found.stderr
    return _checked(found.stdout)


def _erased(found: Result) -> str:
    """Return the one line, or none, of an erase that found nothing to erase."""
    assert (0, "") == (found.status, found.stdout)
    return _checked(found.stderr) if found.stderr else ""


def _checked(line: str) -> str:
    """Return a line for people, without a traceback and without a secret."""
    assert [line.removesuffix("\n")] == line.splitlines()
    assert len(line) < 4096
    unwanted = (NOT_FOUND.strip(), "Traceback", "unexpected", _SECRET, _PASSWORD)
    assert [] == [words for words in unwanted if words in line]
    return line


def _answers(home: Home) -> dict[str, str]:
    """Return what get returns for both stored items; a lost token is replaced by a different one."""
    return {server: home.run("get", stdin=server, argv0=_SECONDARY).secret for server in (HOST, _REGISTRY)}


@pytest.fixture
def stored(home: Home, secret_service: dict[str, str]) -> dict[str, str]:
    """Return what get returns after a docker pull and a docker login."""
    home.env |= secret_service
    home.add_role_profile()
    home.get()
    home.store(_REGISTRY, "me", _PASSWORD)
    return _answers(home)


PUBLIC = "public.ecr.aws"


class TestRequest:
    @pytest.mark.parametrize("sent", _NO_TEXTS.values(), ids=_NO_TEXTS)
    def test_without_a_host_fails_except_for_erase(self, home: Home, stored: dict[str, str], sent: bytes) -> None:
        assert _line(home.run("get", stdin=sent))
        assert stored == _answers(home)
        _erased(home.run("erase", stdin=sent))
        assert stored == _answers(home)

    @pytest.mark.parametrize("sent", [b"", b" \r\n\t"])
    def test_empty_fails_for_every_verb(self, home: Home, stored: dict[str, str], sent: bytes) -> None:
        lines = [_line(home.run(verb, stdin=sent, argv0=_SECONDARY)) for verb in ("get", "erase", "store")]

        assert ["no credentials server URL\n"] * 2 == lines[:2]
        assert stored == _answers(home)

    @pytest.mark.parametrize("sent", [*_NO_TEXTS.values(), *_NO_REQUESTS.values()], ids=[*_NO_TEXTS, *_NO_REQUESTS])
    def test_unstorable_credentials_fail(self, home: Home, stored: dict[str, str], sent: bytes) -> None:
        assert _line(home.run("store", stdin=sent))
        assert stored == _answers(home)

    @pytest.mark.parametrize(
        "payload", ['{"expiration":NaN}', f'{{"expiration":{10**400}}}', '{"expiration":"soon"}', "[]", "[" * 9000]
    )
    def test_stores_ecr_token_without_expiry(self, home: Home, payload: str) -> None:
        token = base64.b64encode(payload.encode()).decode()

        assert Result(0, "", "") == home.store(HOST, "AWS", token)
        assert token == home.get(profile=None).secret


class TestArguments:
    @pytest.mark.parametrize(
        "word",
        ["bogus", "GET", " get", "get\n", "--get", "-", "", "é", "\udcff", "\x1b[31mget", "{}", "a" * 9000, NOT_FOUND],
        ids=lambda word: ascii(word)[1:20],
    )
    def test_unknown_verb_fails(self, home: Home, word: str) -> None:
        found = home.run(word, stdin=HOST)

        assert found.status in (1, 2)  # without a word, and with one that is unknown
        assert "docker-credential-ecrx --help" in found.stdout + found.stderr
        assert all(map(str.isprintable, found.stderr.splitlines()))


class TestProgramName:
    def test_without_profile_after_hyphen_fails(self, home: Home, stored: dict[str, str]) -> None:
        name = "docker-credential-ecrx-"
        home.link(name)

        lines = [_line(home.run(verb, stdin=_stored() if verb == "store" else HOST, argv0=name)) for verb in _VERBS]

        assert [True] * 3 == [f" {name} " in line for line in lines]
        assert f" {name} " in _erased(home.run("erase", stdin=HOST, argv0=name))
        assert stored == _answers(home)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("[cache\n", "line 1"),
            ("[cache]\nkeyring = = 1\n", "line 2"),
            ("[cache]\nkeyring = " + "[" * 9000, ""),
            ("registri = 1", "registri"),
            ('[cash]\nkeyring = "auto"', "cash"),
            ('[cache]\nkeyrings = "auto"', "[cache] keyrings"),
            ("[cache]\nkeyring = 1", "[cache] keyring"),
            ('[cache]\nkeyring = "kernal"', "[cache] keyring kernal"),
            ('cache = "auto"', "cache"),
            ('[registry]\nmatch = "*"', "registry"),
            (f'{_RULE}profile = "p"\n{_RULE}profil = "p"', "[[registry]] 2 profil"),
            ('[[registry]]\nprofile = "p"', "[[registry]] 1 match"),
            ('[[registry]]\nmatch = 1\nprofile = "p"', "[[registry]] 1 match"),
            (_RULE, "[[registry]] 1 profile role_arn"),
            (f'{_RULE}profile = "p"\nrole_arn = "{ROLE}"', "[[registry]] 1 profile role_arn"),
            (f'{_RULE}profile = " "', "[[registry]] 1 profile"),
            (f'{_RULE}profile = "p"\nexternal_id = "x"', "[[registry]] 1 external_id"),
            (f'{_RULE}role_arn = "puller"', "[[registry]] 1 role_arn puller"),
            (f'{_RULE}role_arn = "{ROLE}"\nduration_seconds = 60', "[[registry]] 1 duration_seconds"),
            (f'{_RULE}role_arn = "{ROLE}"\nduration_seconds = true', "[[registry]] 1 duration_seconds"),
        ],
    )
    def test_error_names_file_table_and_key(self, home: Home, text: str, names: str) -> None:
        home.configure(text)

        line = _line(home.get(profile=None))

        assert [] == [name for name in (".config/ecrx/config.toml", *names.split()) if name not in line]
        assert line.startswith(f"docker-credential-ecrx: no token for {HOST}: ")

    @pytest.mark.parametrize("spoil", list(_SPOILT.values()), ids=_SPOILT)
    def test_unreadable_fails_every_verb_except_erase(
        self, home: Home, stored: dict[str, str], spoil: Callable[[Path], object]
    ) -> None:
        """An unreadable config.toml fails every verb except erase until it is fixed."""
        path = home.folder / "config.toml"
        spoil(path)
        env = {"ECRX_CONFIG": str(path)}

        lines = [_line(home.run(verb, stdin=_stored() if verb == "store" else HOST, env=env)) for verb in _VERBS]

        assert [True] * 3 == [str(path) in line for line in lines]
        assert str(path) in _erased(home.run("erase", stdin=HOST, env=env))
        assert [0, 0] == [home.run(word, env=env).status for word in ("--help", "version")]
        assert stored == _answers(home)

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            *(("ECRX_CONFIG", path) for path in ("/nonexistent/config.toml", "/dev/null/config.toml")),
            *(("ECRX_KEYRING", name) for name in ("kernal", "Kernel", "keyring.", "../keyring.py")),
        ],
    )
    def test_error_names_invalid_variable(self, home: Home, stored: dict[str, str], variable: str, value: str) -> None:
        line = _line(home.get(env={variable: value}))

        assert [] == [name for name in (variable, value) if name not in line]
        assert line.startswith(f"docker-credential-ecrx: no token for {HOST}: ")
        assert _erased(home.run("erase", stdin=HOST, env={variable: value}))
        assert stored == _answers(home)

    def test_missing_keyring_fails_passwords_only(self, home: Home, stored: dict[str, str]) -> None:
        """If the configured keyring is not installed, storing passwords fails and tokens are still returned."""
        env = {"ECRX_KEYRING": "no.such.Keyring"}

        assert "no.such.Keyring" in _line(home.run("store", stdin=_stored(), env=env))
        assert home.get(env=env).secret
        assert stored == _answers(home)


class TestAwsFiles:
    @pytest.mark.parametrize("host", [HOST, PUBLIC])
    @pytest.mark.parametrize(
        ("profile", "env", "config"),
        [
            ("no-such-profile", {}, ""),
            (None, {"AWS_PROFILE": "no-such-profile"}, ""),
            (None, {}, f'{_RULE}profile = "no-such-profile"\n'),
            (None, {}, f'{_RULE}role_arn = "{ROLE}"\nsource_profile = "no-such-profile"\n'),
            ("broken", {}, ""),
        ],
    )
    def test_missing_profile_is_named(
        self, home: Home, profile: str | None, env: dict[str, str], config: str, host: str
    ) -> None:
        home.add_profile("broken", role_arn=ROLE, source_profile="no-such-profile")
        home.configure(config)

        found = home.get(host, profile=profile, env=env)

        # An anonymous pull from ECR Public goes on.
        line = found.stderr if host == PUBLIC else _line(found)
        assert "no-such-profile" in line
        assert (1, 1) == (found.status, line.count("\n"))
        assert host != PUBLIC or found.stdout == NOT_FOUND

    @pytest.mark.parametrize("spoil", list(_SPOILT.values()), ids=_SPOILT)
    def test_damaged_file_fails_until_fixed(
        self, home: Home, stored: dict[str, str], spoil: Callable[[Path], object]
    ) -> None:
        path = home.folder / ".aws" / "config"
        path.rename(path.with_name("sound"))
        spoil(path)

        assert "profile secondary" in _line(home.get())
        assert "" == _erased(home.run("erase", stdin=HOST, argv0=_SECONDARY))

        if path.is_dir():
            path.rmdir()
        path.with_name("sound").rename(path)
        assert stored == _answers(home)

    @pytest.mark.parametrize(
        "settings",
        [
            {"role_arn": "nonsense", "source_profile": "base"},
            {"role_arn": ROLE},
            {"role_arn": ROLE, "source_profile": "broken"},
            {"role_arn": ROLE, "credential_source": "Moon"},
            {"sso_session": "missing", "sso_account_id": SECONDARY, "sso_role_name": "puller"},
            {"web_identity_token_file": "/nonexistent", "role_arn": ROLE},
            {"credential_process": "/nonexistent"},
            {"credential_process": "'"},
            {"credential_process": f"echo {_SECRET}"},
            {"credential_process": f"sh -c 'echo {_SECRET} >&2; exit 1'"},
            {"aws_access_key_id": "AKIA"},
            {"endpoint_url": "nonsense"},
            {"retry_mode": "sometimes"},
        ],
        ids=",".join,
    )
    def test_invalid_profile_is_named(self, home: Home, settings: dict[str, Any]) -> None:
        home.add_role_profile()
        home.add_profile("broken", **settings)

        assert "profile broken" in _line(home.get(profile="broken"))
