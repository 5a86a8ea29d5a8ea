"""No output contains a secret of the process, in any encoding."""

import base64
import json
import os
import re
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx import log
from docker_credential_ecrx.demo.fake_aws import new_keys, new_password
from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.protocols.reply import failure
from docker_credential_ecrx.sanitizer import redaction
from docker_credential_ecrx.sanitizer.redaction import SECRET, redacted

PASSWORD, KEYS = new_password(2_000_000_000), new_keys(session=True)
SECRETS = {
    "password of ECR": PASSWORD,
    "secret key": KEYS.secret_access_key,
    "session token": str(KEYS.session_token),
    "words": "correct horse battery staple",
    "signs": "+/+/=_-.~!$&'()*+,;=:@%[]{}",
    "another script": "пароль-и-ещё-пароль-для-реестра",
    "short": "hunter2",
    "six digits": "314159",
}
LONG = list(SECRETS)[:4]


def of_json(secret: str) -> str:
    return json.dumps({"password": secret})


# Encodings in which a response may repeat it.
FORMS: dict[str, Callable[[str], str]] = {
    "itself": lambda secret: secret,
    "in quotes": lambda secret: f"'{secret}'",
    "named": lambda secret: f"token={secret}&x=y",
    "in JSON": of_json,
    "in a URL": lambda secret: f"https://h/?t={quote(secret, safe='')}",
}
# And of a long one.
MORE_FORMS: dict[str, Callable[[str], str]] = {
    "in a URL twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "all escaped": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "escaped for JSON": lambda secret: "".join(f"\\u{ord(c):04x}" for c in secret),
    "escaped for HTML": lambda secret: "".join(f"&#{ord(c)};" for c in secret),
    "in small letters": str.lower,
    "in capitals": str.upper,
    "by fours": lambda secret: " ".join(re.findall(".{1,4}", secret)),
    "one by one": "\x1b ".join,
    "with no width between": "\u200b".join,
    "in wide letters": lambda secret: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in secret),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in a login": lambda secret: base64.b64encode(f"AWS:{secret}".encode()).decode(),
    "in another login": lambda secret: base64.b64encode(f"me:{secret}".encode()).decode(),
    "in base64 of URLs": lambda secret: base64.urlsafe_b64encode(f"user:{secret}".encode()).decode(),
    "in hexadecimal": lambda secret: secret.encode().hex(),
}


