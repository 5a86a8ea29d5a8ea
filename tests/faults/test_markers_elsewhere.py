"""Secrets and control characters in text from a registry, a bus, a file or a variable are never shown."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from faults.helpers import FETCH, World, age

from docker_credential_ecrx.store.cached_token import format_timestamp, now
from fakes import busses, certificates, faults
from support import kubernetes, stored_items, terminals
from support.aws_parts import Proxy
from support.forms import as_wheel, in_one_form
from support.home import HOST, OTHER_HOST, ROLE
from support.markers import BOTH, ODD, ODDER, WORD, Watch, odd_characters

OTHER = "registry.example"
URL, ODD_NAME = f"http://me:{WORD}@127.0.0.1:1/{WORD}", f"\x1b[2J{ODD}{WORD}"
DOCTOR = f"doctor {HOST}/app:v1 --push & doctor --json {HOST}/app:v1 --push"
LOGIN, GETS = f"login {HOST} --profile secondary", "get & get"
LOOKS = "list & status & status --json"
CONFIGURE = (
    f"configure --dry-run {HOST} --profile secondary & configure --remove --all --dry-run",
    f"configure --podman --dry-run {HOST} --profile secondary & configure --podman --remove --all --dry-run",
    f"configure {OTHER_HOST} --profile secondary --remove-password --json",
    f"configure --remove {OTHER_HOST} --json",
)
FORGET = "forget --all --passwords --json"


@pytest.fixture
def env(kernel: dict[str, str]) -> dict[str, str]:
    """Return the environment of a home whose registry is never reached."""
    return kernel | {"HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def user(world: World, env: dict[str, str]) -> World:
    """Return a user whose Docker uses this program."""
    world.home.env |= env
    world.home.link("docker-credential-ecrx-secondary")
    write(world, ".docker/config.json", json.dumps({"credHelpers": {HOST: "ecrx-secondary"}}))
    return world


def write(world: World, name: str, text: str) -> None:
    """Write a file in the home."""
    path = world.home.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextmanager
def serving(context: ssl.SSLContext, status: Callable[[str, str], int], text: str) -> Iterator[str]:
    """Run a registry that puts ``text`` into every field of its responses; yield its address."""
    header = text.encode("latin-1", "ignore").decode("latin-1").replace("\r", "").replace("\n", "")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            error = {"code": text, "message": f"{text} {self.headers.get('Authorization')}", "detail": {text: text}}
            body = json.dumps({"errors": [error]}).encode()
            self.wfile.write(f"HTTP/1.1 {status(self.command, self.path)} {header}\r\n".encode("latin-1"))
            for name in ("Location", "Www-Authenticate", "Server", "Docker-Distribution-Api-Version", "Date"):
                self.send_header(name, f"Basic realm={header}" if name == "Www-Authenticate" else header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = True
        served.socket = context.wrap_socket(served.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"https://127.0.0.1:{served.server_port}"
        served.shutdown()


@in_one_form
class TestRegistryText:
    @pytest.mark.parametrize("text", [WORD, BOTH], ids=["secret", "odd"])
    @pytest.mark.parametrize("refuses", [401, 403, 404, 429, 500])
    @pytest.mark.parametrize("at", ["token", "image", "upload"])
    def test_is_not_quoted(self, user: World, tmp_path: Path, text: str, refuses: int, at: str) -> None:
        def status(method: str, path: str) -> int:
            places = {"token": path == "/v2/", "image": "manifests" in path, "upload": method == "POST"}
            challenged = challenges.pop() if path == "/v2/" and challenges else 0
            return challenged or (refuses if places[at] else 202 if method == "POST" else 200)

        challenges = [401] if at != "token" else []
        issued = certificates.issue(tmp_path, [HOST])
        address = user.stack.enter_context(serving(issued.context(), status, text))
        proxy = user.stack.enter_context(Proxy(address))
        user.home.env |= {"HTTPS_PROXY": proxy.url, "NO_PROXY": "", "AWS_CA_BUNDLE": str(issued.authority)}
        watch = Watch(user.home)

        watch.run_all(f"doctor {HOST}/app:v1 --push").check()
        challenges.extend([401] if at != "token" else [])
        watch.run_all(f"doctor --json {HOST}/app:v1 --push").check()

        (token, *_) = user.aws.issued
        assert [] == user.aws.told(*watch.said())
        assert token


@in_one_form
class TestBusText:
    @pytest.mark.parametrize(
        "answers",
        [
            {},
            {"ReadAlias": ("o", (f"/{WORD}",))},
            {"ReadAlias": ("o", ("/default",)), "SearchItems": ("aoao", ([f"/{WORD}"], [f"/{WORD}"]))},
            {"ReadAlias": ("s", (BOTH,)), "SearchItems": ("s", (BOTH,)), "Get": ("s", (BOTH,))},
        ],
        ids=["nothing", "paths", "items", "texts"],
    )
    def test_is_not_quoted(self, user: World, tmp_path: Path, answers: dict[str, Any]) -> None:
        name = f"org.freedesktop.DBus.Error.{WORD}"
        env = user.stack.enter_context(busses.refusing(tmp_path / "bus", name=name, text=BOTH, answers=answers))
        user.home.env |= env | {"ECRX_KEYRING": "secret-service"}
        watch = Watch(user.home)

        watch.run("store", stdin=json.dumps({"ServerURL": OTHER, "Username": "me", "Secret": "hunter2"}))
        watch.run("get", stdin=OTHER)
        watch.run_all("get", LOOKS, f"doctor {HOST}", FORGET).check()


@as_wheel
class TestBackendText:
    def test_is_not_quoted(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "telling.py").write_text(
            "import sys\nfrom keyring.backend import KeyringBackend\n"
            f"class Fault(Exception): pass\nFault.__name__ = {WORD!r}\n"
            "class Telling(KeyringBackend):\n"
            "    priority = -1\n"
            f"    def get_password(self, *_): raise Fault({BOTH!r})\n"
            "    set_password = delete_password = get_password\n"
        )
        world.home.env |= {"PYTHONPATH": str(tmp_path), "ECRX_KEYRING": "telling.Telling"}
        world.home.link("docker-credential-ecrx-secondary")
        watch = Watch(world.home)

        watch.run("store", stdin=json.dumps({"ServerURL": OTHER, "Username": "me", "Secret": "hunter2"}))
        watch.run("get", stdin=OTHER)
        watch.run_all("get", LOOKS, f"doctor {HOST}", FORGET).check()


@in_one_form
class TestDockerFile:
    ENTRY: Mapping[str, object] = {"auth": WORD, "identitytoken": WORD, "email": WORD, "username": BOTH}
    FILES: Mapping[str, Mapping[str, object]] = {
        "auths": {"auths": {HOST: ENTRY, f"https://{OTHER_HOST}": ENTRY, f"https://me:{WORD}@{OTHER}": ENTRY}},
        "helpers": {"credHelpers": {HOST: BOTH, OTHER_HOST: WORD, "a.example": BOTH}, "credsStore": WORD},
        "helper of ours": {"credHelpers": {HOST: f"ecrx-{WORD}"}, "auths": {HOST: ENTRY}},
        "odd helper of ours": {"credHelpers": {HOST: f"ecrx-{ODDER}", OTHER_HOST: f"ecrx-{ODDER}"}},
        "keys": {
            "credHelpers": {BOTH: "ecrx", f"{HOST}{ODD}": "ecrx"},
            "auths": {BOTH: ENTRY, f"{HOST}/{BOTH}": ENTRY},
        },
        "others": {"HttpHeaders": {"X-Token": WORD}, "proxies": {"default": {"httpProxy": f"http://me:{WORD}@proxy"}}},
        "no object": {"credHelpers": [BOTH], "auths": BOTH},
    }
    # configure shows the file itself: the names in it are hidden only in its ``auths``.
    SHOWN = ("auths", "helpers", "keys", "helper of ours", "no object")

    @pytest.mark.parametrize("name", FILES)
    def test_is_shown_without_its_secrets(self, user: World, name: str) -> None:
        write(user, ".docker/config.json", json.dumps(self.FILES[name], indent=2, ensure_ascii=False))
        write(user, ".config/containers/auth.json", json.dumps(self.FILES[name]))
        watch = Watch(user.home)

        watch.run_all(DOCTOR, LOGIN, LOOKS, FORGET).check()
        watch.run_all(*CONFIGURE).check(shown=name in self.SHOWN)

    @pytest.mark.parametrize("text", [BOTH, f'{{"{WORD}": NaN}}', f'{{"auths": {{"{WORD}"', f'"{WORD}"', ODDER])
    def test_broken_is_not_quoted(self, user: World, text: str) -> None:
        write(user, ".docker/config.json", text)
        write(user, ".config/containers/auth.json", text)

        Watch(user.home).run_all(DOCTOR, LOGIN, LOOKS, FORGET, *CONFIGURE).check()


@in_one_form
class TestConfigToml:
    @pytest.mark.parametrize(
        "text",
        [
            BOTH,
            f'{WORD} = "x"',
            f'[{WORD}]\nx = "y"',
            f'[[registry]]\nmatch = "{WORD}"\nprofile = "{WORD}"\n',
            f'[[registry]]\nmatch = "*"\nprofile = "{WORD}"\n',
            f'[[registry]]\nmatch = "*"\nrole_arn = "{WORD}"\n',
            f'[[registry]]\nmatch = "*"\n{WORD} = "x"\n',
            f'[[registry]]\nmatch = "*"\nprofile = "a\\u001b\\u202eb {WORD}"\n',
            f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\nexternal_id = "{WORD}"\n',
            f'[cache]\nkeyring = "{WORD}"\n',
            f"[cache]\nkeyring = '''\n{ODD} {WORD}'''\n",
        ],
    )
    def test_is_not_quoted_if_invalid(self, user: World, text: str) -> None:
        user.home.configure(text)
        write(user, ".docker/config.json", json.dumps({"credHelpers": {HOST: "ecrx"}}))
        watch = Watch(user.home)

        watch.run("get", stdin=HOST)
        watch.run("kubelet", stdin=kubernetes.request(f"{HOST}/app"))
        watch.run_all(DOCTOR, f"login {HOST}", LOOKS, FORGET).check(shown="external_id" in text)  # the remedy has it
        # configure shows the file itself.
        watch.run_all(*CONFIGURE).check(shown=True)


@in_one_form
class TestAwsFile:
    KEYS = (
        *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "role_arn", "source_profile", "region"),
        *("credential_source", "mfa_serial", "role_session_name", "duration_seconds", "credential_process"),
        *("web_identity_token_file", "sso_session", "sso_account_id", "sso_start_url", "sso_region", "ca_bundle"),
        *("endpoint_url", "services", "login_session", "defaults_mode", "retry_mode", "sts_regional_endpoints"),
    )

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *((key, WORD) for key in KEYS),
            *((key, URL) for key in ("endpoint_url", "sso_start_url", "ca_bundle", "credential_process")),
            *((key, ODD_NAME) for key in ("role_arn", "source_profile", "region", "credential_source")),
        ],
        ids=ascii,
    )
    def test_is_not_quoted(self, user: World, key: str, value: str) -> None:
        settings = {"role_arn": ROLE, "source_profile": "base", key: value}
        user.set_profile(**settings)
        watch = Watch(user.home)

        watch.run_all(GETS, f"doctor {HOST} & {LOGIN}", "policy show app --profile secondary").check()

    @pytest.mark.parametrize("file", ["config", "credentials"])
    @pytest.mark.parametrize(
        "text", [f"[profile secondary\n{WORD}", f"[secondary]\n{WORD}\n", f"{WORD}\n", f"[{BOTH}]\n[{BOTH}]\n"]
    )
    def test_broken_is_not_quoted(self, user: World, file: str, text: str) -> None:
        (user.home.folder / ".aws" / file).write_text(text)

        Watch(user.home).run_all(GETS, f"doctor {HOST}", LOGIN, LOOKS).check()


@in_one_form
class TestStateFile:
    @pytest.mark.parametrize(
        "field", ["kind", "servers", "user", "identity", "principal", "account", "region", "keyring", "name"]
    )
    @pytest.mark.parametrize("kind", ["token", "password"])
    def test_is_shown_without_a_secret(self, user: World, field: str, kind: str) -> None:
        assert user.home.get().secret
        entries = stored_items.entries(user.home)
        ((name, entry),) = entries.items()
        entry |= {"kind": kind, "user": "me"} | ({field: [BOTH, WORD] if field == "servers" else BOTH})
        stored_items.write(user.home, {f"{kind}:{BOTH}" if field == "name" else name: entry})
        watch = Watch(user.home)

        watch.run("erase", stdin=HOST)
        watch.run_all(LOOKS, f"doctor {HOST}", f"forget {HOST}", FORGET)

        # ``status --json`` has to name the registry.
        watch.check(shown=True)
        assert [] == [line for line in watch.said("status 0", "forget") if WORD in line]

    @pytest.mark.parametrize(
        "left", [f"failed\n{BOTH}\n{BOTH}\n", f"failed {WORD} said={WORD}\n", f"{WORD}\n", f"clock ahead={WORD}\n"]
    )
    def test_failure_beside_a_lock_is_not_quoted(self, user: World, left: str) -> None:
        assert user.home.get().secret
        age(user.home, {"ECRX_KEYRING": "kernel"}, hours=7)
        (lock,) = (user.home.folder / ".local/state/ecrx").glob("token.*.lock")
        lock.write_text(f"{format_timestamp(now())}\n{left}")
        watch = Watch(user.home)

        assert watch.get().secret
        watch.check()

    def test_failure_beside_a_lock_has_no_text_of_aws(self, user: World) -> None:
        words = "these words of another user are plain ones"
        user.aws.fail(FETCH, faults.error("AccessDeniedException", words))

        found = user.home.get()

        (lock,) = (user.home.folder / ".local/state/ecrx").glob("token.*.lock")
        assert words in found.stdout
        _, left = lock.read_text().splitlines()
        assert "failed aws host=127.0.0.1 operation=GetAuthorizationToken code=AccessDeniedException status=400" == left


@in_one_form
class TestVariable:
    VARIABLES: Mapping[str, str] = {
        "AWS_PROFILE": WORD,
        "AWS_DEFAULT_PROFILE": ODDER,
        "AWS_REGION": WORD,
        "AWS_ENDPOINT_URL": f"http://me:{WORD}@127.0.0.1:1/?{WORD}",
        "AWS_ENDPOINT_URL_STS": f"https://me:{WORD}@aws.invalid/{WORD}",
        "HTTPS_PROXY": f"http://me:{WORD}@127.0.0.1:1",
        "HTTP_PROXY": f"http://{WORD}:{WORD}@127.0.0.1:1",
        "AWS_CA_BUNDLE": f"/nonexistent/{WORD}",
        "AWS_ACCESS_KEY_ID": WORD,
        "AWS_SESSION_TOKEN": WORD,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"/nonexistent/{WORD}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": WORD,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://me:{WORD}@127.0.0.1:1/{WORD}",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://me:{WORD}@127.0.0.1:1/",
        "AWS_ECR_ROLE_ARN": WORD,
        "ECRX_KEYRING": WORD,
        "ECRX_CONFIG": f"/nonexistent/{WORD}",
        "DOCKER_CONFIG": f"/nonexistent/{ODD}{WORD}",
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {HOST: {"auth": WORD}, BOTH: {"auth": WORD}}}),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/nonexistent/{WORD}",
        "XDG_STATE_HOME": f"/dev/null/{WORD}",
        "SUDO_USER": BOTH,
    }

    @pytest.mark.parametrize("name", VARIABLES)
    def test_is_not_quoted(self, user: World, name: str) -> None:
        user.home.env |= {name: self.VARIABLES[name]}
        if name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"):
            user.home.env |= {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": WORD}
            user.home.env[name] = WORD
        if name.startswith("AWS_CONTAINER"):
            user.set_profile(role_arn=ROLE, credential_source="EcsContainer")
        if name == "AWS_EC2_METADATA_SERVICE_ENDPOINT":
            user.home.env["AWS_EC2_METADATA_DISABLED"] = "false"
            user.set_profile(role_arn=ROLE, credential_source="Ec2InstanceMetadata")
        watch = Watch(user.home)

        watch.run("get", stdin=HOST)
        watch.run("kubelet", stdin=kubernetes.request(f"{HOST}/app", serviceAccountToken=f"e30.e30.{WORD}"))
        watch.run_all("get", DOCTOR, LOGIN, LOOKS).check()
        # The diff of configure starts with the path of the file, as ``patch`` needs it.
        shown = name in ("ECRX_CONFIG", "DOCKER_CONFIG")
        watch.run_all(f"configure --dry-run {HOST} --profile secondary").check(shown=shown)


@in_one_form
class TestRequest:
    @pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\u202eb", "a\nb", "a\u2028b", "a\x85b", "a\u200bb"])
    def test_with_an_odd_user_fails_in_one_line(self, user: World, name: str) -> None:
        found = Watch(user.home).run("store", stdin=json.dumps({"ServerURL": OTHER, "Username": name, "Secret": "x"}))

        said = "the user name contains control characters; pass docker login only the user name"
        line = f"docker-credential-ecrx: {said}\n"
        assert (1, line) == (found.status, found.stdout)

    def test_with_a_password_in_its_server_fails(self, user: World) -> None:
        watch = Watch(user.home)
        for server_url in (f"https://me:{WORD}@{OTHER}", f"me:{WORD}@{OTHER}/v1"):
            request = {"ServerURL": server_url, "Username": "me", "Secret": "x"}
            assert 1 == watch.run("store", stdin=json.dumps(request)).status

        watch.check()

    def test_whose_user_is_its_secret_shows_neither(self, user: World, secret_service: dict[str, str]) -> None:
        user.home.env |= secret_service
        watch = Watch(user.home)
        request = {"ServerURL": OTHER, "Username": WORD, "Secret": WORD}

        assert 0 == watch.run("store", stdin=json.dumps(request)).status

        watch.run_all("status & status --json", FORGET).check()

    @pytest.mark.parametrize("name", [WORD, BOTH])
    def test_for_ecr_does_not_show_its_user(self, user: World, name: str) -> None:
        watch = Watch(user.home)

        watch.run("store", stdin=json.dumps({"ServerURL": HOST, "Username": name, "Secret": "hunter2"}))

        watch.check()

    @pytest.mark.parametrize(
        "fields",
        [
            {"image": f"{HOST}/app", "kind": WORD},
            {"image": f"{HOST}/app", "apiVersion": BOTH},
            {"image": f"{WORD}.dkr.ecr.us-east-1.amazonaws.com/{BOTH}"},
            {"image": f"{HOST}/app", "serviceAccountToken": WORD, "serviceAccountAnnotations": {WORD: WORD}},
            {
                "image": f"{HOST}/app",
                "serviceAccountToken": "e30.eyJzdWIiOiJtZSJ9.e30",
                "serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": BOTH},
            },
        ],
    )
    def test_of_kubelet_is_not_quoted(self, user: World, fields: dict[str, Any]) -> None:
        watch = Watch(user.home)

        watch.run("kubelet", stdin=kubernetes.request(**fields))

        watch.check()


@in_one_form
class TestArgument:
    @pytest.mark.parametrize(
        "arguments",
        [
            [ODDER],
            ["get", ODDER],
            ["login", ODDER],
            ["login", f"--{ODDER}"],
            ["login", "--mfa-code", ODDER, HOST],
            ["doctor", ODDER],
            ["configure", ODDER],
            ["configure", HOST, "--profile", ODDER],
            ["configure", HOST, "--role-arn", ODDER],
            ["forget", ODDER],
            ["policy", ODDER],
            ["policy", "show", ODDER],
            ["policy", "grant", "app", "--to", ODDER],
            ["policy", "grant", "app", "--to", ODDER, "--to", ODDER],
            ["policy", "show", "app", "--region", ODDER],
            ["policy", "show", "app", "--profile", ODDER],
            ["completion", ODDER],
            ["status", ODDER],
            ["kubelet", ODDER],
            ["demo", ODDER],
        ],
        ids=lambda arguments: " ".join(word if word != ODDER else "ODD" for word in arguments if word.isascii()),
    )
    def test_is_shown_without_control_characters(self, user: World, arguments: list[str]) -> None:
        found = user.home.run(*arguments)

        assert 0 != found.status
        assert [] == odd_characters(found.stdout + found.stderr)

    def test_terminal_shows_no_control_characters(self, user: World) -> None:
        write(user, ".docker/config.json", json.dumps({"credHelpers": {HOST: f"x\x1b]0;title\x07{ODD}"}}))

        for arguments in (["doctor", HOST], ["configure", "--dry-run", HOST, "--profile", "base"], ["login", ODDER]):
            _, seen = terminals.run([user.home.program, *arguments], user.home.env | {"TERM": "dumb"})

            assert [] == odd_characters(seen)


@in_one_form
def test_crash_shows_only_code_locations(user: World) -> None:
    user.aws.fail(
        FETCH, faults.body(json.dumps({"authorizationData": [{"authorizationToken": {WORD: BOTH}}]}).encode())
    )

    Watch(user.home).run_all("get", f"doctor {HOST}", LOGIN).check()
