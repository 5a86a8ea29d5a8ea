"""The main job on every system: with the keyrings of the system itself, and without links or scripts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.home import HOST, NOT_FOUND, OTHER_HOST, Home

SERVER = "registry.example"
CONFIGURATION = """\
[[registry]]
match   = "*.dkr.ecr.*.amazonaws.com"
profile = "secondary"
"""


@pytest.fixture
def alice(user: Home) -> Home:
    """Return the home of a user whose profile for all registries assumes a role of the secondary account."""
    user.add_role_profile()
    user.configure(CONFIGURATION)
    return user


def get(home: Home, host: str = HOST) -> str:
    """Return the password that Docker gets."""
    found = home.run("get", stdin=host)
    assert (0, "", "AWS") == (found.status, found.stderr, found.answer["Username"])
    return found.secret


def test_second_get_uses_cached_token(alice: Home) -> None:
    """Docker gets the cached token, also for another registry of the region."""
    first = get(alice)
    alice.aws.calls.clear()

    assert [first, first] == [get(alice), get(alice, OTHER_HOST)]
    assert [] == alice.aws.calls


def test_concurrent_gets_call_aws_once(alice: Home) -> None:
    """The other processes wait for the token that the first one fetches."""
    with ThreadPoolExecutor(4) as pool:
        got = set(pool.map(lambda _: get(alice), range(4)))

    assert (1, 1) == (len(got), alice.aws.count("GetAuthorizationToken"))


def test_fetches_new_token_after_forget(alice: Home) -> None:
    first = get(alice)

    assert 0 == alice.run("forget", "--all").status
    assert first != get(alice)


def test_stores_password_until_erase(user: Home) -> None:
    """Docker logs in and out of another registry, with a password too long for one Windows credential."""
    password = "pass-ä€🐳" * 400

    assert 0 == user.store(SERVER, "alice", password).status
    assert {"ServerURL": SERVER, "Username": "alice", "Secret": password} == user.run("get", stdin=SERVER).answer
    assert {SERVER: "alice"} == user.run("list").answer
    assert 0 == user.run("erase", stdin=SERVER).status
    assert (1, NOT_FOUND) == user.run("get", stdin=SERVER)[:2]
    assert {} == user.run("list").answer


def test_program_name_selects_profile(user: Home) -> None:
    user.add_role_profile()

    assert "AWS" == user.get().answer["Username"]


def test_configure_remove_restores_docker_config(alice: Home) -> None:
    """Docker asks the program for the host after configure, and no longer after configure --remove."""
    config = alice.folder / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_bytes(b'{\n\t"psFormat": "x"\n}\n')
    alice.env["PATH"] = str(alice.bin)  # Docker would select a helper that the system has

    added = alice.run("configure", HOST, "--profile", "secondary")
    text = config.read_bytes()
    removed = alice.run("configure", "--remove", HOST)

    assert (0, 0) == (added.status, removed.status), (added, removed)
    assert b'\t"credHelpers": {\n\t\t"%b": "ecrx"\n\t}\n' % HOST.encode() in text
    assert b'{\n\t"psFormat": "x"\n}\n' == config.read_bytes()


def test_failure_is_one_line(user: Home) -> None:
    found = user.run("get", stdin=HOST)

    assert (1, found.stderr, 1) == (found.status, found.stdout, len(found.stdout.splitlines()))
    assert HOST in found.stdout
