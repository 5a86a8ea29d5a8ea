"""Kubelet's requests, and answers that kubelet takes: a node's identity, and that of a pod's service account."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from standin import faults
from standin.faults import FaultyStandIn
from support import kubernetes
from support.aws_parts import web_identity
from support.home import HOST, OTHER_HOST, ROLE, SECONDARY, Home, Result
from support.kubernetes import Response
from support.secrets import places_of
from support.trace import Modules, deeds_of

_KERNEL = {"ECRX_KEYRING": "kernel"}
_HALF, _SPREAD = 6 * 3600, 0.05 * 12 * 3600
_IMAGE = f"{HOST}/team/app"
_POD_ROLE = f"arn:aws:iam::{SECONDARY}:role/pods"
_OTHER_ROLE = f"arn:aws:iam::{SECONDARY}:role/others"
_ANNOTATION, _IRSA_ANNOTATION = "eks.amazonaws.com/ecr-role-arn", "eks.amazonaws.com/role-arn"
_APP, _OTHER_APP = "system:serviceaccount:team:app", "system:serviceaccount:team:other"
_DIGEST = f"sha256:{'0' * 64}"

# The program, in which what answers kubelet cannot be loaded.
_LOST = """\
import sys
from docker_credential_ecrx import __main__
sys.modules["docker_credential_ecrx.protocols.kubelet"] = None
sys.exit(__main__.main())
"""

_REFUSED = {
    "nothing": ("", "not a JSON object"),
    "no JSON": ("kind: CredentialProviderRequest", "not a JSON object"),
    "half of it": (kubernetes.request(_IMAGE)[:-1], "not a JSON object"),
    "two documents": (kubernetes.request(_IMAGE) * 2, "not a JSON object"),
    "a list": ("[]", "not a JSON object"),
    "an endless list": ("[" * 100_000, "not a JSON object"),
    "no UTF-8": (b'{"kind":"\xff"}', "not a JSON object"),
    "5 MB": (kubernetes.request("x" * 5_000_000), "longer than 1 MiB"),
    "5 MB of nothing": (" " * 5_000_000, "longer than 1 MiB"),
    "no kind": (json.dumps({"apiVersion": kubernetes.API_VERSION, "image": _IMAGE}), "the kind"),
    "another kind": (kubernetes.request(_IMAGE, kind="CredentialProviderResponse"), "the kind"),
    "a kind in lower case": (kubernetes.request(_IMAGE, kind="credentialproviderrequest"), "the kind"),
    "an older version": (
        kubernetes.request(_IMAGE, apiVersion="credentialprovider.kubelet.k8s.io/v1beta1"),
        "the apiVersion of kubelet's request is credentialprovider.kubelet.k8s.io/v1beta1",
    ),
    "another group": (kubernetes.request(_IMAGE, apiVersion="v1"), "the apiVersion"),
    "a version that is a number": (kubernetes.request(_IMAGE, apiVersion=1), "the apiVersion"),
    "no image": (
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": kubernetes.API_VERSION}),
        "names no image",
    ),
    "an empty image": (kubernetes.request(" "), "names no image"),
    "an image that is a list": (kubernetes.request([_IMAGE]), "image in kubelet's request is not a text"),
    "a token that is none": (
        kubernetes.request(_IMAGE, serviceAccountToken="x", serviceAccountAnnotations={_ANNOTATION: ROLE}),
        "no JSON web token",
    ),
    "a token that is a number": (kubernetes.request(_IMAGE, serviceAccountToken=1), "is not a text"),
    "annotations that are a list": (kubernetes.request(_IMAGE, serviceAccountAnnotations=["x"]), "not an object"),
    "an annotation that is no text": (kubernetes.request(_IMAGE, serviceAccountAnnotations={"a": 1}), "not a text"),
    "a role that is none": (
        kubernetes.request(
            _IMAGE, serviceAccountToken=web_identity(_APP), serviceAccountAnnotations={_ANNOTATION: "puller"}
        ),
        f"the annotation {_ANNOTATION} of {_APP} is puller, which is not a role's ARN",
    ),
}


class Kubelet:
    """Kubelet on a node, whose identity is the profile that the plug-in's name has, if any."""

    def __init__(self, home: Home, profile: str = "secondary") -> None:
        self.home = home
        self.name = f"docker-credential-ecrx{'-' + profile if profile else ''}"
        if not (home.bin / self.name).is_symlink():
            home.link(self.name)

    def run(self, request: str | bytes, **env: str) -> Result:
        """Return how the plug-in answers a request."""
        return self.home.run("kubelet", stdin=request, argv0=self.name, env=env)

    def asks(self, image: str, env: dict[str, str] | None = None, **fields: object) -> Response:
        """Return what kubelet makes of the answer for an image."""
        found = self.run(kubernetes.request(image, **fields), **env or {})
        assert (0, "") == (found.status, found.stderr), found
        return kubernetes.response(found.stdout)

    def asks_for_pod(self, token: str, role: str = _POD_ROLE, annotation: str = _ANNOTATION) -> Response:
        """Return the same for the pod of a service account, to which the annotation gives a role."""
        return self.asks(_IMAGE, serviceAccountToken=token, serviceAccountAnnotations={annotation: role})

    def principal(self, response: Response) -> str:
        """Return who was given the password in a response."""
        ((user, password),) = response.auth.values()
        assert "AWS" == user
        return self.home.aws.issued[password].principal


