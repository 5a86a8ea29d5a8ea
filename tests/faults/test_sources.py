"""Instances, containers and files that give no credentials: each reason has a line of its own."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from faults.helpers import World, in_shell, refusal

from support import need
from support.forms import in_one_form
from support.home import HOST, ROLE

pytestmark = in_one_form

ROLES = "/latest/meta-data/iam/security-credentials/"
TOKEN = ("PUT", "/latest/api/token")
GIVEN = (200, "token")
HANGS = (0, "")
MODIFY = "aws ec2 modify-instance-metadata-options --instance-id INSTANCE"
NO_INSTANCE = (
    "if this machine is not an EC2 instance, choose a profile with "
    f"docker-credential-ecrx configure {HOST} --profile PROFILE"
)
HOP_LIMIT = (
    f"did not respond to the request for the instance's metadata token; {NO_INSTANCE}; in a container, the response "
    f"needs a hop limit of 2; on a machine with the AWS CLI: {MODIFY} --http-put-response-hop-limit 2"
)
FORBIDDEN = (
    f"(HTTP 403); {NO_INSTANCE}, or else check the firewall, or turn the service on, "
    f"on a machine with the AWS CLI: {MODIFY} --http-endpoint enabled"
)
NO_ROLE = (
    "the instance has no role, according to the instance metadata service at 127.0.0.1; attach one, on a machine with "
    "the AWS CLI: aws ec2 associate-iam-instance-profile --instance-id INSTANCE --iam-instance-profile Name=PROFILE"
)
METADATA = "the instance metadata service at 127.0.0.1"
FAILED = json.dumps({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role."})
REFUSED = (
    "has no credentials of the instance's role; "
    "check that the role exists, and that its trust policy names ec2.amazonaws.com"
)
CONTAINER_REFUSED = (
    "the container's credentials endpoint at 127.0.0.1 refused the request for the container's credentials (HTTP 403); "
    "check the role of this container's task or pod"
)
CONTAINER_INVALID = (
    "the response of the container's credentials endpoint at 127.0.0.1 contains no credentials; "
    "check the role of this container's task or pod"
)
CHECK_NETWORK = "check the network"
# By fault: the answers of the metadata service, and what is said of them.
INSTANCES: dict[str, tuple[Mapping[tuple[str, str], tuple[int, str]], str]] = {
    "hop limit 1": ({TOKEN: HANGS, ("GET", ROLES): (401, "")}, f"{METADATA} {HOP_LIMIT}"),
    "nothing is answered": ({TOKEN: HANGS, ("GET", ROLES): HANGS}, f"{METADATA} {HOP_LIMIT}"),
    "403 for all": (
        {TOKEN: (403, ""), ("GET", ROLES): (403, "")},
        f"{METADATA} refused the request for the instance's credentials {FORBIDDEN}",
    ),
    "403 after the token": (
        {TOKEN: GIVEN, ("GET", ROLES): (403, "")},
        f"{METADATA} refused the request for the instance's credentials {FORBIDDEN}",
    ),
    "no role": ({TOKEN: GIVEN, ("GET", ROLES): (404, "")}, NO_ROLE),
    "an empty list of roles": ({TOKEN: GIVEN, ("GET", ROLES): (200, "")}, NO_ROLE),
    "a role that cannot be assumed": (
        {TOKEN: GIVEN, ("GET", ROLES): (200, "node"), ("GET", f"{ROLES}node"): (200, FAILED)},
        f"{METADATA} {REFUSED}",
    ),
    "400 for the token": (
        {TOKEN: (400, "")},
        f"{METADATA} refused the request for the instance's metadata token (HTTP 400); {CHECK_NETWORK}",
    ),
    "no field but one": (
        {TOKEN: GIVEN, ("GET", ROLES): (200, "node"), ("GET", f"{ROLES}node"): (200, '{"AccessKeyId": "AKIA"}')},
        f"{METADATA} {REFUSED}",
    ),
    "a server error": (
        {TOKEN: GIVEN, ("GET", ROLES): (500, "")},
        f"{METADATA} refused the request for the instance's credentials (HTTP 500); {CHECK_NETWORK}",
    ),
}


@contextmanager
def endpoint(answers: Mapping[tuple[str, str], tuple[int, str]]) -> Iterator[str]:
    """Answer each method and path with its status and text, or never if the status is 0; yield the URL."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = answers.get((self.command, self.path), (404, ""))
            if not status:
                over.wait(60)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_PUT = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()


def on_instance(world: World, answers: Mapping[tuple[str, str], tuple[int, str]], **settings: str) -> None:
    """Run on an instance whose metadata service gives those answers; the profile has no keys of its own."""
    url = world.stack.enter_context(endpoint(answers))
    world.home.env |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "AWS_EC2_METADATA_DISABLED": "false"}
    world.set_profile(**(settings or {"region": "us-east-1"}))


@pytest.mark.parametrize(("answers", "said"), INSTANCES.values(), ids=INSTANCES)
def test_instance_without_credentials_says_why(
    world: World, answers: Mapping[tuple[str, str], tuple[int, str]], said: str
) -> None:
    on_instance(world, answers)

    assert f"profile secondary: {said}" == refusal(world.home, world.aws)


@pytest.mark.parametrize("fault", ["hop limit 1", "no role", "403 for all"])
def test_instance_that_a_profile_names_says_why(world: World, fault: str) -> None:
    answers, said = INSTANCES[fault]
    on_instance(world, answers, role_arn=ROLE, credential_source="Ec2InstanceMetadata")

    assert f"profile secondary: {said}" == refusal(world.home, world.aws)


def test_machine_that_is_no_instance_has_no_credentials(world: World) -> None:
    world.home.env |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED": "false"}
    world.set_profile(region="us-east-1")

    assert "profile secondary: there are no AWS credentials;" in f"{refusal(world.home, world.aws)}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (403, "no"),
            CONTAINER_REFUSED,
        ),
        *(((200, text), CONTAINER_INVALID) for text in ("{}", "[]", "<html>", "")),
        (
            None,
            "cannot connect to 127.0.0.1 for the request for the container's credentials; check DNS and the network",
        ),
    ],
)
def test_container_without_credentials_says_why(world: World, answer: tuple[int, str] | None, said: str) -> None:
    url = world.stack.enter_context(endpoint({("GET", "/role"): answer})) if answer else "http://127.0.0.1:1"
    world.home.env |= {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/role", "AWS_EC2_METADATA_DISABLED": "true"}
    world.set_profile(region="us-east-1")

    assert f"profile secondary: {said}" in refusal(world.home, world.aws)


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_file_that_the_user_may_not_read_is_named(world: World, name: str) -> None:
    path = world.home.folder / ".aws" / name
    path.chmod(0)
    capabilities = "-dac_override,-dac_read_search"  # by which root reads everything
    without = [need.command("setpriv"), f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"]

    found = in_shell(world.home, 'exec "$get" get', prefix=without if os.getuid() == 0 else ())

    assert (1, found.stdout) == (found.status, found.stderr)
    said = f"cannot read the AWS file {path}: Permission denied; make it readable for this user"
    assert f"profile secondary: {said}\n" in found.stdout
