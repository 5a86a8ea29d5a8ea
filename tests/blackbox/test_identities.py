"""Every way in which AWS's files and environment name a principal: each has its own cached token."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from textwrap import indent
from typing import NamedTuple

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE

from docker_credential_ecrx.demo.fake_aws import Keys
from fakes import certificates
from fakes.aws import FakeAws
from support import aws_parts
from support.aws_parts import EARLIER, LATER, Proxy, Server, Sessions
from support.home import HOST, NOT_FOUND, OTHER_HOST, SECONDARY, Home, Result
from support.trace import deeds_of

IAM, STS = f"arn:aws:iam::{SECONDARY}", f"arn:aws:sts::{SECONDARY}:assumed-role"
NODE = "i-0123456789abcdef0"
NOBODY = "http://person:hunter2@127.0.0.1:1"
ROLE, FAR = f"role_arn = {IAM}:role/one\n", f"role_arn = {IAM}:role/far\n"
KEYS = "aws_access_key_id = {one.access_key_id}\naws_secret_access_key = {one.secret_access_key}\n"
SSO = f"sso_account_id = {SECONDARY}\nsso_role_name = one\n"
SSO_START = "sso_start_url = https://corp\nsso_region = eu-west-1\n"
SERVICES = "services = s\n[services s]\n" + "".join(
    f"{s} =\n  endpoint_url = {{aws}}\n" for s in ("sts", "ecr", "ecr_public")
)

# What a profile contains, and its principal; with "two" instead of "one" it is another principal.
WAYS = {
    "keys": (KEYS, f"{IAM}:user/one"),
    "session token": (
        KEYS.replace("one", "one_session") + "aws_session_token = {one_session.session_token}",
        f"{STS}/one/me",
    ),
    "role session name": (f"{ROLE}source_profile = base\nrole_session_name = ci", f"{STS}/one/ci"),
    "role chain": (f"{FAR}source_profile = n\n[profile n]\n{ROLE}source_profile = base", f"{STS}/far"),
    "sso session": (f"{SSO}sso_session = corp", f"{STS}/one/me"),
    "sso without a session": (SSO + SSO_START, f"{STS}/one/me"),
    "role from sso": (f"{FAR}source_profile = s\n[profile s]\n{SSO}sso_session = corp", f"{STS}/far"),
    "login session": ("login_session = one", f"{STS}/one/me"),
    "container": (f"{ROLE}credential_source = EcsContainer", f"{STS}/one"),
    "instance": (f"{ROLE}credential_source = Ec2InstanceMetadata", f"{STS}/one"),
    "web identity": (f"{ROLE}web_identity_token_file = {{token}}", f"{STS}/one"),
    "process": ('credential_process = give-keys --of one --in "two words"', f"{IAM}:user/one"),
}
ways = pytest.mark.parametrize(("config", "principal"), WAYS.values(), ids=WAYS)

# The same for the environment, for AWS's default chain.
ENVIRONMENTS: dict[str, tuple[dict[str, str], str]] = {
    "web identity": (
        {"AWS_ROLE_ARN": f"{IAM}:role/one", "AWS_WEB_IDENTITY_TOKEN_FILE": "{token}"},
        f"{STS}/one",
    ),
    "container": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{container}/one"}, f"{STS}/one/task"),
    "instance": ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{instance_of_one}"}, f"{STS}/one/{NODE}"),
}


class World(NamedTuple):
    """A home in which each of these ways leads to a principal; ``names`` are what a profile's text may refer to."""

    home: Home
    aws: Sessions
    servers: tuple[Server, ...]
    names: dict[str, Keys | Path | str]

    def write(self, config: str) -> None:
        """Make the profile ``p`` contain ``config``, with a profile and an SSO session that it may name."""
        text = f"[sso-session corp]\n{SSO_START}[profile base]\n{KEYS}[profile p]\n{config}\n"
        (self.home.folder / ".aws" / "config").write_text(text.format(**self.names))

    def principal(self, found: Result) -> str:
        """Return the principal that got the token, without the session names that botocore generates."""
        return re.sub(r"/botocore-session-\d+$", "", self.aws.issued[found.secret].principal)

    def forget(self) -> None:
        """Start new records."""
        self.aws.calls.clear()
        for server in self.servers:
            server.requests.clear()

    def asked(self) -> list[str]:
        """Return what AWS and the other servers were asked."""
        return sum((server.requests for server in self.servers), [call.operation for call in self.aws.calls])


