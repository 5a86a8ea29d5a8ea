"""A secret, while the program runs and afterwards, is in the keyring and nowhere else."""

import json
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from faults.helpers import ASSUME, FETCH, PASSWORD, Held, World, age, running

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import busses, faults
from support import keyrings
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Result
from support.secrets import places_of
from support.users import another_user

OTHER = "registry.example"
BEARER = f"{PASSWORD}-" * 40


def said(*results: Result) -> str:
    return "".join(result.stdout + result.stderr for result in results)


def echoing(code: str) -> faults.Fault:
    """Return a fault that repeats the request's session token, as AWS does if a signature does not match."""

    def answer(honest: HttpResponse) -> HttpResponse:
        return faults.error(code, f"The Canonical String should have been 'POST / x-amz-security-token:{BEARER}'")(
            honest
        )

    return answer


def family(process: int) -> list[int]:
    """Return the process and all its descendants."""
    found = [process]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(map(int, children.read_text().split()))
    return found


def has_socket(process: int) -> bool:
    """Return whether the process has opened a connection."""
    with suppress(OSError):  # a file may be closed meanwhile
        return any("socket" in str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir())
    return False


@pytest.fixture
def held(world: World) -> Held:
    """Return what delays ECR's response, while the keys of the role session are in use."""
    held = Held(faults.forbidden)
    world.stack.callback(held.release)
    world.aws.fail(FETCH, held)
    return held


class TestOutput:
    @pytest.mark.parametrize(
        ("keyring", "level"),
        [("kernel", "debug"), ("secret-service", "debug"), ("kernel", "all")],
        indirect=["keyring"],
    )
    def test_has_no_secret_at_any_log_level(
        self, world: World, keyring: dict[str, str], secret_service: dict[str, str], level: str
    ) -> None:
        env = keyring | secret_service | {"ECRX_LOG": level}
        home, login = world.home, world.home.get(env={"ECRX_KEYRING": "none"}).secret

        cold, cached = home.get(env=env), home.get(env=env)
        age(home, keyring, hours=11)
        world.aws.fail(FETCH, faults.status(503))
        late = home.get(env=env)
        others = [
            home.store(OTHER, "me", BEARER, env=env),
            home.store(OTHER_HOST, "AWS", login, env=env),
            home.run("list", env=env),
            home.run("erase", stdin=OTHER, env=env),
            home.run("erase", stdin=HOST, argv0="docker-credential-ecrx-secondary", env=env),
            home.get(env=env),
        ]

        assert [0] * 8 + [1] == [result.status for result in (cold, cached, late, *others)]
        assert cold.secret == cached.secret == late.secret
        told = said(*others) + cold.stderr + cached.stderr + late.stderr
        assert [] == world.aws.told(told)
        assert PASSWORD not in told

    @in_one_form
    @pytest.mark.parametrize("operation", [ASSUME, FETCH])
    @pytest.mark.parametrize(
        "code",
        ["SignatureDoesNotMatch", "AccessDenied", "Other", ""],
    )
    def test_of_a_failure_omits_secrets_that_aws_repeats(self, world: World, operation: str, code: str) -> None:
        world.aws.fail(operation, echoing(code))

        found = world.home.get(env={"ECRX_LOG": "debug"})

        assert 1 == found.status
        assert PASSWORD not in said(found)

    def test_of_a_crash_has_no_secret(self, world: World, keyring: dict[str, str]) -> None:
        world.aws.fail(FETCH, faults.token(authorizationToken=7))

        found = world.home.get(env=keyring | {"ECRX_LOG": "debug"})

        assert "Traceback" not in said(found)
        assert [] == world.aws.told(said(found))


