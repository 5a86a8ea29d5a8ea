"""Variables and AWS's files: equal fingerprints mean that botocore would find the same credentials."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

from fuzz.helpers import base64_of, folder, fuzzed
from hypothesis import strategies as st

from docker_credential_ecrx.identity.fingerprint import fingerprint
from docker_credential_ecrx.identity.model import Identity
from support.resolution import Situation, resolution, there

Section = tuple[str, dict[str, str]]

CONFIG, CREDENTIALS, OTHER = ".aws/config", ".aws/credentials", "other"
_PROFILES = ["a", "b", "default", "a b"]
_PATHS = ["", "~~/other", "$HOME/other", "~/.aws/config", "~~/.aws/credentials"]
_TOKENS = ["", "~~/token", "~~/renewed", "~~/another", "~~/tagged", "$HOME/token", "~/token"]
_URLS = ["", "http://one", "http://two"]
_FLAGS = ["", "true", "false"]
_KINDS = ["", "legacy", "regional"]
# An input has some of these groups, so that settings that belong together occur together.
VARIABLES = [
    {"AWS_PROFILE": ["", *_PROFILES], "AWS_DEFAULT_PROFILE": ["", *_PROFILES]},
    {"AWS_CONFIG_FILE": _PATHS, "AWS_SHARED_CREDENTIALS_FILE": _PATHS},
    {"AWS_ACCESS_KEY_ID": ["", "K1", "K2"], "AWS_SESSION_TOKEN": ["t"]},
    {
        "AWS_WEB_IDENTITY_TOKEN_FILE": _TOKENS,
        "AWS_ROLE_ARN": ["", "arn:r1", "arn:r2"],
        "AWS_ROLE_SESSION_NAME": ["", "n1", "n2"],
    },
    {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ["", "/one", "/two"],
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": ["", "http://localhost/one", "http://localhost/two"],
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": ["", "t1", "t2"],
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": _TOKENS,
    },
    {
        "AWS_EC2_METADATA_DISABLED": _FLAGS,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": _URLS,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ["", "IPv4", "ipv6"],
        "AWS_IMDS_USE_IPV6": _FLAGS,
    },
    {
        "AWS_ENDPOINT_URL": _URLS,
        "AWS_ENDPOINT_URL_STS": _URLS,
        "AWS_ENDPOINT_URL_ECR": _URLS,
        "AWS_ENDPOINT_URL_ECR_PUBLIC": _URLS,
        "AWS_ENDPOINT_URL_SSO": _URLS,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": _FLAGS,
    },
    {
        "AWS_USE_FIPS_ENDPOINT": _FLAGS,
        "AWS_USE_DUALSTACK_ENDPOINT": _FLAGS,
        "AWS_STS_REGIONAL_ENDPOINTS": _KINDS,
    },
]
SETTINGS = [
    {"aws_access_key_id": ["K1", "K2"], "aws_secret_access_key": ["s"], "aws_session_token": ["t"]},
    {
        "role_arn": ["arn:r1", "arn:r2"],
        "source_profile": _PROFILES,
        "credential_source": ["Environment", "EcsContainer", "Ec2InstanceMetadata", "environment"],
        "external_id": ["e1", "e2"],
        "role_session_name": ["n1", "n2"],
        "mfa_serial": ["m"],
        "duration_seconds": ["900", "x"],
    },
    {"role_arn": ["arn:r1", "arn:r2"], "web_identity_token_file": _TOKENS, "role_session_name": ["n1", "n2"]},
    {
        "sso_session": ["s", "t"],
        "sso_start_url": ["http://s", "http://t"],
        "sso_region": ["us-east-1", "eu-west-1"],
        "sso_account_id": ["1", "2"],
        "sso_role_name": ["r", "q"],
    },
    {"credential_process": ["p1", "p2 x"], "login_session": ["l1", "l2"]},
    {"endpoint_url": _URLS, "services": ["s", "t"], "ignore_configured_endpoint_urls": _FLAGS},
    {
        "ec2_metadata_service_endpoint": _URLS,
        "ec2_metadata_service_endpoint_mode": ["IPv4", "ipv6"],
        "imds_use_ipv6": _FLAGS,
    },
    {"use_fips_endpoint": _FLAGS, "use_dualstack_endpoint": _FLAGS, "sts_regional_endpoints": _KINDS},
    {"region": ["us-east-1", "eu-west-1"], "[x": ["1"]},
    {"output": ["json", "text"], "cli_pager": ["", "less"], "s3": ["\n  endpoint_url = http://two"], "region": ["x"]},
]
# Complete sets of settings with which a profile has credentials.
_WHOLE: list[dict[str, str]] = [
    {},
    {"aws_access_key_id": "K1", "aws_secret_access_key": "s"},
    {"aws_access_key_id": "K2", "aws_secret_access_key": "s", "aws_session_token": "t"},
    {"role_arn": "arn:r1", "source_profile": "b"},
    {"role_arn": "arn:r2", "source_profile": "default"},
    {"role_arn": "arn:r1", "credential_source": "Environment"},
    {"role_arn": "arn:r1", "credential_source": "EcsContainer"},
    {"role_arn": "arn:r1", "web_identity_token_file": "~~/token"},
    {"sso_session": "s", "sso_account_id": "1", "sso_role_name": "r"},
    {"sso_start_url": "http://s", "sso_region": "us-east-1", "sso_account_id": "1", "sso_role_name": "r"},
    {"credential_process": "p1"},
    {"login_session": "l1"},
    {"services": "s"},
    {"endpoint_url": "http://one"},
]
_HEADS = {CONFIG: ["default", "profile a", "profile b"], CREDENTIALS: ["default", "a", "b"], OTHER: ["default", "a"]}
# Other sections that botocore takes for a profile's, or not; test_aws_files.py has more.
_ODD_HEADS = [
    "DEFAULT",
    "profile default",
    "profiles a",
    'profile "a b"',
    "a b",
    "profile a",
    'profile ""',
    "services a",
]
_NAMED = [
    ("sso-session s", {"sso_start_url": "http://s", "sso_region": "us-east-1"}),
    ("services s", {"ecr": "\n  endpoint_url = http://two", "sts": "\n  endpoint_url = http://two"}),
    ("services t", {"ecr_public": "\n\n  endpoint_url = http://two\n  x = y"}),
]


def _token(subject: str, ends: int, **more: object) -> str:
    claims = base64_of(json.dumps({"iss": "i", "sub": subject, "aud": "a", "exp": ends} | more))
    return f"e30.{claims.rstrip('=')}.e30"


_IDENTITIES = [
    *(Identity(), Identity(), Identity(), Identity("a"), Identity("a"), Identity("a b")),
    *(Identity(role_arn="arn:c"), Identity("b", role_arn="arn:c")),
    Identity(role_arn="arn:c", web_identity=_token("a", 1)),
]
_TAGGED = _token("a", 3, **{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}}})
_TOKEN_FILES = {"token": _token("a", 1), "renewed": _token("a", 2), "another": _token("b", 1), "tagged": _TAGGED}


class Drawn(NamedTuple):
    """A situation, with each of AWS's files as a list of sections: a head and settings."""

    identity: Identity
    env: dict[str, str]
    files: dict[str, list[Section]]

    def situation(self) -> Situation:
        """Return it with the files written out."""
        written = {
            name: "\n".join(
                line for head, said in sections for line in (f"[{head}]", *(f"{key} = {said[key]}" for key in said))
            )
            for name, sections in self.files.items()
        }
        return Situation(self.identity, {"AWS_SECRET_ACCESS_KEY": "s"} | self.env, written | _TOKEN_FILES)

    def with_variable(self, name: str, value: str | None) -> Self:
        """Return it with a variable set, or unset if ``value`` is None."""
        env = {key: old for key, old in self.env.items() if key != name}
        return self._replace(env=env if value is None else env | {name: value})

    def with_section(self, file: str, at: int, change: Callable[[Section], list[Section]]) -> Self:
        """Return it with one section replaced by another one, by several or by none."""
        sections = self.files[file]
        at %= max(1, len(sections))
        changed = [new for old in sections[at : at + 1] for new in change(old)]
        return self._replace(files=self.files | {file: [*sections[:at], *changed, *sections[at + 1 :]]})

    def with_moved(self, file: str, at: int, other: str, to: int) -> Self:
        """Return it with a section moved to a place in the same or the other file."""
        taken: list[Section] = []
        rest = self.with_section(file, at, lambda section: taken.append(section) or [])  # type: ignore[func-returns-value]
        return rest._replace(files=rest.files | {other: [*rest.files[other][:to], *taken, *rest.files[other][to:]]})


