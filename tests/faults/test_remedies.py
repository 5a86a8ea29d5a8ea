"""The remedy in the message of a failed ``get`` fixes the failure when run as printed."""

import json
import re
import subprocess
from collections.abc import Callable

import pytest
from faults.helpers import World, link, refusal

from support import aws_command
from support.forms import in_one_form
from support.home import BASE_USER, HOST, ROLE, SECONDARY

pytestmark = in_one_form

Arrange = Callable[[World], None]
UNKNOWN = "AKIAUNKNOWN"
CONFIGURE = f"docker-credential-ecrx configure {HOST}"
ROLE_OPTIONS = f"--role-arn {ROLE} --source-profile base --external-id shared"
BASE, SOURCE = "aws configure --profile base", "aws configure set source_profile"
NEW_KEYS, UNSET = "set new AWS keys", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
NO_TOKEN = "a key that begins with AKIA has no session token"
CHOOSE = "create some with aws configure, or use your AWS profile base"


def write_keys(world: World, profile: str, **changes: str) -> None:
    """Leave one profile with keys: those of the user ``base`` with ``changes``."""
    (world.home.folder / ".aws" / "credentials").unlink(missing_ok=True)
    world.home.add_keys(profile, world.aws.add_user(SECONDARY, "base")._replace(**changes))


def keys(profile: str, *, chosen: bool = False, **changes: str) -> Arrange:
    """Return what leaves one profile with keys beside the role's; the environment may select it."""

    def arrange(world: World) -> None:
        write_keys(world, profile, **changes)
        world.home.env |= {"AWS_PROFILE": profile} if chosen else {}

    return arrange


def credentials(text: str) -> Arrange:
    """Return what replaces AWS's credentials file; {key} is the ID of a valid access key."""

    def arrange(world: World) -> None:
        key = world.aws.add_user(SECONDARY, "base").access_key_id
        (world.home.folder / ".aws" / "credentials").write_text(text.format(key=key))

    return arrange


def role(**settings: str) -> Arrange:
    """Return what replaces the role's profile."""
    return lambda world: world.set_profile(role_arn=ROLE, **settings)