def _refusal(found: Result) -> str:
    """Return the one line on stderr that says what failed."""
    assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n")), found
    return found.stderr


@pytest.fixture
def kubelet(home: Home) -> Kubelet:
    """Return kubelet on a node that has the secondary account's role profile; pods may have roles too."""
    home.add_role_profile()
    for role in (_POD_ROLE, _OTHER_ROLE):
        home.aws.add_role(role, web_identity_subjects=[_APP, _OTHER_APP])
    return Kubelet(home)


class TestAnswer:
    def test_gives_a_token_until_it_is_due_for_renewal(self, kubelet: Kubelet) -> None:
        found = kubelet.asks(_IMAGE)

        assert "assumed-role/puller/" in kubelet.principal(found)
        assert [HOST] == [*found.auth]
        assert "Registry" == found.cache_key_type
        assert -60 <= found.cache_seconds - (_HALF - _SPREAD) <= 2 * _SPREAD
        assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in kubelet.home.aws.calls]

    @pytest.mark.parametrize(
        "image",
        [
            _IMAGE,
            f"{_IMAGE}:v1",
            f"{_IMAGE}@{_DIGEST}",
            f"{_IMAGE}:v1@{_DIGEST}",
            f"{HOST}:443/team/app:v1",
            f"{HOST.upper()}/team/app",
            HOST,
        ],
    )
    def test_is_for_the_registry_of_the_image_as_the_image_names_it(self, kubelet: Kubelet, image: str) -> None:
        (key,) = kubelet.asks(image).auth

        assert kubernetes.matches(key, image)
        assert not kubernetes.matches(key, f"{OTHER_HOST}/team/app")

    def test_leaves_fields_of_a_newer_kubelet_alone(self, kubelet: Kubelet) -> None:
        assert [HOST] == [*kubelet.asks(_IMAGE, podName="app-1").auth]

    def test_is_of_the_role_that_the_configuration_file_gives_the_registry(self, home: Home) -> None:
        home.add_keys("default", home.aws.add_user("333333333333", "node"))
        home.aws.add_role(ROLE, trusts=["333333333333"])
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\n')
        kubelet = Kubelet(home, profile="")

        assert "assumed-role/puller" in kubelet.principal(kubelet.asks(_IMAGE))
        assert "user/node" in kubelet.principal(kubelet.asks(f"{OTHER_HOST}/app"))

    @pytest.mark.parametrize(
        "image",
        ["docker.io/library/busybox", "busybox", "ghcr.io/a/b:v1", f"{HOST}:5000/a", f"{HOST}.evil.example/a", "ü/a"],
    )
    def test_is_empty_for_a_registry_that_is_not_ecrs(self, kubelet: Kubelet, image: str) -> None:
        assert {} == kubelet.asks(image).auth
        assert [] == kubelet.home.aws.calls

    def test_is_empty_for_ecr_public_where_aws_has_no_credentials(self, home: Home) -> None:
        assert {} == Kubelet(home, profile="").asks("public.ecr.aws/docker/library/busybox").auth