def refusal(found: Result) -> str:
    """Return the one line on both streams that says what failed."""
    assert (1, found.stderr, 1) == (found.status, found.stdout, found.stdout.count("\n"))
    assert NOT_FOUND.strip() not in found.stdout
    return found.stdout


@pytest.fixture
def aws() -> Iterator[Sessions]:
    """Return a fake AWS."""
    with Sessions() as fake:
        yield fake


@pytest.fixture
def world(home: Home, aws: Sessions) -> Iterator[World]:
    """Return a user who is signed in everywhere, in a container on an instance."""
    for role in ("one", "two", "far"):
        aws.add_role(f"{IAM}:role/{role}", trusts=[SECONDARY], web_identity_subjects=["pod-1", "pod-2"])
    token, script = home.folder / "token", home.bin / "give-keys"
    aws_parts.write_web_identity(token, "pod-1")
    script.write_text('#!/bin/sh\n[ "$1 $3 $4" = "--of --in two words" ] && cat "$HOME/keys-$2"\n')
    script.chmod(0o700)
    names: dict[str, Keys | Path | str] = {"aws": aws.url, "token": token}
    for name in ("one", "two"):
        names[name] = keys = aws.add_user(SECONDARY, name)
        made = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
        (home.folder / f"keys-{name}").write_text(json.dumps(made))
        names[f"{name}_session"] = keys = aws.open_session(SECONDARY, name, "me")
        aws_parts.sign_in_to_console(home.folder, name, keys)
    for name in ("corp", "https://corp"):
        aws_parts.sign_in_to_sso(home.folder, name, "bearer")
    sources = {
        "portal": aws_parts.sso_portal(aws, "bearer"),
        "container": aws_parts.container(aws, SECONDARY, "Bearer c"),
        "instance_of_one": aws_parts.instance(aws, SECONDARY, "one"),
        "instance_of_two": aws_parts.instance(aws, SECONDARY, "two"),
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server(source)) for name, source in sources.items()}
        names |= {name: server.url for name, server in servers.items()}
        home.env |= {
            "AWS_ENDPOINT_URL_SSO": servers["portal"].url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{servers['container'].url}/task",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer c",
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": servers["instance_of_one"].url,
            "AWS_METADATA_SERVICE_TIMEOUT": "9",
        }
        yield World(home, aws, tuple(servers.values()), names)