def variables(**changes: str) -> Arrange:
    """Return what sets keys of an expired session, with ``changes``, beside a default profile with valid ones."""

    def arrange(world: World) -> None:
        write_keys(world, "default")
        session = world.aws.open_session(SECONDARY, "puller", "me")
        world.aws.end_session(session)
        access_key_id, secret, token = session._replace(**changes)
        world.home.env |= {"AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret}
        world.home.env["AWS_SESSION_TOKEN"] = str(token)

    return arrange


def new_key(variable: str) -> Arrange:
    """Return what sets a user's valid keys, next to the token of an earlier session in ``variable``."""

    def arrange(world: World) -> None:
        alone()(world)
        key = world.aws.add_user(SECONDARY, "base")
        world.home.env |= {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        world.home.env[variable] = str(world.aws.open_session(SECONDARY, "puller", "me").session_token)

    return arrange


def alone(*profiles: str) -> Arrange:
    """Return what leaves these profiles, with valid keys, and no role."""

    def arrange(world: World) -> None:
        for path in (world.home.folder / ".aws").iterdir():
            path.unlink()
        for profile in profiles:
            world.home.add_keys(profile, world.aws.add_user(SECONDARY, "base"))

    return arrange


def own_role(source: str) -> Arrange:
    """Return what makes config.toml name a role that the user ``base`` may assume, with ``source`` as its source."""

    def arrange(world: World) -> None:
        alone("base")(world)
        world.aws.add_role(ROLE, trusts=[BASE_USER], external_id="shared")
        world.home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nexternal_id = "shared"\n{source}\n')

    return arrange


def choose(profile: str) -> Arrange:
    """Return what selects a profile by the environment, beside a default profile with valid keys."""

    def arrange(world: World) -> None:
        write_keys(world, "default")
        world.home.env["AWS_PROFILE"] = profile

    return arrange


MEANT = {
    "base": f"{SOURCE} base --profile secondary",
    "secondary": f"{CONFIGURE} --profile secondary",
    "default": "export AWS_PROFILE=default",
    "own": f"{CONFIGURE} {ROLE_OPTIONS}",
}
CREATE = "aws configure --profile"
NOT_BAS = f"if you meant base ({CREATE} bas creates bas): {MEANT['base']}"
NOT_SECONDRY = f"if you meant secondary ({CREATE} secondry creates secondry): {MEANT['secondary']}"
NOT_DEFALT = f"if you meant default ({CREATE} defalt creates defalt): {MEANT['default']}"
NOT_BASS = f"if you meant base ({CREATE} bass creates bass): {MEANT['own']}"
OWN_ROLES = f"{CHOOSE}: {MEANT['own']}"
ANYBODYS = f"{CHOOSE}: {CONFIGURE} --profile base"
OTHER_PROFILE = (
    "check its spelling (aws configure list-profiles shows all), unset AWS_PROFILE, name another with "
    f"{CONFIGURE} --profile PROFILE, or create the profile: aws configure --profile zzz"
)
MANY = f"create some with aws configure, or use one of your AWS profiles base, other: {CONFIGURE} --profile PROFILE"
NAME_ONE = f"{SOURCE} PROFILE --profile secondary"
CHECK = "check the secret key"

# Why a ``get`` by a profile's link, or by none, fails; its remedy; and what of the remedy is typed.
FAILURES: dict[str, tuple[Arrange, str | None, str, str]] = {
    "a source profile's key is unknown": (keys("base", access_key_id=UNKNOWN), "secondary", BASE, BASE),
    "a source profile's secret is wrong": (keys("base", secret_access_key="x"), "secondary", f"{CHECK}: {BASE}", BASE),
    "a source profile has half a key": (credentials("[base]\naws_access_key_id = {key}\n"), "secondary", BASE, BASE),
    "a source profile has no key": (credentials("[base]\n"), "secondary", BASE, BASE),
    "the default profile's key is unknown": (
        keys("default", access_key_id=UNKNOWN),
        None,
        "aws configure",
        "aws configure",
    ),
    "a chosen profile's key is unknown": (keys("base", chosen=True, access_key_id=UNKNOWN), None, BASE, BASE),
    "the environment's key is unknown": (
        variables(access_key_id="ASIAUNKNOWN"),
        None,
        f"{NEW_KEYS}, or unset them: {UNSET}",
        UNSET,
    ),
    "the environment has the token of an earlier session": (
        new_key("AWS_SESSION_TOKEN"),
        None,
        f"{NO_TOKEN}: unset AWS_SESSION_TOKEN",
        "unset AWS_SESSION_TOKEN",
    ),
    "the environment has that token under its old name": (
        new_key("AWS_SECURITY_TOKEN"),
        None,
        f"{NO_TOKEN}: unset AWS_SECURITY_TOKEN",
        "unset AWS_SECURITY_TOKEN",
    ),
    "the environment's secret is wrong": (
        variables(secret_access_key="x"),
        None,
        f"{CHECK}: {NEW_KEYS}, or unset them: {UNSET}",
        UNSET,
    ),
    "the environment has half a key": (
        variables(secret_access_key=""),
        None,
        f"{NEW_KEYS}, or unset them: {UNSET}",
        UNSET,
    ),
    "the environment's session has ended": (variables(), None, f"{NEW_KEYS}, or unset them: {UNSET}", UNSET),
    "a role has no source": (role(), "secondary", NAME_ONE, NAME_ONE),
    "a source profile has no name": (role(source_profile=""), "secondary", NAME_ONE, NAME_ONE),
    "a source profile is misspelt": (role(source_profile="bas"), "secondary", NOT_BAS, MEANT["base"]),
    "a source profile is to be made": (role(source_profile="bas"), "secondary", NOT_BAS, "aws configure --profile bas"),
    "a link is misspelt": (keys("base"), "secondry", NOT_SECONDRY, MEANT["secondary"]),
    "a link's profile is to be made": (keys("base"), "secondry", NOT_SECONDRY, "aws configure --profile secondry"),
    "AWS_PROFILE is misspelt": (choose("defalt"), None, NOT_DEFALT, MEANT["default"]),
    "AWS_PROFILE is like no other": (
        choose("zzz"),
        None,
        OTHER_PROFILE,
        "unset AWS_PROFILE",
    ),
    "AWS_PROFILE is to be made": (choose("defalt"), None, NOT_DEFALT, "aws configure --profile defalt"),
    "our own role's source is misspelt": (own_role('source_profile = "bass"'), None, NOT_BASS, MEANT["own"]),
    "our own role has nobody to assume it": (own_role(""), None, OWN_ROLES, MEANT["own"]),
    "our own role is to have somebody": (own_role(""), None, OWN_ROLES, "aws configure"),
    "there is no profile": (alone(), None, "aws configure", "aws configure"),
    "there is no default profile": (alone("base"), None, ANYBODYS, f"{CONFIGURE} --profile base"),
    "there is to be a default profile": (alone("base"), None, ANYBODYS, "aws configure"),
    "there are several profiles": (alone("other", "base"), None, MANY, f"{CONFIGURE} --profile PROFILE"),
}


class TestRemedyOfGet:
    @pytest.mark.parametrize(("arrange", "by", "remedy", "typed"), FAILURES.values(), ids=FAILURES)
    def test_fixes_the_failure_when_run(
        self, world: World, arrange: Arrange, by: str | None, remedy: str, typed: str
    ) -> None:
        """The only change is a name in the place of PROFILE."""
        arrange(world)
        aws_command.install(world.home.folder, world.aws.add_user(SECONDARY, "base"))

        line = refusal(world.home, world.aws, profile=by)

        assert remedy == line.partition("; ")[2]
        named = re.sub(r"\bPROFILE\b", "base", typed)
        # The configured identity is used under the program's own name.
        program = link(world.home, by) if by and not typed.startswith(CONFIGURE) else world.home.program
        found = subprocess.run(
            ["/bin/sh", "-c", f'{named} >&2 && exec "$0" get', program],
            input=HOST.encode(),
            capture_output=True,
            env=world.home.env,
            check=False,
        )
        assert (0, SECONDARY) == (found.returncode, world.aws.issued[json.loads(found.stdout)["Secret"]].account)


class TestNoCredentials:
    """The default chain has none: the line says which file was meant to name an identity."""

    @pytest.mark.parametrize(
        "rule",
        [
            f'match = "{HOST.replace("us-east-1", "us-esat-1")}"',
            'account = "111111111112"',
            'account = "999999999999"',
        ],
        ids=["region", "account", "another account"],
    )
    def test_names_the_nearest_rule(self, world: World, rule: str) -> None:
        alone("base")(world)
        world.home.configure(f'[[registry]]\n{rule}\nprofile = "base"\n')

        line = refusal(world.home, world.aws, profile=None)

        nearest = f"; the nearest is entry 1: {rule}" if "999" not in rule else ""
        path = f"{world.home.folder}/.config/ecrx/config.toml"
        assert (
            f"there are no AWS credentials (no [[registry]] in {path} is for {HOST}{nearest}); correct the host or "
            in line
        )
        which = world.home.run("which", HOST).stdout
        assert f"no [[registry]] in {path} is for {HOST}{nearest}" in which

    def test_names_the_home_folder_without_files(self, world: World) -> None:
        """A service or Jenkins has another HOME, and DOCKER_CONFIG names the right file."""
        world.home.env["HOME"] = f"{world.home.folder}/elsewhere"

        line = refusal(world.home, world.aws, profile=None)

        what = f"there is no .aws and no config.toml in the home folder {world.home.folder}/elsewhere; from HOME"
        assert f"there are no AWS credentials ({what}); set HOME" in line


class TestRegion:
    def test_that_is_unknown_is_named_with_the_one_that_was_meant(self, world: World) -> None:
        world.home.env["AWS_ENDPOINT_URL"] = "http://aws.invalid"
        host = HOST.replace("us-east-1", "us-esat-1")

        line = world.home.get(host, profile="secondary").stdout

        assert re.search(
            r"resolved for AssumeRole of \S+ \(us-esat-1 is not a region that botocore \S+ knows\); ", line
        )
        assert "; did you mean us-east-1? If not, check DNS" in line
        for command in ("which", "doctor"):
            found = world.home.run(command, host).stdout
            assert re.search(r"us-esat-1 is not a region that botocore \S+ knows; did you mean us-east-1\?", found)
