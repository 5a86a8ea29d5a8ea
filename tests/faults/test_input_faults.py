"""Input that botocore cannot use: the line says what botocore says, and which variable, setting or file it is about."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.helpers import Aws, World, refusal

from fakes.faults import body
from support.forms import in_one_form
from support.home import HOST, ROLE, Home

Arrange = Callable[[World], None]

pytestmark = in_one_form

UNSET = "fix it, or unset it"
IN_FILE = "fix it in [profile secondary] of {home}/.aws/config"
PROCESS = "fix credential_process in [profile secondary] of {home}/.aws/config"
SSO = "aws sso login --profile secondary"
KEYS = "aws configure --profile secondary"
NOT_INT = "it is not a whole number"
ENDPOINT = "it is not a URL like https://HOST"
MODES = (
    "Client configured with invalid defaults mode: abc. "
    "Valid defaults modes include: legacy, auto, standard, in-region, cross-region, mobile."
)
INVALID = (
    "in [secondary] of {home}/.aws/credentials is not valid: Parameter validation failed: Invalid length for parameter "
)
NO_SOURCE = 'The credential source "abc" referenced in profile "secondary" is not valid.'
START = "https://corp.awsapps.com/start"
SSO_CACHE = ".aws/sso/cache"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI"
INT_VARIABLES = ("AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS")


def env(**variables: str) -> Arrange:
    return lambda world: world.home.env.update(variables)


def profile(**settings: str) -> Arrange:
    return lambda world: world.set_profile(**settings)


def in_role(**settings: str) -> Arrange:
    """Return what gives the role's profile more settings."""
    return profile(role_arn=ROLE, source_profile="base", **settings)


def in_credentials(line: str) -> Arrange:
    """Return what gives the role's profile another setting, in AWS's credentials file."""

    def arrange(world: World) -> None:
        with (world.home.folder / ".aws/credentials").open("a") as file:
            file.write(f"[secondary]\n{line}\n")

    return arrange


def in_both(name: str, config: str, credentials: str) -> Arrange:
    """Return what gives the role's profile a setting with a value for each of AWS's files."""

    def arrange(world: World) -> None:
        profile(**{"role_arn": ROLE, "source_profile": "base", name: config})(world)
        in_credentials(f"{name} = {credentials}")(world)

    return arrange


def only_in_credentials(lines: str) -> Arrange:
    """Return what leaves no profile but that of the credentials file."""

    def arrange(world: World) -> None:
        (world.home.folder / ".aws/config").unlink()
        in_credentials(lines)(world)

    return arrange


def keys(key: str = KEY, secret: str = SECRET, token: str = "") -> Arrange:
    """Return what gives the profile keys; a line break continues on an indented line."""
    settings = {"aws_access_key_id": key, "aws_secret_access_key": secret} | (
        {"aws_session_token": token} if token else {}
    )
    return profile(**{name: value.replace("\n", "\n  ") for name, value in settings.items()})


def process(command: str, script: str | None = None, mode: int = 0o755) -> Arrange:
    """Return what gives the profile a credential_process ``command``; {file} is a file with ``script``."""

    def arrange(world: World) -> None:
        path = world.home.folder / "give-keys"
        if script is not None:
            path.write_text(script)
            path.chmod(mode)
        world.set_profile(credential_process=command.replace("{file}", str(path)))

    return arrange


def sso(content: bytes, *, named: bool = True) -> Arrange:
    """Return what gives the profile an SSO sign-in, in a file with ``content``."""

    def arrange(world: World) -> None:
        account = {"sso_account_id": "222222222222", "sso_role_name": "puller"}
        session = {"sso_start_url": START, "sso_region": "us-east-1"}
        world.set_profile(**account, **({"sso_session": "corp"} if named else session))
        if named:
            lines = ["[sso-session corp]", *(f"{key} = {value}" for key, value in session.items())]
            with (world.home.folder / ".aws/config").open("a") as file:
                file.write("\n".join(lines) + "\n")
        path = world.home.folder / sso_file("corp" if named else START)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    return arrange


def sso_file(name: str) -> str:
    return f"{SSO_CACHE}/{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"


