"""The plain part of TOML is read as tomllib reads it, and nothing else is."""

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docker_credential_ecrx import plain_toml

PLAIN = """\
# whose identity answers
[[registry]]                                          # the first match wins
match   = "111111111111.dkr.ecr.*.amazonaws.com"
profile = 'secondary' # a literal

[[ registry ]]
\tmatch = "*"
role_arn\t=\t"arn:aws:iam::444444444444:role/puller"
duration_seconds = 3600

[cache]
keyring = "auto"
"""
_blank = st.sampled_from(["", " ", "\t", "  "])
_name = st.sampled_from(["registry", "cache", "match", "profile", "a-b_c", "1", "", "a.b", '"q"', "é"])
_value = st.one_of(
    st.sampled_from(['"x"', "'x'", '""', "''", '"""x"""', "'''x'''", '"a\\nb"', "'a\\nb'", "[1]", "{a = 1}", "true"]),
    st.sampled_from(
        ["0", "1", "01", "+1", "-1", "1_000", "0x1", "1.5", "1e3", "1979-05-27", "inf", '"a" "b"', '"a', ""]
    ),
    st.text(max_size=6).map(lambda text: f'"{text}"'),
    st.text(max_size=6),
)
_comment = st.one_of(st.just(""), st.text(max_size=4).map(lambda text: f"#{text}"), st.text(max_size=3))
_line = st.one_of(
    st.tuples(_blank, _name, _blank, st.sampled_from(["=", ":", "=="]), _blank, _value, _blank, _comment),
    st.tuples(_blank, st.sampled_from(["[", "[["]), _blank, _name, _blank, st.sampled_from(["]", "]]"]), _comment),
    st.tuples(_blank, _comment),
).map("".join)
_document = st.lists(_line, max_size=8).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(lines))
)


def test_reads_what_configuration_files_are_made_of() -> None:
    found = plain_toml.parse(PLAIN)

    assert tomllib.loads(PLAIN) == found
    assert found is not None


@given(_document | st.text())
@example("\r")
@example("[a]\n[a]")
@example("[[a]]\n[a]")
@example("[a]\n[[a]]")
@example("a = 1\n[a]")
@example("a = 1\n[[a]]")
@example("a = 1\na = 2")
@example("\ufeffa = 1")
@example("# \x00")
@example("a = '\x7f'")
@example("a = 1 # \x1f")
def test_reads_nothing_but_as_tomllib_does(document: str) -> None:
    found = plain_toml.parse(document)

    if found is not None:
        assert tomllib.loads(document) == found


@pytest.mark.parametrize(
    "document", [f"a = {'9' * 19}", 'a = "\\u0041"', "a.b = 1", '"a" = 1', "a = [1]", 'a = """\nx"""', "a = true", "a"]
)
def test_leaves_the_rest_to_tomllib(document: str) -> None:
    assert plain_toml.parse(document) is None
