"""Which proxy a message names, and that it never has the user and the password in it."""

import pytest

from docker_credential_ecrx.aws import failures, proxy_rules
from docker_credential_ecrx.identity.model import Identity

STS = "sts.us-east-1.amazonaws.com"
CURL = f"curl -sS --max-time 5 https://{STS}/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("http://me:hunter2@proxy.example:3128/", "proxy.example:3128"),
        ("http://me:hunt@er2@proxy.example", "proxy.example:80"),
        ("https://proxy.example", "proxy.example:443"),
        ("me:hunter2@proxy.example:3128", "proxy.example:3128"),
        ("http://[::1]:3128", "[::1]:3128"),
        *((url, "") for url in ("http://me:1/hunter2@proxy:1", "http://me:1#hunter2@proxy:1", "http://hunter2:x", "")),
        *((url, "") for url in ("http://me:hunter2?@proxy:1", "://hunter2", "http://[hunter2")),
    ],
)
def test_place_is_host_and_port_alone(url: str, expected: str) -> None:
    assert expected == proxy_rules.place(url)


@pytest.mark.parametrize(
    ("host", "env", "expected"),
    [
        (STS, {}, " (no proxy is set in HTTPS_PROXY)"),
        (STS, {"HTTPS_PROXY": "http://me:hunter2@proxy:3128"}, " and the proxy proxy:3128 (from HTTPS_PROXY)"),
        (STS, {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"}, " and the proxy a:1 (from https_proxy)"),
        (STS, {"https_proxy": "", "HTTPS_PROXY": "http://b:2"}, " and the proxy b:2 (from HTTPS_PROXY)"),
        (STS, {"HTTPS_PROXY": "http://me:1/hunter2@proxy"}, " and the proxy in HTTPS_PROXY"),
        (
            STS,
            {"HTTPS_PROXY": "http://b:2", "no_proxy": "amazonaws.com"},
            " (no proxy is used, because no_proxy lists the host)",
        ),
        ("169.254.169.254", {"HTTP_PROXY": "http://b:2"}, " and the proxy b:2 (from HTTP_PROXY)"),
        ("127.0.0.1", {"HTTPS_PROXY": "http://b:2"}, ""),
        ("", {"HTTPS_PROXY": "http://b:2"}, ""),
    ],
)
def test_message_names_the_proxy_or_that_there_is_none(host: str, env: dict[str, str], expected: str) -> None:
    assert expected == proxy_rules.described(host, env)


@pytest.mark.parametrize(
    ("host", "env", "command"),
    [
        (STS, {}, CURL),
        (STS, {"AWS_ENDPOINT_URL_STS": f"http://{STS}:8080/path"}, ""),
        ("127.0.0.1", {}, ""),
        ("a;b.example", {}, ""),
    ],
)
def test_command_asks_the_host_that_failed(host: str, env: dict[str, str], command: str) -> None:
    assert command == proxy_rules.curl(host, env)


@pytest.mark.parametrize("code", ["timeout", "no-response", "connection-closed"])
def test_failure_of_the_network_names_proxy_and_command(code: str) -> None:
    """Another process, which only reads the codes, says the same."""
    env = {"HTTPS_PROXY": "http://me:hunter2@proxy.example:3128"}
    caller = failures.find_caller(Identity("p"), env)

    error = failures.client_error(code, caller, host=STS, seconds="9")
    again = failures.from_codes(error.codes, Identity("p"), env, "ecr")

    assert f"check the network and the proxy proxy.example:3128 (from HTTPS_PROXY): {CURL}" == str(error.remedy)
    assert str(error) == str(again)