def login(content: bytes, variable: str = "") -> Arrange:
    """Return what gives the profile a session of aws login, in a file with ``content``."""

    def arrange(world: World) -> None:
        world.set_profile(login_session=ROLE)
        folder = world.home.folder / (variable or ".aws/login/cache")
        folder.mkdir(parents=True)
        (folder / login_file()).write_bytes(content)
        if variable:
            world.home.env["AWS_LOGIN_CACHE_DIRECTORY"] = str(folder)

    return arrange


def login_file() -> str:
    return f"{hashlib.sha256(ROLE.encode()).hexdigest()}.json"


def token_file(content: bytes) -> Arrange:
    """Return what gives the profile a web identity token."""

    def arrange(world: World) -> None:
        path = world.home.folder / "token"
        path.write_bytes(content)
        world.set_profile(role_arn=ROLE, web_identity_token_file=str(path))

    return arrange


def recoded(name: str, codec: str) -> Arrange:
    """Return what saves one of AWS's files as Windows' programs do."""

    def arrange(world: World) -> None:
        path = world.home.folder / ".aws" / name
        path.write_bytes(path.read_text().encode(codec))

    return arrange


def services(world: World) -> None:
    in_role(services="mine")(world)
    del world.home.env["AWS_ENDPOINT_URL"]
    with (world.home.folder / ".aws/config").open("a") as file:
        file.write("[services mine]\nsts =\n  endpoint_url = sts.example\n")


