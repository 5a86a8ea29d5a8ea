"""AWS's two configuration files: whatever botocore reads there for an identity is part of its fingerprint."""

from typing import Any

from botocore.configloader import build_profile_map, raw_config_parse
from botocore.exceptions import ConfigParseError
from fuzz.helpers import base64_of, file, fuzzed, joined, json_texts
from hypothesis import example
from hypothesis import strategies as st

from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.fingerprint import fingerprint
from docker_credential_ecrx.identity.model import Identity

SECRETS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")
_names = st.sampled_from(["a", "b", "default", "DEFAULT", "a b", '"a b"', "a\\ b", "'a'", 'a"b"', "ab", "é", ""])
_kinds = st.sampled_from(
    [
        *("profile ", "profile ", "", "sso-session ", "services ", "profile\t", "profile", " profile  "),
        # botocore checks only how the first of two words begins.
        *("profiles ", "profile-x ", 'profile" x" ', '"profile" ', "Profile ", "sso-sessions ", "services2 "),
    ]
)
_section = joined(
    st.just("["), _kinds, _names, st.sampled_from(["]", "]", "] # x", "]x]", "] = x", " = x", " = ]", ""])
)
_keys = st.sampled_from(
    [
        "role_arn",
        "source_profile",
        "region",
        "sso_session",
        "services",
        "aws_access_key_id",
        "ROLE_ARN",
        "s3",
        "credential_process",
        "web_identity_token_file",
        "credential_source",
        *SECRETS,
    ]
)
_values = st.one_of(
    _names, st.sampled_from(["x", "a = b", "Environment", "", "a:b", "[a]", "x ; y"]), st.text(max_size=4)
)
_keyring_name = joined(_keys, st.sampled_from([" = ", "=", ":", " : ", " "]), _values)
_line = joined(
    st.sampled_from(["", "", "", " ", "\t", "    "]),
    st.one_of(_section, _keyring_name, _keyring_name, st.sampled_from(["", "# x", "; x", "x"]), st.text(max_size=6)),
)
_block = st.builds(
    lambda section, settings: "\n".join([section, *settings]),
    joined(st.sampled_from(["[", "[profile ", "[sso-session ", "[services "]), _names, st.just("]")),
    st.lists(joined(_keys, st.just(" = "), _values), max_size=3, unique_by=lambda line: line.partition(" ")[0]),
)
_lines = st.lists(_block | _line, max_size=8)
_ends = st.sampled_from(["\n", "\n", "\r\n", "\r"])
_profiles = st.sampled_from(["a", "b", "default", "a b", "ab", "é"])


def environ_of(config: str, credentials: str) -> dict[str, str]:
    """Return the environment that names files with those contents."""
    return {
        "AWS_CONFIG_FILE": str(file("config", config)),
        "AWS_SHARED_CREDENTIALS_FILE": str(file("credentials", credentials)),
    }


def read_by_botocore(env: dict[str, str]) -> dict[str, dict[str, Any]] | None:
    """Return the profiles, SSO sessions and services in ``botocore.session.Session.full_config``, or None."""
    try:
        full: dict[str, dict[str, Any]] = build_profile_map(
            raw_config_parse(env["AWS_CONFIG_FILE"], parse_subsections=False)
        )
        for name, values in raw_config_parse(env["AWS_SHARED_CREDENTIALS_FILE"], parse_subsections=False).items():
            full["profiles"].setdefault(name, {}).update(values)
    except ConfigParseError:
        return None
    return full


def facts_of(profile: str, full: dict[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, str]]]:
    """Return everything that botocore may read for ``profile``, except secrets: kind, name and settings."""
    found: list[tuple[str, str, dict[str, str]]] = []
    wanted = [("profiles", profile)]
    for kind, name in wanted:
        settings = full[kind].get(name, {})
        found.append((kind, name, {key: "" if key in SECRETS else value for key, value in settings.items()}))
        more = [("profiles", "source_profile"), ("sso_sessions", "sso_session"), ("services", "services")]
        named = [(kind, settings[key]) for kind, key in more if key in settings]
        wanted.extend(pair for pair in named if pair not in wanted)
    return found


@fuzzed(_lines, _lines, _ends, _profiles)
def test_fingerprint_covers_what_botocore_reads(
    config: list[str], credentials: list[str], end: str, profile: str
) -> None:
    env = environ_of(end.join(config), end.join(credentials))
    seen = {(key, value) for _, key, value in chain(Identity(profile), env)}

    full = read_by_botocore(env)

    for _, _, settings in facts_of(profile, full) if full else ():
        assert settings.items() <= seen


@fuzzed(_lines, _lines, st.integers(0, 19), _line, _profiles)
def test_difference_for_botocore_changes_the_fingerprint(
    config: list[str], credentials: list[str], at: int, line: str, profile: str
) -> None:
    prints, facts = [], []
    for edited in (False, True):
        lines = [*config, *credentials]
        if edited and lines:
            lines[at % len(lines)] = line
        env = environ_of("\n".join(lines[: len(config)]), "\n".join(lines[len(config) :]))
        prints.append(fingerprint(Identity(profile), env))
        full = read_by_botocore(env)
        facts.append(facts_of(profile, full) if full else None)

    if None not in facts and facts[0] != facts[1]:
        assert prints[0] != prints[1]


# A file that begins so is scanned as a whole: two of its lines begin with a bracket, and no section.
_SCANNED = "[zzz]\nk = v\n  [x]\n[\n[zzz]\n"


@example(["  [profile a]", "x = y"], [], "\n", "a", 0)
@example(["[profile b]", "  [profile a]", "x = y"], [], "\n", "a", 0)
@example(["[profile a]", "[", "x = y"], [], "\n", "a", 0)
@example(["[profile a]", "[]", "x = y"], [], "\n", "a", 0)
@example(['[profile "a b"]', "x = y"], [], "\n", "a b", 0)
@example(['[profile ab"c"]', "x = y"], ["[ab\\c]", "z = y"], "\n", "abc", 0)
@fuzzed(_lines, _lines, _ends, _profiles, st.sampled_from([0, 1, 200]))
def test_skipped_sections_change_nothing(
    config: list[str], credentials: list[str], end: str, profile: str, others: int
) -> None:
    """Only the sections that are named are scanned, if a file is plain; it is as if all were."""
    many = [f"[profile o{number}]\nregion = x{end}  y" for number in range(others)]
    texts = [end.join([*many, *config, *many]), end.join(credentials)]
    found = [
        [*chain(Identity(profile), environ_of(*(f"{before}{text}" for text in texts)))] for before in ("", _SCANNED)
    ]

    assert found[0] == found[1]


@fuzzed(json_texts("iss", "sub", "aud").map(lambda claims: f"e30.{base64_of(claims)}.e30") | st.text() | st.binary())
def test_web_identity_token_file_may_contain_anything(token: str | bytes) -> None:
    path = str(file("token", token))
    env = {"AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": path, "HOME": "/nonexistent"}

    assert fingerprint(Identity(), env) == fingerprint(Identity(), env)
