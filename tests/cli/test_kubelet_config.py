"""``kubelet config``: what kubelet and kubectl read; tests/docs/test_kubernetes.py has its usual output."""

import json
from typing import Any

import pytest
import yaml

from docker_credential_ecrx.protocols.kubelet import ANNOTATIONS
from support import kubernetes
from support.home import Home


def _provider(home: Home, *options: str) -> dict[str, Any]:
    """Return the provider that kubelet reads."""
    found = home.run("kubelet", "config", *options)
    assert (0, "") == (found.status, found.stderr), found
    (provider,) = kubernetes.providers(yaml.safe_load(found.stdout))
    return provider


def test_json_is_the_same_as_yaml(home: Home) -> None:
    options = ("--config", "/a b/true: #", "--service-accounts", "optional", "--match", "*.example.com:443/team")

    assert json.loads(home.run("kubelet", "config", *options, "--json").stdout) == yaml.safe_load(
        home.run("kubelet", "config", *options).stdout
    )


def test_json_of_permission_is_one_list(home: Home) -> None:
    found = json.loads(home.run("kubelet", "config", "--rbac", "--json").stdout)

    assert found == {"apiVersion": "v1", "kind": "List", "items": [*_documents(home)]}


def _documents(home: Home) -> list[Any]:
    return list(yaml.safe_load_all(home.run("kubelet", "config", "--rbac").stdout))


def test_without_options_needs_no_file(home: Home) -> None:
    """A variable that names a file which does not exist would be an error."""
    assert "env" not in _provider(home)


def test_optional_service_accounts_may_have_no_role(home: Home) -> None:
    """The annotation of IAM roles for service accounts is not asked for: aws-node's role may not pull."""
    found = _provider(home, "--service-accounts", "optional")["tokenAttributes"]

    assert (False, [ANNOTATIONS[0]]) == (
        found["requireServiceAccount"],
        found["optionalServiceAccountAnnotationKeys"],
    )


@pytest.mark.parametrize("patterns", [["111111111111.dkr.ecr.us-east-1.amazonaws.com/team"], ["*.example.com", "b.c"]])
def test_match_takes_the_place_of_the_usual_images(home: Home, patterns: list[str]) -> None:
    """A pattern with a star may be one for ECR."""
    options = [word for pattern in patterns for word in ("--match", pattern)]

    assert patterns == _provider(home, *options)["matchImages"]


def test_match_adds_hosts_of_ones_own(home: Home) -> None:
    usual = _provider(home)["matchImages"]

    found = _provider(home, "--match", "images.example.com/team", "--match", "localhost:5000")["matchImages"]

    assert [*usual, "images.example.com/team", "localhost:5000"] == found
    assert "public.ecr.aws" in usual


def test_examples_read_the_nodes_file(home: Home) -> None:
    """Without --config, root's own file is read."""
    *_, examples = home.run("kubelet", "config", "--help").stdout.partition("Examples:")
    written = [line for line in examples.splitlines() if "credential-provider.yaml" in line]

    assert written
    assert all(" --config /etc/ecrx/config.toml " in line for line in written)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--config", "config.toml"), "config.toml is not an absolute path on the node"),
        (("--match", "https://a.example.com"), "https://a.example.com is not a pattern for images"),
        (("--match", "a.example.com/*"), "a.example.com/* is not a pattern for images"),
        (("--match", "a..example.com"), "a..example.com is not a pattern for images"),
    ],
)
def test_wrong_values_are_one_line(home: Home, options: tuple[str, ...], says: str) -> None:
    found = home.run("kubelet", "config", *options)

    assert (2, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
    assert says in found.stderr


@pytest.mark.parametrize("arguments", [("config", "--service-accounts", "all"), ("config", "x"), ("cnofig",)])
def test_wrong_arguments_show_usage(home: Home, arguments: tuple[str, ...]) -> None:
    found = home.run("kubelet", *arguments)

    assert (2, "") == (found.status, found.stdout)
    assert "Usage: docker-credential-ecrx kubelet" in found.stderr
