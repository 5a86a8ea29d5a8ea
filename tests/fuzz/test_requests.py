"""Requests of Docker's clients on stdin: each reply is one line or empty, and what was stored comes back."""

import json

from fuzz.helpers import file, folder, fuzzed, is_line, json_texts
from fuzz.test_hosts import servers
from hypothesis import assume
from hypothesis import strategies as st
from keyrings.backends import Windows

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.protocols import docker
from docker_credential_ecrx.protocols.reply import NO_SERVER, NOT_FOUND, Reply

SECRET = "hunter2:"
ENVIRON = {
    "HOME": folder(),
    "XDG_STATE_HOME": folder(),
    "XDG_CONFIG_HOME": folder(),
    # The smallest keyring there is, so that secrets are stored in chunks.
    "ECRX_KEYRING": f"{Windows.__module__}.{Windows.__name__}",
}
_others = st.sampled_from(
    [
        "registry.example",
        "https://index.docker.io/v1/",
        "localhost:5000",
        "https://registry.example",
        "REGISTRY.example/",
    ]
)
_servers = st.one_of(servers, _others, st.text(min_size=1), st.just("x" * 2049))
_users = st.one_of(st.sampled_from(["AWS", "<token>", "me", ""]), st.text())
_secrets = st.text().map(SECRET.__add__) | st.text("xé", min_size=600, max_size=2700).map(SECRET.__add__)
_blanks = st.sampled_from(["", "\n", "\r\n", " \r\n", "\t"])


def ask(verb: str, stdin: str | bytes) -> Reply:
    """Return the reply to a client, and check that Docker can read it and that it shows no secret."""
    request = stdin if isinstance(stdin, bytes) else stdin.encode("utf-8", "surrogatepass")
    reply = docker.answer(verb, "docker-credential-ecrx", ENVIRON, lambda: request)
    assert reply.status in (0, 1)
    for text in (reply.stdout, reply.stderr):
        assert not text or (text.endswith("\n") and is_line(text[:-1]))
    if reply.status:
        assert SECRET not in reply.stdout + reply.stderr
        assert reply.stdout == f"{NOT_FOUND}\n" or NOT_FOUND not in reply.stdout
        assert len(reply.stderr) < 4096
    return reply


def begin() -> None:
    """Start with an empty keyring."""
    Windows.items.clear()
    file("ledger.json").unlink()
    (file("x").parent / "ecrx" / "ledger.json").unlink(missing_ok=True)


@fuzzed(st.sampled_from(["get", "erase", "list"]), st.one_of(_servers.map(str.encode), st.binary()), _blanks)
def test_what_was_never_stored_is_not_found(verb: str, request: bytes, blanks: str) -> None:
    begin()
    server = request.decode("utf-8", "replace").strip()
    assume(verb != "get" or Registry.parse(server) is None)  # which would call AWS

    reply = ask(verb, request + blanks.encode())

    if verb == "list":
        assert (0, "{}\n") == (reply.status, reply.stdout)
    elif not request.strip():
        assert (1, f"{NO_SERVER}\n") == (reply.status, reply.stdout)
    elif verb == "erase":
        assert (0, "") == (reply.status, reply.stdout)
    else:
        assert 1 == reply.status
        assert reply.stdout == f"{NOT_FOUND}\n" or "docker-credential-ecrx: " in reply.stdout


@fuzzed(_servers, _users, _secrets, _blanks)
def test_store_is_returned_until_erase(server: str, user: str, secret: str, blanks: str) -> None:
    begin()
    assume(server.strip() == server)
    request = json.dumps({"ServerURL": server, "Username": user, "Secret": secret})

    stored = ask("store", request)

    if stored.status == 0:
        got = json.loads(ask("get", server + blanks).stdout)
        assert {"ServerURL": server, "Username": user, "Secret": secret} == got
        named = json.loads(ask("list", "").stdout)
        assert [user] == list(named.values())
        assert got | {"ServerURL": ""} == json.loads(ask("get", *named).stdout) | {"ServerURL": ""}
        ask("erase", server)
        assert {} == json.loads(ask("list", "").stdout)
        if Registry.parse(server) is None:
            assert f"{NOT_FOUND}\n" == ask("get", server).stdout
    else:
        assert {} == json.loads(ask("list", "").stdout)
        assert {} == Windows.items


@fuzzed(json_texts("ServerURL", "Username", "Secret", SECRET) | st.binary())
def test_store_succeeds_or_fails_in_one_line(request: str | bytes) -> None:
    begin()

    ask("store", request)
