"""``setup`` asks for a registry and a profile, tries them and configures Docker; interrupted, it changes nothing."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from docker_credential_ecrx.demo.fake_aws import Keys
from support import plain_registry, stored_items, terminals
from support.home import HOST, OTHER_HOST, ROLE, SECONDARY, Home
from support.secrets import places_of
from support.sign_in import CODE, WRONG_CODE, OneTimeCodes, add_mfa_profile, expired_sso
from support.terminals import CLOSED, END, INTERRUPT
from support.users import plant

PROGRAM = "docker-credential-ecrx"
REGISTRY, PROFILE = "registry (", "AWS profile (number or name)"
WRITE, ANYWAY = "write this? [y/N]: ", "a check failed; write this all the same? [y/N]: "
NOT_YET = "only the image cannot be pulled yet; write this? [y/N]: "
MFA, SIGN_IN, PASSWORD = "MFA code for profile secondary: ", "--profile secondary? [y/N]: ", "delete it? [y/N]: "
_SIGHUP = 1
_PASSWORD = {"auth": "QVdTOmh1bnRlcjI="}


@pytest.fixture
def aws() -> Iterator[OneTimeCodes]:
    """Return a fake AWS."""
    with OneTimeCodes() as fake:
        yield fake


@pytest.fixture
def host(home: Home, aws: OneTimeCodes) -> Iterator[str]:
    """Return the host of a registry that stands for HOST, and that a compose file in ``work`` names."""
    with plain_registry.serving(aws) as host:
        home.configure(f'[[registry]]\nmatch = "{host}"\nregistry = "{HOST}"\n')
        write(home, "compose.yaml", f"services:\n  web:\n    image: {host}/team/app:1.0\n")
        home.env["HTTPS_PROXY"] = "http://127.0.0.1:9"  # there is no other registry
        yield host


def write(home: Home, name: str, text: str) -> None:
    """Write a file into the folder in which the program is run."""
    (home.folder / "work").mkdir(exist_ok=True)
    (home.folder / "work" / name).write_text(text)


def docker_config(home: Home) -> Path:
    """Return the path of Docker's config.json."""
    return home.folder / ".docker" / "config.json"


def let_docker_have(home: Home, **parts: object) -> None:
    """Write Docker's config.json."""
    docker_config(home).parent.mkdir()
    docker_config(home).write_text(json.dumps(parts, indent=2))


def setup(home: Home, *arguments: str, answers: list[tuple[str, str]], columns: int = 80) -> tuple[int, str]:
    """Run the command on a terminal, with a person who answers."""
    (home.folder / "work").mkdir(exist_ok=True)
    env = home.env | {"TERM": "dumb", "LANG": "C.UTF-8"}  # without colours
    return terminals.run([home.program, "setup", *arguments], env, answers, home.folder / "work", columns)


def files(home: Home) -> dict[Path, bytes]:
    """Return the content of each file in the home."""
    return {path: path.read_bytes() for path in home.folder.rglob("*") if path.is_file() and path.name != "ran"}


def is_served(home: Home, host: str) -> bool:
    """Return whether ``get`` answers without calling AWS or asking anybody."""
    home.aws.calls.clear()
    found = home.get(host, profile=None)
    return (0, "", []) == (found.status, found.stderr, home.aws.calls)


def words(seen: str) -> str:
    """Return what was on the screen as one line."""
    return " ".join(seen.split())


