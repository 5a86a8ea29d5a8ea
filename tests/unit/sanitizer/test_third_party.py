"""Third-party text is shown as one printable line, with legible names and nothing that looks like a secret."""

import base64
import json
import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.sanitizer.third_party import code, escaped, line, text

LONGEST, PIECE = 600, 16
STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _hex(seed: int) -> str:
    return Random(seed).randbytes(32).hex()  # noqa: S311


def drawn(length: int) -> st.SearchStrategy[str]:
    """Return secrets of that length, evenly distributed as AWS's are: hypothesis prefers repeated letters."""
    return st.integers(0, 1 << 64).map(lambda seed: "".join(Random(seed).choices(STANDARD, k=length)))  # noqa: S311


keys, tokens = drawn(40), drawn(400)
web_tokens = st.tuples(drawn(200), drawn(86)).map(
    lambda parts: f"eyJhbGciOiJSUzI1NiJ9.eyJ{parts[0]}.{parts[1]}".replace("/", "_").replace("+", "-")
)
logins = drawn(60).map(lambda password: base64.b64encode(f"AWS:{password}".encode()).decode())
secrets = st.one_of(keys, tokens, web_tokens, logins, drawn(64), st.integers(0, 1 << 64).map(_hex))

# Text that a response may put around a secret, and encodings of it.
CONTEXTS: dict[str, Callable[[str], str]] = {
    "bare": lambda secret: secret,
    "in a sentence": lambda secret: f"The security token {secret} included in the request is invalid.",
    "in quotes": lambda secret: f"'{secret}'",
    "in JSON": lambda secret: json.dumps({"SecretAccessKey": secret, "Code": "AccessDenied"}),
    "named": lambda secret: f"token={secret}",
    "in a header": lambda secret: f"Authorization: Basic {secret}",
    "of a bearer": lambda secret: f"bearer {secret}",
    "in a canonical request": lambda secret: f"host:sts.amazonaws.com\nx-amz-security-token:{secret}\n",
    "between commas": lambda secret: f"a,{secret},b",
    "in brackets": lambda secret: f"[{secret}]({secret})",
    "in a URL": lambda secret: f"https://example.com/a?X-Amz-Security-Token={quote(secret, safe='')}&b=c",
    "in a path": lambda secret: f"/v2/{secret}/manifests",
    "as a host": lambda secret: f"{secret}.example.com",
    "as an ARN": lambda secret: f"arn:aws:iam::222222222222:role/{secret}",
    "all escaped": lambda secret: "".join(f"%{ord(c):02X}" for c in secret),
    "escaped twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "in small letters": str.lower,
    "in capitals": str.upper,
    "by fours": lambda secret: " ".join(re.findall(".{1,4}", secret)),
    "by sevens": lambda secret: ", ".join(re.findall(".{1,7}", secret)),
    "one by one": " ".join,
    "with no width between": "\u200b".join,
    "with hyphens": lambda secret: "-".join(re.findall(".{1,8}", secret)),
    "in lines": lambda secret: "\r\n".join(re.findall(".{1,30}", secret)),
}
NAMES = [
    "arn:aws:iam::222222222222:role/puller",
    "arn:aws-cn:iam::222222222222:role/path/to/DeployRole",
    "arn:aws:sts::222222222222:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/alice@example.com",
    "arn:aws:sts::222222222222:assumed-role/NodeRole/i-0123456789abcdef0",
    "arn:aws:sts::222222222222:assumed-role/TaskRole/3a7bd3e2360a3d29eea436fcfb7e44c7",
    "arn:aws:iam::222222222222:role/CdkStack-ServiceTaskDefTaskRole8C4B7A2D-XZ3ABCDEFGHIJ",
    "arn:aws:ecr:us-east-1:111111111111:repository/team/app",
    "arn:aws:iam::aws:policy/AmazonElasticContainerRegistryPublicPowerUser",
    "111111111111.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    "111111111111.dkr.ecr.us-east-1.amazonaws.com/team/app:v1.2.3",
    "vpce-0123456789abcdef0-a1b2c3d4.api.ecr.us-east-1.vpce.amazonaws.com",
    f"app@sha256:{'0123456789abcdef' * 4}",
    "6f7b0a2e-1c2d-4e5f-8a9b-0c1d2e3f4a5b",
    "AKIAIOSFODNN7EXAMPLE",
    "AROADBQP57FF2AEXAMPLE",
    "ecr:BatchCheckLayerAvailability",
    "AssumeRoleWithWebIdentity",
    "RepositoryPolicyNotFoundException",
    "AdministratorAccess-222222222222",
    "/srv/tmp.AbCdEf1234/home/.aws/config",
    "~/.docker/config.json",
    "20261128T141000Z",
    "ünï",
    "http://127.0.0.1:8080/v2/",
]
SENTENCES = [
    (
        "User: arn:aws:iam::222222222222:user/base is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::222222222222:role/puller because no identity-based policy allows the sts:AssumeRole action"
    ),
    "Signature expired: 20130101T000000Z is now earlier than 20130101T001500Z (20130101T002000Z - 5 min.)",
    "The repository with name 'team/app' does not exist in the registry with id '111111111111'",
    (
        "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 2"
    ),
    'Basic realm="https://111111111111.dkr.ecr.us-east-1.amazonaws.com/",service="ecr.amazonaws.com"',
    "ExpiredToken: The security token included in the request is expired",
]


