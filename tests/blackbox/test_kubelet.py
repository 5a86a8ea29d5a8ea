"""Requests of kubelet and replies that kubelet accepts, with a node's identity or that of a pod's service account."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import faults
from fakes.faults import FaultyAws
from support import kubernetes
from support.aws_parts import web_identity
from support.home import HOST, OTHER_HOST, ROLE, SECONDARY, Home, Result
from support.kubernetes import Response
from support.secrets import places_of
from support.trace import Modules, deeds_of

_HALF, _SPREAD = 6 * 3600, 0.05 * 12 * 3600
_IMAGE = f"{HOST}/team/app"
_POD_ROLE = f"arn:aws:iam::{SECONDARY}:role/pods"
_OTHER_ROLE = f"arn:aws:iam::{SECONDARY}:role/others"
_CHINA = f"{_IMAGE.partition('.us-east-1')[0]}.cn-north-1.amazonaws.com.cn/app"
_ANNOTATION, _IRSA_ANNOTATION = "eks.amazonaws.com/ecr-role-arn", "eks.amazonaws.com/role-arn"
_APP, _OTHER_APP = "system:serviceaccount:team:app", "system:serviceaccount:team:other"
_DIGEST = f"sha256:{'0' * 64}"

# The program, in which the module that answers kubelet cannot be imported.
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
    "an image that is a list": (kubernetes.request([_IMAGE]), "image in kubelet's request is not a string"),
    "a token that is none": (
        kubernetes.request(_IMAGE, serviceAccountToken="x", serviceAccountAnnotations={_ANNOTATION: ROLE}),
        "is not a JSON web token",
    ),
    "a token that is a number": (kubernetes.request(_IMAGE, serviceAccountToken=1), "is not a string"),
    "annotations that are a list": (kubernetes.request(_IMAGE, serviceAccountAnnotations=["x"]), "not an object"),
    "an annotation that is no text": (kubernetes.request(_IMAGE, serviceAccountAnnotations={"a": 1}), "not a string"),
    "a role that is none": (
        kubernetes.request(
            _IMAGE, serviceAccountToken=web_identity(_APP), serviceAccountAnnotations={_ANNOTATION: "puller"}
        ),
        f"the annotation {_ANNOTATION} of {_APP} is puller, which is not the ARN of a role",
    ),
}


class Kubelet:
    """Kubelet on a node, whose identity is the profile in the plug-in's name, if there is one."""

    def __init__(self, home: Home, profile: str = "secondary") -> None:
        self.home = home
        self.name = f"docker-credential-ecrx{'-' + profile if profile else ''}"
        if not (home.bin / self.name).is_symlink():
            home.link(self.name)

    def run(self, request: str | bytes, **env: str) -> Result:
        """Return how the plug-in answers a request."""
        return self.home.run("kubelet", stdin=request, argv0=self.name, env=env)

    def asks(self, image: str, env: dict[str, str] | None = None, **fields: object) -> Response:
        """Return what kubelet reads from the reply for an image."""
        found = self.run(kubernetes.request(image, **fields), **env or {})
        assert (0, "") == (found.status, found.stderr), found
        return kubernetes.response(found.stdout)

    def asks_for_pod(self, token: str, role: str = _POD_ROLE, annotation: str = _ANNOTATION) -> Response:
        """Return the same for the pod of a service account whose annotation names a role."""
        return self.asks(_IMAGE, serviceAccountToken=token, serviceAccountAnnotations={annotation: role})

    def principal(self, response: Response) -> str:
        """Return the principal that got the password in a response."""
        ((user, password),) = response.auth.values()
        assert "AWS" == user
        return self.home.aws.issued[password].principal


def _refusal(found: Result) -> str:
    """Return the one line on stderr that says what failed."""
    assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n")), found
    return found.stderr


@pytest.fixture
def kubelet(home: Home) -> Kubelet:
    """Return kubelet on a node with the secondary account's role profile; pods may have roles too."""
    home.add_role_profile()
    for role in (_POD_ROLE, _OTHER_ROLE):
        home.aws.add_role(role, web_identity_subjects=[_APP, _OTHER_APP])
    return Kubelet(home)


class TestResponse:
    def test_cache_duration_ends_at_refresh(self, kubelet: Kubelet) -> None:
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
    def test_auth_key_matches_only_the_images_registry(self, kubelet: Kubelet, image: str) -> None:
        (key,) = kubelet.asks(image).auth

        assert kubernetes.matches(key, image)
        assert not kubernetes.matches(key, f"{OTHER_HOST}/team/app")

    def test_ignores_unknown_request_fields(self, kubelet: Kubelet) -> None:
        assert [HOST] == [*kubelet.asks(_IMAGE, podName="app-1").auth]

    def test_uses_role_mapped_in_config(self, home: Home) -> None:
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
    def test_is_empty_for_other_registries(self, kubelet: Kubelet, image: str) -> None:
        assert {} == kubelet.asks(image).auth
        assert [] == kubelet.home.aws.calls

    def test_is_empty_for_ecr_public_without_credentials(self, home: Home) -> None:
        assert {} == Kubelet(home, profile="").asks("public.ecr.aws/docker/library/busybox").auth