class TestDialogue:
    def test_configures_what_is_chosen(self, home: Home, host: str) -> None:
        """The first pull then needs no call to AWS."""
        home.add_role_profile()

        status, seen = setup(home, answers=[(REGISTRY, "1\n"), (PROFILE, "2\n"), (WRITE, "y\n")])

        assert 0 == status, seen
        assert {host: "ecrx"} == json.loads(docker_config(home).read_text())["credHelpers"]
        entry = f'match = "{host}"\nregistry = "{HOST}"\nprofile = "secondary"\n'
        assert entry in (home.folder / ".config" / "ecrx" / "config.toml").read_text()
        assert is_served(home, host)
        assert "compose.yaml (team/app:1.0)" in seen
        assert f"{host} accepts the token" in seen
        assert "team/app:1.0 can be pulled" in seen
        assert f"+++ {docker_config(home)}" in seen
        assert f"next: docker pull {host}/team/app:1.0\n" == seen[seen.index("next: ") :]

    def test_asks_only_what_is_missing(self, home: Home, host: str) -> None:
        home.add_role_profile()

        answers = [(WRITE, "y\n")]
        status, seen = setup(home, f"{host}/team/app:2.0", "--profile", "secondary", answers=answers)

        assert (0, 0, 0) == (status, seen.count(REGISTRY), seen.count(PROFILE)), seen
        assert is_served(home, host)
        assert f"next: docker pull {host}/team/app:2.0" in seen

    def test_questions_have_the_same_prefix(self, home: Home, host: str) -> None:
        home.add_role_profile()

        _, seen = setup(home, answers=[(REGISTRY, "1\n"), (PROFILE, "secondary\n"), (WRITE, "n\n")])

        lines = [line for line in seen.splitlines() if REGISTRY in line or PROFILE in line or WRITE in line]
        assert 3 == len(lines)
        assert all(line.startswith(f"{PROGRAM}: ") for line in lines), seen
        assert host in seen

    @pytest.mark.usefixtures("host")
    def test_tells_how_yes_and_no_are_typed(self, home: Home) -> None:
        home.add_role_profile()

        answers = [(REGISTRY, "1\n"), (PROFILE, "secondary\n"), (WRITE, "maybe\n"), (WRITE, " NO \n")]
        status, seen = setup(home, answers=answers)

        assert (1, True) == (status, f"{PROGRAM}: type y or n\n{PROGRAM}: write this?" in seen), seen

    @pytest.mark.parametrize("columns", [80, 100])
    def test_breaks_lines_between_words(self, home: Home, host: str, columns: int) -> None:
        """Except in a command, which a person copies."""
        home.add_role_profile()
        (home.folder / "work" / "compose.yaml").unlink()
        let_docker_have(home, auths={host: _PASSWORD})

        answers = [(PROFILE, "secondary\n"), (PASSWORD, "y\n"), (WRITE, "y\n")]
        status, seen = setup(home, host, answers=answers, columns=columns)
        docker_config(home).unlink()
        _, of_nothing = setup(home, "--podman", answers=[(REGISTRY, INTERRUPT)], columns=columns)

        lines = [line for line in (seen + of_nothing).splitlines() if line[:1] not in "+-" and "next: " not in line]
        assert (0, []) == (status, [line for line in lines if len(line) > columns and " " in line])
        assert "no ECR registry in Docker's config.json, in local images or in this folder's" in words(of_nothing)

    def test_shows_no_secret(self, home: Home, host: str, tmp_path: Path) -> None:
        home.add_role_profile()
        let_docker_have(home, auths={host: _PASSWORD})

        answers = [(REGISTRY, "\n"), (PROFILE, "secondary\n"), (PASSWORD, "y\n"), (WRITE, "y\n")]
        _, seen = setup(home, answers=answers)

        assert {} == json.loads(docker_config(home).read_text())["auths"]
        assert _PASSWORD["auth"] not in seen
        assert all(token[:40] not in seen for token in home.aws.issued)
        assert all([] == places_of(token, tmp_path) for token in home.aws.issued)

    @pytest.mark.usefixtures("host")
    def test_can_be_repeated(self, home: Home) -> None:
        home.add_role_profile()
        answers = [(REGISTRY, "1\n"), (PROFILE, "secondary\n"), (WRITE, "y\n")]
        setup(home, answers=answers)

        status, seen = setup(home, answers=answers[:2])

        assert (0, True, True) == (status, "nothing to change" in seen, "using profile secondary, by " in words(seen))

    def test_edits_podmans_file(self, home: Home, host: str) -> None:
        home.add_role_profile()
        auth = home.folder / "auth.json"
        home.env["REGISTRY_AUTH_FILE"] = str(auth)

        status, seen = setup(home, "--podman", answers=[(REGISTRY, "1\n"), (PROFILE, "secondary\n"), (WRITE, "y\n")])

        assert (0, f"next: podman pull {host}/team/app:1.0\n") == (status, seen[seen.index("next: ") :])
        assert {"credHelpers": {host: "ecrx"}} == json.loads(auth.read_text())
        assert not docker_config(home).exists()