def plain(words: str) -> str:
    return re.sub("[^a-z0-9]", "", words.lower())


def pieces(secret: str) -> set[str]:
    return {plain(secret)[at : at + PIECE] for at in range(len(plain(secret)) - PIECE + 1)}


class TestText:
    @given(st.text(max_size=2000) | st.text("aB3+/=%:@ .-_eyJ\u200b\u202e\x1b\n", max_size=2000))
    def test_is_one_printable_line_of_bounded_length(self, said: str) -> None:
        found = text(said)

        assert found.isprintable()
        assert len(found) <= LONGEST
        assert found == " ".join(found.split())

    @given(st.text(max_size=800) | st.text("aB3+/=%:@ .-_eyJ?&;#x0", max_size=400) | secrets)
    def test_cleaned_twice_is_unchanged(self, said: str) -> None:
        assert text(said) == text(text(said))

    @pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
    @settings(max_examples=25, derandomize=True)
    @given(secret=secrets)
    def test_has_no_piece_of_a_secret(self, context: Callable[[str], str], secret: str) -> None:
        """Secrets are random, so one of thousands reads like words; the draws are fixed for that."""
        found = text(context(secret))

        assert set() == {piece for piece in pieces(secret) if any(piece in plain(part) for part in found.split("…"))}

    @pytest.mark.parametrize(
        "form", ["{}", "({})", "the key {} is", "it is {}.", "{}, bad", "{}: bad", "https://h/{}", "{}-x", "a.b/{}"]
    )
    @pytest.mark.parametrize("case", [str, str.lower, str.upper])
    def test_misses_one_secret_key_of_a_thousand_at_most(self, form: str, case: Callable[[str], str]) -> None:
        """A key with a slash in it is no path, whose parts would be shown."""
        random = Random(1)  # noqa: S311
        keys = [case("".join(random.choices(STANDARD, k=40))) for _ in range(2000)]

        assert len([key for key in keys if key in text(form.format(key))]) <= 2

    @pytest.mark.parametrize("said", [*NAMES, *SENTENCES])
    def test_keeps_names_and_sentences(self, said: str) -> None:
        assert (said, f"see {said}, too") == (text(said), text(f"see {said}, too"))

    @given(
        st.from_regex(r"[0-9]{12}", fullmatch=True),
        st.from_regex(r"[a-z]{2}-[a-z]{4,9}-[1-9]", fullmatch=True),
        st.lists(
            st.sampled_from(["Deploy", "puller", "team", "app", "CI", "Ec2", "role", "prod"]), min_size=1, max_size=4
        ),
        st.uuids(),
        st.binary(min_size=32, max_size=32),
    )
    def test_keeps_text_in_the_form_of_a_name(
        self, account: str, region: str, words: list[str], number: object, digest: bytes
    ) -> None:
        for said in (
            f"arn:aws:iam::{account}:role/{'/'.join(words)}",
            f"{account}.dkr.ecr.{region}.amazonaws.com/{'-'.join(words).lower()}@sha256:{digest.hex()}",
            f"Request ID: {number}",
        ):
            assert said == text(said)

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("http://me:hunter2@proxy:3128/", "http://proxy:3128/"),
            ("https://me@registry.example/v2", "https://registry.example/v2"),
            ("https://me:hun/ter@2@registry.example", "https://registry.example"),
            ("http://a:b@c:d@host", "http://host"),
            ("me:hunter2@proxy:3128", "proxy:3128"),
            ("password=hunter2", "password=…"),
            ('{"password": "hunter"}', '{"password": "…"}'),
            ("Bearer hunter2", "Bearer …"),
            ("Authorization: Basic QVdTOmh1bnRlcjI=", "Authorization: Basic …"),
            ("a\x1b[2J\n\ud800b", "a [2J b"),
            ("a\u202eb\u2066c\u200fd\u061ce\u200bf\u3164g\ufe0fh", "abcdefgh"),
            ("a\u2028b\u2029c\x85d\x9be", "a b c d e"),
            ("x" * 230, "…"),
            ("a bearer token is needed", "a bearer token is needed"),
            (None, "None"),
        ],
    )
    def test_is_shown_as_expected(self, said: object, shown: str) -> None:
        assert shown == text(said)


