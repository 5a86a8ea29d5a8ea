"""``configure`` makes Docker use this program for a registry, and --remove restores exactly what was there."""

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.clients import Client, docker_commands
from support import need, stored_items, terminals
from support.aws_parts import Server, Sessions, instance
from support.home import BASE_USER, HOST, OTHER_HOST, ROLE, SECONDARY, Home, Result

PROGRAM = "docker-credential-ecrx"
OWN = "images.example.com"
ENTRY = f'"{HOST}": "ecrx"'
OURS = f'[[registry]] # by docker-credential-ecrx configure\nmatch = "{HOST}"\nprofile = "secondary"\n'
PASSWORD = base64.b64encode(b"AWS:hunter2-hunter2").decode()
KEPT = base64.b64encode(b"me:kept").decode()
OLD_LOGIN = {"auths": {HOST: {"auth": PASSWORD}, "registry.kept.example": {"auth": KEPT}}}

# For each form of config.json the text before and after; None if there is no file.
SHAPES: dict[str, tuple[str | None, str]] = {
    "tabs": ('{\n\t"auths": {}\n}', f'{{\n\t"auths": {{}},\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}'),
    "4 blanks": (
        '{\n    "credHelpers": {\n        "gcr.io": "gcloud"\n    }\n}\n',
        f'{{\n    "credHelpers": {{\n        "gcr.io": "gcloud",\n        {ENTRY}\n    }}\n}}\n',
    ),
    "unknown keys": (
        '{"new": [1.0, {"é": "\\u00e9"}], "currentContext": "x"}\n',
        f'{{"new": [1.0, {{"é": "\\u00e9"}}], "currentContext": "x", "credHelpers": {{{ENTRY}}}}}\n',
    ),
    "Windows line ends": (
        '{\r\n  "a": 1\r\n}\r\n',
        f'{{\r\n  "a": 1,\r\n  "credHelpers": {{\r\n    {ENTRY}\r\n  }}\r\n}}\r\n',
    ),
    "missing": (None, f'{{\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}'),
    "empty": ("", f'{{\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}'),
}


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, and with a runtime folder, where podman looks first."""
    home.add_default_keys()
    home.add_profile("secondary", region="us-east-1")
    home.env["XDG_RUNTIME_DIR"] = str(home.folder / "run")
    (home.folder / "run").mkdir()
    return home


def config_of(home: Home) -> Path:
    """Return Docker's config.json, and create its folder."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    return path


def settings_of(home: Home) -> Path:
    """Return config.toml."""
    return home.folder / ".config" / "ecrx" / "config.toml"


def auth_of(home: Home) -> Path:
    """Return podman's permanent auth.json."""
    return home.folder / ".config" / "containers" / "auth.json"


def configure(home: Home, *arguments: str, profile: str | None = "secondary", **env: str) -> Result:
    """Configure HOST."""
    options = ["--profile", profile] if profile else []
    return home.run("configure", HOST, *options, *arguments, env=env)


def write(path: Path, text: str) -> None:
    """Write a file byte for byte, in a folder that may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def read(path: Path) -> str:
    """Return a file's text with its line ends unchanged."""
    return path.read_bytes().decode()


def files_of(home: Home) -> dict[Path, bytes]:
    """Return all files of the home."""
    return {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file()}


def unchanged(file: Path, *more: Path, host: str = HOST, identity: str = "profile secondary") -> str:
    """Return what is printed if there is nothing to change: what is used, and which files say so."""
    return f"nothing to change\n{host}: using {identity}, by {' and '.join(map(str, (file, *more)))}\n"


def remedy(found: Result) -> str:
    """Return the remedy in the one line of a failure."""
    assert (1, "") == (found.status, found.stdout)
    assert 1 == found.stderr.count("\n")
    return found.stderr.rstrip("\n").partition("; ")[2]


def next_of(found: Result) -> str:
    """Return the last line of the output, which names the next command."""
    return found.stdout.splitlines()[-1]


@pytest.fixture
def own_path(home: Home) -> None:
    """Let Docker find no other helper: beside a store of the machine, configure also writes credsStore."""
    home.env["PATH"] = str(home.bin)


@pytest.mark.usefixtures("own_path")
class TestIdentity:
    def test_docker_uses_the_profile(self, home: Home) -> None:
        home.add_role_profile()

        done = configure(home)

        assert (0, "") == (done.status, done.stderr)
        assert {"credHelpers": {HOST: "ecrx"}} == json.loads(read(config_of(home)))
        assert OURS == read(settings_of(home))
        secret = home.get(profile=None).secret
        assert "assumed-role/puller/" in home.aws.issued[secret].principal

    def test_docker_uses_the_role_with_external_id(self, home: Home) -> None:
        home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
        role = "arn:aws:iam::444444444444:role/path/puller"
        home.aws.add_role(role, trusts=[BASE_USER], external_id="shared")

        done = configure(home, "--role-arn", role, "--source-profile", "base", "--external-id", "shared", profile=None)

        assert (0, "") == (done.status, done.stderr)
        assert home.aws.issued[home.get(profile=None).secret].account == "444444444444"

    def test_default_is_the_default_chain(self, home: Home) -> None:
        home.add_role_profile("default")

        done = configure(home, profile=None)

        assert f"{HOST}: using profile default\n" in done.stdout
        assert not settings_of(home).exists()
        assert home.get(profile=None).secret

    def test_default_keeps_an_existing_entry(self, home: Home) -> None:
        home.add_role_profile()
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondary"\n')

        assert f"{HOST}: using profile secondary\n" in configure(home, profile=None).stdout

    @pytest.mark.parametrize("options", [(), ("--dry-run",)])
    def test_unchanged_default_is_told(self, home: Home, options: tuple[str, ...]) -> None:
        configure(home, profile=None)

        done = configure(home, *options, profile=None)

        assert (0, unchanged(config_of(home), identity="profile default")) == (done.status, done.stdout)

    def test_unchanged_rule_of_the_user_is_told(self, home: Home) -> None:
        """It may be in another file, and a rule without an identity leaves it to the default chain."""
        path = home.folder / "mine.toml"
        path.write_text(
            f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n'
            f'[[registry]]\nmatch = "{OTHER_HOST}"\nendpoint_url = "https://vpce-1.example.com"\n'
        )
        for _ in range(2):
            done = home.run("configure", HOST, OTHER_HOST, env={"ECRX_CONFIG": str(path)})

        first = unchanged(config_of(home), path)
        other = unchanged(config_of(home), host=OTHER_HOST, identity="profile default")
        assert first + other.partition("\n")[2] == done.stdout

    def test_unchanged_file_of_podman_is_told(self, home: Home) -> None:
        for _ in range(2):
            done = configure(home, "--podman")

        assert (0, unchanged(auth_of(home), settings_of(home))) == (done.status, done.stdout)

    def test_entry_precedes_broader_entry(self, home: Home) -> None:
        home.add_role_profile()
        broad = '# all others\n[[registry]]\nmatch = "*"\nprofile = "other"\n'
        home.configure(broad)

        configure(home)

        assert f"{OURS}\n{broad}" == read(settings_of(home))
        assert home.get(profile=None).secret

    def test_another_profile_replaces_the_first(self, home: Home) -> None:
        home.add_role_profile()
        configure(home, "--force", profile="first")

        configure(home)

        assert OURS == read(settings_of(home))

    def test_creates_file_named_by_ecrx_config(self, home: Home) -> None:
        path = home.folder / "deep" / "mine.toml"

        assert 0 == configure(home, ECRX_CONFIG=str(path)).status
        assert OURS == read(path)

    @pytest.mark.parametrize(
        ("entry", "replaced"),
        [
            (f'match = "{HOST}"\nprofile = "default"\n', " instead of profile default"),
            ('match = "*"\nprofile = "default"\n', " instead of profile default"),
            (
                f'match = "*"\nrole_arn = "{ROLE}"\nsource_profile = "default"\n',
                f" instead of role {ROLE} from profile default",
            ),
            (f'match = "{OTHER_HOST}"\nprofile = "default"\n', ""),
        ],
        ids=["own entry", "pattern", "role", "other registry"],
    )
    def test_says_which_identity_is_replaced(self, home: Home, entry: str, replaced: str) -> None:
        home.configure(f"[[registry]]\n{entry}")

        done = configure(home)

        line = f"{settings_of(home)}: {HOST} now uses profile secondary{replaced}"
        assert (0, True) == (done.status, line in done.stdout.splitlines()), done

    def test_says_that_the_replaced_ones_token_is_left(self, home: Home) -> None:
        home.add_role_profile()
        configure(home)
        assert home.get(profile=None).secret

        done = configure(home, profile="default")

        said = f"{PROGRAM}: a token of profile secondary for {HOST} may still be cached; to delete it: "
        assert (0, f"{said}{PROGRAM} forget {HOST}\n") == (done.status, done.stderr)
        assert "" == configure(home, profile="default").stderr

    @pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
    def test_of_a_variable_is_said_not_to_be_saved(self, home: Home, variable: str) -> None:
        done = configure(home, profile=None, **{variable: "secondary"})

        lasts = f"only while {variable} is set; to save it, add --profile secondary"
        assert f"{HOST}: using profile secondary (from {variable}), {lasts}" in done.stdout.splitlines()

    def test_force_accepts_missing_profile_with_a_warning(self, home: Home) -> None:
        done = home.run("configure", HOST, "--profile", "secondry", "--force")

        said = (
            f"warning: {HOST} cannot be used yet: the AWS profile secondry does not exist; the profiles are default, "
        )
        assert (0, True) == (done.status, said in done.stderr), done
        assert ("--force" in done.stderr, "cannot configure" in done.stderr) == (False, False)
        assert next_of(done).startswith(f"next: create the AWS profile secondry, then: docker pull {HOST}/")
        assert 'profile = "secondry"\n' in read(settings_of(home))