class TestProfile:
    @ways
    def test_token_is_fetched_once_then_cached(self, world: World, config: str, principal: str) -> None:
        world.write(config)

        first = world.home.get(profile="p")

        assert principal == world.principal(first)
        world.forget()
        assert first.secret == world.home.get(profile="p").secret
        assert [] == world.asked()

    @ways
    def test_changed_profile_fetches_new_token(self, world: World, config: str, principal: str) -> None:
        world.write(config)
        first = world.home.get(profile="p")
        world.write(config.replace("one", "two"))

        second = world.home.get(profile="p")

        assert principal.replace("one", "two") == world.principal(second)
        assert first.secret != second.secret

    def test_role_settings_reach_sts(self, world: World) -> None:
        settings = "external_id = shared\nrole_session_name = ci\nduration_seconds = 1800"
        world.write(f"{ROLE}source_profile = base\n{settings}")

        assert world.home.get(profile="p").secret

        (asked,) = world.aws.assumed
        told = {
            "RoleArn": f"{IAM}:role/one",
            "ExternalId": "shared",
            "RoleSessionName": "ci",
            "DurationSeconds": "1800",
        }
        assert told == {name: asked[name] for name in told}

    @pytest.mark.parametrize("config", ["endpoint_url = {aws}\n", SERVICES], ids=["profile", "services"])
    def test_endpoint_change_fetches_new_token(self, world: World, config: str) -> None:
        """A profile's AWS endpoint is used, and another endpoint counts as another AWS."""
        del world.home.env["AWS_ENDPOINT_URL"]
        config = f"{ROLE}source_profile = base\n{config}"
        world.write(config)
        first = world.home.get(profile="p")
        assert f"{STS}/one" == world.principal(first)
        assert first.secret == world.home.get(profile="p").secret

        world.names["aws"] = world.aws.url.replace("127.0.0.1", "localhost")
        world.write(config)

        assert first.secret != world.home.get(profile="p").secret

    def test_web_identity_is_known_by_its_subject(self, world: World) -> None:
        """A web identity is the same if its token file changes but the subject does not."""
        world.write(f"{ROLE}web_identity_token_file = {{token}}")
        token = world.home.folder / "token"
        first = world.home.get(profile="p").secret

        aws_parts.write_web_identity(token, "pod-1", issued_at=3600)
        assert first == world.home.get(profile="p").secret
        aws_parts.write_web_identity(token, "pod-2", issued_at=3600)
        assert first != world.home.get(profile="p").secret

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("my team", f'[profile "my team"]\n{KEYS}'),
            ("my team", f"[profile 'my team']\n{KEYS}"),
            ("it's", f'[profile "it\'s"]\n{KEYS}'),
            ('say "hi"', f"[profile 'say \"hi\"']\n{KEYS}"),
            ("ünï", f"[profile ünï]\n{KEYS}"),
            ("CORP\\me", f'[profile "CORP\\\\me"]\n{KEYS}'),
            ("q", f"[profile\tq] # mine\n{KEYS}"),
            ("q", f"[profile q]\n{KEYS}".replace("\n", "\r\n")),
            ("q", f"[profile q]\n{KEYS}".replace(" =", ":").replace("aws_", "AWS_")),
            ("q", indent(f"[profile q]\n{KEYS}", "  ")),
        ],
        ids=["blank", "single", "apostrophe", "quotes", "umlaut", "backslash", "tab", "crlf", "colons", "indented"],
    )
    def test_works_for_every_name_and_syntax(self, world: World, name: str, text: str) -> None:
        """Every profile name and syntax that botocore reads works."""
        file, principals = world.home.folder / ".aws" / "config", []
        for written in (text, text.replace("one", "two")):
            file.write_text(written.format(**world.names))
            principals.append(world.principal(world.home.get(profile=name)))

        assert [f"{IAM}:user/one", f"{IAM}:user/two"] == principals

    @pytest.mark.parametrize(
        ("variable", "head"), [("AWS_CONFIG_FILE", "profile q"), ("AWS_SHARED_CREDENTIALS_FILE", "q")]
    )
    def test_is_read_from_files_named_by_environment(self, world: World, variable: str, head: str) -> None:
        file, principals = world.home.folder / "elsewhere", []
        for keys in (KEYS, KEYS.replace("one", "two")):
            file.write_text(f"[{head}]\n{keys}".format(**world.names))
            principals.append(world.principal(world.home.get(profile="q", env={variable: "~/elsewhere"})))

        assert [f"{IAM}:user/one", f"{IAM}:user/two"] == principals


