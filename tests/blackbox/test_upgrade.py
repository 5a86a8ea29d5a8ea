"""What release 1.0.0 wrote, and what its pages said to write, still means the same.

The files, the keys and the items below are as the program of the commit that is called 1.0.0 wrote them.
"""

import base64
import binascii
import json
import time
from pathlib import Path

import pytest

from docker_credential_ecrx.demo.fake_aws import Keys
from docker_credential_ecrx.keyrings.keyctl import Keyctl
from support import keyrings, stored_items
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, ROLE, Home

_CONFIG_TOML = f"""\
[[registry]] # by docker-credential-ecrx configure
match = "{HOST}"
profile = "secondary"

[[registry]] # by docker-credential-ecrx configure
match = "{OTHER_HOST}"
role_arn = "{ROLE}"
source_profile = "base"
"""
# The README's.
_WHOLE_CONFIG_TOML = """\
[[registry]]                                          # the first match wins; match is a shell pattern on the host
match   = "111111111111.dkr.ecr.*.amazonaws.com"
profile = "secondary"

[[registry]]                                          # a role, from a source profile or from AWS's default chain
match             = "444444444444.dkr.ecr.us-east-1.amazonaws.com"
role_arn          = "arn:aws:iam::444444444444:role/puller"
source_profile    = "base"                            # optional, as the next three
external_id       = "shared"
role_session_name = "ci"
duration_seconds  = 3600

[cache]
keyring = "auto"                                      # as ECRX_KEYRING
"""
_CONFIG_JSON = f"""\
{{
	"credHelpers": {{
		"{HOST}": "ecrx",
		"{OTHER_HOST}": "ecrx"
	}},
	"credsStore": "ecrx"
}}
"""
_TOKEN = "token:ecr:aws:us-east-1:3234f17746810e7642289627927720db"
_PASSWORD = "registry.example.com"
_LOGIN_PASSWORD = base64.b64encode(b'{"payload": "p", "expiration": 4102444800}').decode()
_OWNER_AND_POSSESSOR = 0x3F0B0000


@pytest.fixture
def upgraded(home: Home, secret_service: dict[str, str], kernel: dict[str, str]) -> Home:  # noqa: ARG001 - needs it
    """Return the home of a user of 1.0.0, with the folders and the modes that it had."""
    home.env |= secret_service
    home.add_role_profile()
    _write(home, ".config/ecrx/config.toml", _CONFIG_TOML)
    _write(home, ".docker/config.json", _CONFIG_JSON)
    _write(home, ".config/containers/auth.json", f'{{\n\t"credHelpers": {{\n\t\t"{HOST}": "ecrx"\n\t}}\n}}\n')
    entry = {"servers": [HOST], "user": "AWS", "region": "us-east-1", "keyring": "kernel"} | _times()
    entries = {
        _TOKEN: {"kind": "token", "identity": "profile secondary"} | entry,
        f"login:{OTHER_HOST}": {"kind": "login", "identity": "docker login"} | entry | {"servers": [OTHER_HOST]},
        f"password:{_PASSWORD}": {
            "kind": "password",
            "servers": [_PASSWORD],
            "user": "alice",
            "keyring": "secret-service",
        },
    }
    _write(home, ".local/state/ecrx/ledger.json", json.dumps({"version": 1, "entries": entries}, indent=1))
    for lock in ("configure.lock", "ledger.json.lock", f"{_TOKEN.replace(':', '.')}.lock"):
        _write(home, f".local/state/ecrx/{lock}", "\n" if "token" in lock else "")
    _add_key(_TOKEN, base64.b64encode(b'{"payload": "old", "expiration": 4102444800}').decode())
    _add_key(f"login:{OTHER_HOST}", _LOGIN_PASSWORD)
    attributes = {
        "application": "Python keyring library",
        "service": f"docker-credential-ecrx:password:{_PASSWORD}",
        "username": "ecrx",
    }
    record = b'{"ServerURL": "registry.example.com", "Username": "alice", "Secret": "word"}'
    with keyrings.collection(secret_service) as collection:
        collection.create_item(f"Password for 'ecrx' on '{attributes['service']}'", attributes, record)
    return home


