"""Secrets and control characters in any field of AWS's responses are never shown, and reach no file."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

import pytest
from faults.helpers import ASSUME, FETCH, World, server

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes.faults import Fault
from support import aws_parts
from support.aws_parts import Server
from support.forms import in_one_form
from support.home import HOST, PRIMARY, ROLE, SECONDARY
from support.markers import BOTH, ODD, WORD, Watch

CALLER, GET_POLICY, SET_POLICY = "GetCallerIdentity", "GetRepositoryPolicy", "SetRepositoryPolicy"
# Of two processes at once, one calls AWS, and the other waits for its failure.
GETS, DOCTOR = "get & get", f"doctor {HOST}/app:v1 & doctor --json {HOST}"
LOGIN = f"login {HOST} --profile secondary & login {HOST} --profile secondary --json"
SHOW, GRANT = "policy show app --profile base", f"policy grant app --to {PRIMARY} --profile base --apply"
STORED = "list & status & status --json & forget --all --passwords --json"
EVERYTHING = (GETS, DOCTOR, LOGIN, f"{SHOW} & {GRANT} & {GRANT} --json", STORED)
MOST = (GETS, f"doctor --json {HOST}/app:v1 & {LOGIN}", f"{SHOW} & {GRANT}")
# AWS's error codes for which the program has its own text, and one for which it has none.
CODES = (
    *("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
    *("SignatureDoesNotMatch", "InvalidIdentityToken", "RepositoryNotFoundException", "ValidationError"),
    *("InvalidParameterException", "UnrecognizedClientException", "InternalFailure"),
)
ROLES, CALLS = "of a role", "of a call"
XML_ODD = f"{ODD} {WORD}"
POLICY = {
    "Sid": BOTH,
    "Effect": "Allow",
    "Principal": {"AWS": [f"arn:aws:iam::{SECONDARY}:root", BOTH]},
    "Action": ["ecr:BatchGetImage", BOTH],
    "Condition": {BOTH: {BOTH: BOTH}},
}


@pytest.fixture
def watch(world: World, kernel: dict[str, str]) -> Watch:
    """Return a watch on a home whose registry is never reached; its base profile owns a repository."""
    world.home.env |= kernel | {"HTTPS_PROXY": "http://127.0.0.1:9"}
    world.home.link("docker-credential-ecrx-secondary")
    world.home.add_profile("base", region="us-east-1")
    (world.home.folder / ".docker").mkdir()
    (world.home.folder / ".docker/config.json").write_text(json.dumps({"credHelpers": {HOST: "ecrx-secondary"}}))
    world.aws.add_repository(SECONDARY, "app", policy={"Version": "2008-10-17", "Statement": []})
    world.aws.add_user(PRIMARY, "other")
    return Watch(world.home)


def refusing(code: str, text: str, status: int = 400) -> Fault:
    """Return a fault that has ``text`` in every field of AWS's error except its code, and in its headers."""
    header = WORD if text.isascii() else WORD + ODD.encode("ascii", "ignore").decode()

    def refuse(honest: HttpResponse) -> HttpResponse:
        if honest.content_type == "text/xml":
            fields = "".join(f"<{name}>{escape(text)}</{name}>" for name in ("Type", "Message", "Detail"))
            body = f"<ErrorResponse><Error><Code>{escape(code)}</Code>{fields}</Error><RequestId>{text}</RequestId>"
            body, kind = f"{body}</ErrorResponse>", "text/xml"
        else:
            members = {"message": text, "Message": text, "detail": text, "requestId": text}
            body, kind = json.dumps({"__type": code, "code": code} | members), "application/x-amz-json-1.1"
        names = ("x-amzn-RequestId", "x-amz-id-2", "Retry-After", "Server", "Location", "WWW-Authenticate")
        headers = "".join(f"\r\n{name}: {header}" for name in names)
        return HttpResponse(status, f"{kind}{headers}", body.encode())

    return refuse


def field(name: str, text: str) -> Fault:
    """Return a fault that changes one field of an otherwise valid response."""

    def change(honest: HttpResponse) -> HttpResponse:
        if honest.content_type == "text/xml":
            changed = re.sub(
                f"<{name}>.*?</{name}>", lambda _: f"<{name}>{escape(text)}</{name}>", honest.body.decode()
            )
        else:
            changed = json.dumps(_changed(json.loads(honest.body), name, text))
        return honest._replace(body=changed.encode())

    return change


def _changed(value: Any, name: str, text: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: text if key == name else _changed(item, name, text) for key, item in value.items()}
    return [_changed(item, name, text) for item in value] if isinstance(value, list) else value


