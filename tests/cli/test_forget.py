"""``forget`` deletes tokens from the keyring and the index, and nothing else."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import need, stored_items, terminals
from support.home import HOST, OTHER_HOST, Home
from support.keyrings import items

FAR_HOST = HOST.replace("us-east-1", "eu-west-1")
PROFILES = ("secondary", "tertiary")
FORGET = "docker-credential-ecrx forget"
KERNEL = {"ECRX_KEYRING": "kernel"}
# No other test has it: "erase" in a user namespace also deletes what docker login stored for the host outside, and the
# runs of the tests beside this one are outside.
INSIDE_HOST = HOST.replace("us-east-1", "eu-south-2")
ERASE = f"printf {INSIDE_HOST} | {{}}/docker-credential-ecrx-secondary erase"


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with two identities."""
    home.add_role_profile()
    home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
    return home


def forget(home: Home, *arguments: str, **env: str) -> str:
    """Return what ``forget`` prints, and check that it does not call AWS."""
    home.aws.calls.clear()
    found = home.run("forget", *arguments, env=env)
    assert (0, "", []) == (found.status, found.stderr, home.aws.calls)
    return found.stdout


def is_cached(home: Home, host: str = HOST, profile: str = "secondary", **env: str) -> bool:
    """Return whether ``get`` answers without calling AWS."""
    home.aws.calls.clear()
    assert home.get(host, profile=profile, env=env).secret
    return [] == home.aws.calls