class TestIdentitySelection:
    @pytest.mark.parametrize(("variables", "principal"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
    def test_default_chain_has_its_own_token(self, world: World, variables: Mapping[str, str], principal: str) -> None:
        del world.home.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        one = {name: value.format(**world.names) for name, value in variables.items()}
        two = {name: value.replace("one", "two").format(**world.names) for name, value in variables.items()}

        first, again, other = (world.home.get(profile=None, env=env) for env in (one, one, two))

        assert [principal, principal.replace("one", "two")] == [world.principal(found) for found in (first, other)]
        assert first.secret == again.secret

    def test_aws_default_profile_precedes_aws_profile(self, world: World) -> None:
        for name in ("one", "two"):
            world.home.add_keys(name, world.aws.add_user(SECONDARY, name))
        both, one = {"AWS_PROFILE": "one", "AWS_DEFAULT_PROFILE": "two"}, {"AWS_PROFILE": "one"}

        found = [world.home.get(profile=None, env=env) for env in (both, one)]

        assert [f"{IAM}:user/two", f"{IAM}:user/one"] == list(map(world.principal, found))

    def test_environment_keys_differ_by_profile_endpoint(self, world: World) -> None:
        """The endpoint in the profile is part of the identity of environment keys."""
        del world.home.env["AWS_ENDPOINT_URL"]
        keys = world.names["one"]
        assert isinstance(keys, Keys)
        env = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
        tokens = []
        for url in (world.aws.url, world.aws.url.replace("127.0.0.1", "localhost")):
            world.write(f"endpoint_url = {url}")
            tokens += [world.home.get(profile=None, env=env | {"AWS_PROFILE": "p"}).secret for _ in range(2)]

        assert tokens[0] == tokens[1]
        assert tokens[2] == tokens[3]
        assert tokens[0] != tokens[2]

    def test_link_precedes_config_precedes_default_chain(self, world: World) -> None:
        """The name of the link comes first, then the configuration file, then AWS's default chain."""
        for name in ("link", "rule", "chain"):
            world.home.add_keys(name, world.aws.add_user(SECONDARY, name))
        world.home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "rule"\n')
        world.home.env["AWS_PROFILE"] = "chain"

        found = [world.home.get(host, profile=link) for host in (HOST, OTHER_HOST) for link in ("link", None)]

        assert [f"{IAM}:user/{name}" for name in ("link", "rule", "link", "chain")] == list(map(world.principal, found))

    @pytest.mark.parametrize("key", ['match = "111111111111.dkr.ecr.*.amazonaws.com"', 'account = "111111111111"'])
    @pytest.mark.parametrize(
        "host",
        [
            HOST,
            "111111111111.dkr.ecr-fips.us-east-1.amazonaws.com",
            "111111111111.dkr-ecr.us-east-1.on.aws",
            "111111111111.dkr-ecr-fips.us-east-1.on.aws",
        ],
    )
    def test_rule_covers_every_host_of_a_registry(self, world: World, host: str, key: str) -> None:
        """Otherwise the default identity would answer for a host that the rule does not spell out."""
        for name in ("rule", "chain"):
            world.home.add_keys(name, world.aws.add_user(SECONDARY, name))
        world.home.configure(f'[[registry]]\n{key}\nprofile = "rule"\n')

        found = world.home.get(host, profile=None, env={"AWS_PROFILE": "chain"})

        assert f"{IAM}:user/rule" == world.principal(found)

    @pytest.mark.parametrize("choice", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "link", "rule"])
    def test_chosen_default_profile_must_exist(self, world: World, choice: str) -> None:
        """The default chain works without a default profile, but its token must not be returned for a chosen one."""
        env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": str(world.names["instance_of_one"])}
        del world.home.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        world.write("")
        assert f"{STS}/one/{NODE}" == world.principal(world.home.get(profile=None, env=env))
        if choice.startswith("AWS"):
            env[choice] = "default"
        if choice == "rule":
            world.home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "default"\n')

        found = world.home.get(profile="default" if choice == "link" else None, env=env)

        assert "the AWS profile default does not exist" in refusal(found)

    @pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
    def test_empty_variable_selects_no_profile(self, world: World, name: str) -> None:
        env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": str(world.names["instance_of_one"]), name: ""}
        del world.home.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        world.write("")

        first = world.home.get(profile=None, env=env)

        assert f"{STS}/one/{NODE}" == world.principal(first)
        assert first.secret == world.home.get(profile=None, env={**env, name: ""}).secret

    def test_environment_keys_do_not_replace_missing_profile(self, world: World) -> None:
        """If the chosen profile is missing, keys in the environment are not used in its place."""
        keys = world.names["one"]
        assert isinstance(keys, Keys)
        env = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
        world.write("")
        first = world.home.get(profile=None, env=env)
        assert first.secret == world.home.get(profile=None, env=env | {"AWS_PROFILE": "p"}).secret

        found = world.home.get(profile=None, env=env | {"AWS_PROFILE": "nobody"})

        assert "the AWS profile nobody does not exist" in refusal(found)

    @pytest.mark.parametrize("key", ["external_id", "role_session_name"])
    def test_text_none_differs_from_an_unset_value(self, world: World, key: str) -> None:
        role = f'role_arn = "{IAM}:role/one"\nsource_profile = "base"'
        rules = (f'[[registry]]\nmatch = "{OTHER_HOST}"\n{role}\n{key} = "None"', f'[[registry]]\nmatch = "*"\n{role}')
        world.write("")
        world.home.configure("\n".join(rules))

        tokens = {world.home.get(host, profile=None).secret for host in (HOST, OTHER_HOST)}

        assert 2 == len(tokens)

    @pytest.mark.parametrize("config", ["", SERVICES], ids=["environment", "services"])
    @pytest.mark.parametrize(
        "host",
        [
            "111111111111.dkr.ecr-fips.us-east-1.amazonaws.com",
            "111111111111.dkr-ecr.us-east-1.on.aws",
            "111111111111.dkr-ecr-fips.us-east-1.on.aws",
            "public.ecr.aws",
            "ecr-public.aws.com",
        ],
    )
    def test_profile_covers_all_hosts_at_custom_endpoint(self, world: World, host: str, config: str) -> None:
        """A profile with a custom endpoint works for ECR hosts of every kind."""
        if config:
            del world.home.env["AWS_ENDPOINT_URL"]
        world.write(f"{ROLE}source_profile = base\n{config}")

        first = world.home.get(host, profile="p")

        assert f"{STS}/one" == world.principal(first)
        world.forget()
        assert first.secret == world.home.get(host, profile="p").secret
        assert [] == world.asked()


class TestUnsupportedCredentials:
    @pytest.mark.parametrize(
        ("file", "form", "env"),
        [
            (".boto", f"[Credentials]\n{KEYS}", {}),
            ("boto.cfg", f"[Credentials]\n{KEYS}", {"BOTO_CONFIG": "~/boto.cfg"}),
            (
                "keys",
                "AWSAccessKeyId={one.access_key_id}\nAWSSecretKey={one.secret_access_key}\n",
                {"AWS_CREDENTIAL_FILE": "~/keys"},
            ),
        ],
        ids=["home of boto 2", "file of boto 2", "file of the first tools"],
    )
    def test_ignores_keys_of_boto_2_and_early_aws_tools(
        self, world: World, file: str, form: str, env: dict[str, str]
    ) -> None:
        (world.home.folder / file).write_text(form.format(**world.names))
        del world.home.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]

        found = world.home.get(profile=None, env=env | {"AWS_EC2_METADATA_DISABLED": "true"})

        assert "there are no AWS credentials" in refusal(found)

    def test_never_asks_for_mfa_code(self, world: World) -> None:
        """The program neither asks for an MFA code nor takes the host name for one."""
        world.write(f"{ROLE}source_profile = base\nmfa_serial = {IAM}:mfa/me")

        assert "MFA" in refusal(world.home.get(profile="p"))
        assert [] == world.aws.calls

    @pytest.mark.parametrize(
        ("way", "profile"),
        [("sso session", "p"), ("sso without a session", "p"), ("role from sso", "s")],
    )
    @pytest.mark.parametrize("state", ["expired", "revoked", "missing"])
    def test_expired_sso_session_names_login_command(self, world: World, way: str, profile: str, state: str) -> None:
        world.write(WAYS[way][0])
        for name in ("corp", "https://corp"):
            if state == "expired":
                aws_parts.sign_in_to_sso(world.home.folder, name, "bearer", EARLIER)
            else:
                aws_parts.sign_in_to_sso(world.home.folder, name, "revoked", LATER)
        if state == "missing":
            rmtree(world.home.folder / ".aws" / "sso")

        assert f"aws sso login --profile {profile}" in refusal(world.home.get(profile="p"))


