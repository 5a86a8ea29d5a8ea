"""The direct way asks the host that botocore's endpoint rules name, in the scope that they name, for every region."""

from functools import cache
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.endpoints import endpoint_of, parse_url
from docker_credential_ecrx.aws.session import new_session
from docker_credential_ecrx.ecr.registry import Registry

ACCOUNT = "111111111111"
_PARTITIONS: list[dict[str, Any]] = Loader().load_data("partitions")["partitions"]
# The pseudo-regions of services that have one endpoint in a partition are no registry's.
LISTED = [
    (partition["id"], partition["outputs"]["dnsSuffix"], region)
    for partition in _PARTITIONS
    for region in partition["regions"]
    if not region.endswith("-global")
]
PREFIXES = {
    "aws": ("us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "zz"),
    "aws-cn": ("cn",),
    "aws-eusc": ("eusc-de",),
    "aws-iso": ("us-iso",),
    "aws-iso-b": ("us-isob",),
    "aws-iso-e": ("eu-isoe",),
    "aws-iso-f": ("us-isof",),
    "aws-us-gov": ("us-gov",),
}
OPERATIONS = {
    "sts": "get_caller_identity",
    "ecr": "get_authorization_token",
    "ecr-public": "get_authorization_token",
}


class SentError(Exception):
    """What botocore is about to send."""


@cache
def _session() -> Session:
    """Return one session for all: it has read botocore's rules once."""
    return new_session(None)


@cache
def of_botocore(service: str, region: str) -> tuple[str, str] | None:
    """Return the URL of botocore's request and the scope of its signature, or None if it refuses the region."""
    try:
        client = _session().create_client(service, region, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="s")
        client.meta.events.register("before-send", _raise_sent)
        getattr(client, OPERATIONS[service])()
    except SentError as sent:
        url, authorization = sent.args
        assert url == f"{client.meta.endpoint_url}/"
        date, region, name = authorization.partition("Credential=AKIDEXAMPLE/")[2].split("/")[:3]
        assert date.isdecimal()
        return client.meta.endpoint_url, f"{region}/{name}"
    except BotoCoreError:
        return None
    raise AssertionError


def _raise_sent(request: AWSPreparedRequest, **_: object) -> None:
    headers: dict[str, Any] = dict(request.headers)
    raise SentError(request.url, headers["Authorization"].decode())


def directly(service: str, registry: Registry) -> tuple[str, str] | None:
    """Return the URL of the direct way and the scope of its signature, or None if it declines."""
    try:
        return str(endpoint_of(service, registry, {})), f"{registry.region}/{service}"
    except DeclinedError:
        return None


def registry_in(region: str, suffix: str) -> Registry:
    registry = Registry.parse(f"{ACCOUNT}.dkr.ecr.{region}.{suffix}")
    assert registry is not None
    return registry


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave botocore alone with its own rules."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


def test_partitions_are_all_known() -> None:
    """A partition that a new botocore adds needs its hosts here."""
    assert PREFIXES.keys() == {partition["id"] for partition in _PARTITIONS}


@pytest.mark.parametrize("service", ["sts", "ecr"])
@pytest.mark.parametrize(("partition", "suffix", "region"), LISTED)
def test_listed_region_has_the_endpoint_of_botocore(partition: str, suffix: str, region: str, service: str) -> None:
    """For each of them the direct way knows the answer, so botocore need not be loaded anywhere."""
    registry = registry_in(region, suffix)

    assert partition == registry.partition
    assert of_botocore(service, region) == directly(service, registry)


@pytest.mark.parametrize("service", ["sts", "ecr-public"])
def test_ecr_public_has_the_endpoint_of_botocore(service: str) -> None:
    registry = Registry.parse("public.ecr.aws")
    assert registry is not None

    assert of_botocore(service, "us-east-1") == directly(service, registry)


@settings(max_examples=20, derandomize=True, database=None)
@given(
    partition=st.sampled_from(_PARTITIONS).map(lambda partition: (partition["id"], partition["outputs"]["dnsSuffix"])),
    prefix=st.integers(0, 9),
    place=st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=70),
    number=st.text("0123456789", min_size=1, max_size=3),
)
@example(partition=("aws", "amazonaws.com"), prefix=0, place="gov", number="1")
@example(partition=("aws", "amazonaws.com"), prefix=0, place="iso", number="1")
@example(partition=("aws", "amazonaws.com"), prefix=9, place="east", number="1")
@example(partition=("aws", "amazonaws.com"), prefix=0, place="e" * 58, number="1")
@example(partition=("aws", "amazonaws.com"), prefix=0, place="e" * 59, number="1")
def test_unlisted_region_has_the_endpoint_of_botocore(
    partition: tuple[str, str], prefix: int, place: str, number: str
) -> None:
    """The endpoints of a region that is newer than botocore are derived from the form of its name, as botocore does.

    What botocore refuses is left to it, which says why.
    """
    known = PREFIXES[partition[0]]
    region = f"{known[prefix % len(known)]}-{place}-{number}"
    registry = registry_in(region, partition[1])

    for service in ("sts", "ecr"):
        assert of_botocore(service, region) == directly(service, registry)


@pytest.mark.parametrize(
    "host",
    [
        f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws",
        f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws",
        f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
        "ecr-public.aws.com",
    ],
)
def test_other_kinds_of_endpoint_are_left_to_botocore(host: str) -> None:
    registry = Registry.parse(host)
    assert registry is not None

    assert (None, None) == (directly("sts", registry), directly(registry.service, registry))


@pytest.mark.parametrize(
    "url",
    [
        *("", "http://", "://host", "ftp://host", "HTTP://host", "http:/host", "http:host", "host", "host:80"),
        *("http://Host", "http://h_st", "http://höst", "http://me@host", "http://me:pw@host", "http://[::1]"),
        *("http://[::1]:80", "http://host:", "http://host:x", "http://host:-1", "http://host:٣", "http://ho st"),
        *("http://host?x", "http://host#x", "http://host/#x", "http://host/a b", "http://host/\n", "http://host\\x"),
        *("http://host:1:2", "http://host:65536", "http://host:0", "http://.host", "http://a..b", " http://host"),
        *("http://-host", "http://" + "a" * 64, "http://" + "a." * 127 + "aa"),
    ],
)
def test_url_of_unusual_form_is_left_to_botocore(url: str) -> None:
    with pytest.raises(DeclinedError):
        parse_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost", ("http://localhost", "")),
        ("http://localhost:80/", ("http://localhost", "/")),
        ("https://vpce-1.api.ecr.us-east-1.vpce.amazonaws.com", None),
        ("https://host:443/x?y=z", ("https://host", "/x?y=z")),
        ("https://host:80", ("https://host:80", "")),
        ("http://127.0.0.1:4566", ("http://127.0.0.1:4566", "")),
    ],
)
def test_url_of_usual_form_is_split(url: str, expected: tuple[str, str] | None) -> None:
    endpoint, path = parse_url(url)

    assert (expected or (url, "")) == (str(endpoint), path)