# By fault: the reason, the remedy, and what causes it; {home} is the user's.
FAULTS: dict[str, tuple[str, str, Arrange]] = {
    **{f"{name} of text": (f"{name} is not valid: {NOT_INT}", UNSET, env(**{name: "abc"})) for name in INT_VARIABLES},
    "an endpoint without a scheme": (
        f"AWS_ENDPOINT_URL_ECR is not valid: {ENDPOINT}",
        UNSET,
        env(AWS_ENDPOINT_URL_ECR="api.ecr.example"),
    ),
    "an endpoint of sts without a scheme": (
        f"AWS_ENDPOINT_URL_STS is not valid: {ENDPOINT}",
        UNSET,
        env(AWS_ENDPOINT_URL_STS="sts.example"),
    ),
    "an endpoint with a bad port": (
        f"AWS_ENDPOINT_URL_ECR is not valid: {ENDPOINT}",
        UNSET,
        env(AWS_ENDPOINT_URL_ECR="http://ecr.example:abc"),
    ),
    "an endpoint with a bad address": (
        f"AWS_ENDPOINT_URL_ECR is not valid: {ENDPOINT}",
        UNSET,
        env(AWS_ENDPOINT_URL_ECR="http://[::1"),
    ),
    "an endpoint of a service in the profile": (
        f"endpoint_url of services mine is not valid: {ENDPOINT}",
        "fix it in [services mine] of {home}/.aws/config",
        services,
    ),
    "a defaults mode": (
        f"AWS_DEFAULTS_MODE is not valid: {MODES}",
        UNSET,
        env(AWS_DEFAULTS_MODE="abc", AWS_RETRY_MODE="standard"),
    ),
    "a metadata endpoint": (
        f"AWS_EC2_METADATA_SERVICE_ENDPOINT is not valid: {ENDPOINT}",
        UNSET,
        env(AWS_EC2_METADATA_SERVICE_ENDPOINT="abc"),
    ),
    "a timeout in the profile": (
        f"metadata_service_timeout of profile secondary is not valid: {NOT_INT}",
        IN_FILE,
        in_role(metadata_service_timeout="abc"),
    ),
    "a credential source": (
        f"credential_source of profile secondary is not valid: {NO_SOURCE}",
        IN_FILE,
        profile(role_arn=ROLE, credential_source="abc"),
    ),
    "an SSO session that is missing": (
        "the AWS profile secondary needs [sso-session corp], which {home}/.aws/config lacks",
        "create it: aws configure sso-session",
        profile(sso_session="corp", sso_account_id="222222222222", sso_role_name="puller"),
    ),
    "a timeout in the credentials file": (
        f"metadata_service_timeout of profile secondary is not valid: {NOT_INT}",
        "fix it in [secondary] of {home}/.aws/credentials",
        in_credentials("metadata_service_timeout = abc"),
    ),
    "a timeout in both files": (
        f"metadata_service_timeout of profile secondary is not valid: {NOT_INT}",
        "fix it in [secondary] of {home}/.aws/credentials",
        in_both("metadata_service_timeout", "5", "abc"),
    ),
    "a role in the credentials file": (
        f"role_arn {INVALID}RoleArn, value: 6, valid min length: 20",
        "fix it",
        in_both("role_arn", ROLE, "puller"),
    ),
    "an external ID in both files": (
        f"external_id {INVALID}ExternalId, value: 1, valid min length: 2",
        "fix it",
        in_both("external_id", "good", "x"),
    ),
    "two sources in the credentials file": (
        'The profile "secondary" contains both source_profile and credential_source.',
        "fix the profile in {home}/.aws/credentials",
        only_in_credentials(f"role_arn = {ROLE}\nsource_profile = base\ncredential_source = Environment"),
    ),
    "two sources in both files": (
        'The profile "secondary" contains both source_profile and credential_source.',
        "fix the profile in {home}/.aws/config or {home}/.aws/credentials",
        in_both("credential_source", "Environment", "Environment"),
    ),
    "a missing program": (
        "cannot run the credential_process of profile secondary: no-such-program: No such file or directory",
        f"install it, or {PROCESS}",
        process("no-such-program --json"),
    ),
    "a program without the right to run it": (
        "cannot run the credential_process of profile secondary: {home}/give-keys: Permission denied",
        f"install it, or {PROCESS}",
        process("{file}", "#!/bin/sh\n", 0o644),
    ),
    "a program for another machine": (
        "cannot run the credential_process of profile secondary: {home}/give-keys: Exec format error",
        f"install it, or {PROCESS}",
        process("{file}", "no program\n"),
    ),
    "a program without its interpreter": (
        "cannot run the credential_process of profile secondary: {home}/give-keys: No such file or directory",
        f"install it, or {PROCESS}",
        process("{file}", "#!/no/such/interpreter\n"),
    ),
    "a command with an open quote": (
        "the credential_process of profile secondary is not a command: No closing quotation",
        PROCESS,
        process("'give-keys"),
    ),
    "an empty command": (
        "the credential_process of profile secondary is not a command: it is empty",
        PROCESS,
        process(""),
    ),
    "a process that prints no text": (
        "the output of the credential_process of profile secondary is not valid",
        "run the credential_process of profile secondary by hand to see its output",
        process("{file}", "#!/bin/sh\nprintf '\\377'\n"),
    ),
    "a process that prints an array": (
        "the output of the credential_process of profile secondary is not valid",
        "run the credential_process of profile secondary by hand to see its output",
        process("{file}", "#!/bin/sh\necho '[]'\n"),
    ),
    **{
        f"an sso sign-in of {content!r}": (
            f"{{home}}/{sso_file('corp' if named else START)} does not contain an AWS SSO session",
            SSO,
            sso(content, named=named),
        )
        for named in (True, False)
        for content in (b"", b'{"accessToken": "hunter2', b"\xff", b'{"accessToken":"hunter2","expiresAt":"soon"}')
    },
    "a login session": (
        f"{{home}}/.aws/login/cache/{login_file()} does not contain an AWS login session",
        "aws login --profile secondary",
        login(b"{"),
    ),
    "a login session elsewhere": (
        f"{{home}}/sessions/{login_file()} does not contain an AWS login session",
        "aws login --profile secondary",
        login(b"", "sessions"),
    ),
    "a web identity token that is no text": (
        "the file {home}/token is not UTF-8 text",
        "check web_identity_token_file",
        token_file(b"\xff\xfe"),
    ),
    **{
        f"a {name} with a byte-order mark of {codec}": (
            f"the AWS file {{home}}/.aws/{name} begins with a byte-order mark",
            "save it as UTF-8 without one",
            recoded(name, codec),
        )
        for name in ("config", "credentials")
        for codec in ("utf-8-sig", "utf-16")
    },
    "an empty secret key": ("the secret key is empty", KEYS, keys(secret="")),
    "a process without a secret key": (
        "the secret key is empty",
        "run the credential_process of profile secondary by hand to see its output",
        process("{file}", """#!/bin/sh\necho '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":null}'\n"""),
    ),
    "a web identity token that is another file": (
        "the file {home}/token is larger than 64 KiB, so it is not a token",
        "use another file",
        token_file(b"x" * 70_000),
    ),
    "an access key with a line break": ("the access key contains a line break", KEYS, keys(f"{KEY}\nx")),
    "a secret key with a line break": ("the secret key contains a line break", KEYS, keys(secret=f"{SECRET}\nx")),
    "a session token with a line break": ("the session token contains a line break", KEYS, keys(token="hunter2\nx")),
    "an access key with a space": ("the access key contains a space", KEYS, keys(f"{KEY} x")),
    "a secret key with an invisible character": (
        "the secret key contains the character U+200B",
        KEYS,
        keys(secret=f"{SECRET}\u200b"),
    ),
}
# The same for the default chain.
IN_ENVIRONMENT: dict[str, tuple[str, str, dict[str, str]]] = {
    "an access key": ("the access key contains a line break", "", {"AWS_ACCESS_KEY_ID": f"{KEY}\n"}),
    "a carriage return": ("the access key contains a line break", "", {"AWS_ACCESS_KEY_ID": f"{KEY}\r"}),
    "a secret key": ("the secret key contains a line break", "", {"AWS_SECRET_ACCESS_KEY": f"{SECRET}\r\n"}),
    "a session token": ("the session token contains a line break", "", {"AWS_SESSION_TOKEN": "hunter2\n"}),
    "an expiration": (
        "AWS_CREDENTIAL_EXPIRATION is not valid: Unknown string format: …",
        UNSET,
        {"AWS_CREDENTIAL_EXPIRATION": "abc"},
    ),
}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/keys"}
IN_CONTAINER: dict[str, tuple[str, dict[str, str]]] = {
    "a uri of another host": (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is not valid: Unsupported host 'keys.example'.",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://keys.example/"},
    ),
    "a uri without a scheme": (
        f"AWS_CONTAINER_CREDENTIALS_FULL_URI is not valid: {ENDPOINT}",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "keys.example"},
    ),
    "a token with a line break": (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN is not valid: Auth token value is not a legal header value; ",
        CONTAINER | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "hunter2\n"},
    ),
    "a token file that is missing": (
        "cannot read the file /no/such/token: No such file or directory; check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        CONTAINER | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/such/token"},
    ),
}


