"""Faults before AWS is reached: a line with the cause and the remedy."""

import os
import re
import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from faults.helpers import (
    ASSUME,
    ASSUMING,
    FAKE,
    FETCH,
    LIMIT_SECONDS,
    PASSWORD,
    Aws,
    World,
    herd,
    refusal,
    result_of,
    running,
    server,
    timed,
    unshared,
)

from fakes import certificates, faults
from fakes.aws import FakeAws
from support import need
from support.forms import in_one_form
from support.home import HOST, ROLE, SECONDARY, Home

Arrange = Callable[[World], None]

pytestmark = in_one_form

OR_UNSET = ", or unset AWS_ENDPOINT_URL"
IN_CONFIG = "[profile secondary] of {home}/.aws/config"
NETWORK = "check the network"
IN_BETWEEN = "check AWS_ENDPOINT_URL and the proxy"
HUNG = "{} did not respond within 9 seconds to {}"
LATE = r"loading the AWS SDK took \d+ seconds, "
FIPS = "AWS has FIPS endpoints only in some regions; unset AWS_USE_FIPS_ENDPOINT and use_fips_endpoint, or check DNS"
PROXY = "check HTTPS_PROXY and NO_PROXY"
AWAY = "aws.invalid"
_PORT = re.compile(r"(?<=127\.0\.0\.1):\d{2,}")
BY_HAND = "run the credential_process of profile secondary by hand to see its output"
LOGIN = f"see what it prints, and answer it: docker-credential-ecrx login --profile secondary {HOST}"
CREATE = "check its spelling (aws configure list-profiles shows all), or create the profile"
PROCESS_FAILED = "the credential_process of profile secondary failed"
NO_ACCOUNT = "has an SSO session, but neither sso_account_id nor sso_role_name"
CONFIGURE = "aws configure --profile secondary"
CREDENTIALS = '"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"hunter2","SessionToken":"hunter2"'
# A network whose only route leads nowhere.
NOWHERE = (
    "ip link set lo up && { ip link add nowhere type dummy || ip tuntap add nowhere mode tun; } && "
    "ip address add 192.0.2.2/24 dev nowhere && ip link set nowhere up && "
    'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
)


def env(**variables: str) -> Arrange:
    """Return what sets variables; with a proxy among them, only the proxy can resolve AWS's endpoint."""
    endpoint = {"AWS_ENDPOINT_URL": "https://aws.invalid"} if "HTTPS_PROXY" in variables else {}
    return lambda world: world.home.env.update(endpoint | variables)


def profile(**settings: str) -> Arrange:
    """Return what replaces the profile."""
    return lambda world: world.set_profile(**settings)


def endpoint_in_profile(world: World) -> None:
    """Let the profile name an endpoint at which nobody is."""
    del world.home.env["AWS_ENDPOINT_URL"]
    world.set_profile(role_arn=ROLE, source_profile="base", endpoint_url="http://127.0.0.2:1")


def process(script: str) -> Arrange:
    """Return what gives the profile a credential_process that runs ``script``."""

    def arrange(world: World) -> None:
        path = world.home.bin / "give-keys"
        path.write_text(f"#!/bin/sh\necho {PASSWORD} >&2\n{script}\n")
        path.chmod(0o700)
        world.set_profile(credential_process=str(path))

    return arrange


def calling(answer: bytes | None, variable: str, value: str) -> Arrange:
    """Return what sets a variable to the URL of a server that replies ``answer``, or never replies."""
    return lambda world: env(**{variable: value.format(world.stack.enter_context(server(answer)))})(world)