class TestConnectionToAws:
    @pytest.fixture
    def aws(self, tmp_path: Path) -> Iterator[FakeAws]:
        """Return AWS with TLS, with a certificate from a certificate authority of its own."""
        issued = certificates.issue(tmp_path, ["sts.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com"])
        with FakeAws(context=issued.context()) as fake:
            yield fake

    @pytest.fixture
    def proxy(self, aws: FakeAws, home: Home, tmp_path: Path) -> Iterator[Proxy]:
        """Return a proxy to AWS, whose host names do not resolve."""
        home.add_role_profile()
        home.env["AWS_CA_BUNDLE"] = str(tmp_path / "authority.pem")
        del home.env["AWS_ENDPOINT_URL"]
        with Proxy(aws.url) as served:
            yield served

    @pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
    def test_uses_connect_through_proxy(self, home: Home, proxy: Proxy, variable: str) -> None:
        assert home.get(env={variable: proxy.url}).secret

        hosts = ["sts.us-east-1.amazonaws.com:443", "api.ecr.us-east-1.amazonaws.com:443"]
        assert hosts == list(dict.fromkeys(proxy.requests))

    def test_reads_ca_bundle_once(self, home: Home, proxy: Proxy) -> None:
        link = home.link("docker-credential-ecrx-secondary")
        said, deeds = deeds_of([link, "get"], HOST, home.env | {"HTTPS_PROXY": proxy.url})

        assert home.aws.issued.keys() == {json.loads(said)["Secret"]}
        assert 1 == deeds.read.count(home.env["AWS_CA_BUNDLE"])

    def test_early_failure_ends_cleanly(self, home: Home, proxy: Proxy) -> None:
        """The get fails before AWS is called, while a thread still reads a large CA bundle."""
        home.env["AWS_CA_BUNDLE"] = str(home.folder / "many.pem")
        (home.folder / "many.pem").write_text(Path(DEFAULT_CA_BUNDLE).read_text() * 20)
        home.add_profile("mfa", role_arn=f"{IAM}:role/one", source_profile="base", mfa_serial=f"{IAM}:mfa/me")

        assert "MFA" in refusal(home.get(profile="mfa"))
        assert [] == proxy.requests

    def test_ignores_ca_bundle_in_current_folder(self, home: Home, proxy: Proxy, tmp_path: Path) -> None:
        folder = tmp_path / "checkout" / "~"
        folder.mkdir(parents=True)
        (tmp_path / "authority.pem").rename(folder / "ca.pem")
        (home.folder / "ca.pem").write_text(Path(DEFAULT_CA_BUNDLE).read_text())
        home.env |= {"AWS_CA_BUNDLE": "~/ca.pem", "HTTPS_PROXY": proxy.url}
        link = home.link("docker-credential-ecrx-secondary")

        found = home.run("get", stdin=HOST, argv0=link.name, cwd=folder.parent)

        assert "the TLS certificate of sts.us-east-1.amazonaws.com cannot be verified" in refusal(found)

    def test_ignores_ca_bundle_of_another_profile(self, home: Home, proxy: Proxy) -> None:
        bundle = home.env.pop("AWS_CA_BUNDLE")
        home.add_role_profile("lab", f"{IAM}:role/lab", "lab_base")
        with (home.folder / ".aws" / "config").open("a") as config:
            config.write(f"ca_bundle = {bundle}\n")
        answers = {HOST: "lab", OTHER_HOST: "secondary"}
        home.configure("\n".join(f'[[registry]]\nmatch = "{host}"\nprofile = "{p}"' for host, p in answers.items()))

        done = home.run("login", HOST, OTHER_HOST, env={"HTTPS_PROXY": proxy.url})

        assert 1 == done.status
        assert ["lab"] == [issued.principal.split("/")[1] for issued in home.aws.issued.values()]
        assert f"no token for {OTHER_HOST} with profile secondary: the TLS certificate" in done.stderr

    @pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
    def test_empty_ca_bundle_name_still_verifies(self, home: Home, proxy: Proxy, variable: str) -> None:
        del home.env["AWS_CA_BUNDLE"]

        line = refusal(home.get(env={variable: "", "HTTPS_PROXY": proxy.url}))

        assert "the TLS certificate of sts.us-east-1.amazonaws.com cannot be verified" in line

    def test_unreachable_proxy_fails_without_its_password(self, home: Home, proxy: Proxy) -> None:
        line = refusal(home.get(env={"HTTPS_PROXY": NOBODY}))

        assert "cannot connect to the proxy 127.0.0.1" in line
        assert "hunter2" not in line
        assert [] == proxy.requests

    def test_missing_ca_bundle_is_named(self, home: Home, aws: FakeAws) -> None:
        home.add_role_profile()

        line = refusal(home.get(env={"AWS_ENDPOINT_URL": aws.url, "AWS_CA_BUNDLE": "/nonexistent/ca.pem"}))

        assert "/nonexistent/ca.pem" in line
        assert "AWS_CA_BUNDLE" in line


