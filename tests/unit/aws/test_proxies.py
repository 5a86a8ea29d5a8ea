"""Which requests NO_PROXY keeps from the proxy, as Go, and so docker, reads it."""

import os

import pytest
from botocore.session import Session
from botocore.utils import get_environ_proxies

from docker_credential_ecrx.aws import metadata, proxies

STS = "https://sts.us-east-1.amazonaws.com/"
VPCE = "https://vpce-1.api.ecr.us-east-1.vpce.amazonaws.com:8443/"
METADATA = "http://169.254.169.254/latest/"
METADATA_6 = "http://[fd00:ec2::254]/latest/"


@pytest.fixture(autouse=True)
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")


def is_direct(url: str) -> bool:
    """Return whether botocore sends a request to ``url`` without the proxy."""
    return not get_environ_proxies(url)


@pytest.mark.parametrize(
    ("listed", "url"),
    [
        ("*.amazonaws.com", STS),
        ("*.amazonaws.com:443", STS),
        (".amazonaws.com", STS),
        ("amazonaws.com", STS),
        ("AmazonAWS.com", STS),
        (" amazonaws.com ", STS),
        ("amazonaws.com:", STS),
        ("*", METADATA_6),
        ("sts.us-east-1.amazonaws.com", STS),
        ("sts.us-east-1.amazonaws.com:443", STS),
        (".us-east-1.vpce.amazonaws.com:8443", VPCE),
        ("example.com, .amazonaws.com", STS),
        ("*", STS),
        ("example.com,*", STS),
        ("169.254.0.0/16", METADATA),
        ("169.254.169.254", METADATA),
        ("169.254.169.254:80", METADATA),
        ("169.254.169.254/32", METADATA),
        ("fd00:ec2::/32", METADATA_6),
        ("fd00:ec2::254", METADATA_6),
        ("FD00:EC2:0::254", METADATA_6),
        ("[fd00:ec2::254]:80", METADATA_6),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_listed_host_is_asked_directly(monkeypatch: pytest.MonkeyPatch, name: str, listed: str, url: str) -> None:
    monkeypatch.setenv(name, listed)

    assert is_direct(url)


@pytest.mark.parametrize(
    ("listed", "url"),
    [
        ("", STS),
        (",", STS),
        (".", STS),
        (".sts.us-east-1.amazonaws.com", STS),
        (".sts.us-east-1.amazonaws.com:443", STS),
        ("sts.us-east-1.amazonaws.com.", STS),
        ("example.com .amazonaws.com", STS),
        ("*sts.us-east-1.amazonaws.com", STS),
        ("*amazonaws.com", STS),
        ("*:443", STS),
        (":443", STS),
        ("254", METADATA),
        (".169.254", METADATA),
        ("169.254.0.0/255.255.0.0", METADATA),
        ("[fd00:ec2::254]", METADATA_6),
        ("zonaws.com", STS),
        ("*.sts.us-east-1.amazonaws.com", STS),
        ("sts.us-east-1.amazonaws.com:8443", STS),
        ("sts.us-east-1.amazonaws.com:https", STS),
        ("*.amazonaws.com:443", VPCE),
        ("169.254.0.0/16", STS),
        ("10.0.0.0/8", METADATA),
        ("169.254.169.2", METADATA),
        ("169.254.169.254:8080", METADATA),
        ("[fd00:ec2::254]:8080", METADATA_6),
        ("fd00:ec2::23", METADATA_6),
        ("169.254.0.0/99", METADATA),
        ("[", METADATA_6),
    ],
)
def test_other_host_is_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch, listed: str, url: str) -> None:
    monkeypatch.setenv("NO_PROXY", listed)

    assert not is_direct(url)


@pytest.mark.parametrize("port", ["", ":4566"])
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("listed", ["", "example.com"])
def test_this_machine_is_always_asked_directly(
    monkeypatch: pytest.MonkeyPatch, listed: str, scheme: str, host: str, port: str
) -> None:
    """The proxy would see the keys' session token, and could answer in the place of this machine."""
    monkeypatch.setenv("NO_PROXY", listed)

    assert is_direct(f"{scheme}://{host}{port}/")


@pytest.mark.parametrize(
    "host", ["localhost.example", "xlocalhost", "127.0.0.1.example", "127.0.0.1.5", "[::2]", "128.0.0.1"]
)
def test_look_alike_of_this_machine_is_not(host: str) -> None:
    assert not is_direct(f"http://{host}/")


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1080", "socks5h://a", "socks4://a:1", "ftp://a", "quic://a:1", "HTTP://a:1"]
)
def test_proxy_that_botocore_cannot_use_is_refused(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(proxies.UnsupportedProxyError) as refused:
        proxies.require_supported(STS)

    assert ("HTTPS_PROXY", proxy.partition(":")[0]) == (refused.value.variable, refused.value.scheme)


@pytest.mark.parametrize("proxy", ["http://a:1", "https://a:1", "a:1", "//a:1", "a", ""])
def test_other_proxies_are_not_refused(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    proxies.require_supported(STS)


def test_proxy_that_is_bypassed_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("NO_PROXY", "*.amazonaws.com")

    proxies.require_supported(STS)


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://proxy:port", "http://me:secret@proxy:port", "proxy:port", "//proxy:port", "http://", "http://:3128"),
        *(
            "http://proxy:99999",
            "http://[::1",
            "http://a b:1",
            "http://me:1/secret@proxy:1",
            "http://me:1#secret@proxy:1",
        ),
        *("http://me:secret?@proxy:1", "https://", "://", "://secret", "http://proxy:1\n"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_malformed_proxy_is_refused_by_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str) -> None:
    monkeypatch.setenv(variable, proxy)

    with pytest.raises(proxies.InvalidProxyError) as refused:
        proxies.require_supported(STS)

    # Windows has no lower-case variables.
    assert (variable.upper() if os.name == "nt" else variable) == refused.value.variable
    assert "secret" not in repr(refused.value)


def test_malformed_proxy_is_refused_for_an_instances_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials would be found otherwise, and no reason named."""
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy:port")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    session = Session()
    metadata.watch(session, lambda _: None)

    with pytest.raises(proxies.InvalidProxyError, match="HTTP_PROXY"):
        session.get_component("credential_provider").get_provider("iam-role").load()