def add_section(home: Home, file: str, profile: str, settings: str) -> None:
    """Add a profile to one of AWS's files."""
    head = f"[profile {profile}]" if file == "config" else f"[{profile}]"
    with (home.folder / ".aws" / file).open("a") as opened:
        opened.write(f"{head}\n{settings}")


def with_sso_session(home: Home, name: str) -> Home:
    """Add an SSO session to AWS's config file; return the home."""
    with (home.folder / ".aws" / "config").open("a") as file:
        file.write(f"[sso-session {name}]\nsso_start_url = https://corp\nsso_region = eu-west-1\n")
    return home


@pytest.fixture
def bare(home: Home) -> Home:
    """Return a home without credentials and AWS profiles."""
    for path in (home.folder / ".aws").iterdir():
        path.unlink()
    return home


class TestMissingIdentity:
    """It is refused, with what there is: a typo would otherwise show only in the next pull."""

    @pytest.mark.parametrize(
        "options",
        [
            ("--profile", "secondry"),
            ("--role-arn", ROLE, "--source-profile", "secondry"),
            ("--profile", "secondry", "--dry-run"),
            ("--profile", "secondry", "--podman"),
        ],
    )
    def test_profile_is_refused_with_the_existing_ones(self, home: Home, options: tuple[str, ...]) -> None:
        home.add_role_profile()
        before = files_of(home)

        done = home.run("configure", HOST, *options)

        assert f"cannot configure {HOST}: the AWS profile secondry does not exist; " in done.stderr
        said = remedy(done)
        assert said.startswith("the profiles are base, default, secondary (--force configures a missing one); if you ")
        assert before == {path: text for path, text in files_of(home).items() if path.suffix != ".lock"}
        program, *arguments = shlex.split(said.partition(" creates secondry): ")[2])
        assert (PROGRAM, 0) == (program, home.run(*arguments).status)

    def test_profile_is_refused_if_there_is_none(self, bare: Home) -> None:
        said = remedy(bare.run("configure", HOST, "--profile", "secondary"))

        assert said.startswith("there is no profile yet (--force configures a missing one); check HOME, ")
        assert said.endswith(": aws configure --profile secondary")

    def test_stray_space_is_shown_and_removed(self, home: Home) -> None:
        home.add_role_profile()

        done = home.run("configure", HOST, "--profile", "secondary ")

        assert f"cannot configure {HOST}: the AWS profile 'secondary ' does not exist; " in done.stderr
        assert done.stderr.endswith(f"; if you meant secondary: {PROGRAM} configure {HOST} --profile secondary\n")

    @pytest.mark.parametrize("options", [("--profile", "secondary"), ()])
    def test_variable_that_names_no_file_is_told(self, bare: Home, options: tuple[str, ...]) -> None:
        done = bare.run("configure", HOST, *options, env={"AWS_CONFIG_FILE": "/proc/nope"})

        assert " (AWS_CONFIG_FILE names /proc/nope, which does not exist); " in done.stderr
        assert remedy(done).endswith("fix it, or unset it: unset AWS_CONFIG_FILE")

    def test_variable_does_not_hide_a_similar_profile(self, home: Home) -> None:
        home.add_role_profile()

        done = home.run("configure", HOST, "--profile", "bse", env={"AWS_CONFIG_FILE": "/proc/nope"})

        assert (
            "the AWS profile bse does not exist (AWS_CONFIG_FILE names /proc/nope, which does not exist); "
            in done.stderr
        )
        said = f"unset AWS_CONFIG_FILE or fix it, or if you meant base: {PROGRAM} configure {HOST} --profile base"
        assert said == remedy(done).partition("; ")[2]

    def test_source_profile_of_the_profile_is_refused(self, home: Home) -> None:
        home.add_profile("secondary", role_arn=ROLE, source_profile="bse")

        done = home.run("configure", HOST, "--profile", "secondary")

        said = "the AWS profile bse does not exist; it is the source_profile of secondary; "
        assert (1, True) == (done.status, said in done.stderr)

    def test_section_without_the_word_profile_is_named(self, home: Home) -> None:
        path = home.folder / ".aws" / "config"
        path.write_text(f"[third]\nregion = us-east-1\n{path.read_text()}")

        done = home.run("configure", HOST, "--profile", "third")

        assert remedy(done).endswith(f"; {path} has [third]: rename that to [profile third]")

    @pytest.mark.parametrize(
        ("has", "lacks"),
        [("aws_access_key_id", "aws_secret_access_key"), ("aws_secret_access_key", "aws_access_key_id")],
    )
    @pytest.mark.parametrize("file", ["config", "credentials"])
    def test_half_of_an_access_key_is_refused(self, home: Home, has: str, lacks: str, file: str) -> None:
        value = "AKIAEXAMPLEEXAMPLE00"
        add_section(home, file, "half", f"{has} = {value}\n")

        done = home.run("configure", HOST, "--profile", "half")

        said = f"cannot configure {HOST} with profile half: the AWS profile half has {has}, but not {lacks}; "
        assert said in done.stderr
        assert "add --force if they come later, or set both: aws configure --profile half" == remedy(done)
        assert value not in done.stderr
        assert not config_of(home).exists()
        forced = home.run("configure", HOST, "--profile", "half", "--force")
        said = (
            f"warning: {HOST} cannot be used yet with profile half: the AWS profile half has {has}, but not {lacks}; "
        )
        assert (0, True) == (forced.status, said in forced.stderr)
        assert forced.stderr.endswith("; set both: aws configure --profile half\n")
        assert next_of(forced).startswith(f"next: add {lacks} to the AWS profile half, then: docker pull {HOST}/")

    def test_half_of_a_temporary_key_is_refused(self, home: Home) -> None:
        add_section(home, "credentials", "half", "aws_access_key_id = ASIAEXAMPLEEXAMPLE00\naws_session_token = x\n")

        said = remedy(home.run("configure", HOST, "--profile", "half"))

        assert said.endswith("or get new keys, with their aws_session_token, for profile half")

    def test_half_of_the_sources_key_is_refused(self, home: Home) -> None:
        home.add_profile("secondary", role_arn=ROLE, source_profile="half")
        add_section(home, "credentials", "half", "aws_access_key_id = AKIAEXAMPLEEXAMPLE00\n")

        for options in (("--profile", "secondary"), ("--role-arn", ROLE, "--source-profile", "half")):
            done = home.run("configure", HOST, *options)

            assert ": the AWS profile half has aws_access_key_id, but not aws_secret_access_key; " in done.stderr
            assert remedy(done).endswith("set both: aws configure --profile half")

    def test_half_of_the_default_key_is_refused(self, bare: Home) -> None:
        add_section(bare, "credentials", "default", "aws_access_key_id = AKIAEXAMPLEEXAMPLE00\n")

        done = bare.run("configure", HOST)

        assert ": the AWS profile default has aws_access_key_id, but not aws_secret_access_key; " in done.stderr
        assert remedy(done).endswith("set both: aws configure")

    def test_halves_in_two_files_are_refused(self, home: Home) -> None:
        """Botocore takes both from the same file, but for a source profile."""
        add_section(home, "config", "half", "aws_access_key_id = AKIAEXAMPLEEXAMPLE00\n")
        add_section(home, "credentials", "half", "aws_secret_access_key = x\n")
        home.add_profile("secondary", role_arn=ROLE, source_profile="half")

        done = home.run("configure", HOST, "--profile", "half")

        assert " has aws_access_key_id, but not aws_secret_access_key in the same file; " in done.stderr
        assert 0 == home.run("configure", HOST, "--profile", "secondary").status

    @pytest.mark.parametrize("other", ["credential_process = true", "sso_account_id = 222222222222"])
    def test_half_key_beside_another_source_is_kept(self, home: Home, other: str) -> None:
        add_section(home, "config", "half", f"aws_secret_access_key = x\n{other}\n")

        assert 0 == home.run("configure", HOST, "--profile", "half").status

    def test_role_of_the_profile_must_be_an_arn(self, home: Home) -> None:
        home.add_profile("secondary", role_arn="222222222222:role/puller", source_profile="default")

        done = home.run("configure", HOST, "--profile", "secondary")

        assert "222222222222:role/puller is not the ARN of a role; " in done.stderr
        where = f"[profile secondary] of {home.folder}/.aws/config"
        assert remedy(done).endswith(f"12 digits, in {where}")

    def test_sso_session_of_the_profile_must_exist(self, home: Home) -> None:
        home.add_profile("corp", sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")
        home.add_profile("secondary", role_arn=ROLE, source_profile="corp")

        for identity, options in (
            ("profile corp", ("--profile", "corp")),
            ("profile secondary", ("--profile", "secondary")),
            (f"role {ROLE} from profile corp", ("--role-arn", ROLE, "--source-profile", "corp")),
        ):
            done = home.run("configure", HOST, *options)

            path = home.folder / ".aws" / "config"
            said = f"the AWS profile corp needs [sso-session corp], which {path} lacks; "
            assert (1, "", 1) == (done.status, done.stdout, done.stderr.count("\n"))
            assert f"cannot configure {HOST} with {identity}: {said}" in done.stderr
            assert "add --force if it comes later, or create it: aws configure sso-session" == remedy(done)
        assert not config_of(home).exists()
        forced = home.run("configure", HOST, *options, "--force")
        assert (0, True) == (
            forced.status,
            f"warning: {HOST} cannot be used yet with {identity}: {said}" in forced.stderr,
        )
        assert f"next: add [sso-session corp] to {path}, then: {PROGRAM} login {HOST}" == next_of(forced)
        assert 0 == with_sso_session(home, "corp").run("configure", HOST, *options).status

    @pytest.mark.parametrize(("name", "shown"), [("crop", "crop"), ('"corp"', "'\"corp\"'")])
    def test_misspelt_sso_session_suggests_similar(self, home: Home, name: str, shown: str) -> None:
        home.add_profile("work", sso_session=name, sso_account_id=SECONDARY, sso_role_name="puller")
        with_sso_session(home, "corp")

        done = home.run("configure", HOST, "--profile", "work")

        assert f"the AWS profile work needs [sso-session {shown}], which " in done.stderr
        fix = "aws configure set sso_session corp --profile work"
        assert f"add --force if it comes later, or if you meant corp: {fix}" == remedy(done)

    @pytest.mark.parametrize("lacks", ["sso_start_url", "sso_region"])
    def test_sso_session_must_be_complete(self, home: Home, lacks: str) -> None:
        home.add_profile("work", sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")
        path = home.folder / ".aws" / "config"
        kept = {"sso_start_url": "https://corp", "sso_region": "us-east-1"} | {lacks: ""}
        with path.open("a") as file:
            file.write("[sso-session corp]\n" + "".join(f"{key} = {text}\n" for key, text in kept.items() if text))

        done = home.run("configure", HOST, "--profile", "work")

        assert f": the AWS profile work needs {lacks} in [sso-session corp], which {path} lacks; " in done.stderr
        fix = "add it there, or let this ask for it: aws configure sso-session"
        assert f"add --force if it comes later, or {fix}" == remedy(done)

    @pytest.mark.parametrize(
        ("name", "shown"),
        [("my corp", "'my corp'"), ("", "''"), ("password=hunter2", "password=…"), ("a ]", "'a ]'")],
    )
    def test_missing_sso_session_is_shown_as_in_the_file(self, home: Home, name: str, shown: str) -> None:
        home.add_profile("work", sso_session=name, sso_account_id=SECONDARY, sso_role_name="puller")

        done = home.run("configure", HOST, "--profile", "work")

        assert f"the AWS profile work needs [sso-session {shown}], which " in done.stderr
        assert "hunter2" not in done.stderr

    def test_sso_session_with_a_space_needs_quotes(self, home: Home) -> None:
        """Botocore ignores the section without them."""
        home.add_profile("work", sso_session="my corp", sso_account_id=SECONDARY, sso_role_name="puller")
        with_sso_session(home, "my corp")

        done = home.run("configure", HOST, "--profile", "work")

        rename = f"{home.folder}/.aws/config has [sso-session my corp]: rename that to [sso-session 'my corp']"
        assert f"add --force if it comes later, or {rename}" == remedy(done)
        with_sso_session(home, "'my corp'")
        assert 0 == home.run("configure", HOST, "--profile", "work").status

    @pytest.mark.parametrize(
        ("profile", "settings", "env"),
        [
            ("secondary", {"sso_account_id": SECONDARY, "sso_role_name": "puller"}, {}),
            ("base", {}, {}),
            ("base", {"credential_process": "true"}, {}),
            ("base", {"role_arn": ROLE, "web_identity_token_file": "/token"}, {}),
            ("", {}, {"AWS_PROFILE": "base", "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x"}),
        ],
        ids=["source with keys", "keys", "process", "web identity", "keys in the environment"],
    )
    def test_sso_session_must_exist_beside_other_sources(
        self, home: Home, profile: str, settings: dict[str, str], env: dict[str, str]
    ) -> None:
        """Botocore looks it up all the same, and so a get fails."""
        home.add_role_profile()
        home.add_profile("base", sso_session="gone", **settings)
        options = ["--profile", profile] if profile else []

        done = home.run("configure", HOST, *options, env=env)

        assert (1, True) == (done.status, "the AWS profile base needs [sso-session gone], " in done.stderr)
        assert 0 == home.run("configure", HOST, *options, "--force", env=env).status
        got = home.get(HOST, profile=None, env=env)
        assert (1, True) == (got.status, "gone" in got.stdout), got

    def test_sso_session_that_is_not_used_may_be_missing(self, home: Home) -> None:
        """Botocore only takes the keys of a source profile without sso_account_id."""
        home.add_role_profile()
        home.add_profile("base", sso_session="gone")

        assert 0 == home.run("configure", HOST, "--profile", "secondary").status
        assert home.get(HOST, profile=None).secret

    @pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
    def test_profile_of_a_variable_is_refused(self, home: Home, variable: str) -> None:
        done = home.run("configure", HOST, env={variable: "secondry"})

        assert (1, True) == (done.status, "the AWS profile secondry does not exist" in done.stderr)

    def test_profile_of_an_existing_entry_is_refused(self, home: Home) -> None:
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondry"\n')

        done = home.run("configure", HOST)

        assert (1, True) == (done.status, "the AWS profile secondry does not exist" in done.stderr)
        assert not config_of(home).exists()

    @pytest.mark.parametrize("options", [(), ("--role-arn", ROLE), ("--podman",)])
    def test_credentials_are_required(self, bare: Home, options: tuple[str, ...]) -> None:
        done = bare.run("configure", HOST, *options)

        assert ": there are no AWS credentials; add --force if they come later, or create some" in done.stderr
        assert remedy(done).endswith(": aws configure")
        assert [] == [path for path in files_of(bare) if path.suffix in (".json", ".toml")]
        assert 0 == bare.run("configure", HOST, *options, "--force").status

    @pytest.mark.parametrize(
        "env",
        [
            {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "x" * 40},
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/token", "AWS_ROLE_ARN": ROLE},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"},
        ],
        ids=["keys", "web identity", "container"],
    )
    def test_credentials_may_come_from_the_environment(self, bare: Home, env: dict[str, str]) -> None:
        assert 0 == bare.run("configure", HOST, env=env).status

    def test_credentials_may_come_from_the_instance(self, bare: Home) -> None:
        with Sessions() as aws, Server(instance(aws, SECONDARY, "node")) as metadata:
            env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url, "AWS_EC2_METADATA_DISABLED": "false"}

            assert 0 == bare.run("configure", HOST, env=env).status
        done = bare.run("configure", OTHER_HOST, env=env)
        assert (1, True) == (done.status, "there are no AWS credentials" in done.stderr)

    def test_unreadable_aws_files_are_refused(self, home: Home) -> None:
        (home.folder / ".aws" / "config").write_text("[profile secondary\n")

        done = home.run("configure", HOST, "--profile", "secondary")

        assert (1, True) == (
            done.status,
            f"cannot read the AWS file {home.folder}/.aws/config; fix line 1" in done.stderr,
        )

    def test_removal_needs_neither(self, bare: Home) -> None:
        bare.run("configure", HOST, "--profile", "secondry", "--force")

        assert (0, "") == (bare.run("configure", "--remove", HOST).status, read(settings_of(bare)))


