"""Which connections to AWS share a TLS context."""

from collections.abc import Iterator
from ssl import SSLContext

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE, URLLib3Session
from botocore.session import Session

from docker_credential_ecrx.aws import tls
from docker_credential_ecrx.aws.trust import Trust


@pytest.fixture(autouse=True)
def unshared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore botocore's own way to make contexts before and after the test."""
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(URLLib3Session, "_get_ssl_context", tls._make)
    yield
    tls._shared.cache_clear()  # noqa: SLF001
    tls._folders.clear()  # noqa: SLF001


def context_of(verify: str | bool) -> SSLContext:  # noqa: FBT001 - as botocore has it
    """Return the context of a new client that trusts ``verify``."""
    kept: SSLContext = URLLib3Session(verify)._manager.connection_pool_kw["ssl_context"]  # type: ignore[arg-type,attr-defined] # noqa: SLF001
    return kept


class TestContext:
    def test_is_shared_by_clients_that_trust_the_same(self) -> None:
        tls.share(Session(), Trust())

        assert context_of(DEFAULT_CA_BUNDLE) is context_of(DEFAULT_CA_BUNDLE)

    @pytest.mark.parametrize("other", ["/another/ca.pem", False])
    def test_differs_for_another_ca_bundle(self, other: str | bool) -> None:  # noqa: FBT001
        tls.share(Session(), Trust())

        assert context_of(DEFAULT_CA_BUNDLE) is not context_of(other)

    def test_without_verification_is_not_shared(self) -> None:
        tls.share(Session(), Trust())

        assert context_of(verify=False) is not context_of(verify=False)

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy"])
    def test_with_tls_to_a_proxy_is_not_shared(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "https://proxy.example:3128")
        tls.share(Session(), Trust())

        assert context_of(DEFAULT_CA_BUNDLE) is not context_of(DEFAULT_CA_BUNDLE)
