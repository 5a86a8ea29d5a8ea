"""The registry client trusts only the registry, gives its password to nobody else, and explains failures."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from docker_credential_ecrx.doctor.registry_client import Client, RegistryResponse
from docker_credential_ecrx.errors import AwsError
from fakes import certificates
from fakes.certificates import Certificates

pytestmark = pytest.mark.posix("openssl")

PASSWORD = "a password"
Reply = Callable[[str, str, Mapping[str, str]], tuple[int, dict[str, str], bytes]]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return the certificate authority that signed for localhost."""
    return certificates.issue(tmp_path_factory.mktemp("trusted"), ["localhost"])


@pytest.fixture(autouse=True)
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set proxies that are not there: the registries here are on this machine."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


@contextmanager
def serving(context: ssl.SSLContext, reply: Reply) -> Iterator[str]:
    """Serve what ``reply`` returns for method, path and headers; yield the host with its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            status, headers, body = reply(self.command, self.path, dict(self.headers))
            self.send_response_only(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def failure(host: str, bundle: Path | None = None) -> AwsError:
    """Return the message if the registry cannot be reached."""
    with pytest.raises(AwsError) as caught:
        Client(host, str(bundle) if bundle else None).challenge()
    return caught.value


@contextmanager
def without_tls(says: bytes) -> Iterator[str]:
    """Listen without TLS, and close each connection after those words; yield the host."""

    def serve() -> None:
        with suppress(OSError):  # the listener is shut down in the end
            while True:
                connection = listener.accept()[0]
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"localhost:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class TestPassword:
    def test_is_sent_only_on_request(self, trusted: Certificates) -> None:
        seen: list[str | None] = []

        def reply(method: str, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
            assert ("GET", "/v2/") == (method, path)
            seen.append(headers.get("Authorization"))
            return 401, {}, b""

        with serving(trusted.context(), reply) as host:
            client = Client(host, str(trusted.authority))
            client.challenge()
            client.sign_in(PASSWORD)

        assert [None, "Basic QVdTOmEgcGFzc3dvcmQ="] == seen

    @pytest.mark.parametrize(
        "location",
        ["https://elsewhere.example/v2/x", "http://localhost/v2/x", "//elsewhere.example/v2/x", "/elsewhere", ""],
    )
    def test_is_not_sent_to_a_foreign_upload_location(self, trusted: Certificates, location: str) -> None:
        asked: list[str] = []

        def reply(method: str, _path: str, _headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
            asked.append(method)
            return 202, {"Location": location}, b""

        with serving(trusted.context(), reply) as host:
            client = Client(host, str(trusted.authority))
            started = client.start_upload("app")
            with pytest.raises(AwsError):
                client.cancel_upload(started)

        assert ["POST"] == asked

    def test_is_not_sent_after_a_redirect(self, trusted: Certificates) -> None:
        with serving(trusted.context(), lambda *_: (307, {"Location": "https://elsewhere.example/"}, b"")) as host:
            assert 307 == Client(host, str(trusted.authority)).sign_in(PASSWORD).status


class TestResponse:
    def test_without_a_reason_is_requested_again(self, trusted: Certificates) -> None:
        error = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "no\nsuch"}]}).encode()

        with serving(trusted.context(), lambda *_: (404, {}, error)) as host:
            answer = Client(host, str(trusted.authority)).manifest("app", "v1")

        assert (False, ("NAME_UNKNOWN", "no such")) == (answer.is_ok, answer.error())

    def test_is_truncated_if_long(self, trusted: Certificates) -> None:
        with serving(trusted.context(), lambda *_: (200, {}, b"x" * 1_000_000)) as host:
            assert len(Client(host, str(trusted.authority)).challenge().body) < 100_000

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b'{"errors": []}', b'{"errors": {}}', b'{"errors": [1]}', b"\xff", b"[" * 9999]
    )
    def test_without_an_error_of_the_registry_has_none(self, body: bytes) -> None:
        assert ("", "") == RegistryResponse(403, {}, body).error()


class TestConnection:
    def test_with_untrusted_certificate_fails(self, trusted: Certificates, tmp_path: Path) -> None:
        other = certificates.issue(tmp_path, ["localhost"])
        with serving(other.context(), lambda *_: (200, {}, b"")) as host:
            for bundle in (trusted.authority, None):
                found = failure(host, bundle)
                assert f"the TLS certificate of {host} cannot be verified" == found.message
                assert "AWS_CA_BUNDLE" in str(found.remedy)

    def test_without_tls_blames_no_certificate(self) -> None:
        with without_tls(b"SSH-2.0-OpenSSH_9.2\r\n") as host:
            found = failure(host)

        assert f"the TLS handshake with {host} failed: WRONG_VERSION_NUMBER" == found.message

    def test_that_is_closed_in_the_handshake_blames_no_certificate(self) -> None:
        with without_tls(b"") as host:
            found = failure(host)

        assert f"the connection to {host} was closed: SSLEOFError" == found.message

    def test_with_certificate_of_another_name_fails(self, tmp_path: Path) -> None:
        other = certificates.issue(tmp_path, ["elsewhere.example"])
        with serving(other.context(), lambda *_: (200, {}, b"")) as host:
            assert "cannot be verified" in failure(host, other.authority).message

    def test_to_a_closed_port_is_reported(self) -> None:
        with closing(socket.socket()) as unheard:
            unheard.bind(("127.0.0.1", 0))
            host = f"localhost:{unheard.getsockname()[1]}"

            found = failure(host)

        assert f"cannot connect to {host}" == found.message
        assert f"curl -sS https://{host}/v2/" in str(found.remedy)

    def test_without_response_times_out(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            found = failure(f"localhost:{silent.getsockname()[1]}")

        assert "does not respond" in found.message
        assert "VPC endpoint" in str(found.remedy)

    def test_that_is_closed_is_reported(self, trusted: Certificates) -> None:
        def reply(*_: object) -> tuple[int, dict[str, str], bytes]:
            raise ConnectionAbortedError

        with serving(trusted.context(), reply) as host:
            assert f"the connection to {host} was closed" in failure(host, trusted.authority).message