class TestHosts:
    @pytest.mark.parametrize(
        "form",
        [
            f"{HOST}/team/app:v1",
            f"{HOST}/app@sha256:{'0' * 64}",
            f"https://{HOST}",
            f"{HOST}:443",
            f"{HOST}/",
            HOST.upper(),
        ],
    )
    def test_are_extracted_from_image_names(self, home: Home, form: str) -> None:
        assert 0 == home.run("configure", form).status
        assert {HOST: "ecrx"} == json.loads(read(config_of(home)))["credHelpers"]

    def test_may_be_several(self, home: Home) -> None:
        done = home.run("configure", HOST, OTHER_HOST, f"{HOST}/app", "--profile", "secondary")

        assert 0 == done.status
        assert {HOST: "ecrx", OTHER_HOST: "ecrx"} == json.loads(read(config_of(home)))["credHelpers"]
        assert 2 == read(settings_of(home)).count("[[registry]]")

    def test_next_command_pulls_the_named_image(self, home: Home) -> None:
        assert home.run("configure", f"{HOST}/app:v1").stdout.endswith(f"\nnext: docker pull {HOST}/app:v1\n")
        assert home.run("configure", OTHER_HOST).stdout.endswith(f"\nnext: docker pull {OTHER_HOST}/REPOSITORY:TAG\n")

    def test_next_command_is_login_if_mfa_is_needed(self, home: Home) -> None:
        home.add_profile("secondary", role_arn=ROLE, source_profile="default", mfa_serial="arn:aws:iam::2:mfa/me")

        assert configure(home).stdout.endswith(f"\nnext: {PROGRAM} login {HOST}\n")