class TestRegistry:
    def found(self, home: Home) -> str:
        """Return what is listed."""
        status, seen = setup(home, answers=[(REGISTRY, INTERRUPT)])
        assert 130 == status
        return words(seen.partition(REGISTRY)[0])

    @pytest.mark.parametrize(
        ("name", "text", "listed"),
        [
            ("compose.yaml", f"image: {HOST}/a:1", f"{HOST} compose.yaml (a:1)"),
            ("docker-compose.yml", f'image: "{HOST}/a"', f"{HOST} docker-compose.yml (a:latest)"),
            ("compose.override.yaml", f"image: {HOST}/a:${{TAG:-1}}", f"{HOST} compose.override.yaml"),
            ("compose.yml", f"image: ${{IMAGE:-{HOST}/b:2}}", f"{HOST} compose.yml (b:2)"),
            ("Dockerfile", f"FROM --platform=arm64 {HOST}/a:1 AS x", f"{HOST} Dockerfile (a:1)"),
            ("Containerfile", f"COPY --from={HOST}/a:1 /x /x", f"{HOST} Containerfile (a:1)"),
            ("compose.yaml", f"image: {HOST}/a:${{TAG}}\nimage: {HOST}/b:2\n", f"{HOST} compose.yaml (b:2)"),
            ("Dockerfile", f"# FROM {HOST}/a:1", "no ECR registry in Docker's config.json, in local images"),
            ("Dockerfile", "FROM debian", "no ECR registry in Docker's config.json, in local images"),
            ("Dockerfile", f"FROM x{HOST}/a", "no ECR registry in Docker's config.json, in local images"),
        ],
    )
    def test_is_found_in_files(self, home: Home, name: str, text: str, listed: str) -> None:
        write(home, name, text)

        assert listed in self.found(home)

    def test_is_found_in_dockers_file(self, home: Home) -> None:
        let_docker_have(home, credHelpers={HOST: "ecr-login"}, auths={OTHER_HOST: _PASSWORD, "ghcr.io": _PASSWORD})

        found = self.found(home)

        assert f"1 {HOST} Docker's config.json (helper ecr-login)" in found
        assert f"2 {OTHER_HOST} Docker's config.json (a password)" in found
        assert "ghcr.io" not in found

    def test_is_found_in_local_images(self, home: Home) -> None:
        (home.bin / "docker").write_text(f"#!/bin/sh\nprintf '{HOST}/a:1\\n{OTHER_HOST}/b:<none>\\nalpine:3\\n'\n")
        (home.bin / "docker").chmod(0o755)

        found = self.found(home)

        assert f"1 {HOST} local images (a:1) 2 {OTHER_HOST} local images" in found

    @pytest.mark.parametrize("script", ["exit 1", "printf '\\377\\n'"])
    def test_docker_that_fails_is_ignored(self, home: Home, script: str) -> None:
        (home.bin / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (home.bin / "docker").chmod(0o755)

        assert "no ECR registry in " in self.found(home)

    def test_docker_that_hangs_is_not_waited_for(self, home: Home) -> None:
        """Nor is its child, which has the same stdout."""
        os.mkfifo(home.bin / "pipe")
        (home.bin / "docker").write_text(f"#!/bin/sh\ncat {home.bin}/pipe\nexit\n")
        (home.bin / "docker").chmod(0o755)

        assert "no ECR registry in " in self.found(home)
        with suppress(OSError):  # the child ends when the pipe is closed, if the terminal's end has not ended it
            os.close(os.open(home.bin / "pipe", os.O_WRONLY | os.O_NONBLOCK))

    @pytest.mark.parametrize("weak", ["bin/docker", "bin", "."], ids=["program", "folder", "folder above"])
    def test_runs_no_docker_that_all_users_may_change(self, home: Home, weak: str) -> None:
        folder = home.folder / "open" / "bin"
        folder.mkdir(parents=True)
        (folder / "docker").write_text(f"#!/bin/sh\ntouch {home.folder}/ran\n")
        (folder / "docker").chmod(0o755)
        (folder.parent / weak).chmod(0o777)
        home.env["PATH"] = f"{folder}:{home.env['PATH']}"

        assert "no ECR registry in " in self.found(home)
        assert not (home.folder / "ran").exists()

    def test_runs_no_docker_that_another_user_planted(self, home: Home) -> None:
        """Anybody can put a program into a sticky folder such as /tmp."""
        planted = plant(home, "docker", f"touch {home.folder}/ran")

        assert "no ECR registry in " in self.found(home)
        assert planted.exists()
        assert not (home.folder / "ran").exists()

    def test_of_a_pipe_or_large_file_is_not_read(self, home: Home) -> None:
        write(home, "compose.yaml", f"image: {HOST}/a\n{'#' * (1 << 20)}")
        os.mkfifo(home.folder / "work" / "Dockerfile")

        assert "no ECR registry in " in self.found(home)

    def test_hostile_text_is_not_shown(self, home: Home) -> None:
        write(home, "compose.yaml", f"image: {HOST}/\x1b[31mapp:1\nimage: evil\x1b]0;x\x07.{HOST}\n")
        let_docker_have(home, credHelpers={HOST: "a\u202e\x1b[2Jb"})

        status, seen = setup(home, answers=[(REGISTRY, INTERRUPT)])

        assert (130, True) == (status, "(helper a [2Jb)" in seen), seen
        assert "\x1b[31m" not in seen
        assert "\x1b]" not in seen
        assert "\u202e" not in seen

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("\n", "nothing was typed"),
            ("0\n", "there is no number 0 in the list"),
            ("3\n", "there is no number 3 in the list"),
            ("ghcr.io/app\n", "ghcr.io is not a registry of Amazon ECR"),
            (f"x.{HOST}\n", f"x.{HOST} is not a registry of Amazon ECR"),
            (f"{HOST}/App\n", "App is not a repository"),
            ("\udcff\n", "is not a registry of Amazon ECR"),
            (f"{OTHER_HOST}\n", "accounts does not list 333333333333"),
        ],
    )
    def test_wrong_answer_is_asked_again(self, home: Home, host: str, typed: str, said: str) -> None:
        home.add_role_profile()
        write(home, "Dockerfile", f"FROM {HOST}/a\n")
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'[security]\naccounts = ["{HOST[:12]}"]\n{path.read_text()}')

        answers = [(REGISTRY, typed), (REGISTRY, f"{host}\n"), (PROFILE, INTERRUPT)]
        status, seen = setup(home, answers=answers)

        assert 130 == status
        assert said in words(seen), seen

    def test_wrong_argument_is_asked_for(self, home: Home) -> None:
        status, seen = setup(home, "ghcr.io", answers=[(REGISTRY, INTERRUPT)])

        assert (130, True) == (status, "ghcr.io is not a registry of Amazon ECR" in seen)

    @pytest.mark.usefixtures("host")
    @pytest.mark.parametrize("typed", ["team/app", "team/app:1.0"])
    def test_is_chosen_by_its_repository(self, home: Home, typed: str) -> None:
        home.add_role_profile()
        write(home, "Dockerfile", f"FROM {OTHER_HOST}/a:1\n")

        answers = [(REGISTRY, f"{typed}\n"), (PROFILE, "secondary\n"), (WRITE, INTERRUPT)]
        status, seen = setup(home, answers=answers)

        assert (130, True) == (status, "team/app:1.0 can be pulled" in words(seen)), seen

    @pytest.mark.parametrize("typed", ["docker pull {}/app:1.0", '"{}/app:1.0"'])
    def test_among_other_words_is_what_enter_takes(self, home: Home, typed: str) -> None:
        home.add_role_profile()
        write(home, "Dockerfile", f"FROM {OTHER_HOST}/a\n")

        answers = [(REGISTRY, f"{typed.format(HOST)}\n"), (f"[{HOST}/app:1.0]: ", "\n"), (PROFILE, INTERRUPT)]
        status, seen = setup(home, answers=answers)

        assert (130, True) == (status, f"write {HOST}/app:1.0" in words(seen)), seen

    def test_in_an_unknown_region_is_asked_for_again(self, home: Home) -> None:
        """The Enter key takes the region that was probably meant."""
        home.add_role_profile()
        wrong = HOST.replace("east", "esat")

        answers = [(REGISTRY, f"{wrong}/app\n"), (f"[{HOST}/app]: ", "\n"), (PROFILE, INTERRUPT)]
        status, seen = setup(home, answers=answers)

        assert (130, True) == (status, "did you mean us-east-1?" in words(seen)), seen

    def test_in_a_new_region_is_typed_twice(self, home: Home) -> None:
        home.add_role_profile()
        new = HOST.replace("us-east-1", "xx-foo-1")

        status, seen = setup(home, new, answers=[(REGISTRY, f"{new}\n"), (PROFILE, INTERRUPT)])

        assert (130, True) == (status, "If the region is new, type the same again" in words(seen)), seen

    def test_of_config_json_has_the_api_version(self, home: Home) -> None:
        home.add_role_profile()

        status, seen = setup(home, f"https://{HOST}/v2/", answers=[(PROFILE, INTERRUPT)])

        assert (130, 0) == (status, seen.count(REGISTRY)), seen

    def test_of_a_public_host_is_not_said_to_stand_for_one(self, home: Home) -> None:
        _, seen = setup(home, "ghcr.io", answers=[(REGISTRY, "images.example.com\n"), (REGISTRY, INTERRUPT)])

        public, _, own = words(seen).partition("images.example.com is not a registry of Amazon ECR")
        assert ("stands for" in public, "stands for" in own) == (False, True), seen

    def test_in_use_is_listed_with_its_identity(self, home: Home) -> None:
        let_docker_have(home, credHelpers={HOST: "ecrx", OTHER_HOST: "ecrx-third"})
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')

        found = self.found(home)

        assert f"1 {HOST} Docker's config.json (already uses this program, profile secondary)" in found
        assert f"2 {OTHER_HOST} Docker's config.json (already uses this program, profile third)" in found

    @pytest.mark.parametrize("given", [(), (HOST, "--profile", "secondary")])
    def test_invalid_docker_config_is_named_first(self, home: Home, given: tuple[str, ...]) -> None:
        let_docker_have(home)
        docker_config(home).write_text('{"auths": }')

        status, seen = setup(home, *given, answers=[])

        assert (1, []) == (status, home.aws.calls)
        assert f"{docker_config(home)} is not JSON: there is an error in line 1, column 11" in words(seen)


