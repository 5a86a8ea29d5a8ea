"""The homes in which the programs run: with few and with many profiles, rules, registries and tokens."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench import gets
from bench.aws import DistantEndpoints
from docker_credential_ecrx.store import index
from support import aws_parts
from support.aws_parts import Server
from support.home import HOST, ROLE, SECONDARY, Home

if TYPE_CHECKING:
    from docker_credential_ecrx.store.entry import Entry

_SUBJECT = "system:serviceaccount:ci:runner"
# What programs leave that write a profile for each account and role: 150 bytes.
_OTHER_PROFILE = """
[profile team-{number:04}.administrator]
sso_session = company
sso_account_id = {number:012}
sso_role_name = Administrator
region = eu-central-1
"""
_RULE = '[[registry]]\nmatch   = "{host}"\nprofile = "{profile}"\n\n'
_REGISTRIES, _TOKENS = 500, 300


class Homes:
    """Makes them below ``folder``, each with a role's profile of its own."""

    def __init__(self, folder: Path, program: Path, aws: DistantEndpoints) -> None:
        self._folder = folder
        self._program = program
        self._aws = aws

    def plain(self, name: str) -> Home:
        """Return a home with two profiles."""
        return gets.make_home(self._folder / name, self._program, self._aws)

    def with_profiles(self, count: int) -> Home:
        """Return a home with so many profiles in AWS's config and credentials files."""
        home = self.plain(f"{count} profiles")
        with (home.folder / ".aws" / "config").open("a") as file:
            file.writelines(_OTHER_PROFILE.format(number=number) for number in range(count - 2))
        return home

    def with_rules(self, count: int) -> Home:
        """Return a home with so many rules in config.toml, of which the last one applies."""
        home = self.plain(f"{count} rules")
        hosts = (HOST.replace("111111111111", f"{number:012}") for number in range(count - 1))
        rules = [_RULE.format(host=host, profile=f"team-{number:04}") for number, host in enumerate(hosts)]
        home.configure("".join(rules) + _RULE.format(host=HOST, profile="secondary"))
        return home

    def of_many(self) -> Home:
        """Return a home whose user has configured 500 registries, and has tokens for 300 of them."""
        home = self.plain("many")
        hosts = [HOST.replace("111111111111", f"{number:012}") for number in range(_REGISTRIES)]
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text(json.dumps({"credHelpers": dict.fromkeys(hosts, "ecrx")}))
        now = time.time()
        for host in hosts[:_TOKENS]:
            entry: Entry = {"kind": "login", "servers": [host], "keyring": "kernel"}
            entry |= {"minted": now, "renew": now + 20_000, "expires": now + 43_200}
            index.add(home.env, f"login:{host}", entry)
        return home

    def of_sources(self) -> dict[str, Home]:
        """Return homes without a profile, whose keys come from an instance, a container and a pod."""
        homes = {}
        for source, env in self._environments().items():
            homes[source] = self.plain(source)
            for file in (homes[source].folder / ".aws").iterdir():
                file.unlink()
            homes[source].env |= env
        return homes

    def _environments(self) -> Mapping[str, dict[str, str]]:
        aws, role = self._aws, ROLE.rpartition("/")[2]
        authorization = "a" * 900
        instance = Server(aws_parts.instance(aws, SECONDARY, role))
        container = Server(aws_parts.container(aws, SECONDARY, authorization))
        aws.beside += [instance, container]
        token = self._folder / "web-identity-token"
        aws_parts.write_web_identity(token, _SUBJECT)
        pod = ROLE.replace(role, "pod")
        aws.add_role(pod, web_identity_subjects=[_SUBJECT])
        return {
            "instance": {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url},
            "container": {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/{role}",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": authorization,
            },
            "web identity": {"AWS_ROLE_ARN": pod, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)},
        }
