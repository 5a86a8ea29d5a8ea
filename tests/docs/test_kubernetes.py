"""docs/kubernetes.md: kubelet accepts its configurations, and the program behaves as they say."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker_credential_ecrx.ecr import registry
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.protocols.kubelet import ANNOTATIONS, VARIABLE
from support import kubernetes, pages
from support.aws_parts import web_identity
from support.home import Home
from support.kubernetes import Response

_PAGE = "kubernetes.md"
_NODE_ACCOUNT = "555555555555"
_DOCUMENTS: list[dict[str, Any]] = [yaml.safe_load(block) for block in pages.blocks(_PAGE, "yaml")]
_CONFIGS = [document for document in _DOCUMENTS if document["kind"] == "CredentialProviderConfig"]
((_SERVICE_ACCOUNT,), (_ROLE,), (_BINDING,)) = (
    [document for document in _DOCUMENTS if document["kind"] == kind]
    for kind in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding")
)
(_ECRX_TOML,) = pages.blocks(_PAGE, "toml")
_in_both_forms = pytest.mark.parametrize("program", ["wheel", "frozen"], indirect=True)


def _provider(number: int) -> dict[str, Any]:
    """Return what the configuration of that number on the page makes kubelet run."""
    (provider,) = kubernetes.providers(_CONFIGS[number])
    return provider


def _hosts() -> list[str]:
    """Return a host of each form that the program recognises."""
    found = [*registry._PUBLIC_HOSTS]  # noqa: SLF001 - what the page must not miss
    suffixes = {"dkr.ecr": registry.SUFFIXES, "dkr-ecr": registry.DUAL_STACK_SUFFIXES}
    for infix, of_infix in suffixes.items():
        for suffix, partitions in of_infix.items():
            regions = [f"{area or 'us'}-east-1" for _, area in partitions]
            found += [f"111111111111.{infix}{fips}.{region}.{suffix}" for fips in ("", "-fips") for region in regions]
    return [host for host in found if Registry.parse(host)]


def _asks(home: Home, provider: dict[str, Any], image: str, **fields: object) -> Response:
    """Return what kubelet reads from the reply, in an environment without a home."""
    env = {entry["name"]: entry["value"] for entry in provider.get("env", [])}
    found = home.run(*provider["args"], stdin=kubernetes.request(image, **fields), env=env)
    assert (0, "") == (found.status, found.stderr), found
    return kubernetes.response(found.stdout)


def _principal(home: Home, found: Response) -> str:
    ((_, password),) = found.auth.values()
    return home.aws.issued[password].principal


@pytest.fixture
def node(home: Home) -> Home:
    """Return a node with the identity of AWS's default chain."""
    keys = home.aws.add_user(_NODE_ACCOUNT, "node")
    home.env |= {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    return home


class TestConfig:
    """The page shows what ``kubelet config`` prints."""

    @pytest.mark.parametrize(
        ("options", "numbers"),
        [
            (("--config", "/etc/ecrx/config.toml"), (0,)),
            (("--service-accounts", "required", "--match", "*.dkr.ecr.*.amazonaws.com"), (3,)),
            (("--rbac",), (1, 2)),
        ],
    )
    def test_is_on_the_page(self, home: Home, options: tuple[str, ...], numbers: tuple[int, ...]) -> None:
        blocks = [pages.blocks(_PAGE, "yaml")[number] for number in numbers]

        assert (0, "---\n".join(blocks), "") == home.run("kubelet", "config", *options)

    def test_commands_are_on_the_page(self) -> None:
        said = pages.text(_PAGE)

        assert "`docker-credential-ecrx kubelet config --config /etc/ecrx/config.toml`" in said
        assert "kubelet config --service-accounts required --match '*.dkr.ecr.*.amazonaws.com'`" in said


class TestMatchImages:
    @pytest.mark.parametrize("host", _hosts())
    def test_cover_every_ecr_registry(self, host: str) -> None:
        assert any(kubernetes.matches(pattern, f"{host}/team/app") for pattern in _provider(0)["matchImages"])

    @pytest.mark.parametrize("pattern", _provider(0)["matchImages"])
    def test_cover_only_ecr_registries(self, pattern: str) -> None:
        assert any(kubernetes.matches(pattern, host) for host in _hosts())


@_in_both_forms
class TestNode:
    def test_assumes_roles_mapped_in_config(self, node: Home, tmp_path: Path) -> None:
        path = tmp_path / "ecrx.toml"
        path.write_text(_ECRX_TOML)
        provider = _provider(0)
        assert ["ECRX_CONFIG"] == [entry["name"] for entry in provider["env"]]
        provider = provider | {"env": [{"name": "ECRX_CONFIG", "value": str(path)}]}
        for entry in tomllib.loads(_ECRX_TOML)["registry"]:
            node.aws.add_role(entry["role_arn"], trusts=[_NODE_ACCOUNT], external_id=entry.get("external_id"))
            host = entry["match"].replace("*", "eu-west-1")

            account = entry["role_arn"].split(":")[4]
            assert f"arn:aws:sts::{account}:assumed-role/puller/" in _principal(
                node, _asks(node, provider, f"{host}/a")
            )

    def test_pulls_from_others_with_its_own_identity(self, node: Home, tmp_path: Path) -> None:
        path = tmp_path / "ecrx.toml"
        path.write_text(_ECRX_TOML)
        provider = _provider(0) | {"env": [{"name": "ECRX_CONFIG", "value": str(path)}]}

        found = _asks(node, provider, f"{_NODE_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a")

        assert f"arn:aws:iam::{_NODE_ACCOUNT}:user/node" == _principal(node, found)


class TestServiceAccount:
    @_in_both_forms
    def test_pulls_as_role_of_required_annotation(self, home: Home) -> None:
        name, annotations = _SERVICE_ACCOUNT["metadata"]["name"], _SERVICE_ACCOUNT["metadata"]["annotations"]
        subject = f"system:serviceaccount:{_SERVICE_ACCOUNT['metadata']['namespace']}:{name}"
        assert subject in pages.text(_PAGE)
        required = _provider(1)["tokenAttributes"]["requiredServiceAccountAnnotationKeys"]
        sent = {key: annotations[key] for key in required}
        (role,) = annotations.values()
        home.aws.add_role(role, web_identity_subjects=[subject])

        found = _asks(
            home,
            _provider(1),
            "111111111111.dkr.ecr.us-east-1.amazonaws.com/team/app",
            serviceAccountToken=web_identity(subject),
            serviceAccountAnnotations=sent,
        )

        session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        assert f"{session}/" in _principal(home, found)

    def test_nodes_may_request_the_audience(self) -> None:
        """Kubernetes checks this verb for the node, with the audience as resource and the service account as name."""
        audience = _provider(1)["tokenAttributes"]["serviceAccountTokenAudience"]

        request = ("request-serviceaccounts-token-audience", audience, "app")
        assert kubernetes.allows(_ROLE, _BINDING, "system:nodes", request)

    @pytest.mark.parametrize(
        ("group", "verb", "audience"),
        [
            ("system:authenticated", "request-serviceaccounts-token-audience", "sts.amazonaws.com"),
            ("system:nodes", "create", "sts.amazonaws.com"),
            ("system:nodes", "request-serviceaccounts-token-audience", "https://kubernetes.default.svc"),
        ],
    )
    def test_nothing_else_is_permitted(self, group: str, verb: str, audience: str) -> None:
        assert not kubernetes.allows(_ROLE, _BINDING, group, (verb, audience, "app"))

    @_in_both_forms
    def test_static_pods_pull_as_the_node(self, node: Home) -> None:
        """They have no service account, so a provider without tokenAttributes is for their repositories alone."""
        provider = _provider(2)
        (pattern,) = provider["matchImages"]
        image = f"{pattern}/kube-vip"

        assert "tokenAttributes" not in provider
        assert kubernetes.matches(pattern, image)
        assert not kubernetes.matches(pattern, f"{pattern.partition('/')[0]}/team/app")
        node.link(provider["name"])
        found = node.run(*provider["args"], stdin=kubernetes.request(image), argv0=provider["name"])
        assert f"arn:aws:iam::{_NODE_ACCOUNT}:user/node" == _principal(node, kubernetes.response(found.stdout))

    def test_takes_role_in_the_documented_order(self) -> None:
        places = [pages.text(_PAGE).rindex(f"`{place}`") for place in (*ANNOTATIONS, VARIABLE)]

        assert sorted(places) == places


class TestDaemonSet:
    def test_reads_the_config_map_of_its_file(self) -> None:
        """A change needs a new name, so that the nodes get it one after the other."""
        text = (pages.FOLDER.parent / "deploy" / "kubernetes" / "daemonset.yaml").read_text()
        config_map, daemon_set = yaml.safe_load_all(text)

        read = [volume["configMap"] for volume in daemon_set["spec"]["template"]["spec"]["volumes"][:1]]
        assert [{"name": config_map["metadata"]["name"]}] == read
        assert config_map["immutable"] is True