def _pairs(groups: list[dict[str, list[str]]]) -> st.SearchStrategy[tuple[str, str]]:
    """Return pairs of a name and a value from some of the groups."""
    return st.sampled_from([(name, value) for group in groups for name, values in group.items() for value in values])


def _some(groups: list[dict[str, list[str]]]) -> st.SearchStrategy[st.SearchStrategy[tuple[str, str]]]:
    return st.lists(st.sampled_from(groups), min_size=1, max_size=2).map(_pairs)


@st.composite
def drawn(draw: st.DrawFn) -> list[Drawn]:
    """Draw a situation, and others that differ from it in a variable, a setting or a section."""
    variables, settings = draw(_some(VARIABLES)), draw(_some(SETTINGS))
    whole, more, odd = st.sampled_from(_WHOLE), st.lists(settings, max_size=2).map(dict), st.sampled_from(_ODD_HEADS)

    def sections(file: str) -> list[Section]:
        usual = [(head, draw(whole)) for head in _HEADS[file] if draw(st.integers(0, 3))]
        unusual = draw(
            st.lists(st.tuples(odd, st.builds(dict.__or__, whole, more)) | st.sampled_from(_NAMED), max_size=3)
        )
        return list(dict([*usual, *unusual]).items())  # configparser rejects duplicate sections

    first = Drawn(
        draw(st.sampled_from(_IDENTITIES)),
        dict(draw(st.lists(variables, max_size=3))),
        {file: sections(file) for file in _HEADS},
    )
    file, at = st.sampled_from([*_HEADS]), st.integers(0, 5)
    edits: st.SearchStrategy[Drawn] = st.one_of(
        st.builds(lambda pair: first.with_variable(*pair), variables),
        st.builds(lambda pair: first.with_variable(pair[0], None), variables),
        st.builds(
            lambda file, at, pair: first.with_section(file, at, lambda old: [(old[0], {**old[1], pair[0]: pair[1]})]),
            *(file, at, settings),
        ),
        st.builds(
            lambda file, at, key: first.with_section(
                file,
                at,
                lambda old: [
                    (old[0], {k: v for k, v in old[1].items() if k != [*old[1], ""][key % (len(old[1]) + 1)]})
                ],
            ),
            *(file, at, at),
        ),
        st.builds(lambda file, at, head: first.with_section(file, at, lambda old: [(head, old[1])]), file, at, odd),
        st.builds(first.with_moved, file, at, file, at),
    )
    return [first, *draw(st.lists(edits, min_size=12, max_size=20))]


@fuzzed(drawn())
def test_equal_fingerprints_mean_the_same_credentials(drawn: list[Drawn]) -> None:
    home = Path(folder(), "home")
    alike: dict[str, list[Situation]] = {}
    for situation in map(Drawn.situation, drawn):
        with there(situation, home):
            alike.setdefault(fingerprint(situation.identity, os.environ), []).append(situation)

    for same in alike.values():
        ways: dict[str, Situation] = {}
        for situation in same if len(same) > 1 else ():
            with there(situation, home):
                way = resolution(situation.identity)
            if way is not None:
                ways.setdefault(way, situation)
        assert len(ways) <= 1, ways