def instance(**settings: str) -> Arrange:
    """Return what gives the profile a metadata service that never responds."""

    def arrange(world: World) -> None:
        calling(None, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://{}")(world)
        world.home.env["AWS_EC2_METADATA_DISABLED"] = "false"
        world.set_profile(**settings)

    return arrange


def tls(bundle: Callable[[Path], str] | None) -> Arrange:
    """Return what gives AWS a certificate from an authority that is not in the file of ``bundle``."""

    def arrange(world: World) -> None:
        folder = world.home.folder / "certificates"
        folder.mkdir()
        issued = certificates.issue(folder, ["localhost"])
        aws = world.stack.enter_context(FakeAws(context=issued.context()))
        world.home.env["AWS_ENDPOINT_URL"] = aws.url.replace("127.0.0.1", "localhost")
        if bundle is not None:
            (world.home.folder / "ca.pem").write_text(bundle(world.home.folder))
            world.home.env["AWS_CA_BUNDLE"] = str(world.home.folder / "ca.pem")

    return arrange


def another_authority(home: Path) -> str:
    """Return the certificate of an authority that has signed nothing here."""
    folder = home / "another"
    folder.mkdir()
    return certificates.issue(folder, ["localhost"]).authority.read_text()


def for_another_name(world: World) -> None:
    """Give AWS a certificate from a known authority that does not name its address."""
    tls(lambda home: (home / "certificates" / "authority.pem").read_text())(world)
    world.home.env["AWS_ENDPOINT_URL"] = world.home.env["AWS_ENDPOINT_URL"].replace("localhost", "127.0.0.1")


def config(text: str) -> Arrange:
    """Return what writes AWS's config file."""

    def arrange(world: World) -> None:
        (world.home.folder / ".aws" / "config").write_bytes(text.encode("utf-8", "surrogateescape"))

    return arrange


def in_a_ring(*names: str) -> Arrange:
    """Return what makes each profile the source of the one before it, and the first the source of the last.

    The profile ``secondary`` leads to them.
    """
    pairs = [*zip(names, (*names[1:], names[0]), strict=True)]
    pairs += [] if "secondary" in names else [("secondary", names[0])]
    sections = (f"[profile {name}]\nrole_arn = {ROLE}\nsource_profile = {source}\n" for name, source in pairs)
    return config("".join(sections))


# By variable: what fails if it leads nowhere.
MISNAMED = {
    "AWS_CONFIG_FILE": "the AWS profile secondary does not exist",
    "AWS_SHARED_CREDENTIALS_FILE": "the AWS profile base does not exist, which is the source_profile of secondary",
}


def misnamed(variable: str, path: str, kind: str) -> Arrange:
    """Return what sets one of AWS's variables to a file that botocore passes over."""

    def arrange(world: World) -> None:
        found = Path(path.replace("{home}", str(world.home.folder)))
        if kind == "a loop":
            found.symlink_to(found)
        world.home.env[variable] = str(found)

    return arrange


def without_credentials_file(world: World) -> None:
    """Leave the source profile in AWS's config file without its keys, which are elsewhere."""
    world.home.add_profile("base", region="us-east-1")
    world.home.env["AWS_SHARED_CREDENTIALS_FILE"] = "/proc/nope"


def without_key_id(world: World) -> None:
    """Delete the ID of the source profile's key, but not the secret."""
    path = world.home.folder / ".aws" / "credentials"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "key_id" not in line))


def without_keys(world: World) -> None:
    """Remove all credentials."""
    (world.home.folder / ".aws" / "credentials").unlink()
    world.set_profile(region="us-east-1")


def a_folder(name: str) -> Arrange:
    """Return what puts a folder in the place of one of AWS's files."""

    def arrange(world: World) -> None:
        path = world.home.folder / ".aws" / name
        path.unlink()
        path.mkdir()

    return arrange


def without_either_file(world: World) -> None:
    """Leave neither of AWS's files: a variable leads nowhere, and a folder is in the other's place."""
    a_folder("credentials")(world)
    world.home.env["AWS_CONFIG_FILE"] = "/proc/nope"