class TestProfile:
    def listed(self, home: Home) -> str:
        """Return the list of profiles."""
        status, seen = setup(home, HOST, answers=[(PROFILE, INTERRUPT)])
        assert (130, []) == (status, home.aws.calls)
        return words(seen.partition("AWS profiles")[2].partition(f"{PROGRAM}: {PROFILE}")[0])

    def test_is_listed_with_kind_and_account(self, home: Home) -> None:
        home.add_role_profile()
        home.add_profile("asks", role_arn=ROLE, source_profile="base", mfa_serial="x")
        home.add_profile("corp", sso_session="corp", sso_account_id="444444444444", sso_role_name="dev")
        home.add_profile("lost", role_arn=ROLE, source_profile="gone")
        home.add_profile("signed", login_session=f"arn:aws:iam::{SECONDARY}:user/me")
        home.add_profile("strange", sso_session="gone", sso_account_id=SECONDARY, sso_role_name="dev")
        home.add_profile("tool", credential_process="/bin/false")
        home.add_profile("web", role_arn=ROLE, web_identity_token_file="/token")
        config = home.folder / ".aws" / "config"
        session = "[sso-session corp]\nsso_start_url = https://corp\nsso_region = us-east-1\n[sso-session part]\n"
        config.write_text(f"{config.read_text()}{session}")
        home.add_profile("torn", sso_session="part", sso_account_id=SECONDARY, sso_role_name="dev")
        home.env["AWS_PROFILE"] = "base"

        found = self.listed(home)

        role = f"role puller in {SECONDARY}"
        expected = (
            f"1 asks {role}, from profile base (access key), with an MFA code 2 base access key "
            "3 corp SSO, role dev in 444444444444 4 lost not usable: its source profile gone does not exist "
            f"5 secondary {role}, from profile base (access key) 6 signed aws login in {SECONDARY} "
            f"7 strange not usable: it needs [sso-session gone], which {config} lacks "
            "8 tool credential_process "
            f"9 torn not usable: it needs sso_start_url in [sso-session part], which {config} lacks "
            f"10 web {role} (web identity) "
            "11 no profile AWS's default chain: profile base (from AWS_PROFILE)"
        )
        assert expected == found

    def test_list_is_cut_and_any_can_be_typed(self, home: Home, host: str) -> None:
        home.add_role_profile()
        for number in range(30):
            home.add_profile(f"p{number:02}", region="us-east-1")

        status, seen = setup(home, host, answers=[(PROFILE, "secondary\n"), (WRITE, INTERRUPT)])

        assert (130, True) == (status, "AWS profiles, and 17 more" in seen)

    @pytest.mark.parametrize(("disabled", "row"), [("true", ""), ("false", " 2 no profile this instance's role, if ")])
    def test_none_is_offered_if_there_may_be_credentials(self, home: Home, disabled: str, row: str) -> None:
        home.add_profile("region", region="us-east-1")
        home.env["AWS_EC2_METADATA_DISABLED"] = disabled

        found = self.listed(home)

        assert ("no profile" in found, row in found) == (bool(row), True)
        assert ("1 region not usable: it has no credentials" == found) == (not row)

    def test_with_half_a_key_is_not_usable(self, home: Home) -> None:
        home.add_profile("base", aws_secret_access_key="half")
        home.add_profile("secondary", role_arn=ROLE, source_profile="base")

        what = "not usable: base has aws_secret_access_key, but not aws_access_key_id"
        assert f"1 base {what} 2 secondary {what}" == self.listed(home)

    def test_none_uses_the_default_chain(self, home: Home, host: str) -> None:
        home.add_default_keys()

        status, seen = setup(home, host, answers=[(PROFILE, "2\n"), (WRITE, "y\n")])

        assert 0 == status, seen
        assert "profile" not in (home.folder / ".config" / "ecrx" / "config.toml").read_text()
        assert is_served(home, host)

    def test_is_not_asked_for_without_any(self, home: Home, host: str) -> None:
        keys = home.aws.add_user(SECONDARY, "me")
        home.env |= {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}

        status, seen = setup(home, host, answers=[(WRITE, "y\n")])

        assert (0, True) == (status, is_served(home, host)), seen

    def test_without_any_credentials_ends_it(self, home: Home, host: str) -> None:
        before = files(home)

        status, seen = setup(home, host, answers=[])

        assert (1, before) == (status, files(home))
        assert "there are no AWS credentials" in words(seen)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("\n", "nothing was typed"),
            ("9\n", "there is no number 9 in the list"),
            ("secondry\n", "there is no AWS profile 'secondry' → did you mean secondary?"),
            ("x\x01y\n", "there is no AWS profile"),
            ("lost\n", "the AWS profile gone does not exist"),
            ("denied\n", "AWS denied AssumeRole"),
        ],
    )
    def test_wrong_answer_is_asked_again(self, home: Home, host: str, typed: str, said: str) -> None:
        home.add_role_profile()
        home.add_profile("lost", role_arn=ROLE, source_profile="gone")
        home.add_profile("denied", role_arn=f"{ROLE}-other", source_profile="base")

        status, seen = setup(home, host, answers=[(PROFILE, typed), (PROFILE, "secondary\n"), (WRITE, "y\n")])

        assert 0 == status, seen
        assert said in words(seen)
        assert is_served(home, host)

    def test_wrong_argument_is_asked_for(self, home: Home, host: str) -> None:
        home.add_role_profile()

        answers = [(PROFILE, "secondary\n"), (WRITE, "y\n")]
        status, seen = setup(home, host, "--profile", "secondry", answers=answers)

        assert (0, True) == (status, is_served(home, host)), seen
        assert "there is no AWS profile 'secondry' → did you mean secondary?" in words(seen)

    @pytest.mark.parametrize(("named", "label"), [('profile = "secondary"\n', "keep"), ("", "no profile")])
    def test_name_in_the_list_can_be_typed(self, home: Home, host: str, named: str, label: str) -> None:
        """The default chain and what config.toml names have a name there, too."""
        home.add_default_keys()
        home.add_role_profile()
        for number in range(15 if named else 0):
            home.add_profile(f"p{number:02}", region="us-east-1")  # secondary is not listed
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f"{path.read_text()}{named}")

        status, seen = setup(home, host, answers=[(PROFILE, f"{label}\n"), (WRITE, "y\n")])

        assert (0, True) == (status, f" {label} " in seen), seen
        assert is_served(home, host)

    def test_missing_one_of_config_toml_is_not_the_default(self, home: Home, host: str) -> None:
        """What is said when it is chosen leads on with the Enter key."""
        home.add_role_profile()
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}profile = "secondry"\n')

        answers = [(f"{PROFILE}: ", "3\n"), (f"{PROFILE} [secondary]: ", "\n"), (WRITE, "y\n")]
        status, seen = setup(home, host, answers=answers)

        assert (0, True) == (status, is_served(home, host)), seen
        assert "3 keep not usable: profile secondry, from config.toml: it does not exist" in words(seen)
        assert "there is no AWS profile 'secondry' → did you mean secondary?" in words(seen)
        assert f": {PROGRAM} configure" not in seen

    def test_without_credentials_leads_to_another(self, home: Home, host: str) -> None:
        home.add_role_profile()
        home.add_profile("bare", region="us-east-1")

        status, seen = setup(home, host, answers=[(PROFILE, "bare\n"), (PROFILE, INTERRUPT)])

        said = (
            "there are no AWS credentials → choose another profile, or create credentials: aws configure --profile bare"
        )
        assert (130, True, False) == (status, said in words(seen), f"{PROGRAM} configure" in seen), seen

    def test_similar_one_is_accepted_with_enter(self, home: Home, host: str) -> None:
        home.add_role_profile()

        answers = [(PROFILE, "secondry\n"), ("[secondary]: ", "\n"), (WRITE, "y\n")]
        status, seen = setup(home, host, answers=answers)

        assert (0, True) == (status, is_served(home, host)), seen

    def test_that_replaces_another_leaves_a_token_and_says_so(self, home: Home, host: str) -> None:
        home.add_role_profile()
        setup(home, host, "--profile", "secondary", answers=[(WRITE, "y\n")])

        status, seen = setup(home, host, "--profile", "base", answers=[(WRITE, "y\n")])

        left = f"a token of profile secondary for {host} may still be cached; to delete it: {PROGRAM} forget {host}"
        assert (0, True) == (status, left in words(seen)), seen

    def test_that_cannot_be_tried_can_be_tried_again(self, home: Home, host: str) -> None:
        """AWS is not reached; the profile may be right, and configure does not need AWS."""
        home.add_role_profile()
        home.env["AWS_ENDPOINT_URL"] = home.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"

        answers = [("[secondary]: ", "\n"), ("[secondary]: ", INTERRUPT)]
        status, seen = setup(home, host, "--profile", "secondary", answers=answers)

        assert (130, 2) == (status, seen.count("✗ token")), seen
        assert f"Enter tries again; to configure without trying: {PROGRAM} configure {host} --profile" in words(seen)

    def test_of_config_toml_is_the_default(self, home: Home, host: str) -> None:
        """It is listed once, and keeping it changes nothing in the file."""
        home.add_role_profile()
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(before := f'{path.read_text()}profile = "secondary"\n')

        status, seen = setup(home, host, answers=[("(number or name) [2]: ", "\n"), (WRITE, "y\n")])

        of_profiles = words(seen.partition("AWS profiles")[2].partition(f"{PROGRAM}: {PROFILE}")[0])
        role = f"role puller in {SECONDARY}, from profile base (access key)"
        assert f"1 base access key 2 secondary {role}; config.toml names it" == of_profiles
        assert (0, before) == (status, path.read_text()), seen
        assert is_served(home, host)

    def test_role_of_config_toml_can_be_kept(self, home: Home, host: str) -> None:
        home.add_role_profile()
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}role_arn = "{ROLE}"\nsource_profile = "base"\n')

        status, seen = setup(home, host, answers=[("(number or name) [3]: ", "\n"), (WRITE, "y\n")])

        assert (0, True) == (status, f"3 keep role {ROLE} from profile base, from config.toml" in words(seen)), seen

    @pytest.mark.parametrize("arguments", [[], ["--profile", "denied"]])
    def test_that_failed_is_no_longer_the_default(self, home: Home, host: str, arguments: list[str]) -> None:
        home.add_role_profile()
        home.add_profile("denied", role_arn=f"{ROLE}-other", source_profile="base")
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}profile = "denied"\n')

        first = [] if arguments else [(f"{PROFILE} [2]: ", "\n")]
        answers = [*first, (f"{PROFILE}: ", "secondry\n"), (f"{PROFILE} [secondary]: ", INTERRUPT)]
        status, seen = setup(home, host, *arguments, answers=answers)

        assert (130, 1) == (status, words(seen).count("AWS denied AssumeRole")), seen

    def test_only_one_that_failed_is_no_longer_the_default(self, home: Home, host: str) -> None:
        home.add_keys("denied", Keys("AKIADENIED", "hunter2"))
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}profile = "denied"\n')

        status, seen = setup(home, host, "--profile", "denied", answers=[(f"{PROFILE}: ", INTERRUPT)])

        assert (130, 1) == (status, words(seen).count("AWS does not know the access key")), seen

    def test_default_stays_after_blanks(self, home: Home, host: str) -> None:
        """They are no answer, also if the default is to keep what config.toml says."""
        home.add_role_profile()
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}role_arn = "{ROLE}"\nsource_profile = "base"\n')

        answers = [(f"{PROFILE} [3]: ", " \n"), (f"{PROFILE} [3]: ", INTERRUPT)]
        status, seen = setup(home, host, answers=answers)

        assert (130, True) == (status, "nothing was typed" in words(seen)), seen

    def test_default_stays_after_another_failed(self, home: Home, host: str) -> None:
        home.add_role_profile()
        home.add_profile("denied", role_arn=f"{ROLE}-other", source_profile="base")
        path = home.folder / ".config" / "ecrx" / "config.toml"
        path.write_text(f'{path.read_text()}profile = "secondary"\n')

        answers = [(f"{PROFILE} [3]: ", "denied\n"), (f"{PROFILE} [3]: ", INTERRUPT)]
        status, seen = setup(home, host, answers=answers)

        assert (130, 1) == (status, words(seen).count("AWS denied AssumeRole")), seen


