"""A file that is no regular file, endless or broken: a quick error that shows nothing of its content, or ignored."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.forms import in_one_form
from support.home import HOST, Home

SECRET = "hunter2-hunter2"
COMMANDS = [["configure", HOST], ["configure", HOST, "--dry-run"], ["configure", "--remove", HOST], ["doctor", HOST]]
TOO_LARGE = 17 << 20


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, which ``configure`` requires."""
    return home.add_default_keys()


def large(path: Path) -> None:
    """Make a file of blanks that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(TOO_LARGE)


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a folder": Path.mkdir,
    "too large": large,
}
# Text that Python's own messages would quote.
BROKEN = [f'{{"{SECRET}": }}', f'{{"a": "\\{SECRET}"}}', f'{{"a": {SECRET}}}', f'{{"auths": {{}} {SECRET}', SECRET]


@in_one_form
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_odd_config_json_is_reported(home: Home, make: Callable[[Path], None], arguments: list[str]) -> None:
    """No command blocks on it, and none changes it."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    make(path)
    before = path.lstat()

    done = home.run(*arguments)

    assert 1 == done.status
    assert f"{path}: larger than" in done.stderr + done.stdout or "not a regular file" in done.stderr + done.stdout
    assert (before.st_ino, before.st_mtime_ns) == (path.lstat().st_ino, path.lstat().st_mtime_ns)


@in_one_form
@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_broken_config_json_is_not_quoted(home: Home, text: str, arguments: list[str]) -> None:
    """The error names the line number, and shows nothing of the text."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(text)

    done = home.run(*arguments)

    assert 1 == done.status
    assert f"{path} is not JSON" in done.stderr + done.stdout
    assert SECRET not in done.stderr + done.stdout


@in_one_form
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_text_after_the_object_is_not_quoted(home: Home, arguments: list[str]) -> None:
    """Docker ignores it (Go's json.Decoder)."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(f'{{"auths": {{}}}} {SECRET}')

    done = home.run(*arguments)

    assert "unexpected" not in done.stderr + done.stdout
    assert SECRET not in done.stderr + done.stdout


@in_one_form
class TestAwsFile:
    """One of AWS's files, beside keys in the environment that need none."""

    @pytest.fixture
    def with_keys(self, home: Home) -> Home:
        """Return a user whose keys are in the environment."""
        keys = home.aws.add_user("222222222222", "base")
        home.env |= {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
        return home

    @pytest.mark.parametrize("make", [ODD["a pipe"], ODD["a device"], ODD["a terminal"], ODD["a folder"]])
    @pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    def test_that_is_not_regular_is_passed_over(
        self, with_keys: Home, variable: str, make: Callable[[Path], None]
    ) -> None:
        """boto3 reads regular files only: botocore/configloader.py, raw_config_parse."""
        path = with_keys.folder / "odd"
        make(path)

        assert with_keys.get(profile=None, env={variable: str(path)}).secret

    @pytest.mark.parametrize(
        "variable",
        ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE"],
    )
    def test_that_is_too_large_is_named(self, with_keys: Home, variable: str) -> None:
        path = with_keys.folder / "odd"
        large(path)

        assert f"the file {path} is larger than 16 MiB" in with_keys.get(profile=None, env={variable: str(path)}).stdout

    @pytest.mark.parametrize("variable", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    def test_token_without_an_end_is_named(self, home: Home, variable: str) -> None:
        """Botocore would read it all into memory."""
        home.env |= {"AWS_ROLE_ARN": "arn:aws:iam::222222222222:role/puller", variable: "/dev/zero"}

        assert "/dev/zero is a device; use a regular file" in home.get(profile=None).stdout

    @pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    @pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
    def test_bundle_in_a_device_is_named(self, with_keys: Home, variable: str, device: str) -> None:
        """OpenSSL would read it all into memory, or find no certificate."""
        said = with_keys.get(profile=None, env={variable: device}).stdout

        assert f"{device} is a device; use a regular file" in said


@in_one_form
def test_large_config_toml_is_refused(home: Home) -> None:
    home.configure("")
    path = home.folder / ".config/ecrx/config.toml"
    large(path)

    said = home.get().stdout

    assert f"cannot read the configuration file {path}: it is larger than 16 MiB" in said