class TestLine:
    @pytest.mark.parametrize(
        "said",
        [
            "run aws iam attach-role-policy --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
            "arn:aws:iam::aws:policy/EC2InstanceProfileForImageBuilderECRContainerBuilds",
            "/home/dev/.cache/1f0e9c3a1f0e9c3a1f0e9c3a1f0e9c3a1f0e9c3a/config.json cannot be read",
            "with profile AWSReservedSSO_AdministratorAccess_1234567890abcdef",
        ],
    )
    def test_of_our_own_is_unchanged(self, said: str) -> None:
        assert said == line(said)

    @given(st.integers(0, 1 << 64))
    def test_has_no_long_random_word(self, seed: int) -> None:
        word = "".join(Random(seed).choices(STANDARD[:-2], k=40))  # noqa: S311

        assert "with profile …" == line(f"with profile {word}")


class TestCode:
    @pytest.mark.parametrize(
        "given_",
        ["AccessDenied", "NAME_UNKNOWN", "org.freedesktop.DBus.Error.NotSupported", "com.amazonaws.ecr:X", "403"],
    )
    def test_is_kept_if_valid(self, given_: str) -> None:
        assert given_ == code(given_)

    @given(st.text())
    def test_of_any_text_is_valid_or_unknown(self, given_: str) -> None:
        found = code(given_)

        assert found == third_party.UNKNOWN or re.fullmatch("[A-Za-z0-9.:_-]{1,80}", found)

    @given(secrets)
    def test_is_no_secret(self, secret: str) -> None:
        assert third_party.UNKNOWN == code(secret)
        assert third_party.UNKNOWN == code(re.sub("[^A-Za-z0-9]", "-", secret)[:80])

    @pytest.mark.parametrize("given_", ["", "a b", "x" * 81, "a\n", "é", None, {"a": 1}])
    def test_of_another_form_is_unknown(self, given_: object) -> None:
        assert third_party.UNKNOWN == code(given_) or given_ is None


class TestEscaped:
    @given(st.text())
    def test_keeps_lines_and_tabs_and_is_otherwise_printable(self, document: str) -> None:
        found = escaped(document)

        assert all(c.isprintable() or c in "\t\r\n" for c in found)
        assert "\r" not in found.replace("\r\n", "")
        assert document.count("\n") == found.count("\n")

    @pytest.mark.parametrize(
        ("document", "shown"),
        [
            ("a\tb\r\nc\n", "a\tb\r\nc\n"),
            ("\x1b[2J\x07", "\\x1b[2J\\x07"),
            ("\u202egnp\u200d\ud800", "\\u202egnp\\u200d\\ud800"),
            ("\U000e0001", "\\U000e0001"),
            ("a\rb", "a\\x0db"),
            ("ünï 🐳", "ünï 🐳"),
        ],
    )
    def test_escapes_terminal_control_characters(self, document: str, shown: str) -> None:
        assert shown == escaped(document)