class TestKeyring:
    """Kernel keyrings belong to a user ID, so a container that runs as root reads and writes the node's."""

    def test_is_not_read_unless_configured(self, kubelet: Kubelet, kernel: dict[str, str]) -> None:
        """A container may have put there what is cached."""
        planted = kubelet.home.get(env=kernel).secret

        answers = [kubelet.asks(_IMAGE) for _ in range(2)]

        assert 3 == len({planted, *(answer.auth[HOST][1] for answer in answers)})

    @pytest.mark.parametrize("token", ["", web_identity(_APP)], ids=["node", "service account"])
    def test_is_not_written_unless_configured(self, kubelet: Kubelet, token: str) -> None:
        fields = {"serviceAccountToken": token, "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}} if token else {}

        _, deeds = deeds_of(
            [kubelet.home.bin / kubelet.name, "kubelet"], kubernetes.request(_IMAGE, **fields), kubelet.home.env
        )

        assert ([], [], []) == (deeds.keys, deeds.locks, deeds.written)

    @pytest.mark.parametrize("keyring", ["kernel", "auto"])
    @pytest.mark.parametrize("by", ["environment", "file"])
    def test_is_used_if_configured(self, kubelet: Kubelet, keyring: str, by: str) -> None:
        if by == "file":
            kubelet.home.configure(f'[cache]\nkeyring = "{keyring}"\n')
        env = {"ECRX_KEYRING": keyring} if by == "environment" else {}

        first = kubelet.asks(_IMAGE, env)

        assert first.auth == kubelet.asks(_IMAGE, env).auth
        assert {HOST: ("AWS", kubelet.home.get(env=env).secret)} == first.auth

    def test_is_not_configured_by_rules_alone(self, kubelet: Kubelet) -> None:
        kubelet.home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n[cache]\n')

        assert kubelet.asks(_IMAGE).auth != kubelet.asks(_IMAGE).auth

    def test_ignores_token_stored_by_docker_login(self, kubelet: Kubelet, kernel: dict[str, str]) -> None:
        kubelet.home.store(HOST, "AWS", "c3RvcmVk", env=kernel)

        assert "assumed-role/puller/" in kubelet.principal(kubelet.asks(_IMAGE))


class TestFailure:
    @pytest.mark.parametrize(("request_", "says"), _REFUSED.values(), ids=_REFUSED)
    def test_is_one_line_on_stderr_only(self, kubelet: Kubelet, request_: str | bytes, says: str) -> None:
        assert says in _refusal(kubelet.run(request_))
        assert [] == kubelet.home.aws.calls

    def test_of_aws_names_profile_and_registry(self, home: Home) -> None:
        home.add_profile("secondary", role_arn=ROLE, source_profile="missing")

        said = _refusal(Kubelet(home).run(kubernetes.request(_IMAGE)))

        assert f"no token for {HOST} with profile secondary" in said

    def test_of_configuration_names_the_file(self, kubelet: Kubelet) -> None:
        kubelet.home.configure("[[registry]]\n")

        assert "config.toml" in _refusal(kubelet.run(kubernetes.request(_IMAGE)))

    def test_of_arguments_is_a_usage_error(self, home: Home) -> None:
        found = home.run("kubelet", "--cache")

        assert (2, "") == (found.status, found.stdout)

    def test_of_a_missing_module_is_one_line(self, home: Home) -> None:
        command, request = [sys.executable, "-c", _LOST, "kubelet"], kubernetes.request(_IMAGE)
        done = subprocess.run(command, input=request.encode(), env=home.env, capture_output=True, check=False)

        said = _refusal(Result(done.returncode, done.stdout.decode(), done.stderr.decode()))

        assert "docker-credential-ecrx: a part of the program is missing: " in said


class TestServiceAccount:
    @pytest.mark.parametrize("annotation", [_ANNOTATION, _IRSA_ANNOTATION])
    def test_uses_role_from_annotation(self, kubelet: Kubelet, annotation: str) -> None:
        found = kubelet.asks_for_pod(web_identity(_APP), annotation=annotation)

        assert "assumed-role/pods/" in kubelet.principal(found)
        assert ["AssumeRoleWithWebIdentity", "GetAuthorizationToken"] == [c.operation for c in kubelet.home.aws.calls]

    @pytest.mark.parametrize(("image", "role"), [(_IMAGE, _POD_ROLE.replace("aws", "aws-cn", 1)), (_CHINA, _POD_ROLE)])
    def test_is_sent_to_no_other_partition(self, kubelet: Kubelet, image: str, role: str) -> None:
        fields = {"serviceAccountToken": web_identity(_APP), "serviceAccountAnnotations": {_ANNOTATION: role}}
        found = kubelet.run(kubernetes.request(image, **fields))

        own, other = ("aws-cn", "aws") if image == _IMAGE else ("aws", "aws-cn")
        line = f"{role} is in the partition {own}, but {image.partition('/')[0]} is in {other}; name a role"
        assert (1, True) == (found.status, line in found.stderr)
        assert not kubelet.home.aws.calls

    def test_falls_back_to_role_from_environment(self, kubelet: Kubelet) -> None:
        env = {"AWS_ECR_ROLE_ARN": _POD_ROLE}

        found = kubelet.asks(_IMAGE, env, serviceAccountToken=web_identity(_APP))

        assert "assumed-role/pods/" in kubelet.principal(found)

    def test_falls_back_to_node_identity(self, kubelet: Kubelet) -> None:
        found = kubelet.asks(_IMAGE, serviceAccountToken=web_identity(_APP), serviceAccountAnnotations={})

        assert "assumed-role/puller/" in kubelet.principal(found)

    def test_token_renewal_keeps_cached_token(self, kubelet: Kubelet, kernel: dict[str, str]) -> None:
        """The cached token remains in use after the service account's own token is renewed."""
        kubelet.home.env |= kernel
        first = kubelet.asks_for_pod(web_identity(_APP, issued_at=1))
        kubelet.home.aws.calls.clear()

        assert first.auth == kubelet.asks_for_pod(web_identity(_APP, issued_at=2)).auth
        assert [] == kubelet.home.aws.calls

    def test_cached_token_is_not_shared(self, kubelet: Kubelet, kernel: dict[str, str]) -> None:
        """Another account, another role and the node each get a token of their own."""
        kubelet.home.env |= kernel
        kubelet.home.store(HOST, "AWS", "c3RvcmVk")  # the login of a person on the node
        answers = [
            kubelet.asks_for_pod(web_identity(_APP)),
            kubelet.asks_for_pod(web_identity(_OTHER_APP)),
            kubelet.asks_for_pod(web_identity(_APP), role=_OTHER_ROLE),
            kubelet.asks(_IMAGE),
        ]

        assert len(answers) == len({password for answer in answers for _, password in answer.auth.values()})

    def test_untrusted_one_is_named_with_the_role(self, kubelet: Kubelet) -> None:
        """The error is one line, and does not show the token."""
        token = web_identity("system:serviceaccount:team:outsider")
        fields = {"serviceAccountToken": token, "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}}

        said = _refusal(kubelet.run(kubernetes.request(_IMAGE, **fields)))

        assert f"with role {_POD_ROLE} for system:serviceaccount:team:outsider: AWS denied" in said
        assert token not in said

    def test_own_token_stays_private(self, kubelet: Kubelet, tmp_path: Path) -> None:
        """The service account's token reaches no file, no log and no other program."""
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
    def aws(self) -> Iterator[FaultyAws]:
        """Return an AWS that trusts no issuer of web identities."""
        with FaultyAws() as fake:
            said = "No OpenIDConnect provider found in your account for https://issuer"
            fake.fail("AssumeRoleWithWebIdentity", faults.error("InvalidIdentityToken", said))
            yield fake

    def test_error_says_what_to_check(self, kubelet: Kubelet) -> None:
        fields = {"serviceAccountToken": web_identity(_APP), "serviceAccountAnnotations": {_ANNOTATION: _POD_ROLE}}

        said = _refusal(kubelet.run(kubernetes.request(_IMAGE, **fields)))

        assert "(InvalidIdentityToken): No OpenIDConnect provider found" in said
        assert "check the issuer and audience" in said


class TestNodeWithoutCredentials:
    def test_error_names_node_requirements(self, kubelet: Kubelet) -> None:
        """The error says what a node needs and names no command to type."""
        (kubelet.home.folder / ".aws" / "credentials").unlink()
        node = Kubelet(kubelet.home, profile="")

        said = _refusal(node.run(kubernetes.request(_IMAGE)))

        needed = "attach a role to the node, or name a profile that has credentials in config.toml"
        assert f"with the default credential chain: there are no AWS credentials; {needed}\n" in said


class TestCost:
    def test_cached_response_imports_three_more_modules(self, kubelet: Kubelet, kernel: dict[str, str]) -> None:
        """A cached response imports three modules more than a cached get."""
        home = kubelet.home
        home.env |= kernel
        modules = Modules(home.program, home.env)
        asked = kubernetes.request(_IMAGE)
        kubelet.asks(_IMAGE)
        home.get()

        _, get = deeds_of([home.bin / kubelet.name, "get"], HOST, home.env)
        _, answer = deeds_of([home.bin / kubelet.name, "kubelet"], asked, home.env)

        package = "docker_credential_ecrx"
        added = modules.of(answer) - modules.of(get)
        # The frozen program has the second in a file with others.
        names = {f"{package}.protocols.kubelet"}
        if not modules.are_frozen:
            names.add(f"{package}.system.fast_json")
        assert names == added - {"_json"}
        assert [] == answer.written