class TestSignIn:
    def test_wrong_mfa_code_is_asked_for_again(self, home: Home, host: str) -> None:
        """A code works once, but the token that the first pull needs is cached after the files are written."""
        add_mfa_profile(home)

        answers = [(MFA, "12\n"), (MFA, f"{WRONG_CODE}\n"), (MFA, f"{CODE}\n"), (WRITE, "y\n")]
        status, seen = setup(home, host, "--profile", "secondary", answers=answers)

        assert 0 == status, seen
        assert "an MFA code is six digits" in seen
        assert "the MFA code is wrong, or was used before" in words(seen)
        assert all(code not in seen for code in (CODE, WRONG_CODE))
        assert is_served(home, host)
        assert "next: docker pull" in seen

    def test_with_sso_runs_aws(self, home: Home, host: str, aws: OneTimeCodes) -> None:
        with expired_sso(home, aws):
            answers = [(PROFILE, "1\n"), (SIGN_IN, "maybe\n"), (SIGN_IN, "y\n"), (WRITE, "y\n")]
            status, seen = setup(home, host, answers=answers)

            assert 0 == status, seen
            assert is_served(home, host)

    def test_that_is_declined_asks_for_another_profile(self, home: Home, host: str, aws: OneTimeCodes) -> None:
        home.add_keys("base", aws.add_user(SECONDARY, "base"))
        with expired_sso(home, aws):
            answers = [(PROFILE, "secondary\n"), (SIGN_IN, "n\n"), (PROFILE, "base\n"), (WRITE, "y\n")]
            status, seen = setup(home, host, answers=answers)

        assert 0 == status, seen
        assert not (home.folder / "ran").exists()
        assert is_served(home, host)


