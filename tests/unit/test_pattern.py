"""Shell patterns match what fnmatch says that they match."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.pattern import matches

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
def test_a_pattern_stands_for_whole_hosts(pattern: str, matched: bool) -> None:  # noqa: FBT001
    assert matched == matches(pattern, HOST)


@given(st.text("ab*?[]!-.", max_size=12), st.text("ab.-", max_size=12))
def test_matches_as_fnmatch_does(pattern: str, host: str) -> None:
    assert fnmatchcase(host, pattern) == matches(pattern, host)