class TestProcess:
    def test_has_no_secret_in_arguments_or_environment(self, world: World, held: Held) -> None:
        """The process and its children are inspected while it calls AWS."""
        with running(world.home) as get:
            held.reached()
            seen = [
                Path(f"/proc/{process}/{file}").read_bytes()
                for process in family(get.pid)
                for file in ("cmdline", "environ")
            ]

        assert b"AWS_ENDPOINT_URL" in b"".join(seen)
        assert [] == world.aws.told(*seen)

    def test_gives_no_secret_to_a_credential_process(
        self, world: World, keyring: dict[str, str], tmp_path: Path
    ) -> None:
        login = world.home.get(env=keyring).secret
        script = world.home.bin / "give-keys"
        script.write_text(
            f"#!/bin/sh\nenv >'{tmp_path}/environ'\ntr '\\0' '\\n' </proc/$$/cmdline >'{tmp_path}/arguments'\n"
            f"ls -l /proc/$$/fd/ >'{tmp_path}/files'\nexit 1\n"
        )
        script.chmod(0o700)
        world.set_profile(credential_process=str(script))

        assert 1 == world.home.get(env=keyring).status

        told = [(tmp_path / name).read_text() for name in ("environ", "arguments", "files")]
        assert "ECRX_KEYRING" in told[0]
        assert [] == world.aws.told(*told)
        assert login not in told[0]
        assert "socket:" not in told[2]

    def test_writes_no_core_dump_while_it_has_a_secret(self, world: World, held: Held) -> None:
        with running(world.home) as get:
            held.reached()
            limits = Path(f"/proc/{get.pid}/limits").read_text()

        assert re.search(r"Max core file size +0 +0 ", limits)

    def test_hides_its_memory_from_the_users_other_processes(self, world: World, held: Held) -> None:
        with another_user() as prefix, running(world.home, prefix=prefix, env={"ECRX_KEYRING": "none"}) as get:
            held.reached()
            with subprocess.Popen([*prefix, "sleep", "60"]) as ordinary:
                try:
                    while "sleep\n" != Path(f"/proc/{ordinary.pid}/comm").read_text():
                        pass
                    owners = [Path(f"/proc/{pid}/environ").stat().st_uid for pid in (get.pid, ordinary.pid)]
                finally:
                    ordinary.kill()
            user = Path(f"/proc/{get.pid}").stat().st_uid, Path(f"/proc/{get.pid}/status").read_text()

        assert 0 == owners[0]
        assert 0 != owners[1]
        assert f"Uid:\t{owners[1]}\t" in user[1]

    def test_writes_no_core_dump_during_store(self, world: World, tmp_path: Path) -> None:
        with (
            busses.hung(tmp_path / "bus") as env,
            subprocess.Popen(
                [world.home.program, "store"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=world.home.env | env,
            ) as store,
        ):
            assert store.stdin is not None
            store.stdin.write(json.dumps({"ServerURL": OTHER, "Username": "me", "Secret": BEARER}).encode())
            store.stdin.close()
            while not has_socket(store.pid):
                assert store.poll() is None
            limits = Path(f"/proc/{store.pid}/limits").read_text()

        assert re.search(r"Max core file size +0 +0 ", limits)


class TestFiles:
    def test_have_no_secret_and_are_private(
        self, world: World, keyring: dict[str, str], secret_service: dict[str, str], tmp_path: Path, held: Held
    ) -> None:
        env, home = keyring | secret_service, world.home
        with running(home, env=env) as killed:
            held.reached()
            killed.kill()
        world.aws.clear_faults()
        login = home.get(OTHER_HOST, env={"ECRX_KEYRING": "none"}).secret
        home.store(OTHER_HOST, "AWS", login, env=env)
        home.store(OTHER, "me", BEARER, env=env)
        assert home.get(env=env).secret
        home.run("list", env=env)
        age(home, env, hours=11)
        world.aws.fail(FETCH, faults.forbidden)
        assert home.get(env=env).secret

        own = (home.folder / ".aws/credentials").read_text()  # the user's own files are not the program's concern
        secrets = [secret for secret in world.aws.secrets() if secret not in own]
        assert {secret: [] for secret in secrets} == {secret: places_of(secret, tmp_path) for secret in secrets}
        assert [] == places_of(BEARER, tmp_path)
        state = home.folder / ".local/state/ecrx"
        modes = {f"{path.stat().st_mode & 0o777:o}" for path in state.iterdir()}
        assert ("700", {"600"}) == (f"{state.stat().st_mode & 0o777:o}", modes)
        assert [] == list((home.folder / "tmp").iterdir())


class TestKernelKeys:
    def test_expire_by_themselves_and_are_private(self, world: World, kernel: dict[str, str]) -> None:
        before = keyrings.kernel_keys().keys()
        login = world.home.get(env={"ECRX_KEYRING": "none"}).secret
        world.home.store(OTHER_HOST, "AWS", login, env=kernel)
        assert world.home.get(env=kernel).secret

        lines = [line.split(maxsplit=8) for line in Path("/proc/keys").read_text(errors="replace").splitlines()]
        new = [line for line in lines if str(int(line[0], 16)) in keyrings.kernel_keys().keys() - before]
        assert 2 == len(new)
        assert {("3f0b0000", str(os.getuid()))} == {(line[4], line[5]) for line in new}
        assert {True} == {re.fullmatch(r"(1[12]h|7\d\dm)", line[3]) is not None for line in new}