class TestCheck:
    def test_that_fails_is_shown_before_the_question(self, home: Home, host: str) -> None:
        home.add_role_profile()
        before = files(home)

        status, seen = setup(home, f"{host}/missing/app", "--profile", "secondary", answers=[(NOT_YET, "\n")])

        assert (1, before) == (status, files(home)), seen
        assert "has no image latest" in words(seen)
        assert "nothing was changed" in seen

    def test_of_the_image_alone_is_no_reason_to_stop(self, home: Home, host: str) -> None:
        """The owner of the repository may have to do something, but here, all is right."""
        home.add_role_profile()

        status, seen = setup(home, f"{host}/missing/app", "--profile", "secondary", answers=[(NOT_YET, "y\n")])

        assert (0, True) == (status, is_served(home, host)), seen
        assert "the image cannot be pulled until you have done what its check says" in words(seen)
        assert seen.endswith(f"\nnext: docker pull {host}/missing/app:latest\n")

    @pytest.mark.usefixtures("host")
    def test_that_fails_can_be_ignored(self, home: Home) -> None:
        """The proxy to the registry does not respond."""
        home.add_role_profile()

        status, seen = setup(home, HOST, "--profile", "secondary", answers=[(ANYWAY, "y\n")])

        assert (0, True) == (status, is_served(home, HOST)), seen
        assert seen.endswith(f"\nnext: {PROGRAM} doctor {HOST}\n")