def fail_at(world: World, fault: Fault, at: str) -> None:
    """Make AWS respond so when a role is assumed, or in all later calls."""
    for operation in (ASSUME,) if at == ROLES else (FETCH, CALLER, GET_POLICY, SET_POLICY):
        world.aws.fail(operation, fault)


class TestAwsError:
    @in_one_form
    @pytest.mark.parametrize("at", [ROLES, CALLS])
    @pytest.mark.parametrize(
        ("code", "status"),
        [(WORD, 400), (WORD.lower(), 403), (WORD, 503), (f"{WORD}#{WORD}", 400), (f"AccessDenied {XML_ODD}", 403)],
    )
    def test_code_is_shown_only_if_well_formed(
        self,
        world: World,
        watch: Watch,
        at: str,
        status: int,
        code: str,
    ) -> None:
        fail_at(world, refusing(code, "denied", status), at)

        watch.run_all(*EVERYTHING).check()

    @in_one_form
    @pytest.mark.parametrize("at", [ROLES, CALLS])
    @pytest.mark.parametrize("code", CODES)
    def test_text_and_headers_are_searched(self, world: World, watch: Watch, code: str, at: str) -> None:
        said = f"User: {ROLE} x-amz-security-token:{WORD}\nBearer {WORD} {XML_ODD} {' '.join(re.findall('.{4}', WORD))}"
        fail_at(world, refusing(code, said), at)

        watch.run_all(*MOST).check()

    def test_is_safe_in_both_forms_of_the_program(self, world: World, watch: Watch) -> None:
        fail_at(world, refusing(WORD, XML_ODD, 403), CALLS)

        watch.run_all(*EVERYTHING).check()

    @in_one_form
    @pytest.mark.parametrize("status", [b"301", b"400", b"403", b"407", b"429", b"500"])
    def test_http_status_line_and_headers_are_not_shown(self, world: World, watch: Watch, status: bytes) -> None:
        word = WORD.encode()
        line = b"HTTP/1.1 %b %b\r\nLocation: https://me:%b@%b/\r\nx-amzn-errortype: %b\r\n" % (status, *[word] * 4)
        raw = line + b"Content-Type: %b\r\nDate: %b\r\n\r\n<html>%b</html>" % (word, word, word)
        world.home.env["AWS_ENDPOINT_URL"] = f"http://{world.stack.enter_context(server(raw))}"

        watch.run_all(*MOST).check()

    @in_one_form
    @pytest.mark.parametrize("status", [b"403", b"407", b"502"])
    def test_status_line_of_a_proxy_is_not_shown(self, world: World, watch: Watch, status: bytes) -> None:
        word = WORD.encode()
        raw = b"HTTP/1.1 %b %b\r\nProxy-Authenticate: Basic realm=%b\r\n\r\n%b" % (status, *[word] * 3)
        proxy = world.stack.enter_context(server(raw))
        world.home.env |= {"HTTPS_PROXY": f"http://me:{WORD}@{proxy}", "AWS_ENDPOINT_URL": "https://aws.invalid"}

        watch.run_all(*MOST).check()


