"""kubelet's own code runs the program as the configuration says that ``kubelet config`` prints."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import faults
from fakes.faults import FaultyAws
from support import kubelet_code, pages
from support.aws_parts import web_identity
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, SECONDARY, Home
from support.kubelet_code import KubeletCode

_ROOT = Path(__file__).parents[2]
_NODE_ACCOUNT = "555555555555"
_ROLE = f"arn:aws:iam::{SECONDARY}:role/pods"
# Of IAM roles for service accounts: it has AmazonEKS_CNI_Policy, which permits nothing in ECR.
_CNI_ROLE = f"arn:aws:iam::{_NODE_ACCOUNT}:role/cni"
_EKS = "602401143452.dkr.ecr.us-east-1.amazonaws.com"
_ANNOTATION = "eks.amazonaws.com/ecr-role-arn"


def _subject(name: str) -> str:
    return f"system:serviceaccount:team:{name}"


def _account(name: str, role: str | None = _ROLE) -> dict[str, object]:
    annotations = {_ANNOTATION: role} if role else {}
    return {
        "uid": f"uid-{name}",
        "annotations": annotations,
        "token": web_identity(_subject(name)),
        "audience": "sts.amazonaws.com",
    }


_ACCOUNTS = {
    "team/app": _account("app"),
    "team/web": _account("web"),
    "team/plain": _account("plain", None),
    "team/outsider": _account("outsider"),
    "team/refused": _account("refused", None) | {"audience": "another audience"},
    "kube-system/aws-node": _account("aws-node", None) | {"annotations": {"eks.amazonaws.com/role-arn": _CNI_ROLE}},
}


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    """Return a fake AWS, whose role two service accounts may assume."""
    with FaultyAws() as aws:
        aws.add_role(_ROLE, web_identity_subjects=[_subject("app"), _subject("web")])
        yield aws


@pytest.fixture
def node(home: Home) -> Home:
    """Return a node with the identity of AWS's default chain."""
    keys = home.aws.add_user(_NODE_ACCOUNT, "node")
    home.env |= {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    return home


def _config(node: Home, *options: str, folder: Path) -> Path:
    """Return a file with what ``kubelet config`` prints."""
    path = folder / "credential-provider.yaml"
    found = node.run("kubelet", "config", *options)
    assert (0, "") == (found.status, found.stderr), found
    path.write_text(found.stdout)
    return path


def _kubelet(node: Home, config: Path) -> KubeletCode:
    return KubeletCode(config, node.bin, node.env, _ACCOUNTS)


def _principals(node: Home, found: kubelet_code.Found) -> list[str]:
    return [node.aws.issued[password].principal for password in found.passwords]


class TestNode:
    def test_pulls_as_the_node_and_kubelet_caches(self, node: Home, tmp_path: Path) -> None:
        """Kubelet runs the program once for all images of a registry."""
        with _kubelet(node, _config(node, folder=tmp_path)) as kubelet:
            found = [kubelet.ask(f"{HOST}/{name}") for name in ("app:v1", "team/web:v2", "app:v1")]
            other = kubelet.ask(f"{OTHER_HOST}/app:v1")

        assert [f"arn:aws:iam::{_NODE_ACCOUNT}:user/node"] == _principals(node, found[0])
        assert found[0].passwords == found[1].passwords == found[2].passwords
        assert ([""], 2) == (other.service_accounts, node.aws.count("GetAuthorizationToken"))

    @in_one_form
    def test_in_json_is_accepted_too(self, node: Home, tmp_path: Path) -> None:
        with _kubelet(node, _config(node, "--json", folder=tmp_path)) as kubelet:
            found = kubelet.ask(f"{HOST}/app").passwords

        assert (1, "") == (len(found), kubelet.said)

    @in_one_form
    @pytest.mark.parametrize("image", ["docker.io/library/busybox", "busybox", f"{HOST}.evil.example/a"])
    def test_is_not_asked_for_other_registries(self, node: Home, tmp_path: Path, image: str) -> None:
        with _kubelet(node, _config(node, folder=tmp_path)) as kubelet:
            assert [] == kubelet.ask(image).passwords

        assert ([], "") == (node.aws.calls, kubelet.said)

    @in_one_form
    def test_failure_is_one_line_in_its_log(self, node: Home, aws: FaultyAws, tmp_path: Path) -> None:
        aws.fail("GetAuthorizationToken", faults.error("AccessDeniedException", "not authorized"))

        with _kubelet(node, _config(node, folder=tmp_path)) as kubelet:
            assert [] == kubelet.ask(f"{HOST}/app").passwords

        assert "Failed to provide credentials for image" in kubelet.said
        (line,) = (line for line in kubelet.said.splitlines() if "docker-credential-ecrx: " in line)
        assert f"docker-credential-ecrx: no token for {HOST} with access key" in line
        assert "AWS denied GetAuthorizationToken" in line

    @in_one_form
    def test_hanging_aws_ends_before_kubelets_limit(self, node: Home, aws: FaultyAws, tmp_path: Path) -> None:
        """Kubelet kills a provider after a minute, and would not say why it hung."""
        aws.fail("GetAuthorizationToken", faults.late(60))

        with _kubelet(node, _config(node, folder=tmp_path)) as kubelet:
            found = kubelet.ask(f"{HOST}/app")

        assert ([], True) == (found.passwords, found.seconds < 30)
        assert f"docker-credential-ecrx: no token for {HOST}" in kubelet.said
        assert "context deadline exceeded" not in kubelet.said


class TestServiceAccount:
    def test_with_a_role_pulls_as_that_role(self, node: Home, tmp_path: Path) -> None:
        """Each service account gets a token of its own, and kubelet caches it while the account's token is renewed."""
        renewed = web_identity(_subject("app"), issued_at=2)

        with _kubelet(node, _config(node, "--service-accounts", "required", folder=tmp_path)) as kubelet:
            first, web = (kubelet.ask(f"{HOST}/app", f"team/{name}") for name in ("app", "web"))
            again = kubelet.ask(f"{HOST}/other", "team/app", renewed)

        assert ":assumed-role/pods/" in _principals(node, first)[0]
        assert (["team/app"], ["team/web"]) == (first.service_accounts, web.service_accounts)
        assert first.passwords == again.passwords != web.passwords
        assert (2, "") == (node.aws.count("AssumeRoleWithWebIdentity"), kubelet.said)

    @in_one_form
    @pytest.mark.parametrize("account", ["team/plain", ""], ids=["no annotation", "static pod"])
    def test_without_a_role_is_refused_if_required(self, node: Home, tmp_path: Path, account: str) -> None:
        with _kubelet(node, _config(node, "--service-accounts", "required", folder=tmp_path)) as kubelet:
            assert [] == kubelet.ask(f"{HOST}/app", account).passwords

        assert [] == node.aws.calls

    @in_one_form
    @pytest.mark.parametrize(
        "account",
        ["team/plain", "", "kube-system/aws-node"],
        ids=["no annotation", "static pod", "role for something else"],
    )
    def test_without_a_role_pulls_as_the_node_if_optional(self, node: Home, tmp_path: Path, account: str) -> None:
        with _kubelet(node, _config(node, "--service-accounts", "optional", folder=tmp_path)) as kubelet:
            found = kubelet.ask(f"{HOST}/app", account)
            of_role = kubelet.ask(f"{HOST}/app", "team/app")

        assert [f"arn:aws:iam::{_NODE_ACCOUNT}:user/node"] == _principals(node, found)
        assert ":assumed-role/pods/" in _principals(node, of_role)[0]

    @in_one_form
    def test_whose_token_is_refused_pulls_nothing_if_optional(self, node: Home, tmp_path: Path) -> None:
        """As on a node that may not request tokens for AWS STS: it does not pull as the node either."""
        with _kubelet(node, _config(node, "--service-accounts", "optional", folder=tmp_path)) as kubelet:
            assert [] == kubelet.ask(f"{HOST}/app", "team/refused").passwords

        assert "failed to get service account token" in kubelet.said
        assert [] == node.aws.calls

    @in_one_form
    def test_alone_pulls_from_repositories_as_on_the_page(self, node: Home, tmp_path: Path) -> None:
        """The configuration of docs/eks.md, in which EKS's own provider answers for the images of its nodes."""
        (block,) = (block for block in pages.blocks("eks.md", "sh") if "--service-accounts required" in block)
        command, _, *lines, _, _ = block.splitlines(keepends=True)
        _, _, _, *options = shlex.split(command.partition(" >")[0])
        config = _config(node, *options, folder=tmp_path)
        config.write_text(config.read_text() + "".join(lines))
        auth = {_EKS: {"username": "AWS", "password": "of the node"}}
        kinds = {"kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1"}
        response = json.dumps(kinds | {"cacheKeyType": "Registry", "auth": auth})
        own = node.bin / "ecr-credential-provider"
        own.write_text(f"#!/bin/sh\necho '{response}'\n")
        own.chmod(0o755)

        with _kubelet(node, config) as kubelet:
            of_role, of_other = (kubelet.ask(f"{HOST}/app", f"team/{name}") for name in ("app", "plain"))
            of_node = kubelet.ask(f"{_EKS}/amazon-k8s-cni", "kube-system/aws-node")

        assert ":assumed-role/pods/" in _principals(node, of_role)[0]
        assert ([], ["of the node"]) == (of_other.passwords, of_node.passwords)

    @in_one_form
    def test_that_the_role_does_not_trust_is_named(self, node: Home, tmp_path: Path) -> None:
        with _kubelet(node, _config(node, "--service-accounts", "required", folder=tmp_path)) as kubelet:
            assert [] == kubelet.ask(f"{HOST}/app", "team/outsider").passwords

        assert f"with role {_ROLE} for system:serviceaccount:team:outsider" in kubelet.said
        assert str(_ACCOUNTS["team/outsider"]["token"]) not in kubelet.said


@in_one_form
class TestRefusal:
    """Kubelet's decoder is strict: what these tests accept is not accepted by chance."""

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("defaultCacheDuration", "cacheDuration", 'unknown field "providers[0].cacheDuration"'),
            ("credentialprovider.kubelet.k8s.io/v1", "v1", "failed to validate credential provider config"),
            ("cacheType: ServiceAccount", "cacheType: Pod", "tokenAttributes.cacheType"),
            ("name: docker-credential-ecrx", "name: missing", "plugin binary executable  did not exist"),
        ],
    )
    def test_of_a_wrong_configuration(self, node: Home, tmp_path: Path, old: str, new: str, says: str) -> None:
        config = _config(node, "--service-accounts", "required", folder=tmp_path)
        assert old in config.read_text()
        config.write_text(config.read_text().replace(old, new))

        with _kubelet(node, config) as kubelet:
            pass

        assert says in kubelet.said


@in_one_form
class TestTypes:
    def test_have_all_fields_of_the_permission(self, node: Home, tmp_path: Path) -> None:
        path = tmp_path / "rbac.yaml"
        for options, kinds in (((), ["ClusterRole", "ClusterRoleBinding"]), (("--json",), ["List"])):
            path.write_text(node.run("kubelet", "config", "--rbac", *options).stdout)

            assert kinds == kubelet_code.check(path)

    def test_lack_what_is_misspelt(self, node: Home, tmp_path: Path) -> None:
        path = tmp_path / "rbac.yaml"
        path.write_text(node.run("kubelet", "config", "--rbac").stdout.replace("roleRef:", "roleref:"))

        done = subprocess.run([kubelet_code.program(), "check", path], capture_output=True, text=True, check=False)

        assert (1, True) == (done.returncode, 'unknown field "roleref"' in done.stderr)


def test_types_have_all_fields_of_the_daemon_set() -> None:
    assert ["ConfigMap", "DaemonSet"] == kubelet_code.check(_ROOT / "deploy" / "kubernetes" / "daemonset.yaml")
