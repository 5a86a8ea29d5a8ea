"""What botocore makes of an identity, a set of variables and AWS's files: who asks whom for a token, as one text.

It is botocore's own session and chain of providers, as the program opens them.
Only what they would ask is fake: it answers with access keys that say what was asked, where and by whose key.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import ProcessProvider, ProfileProviderBuilder, create_credential_resolver
from botocore.exceptions import NoCredentialsError, ProfileNotFound
from botocore.session import Session
from botocore.utils import ContainerMetadataFetcher

from docker_credential_ecrx.aws import session as aws_session
from docker_credential_ecrx.aws.calls import Calls
from docker_credential_ecrx.aws.session import Mfa, in_role, resolved_session
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.system.deadline import Deadline

NOBODY, NO_PROFILE = "nobody", "no such profile"
_LATER, _LATER_MS = "2100-01-01T00:00:00Z", 4_102_444_800_000


class Situation(NamedTuple):
    """An identity, the environment, and files by their path below HOME; ``~~`` in either is HOME's path."""

    identity: Identity
    env: Mapping[str, str]
    files: Mapping[str, str]


@contextmanager
def there(situation: Situation, home: Path) -> Iterator[None]:
    """Let the situation hold in this process, with ``home`` for its HOME."""
    for name, content in situation.files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.replace("~~", str(home)).encode("utf-8", "surrogatepass"))
    # The program begins by unsetting those that are empty.
    told = {name: value.replace("~~", str(home)) for name, value in situation.env.items() if value}
    before = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "BOTO_")) or name == "HOME"}
    for name in before:
        del os.environ[name]
    os.environ.update(told | {"HOME": str(home)})
    try:
        yield
    finally:
        for name in (*told, "HOME"):
            os.environ.pop(name, None)
        os.environ.update(before)


def resolution(identity: Identity) -> str | None:
    """Return how ``identity`` comes to a token here and now, or None where botocore fails.

    NOBODY is without credentials, and NO_PROFILE chose a profile that is not there.
    """
    module: Any = aws_session
    original, module.Session = module.Session, _Offline
    deadline = Deadline(60)
    try:
        session = in_role(resolved_session("us-east-1", identity, Calls(deadline), Mfa("123456")), identity)
        return "; ".join(str(session.create_client(service)) for service in ("ecr", "ecr-public"))
    except NoCredentialsError:
        return NOBODY
    except ProfileNotFound:
        return NO_PROFILE
    except Exception:  # noqa: BLE001 - of whatever kind: there is no token
        return None
    finally:
        module.Session = original


class _Client:
    """A client of a service of AWS's, which gives keys that say how they came to be."""

    def __init__(self, place: str, key: str) -> None:
        self._place = place
        self._key = key

    def __str__(self) -> str:
        return f"{self._place} by {self._key}"

    def assume_role(self, **request: object) -> dict[str, Any]:
        return self._opened("AssumeRole", request)

    def assume_role_with_web_identity(self, **request: object) -> dict[str, Any]:
        token = str(request["WebIdentityToken"])
        return self._opened("AssumeRoleWithWebIdentity", request | {"WebIdentityToken": subject(token)})

    def get_role_credentials(self, **request: object) -> dict[str, Any]:
        keys = {"accessKeyId": self._said("GetRoleCredentials", request), "secretAccessKey": "s", "sessionToken": "t"}
        return {"roleCredentials": keys | {"expiration": _LATER_MS}}

    def _opened(self, operation: str, request: Mapping[str, object]) -> dict[str, Any]:
        keys = {"AccessKeyId": self._said(operation, request), "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": keys | {"Expiration": _LATER}}

    def _said(self, operation: str, request: Mapping[str, object]) -> str:
        # botocore has the time in the name that it makes up.
        made_up = str(request.get("RoleSessionName", "")).startswith("botocore-session-")
        told = {key: value for key, value in sorted(request.items()) if not (key == "RoleSessionName" and made_up)}
        return f"({operation} {told} at {self})"