class TestAwsResponse:
    FIELDS: tuple[tuple[str, str], ...] = (
        *((ASSUME, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")),
        *((ASSUME, name) for name in ("Arn", "AssumedRoleId", "RequestId")),
        *((CALLER, name) for name in ("Arn", "UserId", "Account", "RequestId")),
        *((FETCH, name) for name in ("authorizationToken", "expiresAt", "proxyEndpoint")),
        *((GET_POLICY, name) for name in ("registryId", "repositoryName", "policyText")),
    )

    @in_one_form
    @pytest.mark.parametrize(("operation", "name"), FIELDS)
    @pytest.mark.parametrize("text", [WORD, XML_ODD], ids=["secret", "odd"])
    def test_is_shown_in_no_field(self, world: World, watch: Watch, operation: str, name: str, text: str) -> None:
        world.aws.fail(operation, field(name, text))

        watch.run_all(*MOST).check()

    @in_one_form
    def test_with_a_token_gives_it_only_to_docker(self, world: World, watch: Watch) -> None:
        world.aws.fail(FETCH, field("authorizationToken", base64.b64encode(f"AWS:{WORD}".encode()).decode()))

        watch.run_all(*EVERYTHING).check()

        assert WORD == world.home.get().secret

    @in_one_form
    def test_with_an_arn_is_shown_without_a_secret(self, world: World, watch: Watch) -> None:
        world.aws.fail(CALLER, field("Arn", f"arn:aws:sts::{SECONDARY}:assumed-role/puller/{WORD}"))

        watch.run_all(LOGIN, DOCTOR).check()

        assert f"arn:aws:sts::{SECONDARY}:assumed-role/puller/…" in "".join(watch.said("doctor"))

    @in_one_form
    def test_with_a_policy_is_shown_except_control_characters(self, world: World, watch: Watch) -> None:
        text = json.dumps({"Version": BOTH, "Id": BOTH, "Statement": [POLICY]})
        world.aws.fail(GET_POLICY, field("policyText", text))

        watch.run_all(
            f"{SHOW} & {SHOW} --json", GRANT, f"{GRANT} --json", f"{GRANT} --json".replace("grant", "revoke")
        ).check(shown=True)


class TestCredentialSource:
    @pytest.fixture
    def told(self, world: World, watch: Watch) -> Callable[..., None]:  # noqa: ARG002 - sets the home up
        """Return what serves a credential source of the profile ``secondary``, and checks the output."""

        def tell(answer: str | dict[str, object], env: Callable[[str], Mapping[str, str]], **profile: str) -> None:
            source = world.stack.enter_context(Server(lambda _: answer))
            world.home.env.update(env(source.url))
            world.set_profile(**profile)
            Watch(world.home).run_all(GETS, f"doctor --json {HOST} & {LOGIN}", STORED).check()

        return tell

    DOCUMENTS: tuple[str | dict[str, object], ...] = (
        XML_ODD,
        {"Code": WORD, "Message": BOTH, "__type": WORD},
        dict.fromkeys(("Code", "AccessKeyId", "SecretAccessKey", "Token", "Expiration", "Type"), WORD),
        {"AccessKeyId": "AKIA", "SecretAccessKey": WORD, "Token": WORD, "Code": "Success", "Expiration": WORD},
        {"AccessKeyId": "AKIA", "SecretAccessKey": WORD, "Token": WORD, "Expiration": aws_parts.LATER},
    )

    @in_one_form
    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_container_is_not_quoted(self, told: Callable[..., None], document: str | dict[str, object]) -> None:
        def env(url: str) -> dict[str, str]:
            url = f"{url}/{WORD}?{WORD}"
            return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": WORD}

        told(document, env, role_arn=ROLE, credential_source="EcsContainer")

    @in_one_form
    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_instance_is_not_quoted(self, told: Callable[..., None], document: str | dict[str, object]) -> None:
        def env(url: str) -> dict[str, str]:
            return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}

        told(document, env, role_arn=ROLE, credential_source="Ec2InstanceMetadata")

    @in_one_form
    @pytest.mark.parametrize(
        "document",
        [
            *DOCUMENTS,
            {"roleCredentials": dict.fromkeys(("accessKeyId", "secretAccessKey", "sessionToken"), WORD)},
            {"roleCredentials": {"accessKeyId": WORD, "secretAccessKey": WORD, "sessionToken": WORD, "expiration": 1}},
        ],
    )
    def test_sso_is_not_quoted(
        self, world: World, told: Callable[..., None], document: str | dict[str, object]
    ) -> None:
        aws_parts.sign_in_to_sso(world.home.folder, "https://corp", WORD)

        def env(url: str) -> dict[str, str]:
            return {"AWS_ENDPOINT_URL_SSO": url}

        told(
            document,
            env,
            sso_account_id=SECONDARY,
            sso_role_name="one",
            sso_start_url="https://corp",
            sso_region="us-east-1",
        )

    @in_one_form
    @pytest.mark.parametrize("document", DOCUMENTS)
    @pytest.mark.parametrize("status", [0, 3])
    def test_process_is_not_quoted(
        self, world: World, watch: Watch, document: str | dict[str, object], status: int
    ) -> None:
        """What it prints on stderr is shown by ``login`` alone, for the person who has to answer it."""
        script, says = world.home.bin / "give-keys", world.home.folder / "says"
        says.write_text(document if isinstance(document, str) else json.dumps({"Version": 1} | document))
        script.write_text(f"#!/bin/sh\ncat '{says}'; cat '{says}' >&2\nexit {status}\n")
        script.chmod(0o700)
        world.set_profile(credential_process=str(script))
        watch = Watch(world.home)

        watch.run_all(GETS, f"doctor --json {HOST}", STORED).check()

        script.write_text(f"#!/bin/sh\ncat '{says}'\nexit {status}\n")
        watch.run_all(LOGIN).check()

    @in_one_form
    @pytest.mark.parametrize("token", [WORD, aws_parts.web_identity(BOTH), f"eyJ{WORD}.{WORD}.{WORD}"])
    def test_web_identity_is_not_quoted(self, world: World, watch: Watch, token: str) -> None:
        path = world.home.folder / "token"
        path.write_text(token)
        world.set_profile(role_arn=ROLE, web_identity_token_file=str(path))
        world.aws.fail("AssumeRoleWithWebIdentity", refusing("InvalidIdentityToken", f"{token} is no token"))
        watch = Watch(world.home)

        watch.run_all(GETS, f"doctor --json {HOST} & {LOGIN}", STORED).check()
