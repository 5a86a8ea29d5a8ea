"""config.toml: our reader agrees with tomllib and fnmatch, and removing an added entry restores the file."""

import tomllib
from fnmatch import fnmatchcase

import pytest
from fuzz.helpers import deep, file, fuzzed, joined, told
from hypothesis import strategies as st

from docker_credential_ecrx.config_files import ecrx_config
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import rule_index, rules, settings, toml_subset

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
HOSTS = [HOST, HOST.replace("ecr.", "ecr-fips."), HOST.replace("111", "222"), "public.ecr.aws"]
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
        "registry",
        "endpoint_url",
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
        '"images.example.com"',
        '"https://ecr.example.com"',
        '"http://localhost:4566/"',
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
_own_host_entry = st.builds(
    lambda match, registry: f'[[registry]]\nmatch = "{match}"\nregistry = "{registry}"',
    st.sampled_from(["images.example.com", "localhost:4566", HOST, "*.example.com", "public.ecr.aws", "A.b:443"]),
    st.sampled_from([HOST, "public.ecr.aws", "x", f"{HOST}/"]),
)
_own_entry = _plain_entry.map(lambda text: text.replace("]]", "]] # by docker-credential-ecrx configure"))
_lines = st.lists(st.one_of(_key, _header, _plain_entry, _own_host_entry, _own_entry, _comment), max_size=8)
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


_line = st.sampled_from(
    [
        *(
            'match = "a"',
            'match   = "b.*"',
            'profile = "p"',
            "",
            "  ",
            "# match",
            '  profile = "p"',
            'profile = "p" # q',
        ),
        *("[[registry]]", "[[registry]] # x", "[cache]", 'match == "a"', "match = 1", 'match = "a""', 'profile = ""'),
        *("profile = 'p'", 'match = ["a"]', 'external_id = "e"', 'match = "\\t"', '"', 'match = "a" profile = "p"'),
    ]
)


@fuzzed(
    st.lists(_line, max_size=5),
    st.integers(0, 6),
    st.lists(st.tuples(st.integers(0, 30), _line), max_size=2),
    st.lists(_line, max_size=2),
)
def test_entries_that_are_alike_are_parsed_as_others(
    block: list[str], count: int, edits: list[tuple[int, str]], before: list[str]
) -> None:
    """A file of the same lines again and again, and the same with some lines replaced."""
    lines = [*before, *["[[registry]]", *block] * count]
    for at, line in edits:
        lines[at : at + 1] = [line]
    document = "\n".join(line.replace('"a"', f'"a{number}"') for number, line in enumerate(lines))

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
    assert fnmatchcase(host, text) == rules.matches(text, host)


@fuzzed(documents, st.sampled_from([HOST, "public.ecr.aws"]), st.sampled_from(["a", 'q"\\\n', "é"]))
def test_adding_and_removing_an_entry_changes_nothing(document: str, host: str, profile: str) -> None:
    before = TextFile("config.toml", document)
    try:
        cleared, more = before, ecrx_config.remove_entries(before, [host])
        while more != cleared:  # one host may have several entries
            cleared, more = more, ecrx_config.remove_entries(more, [host])
        after, _ = ecrx_config.set_entries(cleared, {host: {"profile": profile}})
        again, _ = ecrx_config.set_entries(after, {host: {"profile": profile}})
        removed = ecrx_config.remove_entries(after, [host])
    except FileError as error:
        told(error)
        return
    assert after == again
    entries = tomllib.loads(after.text)["registry"]
    registry = Registry.parse(host)
    assert registry is not None
    answers = next(entry for entry in entries if rules.is_for(entry, host, registry))
    assert profile == answers["profile"]
    if after != cleared:
        assert cleared.text == removed.text


@fuzzed(documents, st.lists(st.sampled_from(HOSTS), min_size=1, unique=True), st.sampled_from(["a", "b"]))
def test_several_entries_are_set_as_one_after_another(document: str, hosts: list[str], profile: str) -> None:
    one_by_one = before = TextFile("config.toml", document)
    keys, changed = {"profile": profile}, []
    try:
        for host in hosts:
            one_by_one, more = ecrx_config.set_entries(one_by_one, {host: keys})
            changed += more
    except FileError as error:
        told(error)
        with pytest.raises(FileError):
            ecrx_config.set_entries(before, dict.fromkeys(hosts, keys))
    else:
        assert (one_by_one, changed) == ecrx_config.set_entries(before, dict.fromkeys(hosts, keys))


@fuzzed(documents, st.sampled_from([*HOSTS, "images.example.com", "localhost:4566", "a.b"]))
def test_index_finds_the_rule_that_comes_first(document: str, host: str) -> None:
    env = {"ECRX_CONFIG": str(file("config.toml", document.encode("utf-8", "surrogatepass")))}
    try:
        loaded = settings.load("docker-credential-ecrx", env)
    except SettingsError:
        return
    indexed = rule_index.load("docker-credential-ecrx", env)
    assert str(loaded.identity_for(host)) == str(indexed.identity_for(host))
    found, indexed_one = loaded.registry_of(host), indexed.registry_of(host)
    assert (found and found.ecr_host) == (indexed_one and indexed_one.ecr_host)
