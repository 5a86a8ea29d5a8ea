"""config.toml: our reader agrees with tomllib and fnmatch, and removing an added entry restores the file."""

import tomllib
from fnmatch import fnmatchcase

from fuzz.helpers import deep, file, fuzzed, joined, told
from hypothesis import strategies as st

from docker_credential_ecrx.config_files import ecrx_config
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import host_pattern, settings, toml_subset

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
_blank = st.sampled_from(["", "", " ", "\t", "  "])
_name = st.sampled_from(
    [
        "registry",
        "cache",
        "match",
        "profile",
        "role_arn",
        "source_profile",
        "external_id",
        "duration_seconds",
        "keyring",
        "account",
        "region",
        "security",
        "accounts",
        "a-b_c",
        "1",
        "",
        "a.b",
        '"q"',
        "'match'",
        '"registry"',
        "é",
    ]
)
_literal = st.sampled_from(
    [
        '"x"',
        "'x'",
        '""',
        "''",
        '"""x"""',
        "'''x'''",
        '"a\\nb"',
        "'a\\nb'",
        "[1]",
        "[]",
        '["x"]',
        "['x', \"y\" , ]",
        '["""x"""]',
        '["a" "b"]',
        "[',']",
        '["111111111111"]',
        '"111111111111"',
        "111111111111",
        "{a = 1}",
        "[{match = 'x'}]",
        "true",
        "0",
        "3600",
        "01",
        "+1",
        "-1",
        "1_000",
        "0x1",
        "1.5",
        "1e3",
        "1e999",
        "1979-05-27",
        "inf",
        "nan",
        '"a" "b"',
        '"a',
        f'"{HOST}"',
        '"*"',
        '"[a"',
        '"[z-a]"',
        '"[[x]"',
        '"auto"',
        '"none"',
        '"keyrings.backends.Memory"',
        "9" * 5000,
        '"arn:aws:iam::444444444444:role/puller"',
    ]
)
_value = st.one_of(_literal, st.text(max_size=6).map(lambda text: f'"{text}"'), st.text(max_size=6), deep)
_comment = st.one_of(st.just(""), st.text(max_size=4).map(lambda text: f"#{text}"), st.text(max_size=3))
_key = joined(_blank, _name, _blank, st.sampled_from(["=", "=", "=", ":", "=="]), _blank, _value, _blank, _comment)
_header = joined(_blank, st.sampled_from(["[", "[["]), _blank, _name, _blank, st.sampled_from(["]", "]]"]), _comment)
_plain_entry = st.builds(
    lambda match, profile: f'[[registry]]\nmatch = "{match}"\nprofile = "{profile}"',
    st.sampled_from([HOST, "*", "1*", "[1]*", "x"]),
    st.sampled_from(["a", "b"]),
)
_own_entry = _plain_entry.map(lambda text: text.replace("]]", "]] # by docker-credential-ecrx configure"))
_lines = st.lists(st.one_of(_key, _header, _plain_entry, _own_entry, _comment), max_size=8)
documents = (
    st.builds(
        lambda end, last, lines: end.join(lines) + last,
        st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        st.sampled_from(["", "\n", "\r\n", "\n\n"]),
        _lines,
    )
    | st.text()
)
patterns = st.text("ab*?[]!-.^\\&|~1", max_size=12) | st.text(max_size=8)


@fuzzed(documents)
def test_subset_matches_tomllib_or_defers_to_it(document: str) -> None:
    found = toml_subset.parse(document)

    if found is not None:
        assert tomllib.loads(document) == found


@fuzzed(
    documents.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(), st.sampled_from(["", "-p", "x"])
)
def test_every_host_gets_an_identity_or_an_error(document: bytes, argv0: str) -> None:
    path = str(file("config.toml", document))
    try:
        loaded = settings.load(f"docker-credential-ecrx{argv0}", {"ECRX_CONFIG": path})
    except SettingsError as error:
        told(error)
    else:
        assert str(loaded.identity_for(HOST))
        assert loaded.keyring


@fuzzed(patterns, st.text("ab.-1", max_size=12) | st.just(HOST))
def test_patterns_match_as_fnmatch_does(text: str, host: str) -> None:
    assert fnmatchcase(host, text) == host_pattern.matches(text, host)


@fuzzed(documents, st.sampled_from([HOST, "public.ecr.aws"]), st.sampled_from(["a", 'q"\\\n', "é"]))
def test_adding_and_removing_an_entry_changes_nothing(document: str, host: str, profile: str) -> None:
    before = TextFile("config.toml", document)
    try:
        cleared, more = before, ecrx_config.remove_entry(before, host)
        while more != cleared:  # one host may have several entries
            cleared, more = more, ecrx_config.remove_entry(more, host)
        after = ecrx_config.set_entry(cleared, host, {"profile": profile})
        again = ecrx_config.set_entry(after, host, {"profile": profile})
        removed = ecrx_config.remove_entry(after, host)
    except FileError as error:
        told(error)
        return
    assert after == again
    entries = tomllib.loads(after.text)["registry"]
    registry = Registry.parse(host)
    assert registry is not None
    answers = next(entry for entry in entries if host_pattern.is_for(entry, registry))
    assert profile == answers["profile"]
    if after != cleared:
        assert cleared.text == removed.text
