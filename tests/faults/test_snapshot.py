"""A token is cached only under the identity whose files and role it was fetched with."""

import re
import signal
from collections.abc import Callable, Mapping

import pytest
from faults.helpers import ASSUME, FETCH, Held, World, loads_botocore, result_of, running, waits_for_lock

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import faults
from support import aws_parts
from support.aws_parts import Server
from support.forms import in_one_form
from support.home import BASE_USER, HOST, ROLE, SECONDARY, Result

pytestmark = in_one_form
DEBUG = {"ECRX_LOG": "debug"}
OTHER_ROLE = f"arn:aws:iam::{SECONDARY}:role/other"
WEB_IDENTITY = "AssumeRoleWithWebIdentity"
ELSEWHERE = "333333333333"


def principal(world: World, result: Result) -> str:
    """Return the role, or the user, whose token a ``get`` returned."""
    return world.aws.issued[result.secret].principal.split("/")[1]


def one_role(world: World) -> None:
    """Restore the profile."""
    world.set_profile(role_arn=ROLE, source_profile="base")


def another_role(world: World) -> None:
    """Make the profile name another role."""
    world.set_profile(role_arn=OTHER_ROLE, source_profile="base")


class TestTemporaryFileChange:
    """Another program changes the files while this one waits or calls AWS, and then restores them."""

    @pytest.fixture
    def held(self, world: World) -> Held:
        """Return what delays the response with a token."""
        world.aws.add_role(OTHER_ROLE, trusts=[BASE_USER])
        return world.hold_token()

    def test_while_waiting_for_a_lock_never_mixes_tokens(
        self, world: World, keyring: dict[str, str], held: Held
    ) -> None:
        """The token is fetched by the files as they are after the wait, and cached only under their identity."""
        with running(world.home, env=keyring) as holder:
            held.reached()
            with running(world.home, env=keyring | DEBUG) as waiting:
                waits_for_lock(waiting)
                another_role(world)
                holder.send_signal(signal.SIGKILL)
                held.reached()
                one_role(world)
                held.release()
                found = result_of(waiting)

        later = world.home.get(env=keyring)

        assert ("other", "puller") == (principal(world, found), principal(world, later))

    def test_before_botocore_reads_config_is_ignored(self, world: World, keyring: dict[str, str], held: Held) -> None:
        with running(world.home, env=keyring | DEBUG) as process:
            loads_botocore(process)
            process.send_signal(signal.SIGSTOP)
            another_role(world)
            process.send_signal(signal.SIGCONT)
            held.reached()
            one_role(world)
            held.release()
            found = result_of(process)

        later = world.home.get(env=keyring)

        assert ("puller", "puller") == (principal(world, found), principal(world, later))
        assert found.secret == later.secret

    def test_before_botocore_reads_keys_is_ignored(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """Another part of botocore reads the credentials file."""
        file = world.home.folder / ".aws" / "credentials"
        stranger = world.aws.add_user(SECONDARY, "stranger")
        world.set_profile(aws_account_id=SECONDARY)
        world.home.add_keys("secondary", world.aws.add_user(SECONDARY, "me"))
        before = file.read_text()
        with running(world.home, env=kernel | DEBUG) as process:
            loads_botocore(process)
            process.send_signal(signal.SIGSTOP)
            file.unlink()
            world.home.add_keys("secondary", stranger)
            process.send_signal(signal.SIGCONT)
            held.reached()
            file.write_text(before)
            held.release()
            found = result_of(process)

        later = world.home.get(env=kernel)

        assert ("me", "me") == (principal(world, found), principal(world, later))

    def test_that_creates_missing_files_is_ignored(self, world: World, kernel: dict[str, str], held: Held) -> None:
        keys = world.aws.add_user(SECONDARY, "me")
        env = kernel | DEBUG | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": ""}
        (world.home.folder / ".aws" / "config").write_text("[default]\nregion = us-east-1\n")
        (world.home.folder / ".aws" / "credentials").unlink()
        with Server(aws_parts.instance(world.aws, SECONDARY, "node")) as metadata:
            env |= {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url}
            with running(world.home, env=env, profile=None) as process:
                loads_botocore(process)
                process.send_signal(signal.SIGSTOP)
                world.home.add_keys("default", keys)
                process.send_signal(signal.SIGCONT)
                held.reached()
                (world.home.folder / ".aws" / "credentials").unlink()
                held.release()
                found = result_of(process)

        assert "node" == principal(world, found)

    def test_of_a_web_identity_never_mixes_tokens(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """Botocore reads that file itself; what it sends is compared with what was hashed."""
        token = world.home.folder / "token"
        world.aws.add_role(OTHER_ROLE, web_identity_subjects=["pod-1", "pod-2"])
        world.set_profile(role_arn=OTHER_ROLE, web_identity_token_file=str(token))
        aws_parts.write_web_identity(token, "pod-1")
        with running(world.home, env=kernel | DEBUG | {"ECRX_DIRECT": "off"}) as process:
            loads_botocore(process)
            process.send_signal(signal.SIGSTOP)
            aws_parts.write_web_identity(token, "pod-2")
            process.send_signal(signal.SIGCONT)
            held.reached()
            aws_parts.write_web_identity(token, "pod-1")
            held.release()
            found = result_of(process)

        later = world.home.get(env=kernel)

        said = f"the token for {HOST} is not cached, because the web identity token was replaced by another one"
        assert said in found.stderr
        assert found.secret != later.secret

    def test_of_a_container_token_is_ignored(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """Botocore would read that file itself."""
        token = world.home.folder / "token"
        token.write_text("pod-1")

        def answer(request: aws_parts.Request) -> str | dict[str, object] | None:
            shown = request.headers["authorization"]
            return aws_parts.container(world.aws, SECONDARY, shown)(request._replace(path=f"/{shown}"))

        with Server(answer) as endpoint:
            env = kernel | DEBUG | {"ECRX_DIRECT": "off", "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint.url}/x"}
            env |= {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token), "AWS_CONFIG_FILE": "/dev/null"}
            with running(world.home, env=env, profile=None) as process:
                loads_botocore(process)
                process.send_signal(signal.SIGSTOP)
                token.write_text("pod-2")
                process.send_signal(signal.SIGCONT)
                held.reached()
                token.write_text("pod-1")
                held.release()
                found = result_of(process)

        assert "pod-1" == principal(world, found)

    def test_of_a_renewed_web_identity_token_is_accepted(
        self, world: World, kernel: dict[str, str], held: Held
    ) -> None:
        token = world.home.folder / "token"
        world.aws.add_role(OTHER_ROLE, web_identity_subjects=["pod-1"])
        world.set_profile(role_arn=OTHER_ROLE, web_identity_token_file=str(token))
        aws_parts.write_web_identity(token, "pod-1")
        with running(world.home, env=kernel | DEBUG) as process:
            loads_botocore(process)
            process.send_signal(signal.SIGSTOP)
            aws_parts.write_web_identity(token, "pod-1", issued_at=3600)
            process.send_signal(signal.SIGCONT)
            held.reached()
            held.release()
            found = result_of(process)

        assert found.secret == world.home.get(env=kernel).secret


def replaced(old: bytes, new: bytes) -> Callable[[HttpResponse], HttpResponse]:
    """Return a fault that replaces what matches the pattern ``old`` in AWS's responses by ``new``."""
    return lambda answer: answer._replace(body=re.sub(old, new, answer.body))


STRANGE_ROLES: Mapping[str, Callable[[HttpResponse], HttpResponse]] = {
    "another role": replaced(b":assumed-role/puller/", b":assumed-role/other/"),
    "another account": replaced(b"sts::222222222222:", b"sts::333333333333:"),
    "another partition": replaced(b"arn:aws:sts", b"arn:aws-cn:sts"),
    "a longer name": replaced(b":assumed-role/puller/", b":assumed-role/puller2/"),
    "a federated user": replaced(b":assumed-role/puller/[^<]*", b":federated-user/puller"),
    "a user": replaced(
        b"arn:aws:sts::222222222222:assumed-role/puller/[^<]*", b"arn:aws:iam::222222222222:user/puller"
    ),
    "no arn": replaced(b"<Arn>[^<]*</Arn>", b"<Arn>hunter2</Arn>"),
    "nobody": replaced(b"<AssumedRoleUser>.*</AssumedRoleUser>", b""),
}
STRANGE_ENDPOINT = faults.token(proxyEndpoint=f"https://{ELSEWHERE}.dkr.ecr.us-east-1.amazonaws.com")


class TestRole:
    """The principal that AWS reports is compared with the role that was meant."""

    @pytest.mark.parametrize("strange", STRANGE_ROLES.values(), ids=STRANGE_ROLES)
    @pytest.mark.parametrize("way", ["profile", "config.toml", "web identity"])
    def test_mismatch_is_answered_but_not_cached(
        self, world: World, kernel: dict[str, str], way: str, strange: Callable[[HttpResponse], HttpResponse]
    ) -> None:
        profile = meant_by(world, way)
        for operation in (ASSUME, WEB_IDENTITY):
            world.aws.fail(operation, strange)

        found, again = (world.home.get(profile=profile, env=kernel) for _ in range(2))

        assert found.secret != again.secret
        (line,) = found.stderr.splitlines()
        assert line.startswith(f"docker-credential-ecrx: the token for {HOST} is not cached, because AWS returned ")
        assert line.endswith(f" for {ROLE}; check AWS_ENDPOINT_URL and the proxy")
        assert "hunter2" not in line

    @pytest.mark.parametrize("way", ["profile", "config.toml", "web identity"])
    def test_match_is_cached(self, world: World, kernel: dict[str, str], way: str) -> None:
        profile = meant_by(world, way)

        found, again = (world.home.get(profile=profile, env=kernel) for _ in range(2))

        assert ("", found.secret) == (found.stderr, again.secret)

    def test_arn_with_a_path_matches_one_without(self, world: World, kernel: dict[str, str]) -> None:
        """A session's ARN contains only the role's name."""
        role = f"arn:aws:iam::{SECONDARY}:role/team/a/puller"
        world.aws.add_role(role, trusts=[BASE_USER])
        world.set_profile(role_arn=role, source_profile="base")

        assert world.home.get(env=kernel).secret == world.home.get(env=kernel).secret

    def test_chain_is_checked_at_each_step(self, world: World, kernel: dict[str, str]) -> None:
        world.aws.add_role(OTHER_ROLE, trusts=[SECONDARY])
        world.home.add_profile("chain", role_arn=OTHER_ROLE, source_profile="secondary")

        cached = [world.home.get(profile="chain", env=kernel).secret for _ in range(2)]
        world.home.run("forget", "--all", env=kernel)
        world.aws.fail(ASSUME, STRANGE_ROLES["another role"])
        first = world.home.get(profile="chain", env=kernel)

        assert cached[0] == cached[1]
        assert f"AWS returned assumed-role other of account {SECONDARY} for {ROLE}" in first.stderr

    @pytest.mark.parametrize("way", ["profile", "config.toml", "web identity", "sso"])
    def test_of_another_account_than_the_registry_is_not_cached(
        self, world: World, kernel: dict[str, str], way: str
    ) -> None:
        """ECR names the registry of the account whose token it returns."""
        profile = meant_by(world, way)
        world.aws.fail(FETCH, STRANGE_ENDPOINT)

        found, again = (world.home.get(profile=profile, env=kernel) for _ in range(2))

        said = f"ECR returned a token of account {ELSEWHERE}, and the role is in {SECONDARY}"
        assert said in found.stderr
        assert found.secret != again.secret

    @pytest.mark.parametrize("endpoint", [None, "", "http://localhost:4510", "hunter2"])
    def test_is_cached_if_ecr_names_no_account(
        self, world: World, kernel: dict[str, str], endpoint: str | None
    ) -> None:
        world.aws.fail(FETCH, faults.token(proxyEndpoint=endpoint))

        assert world.home.get(env=kernel).secret == world.home.get(env=kernel).secret

    def test_without_a_known_role_is_cached_for_any_principal(self, world: World, kernel: dict[str, str]) -> None:
        world.aws.fail(FETCH, STRANGE_ENDPOINT)

        found = world.home.get(profile="base", env=kernel)

        assert ("", found.secret) == (found.stderr, world.home.get(profile="base", env=kernel).secret)


def meant_by(world: World, way: str) -> str | None:
    """Select the role in that way; return the profile of the link, if there is one."""
    if way == "sso":
        portal = world.stack.enter_context(Server(aws_parts.sso_portal(world.aws, "bearer")))
        aws_parts.sign_in_to_sso(world.home.folder, "https://corp", "bearer")
        world.home.env["AWS_ENDPOINT_URL_SSO"] = portal.url
        sso = {"sso_start_url": "https://corp", "sso_region": "us-east-1"}
        world.set_profile(sso_account_id=SECONDARY, sso_role_name="puller", **sso)
        return "secondary"
    if way == "web identity":
        token = world.home.folder / "token"
        aws_parts.write_web_identity(token, "pod")
        world.aws.add_role(ROLE, web_identity_subjects=["pod"])
        world.set_profile(role_arn=ROLE, web_identity_token_file=str(token))
        return "secondary"
    if way == "config.toml":
        world.home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')
        return None
    return "secondary"