def subject(token: str) -> str:
    """Return whom a JSON web token speaks of, which stays when it is renewed; anything else as it is."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        tags = claims.get("https://aws.amazon.com/tags")
        return f"token of {claims['iss']}, {claims['sub']}, {claims['aud']}, {tags}"
    except (ValueError, LookupError, TypeError):
        return token


class _Offline(Session):
    """A session whose clients, processes and metadata services are fake."""

    def __init__(self, profile: str | None = None) -> None:
        # Those handlers shape requests, and cost more than all the rest.
        super().__init__(profile=profile, include_builtin_handlers=False)

    def create_client(self, service_name: str, *_: object, **options: Any) -> _Client:  # type: ignore[override]
        # As botocore/args.py has it, and botocore/session.py before.
        scoped = self.get_scoped_config()
        ignored = self.get_config_variable("ignore_configured_endpoint_urls")
        endpoint = None if ignored else ConfiguredEndpointProvider(self.full_config, scoped, service_name).provide()
        config = options.get("config")
        kinds = [self.get_config_variable(f"use_{kind}_endpoint") or False for kind in ("fips", "dualstack")]
        if service_name == "sts" and endpoint is None:  # as botocore/args.py has it
            kinds.append(self.get_config_variable("sts_regional_endpoints") or "regional")
        place = f"{service_name} in {config and config.region_name} at {endpoint} {kinds}"
        if config is not None and config.signature_version is UNSIGNED:
            return _Client(place, NOBODY)
        if "aws_access_key_id" in options:
            return _Client(place, options["aws_access_key_id"])
        credentials = self.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return _Client(place, str(credentials.get_frozen_credentials().access_key))

    def _create_credential_resolver(self) -> object:
        resolver: Any = create_credential_resolver(self)
        roles = resolver.get_provider("assume-role")
        tokens: Any = _Tokens()
        builder: Any = _Builder(self, roles.cache, None, tokens, tokens)
        roles._profile_provider_builder = builder  # noqa: SLF001
        profile = self.get_config_variable("profile") or "default"
        is_chosen = self.instance_variables().get("profile") is not None
        fresh = {provider.METHOD: provider for provider in builder.providers(profile, disable_env_vars=is_chosen)}
        resolver.providers = [fresh.get(provider.METHOD, provider) for provider in resolver.providers]
        resolver.get_provider("container-role")._fetcher = ContainerMetadataFetcher(_Wire())  # noqa: SLF001
        resolver.get_provider("iam-role")._role_fetcher._session = _Wire()  # noqa: SLF001
        return resolver


class _Builder(ProfileProviderBuilder):
    """Builds providers that start no process."""

    def _create_process_provider(self, profile_name: str) -> ProcessProvider:
        session: Any = vars(self)["_session"]
        popen: Any = _Process
        return ProcessProvider(profile_name, lambda: session.full_config, popen)


class _Process:
    """A credential process, which says by what command line it was started."""

    returncode = 0

    def __init__(self, command: list[str], **_: object) -> None:
        self._answer = {"Version": 1, "AccessKeyId": f"process {command}", "SecretAccessKey": "s"}

    def communicate(self) -> tuple[bytes, bytes]:
        return json.dumps(self._answer).encode(), b""


class _Tokens:
    """What people who signed in left on the disk; each says by what name it was looked for."""

    def __contains__(self, name: str) -> bool:
        return True

    def __getitem__(self, name: str) -> dict[str, Any]:
        if len(name) == 40:  # SHA-1, of an SSO session's name
            return {"accessToken": name, "expiresAt": _LATER}
        keys = {"accessKeyId": name, "secretAccessKey": "s", "sessionToken": "t", "accountId": "1"}
        return {"accessToken": keys | {"expiresAt": _LATER}, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}


class _Answer(NamedTuple):
    """An answer of a metadata service."""

    url: str
    content: bytes
    status_code: int = 200

    @property
    def text(self) -> str:
        return self.content.decode()


class _Wire:
    """The way to containers' and instances' metadata services, whose keys say where they were asked for."""

    def send(self, request: AWSPreparedRequest) -> _Answer:
        if request.method == "PUT" or request.url.endswith("/security-credentials/"):
            return _Answer(request.url, b"name")
        shown = subject(request.headers.get("Authorization", ""))
        keys = {"AccessKeyId": f"({request.url} shown {shown})", "SecretAccessKey": "s", "Token": "t"}
        return _Answer(request.url, json.dumps(keys | {"Code": "Success", "Expiration": _LATER}).encode())