NO_WAY = ["http://192.0.2.1", "https://aws.test", ""]
# By fault: the reason, the remedy, and what causes it; {home} is the user's.
FAULTS: dict[str, tuple[str, str, Arrange]] = {
    "no credentials": (
        "there are no AWS credentials",
        CONFIGURE,
        without_keys,
    ),
    "a role_arn with a typing mistake": (
        "profile secondary has source_profile, but no role_arn",
        f"rename rolearn to role_arn in {IN_CONFIG}",
        profile(rolearn=ROLE, source_profile="base"),
    ),
    "a source_profile with a typing mistake": (
        "profile secondary has role_arn, but neither source_profile nor credential_source",
        f"rename sourceprofile to source_profile in {IN_CONFIG}",
        profile(role_arn=ROLE, sourceprofile="base"),
    ),
    "a role without a source": (
        "profile secondary has role_arn, but neither source_profile nor credential_source",
        "aws configure set source_profile PROFILE --profile secondary",
        profile(role_arn=ROLE),
    ),
    "a source profile without a role": (
        "profile secondary has source_profile, but no role_arn",
        f"add role_arn to {IN_CONFIG}",
        profile(source_profile="base"),
    ),
    "a source profile with a source, but no role": (
        "profile middle has source_profile, but no role_arn",
        "add role_arn to [profile middle] of {home}/.aws/config",
        config(
            f"[profile secondary]\nrole_arn = {ROLE}\nsource_profile = middle\n"
            "[profile middle]\nsource_profile = base\n"
        ),
    ),
    "an unknown profile": (
        "the AWS profile secondary does not exist",
        f"{CREATE}: {CONFIGURE}",
        config("[profile other]\n"),
    ),
    "an unknown source profile": (
        "the AWS profile nobody does not exist, which is the source_profile of secondary",
        f"{CREATE}: aws configure --profile nobody",
        profile(role_arn=ROLE, source_profile="nobody"),
    ),
    **{
        f"a ring of source profiles, {' '.join(ring)}": (
            f"source_profile of profile {last} leads back to {name}",
            f"aws configure set source_profile PROFILE --profile {last}",
            in_a_ring(*ring),
        )
        for name, last, ring in (
            ("secondary", "secondary", ["secondary"]),
            ("secondary", "loop2", ["secondary", "loop2"]),
            ("secondary", "c", ["secondary", "b", "c"]),
            ("b", "c", ["b", "c"]),
            ("b", "b", ["b"]),
        )
    },
    **{
        f"{variable} is {kind}": (
            f"{said} ({variable} names {path}, which {defect})",
            f"fix it, or unset it: unset {variable}",
            misnamed(variable, path, kind),
        )
        for variable, said in MISNAMED.items()
        for kind, path, defect in (
            ("missing", "/proc/nope", "does not exist"),
            ("below a file", "/etc/passwd/config", "does not exist"),
            ("a folder", "/etc", "is a folder"),
            ("a device", "/dev/zero", "is not a regular file"),
            ("a loop", "{home}/loop", "cannot be read: Too many levels of symbolic links"),
        )
    },
    "neither of AWS's files": (
        (
            "the AWS profile secondary does not exist (AWS_CONFIG_FILE names /proc/nope, which does not exist, "
            "and AWS_SHARED_CREDENTIALS_FILE names {home}/nope, which does not exist)"
        ),
        "fix them, or unset them: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE",
        env(AWS_CONFIG_FILE="/proc/nope", AWS_SHARED_CREDENTIALS_FILE="~/nope"),
    ),
    "the credentials of a source profile elsewhere": (
        "the AWS profile base has no credentials (AWS_SHARED_CREDENTIALS_FILE names /proc/nope, which does not exist)",
        "fix it, or unset it: unset AWS_SHARED_CREDENTIALS_FILE",
        without_credentials_file,
    ),
    "a folder in place of the config": (
        "the AWS profile secondary does not exist ({home}/.aws/config is a folder)",
        "put a file in its place",
        a_folder("config"),
    ),
    "a folder in place of the credentials": (
        (
            "the AWS profile base does not exist, which is the source_profile of secondary "
            "({home}/.aws/credentials is a folder)"
        ),
        "put a file in its place",
        a_folder("credentials"),
    ),
    "a missing config and a folder in place of the credentials": (
        (
            "the AWS profile secondary does not exist (AWS_CONFIG_FILE names /proc/nope, which does not exist, "
            "and {home}/.aws/credentials is a folder)"
        ),
        "put a file in the folder's place and fix AWS_CONFIG_FILE or unset it: unset AWS_CONFIG_FILE",
        without_either_file,
    ),
    "an instance's role without its metadata service": (
        "profile secondary uses the instance's role, and AWS_EC2_METADATA_DISABLED is true",
        ("unset it, or change credential_source in {home}/.aws/config: unset AWS_EC2_METADATA_DISABLED"),
        profile(role_arn=ROLE, credential_source="Ec2InstanceMetadata"),
    ),
    "a container's role outside of one": (
        (
            "profile secondary uses the container's role, and neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
        ),
        "run this in a task or pod that has a role, or change credential_source in {home}/.aws/config",
        profile(role_arn=ROLE, credential_source="EcsContainer"),
    ),
    "no config, on purpose": (
        "the AWS profile secondary does not exist",
        f"{CREATE}: {CONFIGURE}",
        env(AWS_CONFIG_FILE="/dev/null"),
    ),
    "a config that is no config": (
        "cannot read the AWS file {home}/.aws/config",
        "fix line 1",
        config("[profile secondary\nhunter2"),
    ),
    "a config with a line that is no setting": (
        "cannot read the AWS file {home}/.aws/config",
        "fix line 3",
        config(f"[profile secondary]\nregion = us-east-1\n{PASSWORD}\n"),
    ),
    "a config with a section twice": (
        "cannot read the AWS file {home}/.aws/config: line 2 repeats [profile secondary]",
        "delete one of the two",
        config("[profile secondary]\n[profile secondary]\n"),
    ),
    "a config with a key twice": (
        "cannot read the AWS file {home}/.aws/config: line 3 repeats the key region",
        "delete one of the two",
        config("[profile secondary]\nregion = a\nregion = b\n"),
    ),
    "a config in another encoding": (
        "cannot read the AWS file {home}/.aws/config",
        "fix line 2, which is not UTF-8 text",
        config("[profile secondary]\nregion = \udcff\n"),
    ),
    "sso without an account": (
        f"profile secondary {NO_ACCOUNT}",
        "aws configure sso --profile secondary",
        config("[profile secondary]\nsso_session = corp\n[sso-session corp]\nsso_start_url = x\nsso_region = y\n"),
    ),
    "a source with sso without an account": (
        f"profile sso {NO_ACCOUNT}",
        "aws configure sso --profile sso",
        config(
            f"[profile secondary]\nrole_arn = {ROLE}\nsource_profile = sso\n"
            "[profile sso]\nsso_start_url = x\nsso_region = y\n"
        ),
    ),
    "half a key": (
        "the AWS profile secondary has aws_access_key_id, but not aws_secret_access_key",
        CONFIGURE,
        profile(aws_access_key_id="AKIA"),
    ),
    "the other half of a source profile's key": (
        "the AWS profile base has aws_secret_access_key, but not aws_access_key_id",
        "aws configure --profile base",
        without_key_id,
    ),
    "mfa": (
        "the role requires an MFA code, and get cannot prompt for one",
        f"docker-credential-ecrx login --profile secondary {HOST}",
        profile(role_arn=ROLE, source_profile="base", mfa_serial=f"arn:aws:iam::{SECONDARY}:mfa/me"),
    ),
    "no web identity token": (
        "cannot read the file /nonexistent/token: No such file or directory",
        "check web_identity_token_file",
        profile(role_arn=ROLE, web_identity_token_file="/nonexistent/token"),
    ),
    "a credential_process that fails": (PROCESS_FAILED, LOGIN, process("exit 3")),
    **{
        f"a credential_process that fails with {text}": (
            PROCESS_FAILED,
            LOGIN,
            profile(credential_process=f"sh -c 'echo {text} >&2; exit 1'"),
        )
        for text in ("Missing required key: vault token", "Unsupported version of vault")
    },
    "a credential_process that prints garbage": (
        "the output of the credential_process of profile secondary is not valid",
        BY_HAND,
        process(f"echo {PASSWORD}"),
    ),
    **{
        f"a credential_process that prints {text}": (
            "the output of the credential_process of profile secondary is not valid",
            BY_HAND,
            process(f"echo '{text}'"),
        )
        for text in ("{}", '{"Version":2}', '{"Version":1,"AccessKeyId":"AKIA"}')
    },
    "a credential_process that gives expired keys": (
        "the AWS session has expired",
        BY_HAND,
        process(f'echo \'{{{CREDENTIALS},"Expiration":"2001-01-01T00:00:00Z"}}\''),
    ),
    "a name that dns does not know": (
        f"the name aws.invalid cannot be resolved for {ASSUMING}",
        f"check DNS (no proxy is set in HTTP_PROXY){OR_UNSET}",
        env(AWS_ENDPOINT_URL="http://aws.invalid"),
    ),
    "nobody at the address": (
        f"cannot connect to 127.0.0.1:1 (from AWS_ENDPOINT_URL) for {ASSUMING}",
        f"check DNS and the network{OR_UNSET}",
        env(AWS_ENDPOINT_URL="http://127.0.0.1:1"),
    ),
    "nobody at the address of a service": (
        f"cannot connect to 127.0.0.1:1 (from AWS_ENDPOINT_URL_ECR) for {FETCH}",
        "check DNS and the network, or unset AWS_ENDPOINT_URL_ECR",
        env(AWS_ENDPOINT_URL_ECR="http://127.0.0.1:1"),
    ),
    "nobody at the address in the profile": (
        f"cannot connect to 127.0.0.2:1 (from endpoint_url in {IN_CONFIG}) for {ASSUMING}",
        f"check DNS and the network, or delete endpoint_url from {IN_CONFIG}",
        endpoint_in_profile,
    ),
    "a proxy that is not there": (
        f"cannot connect to the proxy 127.0.0.1:1 for {ASSUMING} at aws.invalid",
        PROXY,
        env(HTTPS_PROXY=f"http://me:{PASSWORD}@127.0.0.1:1"),
    ),
    "a proxy that wants another password": (
        f"the proxy 127.0.0.1:PORT refused the connection (407 Proxy Authentication Required) for {ASSUMING} at {AWAY}",
        PROXY,
        calling(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "HTTPS_PROXY",
            f"http://me:{PASSWORD}@{{}}",
        ),
    ),
    "a proxy that botocore cannot use": (
        f"HTTPS_PROXY names a socks5 proxy, which the AWS SDK cannot use ({ASSUMING} at aws.invalid)",
        "set HTTPS_PROXY to an http:// or https:// proxy, or list the host in NO_PROXY",
        env(HTTPS_PROXY=f"socks5://me:{PASSWORD}@127.0.0.1:1080"),
    ),
    "a proxy whose port is a word": (
        f"HTTPS_PROXY is not valid ({ASSUMING} at aws.invalid)",
        "set HTTPS_PROXY to http://PROXY:PORT, with %XX for special characters of a password",
        env(HTTPS_PROXY=f"http://me:{PASSWORD}@proxy:port"),
    ),
    "a proxy without a host": (
        f"HTTPS_PROXY is not valid ({ASSUMING} at aws.invalid)",
        "set HTTPS_PROXY to http://PROXY:PORT, with %XX for special characters of a password",
        env(HTTPS_PROXY="http://"),
    ),
    "a proxy whose password is not escaped": (
        f"HTTPS_PROXY is not valid ({ASSUMING} at aws.invalid)",
        "set HTTPS_PROXY to http://PROXY:PORT, with %XX for special characters of a password",
        env(HTTPS_PROXY=f"http://me:1/{PASSWORD}@proxy:3128"),
    ),
    "a proxy in lower case that is not valid": (
        f"https_proxy is not valid ({ASSUMING} at aws.invalid)",
        "set https_proxy to http://PROXY:PORT, with %XX for special characters of a password",
        env(HTTPS_PROXY="http://[proxy", https_proxy=f"http://[{PASSWORD}"),
    ),
    "a fips endpoint that does not exist": (
        f"the name sts-fips.example.invalid of a FIPS endpoint cannot be resolved for {ASSUMING}",
        FIPS,
        env(AWS_ENDPOINT_URL="http://sts-fips.example.invalid"),
    ),
    "an authority that is not known": (
        f"the TLS certificate of localhost cannot be verified for {ASSUMING}",
        "check AWS_CA_BUNDLE and the clock",
        tls(None),
    ),
    "a certificate for another name": (
        f"the TLS certificate of 127.0.0.1 cannot be verified for {ASSUMING} (it is for another name)",
        IN_BETWEEN,
        for_another_name,
    ),
    "an endpoint without tls": (
        f"the TLS handshake with 127.0.0.1 failed for {ASSUMING} (WRONG_VERSION_NUMBER)",
        IN_BETWEEN,
        calling(b"HTTP/1.1 400 Bad Request\r\n\r\n", "AWS_ENDPOINT_URL", "https://{}"),
    ),
    "a response that is cut off": (
        f"the connection to 127.0.0.1 was closed during {ASSUMING}",
        f"{NETWORK}{OR_UNSET}_STS",
        calling(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Assume", "AWS_ENDPOINT_URL_STS", "http://{}"),
    ),
    "a bundle with another authority": (
        f"the TLS certificate of localhost cannot be verified for {ASSUMING}",
        "check AWS_CA_BUNDLE and the clock",
        tls(another_authority),
    ),
    "a bundle that is none": (
        "the CA bundle {home}/ca.pem (from AWS_CA_BUNDLE) contains no certificates",
        "set AWS_CA_BUNDLE to a PEM file of certificates, or unset it",
        tls(lambda _: PASSWORD),
    ),
}
MODIFY = "aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-put-response-hop-limit 2"
NO_INSTANCE = (
    f"if this machine is not an EC2 instance, choose a profile with docker-credential-ecrx configure {HOST} "
    "--profile PROFILE"
)
NO_METADATA = (
    "the instance metadata service at 127.0.0.1 did not respond to the request for the instance's metadata token",
    f"{NO_INSTANCE}; in a container, the response needs a hop limit of 2; on a machine with the AWS CLI: {MODIFY}",
)
# The same for hangs, which take as long as a get may take.
HANGS: dict[str, tuple[str, str, Arrange]] = {
    "sts": (HUNG.format(FAKE, ASSUMING), f"{NETWORK}{OR_UNSET}", lambda world: world.aws.fail(ASSUME, faults.hanging)),
    "ecr": (HUNG.format(FAKE, FETCH), f"{NETWORK}{OR_UNSET}", lambda world: world.aws.fail(FETCH, faults.hanging)),
    "a credential_process": (
        "the credential_process of profile secondary did not end within 9 seconds",
        LOGIN,
        process("exec sleep 60"),
    ),
    "instance metadata": (
        *NO_METADATA,
        instance(region="us-east-1"),
    ),
    "instance metadata that is needed": (
        *NO_METADATA,
        instance(role_arn=ROLE, credential_source="Ec2InstanceMetadata"),
    ),
    "an endpoint": (
        HUNG.format(FAKE, ASSUMING),
        f"{NETWORK}{OR_UNSET}",
        calling(None, "AWS_ENDPOINT_URL", "http://{}"),
    ),
    "an endpoint in the handshake": (
        HUNG.format(FAKE, ASSUMING),
        f"{NETWORK}{OR_UNSET}",
        calling(None, "AWS_ENDPOINT_URL", "https://{}"),
    ),
    "a proxy": (
        HUNG.format("aws.invalid", ASSUMING),
        f"{NETWORK} and the proxy 127.0.0.1:PORT (from HTTPS_PROXY){OR_UNSET}",
        calling(None, "HTTPS_PROXY", f"http://me:{PASSWORD}@{{}}"),
    ),
}


class TestFault:
    @pytest.mark.parametrize(("reason", "remedy", "arrange"), FAULTS.values(), ids=FAULTS)
    def test_is_one_timely_line_with_cause_and_remedy(
        self, world: World, reason: str, remedy: str, arrange: Arrange
    ) -> None:
        arrange(world)

        expected = f"profile secondary: {reason}; {remedy}".replace("{home}", str(world.home.folder))
        assert expected == _PORT.sub(":PORT", refusal(world.home, world.aws))


class TestVariables:
    def test_secret_key_without_its_id_is_named(self, world: World) -> None:
        world.home.env["AWS_SECRET_ACCESS_KEY"] = PASSWORD

        said = f"{world.home.get(profile=None)}"

        assert ": AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID; set both, or neither " in said
        assert PASSWORD not in said


class TestHang:
    def test_times_out_with_cause_and_remedy(self, tmp_path: Path, program: Path, kernel: dict[str, str]) -> None:
        with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
            worlds = []
            for number, (_, _, arrange) in enumerate(HANGS.values()):
                aws = stack.enter_context(Aws())
                world = World(Home(tmp_path / str(number), program, aws), aws, stack)
                world.home.env |= kernel
                world.home.add_role_profile()
                arrange(world)
                worlds.append(world)

            said = list(pool.map(lambda world: _PORT.sub(":PORT", refusal(world.home, world.aws)), worlds))

        assert {name: f"profile secondary: {reason}; {remedy}" for name, (reason, remedy, _) in HANGS.items()} == dict(
            zip(HANGS, said, strict=True)
        )

    @pytest.mark.parametrize("way", ["on", "off"])
    @pytest.mark.parametrize("operation", [ASSUME, FETCH])
    def test_is_described_alike_each_time(self, world: World, operation: str, way: str) -> None:
        """The last request's own time limit ends with that of the whole, so either may be noticed first.

        On a very busy machine, some say instead that the start took all the time, and others do not.
        """
        world.aws.fail(operation, faults.hanging)

        got = herd(world.home, 12 if way == "on" else 4, {"ECRX_KEYRING": "none", "ECRX_DIRECT": way})

        (line,) = {line for one in got if not re.search(LATE, line := one.result.stdout)}
        assert f"127.0.0.1 did not respond within 9 seconds to {operation}" in line


class TestHangingCredentialProcess:
    def test_is_killed_with_its_children(self, world: World) -> None:
        alive = world.home.folder / "alive"
        os.mkfifo(alive)
        end = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        hangs = "trap '' TERM HUP INT; sleep 600 & setsid sh -c 'sleep 600; true' & sleep 600"
        process(f"exec 3>'{alive}'; echo started >&3; {hangs}")(world)

        refusal = world.home.get().stdout

        assert "the credential_process of profile secondary did not end within 9 seconds" in refusal
        assert b"started\n" == os.read(end, 100)
        # It stays open as long as one of them lives.
        assert [end] == select.select([end], [], [], 60)[0]
        assert b"" == os.read(end, 100)
        os.close(end)


class TestUnroutedNetwork:
    @pytest.fixture
    def nowhere(self, world: World) -> list[str | Path]:
        """Return what runs a command in a network from which no packet returns."""
        need.command("ip")
        resolver = world.home.folder / "resolv.conf"
        resolver.write_text("nameserver 192.0.2.1\n")
        return [*unshared("--mount", "--net"), "sh", "-c", NOWHERE, "sh", resolver]

    def test_times_out(self, world: World, nowhere: list[str | Path]) -> None:
        with ExitStack() as stack:
            gets = [
                stack.enter_context(running(world.home, prefix=nowhere, env=env))
                for env in ({"AWS_ENDPOINT_URL": url, "ECRX_KEYRING": "none"} for url in NO_WAY)
            ]
            got = [timed(partial(result_of, get)) for get in gets]

        # Either the kernel or the time limit gives up first.
        unreached = rf"cannot connect to \S+( \(from AWS_ENDPOINT_URL\))? for {ASSUMING}; check DNS and the network.*"
        hung = HUNG.format(r"\S+", ASSUMING)
        reasons = f"({hung}; {NETWORK}.*|{unreached}|{LATE}.*)"
        line = re.compile(f"no token for {HOST} with profile secondary: {reasons}$", re.MULTILINE)
        assert [1] * len(NO_WAY) == [len(line.findall(one.result.stdout)) for one in got], got
        assert max(one.seconds for one in got) < LIMIT_SECONDS