class TestKeyring:
    """Kernel keyrings go by uid, so a container of root's reads the node's and writes there."""

    def test_is_not_asked_unless_one_is_configured(self, kubelet: Kubelet) -> None:
        """What is cached there was perhaps put there by a container."""
        planted = kubelet.home.get(env=_KERNEL).secret

        answers = [kubelet.asks(_IMAGE) for _ in range(2)]

        assert 3 == len({planted, *(answer.auth[HOST][1] for answer in answers)})

    @pytest.mark.parametrize("token", ["", web_identity(_APP)], ids=["node", "service account"])
    def test_gets_nothing_unless_one_is_configured(self, kubelet: Kubelet, token: str) -> None:
        fields = {"serviceAccountToken": token, "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}} if token else {}

        _, deeds = deeds_of(
            [kubelet.home.bin / kubelet.name, "kubelet"], kubernetes.request(_IMAGE, **fields), kubelet.home.env
        )

        assert ([], [], []) == (deeds.keys, deeds.locks, deeds.written)

    @pytest.mark.parametrize("keyring", ["kernel", "auto"])
    @pytest.mark.parametrize("by", ["environment", "file"])
    def test_is_used_if_it_is_configured(self, kubelet: Kubelet, keyring: str, by: str) -> None:
        if by == "file":
            kubelet.home.configure(f'[cache]\nkeyring = "{keyring}"\n')
        env = {"ECRX_KEYRING": keyring} if by == "environment" else {}

        first = kubelet.asks(_IMAGE, env)

        assert first.auth == kubelet.asks(_IMAGE, env).auth
        assert {HOST: ("AWS", kubelet.home.get(env=env).secret)} == first.auth

    def test_of_a_file_with_rules_alone_is_none(self, kubelet: Kubelet) -> None:
        kubelet.home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n[cache]\n')

        assert kubelet.asks(_IMAGE).auth != kubelet.asks(_IMAGE).auth

    def test_is_not_where_a_token_that_docker_login_stored_comes_from(self, kubelet: Kubelet) -> None:
        kubelet.home.store(HOST, "AWS", "c3RvcmVk", env=_KERNEL)

        assert "assumed-role/puller/" in kubelet.principal(kubelet.asks(_IMAGE))


class TestRefusal:
    @pytest.mark.parametrize(("request_", "says"), _REFUSED.values(), ids=_REFUSED)
    def test_is_one_line_on_stderr_and_nothing_on_stdout(
        self, kubelet: Kubelet, request_: str | bytes, says: str
    ) -> None:
        assert says in _refusal(kubelet.run(request_))
        assert [] == kubelet.home.aws.calls

    def test_of_aws_names_profile_and_registry(self, home: Home) -> None:
        home.add_profile("secondary", role_arn=ROLE, source_profile="missing")

        said = _refusal(Kubelet(home).run(kubernetes.request(_IMAGE)))

        assert f"no token for {HOST} with profile secondary" in said

    def test_of_a_configuration_file_names_it(self, kubelet: Kubelet) -> None:
        kubelet.home.configure("[[registry]]\n")

        assert "config.toml" in _refusal(kubelet.run(kubernetes.request(_IMAGE)))

    def test_of_an_argument_is_the_command_lines(self, home: Home) -> None:
        found = home.run("kubelet", "--verbose")

        assert (2, "") == (found.status, found.stdout)

    def test_of_what_cannot_be_loaded_is_one_line_too(self, home: Home) -> None:
        command, request = [sys.executable, "-c", _LOST, "kubelet"], kubernetes.request(_IMAGE)
        done = subprocess.run(command, input=request.encode(), env=home.env, capture_output=True, check=False)

        said = _refusal(Result(done.returncode, done.stdout.decode(), done.stderr.decode()))

        assert "docker-credential-ecrx: a part of the program is missing: " in said


class TestServiceAccount:
    @pytest.mark.parametrize("annotation", [_ANNOTATION, _IRSA_ANNOTATION])
    def test_pulls_as_the_role_that_its_annotation_names(self, kubelet: Kubelet, annotation: str) -> None:
        found = kubelet.asks_for_pod(web_identity(_APP), annotation=annotation)

        assert "assumed-role/pods/" in kubelet.principal(found)
        assert ["AssumeRoleWithWebIdentity", "GetAuthorizationToken"] == [c.operation for c in kubelet.home.aws.calls]

    def test_pulls_as_the_role_of_the_environment_where_no_annotation_names_one(self, kubelet: Kubelet) -> None:
        env = {"AWS_ECR_ROLE_ARN": _POD_ROLE}

        found = kubelet.asks(_IMAGE, env, serviceAccountToken=web_identity(_APP))

        assert "assumed-role/pods/" in kubelet.principal(found)

    def test_pulls_as_the_node_where_nothing_names_a_role(self, kubelet: Kubelet) -> None:
        found = kubelet.asks(_IMAGE, serviceAccountToken=web_identity(_APP), serviceAccountAnnotations={})

        assert "assumed-role/puller/" in kubelet.principal(found)

    def test_keeps_its_token_while_the_service_accounts_own_is_renewed(self, kubelet: Kubelet) -> None:
        kubelet.home.env |= _KERNEL
        first = kubelet.asks_for_pod(web_identity(_APP, issued_at=1))
        kubelet.home.aws.calls.clear()

        assert first.auth == kubelet.asks_for_pod(web_identity(_APP, issued_at=2)).auth
        assert [] == kubelet.home.aws.calls

    def test_shares_its_token_with_no_other_account_no_other_role_and_not_the_node(self, kubelet: Kubelet) -> None:
        kubelet.home.env |= _KERNEL
        kubelet.home.store(HOST, "AWS", "c3RvcmVk")  # what a person on the node logged in with
        answers = [
            kubelet.asks_for_pod(web_identity(_APP)),
            kubelet.asks_for_pod(web_identity(_OTHER_APP)),
            kubelet.asks_for_pod(web_identity(_APP), role=_OTHER_ROLE),
            kubelet.asks(_IMAGE),
        ]

        assert len(answers) == len({password for answer in answers for _, password in answer.auth.values()})

    def test_that_the_role_does_not_trust_is_refused_in_one_line_that_names_both(self, kubelet: Kubelet) -> None:
        token = web_identity("system:serviceaccount:team:stranger")
        fields = {"serviceAccountToken": token, "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}}

        said = _refusal(kubelet.run(kubernetes.request(_IMAGE, **fields)))

        assert f"with role {_POD_ROLE} for system:serviceaccount:team:stranger: AWS denied" in said
        assert token not in said

    def test_leaves_its_own_token_in_no_file_no_log_and_with_no_other_program(
        self, kubelet: Kubelet, tmp_path: Path
    ) -> None:
        token = web_identity(_APP)
        fields = {"serviceAccountToken": token, "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}}
        request = kubernetes.request(_IMAGE, **fields)

        found = kubelet.run(request, ECRX_LOG="debug")
        _, deeds = deeds_of([kubelet.home.program, "kubelet"], request, kubelet.home.env | {"ECRX_KEYRING": "none"})

        assert "debug: " in found.stderr
        assert token not in found.stderr
        assert [] == deeds.processes
        assert [] == places_of(token, tmp_path)


class TestRefusedServiceAccount:
    @pytest.fixture
    def aws(self) -> Iterator[FaultyStandIn]:
        """Return an AWS that knows no issuer of web identities."""
        with FaultyStandIn() as standin:
            said = "No OpenIDConnect provider found in your account for https://issuer"
            standin.fail("AssumeRoleWithWebIdentity", faults.error("InvalidIdentityToken", said))
            yield standin

    def test_is_told_what_to_look_at(self, kubelet: Kubelet) -> None:
        fields = {"serviceAccountToken": web_identity(_APP), "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}}

        said = _refusal(kubelet.run(kubernetes.request(_IMAGE, **fields)))

        assert "AWS refused the web identity token (InvalidIdentityToken): No OpenIDConnect provider found" in said
        assert "check issuer and audience" in said


class TestNodeWithoutCredentials:
    def test_is_told_what_a_node_needs_and_nothing_to_type(self, kubelet: Kubelet) -> None:
        (kubelet.home.folder / ".aws" / "credentials").unlink()
        node = Kubelet(kubelet.home, profile="")

        said = _refusal(node.run(kubernetes.request(_IMAGE)))

        needed = "give the node a role, or have config.toml name an AWS profile that has credentials"
        assert f"with the default credential chain: there are no AWS credentials; {needed}\n" in said


class TestCost:
    def test_of_a_cached_answer_is_three_modules_more_than_a_cached_get(self, kubelet: Kubelet) -> None:
        home = kubelet.home
        home.env |= _KERNEL
        modules = Modules(home.program, home.env)
        asked = kubernetes.request(_IMAGE)
        kubelet.asks(_IMAGE)
        home.get()

        _, get = deeds_of([home.bin / kubelet.name, "get"], HOST, home.env)
        _, answer = deeds_of([home.bin / kubelet.name, "kubelet"], asked, home.env)

        package = "docker_credential_ecrx"
        added = modules.of(answer) - modules.of(get)
        assert {f"{package}.kubelet", f"{package}.plain_json"} == added - {"_json"}
        assert [] == answer.written
