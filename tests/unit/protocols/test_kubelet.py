"""How long kubelet caches a token, the registry of an image, and the identity of a pod."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.errors import RequestError
from docker_credential_ecrx.identity.fingerprint import fingerprint
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.protocols import kubelet
from docker_credential_ecrx.protocols.kubelet import ANNOTATIONS, VARIABLE
from docker_credential_ecrx.store.cached_token import ClockReading, Token
from support import kubernetes
from support.aws_parts import web_identity

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
ROLE, OTHER_ROLE = "arn:aws:iam::222222222222:role/pods", "arn:aws-cn:iam::222222222222:role/path/others"
SUBJECT = "system:serviceaccount:team:app"
ISSUED = ClockReading(1_700_000_000.0, "", 0.0)

_components = st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True)
_tags = st.from_regex(r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,20})?(?:@sha256:[0-9a-f]{64})?", fullmatch=True)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_fields = st.dictionaries(
    st.sampled_from(["kind", "apiVersion", "image", "serviceAccountToken", "serviceAccountAnnotations"]),
    _json | st.sampled_from(["CredentialProviderRequest", kubernetes.API_VERSION]),
)


def request(token: str = "", annotations: dict[str, str] | None = None) -> kubelet.Request:
    return kubelet.Request(f"{HOST}/app", token, annotations or {})


def named(found: Identity | None) -> str:
    assert found is not None
    return fingerprint(found, {})


class TestCacheDuration:
    @given(st.integers(1, 43_200), st.floats(0.0, 1.0), st.floats(0.0, 0.999))
    def test_ends_before_the_token_expires(self, lifetime: int, renew: float, age: float) -> None:
        token = Token("p", ISSUED, lifetime, lifetime * renew * 0.99)
        now = ClockReading(ISSUED.utc + lifetime * age, "", 0.0)

        assert 0 <= kubelet.cache_seconds(token, now) < lifetime * (1 - age)

    @pytest.mark.parametrize(
        ("age", "seconds"),
        [(0, 21_600), (21_000, 600), (21_599, 1), (21_600, 300), (42_500, 300), (43_000, 100), (43_199, 0)],
    )
    def test_lasts_until_refresh_then_is_short(self, age: int, seconds: int) -> None:
        """After the refresh time it is five minutes, or half of what is left."""
        token = Token("p", ISSUED, 43_200.0, 21_600.0)

        assert seconds == kubelet.cache_seconds(token, ClockReading(ISSUED.utc + age, "", 0.0))

    @given(st.integers(0, 10**6))
    def test_is_readable_by_go(self, seconds: int) -> None:
        assert seconds == kubernetes.seconds_of(kubelet.duration(seconds))

    def test_of_six_hours_is_written_as_go_writes_it(self) -> None:
        assert "6h0m0s" == kubelet.duration(6 * 3600)


class TestHost:
    @given(st.lists(_components, min_size=1, max_size=4), _tags, st.sampled_from(["", ":443"]))
    def test_is_the_part_before_the_repository(self, path: list[str], tag: str, port: str) -> None:
        assert f"{HOST}{port}" == kubelet.host_of(f"{HOST}{port}/{'/'.join(path)}{tag}")


class TestRequest:
    @given(_fields)
    def test_of_any_content_is_read_or_rejected(self, fields: dict[str, object]) -> None:
        try:
            found = kubelet.parse(json.dumps(fields).encode())
        except RequestError:
            return
        assert found.image.strip()
        assert all(isinstance(text, str) for text in (found.image, found.token, *found.annotations.values()))

    def test_shows_no_token(self) -> None:
        assert "secret" not in repr(request("secret"))


class TestPodIdentity:
    def test_is_the_nodes_without_token_and_role(self) -> None:
        assert kubelet.pod_identity(request("", {ANNOTATIONS[0]: ROLE}), {VARIABLE: ROLE}) is None
        assert kubelet.pod_identity(request(web_identity(SUBJECT)), {}) is None

    def test_takes_the_first_role_that_is_named(self) -> None:
        token = web_identity(SUBJECT)
        annotations = dict(zip(ANNOTATIONS, (ROLE, OTHER_ROLE), strict=True))
        both = kubelet.pod_identity(request(token, annotations), {VARIABLE: OTHER_ROLE})
        eks = kubelet.pod_identity(request(token, {ANNOTATIONS[1]: ROLE}), {VARIABLE: OTHER_ROLE})
        variable = kubelet.pod_identity(request(token), {VARIABLE: ROLE})

        assert f"role {ROLE} for {SUBJECT}" == str(both) == str(eks) == str(variable)

    def test_depends_only_on_account_and_role(self) -> None:
        """Other claims of the token do not change it."""
        tokens = [web_identity(SUBJECT, issued_at=1), web_identity(SUBJECT, issued_at=2), web_identity(f"{SUBJECT}2")]
        first, renewed, stranger = (
            named(kubelet.pod_identity(request(token, {ANNOTATIONS[0]: ROLE}), {})) for token in tokens
        )
        other_role = named(kubelet.pod_identity(request(tokens[0], {ANNOTATIONS[0]: OTHER_ROLE}), {}))

        assert first == renewed
        assert 3 == len({first, stranger, other_role})

    @pytest.mark.parametrize("role", ["puller", "arn:aws:iam::222222222222:user/puller", f"{ROLE}\n", "arn:aws:role"])
    def test_with_an_invalid_role_is_rejected(self, role: str) -> None:
        with pytest.raises(RequestError, match="not the ARN of a role"):
            kubelet.pod_identity(request(web_identity(SUBJECT)), {VARIABLE: role})

    @pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30.e30", "e30.W10.e30", "e30.eyJzdWIiOjF9.e30", "ü.e30.e30"])
    def test_of_a_token_without_subject_is_rejected_unseen(self, token: str) -> None:
        """The error does not show the token."""
        with pytest.raises(RequestError) as caught:
            kubelet.pod_identity(request(token, {ANNOTATIONS[0]: ROLE}), {})

        assert f" {token}" not in str(caught.value)
