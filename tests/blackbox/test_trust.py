"""Which certificate authorities a get trusts for AWS's endpoints."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE
from faults.helpers import in_shell, unshared

from fakes import certificates
from fakes.aws import FakeAws
from fakes.certificates import Certificates
from support import need
from support.forms import in_one_form
from support.home import HOST, Home

pytestmark = in_one_form

VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
UNTRUSTED = "the TLS certificate of localhost cannot be verified"
# Debian's, in the root folder that the program runs in, which tests/reach sets.
SYSTEM = f"{os.environ.get('ECRX_TEST_ROOT', '')}/etc/ssl"
STORE = "certs/ca-certificates.crt"


@pytest.fixture
def issued(tmp_path: Path) -> Certificates:
    """Return the certificate authority that signed for AWS."""
    folder = tmp_path / "authority"
    folder.mkdir()
    return certificates.issue(folder, ["localhost"])


@pytest.fixture
def other(tmp_path: Path) -> str:
    """Return the path of the certificate of an authority that signed nothing."""
    folder = tmp_path / "other"
    folder.mkdir()
    return str(certificates.issue(folder, ["localhost"]).authority)


@pytest.fixture
def aws(issued: Certificates) -> Iterator[FakeAws]:
    """Return AWS with TLS."""
    with FakeAws(context=issued.context()) as fake:
        yield fake


@pytest.fixture
def user(home: Home) -> Home:
    """Return a user who asks AWS by its name, and trusts nothing yet."""
    home.add_role_profile()
    home.env["AWS_ENDPOINT_URL"] = home.aws.url.replace("127.0.0.1", "localhost")
    return home


def set_in_profile(home: Home, bundle: str) -> None:
    with (home.folder / ".aws" / "config").open("a") as file:
        file.write(f"ca_bundle = {bundle}\n")


def system_store() -> str:
    """Return the system's file of certificates."""
    store = f"{SYSTEM}/{STORE}"
    return store if Path(store).exists() else need.missing("Debian's file of certificates")


def line(home: Home, **env: str) -> str:
    """Return the line of a get that fails."""
    found = home.get(env=env)
    assert (1, found.stdout) == (found.status, found.stderr)
    return found.stdout


@pytest.mark.parametrize("variable", VARIABLES)
def test_authority_in_a_variables_file_is_trusted(user: Home, issued: Certificates, variable: str) -> None:
    assert UNTRUSTED in line(user)
    assert user.get(env={variable: str(issued.authority)}).secret


@pytest.mark.parametrize("place", [0, 60, 120, -1])
def test_authority_anywhere_in_a_large_file_is_trusted(
    user: Home, issued: Certificates, tmp_path: Path, place: int
) -> None:
    """Not all certificates of a large file are read at once, and all count."""
    blocks = Path(DEFAULT_CA_BUNDLE).read_text().split("\n\n")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("\n\n".join(blocks))
    assert UNTRUSTED in line(user, AWS_CA_BUNDLE=str(bundle))

    blocks.insert(place if place >= 0 else len(blocks), issued.authority.read_text())
    bundle.write_text("\n\n".join(blocks))

    assert user.get(env={"AWS_CA_BUNDLE": str(bundle)}).secret


