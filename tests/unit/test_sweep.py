"""The search after a run of the tests finds a secret of the fake AWS wherever it looks."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker_credential_ecrx.demo.fake_aws import MARK, ecr, messages, new_keys, new_password
from support import need, sweep

pytestmark = pytest.mark.posix("/proc and POSIX programs")

# The search after these tests looks for the fake AWS's own mark, so this one differs.
_OTHER_MARK = MARK.swapcase()
with pytest.MonkeyPatch.context() as patch:
    for module in (ecr, messages):
        patch.setattr(module, "MARK", _OTHER_MARK)
    _PASSWORD = new_password(2_000_000_000)
    _SECRETS = {
        "secret key": new_keys(session=False).secret_access_key,
        "session token": str(new_keys(session=True).session_token),
        "password": _PASSWORD,
        "login": base64.b64encode(f"AWS:{_PASSWORD}".encode()).decode(),
        "password in base64": base64.b64encode(_PASSWORD.encode()).decode(),
        "another login": base64.b64encode(f"me:{_PASSWORD}".encode()).decode(),
        "password's content": base64.b64decode(_PASSWORD).decode(),
    }


@pytest.fixture(params=_SECRETS)
def secret(request: pytest.FixtureRequest) -> str:
    return _SECRETS[request.param]


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of notes about what the test runs."""
    with sweep.observed(tmp_path / "notes"):
        yield tmp_path / "notes"


def say(text: str, stream: str = "") -> None:
    """Run a program that prints it, and read the output."""
    subprocess.run([need.command("sh"), "-c", f"cat{stream}"], input=text.encode(), capture_output=True, check=True)


def found(folder: Path) -> list[str]:
    """Return the names of the files with a secret."""
    return [Path(path).name.partition("-")[0] for path in sweep.search(folder, _OTHER_MARK)[0]]


class TestSecret:
    def test_in_a_file_is_found(self, tmp_path: Path, secret: str) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "file").write_bytes(b"\xff" + secret.encode() + b"\0")
        (tmp_path / "folder" / "other").write_text("nothing")

        assert (["file"], 2) == (found(tmp_path), sweep.search(tmp_path, _OTHER_MARK)[1])

    @pytest.mark.parametrize("stream", ["", " >&2"])
    def test_in_an_output_is_found(self, notes: Path, secret: str, stream: str) -> None:
        say(secret, stream)

        assert ["outputs"] == found(notes)
        (note,) = notes.glob("outputs*")
        (place,) = sweep.places(note, _OTHER_MARK)
        assert "test_in_an_output_is_found" in place
        assert secret not in place

    def test_in_an_output_read_as_text_is_found(self, notes: Path, secret: str) -> None:
        subprocess.run([need.command("cat")], input=secret, stdout=subprocess.PIPE, text=True, check=True)

        assert ["outputs"] == found(notes)

    def test_in_the_arguments_of_a_process_is_found(self, notes: Path, secret: str) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()", secret], stdin=subprocess.PIPE) as process:
            while b"input()" not in b"".join(file.read_bytes() for file in notes.glob("looks*")):
                assert process.poll() is None
            process.communicate(b"\n")

        assert ["looks"] == found(notes)

    def test_in_the_environment_of_a_process_is_found(self, notes: Path, secret: str) -> None:
        env = os.environ | {"TOKEN": secret}
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=env) as process:
            while b"input()" not in b"".join(file.read_bytes() for file in notes.glob("looks*")):
                assert process.poll() is None
            process.communicate(b"\n")

        assert ["looks"] == found(notes)
        (place,) = {place for note in notes.glob("looks*") for place in sweep.places(note, _OTHER_MARK)}
        assert f"{sys.executable}: TOKEN" == place


class TestReply:
    @pytest.mark.parametrize(
        "answer", ['{"Username": "AWS", "Secret": "%s"}', '{"auth": {"host": {"password": "%s"}}}']
    )
    def test_to_a_client_may_contain_a_secret(self, notes: Path, answer: str) -> None:
        say(answer % _PASSWORD)

        assert [] == found(notes)

    def test_with_more_than_the_secret_is_searched(self, notes: Path) -> None:
        say(f'{{"Secret": "{_PASSWORD}", "Username": "{_PASSWORD}"}}')

        assert ["outputs"] == found(notes)