class TestOwnHost:
    """A host name of the user's own, and the registry that it stands for."""

    @pytest.mark.parametrize("host", [OWN, "localhost:4566", "vpce-0abc-xyz.dkr.ecr.us-east-1.vpce.amazonaws.com"])
    def test_gets_the_registrys_token(self, home: Home, host: str) -> None:
        home.add_role_profile()

        found = home.run("configure", host, "--registry", HOST, "--profile", "secondary")

        assert (0, "") == (found.status, found.stderr)
        assert f"{host} stands for {HOST}, and now uses profile secondary" in found.stdout
        assert f"next: docker pull {host}/REPOSITORY:TAG" in found.stdout
        assert {host: "ecrx"} == json.loads(read(config_of(home)))["credHelpers"]
        assert SECONDARY == home.aws.issued[home.get(host, profile=None).secret].account

    def test_without_profile_uses_the_default_chain(self, home: Home) -> None:
        home.add_role_profile()

        assert 0 == home.run("configure", f"{OWN}/team/app:v1", "--registry", HOST).status

        assert f'match = "{OWN}"\nregistry = "{HOST}"\n' in read(settings_of(home))
        assert "profile" not in read(settings_of(home))
        assert home.get(OWN, profile=None, env={"AWS_PROFILE": "secondary"}).secret

    @pytest.mark.parametrize(
        "options", [["--registry", HOST, "--profile", "secondary"], ["--profile", "secondary"], []]
    )
    def test_second_run_changes_nothing(self, home: Home, options: list[str]) -> None:
        """The registry of a configured host need not be named again."""
        home.add_role_profile()
        assert 0 == home.run("configure", OWN, "--registry", HOST, "--profile", "secondary").status
        before = files_of(home)

        found = home.run("configure", OWN, *options)

        assert (0, before) == (found.status, files_of(home)), found
        assert "nothing to change" in found.stdout

    def test_another_profile_keeps_registry_and_endpoint(self, home: Home) -> None:
        """What the user wrote about the place of the registry stays, whoever asks."""
        home.add_role_profile()
        url = "https://ecr.example.com"
        home.configure(f'# ours\n[[registry]]\nmatch = "{OWN}"\nregistry = "{HOST}"\nendpoint_url = "{url}"\n')

        assert 0 == home.run("configure", OWN, "--profile", "secondary").status

        text = read(settings_of(home))
        assert f'registry = "{HOST}"\nendpoint_url = "{url}"\nprofile = "secondary"\n' in text
        assert "# ours\n" in text

    def test_removal_restores_both_files(self, home: Home) -> None:
        home.add_role_profile()
        write(config_of(home), '{\n  "credHelpers": {"gcr.io": "gcloud"} }\n')
        home.configure('# mine\n\n[cache]\nkeyring = "kernel" # fast\n')
        before = files_of(home)

        assert 0 == home.run("configure", OWN, "--registry", HOST, "--profile", "secondary").status
        assert files_of(home) != before
        assert 0 == home.run("configure", "--remove", OWN).status

        assert {path: before[path] for path in (config_of(home), settings_of(home))} == {
            path: files_of(home)[path] for path in (config_of(home), settings_of(home))
        }

    def test_is_removed_with_all(self, home: Home) -> None:
        home.add_role_profile()
        assert 0 == home.run("configure", OWN, "--registry", HOST, "--profile", "secondary").status

        found = home.run("configure", "--remove", "--all")

        assert 0 == found.status
        assert "credHelpers" not in read(config_of(home))
        assert OWN not in read(settings_of(home))

    def test_without_its_entry_is_still_removed(self, home: Home) -> None:
        """The user may have deleted the entry of config.toml by hand."""
        write(config_of(home), json.dumps({"credHelpers": {OWN: "ecrx", "gcr.io": "gcloud"}}))

        assert 0 == home.run("configure", "--remove", OWN).status

        assert {"gcr.io": "gcloud"} == json.loads(read(config_of(home)))["credHelpers"]

    @pytest.mark.parametrize("host", [OWN, f"{OWN}/team/app:v1", "localhost:4566", "never.example.com"])
    @pytest.mark.parametrize("podman", [(), ("--podman",)])
    def test_second_removal_changes_nothing(self, home: Home, host: str, podman: tuple[str, ...]) -> None:
        if host.startswith(OWN):
            assert 0 == home.run("configure", host, "--registry", HOST, "--profile", "secondary", *podman).status
            assert 0 == home.run("configure", "--remove", host, *podman).status

        done = home.run("configure", "--remove", host, *podman)

        assert (0, "nothing to change\n") == (done.status, done.stdout)
        file = auth_of(home) if podman else config_of(home)
        named = host.partition("/")[0]
        assert f"{PROGRAM}: {named} is not configured in {file}, and no other registry is\n" == done.stderr

    def test_dry_run_shows_both_diffs(self, home: Home) -> None:
        home.add_role_profile()
        before = files_of(home)

        found = home.run("configure", OWN, "--registry", HOST, "--profile", "secondary", "--dry-run")

        assert (0, before) == (found.status, files_of(home))
        for line in (f'"{OWN}": "ecrx"', f'+match = "{OWN}"', f'+registry = "{HOST}"', '+profile = "secondary"'):
            assert line in found.stdout

    def test_podman_is_configured_likewise(self, home: Home) -> None:
        home.add_role_profile()

        assert 0 == home.run("configure", OWN, "--registry", HOST, "--profile", "secondary", "--podman").status

        assert {OWN: "ecrx"} == json.loads(read(auth_of(home)))["credHelpers"]
        assert f'registry = "{HOST}"' in read(settings_of(home))

    @pytest.mark.parametrize(
        ("host", "registry", "said"),
        [
            (OWN, "example.com", "example.com is not the host of a private ECR registry"),
            (OWN, f"https://{HOST}", "is not the host of a private ECR registry"),
            (OWN, "public.ecr.aws", "public.ecr.aws is not the host of a private ECR registry"),
            ("*.example.com", HOST, "*.example.com is not a host that can stand for a registry"),
            ("public.ecr.aws", HOST, "public.ecr.aws is not a host that can stand for a registry"),
            ("docker.io", HOST, "docker.io is not a host that can stand for a registry"),
            ("images.example.com.", HOST, "images.example.com. is not a host that can stand for a registry"),
        ],
    )
    def test_refuses_what_config_toml_refuses(self, home: Home, host: str, registry: str, said: str) -> None:
        before = files_of(home)

        found = home.run("configure", host, "--registry", registry, "--profile", "secondary")

        assert (2, "") == (found.status, found.stdout)
        assert said in found.stderr
        assert before == files_of(home)

    def test_without_registry_is_refused_with_the_command(self, home: Home) -> None:
        found = home.run("configure", OWN, "--profile", "secondary")

        assert (2, 1) == (found.status, found.stderr.count("\n"))
        assert f"configure {OWN} --registry ACCOUNT.dkr.ecr.REGION.amazonaws.com" in found.stderr

    @pytest.mark.parametrize("command", ["configure", "which", "doctor"])
    def test_is_not_offered_for_a_wrong_ecr_host(self, home: Home, command: str) -> None:
        found = home.run(command, "444444444444.dkr.ecr.amazonaws.com")

        assert "; it has no region: write 444444444444.dkr.ecr.REGION.amazonaws.com" in found.stderr
        assert "--registry" not in found.stderr

    def test_may_be_a_profile(self, home: Home) -> None:
        found = home.run("configure", HOST, "secondary")

        assert f"if you meant the AWS profile: {PROGRAM} configure HOST --profile secondary" in found.stderr

    def test_of_an_account_that_is_not_allowed_is_refused(self, home: Home) -> None:
        home.configure('[security]\naccounts = ["999999999999"]\n')
        before = files_of(home)

        found = home.run("configure", OWN, "--registry", HOST, "--profile", "secondary")

        assert 1 == found.status
        assert f"{OWN} is not allowed" in found.stderr
        assert before == files_of(home)


