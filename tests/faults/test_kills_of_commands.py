"""SIGKILL at every system call of ``policy --apply`` and ``login``: no secret remains, and the commands can run again.

Only calls that touch the user's files, the network, the kernel keyring or processes count: others leave nothing.
"""

import json
import shutil

from docker_credential_ecrx.demo.fake_aws import MARK
from support import kills, stored_items
from support.forms import in_one_form
from support.home import HOST, PRIMARY, SECONDARY, Home
from support.secrets import places_of

pytestmark = in_one_form

_CALLS = ("connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "add_key", "keyctl", "kill")
_OTHER = {"Sid": "Other", "Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "ecr:*"}
_BEFORE = {"Version": "2012-10-17", "Statement": [_OTHER]}


def _files(home: Home) -> list[str]:
    """Return the files in the home and in its temporary folder."""
    return sorted(str(path.relative_to(home.folder)) for path in home.folder.rglob("*") if path.is_file())


def _check_no_secret(home: Home) -> None:
    """Search all files for what AWS issued, except for the file with the user's own keys."""
    for password in home.aws.issued:
        assert [] == places_of(password, home.folder)
    for path in home.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.parent.name != ".aws":
            assert MARK.encode() not in path.read_bytes(), path


def test_killed_policy_is_the_old_or_the_new_one(home: Home) -> None:
    """The kill may come at any system call; the same command then completes, and no file is left."""
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.aws.add_user(SECONDARY, "other")
    home.aws.add_user("333333333333", "other")
    place = home.aws.add_repository(PRIMARY, "app", policy=_BEFORE)
    command = ("policy", "grant", "app", "--to", SECONDARY, "--profile", "owner", "--region", "us-east-1", "--apply")
    assert 0 == home.run(*command).status
    after = home.aws.ecr.repositories[place]
    files = _files(home)

    def prepare() -> None:
        home.aws.ecr.repositories[place] = json.dumps(_BEFORE)

    for point in kills.at_each_call([home.program, *command], home.env, prepare, [home.folder], _CALLS):
        assert home.aws.ecr.repositories[place] in (json.dumps(_BEFORE), after), point
        found = home.run(*command)
        assert (0, after, files) == (found.status, home.aws.ecr.repositories[place], _files(home)), point
        _check_no_secret(home)


def test_killed_login_leaves_no_secret(home: Home) -> None:
    """The kill may come at any system call; the same command then completes, and get does not call AWS."""
    home.add_role_profile()
    home.env["ECRX_KEYRING"] = "kernel"
    command = ("login", HOST, "--profile", "secondary")

    def prepare() -> None:
        stored_items.lose(home)
        shutil.rmtree(home.folder / ".local", ignore_errors=True)

    for point in kills.at_each_call([home.program, *command], home.env, prepare, [home.folder], _CALLS):
        _check_no_secret(home)
        found = home.run(*command)
        assert (0, "") == (found.status, found.stderr), point
        _check_no_secret(home)
    assert 0 == home.run(*command).status
    home.aws.calls.clear()
    assert (home.get().secret in home.aws.issued, []) == (True, home.aws.calls)
