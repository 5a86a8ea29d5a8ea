"""Shell patterns match what fnmatch matches."""

import pytest

from docker_credential_ecrx.identity.host_pattern import matches

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        (HOST, True),
        ("*", True),
        ("111111111111.dkr.ecr.*.amazonaws.com", True),
        ("111111111111.dkr.ecr.us-????-1.amazonaws.com", True),
        ("*.us-east-1.*", True),
        ("*.amazonaws.com.cn", False),
        ("11111111111?.*", True),
        ("[12]11111111111.*", True),
        ("[!1]*", False),
        ("", False),
        ("111111111111.dkr.ecr", False),
    ],
)
def test_pattern_matches_whole_hosts(pattern: str, matched: bool) -> None:  # noqa: FBT001
    assert matched == matches(pattern, HOST)