class TestEnd:
    @pytest.mark.parametrize("key", [INTERRUPT, END, CLOSED], ids=["Ctrl-C", "end of input", "closed terminal"])
    @pytest.mark.parametrize("question", [REGISTRY, PROFILE, MFA, SIGN_IN, PASSWORD, WRITE])
    def test_changes_nothing(self, home: Home, host: str, aws: OneTimeCodes, key: str, question: str) -> None:
        if question == MFA:
            add_mfa_profile(home)
        elif question == PASSWORD:
            let_docker_have(home, auths={host: _PASSWORD})
        if question not in (MFA, SIGN_IN):
            home.add_role_profile()
        order = [(REGISTRY, "1\n"), (PROFILE, "secondary\n"), (question, key)]
        answers = [*order[: [REGISTRY, PROFILE, question].index(question)], (question, key)]

        with expired_sso(home, aws) if question == SIGN_IN else plain_registry.serving(aws):
            before = files(home)
            status, seen = setup(home, answers=answers)

        assert before == files(home), seen
        assert {} == stored_items.entries(home)
        if key == CLOSED:
            assert -_SIGHUP == status
        else:
            said = f"\n{PROGRAM}: interrupted; nothing was changed\n"
            assert (130, True) == (status, seen.endswith(said)), seen

    def test_no_is_exit_status_1(self, home: Home, host: str) -> None:
        home.add_role_profile()
        before = files(home)

        status, seen = setup(home, host, "--profile", "secondary", answers=[(WRITE, "no\n")])

        assert (1, before, True) == (status, files(home), seen.endswith(f"{PROGRAM}: nothing was changed\n"))