@pytest.mark.usefixtures("own_path")
class TestConfigJson:
    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_gains_only_the_entry(self, home: Home, before: str | None, after: str) -> None:
        if before is not None:
            write(config_of(home), before)

        assert 0 == configure(home).status
        assert after == read(config_of(home))

    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_second_run_changes_nothing(self, home: Home, before: str | None, after: str) -> None:
        if before is not None:
            write(config_of(home), before)
        configure(home)
        once = config_of(home).stat()

        again = configure(home)
        twice = config_of(home).stat()

        assert (0, unchanged(config_of(home), settings_of(home))) == (again.status, again.stdout)
        assert after == read(config_of(home))
        assert (once.st_ino, once.st_mtime_ns) == (twice.st_ino, twice.st_mtime_ns)

    @pytest.mark.parametrize("before", [text for text, _ in SHAPES.values() if text], ids=lambda text: text[:20])
    def test_removal_restores_the_original(self, home: Home, before: str) -> None:
        write(config_of(home), before)
        configure(home)

        done = home.run("configure", "--remove", HOST)

        assert (0, "") == (done.status, done.stderr)
        assert before == read(config_of(home))
        assert "" == read(settings_of(home))

    def test_new_file_is_private(self, home: Home) -> None:
        configure(home)

        for path in (home.folder / ".docker" / "config.json", settings_of(home)):
            assert 0o600 == path.stat().st_mode & 0o777
            assert 0o700 == path.parent.stat().st_mode & 0o777

    def test_keeps_mode_and_owner(self, home: Home) -> None:
        write(config_of(home), "{}")
        config_of(home).chmod(0o640)
        if os.getuid() == 0:
            os.chown(config_of(home), 1234, 5678)
        before = config_of(home).stat()

        configure(home)

        after = config_of(home).stat()
        assert (before.st_mode, before.st_uid, before.st_gid) == (after.st_mode, after.st_uid, after.st_gid)
        assert before.st_ino != after.st_ino

    def test_stays_a_symlink(self, home: Home) -> None:
        target = home.folder / "dotfiles" / "docker.json"
        write(target, "{}\n")
        config_of(home).symlink_to("../dotfiles/docker.json")

        configure(home)

        assert Path("../dotfiles/docker.json") == config_of(home).readlink()
        assert f'{{"credHelpers": {{{ENTRY}}}}}\n' == read(target)

    def test_follows_docker_config_variable(self, home: Home) -> None:
        configure(home, DOCKER_CONFIG=str(home.folder / "elsewhere"))

        assert HOST in read(home.folder / "elsewhere" / "config.json")
        assert not (home.folder / ".docker").exists()

    def test_leaves_no_other_file(self, home: Home) -> None:
        configure(home)

        assert [config_of(home)] == list(config_of(home).parent.iterdir())

    def test_survives_concurrent_configure(self, home: Home) -> None:
        hosts = [f"{number:012}.dkr.ecr.us-east-1.amazonaws.com" for number in range(8)]
        runs = [
            subprocess.Popen(
                [home.program, "configure", host, "--profile", "secondary"],
                env=home.env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for host in hosts
        ]

        assert {0} == {run.wait(60) for run in runs}
        assert set(hosts) == json.loads(read(config_of(home)))["credHelpers"].keys()
        assert all(f'"{host}"' in read(settings_of(home)) for host in hosts)

    def test_replaces_another_helper_of_the_host(self, home: Home) -> None:
        write(config_of(home), f'{{"credHelpers": {{"{HOST}": "ecr-login"}}}}')

        assert (
            f"config.json: {HOST} now uses {PROGRAM} instead of docker-credential-ecr-login\n" in configure(home).stdout
        )


class TestDryRun:
    def test_prints_applicable_diffs_and_writes_nothing(self, home: Home) -> None:
        home.add_role_profile()
        write(config_of(home), '{\n\t"a": 1\n}')
        before = files_of(home)

        done = configure(home, "--dry-run")

        assert 0 == done.status
        assert before == files_of(home)
        patched = subprocess.run([need.command("patch"), "-p0"], input=done.stdout, text=True, check=False, cwd="/")
        assert 0 == patched.returncode
        assert (0, unchanged(config_of(home), settings_of(home))) == configure(home)[:2]

    def test_shows_removal(self, home: Home) -> None:
        configure(home)
        before = files_of(home)

        done = home.run("configure", "--remove", HOST, "--dry-run")

        assert f"-\t\t{ENTRY}\n" in done.stdout
        assert f'-match = "{HOST}"\n' in done.stdout
        assert before == files_of(home)

    def test_shows_no_password(self, home: Home) -> None:
        write(config_of(home), json.dumps(OLD_LOGIN))

        done = configure(home, "--dry-run", "--remove-password")

        assert (
            f'-{{"auths": {{"{HOST}": {{"auth": "..."}}, "registry.kept.example": {{"auth": "..."}}}}}}\n'
            in done.stdout
        )
        assert PASSWORD not in done.stdout + done.stderr
        assert PASSWORD in read(config_of(home))

    def test_shows_no_secret_of_either_file(self, home: Home) -> None:
        """Secrets in a URL, in a top-level text or in a name are not shown."""
        secrets = [f"hunter2-{number}" for number in range(5)]
        document = {
            "auths": {f"https://me:{secrets[0]}@registry.example": {"auth": PASSWORD}, HOST: {"auth": PASSWORD}},
            "proxies": {"default": {"httpProxy": f"http://me:{secrets[1]}@proxy.example"}},
            "token": secrets[2],
            "credHelpers": {HOST: f"//{secrets[3]}@helper"},
        }
        write(config_of(home), json.dumps(document, indent=1))
        home.configure(f'# https://me:{secrets[4]}@wiki.example\n[[registry]]\nmatch = "*"\nprofile = "x"\n')

        done = configure(home, "--dry-run")

        assert 0 == done.status
        assert f'+  "{HOST}": "ecrx"\n' in done.stdout
        assert "wiki.example" in done.stdout
        said = done.stdout + done.stderr + configure(home).stderr
        assert [] == [secret for secret in [*secrets, PASSWORD] if secret in said]


class TestRemove:
    def test_leaves_entries_of_others(self, home: Home) -> None:
        helpers = f'{{"credHelpers": {{"{HOST}": "ecr-login"}}}}'
        entries = f'[[registry]]\nmatch = "{HOST}"\nprofile = "mine"\n'
        write(config_of(home), helpers)
        home.configure(entries)

        done = home.run("configure", "--remove", HOST)

        assert (0, "nothing to change\n") == (done.status, done.stdout)
        assert f"{HOST} still uses docker-credential-ecr-login, which configure did not write" in done.stderr
        assert (helpers, entries) == (read(config_of(home)), read(settings_of(home)))

    def test_of_missing_entry_changes_nothing(self, home: Home) -> None:
        before = files_of(home)

        done = home.run("configure", "--remove", HOST)

        said = f"{PROGRAM}: {HOST} is not configured in {config_of(home)}, and no other registry is\n"
        assert (0, "nothing to change\n", said) == done
        assert before == {path: text for path, text in files_of(home).items() if path.suffix != ".lock"}

    def test_of_missing_entry_names_the_configured_ones(self, home: Home) -> None:
        configure(home)

        done = home.run("configure", "--remove", OTHER_HOST)

        assert (0, "nothing to change\n") == (done.status, done.stdout)
        assert f"{PROGRAM}: {OTHER_HOST} is not configured in {config_of(home)}, which has {HOST}\n" == done.stderr

    @pytest.mark.parametrize(("one", "other"), [((), ("--podman",)), (("--podman",), ())])
    def test_of_missing_entry_names_the_other_client(
        self, home: Home, one: tuple[str, ...], other: tuple[str, ...]
    ) -> None:
        configure(home, *one)

        done = home.run("configure", "--remove", HOST, *other)

        client = "podman" if one else "docker"
        assert (0, "nothing to change\n", 1) == (done.status, done.stdout, done.stderr.count("\n"))
        assert f", but for {client}; to remove it: {PROGRAM} configure --remove " in done.stderr
        _, *arguments = shlex.split(done.stderr.rstrip("\n").rpartition(": ")[2])
        removed = home.run(*arguments)
        assert (0, True) == (removed.status, "no longer uses" in removed.stdout)

    def test_of_missing_entry_is_quiet_on_request(self, home: Home) -> None:
        assert (0, "", "") == home.run("configure", "--remove", HOST, "--quiet")

    @pytest.mark.parametrize("options", [[HOST], [HOST, OTHER_HOST], ["--all"]])
    def test_names_the_command_for_a_cached_token(self, home: Home, options: list[str]) -> None:
        """A token may be valid for hours after that; tokens for other registries are not deleted with it."""
        home.add_role_profile()
        configure(home)
        home.run("configure", OTHER_HOST)
        assert 0 == home.get(HOST, profile=None).status

        done = home.run("configure", "--remove", *options)

        said = f"{PROGRAM}: a token for {HOST} may still be cached; to delete it: {PROGRAM} forget {HOST}\n"
        assert (0, said) == (done.status, done.stderr)
        assert "deleted the token of profile secondary" in home.run("forget", HOST).stdout
        assert "forget" not in home.run("configure", "--remove", HOST).stderr

    @pytest.mark.parametrize("options", [("--dry-run",), ("--quiet",), ()])
    def test_is_silent_about_tokens(self, home: Home, options: tuple[str, ...]) -> None:
        """If nothing is removed, if the user asks for that, or if podman also uses the registry."""
        home.add_role_profile()
        configure(home)
        if not options:
            configure(home, "--podman")
        home.get(HOST, profile=None)

        assert "forget" not in home.run("configure", "--remove", HOST, *options).stderr

    def test_is_silent_about_a_token_that_podmans_link_uses(self, home: Home) -> None:
        home.add_role_profile()
        configure(home)
        write(auth_of(home), json.dumps({"credHelpers": {HOST: "ecrx-secondary"}}))
        home.get(HOST, profile=None)

        assert "forget" not in home.run("configure", "--remove", HOST).stderr

    def test_all_removes_only_its_own_registries(self, home: Home) -> None:
        others = '{"credHelpers": {"gcr.io": "gcloud"}, "credsStore": "ecrx"}'
        write(config_of(home), others)
        configure(home)
        home.run("configure", OTHER_HOST, "--profile", "tertiary", "--force")

        done = home.run("configure", "--remove", "--all")

        assert (0, 4) == (done.status, done.stdout.count("\n"))
        assert "to change that, delete credsStore from the file" in done.stderr
        assert (json.loads(others), "") == (json.loads(read(config_of(home))), read(settings_of(home)))

    def test_all_removes_hundreds_of_registries(self, home: Home) -> None:
        hosts = [f"{number:012}.dkr.ecr.us-east-1.amazonaws.com" for number in range(500)]
        helpers = {"first.example": "a", **dict.fromkeys(hosts, "ecrx"), "last.example": "b"}
        write(config_of(home), json.dumps({"credHelpers": helpers}, indent="\t"))
        entries = (OURS.replace(HOST, host) for host in hosts)
        home.configure('[cache]\nkeyring = "auto"\n\n' + "\n".join(entries))

        done = home.run("configure", "--remove", "--all")

        assert (0, 1000) == (done.status, done.stdout.count("\n"))
        left = {"credHelpers": {"first.example": "a", "last.example": "b"}}
        assert json.dumps(left, indent="\t") == read(config_of(home))
        assert '[cache]\nkeyring = "auto"\n' == read(settings_of(home))

    @pytest.mark.parametrize("host", [HOST, OWN])
    @pytest.mark.parametrize("podman", [(), ("--podman",)])
    def test_all_removes_entries_of_a_lost_file(self, home: Home, host: str, podman: tuple[str, ...]) -> None:
        registry = ["--registry", HOST] if host == OWN else []
        assert 0 == home.run("configure", host, *registry, "--profile", "secondary", *podman).status
        shutil.rmtree(config_of(home).parent)
        auth_of(home).unlink(missing_ok=True)

        done = home.run("configure", "--remove", "--all", *podman)

        assert (0, "") == (done.status, done.stderr)
        assert f"the entry for {host} is deleted" in done.stdout
        assert "" == read(settings_of(home))

    def test_all_keeps_entries_of_another_file(self, home: Home) -> None:
        """The file of another DOCKER_CONFIG may use an entry, and would then use another identity."""
        home.run("configure", HOST, "--profile", "secondary", env={"DOCKER_CONFIG": str(home.folder / "other")})
        home.run("configure", OTHER_HOST, "--profile", "secondary")

        done = home.run("configure", "--remove", "--all")

        assert 0 == done.status, done
        assert HOST in read(settings_of(home))
        assert OTHER_HOST not in read(settings_of(home))

    def test_all_keeps_entries_of_the_other_client(self, home: Home) -> None:
        configure(home, "--podman")
        home.run("configure", OTHER_HOST, "--profile", "secondary")
        shutil.rmtree(config_of(home).parent)

        done = home.run("configure", "--remove", "--all")

        assert (0, "") == (done.status, done.stderr)
        assert OURS == read(settings_of(home))

    def test_all_names_each_registry_once(self, home: Home) -> None:
        """Docker's file may have it under a key that Docker never uses."""
        configure(home)
        write(config_of(home), json.dumps({"credHelpers": {f"https://{HOST}": "ecrx", HOST: "ecrx"}}))

        done = home.run("configure", "--remove", "--all")

        assert (0, 1) == (done.status, done.stdout.count(f"{HOST} no longer uses {PROGRAM}"))

    def test_all_keeps_entries_of_the_user(self, home: Home) -> None:
        mine = f'[[registry]]\nmatch = "{HOST}"\nprofile = "mine"\n'
        home.configure(mine)

        done = home.run("configure", "--remove", "--all")

        assert ((0, "nothing to change\n", ""), mine) == (done, read(settings_of(home)))

    def test_all_names_remaining_links(self, home: Home) -> None:
        write(config_of(home), f'{{"credHelpers": {{"{HOST}": "ecrx-mine"}}}}')

        done = home.run("configure", "--remove", "--all")

        assert (0, "nothing to change\n") == (done.status, done.stdout)
        assert f"{HOST} still uses docker-credential-ecrx-mine, which configure did not write" in done.stderr

    def test_keeps_identity_shared_with_podman(self, home: Home) -> None:
        configure(home)
        configure(home, "--podman")

        home.run("configure", "--remove", HOST)
        assert OURS == read(settings_of(home))

        home.run("configure", "--remove", HOST, "--podman")
        assert "" == read(settings_of(home))


@pytest.mark.usefixtures("own_path")
class TestDefaultStore:
    """Docker selects a store itself until its config.json names a helper; passwords must not become plain text."""

    @pytest.fixture(params=["secretservice", "pass"])
    def store(self, home: Home, request: pytest.FixtureRequest) -> str:
        """Return the store that Docker selects on Linux."""
        if sys.platform != "linux":
            pytest.skip("another system has another store")
        home.link("docker-credential-secretservice")
        if request.param == "pass":
            home.link("docker-credential-pass")
            home.link("pass")
        return str(request.param)

    @pytest.mark.parametrize("before", [None, "", "{}", '{\n\t"auths": {},\n\t"credsStore": ""\n}'])
    def test_is_written_once(self, home: Home, store: str, before: str | None) -> None:
        if before is not None:
            write(config_of(home), before)

        done = configure(home)

        assert {HOST: "ecrx"} == json.loads(read(config_of(home)))["credHelpers"]
        assert store == json.loads(read(config_of(home)))["credsStore"]
        says = f"other registries still use docker-credential-{store}, which Docker selected until now"
        assert f"{config_of(home)}: {says}\n" in done.stdout
        assert "nothing to change" in configure(home).stdout

    def test_is_removed_with_the_last_registry(self, home: Home, store: str) -> None:
        write(config_of(home), '{\n  "psFormat": "x"\n}\n')
        configure(home)
        home.run("configure", OTHER_HOST)
        home.run("configure", "--remove", HOST)
        assert store == json.loads(read(config_of(home)))["credsStore"]

        home.run("configure", "--remove", OTHER_HOST)

        assert '{\n  "psFormat": "x"\n}\n' == read(config_of(home))

    def test_of_the_user_stays(self, home: Home, store: str) -> None:
        before = f'{{"credsStore": "{store}"}}'
        write(config_of(home), before)
        configure(home)

        home.run("configure", "--remove", "--all")

        assert before == read(config_of(home))

    @pytest.mark.parametrize("helpers", [{}, {HOST: "ecrx"}])
    @pytest.mark.parametrize("hosts", [(HOST,), ("--all",)])
    def test_of_the_user_beside_helpers_stays(
        self, home: Home, store: str, helpers: dict[str, str], hosts: tuple[str, ...]
    ) -> None:
        """The file was written by hand, and looks as if this command had written it."""
        write(config_of(home), json.dumps({"credHelpers": helpers, "credsStore": store}))

        home.run("configure", "--remove", *hosts)

        assert store == json.loads(read(config_of(home)))["credsStore"]

    def test_of_the_user_stays_after_one_that_was_added(self, home: Home, store: str) -> None:
        """What was added to an earlier file says nothing about the one that the user wrote instead."""
        configure(home)
        write(config_of(home), json.dumps({"credsStore": store}))
        configure(home)

        home.run("configure", "--remove", HOST)

        assert {"credsStore": store} == json.loads(read(config_of(home)))

    def test_is_removed_from_a_file_that_docker_rewrote(self, home: Home, store: str) -> None:
        """Docker writes credsStore before credHelpers."""
        configure(home)
        write(config_of(home), json.dumps({"auths": {}, "credsStore": store, "credHelpers": {HOST: "ecrx"}}))

        done = home.run("configure", "--remove", HOST)

        assert {"auths": {}} == json.loads(read(config_of(home)))
        assert f"Docker selects docker-credential-{store} itself again" in done.stdout

    def test_is_kept_without_a_state_folder(self, home: Home, store: str) -> None:
        configure(home)
        shutil.rmtree(home.folder / ".local" / "state")

        home.run("configure", "--remove", HOST)

        assert {"credsStore": store} == json.loads(read(config_of(home)))

    @pytest.mark.parametrize(
        "before",
        ['{"auths": {"a.example": {}}}', '{"credHelpers": {"gcr.io": "gcloud"}}', '{"credsStore": "other"}'],
    )
    def test_is_left_where_docker_selects_none(self, home: Home, store: str, before: str) -> None:
        write(config_of(home), before)

        configure(home)

        assert f'"{store}"' not in read(config_of(home))

    def test_is_none_of_a_relative_folder(self, home: Home) -> None:
        """Go's LookPath finds the program first there, and then Docker selects no store."""
        (home.folder / "docker-credential-secretservice").symlink_to(home.program)
        home.link("docker-credential-secretservice")
        write(config_of(home), "{}")

        home.run("configure", HOST, env={"PATH": f".:{home.env['PATH']}"}, cwd=home.folder)

        assert "credsStore" not in read(config_of(home))

    def test_is_added_to_no_file_of_podman(self, home: Home, store: str) -> None:
        configure(home, "--podman")

        assert store not in read(auth_of(home))

    @pytest.mark.parametrize("command", docker_commands())
    def test_keeps_a_password_out_of_the_file(self, home: Home, store: str, command: str) -> None:
        """The docker command stores a password where it would have stored it before."""
        docker = Client(home, need.command(command))
        docker.tries("logout", "registry.example")  # writes no file
        configure(home)
        log = home.folder / "asked"
        program = home.bin / f"docker-credential-{store}"
        program.unlink()
        program.write_text(f"#!/bin/sh\necho $1 >> {log}\n")
        program.chmod(0o755)

        docker.tries("logout", "registry.example")

        assert "erase" in log.read_text()


class TestOldPassword:
    def test_is_reported_and_kept(self, home: Home) -> None:
        write(config_of(home), json.dumps(OLD_LOGIN))

        done = configure(home)

        assert 0 == done.status
        assert f"contains an unencrypted password for {HOST}; to delete it: " in done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        assert OLD_LOGIN["auths"] == json.loads(read(config_of(home)))["auths"]

    @pytest.mark.parametrize("server", [HOST, f"https://{HOST}", f"https://{HOST}/v1/"])
    def test_is_deleted_by_the_suggested_command(self, home: Home, server: str) -> None:
        """No other password is deleted."""
        home.add_role_profile()
        write(config_of(home), json.dumps({"auths": {server: {"auth": PASSWORD}, "kept": {"auth": KEPT}}}))
        told = configure(home).stderr.rstrip("\n").partition("to delete it: ")[2].split()

        done = home.run(*told[1:])

        assert (0, "") == (done.status, done.stderr)
        assert {"kept": {"auth": KEPT}} == json.loads(read(config_of(home)))["auths"]
        assert OURS == read(settings_of(home))

    def test_empty_login_is_ignored(self, home: Home) -> None:
        home.add_role_profile()
        write(config_of(home), json.dumps({"auths": {HOST: {}}}))

        assert "" == configure(home).stderr

    @pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 2), ("\n", 2)])
    def test_terminal_asks_before_deletion(self, home: Home, answer: str, left: int) -> None:
        write(config_of(home), json.dumps(OLD_LOGIN))

        status, seen = terminals.run(
            [home.program, "configure", HOST, "--profile", "secondary"], home.env, [("delete it?", answer)]
        )

        assert 0 == status
        assert PASSWORD not in seen
        document = json.loads(read(config_of(home)))
        assert left == len(document["auths"])
        assert {HOST: "ecrx"} == document["credHelpers"]

    def test_interrupt_changes_nothing(self, home: Home) -> None:
        write(config_of(home), json.dumps(OLD_LOGIN))

        status, _ = terminals.run([home.program, "configure", HOST], home.env, [("delete it?", "\x04")])

        assert 130 == status
        assert OLD_LOGIN == json.loads(read(config_of(home)))


