"""What goes to AWS without botocore is what botocore sends, for every identity that AWS documents.

The same ``get`` runs twice, the second time with ``ECRX_DIRECT=off``.
``support.recorded_aws`` says which headers may differ: those that are not signed and by which no service decides.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from docker_credential_ecrx.store import index
from fakes import names as hosts
from support import aws_parts, keyrings, need
from support.aws_parts import Proxy, Server
from support.forms import as_wheel
from support.home import SECONDARY, Home, Result
from support.identity_cases import ADDRESSED, CASES, DECLINED, IAM, OWNERS, STS, SUBJECT, Case
from support.recorded_aws import RecordedAws, stable

pytestmark = as_wheel

DIRECT, BOTOCORE = "asking AWS without botocore", "asking AWS through botocore, because "


class World(NamedTuple):
    """A home, AWS, and what texts of a case refer to."""

    home: Home
    aws: RecordedAws
    names: Mapping[str, object]

    def arrange(self, case: Case) -> dict[str, str]:
        """Write the case's files; return its environment."""
        folder = self.home.folder / ".aws"
        config, credentials = (text.format(**self.names) for text in (case.config, case.credentials))
        (folder / "config").write_bytes(config.encode())
        (folder / "credentials").write_bytes(credentials.encode())
        self.home.configure(case.toml.replace("{local}", str(self.names["local"])))
        return {name: text.format(**self.names) for name, text in case.env.items()}

    def outcome(self, case: Case, **env: str) -> tuple[str, dict[str, Any]]:
        """Return what the case logs, and all that came of it: requests, the token's owner, and the index."""
        self.aws.sent.clear()
        env = self.arrange(case) | {"ECRX_KEYRING": "kernel", "ECRX_LOG": "debug"} | env
        name = "docker-credential-ecrx" + (f"-{case.profile}" if case.profile else "")
        if not (self.home.bin / name).exists():
            self.home.link(name)
        with keyrings.kernel_keys_put_back():
            found = self.home.run(
                "kubelet" if case.request else "get", stdin=case.request or case.host, argv0=name, env=env
            )
            entries = index.read(self.home.env | env)
        shutil.rmtree(self.home.folder / ".local", ignore_errors=True)
        owner = self.owner(found)
        said = found.stdout if owner is None else "a token"
        if owner is None and case.request:
            said = found.stderr.splitlines()[-1]
        told = {"status": found.status, "said": stable(said), "owner": owner, "sent": [*self.aws.sent]}
        return found.stderr, told | {"index": [_entry(name, entry) for name, entry in entries.items()]}

    def owner(self, found: Result) -> tuple[str, ...] | None:
        """Return the principal, account, region and service of the token that was returned, if there is one."""
        for password, issued in self.aws.issued.items():
            if password in found.stdout:
                return stable(issued.principal), issued.account, issued.region, issued.service
        return None


def _entry(name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return an entry of the index without times."""
    texts = {key: stable(str(value)) for key, value in entry.items() if key not in ("minted", "renew", "expires")}
    return texts | {"name": name, "hours": str(round((entry["expires"] - entry["minted"]) / 3600))}


@pytest.fixture(scope="module")
def aws() -> Iterator[RecordedAws]:
    """Return AWS for all cases."""
    with RecordedAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, program: Path, aws: RecordedAws) -> Iterator[World]:
    """Return a user on an instance, in a container and signed in everywhere, for all cases."""
    need.command("keyctl")
    home = Home(tmp_path_factory.mktemp("both") / "home", program, aws)
    for role in ("one", "two", "three"):
        aws.add_role(f"{IAM}:role/{role}", trusts=[SECONDARY], web_identity_subjects=[SUBJECT])
    user = aws.add_user(SECONDARY, "user")
    aws_parts.write_web_identity(home.folder / "token", SUBJECT)
    (home.folder / "authorization").write_text("Bearer c")
    session = aws.open_session(SECONDARY, "task", "me")
    process = home.bin / "give-keys"
    answer = f'{{"Version":1,"AccessKeyId":"{user.access_key_id}","SecretAccessKey":"{user.secret_access_key}"}}'
    process.write_text(f"#!/bin/sh\necho '{answer}'\n")
    process.chmod(0o700)
    for name in ("corp", "https://corp"):
        aws_parts.sign_in_to_sso(home.folder, name, "bearer")
    aws_parts.sign_in_to_console(home.folder, "me", aws.open_session(SECONDARY, "one", "me"))
    keys = f"aws_access_key_id={user.access_key_id}\naws_secret_access_key={user.secret_access_key}\n"
    (home.folder / "c").write_text(f"[profile p]\nrole_arn={IAM}:role/one\nsource_profile=base\n")
    (home.folder / "d").write_text(f"[base]\n{keys}")
    sources = {
        "container": aws_parts.container(aws, SECONDARY, None),
        "pod": aws_parts.container(aws, SECONDARY, "Bearer c"),
        "instance": aws_parts.instance(aws, SECONDARY, "one"),
        "portal": aws_parts.sso_portal(aws, "bearer"),
    }
    with ExitStack() as stack:
        names: dict[str, object] = {"user": user, "session": session, "folder": home.folder, "aws": aws.url}
        names |= {name: home.folder / name for name in ("token", "authorization")}
        names["local"] = aws.url.replace("127.0.0.1", "localhost")
        names["proxy"] = stack.enter_context(Proxy(aws.url)).url
        for name, source in sources.items():
            names[name] = stack.enter_context(Server(aws.recorded(source))).url
        yield World(home, aws, names)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_both_ways_send_and_return_the_same(world: World, case: Case) -> None:
    stderr, found = world.outcome(case)
    log, expected = world.outcome(case, ECRX_DIRECT="off")

    assert found == expected
    assert (True, False) == (DIRECT in stderr, BOTOCORE in stderr), stderr
    assert f"{BOTOCORE}ECRX_DIRECT is off" in log
    assert found["sent"]


@pytest.mark.parametrize("name", DECLINED)
def test_declined_is_answered_by_botocore(world: World, name: str) -> None:
    stderr, found = world.outcome(DECLINED[name])

    assert f"{BOTOCORE}{DECLINED[name].reason}\n" in stderr
    owner, *_ = found["owner"] or ("",)
    assert OWNERS.get(name, f"{STS}/one/botocore-session") == owner


@pytest.fixture(scope="module")
def addresses(aws: RecordedAws) -> Iterator[None]:
    """Serve a task's, a pod's and an instance's credentials at the addresses that they have with AWS."""
    hosts.need_namespaces()
    sources = {
        "169.254.170.2": aws_parts.container(aws, SECONDARY, None),
        "169.254.170.23": aws_parts.container(aws, SECONDARY, "Bearer c"),
        "169.254.169.254": aws_parts.instance(aws, SECONDARY, "one"),
    }
    with ExitStack() as stack:
        for address, source in sources.items():
            stack.enter_context(hosts.address(address))
            stack.enter_context(Server(aws.recorded(source), (address, 80)))
        yield


@pytest.mark.usefixtures("addresses")
@pytest.mark.parametrize("case", ADDRESSED.values(), ids=ADDRESSED)
def test_both_ways_find_metadata_at_its_own_address(world: World, case: Case) -> None:
    test_both_ways_send_and_return_the_same(world, case)
