"""The picture of a session in the README shows what the program says today; ``--draw`` draws it again."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import engine
from fakes.clients import Client
from fakes.endpoints import Endpoints
from fakes.registry import Registry
from support import need, pages, picture, terminals
from support.forms import in_one_form
from support.home import HOST, PRIMARY, SECONDARY, Home

_SESSION = (
    f"docker-credential-ecrx configure {HOST} --profile secondary",
    f"docker-credential-ecrx doctor {HOST}/app:1.0",
    f"docker pull {HOST}/app:1.0",
)
# The kernel's keyring is left as it was.
pytestmark = [in_one_form, pytest.mark.usefixtures("kernel")]
_SHOWN_HOME = "/home/alice"
_LAYER_BEFORE = re.compile(r"^[0-9a-f]{12}: (?!Pull complete).*\n", re.MULTILINE)
# What differs from run to run.
_CHANGES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, (in )?\d+ h \d+ min( ago)?", "TIME"),
    (r"botocore-session-\d+", "SESSION"),
    (r"\b[0-9a-f]{12}(?=: Pull complete)|(?<=sha256:)[0-9a-f]{64}", "DIGEST"),
    (r"version \d+\.\d+\.\d+\w*", "VERSION"),
)


@pytest.fixture
def alice(
    program: Path, aws: Endpoints, ecr: Registry, at_real_names: dict[str, str], docker_host: str
) -> Iterator[Home]:
    """Return the home of a user of the secondary account, in a folder with a short name that is the test's own."""
    folder = Path("/run/alice")
    home = Home(folder, program, aws)
    home.add_role_profile()
    del home.env["AWS_ENDPOINT_URL"]
    home.env |= at_real_names | {"ECRX_KEYRING": "kernel", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    # Without Debian's credential helpers, which configure mentions.
    home.env |= {"DOCKER_HOST": docker_host, "PATH": str(home.bin)}
    (home.bin / "docker").symlink_to(need.command("docker"))
    home.aws.add_repository(PRIMARY, "app")
    home.add_keys("owner", aws.add_user(PRIMARY, "owner"))
    granted = home.run("policy", "grant", f"{HOST}/app", "--to", SECONDARY, "--profile", "owner", "--apply")
    assert 0 == granted.status, granted
    ecr.publish("app", "1.0", engine.layer("session"))
    yield home
    shutil.rmtree(folder)


def _screen(home: Home) -> str:
    """Return what a terminal shows in the session, with its colours, but without what was shown only for a moment."""
    shown = []
    for line in _SESSION:
        name, *arguments = shlex.split(line)
        if name == "docker":  # on a terminal, it draws a bar for each layer, which ends as "Pull complete"
            seen = _LAYER_BEFORE.sub("", Client(home, home.bin / name)(*arguments))
        else:
            status, seen = terminals.run([home.bin / name, *arguments], home.env, columns=picture.COLUMNS)
            assert 0 == status, seen
        lasting = [part.rpartition("\x1b[2K")[2] for part in seen.split("\n")]
        shown.append(f"\x1b[1m$ {line}\x1b[0m\n" + "\n".join(lasting).strip("\n"))
    screen = "\n\n".join(shown)
    for path, instead in ((home.bin, f"{_SHOWN_HOME}/.local/bin"), (home.folder, _SHOWN_HOME)):
        screen = screen.replace(str(path), instead)
    return screen


def _lasting(said: str) -> str:
    """Return it without what differs from run to run."""
    for changing, name in _CHANGES:
        said = re.sub(changing, name, said)
    return said


def test_of_a_session_says_what_the_program_says(alice: Home, request: pytest.FixtureRequest) -> None:
    """If this fails, look at what changed, and draw the pictures again: tests/run tests/e2e/test_picture.py --draw."""
    screen = _screen(alice)
    paths = {theme: pages.FOLDER / f"session-{theme}.svg" for theme in picture.THEMES}
    if request.config.getoption("--draw"):
        for theme, path in paths.items():
            path.write_text(picture.draw(screen, theme))

    for theme, path in paths.items():
        assert _lasting(picture.text(picture.draw(screen, theme))) == _lasting(picture.text(path.read_text()))


def test_of_doctor_in_the_readme_is_what_it_prints(alice: Home) -> None:
    """The text of the README, where the owner has not granted access."""
    section = (pages.FOLDER.parent / "README.md").read_text().partition("## When something goes wrong")[2]
    command, *lines = section.partition("```console\n$ ")[2].partition("\n```")[0].splitlines()
    alice.run("policy", "revoke", f"{HOST}/app", "--to", SECONDARY, "--profile", "owner", "--apply")
    alice.run("configure", HOST, "--profile", "secondary")

    found = alice.run(*shlex.split(command)[1:])

    assert 1 == found.status, found
    printed = _lasting(found.stdout).splitlines()
    assert [] == [line for line in _lasting("\n".join(lines)).splitlines() if line not in printed]