@pytest.mark.parametrize("before", ["#", "# ", " "])
def test_authority_that_is_commented_out_is_not_trusted(
    user: Home, issued: Certificates, tmp_path: Path, before: str
) -> None:
    """OpenSSL skips a block whose first line has anything before it."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(Path(DEFAULT_CA_BUNDLE).read_text() + before + issued.authority.read_text())

    assert UNTRUSTED in line(user, AWS_CA_BUNDLE=str(bundle))


def test_first_that_is_set_counts(user: Home, issued: Certificates, other: str) -> None:
    trusted = str(issued.authority)
    for number, variable in enumerate(VARIABLES[1:], 1):
        later = dict.fromkeys(VARIABLES[number + 1 :], other)
        assert user.get(env={variable: trusted, "ECRX_KEYRING": "none"} | later).secret
        assert UNTRUSTED in line(user, **{variable: other}, **dict.fromkeys(later, trusted))
    set_in_profile(user, trusted)
    assert user.get(env={"ECRX_KEYRING": "none"} | dict.fromkeys(VARIABLES[1:], other)).secret
    assert UNTRUSTED in line(user, AWS_CA_BUNDLE=other)


def test_authority_in_a_folder_of_openssl_is_trusted(user: Home, issued: Certificates, other: str) -> None:
    folder = user.folder / "authorities"
    folder.mkdir()
    (folder / "own.pem").write_text(issued.authority.read_text())
    subprocess.run([need.command("openssl"), "rehash", folder], check=True, capture_output=True)
    folders = {"SSL_CERT_DIR": f"/nonexistent:{folder}", "ECRX_KEYRING": "none"}

    assert user.get(env=folders).secret
    bundle = user.folder / "bundle.pem"
    bundle.write_bytes(Path(DEFAULT_CA_BUNDLE).read_bytes())
    assert user.get(env=folders | {"SSL_CERT_FILE": str(bundle)}).secret
    assert UNTRUSTED in line(user, **folders, CURL_CA_BUNDLE=other)


@pytest.mark.parametrize("origin", [*VARIABLES[:3], "profile"])
@pytest.mark.parametrize("case", ["another file", "no store", "the store"])
def test_folder_does_not_add_to_what_is_named_for_aws(user: Home, issued: Certificates, origin: str, case: str) -> None:
    """It does not either where the system has no file of certificates, or if that very file is named."""
    system_store()
    folder = user.folder / "authorities"
    folder.mkdir()
    (folder / "own.pem").write_text(issued.authority.read_text())
    subprocess.run([need.command("openssl"), "rehash", folder], check=True, capture_output=True)
    copy = user.folder / "named.pem"
    copy.write_text(Path(DEFAULT_CA_BUNDLE).read_text())
    named = f"/etc/ssl/{STORE}" if case == "the store" else str(copy)
    if origin == "profile":
        set_in_profile(user, named)
    else:
        user.env[origin] = named
    user.env["SSL_CERT_DIR"] = str(folder)
    hide = f"mount -t tmpfs none {SYSTEM} && " if case == "no store" else ""

    found = in_shell(user, f'{hide}exec "$get" get', prefix=unshared("--mount"))

    assert UNTRUSTED in found.stdout + found.stderr


def test_authority_in_the_systems_store_is_trusted(user: Home, issued: Certificates) -> None:
    script = 'mount --bind "$1" "$2" && exec "$get" get'

    found = in_shell(user, script, issued.authority, system_store(), prefix=unshared("--mount"))

    assert (0, "") == (found.status, found.stderr)


def missing(_: Home) -> str:
    return "/nonexistent/ca.pem"


def text(home: Home) -> str:
    path = home.folder / "text.pem"
    path.write_text("no certificate")
    return str(path)


def damaged(home: Home) -> str:
    path = home.folder / "damaged.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n")
    return str(path)


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize(
    ("bundle", "said"),
    [
        (missing, "cannot read the CA bundle {} (from {}): No such file or directory"),
        (text, "the CA bundle {} (from {}) contains no certificates"),
        (damaged, "the CA bundle {} (from {}) contains an invalid certificate"),
    ],
)
def test_bundle_that_is_none_is_named_with_its_variable(
    user: Home, variable: str, bundle: Callable[[Home], str], said: str
) -> None:
    path = bundle(user)

    remedy = f"set {variable} to a PEM file of certificates, or unset it"
    assert f"profile secondary: {said.format(path, variable)}; {remedy}\n" in line(user, **{variable: path})


def test_bundle_of_a_profile_that_is_none_is_named(user: Home) -> None:
    set_in_profile(user, "/nonexistent/ca.pem")

    assert "cannot read the CA bundle /nonexistent/ca.pem (from ca_bundle in profile secondary): No such" in line(user)


class TestKeysOfTls:
    @pytest.mark.parametrize("direct", ["", "off"])
    def test_are_in_no_file(self, user: Home, issued: Certificates, direct: str) -> None:
        """Python writes them to the file that SSLKEYLOGFILE names, readable for every user, in each of the ways."""
        log = user.folder / "keys"
        user.env |= {"AWS_CA_BUNDLE": str(issued.authority), "SSLKEYLOGFILE": str(log), "HTTPS_PROXY": "127.0.0.1:9"}
        user.env |= {"ECRX_KEYRING": "none", "ECRX_DIRECT": direct}

        assert user.get(env={"NO_PROXY": "localhost"}).secret
        del user.env["HTTPS_PROXY"]
        assert user.get().secret
        user.run("doctor", HOST, env={"HTTPS_PROXY": "127.0.0.1:9", "AWS_PROFILE": "secondary"})

        assert not log.exists()
