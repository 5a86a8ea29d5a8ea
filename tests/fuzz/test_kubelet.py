"""Kubelet's request on stdin: it is read as json reads it, and gives an identity or one line of error."""

import json

from fuzz.helpers import base64_of, fuzzed, is_line, json_texts, told
from fuzz.test_hosts import servers
from hypothesis import strategies as st

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import RequestError
from docker_credential_ecrx.protocols import kubelet
from docker_credential_ecrx.system import fast_json

SECRET = "hunter2:"
ROLE = "arn:aws:iam::444444444444:role/puller"
_names = ("kind", "apiVersion", "image", "serviceAccountToken", "serviceAccountAnnotations", "sub")
_claims = st.one_of(st.just('{"sub": "system:serviceaccount:a:b"}'), json_texts("sub"))
_tokens = st.one_of(_claims.map(lambda claims: f"{SECRET}.{base64_of(claims)}.x"), st.text().map(SECRET.__add__))
_requests = st.fixed_dictionaries(
    {
        "kind": st.just("CredentialProviderRequest") | st.text(),
        "apiVersion": st.just(kubelet.API_VERSION) | st.none() | st.text(),
        "image": st.one_of(servers.map(lambda server: f"{server}/app:1"), st.text(), st.integers()),
    },
    optional={
        "serviceAccountToken": _tokens | st.none() | st.booleans(),
        "serviceAccountAnnotations": st.none()
        | st.text()
        | st.dictionaries(
            st.sampled_from([*kubelet.ANNOTATIONS, "x"]),
            st.just(ROLE) | st.text().map(ROLE.__add__) | st.none() | st.text(),
        ),
    },
).map(json.dumps)


@fuzzed(json_texts(*_names) | st.text('[]{}",:.0123456789eE+-\\ultrafns', max_size=16))
def test_request_is_read_as_json_reads_it(document: str) -> None:
    try:
        expected = json.dumps(json.loads(document))
    except (ValueError, RecursionError):
        expected = ""
    try:
        found = json.dumps(fast_json.parse(document))
    except (ValueError, RecursionError):
        found = ""

    assert expected == found


@fuzzed(st.one_of(_requests, json_texts(*_names)).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
def test_request_is_image_and_identity_or_an_error(document: bytes) -> None:
    try:
        request = kubelet.parse(document)
        who = kubelet.pod_identity(request, {})
    except RequestError as error:
        told(error, SECRET)
        return
    host = kubelet.host_of(request.image)
    assert request.image.startswith(host)
    registry = Registry.parse(host)
    assert registry is None or registry.host == host.lower().removesuffix(":443")
    if who is not None:
        assert request.token
        assert is_line(str(who))
        assert SECRET not in str(who)