class TestNoTerminal:
    @pytest.mark.parametrize(
        ("arguments", "instead"),
        [
            ([], "configure HOST --profile PROFILE"),
            ([HOST], f"configure {HOST} --profile PROFILE"),
            ([f"{HOST}/a:1", "--profile", "my own", "--podman"], f"configure {HOST}/a:1 --profile 'my own' --podman"),
        ],
    )
    def test_is_told_the_command(self, home: Home, arguments: list[str], instead: str) -> None:
        found = home.run("setup", *arguments, stdin="1\n1\ny\n")

        said = f"setup asks questions, and stdin is not a terminal; without one, run: {PROGRAM} {instead}"
        assert (1, "", f"{PROGRAM}: {said}\n") == found

    @pytest.mark.parametrize(("redirected", "name"), [(">/dev/null", "stdout"), ("2>/dev/null >&2", "stdout")])
    def test_of_the_output_is_none_either(self, home: Home, redirected: str, name: str) -> None:
        (home.folder / "work").mkdir()
        log = home.folder / "said"
        line = f"{home.program} setup {redirected.replace('2>/dev/null', f'2>{log}')}"

        status, seen = terminals.run(["/bin/sh", "-c", line], home.env)

        assert 1 == status
        assert f"{name} is not a terminal" in words(log.read_text() if log.exists() else seen)


def test_help_has_an_example(home: Home) -> None:
    assert "docker-credential-ecrx setup 111111111111" in home.run("setup", "--help").stdout
