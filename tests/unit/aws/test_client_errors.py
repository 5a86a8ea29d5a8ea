"""The failure that is reported for what botocore and this program's own code raise."""

import ssl
from pathlib import Path

import pytest
from botocore import exceptions
from urllib3.exceptions import ProxyError
from urllib3.exceptions import SSLError as Urllib3SSLError
from urllib3.util.ssl_match_hostname import CertificateError

from docker_credential_ecrx.aws import client_errors, failures
from docker_credential_ecrx.aws.caller import Call
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.system.deadline import TimeLimitError

ENV = {"HOME": "/nonexistent", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
HOST = "api.ecr.us-east-1.amazonaws.com"
FETCH = "GetAuthorizationToken"


def explained(error: Exception) -> AwsError:
    """Return the failure that is reported for ``error`` of the call for a token."""
    return client_errors.explain(error, failures.find_caller(Identity("p"), ENV, Call(HOST, FETCH)))


class TestTimeLimit:
    def test_names_the_host_that_did_not_respond(self) -> None:
        assert f"{HOST} did not respond within 9 seconds to {FETCH}" == explained(TimeLimitError(9.0, HOST)).message

    def test_does_not_blame_aws_if_no_request_was_sent(self) -> None:
        """As on a slow machine, on which the SDK takes the time."""
        expected = "loading the AWS SDK took 9 seconds, which left too little time for the request"

        assert expected == explained(TimeLimitError(9.0)).message


class TestTls:
    @staticmethod
    def refused(code: int) -> ssl.SSLCertVerificationError:
        """Return OpenSSL's error if a certificate is refused for the reason with this code."""
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_code = code
        return error

    @pytest.mark.parametrize(
        ("code", "reason", "remedy"),
        [
            (9, " (it is not yet valid)", "check the clock and the proxy"),
            (10, " (it has expired)", "check the clock and the proxy"),
            (62, " (it is for another name)", "check AWS_ENDPOINT_URL and the proxy"),
            (64, " (it is for another name)", "check AWS_ENDPOINT_URL and the proxy"),
            (20, "", "check AWS_CA_BUNDLE and the clock"),
        ],
    )
    def test_says_why_a_certificate_is_refused(self, code: int, reason: str, remedy: str) -> None:
        """OpenSSL's X509_V_ERR_ codes, by which its message is chosen."""
        for cause in (self.refused(code), Urllib3SSLError(self.refused(code))):
            found = explained(exceptions.SSLError(endpoint_url=f"https://{HOST}/", error=cause))

            assert f"the TLS certificate of {HOST} cannot be verified for {FETCH}{reason}" == found.message
            assert remedy == str(found.remedy)

    def test_recognizes_urllib3s_own_check_of_the_name(self) -> None:
        cause = Urllib3SSLError(CertificateError("hostname 'a' doesn't match 'b'"))

        found = explained(exceptions.SSLError(endpoint_url=f"https://{HOST}/", error=cause))

        assert found.message.endswith(" (it is for another name)")

    @pytest.mark.parametrize(
        ("content", "defect"),
        [
            ("", "contains no certificates"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "contains an invalid certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA", "contains an invalid certificate"),
        ],
    )
    def test_says_what_is_wrong_with_a_bundle(self, tmp_path: Path, content: str, defect: str) -> None:
        bundle = tmp_path / "ca.pem"
        bundle.write_text(content)
        caller = failures.find_caller(Identity("p"), ENV | {"AWS_CA_BUNDLE": str(bundle)}, Call(HOST, FETCH))

        found = client_errors.explain(
            exceptions.SSLError(endpoint_url=f"https://{HOST}/", error=ssl.SSLError()), caller
        )

        assert f"the CA bundle {bundle} (from AWS_CA_BUNDLE) {defect}" == found.message

    def test_does_not_blame_a_certificate_that_was_not_seen(self) -> None:
        """As if a proxy, or an endpoint without TLS, responds in the place of AWS."""
        cause = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
        cause.reason = "WRONG_VERSION_NUMBER"

        found = explained(exceptions.SSLError(endpoint_url=f"https://{HOST}/", error=cause))

        assert f"the TLS handshake with {HOST} failed for {FETCH} (WRONG_VERSION_NUMBER)" == found.message

    def test_of_a_connection_closed_early_is_no_certificate(self) -> None:
        cause = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

        found = explained(exceptions.SSLError(endpoint_url=f"https://{HOST}/", error=cause))

        assert f"the connection to {HOST} was closed during {FETCH}" == found.message

    def test_of_a_proxy_is_no_failed_connection(self) -> None:
        """As with https:// in HTTPS_PROXY for a proxy that has no TLS itself."""
        cause = ProxyError("Cannot connect to proxy", Urllib3SSLError(ssl.SSLError(1, "wrong version number")))

        found = explained(exceptions.ProxyConnectionError(proxy_url="https://proxy.example:3128", error=cause))

        assert f"the TLS handshake with the proxy proxy.example:3128 failed for {FETCH} at {HOST}" == found.message
