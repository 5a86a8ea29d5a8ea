"""The main job as it is on every system: with the keyrings that the system itself has, and without links or scripts."""

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
    """Return the home of a user whose profile for all registries assumes the secondary account's role."""
    user.add_role_profile()
    user.configure(CONFIGURATION)
    return user


def get(home: Home, host: str = HOST) -> str:
    """Return the password that docker gets."""
    found = home.run("get", stdin=host)
    assert (0, "", "AWS") == (found.status, found.stderr, found.answer["Username"])
    return found.secret


def test_a_second_get_asks_aws_nothing(alice: Home) -> None:
    """Docker gets the token that the keyring keeps, for the other registry of the region, too."""
    first = get(alice)
    alice.aws.calls.clear()

    assert [first, first] == [get(alice), get(alice, OTHER_HOST)]
    assert [] == alice.aws.calls


def test_of_gets_at_once_one_asks_aws(alice: Home) -> None:
    """The others wait for its answer."""
    with ThreadPoolExecutor(4) as pool:
        got = set(pool.map(lambda _: get(alice), range(4)))

    assert (1, 1) == (len(got), alice.aws.count("GetAuthorizationToken"))


def test_a_forgotten_token_is_requested_again(alice: Home) -> None:
    first = get(alice)

    assert 0 == alice.run("forget", "--all").status
    assert first != get(alice)


def test_a_password_is_kept_until_it_is_erased(user: Home) -> None:
    """Docker login and logout of another registry, with a password longer than Windows keeps in one credential."""
    password = "pass-ä€🐳" * 400

    assert 0 == user.store(SERVER, "alice", password).status
    assert {"ServerURL": SERVER, "Username": "alice", "Secret": password} == user.run("get", stdin=SERVER).answer
    assert {SERVER: "alice"} == user.run("list").answer
    assert 0 == user.run("erase", stdin=SERVER).status
    assert (1, NOT_FOUND) == user.run("get", stdin=SERVER)[:2]
    assert {} == user.run("list").answer


def test_the_name_of_the_program_chooses_the_profile(user: Home) -> None:
    user.add_role_profile()

    assert "AWS" == user.get().answer["Username"]


def test_configure_and_its_removal_leave_dockers_file(alice: Home) -> None:
    """Docker asks the program for the host, and no longer."""
    config = alice.folder / ".docker" / "config.json"
    config.parent.mkdir()
    config.write_bytes(b'{\n\t"psFormat": "x"\n}\n')

    added = alice.run("configure", HOST, "--profile", "secondary")
    text = config.read_bytes()
    removed = alice.run("configure", "--remove", HOST)

    assert (0, 0) == (added.status, removed.status), (added, removed)
    assert b'\t"credHelpers": {\n\t\t"%b": "ecrx"\n\t}\n' % HOST.encode() in text
    assert b'{\n\t"psFormat": "x"\n}\n' == config.read_bytes()


def test_what_fails_is_one_line(user: Home) -> None:
    found = user.run("get", stdin=HOST)

    assert (1, found.stderr, 1) == (found.status, found.stdout, len(found.stdout.splitlines()))
    assert HOST in found.stdout