class TestDockerLogin:
    """A stored login would be returned for twelve hours in place of the identity."""

    @pytest.fixture(autouse=True)
    def login(self, home: Home) -> str:
        """Return a token of another account, with which somebody ran docker login for HOST."""
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        secret = home.get(profile="tertiary").secret
        assert 0 == home.store(HOST, "AWS", secret).status
        return secret

    def served(self, home: Home, **env: str) -> str:
        """Return the account whose token Docker gets."""
        return home.aws.issued[home.get(profile=None, env=env).secret].account

    @pytest.mark.parametrize("option", ["--profile=secondary", "--podman"])
    def test_is_deleted_with_a_message(self, home: Home, option: str) -> None:
        home.env["AWS_PROFILE"] = "secondary"
        assert "444444444444" == self.served(home)

        done = configure(home, option, profile=None)

        assert (0, "") == (done.status, done.stderr)
        assert f"the token that docker login stored for {HOST} is deleted from the keyring kernel\n" in done.stdout
        assert SECONDARY == self.served(home)
        assert f"login:{HOST}" not in stored_items.entries(home)

    def test_is_deleted_from_each_keyring(self, home: Home, keyring: dict[str, str], login: str) -> None:
        home.store(HOST, "AWS", login, keyring)

        done = configure(home, **keyring)

        assert (
            f"the token that docker login stored for {HOST} is deleted from the keyring {keyring['ECRX_KEYRING']}\n"
            in done.stdout
        )
        assert SECONDARY == self.served(home, **keyring)

    def test_is_deleted_if_nothing_else_changes(self, home: Home, login: str) -> None:
        configure(home)
        home.store(HOST, "AWS", login)

        done = configure(home)

        assert "nothing to change" not in done.stdout
        assert SECONDARY == self.served(home)

    def test_is_deleted_if_the_index_is_lost(self, home: Home) -> None:
        (home.folder / ".local" / "state" / "ecrx" / "ledger.json").unlink()

        configure(home)

        assert SECONDARY == self.served(home)

    def test_of_another_registry_stays(self, home: Home, login: str) -> None:
        home.store(OTHER_HOST, "AWS", login)

        configure(home)

        assert login == home.get(OTHER_HOST, profile=None).secret

    def test_stays_in_dry_run(self, home: Home, login: str) -> None:
        """The dry run says that it would be deleted."""
        done = configure(home, "--dry-run")

        said = f"the token that docker login stored for {HOST} would be deleted from the keyring kernel"
        assert (0, f"{PROGRAM}: {said}\n") == (done.status, done.stderr)
        assert login == home.get(profile=None).secret

    def test_stays_on_removal(self, home: Home, login: str) -> None:
        configure(home, "--remove", profile=None)

        assert login == home.get(profile=None).secret

    def test_expired_is_not_mentioned(self, home: Home) -> None:
        stored_items.age(home, hours=12.1)

        assert "docker login" not in configure(home).stdout

    def test_in_unavailable_keyring_fails_and_retries(
        self, home: Home, secret_service: dict[str, str], login: str
    ) -> None:
        """The command fails, and the next run deletes the login."""
        env = secret_service | {"ECRX_KEYRING": "secret-service"}
        home.store(HOST, "AWS", login, env)

        done = configure(home, DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")

        assert (1, 1) == (done.status, done.stderr.count("\n"))
        assert f"cannot delete what is stored for {HOST}: the Secret Service is not available" in done.stderr
        assert 0 == configure(home, **env).status
        assert SECONDARY == self.served(home, **env)

    def test_absent_in_unavailable_keyring_succeeds(self, home: Home) -> None:
        home.run("erase", stdin=HOST)

        done = configure(home, ECRX_KEYRING="secret-service", DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")

        assert (0, "") == (done.status, done.stderr)

    def test_invalid_keyring_setting_changes_nothing(self, home: Home) -> None:
        before = files_of(home)

        found = configure(home, ECRX_KEYRING="plaintext")

        assert "use auto, kernel" in remedy(found)
        assert before == files_of(home)


class TestUnknownRegion:
    """A region that botocore does not know may be new, so it is configured; most likely it is misspelled."""

    @pytest.mark.parametrize(
        ("region", "similar"),
        [
            ("us-esat-1", "us-east-1"),
            ("us-east-3", "us-east-1 or us-east-2"),
            ("cn-noth-1", "cn-north-1"),
            ("qq-xyzzy-9", ""),
        ],
    )
    @pytest.mark.parametrize("option", ["--podman", "--dry-run", "--force"])
    def test_is_noted(self, home: Home, region: str, similar: str, option: str) -> None:
        home.add_role_profile()
        host = f"111111111111.dkr.ecr.{region}.amazonaws.com{'.cn' * region.startswith('cn')}"

        found = home.run("configure", host, "--profile", "secondary", option)

        assert 0 == found.status
        assert f"docker-credential-ecrx: warning: {host}: {region} is not a region that botocore " in found.stderr
        assert (f" knows; did you mean {similar}?" if similar else " knows; check its spelling") in found.stderr
        podman = " --podman" if option == "--podman" else ""
        undo = f"{' To' if similar else '; to'} undo this: {PROGRAM} configure --remove{podman} {host}\n"
        assert (undo in found.stderr) == (option != "--dry-run")

    @pytest.mark.parametrize("registry", [[], ["--registry", HOST.replace("east", "esat")]])
    def test_of_an_own_host_is_that_of_the_registry(self, home: Home, registry: list[str]) -> None:
        home.add_role_profile()

        found = home.run("configure", "images.example.com" if registry else HOST, *registry, "--profile", "secondary")

        assert (0, bool(registry)) == (found.status, "us-esat-1 is not a region" in found.stderr)

    def test_is_removed_without_a_note(self, home: Home) -> None:
        home.add_role_profile()
        host = HOST.replace("east", "esat")
        home.run("configure", host, "--profile", "secondary")

        assert (0, "") == home.run("configure", "--remove", host)[::2]

    @pytest.mark.parametrize(
        "host",
        [
            "public.ecr.aws",
            "111111111111.dkr-ecr-fips.us-gov-west-1.on.aws",
            "111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            "111111111111.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
        ],
    )
    def test_is_not_that_of_another_partition(self, home: Home, host: str) -> None:
        home.add_role_profile()

        found = home.run("configure", host, "--profile", "secondary", "--dry-run")

        assert (0, False) == (found.status, "is not a region" in found.stderr)


@pytest.mark.usefixtures("own_path")
class TestWarnings:
    def test_accepts_a_store_for_other_registries(self, home: Home) -> None:
        home.add_role_profile()
        home.link("docker-credential-fine", home.program)
        write(config_of(home), '{"credsStore": "fine"}')

        assert f"{PROGRAM}: all other registries still use credsStore fine\n" == configure(home).stderr

    def test_warns_of_password_in_environment(self, home: Home) -> None:
        home.add_role_profile()

        done = configure(home, DOCKER_AUTH_CONFIG=json.dumps({"auths": {HOST: {"auth": PASSWORD}}}))

        assert 0 == done.status
        what = f"DOCKER_AUTH_CONFIG has a password for {HOST}, which Docker uses first from version 28.3 on"
        assert f"{what}; unset DOCKER_AUTH_CONFIG\n" in done.stderr
        assert "" == configure(home, DOCKER_AUTH_CONFIG="broken").stderr

    def test_warns_of_store_missing_on_path(self, home: Home) -> None:
        """Docker builds fail with such a store."""
        home.add_role_profile()
        write(config_of(home), '{"credsStore": "gone"}')

        done = configure(home)

        assert 0 == done.status
        assert "docker-credential-gone is not on PATH" in done.stderr
        assert 1 == done.stderr.count("\n")

    @pytest.mark.parametrize("option", ["--profile=secondary", "--dry-run"])
    @pytest.mark.parametrize("helper", ["gone", 5], ids=["another helper", "no name"])
    def test_is_silent_on_what_the_edit_replaces(self, home: Home, helper: object, option: str) -> None:
        """The file is judged as it is written, not as it was."""
        home.add_role_profile()
        write(config_of(home), json.dumps({"credHelpers": {HOST: helper}}))

        done = configure(home, option, PATH=str(home.bin))

        assert (0, "") == (done.status, done.stderr)

    @pytest.mark.parametrize("option", ["--profile=secondary", "--dry-run"])
    def test_names_missing_helper_of_another_host(self, home: Home, option: str) -> None:
        home.add_role_profile()
        write(config_of(home), json.dumps({"credHelpers": {HOST: "former", "a.example": "gone"}}))

        said = configure(home, option, PATH=str(home.bin)).stderr

        assert "names docker-credential-gone for a.example, which is not on PATH" in said
        assert "former" not in said

    @pytest.mark.parametrize("option", ["--profile=secondary", "--dry-run"])
    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"credsStore": 5}, "credsStore is not a string"),
            ({"credHelpers": {"x": 7}}, "credHelpers: x is not a string"),
            ({"auths": {"x": {"auth": "!!!"}}}, "auths: x: auth is not a user and a password in base64"),
            ({"HttpHeaders": []}, "HttpHeaders is not an object"),
        ],
        ids=["store", "helper", "login", "headers"],
    )
    def test_names_what_docker_cannot_read(self, home: Home, config: dict[str, object], said: str, option: str) -> None:
        """Docker goes on without it, with a warning at each command."""
        home.add_role_profile()
        write(config_of(home), json.dumps(config))

        done = configure(home, option, PATH=str(home.bin))

        assert (0, 1) == (done.status, done.stderr.count("\n"))
        assert f"{config_of(home)}: {said}" in done.stderr

    def test_says_how_to_put_program_on_path(self, home: Home) -> None:
        home.add_role_profile()

        done = configure(home, PATH=str(home.folder / "tmp"))

        assert 0 == done.status
        assert f"is not on PATH; add its folder: export PATH={home.bin}:$PATH\n" in done.stderr
        assert 1 == done.stderr.count("\n")
        assert "" == configure(home, PATH=str(home.bin)).stderr