class TestHost:
    def test_deletes_token_from_keyring_and_index(self, home: Home, keyring: dict[str, str]) -> None:
        home.get(env=keyring)

        said = forget(home, HOST, **keyring)

        assert f"deleted the token of profile secondary in us-east-1 for\n    {HOST}\n" == said
        assert {} == stored_items.entries(home)
        assert not is_cached(home, **keyring)

    def test_deletes_tokens_of_every_identity(self, home: Home) -> None:
        for profile in PROFILES:
            home.get(profile=profile, env=KERNEL)
        names = stored_items.in_kernel(*stored_items.entries(home))

        said = forget(home, HOST, **KERNEL)

        assert all(f"profile {profile}" in said for profile in PROFILES)
        assert (2, []) == (len(names), stored_items.in_kernel(*names))

    @pytest.mark.parametrize("rules", ["", f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n'])
    @pytest.mark.parametrize("host", ["images.example.com", "localhost:4566"])
    @pytest.mark.parametrize("is_login", [True, False])
    def test_deletes_tokens_of_an_own_host_without_its_rule(
        self, home: Home, keyring: dict[str, str], rules: str, host: str, *, is_login: bool
    ) -> None:
        """Its rule in config.toml was deleted after a token for it was stored."""
        home.configure(f'[[registry]]\nmatch = "{host}"\nregistry = "{HOST}"\nprofile = "secondary"\n')
        if is_login:
            home.store(host, "AWS", "of docker login", env=keyring)
        else:
            home.get(host, env=keyring)
        assert 1 == len(stored_items.entries(home))
        home.configure(rules)

        said = forget(home, host.upper(), **keyring)

        assert f"    {host}\n" in said
        assert {} == stored_items.entries(home)

    def test_leaves_passwords_of_an_own_host(self, home: Home, secret_service: dict[str, str]) -> None:
        """Without a rule, such a host is another registry."""
        home.store("images.example.com", "me", "password", env=secret_service)

        done = home.run("forget", "images.example.com", env=secret_service)

        assert (2, 1) == (done.status, len(stored_items.entries(home)))
        assert "images.example.com is not a registry of Amazon ECR" in done.stderr

    @pytest.mark.parametrize("folder", ["lost", "/proc"])
    def test_deletes_tokens_missing_in_index(self, home: Home, keyring: dict[str, str], folder: str) -> None:
        env = keyring | ({"XDG_STATE_HOME": folder} if folder == "/proc" else {})
        for profile in PROFILES:
            home.get(profile=profile, env=env)
        home.get(FAR_HOST, env=env)
        shutil.rmtree(home.folder / ".local", ignore_errors=True)

        said = forget(home, HOST, **env)

        assert ["deleted the token of an unknown identity in us-east-1"] * 2 == said.splitlines()
        assert is_cached(home, FAR_HOST, **env)
        assert [False, False] == [is_cached(home, profile=profile, **env) for profile in PROFILES]

    def test_leaves_tokens_of_other_regions(self, home: Home) -> None:
        home.get(HOST)
        home.get(FAR_HOST)

        forget(home, HOST)

        assert is_cached(home, FAR_HOST)
        assert not is_cached(home, HOST)

    def test_deletes_login_token(self, home: Home) -> None:
        home.store(HOST, "AWS", "of docker login")

        assert f"deleted the token that docker login stored for\n    {HOST}\n" == forget(home, f"https://{HOST}/")
        assert "of docker login" != home.get().secret

    @pytest.mark.parametrize("by", ["docker", "link"])
    def test_deletes_shared_token_of_another_host(self, home: Home, by: str) -> None:
        """The token of a region is deleted although another host of the region fetched it."""
        home.get(OTHER_HOST)
        if by == "docker":
            (home.folder / ".docker").mkdir()
            config = {"credHelpers": {HOST: "ecrx-secondary"}}
            (home.folder / ".docker" / "config.json").write_text(json.dumps(config))
            said = forget(home, HOST)
        else:
            said = home.run("forget", HOST, argv0="docker-credential-ecrx-secondary").stdout

        assert OTHER_HOST in said
        assert not is_cached(home)

    def test_deletes_token_if_the_index_is_lost(self, home: Home) -> None:
        home.env["AWS_PROFILE"] = "secondary"
        home.get(profile=None)
        (home.folder / ".local" / "state" / "ecrx" / "ledger.json").unlink()

        assert "deleted the token of profile secondary (from AWS_PROFILE) in us-east-1" in forget(home, HOST)

    def test_works_with_a_broken_docker_config(self, home: Home) -> None:
        home.get()
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text("{")

        assert "deleted the token of profile secondary" in forget(home, HOST)

    def test_without_a_token_succeeds(self, home: Home) -> None:
        assert "nothing to delete\n" == forget(home, HOST)

    def test_of_a_misspelled_host_names_the_similar_one(self, home: Home) -> None:
        home.get()
        wrong = HOST.replace("111", "112", 1)

        found = home.run("forget", wrong)

        assert (0, "nothing to delete\n") == (found.status, found.stdout)
        assert f"something is stored for {HOST}; to delete it: docker-credential-ecrx forget {HOST}\n" in found.stderr

    def test_with_expired_token_is_silent(self, home: Home) -> None:
        home.get()
        stored_items.age(home, hours=12.1)

        assert "nothing to delete\n" == forget(home, HOST)
        assert {} == stored_items.entries(home)


class TestAll:
    def test_deletes_every_token_and_login(self, home: Home) -> None:
        for host, profile in ((HOST, "secondary"), (FAR_HOST, "secondary"), (HOST, "tertiary")):
            home.get(host, profile=profile, env=KERNEL)
        home.store(HOST, "AWS", "of docker login", KERNEL)

        names = stored_items.in_kernel(*stored_items.entries(home))

        assert 4 == forget(home, "--all", **KERNEL).count("deleted")

        assert (4, []) == (len(names), stored_items.in_kernel(*names))
        assert {} == stored_items.entries(home)
        assert "nothing to delete\n" == forget(home, "--all")

    def test_deletes_tokens_missing_in_index(self, home: Home, keyring: dict[str, str]) -> None:
        home.get(env=keyring)
        home.store(OTHER_HOST, "AWS", "of docker login", keyring)
        shutil.rmtree(home.folder / ".local")

        said = forget(home, "--all", **keyring)

        assert {
            "deleted the token of an unknown identity in us-east-1",
            "deleted the token that docker login stored for",
            f"    {OTHER_HOST}",
        } == set(said.splitlines())
        assert not is_cached(home, **keyring)

    def test_leaves_passwords_of_other_registries(self, home: Home, secret_service: dict[str, str]) -> None:
        home.get(env=secret_service)
        home.store("ghcr.io", "somebody", "hunter2-hunter2", secret_service)

        forget(home, "--all", **secret_service)

        assert "hunter2-hunter2" == home.run("get", stdin="ghcr.io", env=secret_service).secret
        assert 0 == home.run("erase", stdin="ghcr.io", env=secret_service).status

    def test_option_also_deletes_passwords(self, home: Home, secret_service: dict[str, str]) -> None:
        home.get(env=secret_service | KERNEL)
        for server in ("ghcr.io", "registry.example"):
            home.store(server, "somebody", "hunter2-hunter2", secret_service)

        said = forget(home, "--all", "--passwords", **secret_service)

        assert "deleted the password of somebody for\n    ghcr.io\n" in said
        assert 3 == said.count("deleted")
        assert (set(), {}) == (items(secret_service), stored_items.entries(home))


class TestTerminal:
    """Passwords cannot be fetched again, so a person is asked once; nobody is asked without a terminal."""

    @pytest.fixture
    def stored(self, home: Home, secret_service: dict[str, str]) -> Home:
        """Return a home with the passwords for two registries."""
        home.env |= secret_service
        for server in ("ghcr.io", "registry.example"):
            home.store(server, "somebody", "hunter2-hunter2")
        return home

    @pytest.mark.parametrize(("answer", "status", "left"), [("y\n", 0, 0), ("n\n", 1, 2), ("\n", 1, 2)])
    def test_asks_before_passwords_are_deleted(self, stored: Home, answer: str, status: int, left: int) -> None:
        found, seen = terminals.run(
            [stored.program, "forget", "--all", "--passwords"],
            stored.env,
            [("passwords for 2 other registries?", answer)],
        )

        assert (status, left) == (found, len(items(stored.env))), seen
        assert ("nothing was deleted" in seen) == (status == 1)

    def test_asks_nothing_with_yes(self, stored: Home) -> None:
        found, seen = terminals.run([stored.program, "forget", "--all", "--passwords", "--yes"], stored.env)

        assert (0, 0, False) == (found, len(items(stored.env)), "[y/N]" in seen)

    def test_asks_nothing_if_there_is_no_password(self, home: Home) -> None:
        home.get(env=KERNEL)

        found, seen = terminals.run([home.program, "forget", "--all", "--passwords"], home.env | KERNEL)

        assert (0, False) == (found, "[y/N]" in seen)


@pytest.mark.usefixtures("kernel")
class TestUserNamespace:
    """Tokens that a get in podman's user namespace cached are in a keyring of that namespace."""

    REMEDY = "to delete what is there: podman unshare docker-credential-ecrx forget"

    @pytest.fixture
    def inside(self, home: Home) -> Iterator["subprocess.Popen[str]"]:
        """Return a shell in such a namespace, which has cached a token and executes what it reads.

        ``forget`` would there also delete tokens that root has outside in other runs of the tests, since no index lists
        them; e2e/test_rootless.py runs it. ``erase`` only deletes those of its host.
        """
        link = home.link("docker-credential-ecrx-secondary")
        # Without _CONTAINERS_USERNS_CONFIGURED, no mark of forget is found outside: another test run's may be there.
        env = home.env | KERNEL
        command = [need.command("unshare"), "--user", "--map-root-user", "sh"]
        with subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
            run_in(shell, f"printf {INSIDE_HOST} | {link} get")
            yield shell
            assert shell.stdin
            shell.stdin.close()

    def test_is_a_remark_in_json(self, home: Home, inside: "subprocess.Popen[str]") -> None:
        home.get(INSIDE_HOST, env=KERNEL)

        found = home.run("forget", INSIDE_HOST, "--json", env=KERNEL)

        (remark,) = found.answer["remarks"]
        assert "such a token is also in another user namespace, such as podman's" == remark["detail"]
        assert [f"podman unshare {FORGET} {INSIDE_HOST}"] == remark["command"]
        assert (0, [[INSIDE_HOST]]) == (found.status, [one["registries"] for one in found.answer["deleted"]])
        assert f"{remark['detail']}; {remark['remedy']}\n" in found.stderr
        assert inside

    @pytest.mark.parametrize("what", ["--all", INSIDE_HOST])
    def test_is_named_with_the_command(self, home: Home, inside: "subprocess.Popen[str]", what: str) -> None:
        home.get(INSIDE_HOST, env=KERNEL)

        found = home.run("forget", what, env=KERNEL)

        assert (0, True) == (found.status, found.stdout.startswith("deleted the token of profile secondary"))
        assert f"{self.REMEDY} {what}\n" in found.stderr
        home.get(INSIDE_HOST, env=KERNEL)
        run_in(inside, ERASE.format(home.bin))
        home.get(INSIDE_HOST, env=KERNEL)
        assert (0, "") == home.run("forget", what, env=KERNEL)[::2]

    def test_is_named_if_it_is_only_there(self, home: Home, inside: "subprocess.Popen[str]") -> None:
        found = home.run("forget", "--all", env=KERNEL)

        assert (0, "nothing to delete\n") == (found.status, found.stdout)
        assert f"{self.REMEDY} --all\n" in found.stderr
        assert inside

    @pytest.mark.parametrize(
        ("file", "helper"), [(".docker/config.json", "ecrx-secondary"), (".config/containers/auth.json", "ecrx")]
    )
    def test_is_named_again_for_a_configured_registry(
        self, home: Home, inside: "subprocess.Popen[str]", file: str, helper: str
    ) -> None:
        """The index no longer lists what the first one deleted."""
        (home.folder / file).parent.mkdir(parents=True)
        (home.folder / file).write_text(json.dumps({"credHelpers": {INSIDE_HOST: helper}}))
        if helper == "ecrx":
            home.configure(f'[[registry]]\nmatch = "{INSIDE_HOST}"\nprofile = "secondary"\n')
        home.run("forget", "--all", env=KERNEL)

        found = home.run("forget", "--all", env=KERNEL)

        assert (0, "nothing to delete\n") == (found.status, found.stdout)
        assert f"{self.REMEDY} --all\n" in found.stderr
        run_in(inside, ERASE.format(home.bin))
        assert "" == home.run("forget", "--all", env=KERNEL).stderr

    def test_is_where_a_missing_token_is(self, home: Home, inside: "subprocess.Popen[str]") -> None:
        seen = home.run("status", env=KERNEL).stdout

        assert "missing from the keyring, though it has not expired: it is in another user namespace" in seen
        assert "podman unshare docker-credential-ecrx status" in seen
        assert inside

    def test_is_not_what_this_one_has(self, home: Home) -> None:
        home.get(INSIDE_HOST, env=KERNEL)

        assert "" == home.run("forget", "--all", env=KERNEL).stderr


def run_in(shell: "subprocess.Popen[str]", command: str) -> None:
    """Run the command in the shell, and wait until it ends."""
    assert shell.stdin
    assert shell.stdout
    shell.stdin.write(f"{command} >/dev/null; echo status $?\n")
    shell.stdin.flush()
    assert "status 0\n" == shell.stdout.readline()


class TestBrokenConfig:
    """What is to be deleted does not wait until config.toml is fixed: the index says which keyring it is in."""

    @pytest.mark.parametrize(
        "text", ["nonsense", "[cash]\n", '[cache]\nkeyring = "kernal"\n', "[[registry]]\nmatch = 1\n"]
    )
    def test_keeps_no_token(self, home: Home, keyring: dict[str, str], text: str) -> None:
        home.get(env=keyring)
        bus = {name: value for name, value in keyring.items() if name != "ECRX_KEYRING"}
        home.configure(text)

        found = home.run("forget", "--all", env=bus)

        assert (0, True) == (
            found.status,
            found.stdout.startswith("deleted the token of profile secondary in us-east-1"),
        )
        assert "config.toml" in found.stderr
        assert 1 == found.stderr.count("\n")
        home.configure("")
        assert {} == stored_items.entries(home)
        assert not is_cached(home, **keyring)

    def test_of_others_keeps_no_token(self, home: Home) -> None:
        """It is not used, but the tokens may be what its author should not get."""
        home.get(env=KERNEL)
        home.configure("")
        (home.folder / ".config" / "ecrx" / "config.toml").chmod(0o666)

        found = home.run("forget", "--all", env=KERNEL)

        assert (0, True) == (found.status, "other users can write to" in found.stderr)
        assert {} == stored_items.entries(home)

    def test_is_needed_for_a_host(self, home: Home) -> None:
        home.get(env=KERNEL)
        home.configure("nonsense")

        assert (1, 1) == (home.run("forget", HOST, env=KERNEL).status, len(stored_items.entries(home)))

    def test_does_not_excuse_a_wrong_variable(self, home: Home) -> None:
        home.get(env=KERNEL)
        home.configure("nonsense")

        found = home.run("forget", "--all", env={"ECRX_KEYRING": "kernal"})

        assert (1, 1) == (found.status, len(stored_items.entries(home)))


class TestFailure:
    def test_rejects_other_hosts(self, home: Home) -> None:
        home.get()

        found = home.run("forget", HOST, "ghcr.io")

        assert (2, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "ghcr.io is not a registry of Amazon ECR" in found.stderr
        assert is_cached(home)

    @pytest.mark.parametrize("arguments", [("--passwords",), ("--passwords", HOST)])
    def test_rejects_passwords_without_all(self, home: Home, arguments: tuple[str, ...]) -> None:
        found = home.run("forget", *arguments)

        assert (2, "") == (found.status, found.stdout)

    def test_reports_each_undeletable_item(self, home: Home, secret_service: dict[str, str]) -> None:
        for server in ("ghcr.io", "registry.example"):
            home.store(server, "somebody", "hunter2-hunter2", secret_service)
        no_bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        found = home.run("forget", "--all", "--passwords", env=no_bus)

        assert (1, "") == (found.status, found.stdout)
        prefix = "docker-credential-ecrx: cannot delete what is stored for"
        starts = [f"{prefix} {server}: " for server in ("ghcr.io", "registry.example")]
        assert [True, True] == [
            line.startswith(start) for line, start in zip(found.stderr.splitlines(), starts, strict=True)
        ]

    @pytest.mark.parametrize("arguments", [(), ("--all", HOST)])
    def test_requires_either_hosts_or_all(self, home: Home, arguments: tuple[str, ...]) -> None:
        found = home.run("forget", *arguments)

        assert (2, "") == (found.status, found.stdout)
        assert "name a HOST, or use --all" in found.stderr

    def test_unavailable_keyring_keeps_its_index_entries(
        self, home: Home, secret_service: dict[str, str], tmp_path: Path
    ) -> None:
        in_service = secret_service | {"ECRX_KEYRING": "secret-service"}
        home.get(env=in_service)
        home.get(FAR_HOST, env=KERNEL)
        no_bus = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/nowhere"}

        found = home.run("forget", "--all", env=no_bus)

        assert (1, 1) == (found.status, found.stderr.count("\n"))
        assert f"cannot delete what is stored for {HOST}: the Secret Service is not available" in found.stderr
        assert FAR_HOST in found.stdout
        assert [HOST] == [server for entry in stored_items.entries(home).values() for server in entry["servers"]]
        forget(home, "--all", **in_service)


class TestJson:
    @staticmethod
    def forget(home: Home, *arguments: str, env: dict[str, str] | None = None, status: int = 0) -> dict[str, Any]:
        """Return the object that ``forget --json`` prints."""
        found = home.run("forget", *arguments, "--json", env=env)
        document: dict[str, Any] = found.answer
        assert (status, 1) == (found.status, document.pop("schema_version")), found
        assert ["deleted", "not_deleted", "remarks"] == sorted(document)
        return document

    def test_has_each_token(self, home: Home, keyring: dict[str, str]) -> None:
        secret = home.get(env=keyring).secret
        home.store(OTHER_HOST, "AWS", secret, keyring)
        (token, login) = sorted(stored_items.entries(home).values(), key=lambda entry: entry["kind"], reverse=True)

        found = home.run("forget", HOST, OTHER_HOST, "--json", "--quiet", env=keyring)

        assert ("", False) == (found.stderr, secret[:40] in found.stdout)
        label = token["keyring"]
        of_token = {"kind": "token", "registries": [HOST], "identity": "profile secondary", "user": None}
        of_login = {"kind": "login", "registries": [OTHER_HOST], "identity": login["identity"], "user": None}
        place = {"region": "us-east-1", "keyring": label}
        deleted = sorted(found.answer["deleted"], key=lambda one: str(one["kind"]), reverse=True)
        assert [of_token | place, of_login | place] == deleted
        assert {} == stored_items.entries(home)

    def test_of_nothing_is_empty(self, home: Home) -> None:
        assert {"deleted": [], "not_deleted": [], "remarks": []} == self.forget(home, HOST, env=KERNEL)

    def test_deletes_passwords_without_a_question(self, home: Home, secret_service: dict[str, str]) -> None:
        """Even on a terminal, as without one."""
        home.store("ghcr.io", "somebody", "hunter2-hunter2", secret_service)
        command = f"exec {home.program} forget --all --passwords --json >{home.folder}/said"

        status, seen = terminals.run(["/bin/sh", "-c", command], home.env | secret_service)

        said = (home.folder / "said").read_text()
        assert (0, "", False) == (status, seen, "hunter2" in said)
        (password,) = json.loads(said)["deleted"]
        assert ("password", ["ghcr.io"], "somebody") == (*(password[key] for key in ("kind", "registries", "user")),)
        assert (None, None) == (password["identity"], password["region"])
        assert {} == stored_items.entries(home)

    def test_has_the_reason_of_each_failure(self, home: Home, secret_service: dict[str, str]) -> None:
        for server in ("ghcr.io", "registry.example"):
            home.store(server, "somebody", "hunter2-hunter2", secret_service)
        home.get(env=KERNEL)
        no_bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        document = self.forget(home, "--all", "--passwords", env=no_bus, status=1)

        assert [[HOST]] == [one["registries"] for one in document["deleted"]]
        assert [["ghcr.io"], ["registry.example"]] == [one["registries"] for one in document["not_deleted"]]
        error = document["not_deleted"][0]["error"]
        assert error["detail"].startswith("cannot delete what is stored for ghcr.io: the Secret Service is not")
        assert ([], True) == (error["command"], "run this again where the keyring" in error["remedy"])

    def test_names_the_similar_registry(self, home: Home) -> None:
        home.get()

        (remark,) = self.forget(home, HOST.replace("111", "112", 1))["remarks"]

        expected = {"detail": f"something is stored for {HOST}", "remedy": f"to delete it: {FORGET} {HOST}"}
        assert expected | {"command": [f"{FORGET} {HOST}"], "warning": False} == remark

    @pytest.mark.parametrize("arguments", [(), ("--all", HOST), ("--passwords",), ("ghcr.io",)])
    def test_is_no_object_after_misuse(self, home: Home, arguments: tuple[str, ...]) -> None:
        found = home.run("forget", *arguments, "--json")

        assert (2, "", True) == (found.status, found.stdout, bool(found.stderr))
