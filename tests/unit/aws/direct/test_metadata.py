"""Keys that the endpoint of a container returns, or what is returned in their place."""

import pytest

from docker_credential_ecrx.aws.direct import metadata
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.keys import ContainerEndpoint, Keys
from docker_credential_ecrx.system.deadline import Deadline
from support.aws_parts import Server

KEYS = {"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "Token": "t", "Expiration": "2100-01-01T00:00:00Z"}


def keys(found: dict[str, object], authorization: str | None = None) -> Keys:
    """Return the keys of a container whose endpoint returns ``found``."""
    with Server(lambda _: found) as server:
        return metadata.of_container(ContainerEndpoint(f"{server.url}/one", authorization), Deadline(20))


def test_keys_are_those_of_the_response() -> None:
    found = keys(dict(KEYS))

    assert ("ASIA1", "s", "t") == (found.access_key_id, found.secret, found.token)


@pytest.mark.parametrize("name", ["AccessKeyId", "SecretAccessKey", "Token"])
@pytest.mark.parametrize("value", ["s\n", "a\r\nx: y", "\u20ac", 12345, None, ["s"], {"s": "s"}, True])
def test_what_no_key_has_is_left_to_botocore(name: str, value: object) -> None:
    with pytest.raises(DeclinedError):
        keys({**KEYS, name: value})


@pytest.mark.parametrize("authorization", ["a\r\nx: y", "\u20ac"])
def test_header_that_cannot_be_sent_is_declined(authorization: str) -> None:
    with pytest.raises(DeclinedError):
        keys(dict(KEYS), authorization)