@pytest.fixture(autouse=True)
def forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the known secrets, which other tests may have added."""
    monkeypatch.setattr(redaction, "_FORMS", redaction._Forms())  # noqa: SLF001
    monkeypatch.setattr(log, "_secrets", [])


def pieces(text: str) -> set[str]:
    """Return all runs of 16 letters and digits in ``text``, without its other characters."""
    plain = re.sub(r"[\W_]", "", text.lower())
    return {plain[at : at + 16] for at in range(len(plain) - 15)}


class TestSecret:
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    @pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
    def test_is_removed(self, secret: str, form: Callable[[str], str]) -> None:
        found = redacted(f"AWS said {form(secret)} to us", [secret])

        assert SECRET in found
        assert found.startswith("AWS said ")
        assert found.endswith(" to us")
        assert secret not in found

    @pytest.mark.parametrize("form", MORE_FORMS.values(), ids=MORE_FORMS)
    @pytest.mark.parametrize("name", LONG)
    def test_is_removed_in_every_encoding(self, name: str, form: Callable[[str], str]) -> None:
        secret = SECRETS[name]

        found = redacted(f"AWS said {form(secret)} to us", [secret])

        assert SECRET in found
        assert set() == pieces(form(secret)) & pieces(found)

    def test_is_removed_in_pieces(self) -> None:
        for at in range(len(KEYS.secret_access_key) - 15):
            piece = KEYS.secret_access_key[at : at + 16]

            found = redacted(f"({piece})", [KEYS.secret_access_key])

            assert (True, False) == (SECRET in found, piece.strip("-_") in found)

    def test_in_the_json_of_ecrs_password_is_removed(self) -> None:
        inner = json.loads(base64.b64decode(PASSWORD))

        for name in ("payload", "datakey"):
            found = redacted(f"{name}: {inner[name]} it is", [PASSWORD])

            assert SECRET in found
            assert set() == pieces(inner[name]) & pieces(found)

    def test_of_any_thread_is_removed(self) -> None:
        """Threads add secrets while others write: nobody fails, and no secret is missed."""
        secrets: list[str] = []
        interval = sys.getswitchinterval()

        def work(thread: int) -> list[str]:
            said = []
            for number in range(40):
                secret = f"{thread:02}x{number:03}"
                secrets.append(secret)
                said.append(redacted(f"({secret})", secrets))
            return said

        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as pool:
                said = [line for lines in pool.map(work, range(8)) for line in lines]
        finally:
            sys.setswitchinterval(interval)

        assert {f"({SECRET})"} == {*said}

    @given(st.lists(st.text(min_size=12), max_size=4), st.text(), st.text())
    def test_of_any_kind_is_removed(self, secrets: list[str], before: str, after: str) -> None:
        forms = redaction._Forms()  # noqa: SLF001
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(redaction, "_FORMS", forms)
            found = redacted(f"{before}{''.join(secrets)}{after}", secrets)
            long = [secret for secret in secrets if len(secret) >= 16]

            assert [] == [secret for secret in long if secret in found.replace(SECRET, "\0")]
            assert found == redacted(found, secrets) or SECRET in found

    @given(st.integers(0, 1 << 64), st.integers(0, 380), st.integers(16, 400))
    def test_is_found_between_any_positions(self, seed: int, start: int, length: int) -> None:
        token = "".join(Random(seed).choices("ABCDEFGHijklmnop0123456789", k=400))  # noqa: S311
        piece = token[start : start + length]
        forms = redaction._Forms()  # noqa: SLF001
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(redaction, "_FORMS", forms)

            assert len(piece) < 16 or f"({SECRET})" == redacted(f"({piece})", [token])


class TestShortSecret:
    @pytest.mark.parametrize("secret", ["483921", "hunter22"])
    @pytest.mark.parametrize(
        "form",
        [
            lambda secret: f"code{secret}",
            lambda secret: f"{secret}x",
            lambda secret: "".join(f"%{ord(c):02x}" for c in secret),
            lambda secret: "".join(f"&#{ord(c)};" for c in secret),
            lambda secret: base64.b64encode(secret.encode()).decode(),
            lambda secret: "".join(chr(ord(c) + 0xFEE0) for c in secret),
            lambda secret: f"{secret[:3]}-{secret[3:]}",
            str.upper,
        ],
    )
    def test_is_removed(self, forms: None, secret: str, form: Callable[[str], str]) -> None:  # noqa: ARG002
        """An MFA code or a proxy's password is removed in every encoding that others repeat it in."""
        said = redaction.redacted(f"refused: {form(secret)}.", [secret])

        assert "[secret]" in said
        assert form(secret) not in said


class TestOtherText:
    @pytest.mark.parametrize(
        "text",
        [
            "docker-credential-ecrx: no token for 111111111111.dkr.ecr.us-east-1.amazonaws.com with profile secondary",
            "choose a keyring: auto, secret-service or a keyring backend class",
        ],
    )
    def test_is_unchanged(self, text: str) -> None:
        assert text == redacted(text, [*SECRETS.values(), "secret", "auto", "a", "AWS"])

    @pytest.mark.parametrize(
        "text",
        [
            "314159265358.dkr.ecr.us-east-1.amazonaws.com",
            "arn:aws:iam::271828314159:role/puller",
            "botocore-session-1731415926",
        ],
    )
    def test_with_a_code_inside_a_longer_number_is_unchanged(self, text: str) -> None:
        """An MFA code may be part of an account ID by chance, and a host or a command without it is of no use."""
        assert text == redacted(text, ["314159"])


class TestLargeSecret:
    def test_is_found_in_little_memory(self) -> None:
        """A file named by mistake may have megabytes; all pieces of such a secret would take gigabytes and a minute."""
        secret = "".join(f"{number:x}" for number in range(200_000, 400_000))
        tracemalloc.start()
        try:
            found = redacted(f"invalid: {secret[500_000:500_040]}; {'words ' * 20}", [secret])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert found.startswith("invalid: [secret]; words")
        assert peak < 100_000_000


class TestLines:
    def test_on_stderr_have_no_secret(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(os.environ, "ECRX_LOG", "debug")
        log.add_secret(PASSWORD)

        log.warn(f"AWS said {PASSWORD}")
        log.debug(f"AWS said {PASSWORD}")

        said = f"AWS said {SECRET}\n"
        assert f"docker-credential-ecrx: {said}docker-credential-ecrx: debug: {said}" == capfd.readouterr().err

    def test_of_a_failure_have_no_secret(self) -> None:
        log.add_secret("hunter2")

        reply = failure(EcrxError("AWS said hunter2", "try hunter2 again"))

        line = f"docker-credential-ecrx: AWS said {SECRET}; try {SECRET} again\n"
        assert (line, line) == (reply.stdout, reply.stderr)