class TestConnectionWithoutTls:
    def test_sends_absolute_urls_to_proxy(self, home: Home, aws: Sessions) -> None:
        home.add_role_profile()
        with Proxy(aws.url) as proxy:
            assert home.get(env={"AWS_ENDPOINT_URL": "http://cloud.test", "HTTP_PROXY": proxy.url}).secret

        assert {"cloud.test"} == set(proxy.requests)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_this_machine_is_asked_without_proxy(self, home: Home, aws: Sessions, host: str) -> None:
        """The request has the keys' session token, in clear text."""
        home.add_role_profile()
        endpoint = aws.url.replace("127.0.0.1", host)
        with Proxy(aws.url) as proxy:
            assert home.get(env={"AWS_ENDPOINT_URL": endpoint, "HTTP_PROXY": proxy.url}).secret

        assert [] == proxy.requests

    def test_endpoint_of_a_rule_is_asked_without_proxy(self, home: Home, aws: Sessions) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\nendpoint_url = "{aws.url}"\n')
        with Proxy(aws.url) as proxy:
            assert home.get(profile=None, env={"HTTP_PROXY": proxy.url}).secret

        assert [] == proxy.requests

    def test_no_proxy_bypasses_proxy(self, home: Home) -> None:
        home.add_role_profile()

        assert home.get(env={"HTTP_PROXY": NOBODY, "NO_PROXY": "127.0.0.1"}).secret

    @pytest.mark.parametrize("listed", ["*.test", "cloud.test:80", "*,example.com", ".test"])
    def test_no_proxy_is_read_as_docker_reads_it(self, home: Home, aws: Sessions, listed: str) -> None:
        home.add_role_profile()
        env = {"AWS_ENDPOINT_URL": "http://cloud.test", "NO_PROXY": listed}
        with Proxy(aws.url) as proxy:
            found = home.get(env={"HTTP_PROXY": proxy.url} | env)

        # Without the proxy, that name does not exist.
        assert "the name cloud.test cannot be resolved" in found.stdout
        assert [] == proxy.requests

    def test_domain_with_a_dot_is_not_its_own_subdomain(self, home: Home, aws: Sessions) -> None:
        home.add_role_profile()
        env = {"AWS_ENDPOINT_URL": "http://cloud.test", "NO_PROXY": ".cloud.test"}
        with Proxy(aws.url) as proxy:
            assert home.get(env={"HTTP_PROXY": proxy.url} | env).secret

        assert {"cloud.test"} == set(proxy.requests)