class TestPodman:
    def test_edits_the_permanent_file(self, home: Home) -> None:
        home.add_role_profile()

        done = configure(home, "--podman")

        assert (0, "") == (done.status, done.stderr)
        assert {"credHelpers": {HOST: "ecrx"}} == json.loads(read(auth_of(home)))
        assert not (home.folder / ".docker").exists()
        assert f"next: podman pull {HOST}/REPOSITORY:TAG\n" in done.stdout

    def test_edits_the_file_named_by_its_variable(self, home: Home) -> None:
        path = home.folder / "auth.json"

        configure(home, "--podman", REGISTRY_AUTH_FILE=str(path))

        assert HOST in read(path)
        assert not auth_of(home).exists()

    def test_removes_password_from_the_login_file(self, home: Home) -> None:
        """Podman reads the file of its login first."""
        home.add_role_profile()
        passing = home.folder / "run" / "containers" / "auth.json"
        write(passing, json.dumps(OLD_LOGIN))

        told = configure(home, "--podman").stderr.rstrip("\n").partition("to delete it: ")
        done = home.run(*told[2].split()[1:])

        assert f"{passing} contains an unencrypted password for {HOST}, which takes precedence" in told[0]
        assert (0, "") == (done.status, done.stderr)
        assert ["registry.kept.example"] == list(json.loads(read(passing))["auths"])

    def test_warns_of_another_helper_in_the_login_file(self, home: Home) -> None:
        passing = home.folder / "run" / "containers" / "auth.json"
        write(passing, f'{{"credHelpers": {{"{HOST}": "ecr-login"}}}}')

        done = configure(home, "--podman")

        assert f"{passing} takes precedence, and uses docker-credential-ecr-login for {HOST}" in done.stderr

    @pytest.mark.parametrize("options", [[], ["--dry-run"]])
    @pytest.mark.parametrize("name", ["own", "login"])
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{"credHelpers":{"x.example":5}}', "credHelpers: x.example is not a string"),
            ('{"auths":{"y":7}}', "auths: y is not an object"),
            ('{"auths":{"y":{"auth":7}}}', "auths: y: auth is not a string"),
            ('{"auths":[]}', "auths is not an object"),
            ('{"credHelpers":["z"]}', "credHelpers"),
            ("[]", "not a JSON object"),
            ('{"a":1} x', "has text after its JSON object"),
            ("{", "not JSON"),
        ],
    )
    def test_refuses_a_file_that_podman_refuses(
        self, home: Home, text: str, said: str, name: str, options: list[str]
    ) -> None:
        """Each of podman's files is read before one is changed."""
        home.add_role_profile()
        login = home.folder / "run" / "containers" / "auth.json"
        path = login if name == "login" else auth_of(home)
        write(auth_of(home), json.dumps({"credHelpers": {HOST: "ecrx"}}))
        write(path, text)
        before = files_of(home)

        found = configure(home, "--podman", *options)

        assert remedy(found)
        assert (str(path) in found.stderr, said in found.stderr) == (True, True), found
        assert before == {path: text for path, text in files_of(home).items() if path.suffix != ".lock"}

    @pytest.mark.parametrize(
        "text",
        [
            '{"credHelpers":{"x.example":null}}',
            '{"auths":null}',
            '{"auths":{"y":null,"z":{"username":5,"auth":"!!!"}}}',
            '{"credsStore":5}',
            f'{{"credHelpers":{{"{HOST}":5}}}}',
        ],
    )
    def test_accepts_a_file_that_podman_accepts(self, home: Home, text: str) -> None:
        home.add_role_profile()
        write(auth_of(home), text)

        assert 0 == configure(home, "--podman").status
        skopeo = Client(home, need.command("skopeo"))
        assert "cannot unmarshal" not in skopeo.tries("inspect", "docker://localhost:1/x")

    def test_removal_reads_no_other_file(self, home: Home) -> None:
        home.add_role_profile()
        assert 0 == configure(home, "--podman").status
        (home.folder / "run" / "containers" / "auth.json").mkdir(parents=True)

        done = home.run("configure", "--remove", "--all", "--podman")

        assert (0, "", False) == (done.status, done.stderr, HOST in read(auth_of(home)))

    def test_podman_gets_its_password_from_this_program(self, home: Home) -> None:
        home.add_role_profile()
        configure(home, "--podman")

        user = subprocess.run(
            [need.command("podman"), "login", "--get-login", HOST],
            env=home.env,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (0, "AWS\n") == (user.returncode, user.stdout), user.stderr
        assert 1 == home.aws.count("GetAuthorizationToken")


class TestBadInput:
    @pytest.mark.parametrize(
        "host",
        [
            "docker.io",
            "12345.dkr.ecr.us-east-1.amazonaws.com",
            "11111111111x.dkr.ecr.us-east-1.amazonaws.com",
            "111111111111.dkr.ecr.us-east-1.amazonaws.com.evil.example",
            "111111111111",
            "",
            "a\nb",
        ],
    )
    def test_rejects_other_hosts(self, home: Home, host: str) -> None:
        before = files_of(home)

        found = home.run("configure", OTHER_HOST, host, "--profile", "secondary")

        assert (2, "") == (found.status, found.stdout)
        assert "write ACCOUNT.dkr.ecr" in found.stderr or "write 111111111111.dkr.ecr.REGION" in found.stderr
        assert before == files_of(home)

    @pytest.mark.parametrize(
        "role",
        [
            "puller",
            "arn:aws:iam::22222222222:role/puller",
            "arn:aws:iam::222222222222:user/puller",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:sts::222222222222:assumed-role/puller/me",
            "arn:aws-cn:iam::222222222222:role/puller",
            "",
            "arn:aws:iam::222222222222:role/puller\n",
        ],
    )
    def test_rejects_malformed_or_foreign_role(self, home: Home, role: str) -> None:
        before = files_of(home)

        assert 2 == configure(home, "--role-arn", role, profile=None).status
        assert before == files_of(home)

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            [HOST, "--profile", "a", "--role-arn", ROLE],
            [HOST, "--external-id", "a"],
            [HOST, "--remove", "--profile", "a"],
            [HOST, "--remove", "--remove-password"],
            [HOST, "--remove", "--all"],
            ["--all", "--profile", "a"],
            ["--remove"],
        ],
        ids=" ".join,
    )
    def test_rejects_conflicting_options(self, home: Home, arguments: list[str]) -> None:
        before = files_of(home)

        assert 2 == home.run("configure", *arguments).status
        assert before == files_of(home)

    def test_says_which_option_is_too_much(self, home: Home) -> None:
        found = home.run("configure", HOST, "--remove", "--profile", "a", "--force")
        assert "leave out --profile and --force" in found.stderr
        assert "name a HOST or use --all, not both" in home.run("configure", HOST, "--remove", "--all").stderr

    @pytest.mark.parametrize(
        "text",
        ["[]", '{"a": 1,}', "{", "\ufeff{}", '{"credHelpers": 1}', '{"credHelpers": {}, "credHelpers": {}}', "é"],
    )
    @pytest.mark.parametrize("option", ["--profile=secondary", "--podman", "--dry-run"])
    def test_leaves_broken_config_json(self, home: Home, text: str, option: str) -> None:
        encoding = "latin-1" if text == "é" else "utf-8"
        path = auth_of(home) if option == "--podman" else config_of(home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))

        found = home.run("configure", HOST, option)

        assert remedy(found)
        assert str(path) in found.stderr
        assert text.encode(encoding) == path.read_bytes()
        assert not settings_of(home).exists()

    @pytest.mark.parametrize("options", [["--profile", "secondary"], ["--dry-run"], ["--remove"]])
    def test_leaves_config_json_with_text_after_it(self, home: Home, options: list[str]) -> None:
        """Docker ignores the text, but it would not survive Docker's next edit, and other clients refuse it."""
        text = f'{{"credHelpers": {{"{HOST}": "ecrx"}}}}\ntrailing'
        write(config_of(home), text)

        found = home.run("configure", OTHER_HOST if "--remove" not in options else HOST, *options)

        assert "delete that text" == remedy(found)
        assert f"{config_of(home)} has text after its JSON object" in found.stderr
        assert text == read(config_of(home))

    def test_leaves_read_only_config_json_until_fixed(self, home: Home) -> None:
        home.add_role_profile()
        write(config_of(home), "{}")
        config_of(home).chmod(0o444)

        todo = remedy(configure(home))

        assert f"change its permissions: chmod u+rw {config_of(home)}" == todo
        assert "{}" == read(config_of(home))
        assert not settings_of(home).exists()
        subprocess.run(todo.partition(": ")[2].split(), check=True)
        assert (0, "") == configure(home)[::2]

    def test_leaves_config_json_that_is_no_file(self, home: Home) -> None:
        config_of(home).symlink_to("/dev/null")

        assert "move it away" in remedy(configure(home))
        assert Path("/dev/null").is_char_device()

    def test_leaves_broken_config_toml(self, home: Home) -> None:
        home.configure("[[registry]]\n")
        write(config_of(home), "{}")

        assert remedy(configure(home))
        assert ("[[registry]]\n", "{}") == (read(settings_of(home)), read(config_of(home)))

    def test_leaves_config_json_if_config_toml_is_read_only(self, home: Home) -> None:
        write(config_of(home), "{}")
        home.configure("# mine\n")
        settings_of(home).chmod(0o444)

        assert f"change its permissions: chmod u+rw {settings_of(home)}" == remedy(configure(home))
        assert ("# mine\n", "{}") == (read(settings_of(home)), read(config_of(home)))

    @pytest.fixture
    def full(self, home: Home) -> Iterator[Path]:
        """Return Docker's folder on a full file system."""
        folder = config_of(home).parent
        mount = [need.command("mount"), "-t", "tmpfs", "-o", "size=4k,nr_inodes=2", "tmpfs", str(folder)]
        if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            need.missing("the right to mount")
        try:
            write(config_of(home), '{\n\t"a": 1\n}')
            yield folder
        finally:
            subprocess.run([need.command("umount"), str(folder)], check=True)

    def test_leaves_config_json_if_disk_is_full(self, home: Home, full: Path) -> None:
        assert remedy(configure(home))
        assert '{\n\t"a": 1\n}' == read(config_of(home))
        assert [config_of(home)] == list(full.iterdir())
        assert not settings_of(home).exists()
