"""Of a large file of trusted certificates, those that probably issue AWS's come first."""

import os
import ssl
from contextlib import suppress
from pathlib import Path

import certifi
import pytest

from docker_credential_ecrx.aws.direct import certificates

_PEM = Path(certifi.where()).read_bytes()
_BEGIN = "-----BEGIN CERTIFICATE-----"
_BLOCK = f"{_BEGIN}{_PEM.decode().rpartition(_BEGIN)[2]}".encode()


def _ders(der: bytes) -> list[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    return context.get_ca_certs(binary_form=True)


def _subjects(der: bytes) -> set[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    names = (dict(part[0] for part in each["subject"]) for each in context.get_ca_certs())  # type: ignore[misc]
    return {name["commonName"] for name in names}


def test_finds_amazons_and_the_last_ones() -> None:
    """The last ones are those that an administrator has added."""
    found = _subjects(certificates.likely(certifi.where()))

    assert found >= {*(f"Amazon Root CA {number}" for number in range(1, 5))}
    assert found >= {"Starfield Services Root Certificate Authority - G2"}
    assert found >= _subjects(ssl.PEM_cert_to_DER_cert(f"{_BEGIN}{_PEM.decode().rpartition(_BEGIN)[2]}"))
    assert len(found) < 15


@pytest.mark.parametrize(
    "content",
    [b"", _PEM[:10_000], b"no certificate" * 10_000, _PEM.replace(b"MII", b"MI!I-", 1), _PEM + _BEGIN.encode() + b"A"],
    ids=["empty", "few", "none", "not base64", "cut"],
)
def test_leaves_any_other_file_to_openssl(content: bytes, tmp_path: Path) -> None:
    """It reads the whole file then, and reports what is wrong with it."""
    file = tmp_path / "bundle.pem"
    file.write_bytes(content)

    assert b"" == certificates.likely(str(file))


_TRUSTED = _PEM.replace(b"CERTIFICATE-----", b"TRUSTED CERTIFICATE-----")


@pytest.mark.parametrize(
    "content",
    [
        _PEM + b"#" + _BLOCK,
        _PEM + b" " + _BLOCK,
        _PEM + b"x" + _BLOCK,
        _PEM.replace(_BEGIN.encode(), b"# " + _BEGIN.encode()),
        _PEM + _TRUSTED,
        _TRUSTED + _PEM,
        _PEM + _BLOCK.replace(b"CERTIFICATE-----", b"X509 CRL-----"),
        _PEM + _BLOCK.replace(b"\n-----END", b"-----END"),
        _PEM + _BLOCK.replace(b"-----\n", b"----- \n", 1),
    ],
)
def test_trusts_nothing_that_openssl_does_not(content: bytes, tmp_path: Path) -> None:
    """OpenSSL skips a block whose first line is commented out, and reads others with settings."""
    file = tmp_path / "bundle.pem"
    file.write_bytes(content)
    whole = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with suppress(ssl.SSLError):
        whole.load_verify_locations(file)

    found = certificates.likely(str(file))

    assert found == b"" or {*_ders(found)} <= {*whole.get_ca_certs(binary_form=True)}


@pytest.mark.posix("pipes with a name")
def test_leaves_what_can_be_read_once_to_openssl(tmp_path: Path) -> None:
    """A named pipe has one reader, and a device no end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert {b""} == {certificates.likely(str(path)) for path in (pipe, "/dev/zero", tmp_path)}


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        certificates.likely(str(tmp_path / "none"))