class TestInput:
    @pytest.mark.parametrize(("reason", "remedy", "arrange"), FAULTS.values(), ids=FAULTS)
    def test_fault_names_where_it_comes_from(self, world: World, reason: str, remedy: str, arrange: Arrange) -> None:
        arrange(world)

        expected = f"profile secondary: {reason}; {remedy}".replace("{home}", str(world.home.folder))
        assert expected == refusal(world.home, world.aws)

    @pytest.mark.parametrize(("reason", "remedy", "variables"), IN_ENVIRONMENT.values(), ids=IN_ENVIRONMENT)
    def test_fault_of_keys_in_the_environment(
        self, world: World, reason: str, remedy: str, variables: dict[str, str]
    ) -> None:
        world.home.env |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET} | variables

        assert f": {reason}; {remedy}" in refusal(world.home, world.aws, profile=None)

    @pytest.mark.parametrize(("reason", "variables"), IN_CONTAINER.values(), ids=IN_CONTAINER)
    def test_fault_of_a_container(self, home: Home, aws: Aws, reason: str, variables: dict[str, str]) -> None:
        home.env |= variables

        assert f"(from AWS_CONTAINER_CREDENTIALS_FULL_URI): {reason}" in refusal(home, aws, profile=None)

    def test_garbage_from_aws_is_still_its_own(self, world: World, tmp_path: Path) -> None:
        """A sign-in or a process is not blamed for what an endpoint responds."""
        path = tmp_path / "give-keys"
        path.write_text(f'#!/bin/sh\necho \'{{"Version":1,"AccessKeyId":"{KEY}","SecretAccessKey":"{SECRET}"}}\'\n')
        path.chmod(0o755)
        world.set_profile(credential_process=str(path))
        world.aws.fail("GetAuthorizationToken", body(b'{"authorizationData": 5}'))

        assert "the response from AWS is not valid" in refusal(world.home, world.aws, HOST)