class TestUpgrade:
    def test_first_get_asks_aws_once_and_says_nothing(self, upgraded: Home) -> None:
        """The token of 1.0.0 has another name; ``status`` still lists it, and ``forget --all`` deletes both."""
        first, second = upgraded.get(profile=None), upgraded.get(profile=None)

        assert (first.secret, "", "") == (second.secret, first.stderr, second.stderr)
        assert ":222222222222:assumed-role/puller/" in _principal(upgraded, first.secret)
        assert 1 == upgraded.aws.count("GetAuthorizationToken")
        assert [_TOKEN] == stored_items.in_kernel(_TOKEN)
        assert 3 == len(json.loads(upgraded.run("status", "--json").stdout)["tokens"])
        # Its stderr tells of tokens in other user namespaces, which the tests beside this one have.
        assert 0 == upgraded.run("forget", "--all").status
        assert {} == keyrings.kernel_keys()

    def test_stored_credentials_are_used_without_aws(self, upgraded: Home) -> None:
        """Those of ``docker login``, for ECR and for another registry."""
        ecr, other = (upgraded.run("get", stdin=host).answer for host in (OTHER_HOST, _PASSWORD))

        assert ("AWS", _LOGIN_PASSWORD) == (ecr["Username"], ecr["Secret"])
        assert ("alice", "word") == (other["Username"], other["Secret"])
        assert {OTHER_HOST: "AWS", _PASSWORD: "alice"} == upgraded.run("list").answer
        assert [(0, "")] * 2 == [upgraded.run("erase", stdin=host)[::2] for host in (OTHER_HOST, _PASSWORD)]
        assert {} == upgraded.run("list").answer
        assert [] == upgraded.aws.calls

    def test_configure_removes_what_it_wrote(self, upgraded: Home) -> None:
        """The ``credsStore`` is the user's own, and so is an entry without the comment."""
        own = '[[registry]]\nmatch = "444444444444.dkr.ecr.us-east-1.amazonaws.com"\nprofile = "own"\n'
        toml = upgraded.folder / ".config/ecrx/config.toml"
        toml.write_text(f"{own}\n{toml.read_text()}")

        assert 0 == upgraded.run("configure", "--remove", "--all").status
        assert 0 == upgraded.run("configure", "--remove", "--all", "--podman").status
        assert {"credsStore": "ecrx"} == _json(upgraded, ".docker/config.json")
        assert {} == _json(upgraded, ".config/containers/auth.json")
        assert own == toml.read_text().rstrip() + "\n"

    def test_configured_registries_are_found(self, upgraded: Home) -> None:
        """``configure`` changes nothing if it is run again, and ``doctor`` finds its entries."""
        before = [path.read_text() for path in _files(upgraded)]

        again = upgraded.run("configure", HOST, "--profile", "secondary")
        links = json.loads(upgraded.run("doctor", HOST, "--json").stdout)["links"]

        assert (0, True) == (again.status, again.stdout.startswith("nothing to change\n"))
        assert f"{HOST}: using profile secondary, by " in again.stdout
        assert before == [path.read_text() for path in _files(upgraded)]
        assert {"docker's config", "identity", "profile", "role", "token"} <= {
            link["name"] for link in links if link["ok"]
        }


class TestSettings:
    def test_of_every_key_mean_the_same(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(_WHOLE_CONFIG_TOML)
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=["222222222222"], external_id="shared")

        first, second = (home.get(host, profile=None).secret for host in (HOST, HOST.replace("1" * 12, "4" * 12)))

        assert ":222222222222:assumed-role/puller/" in _principal(home, first)
        assert "arn:aws:sts::444444444444:assumed-role/puller/ci" == _principal(home, second)

    def test_of_link_and_variables_keep_their_order(self, home: Home) -> None:
        """A link's profile, then config.toml's, then keys in the environment, then ``AWS_PROFILE``."""
        users = {name: home.aws.add_user("222222222222", name) for name in ("link", "file", "keys", "profile")}
        for name, keys in users.items():
            home.add_keys(name, keys)
        own = home.folder / "own.toml"
        own.write_text(f'[[registry]]\nmatch = "{HOST}"\nprofile = "file"\n')
        variables = {"ECRX_CONFIG": str(own), "AWS_PROFILE": "profile", "ECRX_KEYRING": "none"} | _keys(users["keys"])

        found = [
            home.get(HOST, profile="link", env=variables),
            home.get(HOST, profile=None, env=variables),
            home.get(OTHER_HOST, profile=None, env=variables),
            home.get(OTHER_HOST, profile=None, env={"AWS_PROFILE": "profile", "ECRX_KEYRING": "none"}),
        ]

        assert [*users] == [_principal(home, each.secret).rpartition("/")[2] for each in found]
        assert {} == keyrings.kernel_keys()

    @in_one_form
    def test_of_folders_lead_to_the_same_files(self, upgraded: Home, tmp_path: Path) -> None:
        """``XDG_CONFIG_HOME``, ``XDG_STATE_HOME``, ``DOCKER_CONFIG``, and AWS's."""
        moved = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state", "DOCKER_CONFIG": ".docker"}
        moved |= {"AWS_CONFIG_FILE": ".aws/config", "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials"}
        for variable, name in moved.items():
            upgraded.env[variable] = str((upgraded.folder / name).rename(tmp_path / variable))

        assert "assumed-role/puller/" in _principal(upgraded, upgraded.get(profile=None).secret)
        assert {HOST, OTHER_HOST, _PASSWORD} == set(upgraded.run("list").answer)
        assert 0 == upgraded.run("configure", "--remove", "--all").status
        assert {"credsStore": "ecrx"} == json.loads((tmp_path / "DOCKER_CONFIG" / "config.json").read_text())


def _write(home: Home, name: str, text: str) -> None:
    path = home.folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def _json(home: Home, name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((home.folder / name).read_text())
    return document


def _files(home: Home) -> list[Path]:
    return [home.folder / name for name in (".docker/config.json", ".config/ecrx/config.toml")]


def _principal(home: Home, secret: str) -> str:
    return home.aws.issued[secret].principal


def _keys(keys: Keys) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}


def _times() -> dict[str, float]:
    now = time.time()
    return {"minted": now, "renew": now + 22454, "expires": now + 43200}


def _add_key(name: str, password: str) -> None:
    """Add a token to the kernel keyring: a line with its times and a checksum, and the password without its base64."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    facts = f"43200 22454 {time.time()} {boot} {time.clock_gettime(time.CLOCK_BOOTTIME)}"
    checksum = binascii.crc32(f"{name} {facts} {password}".encode())
    record = f"ecrx1 {facts} {checksum:08x}\n".encode() + b"\0" + base64.b64decode(password)
    keyctl = Keyctl()
    payload = b"%d b%b" % (time.time() + 43200, record)
    key = keyctl.add(f"docker-credential-ecrx:{name}:ecrx".encode(), payload, keyctl.persistent())
    keyctl.set_permissions(key, _OWNER_AND_POSSESSOR)
    keyctl.set_timeout(key, 43200)
