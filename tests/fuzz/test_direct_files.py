"""AWS's two files as the direct way reads them: as botocore does, or it leaves them to botocore."""

import os
from typing import Any

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigParseError
from fuzz.helpers import file, fuzzed, joined
from hypothesis import strategies as st

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.profile_files import read_profiles
from docker_credential_ecrx.identity.aws_profiles import Snapshot

Profiles = dict[str, dict[str, str]]

LINES = "a value of several lines"
_gap = st.sampled_from(["", "", "", " ", "  ", "\t", " \t ", "\x0b", "\x0c", "\x1f", "\xa0", "\u2003", "\u3000"])
_word = st.sampled_from(
    ["profile", "profile", "profile", "profiles", "profilé", "Profile", "sso-session", "services", ""]
)
_name = st.sampled_from(
    [
        *(
            "p",
            "p",
            "default",
            "DEFAULT",
            "p q",
            '"p"',
            "'p q'",
            "p\\ q",
            'p"q"',
            "p#q",
            "p;q",
            "p]q",
            "[p",
            "p=q",
            "p:q",
        ),
        *("%(p)s", "${p}", "é", "\u0130", "ß", "p\u200b", "ﬁ", "", "\ufeff"),
    ]
)
_head = joined(
    st.just("["), _gap, _word, _gap, _name, _gap, st.sampled_from(["]", "]", "]", "]  # x", "] ; x", "] = x", "", "]]"])
)
_key = st.sampled_from(
    [
        *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "role_arn", "source_profile", "REGION"),
        *(
            "region",
            "Region",
            "duration_seconds",
            "s3",
            "k",
            "k l",
            "#k",
            ";k",
            "[k",
            "k]",
            "é",
            "É",
            "\u0130",
            "%k",
            '"k"',
        ),
        *("", "rem", "\ufeffk"),
    ]
)
_value = st.one_of(
    st.sampled_from(
        [
            *(
                "x",
                "a b",
                "a = b",
                "a:b",
                "=",
                ":",
                "",
                "# x",
                "; x",
                "x # y",
                "x ; y",
                "x#y",
                "x;y",
                '"x"',
                "'x'",
                "\\",
            ),
            *(
                "%",
                "%(region)s",
                "${HOME}",
                "$HOME",
                "é",
                "\u2028x",
                "x\x0by",
                "x\x1cy",
                "x\x85y",
                "[x]",
                "\ufeff",
                "None",
            ),
        ]
    ),
    st.text(max_size=5),
)
_setting = joined(_key, _gap, st.sampled_from(["=", "=", "=", ":", "", "==", "=:", ":=", " "]), _gap, _value, _gap)
_line = joined(
    _gap,
    st.one_of(_head, _setting, _setting, st.sampled_from(["", "# x", "; x", "#", "x", "a = b"]), st.text(max_size=6)),
)
_end = st.sampled_from(["\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n  \n", "\x0c\n", "\u2028", "\x1c"])
# Nearly all of a drawn file is what botocore reads, so that one odd line makes the difference.
_good = joined(
    st.sampled_from(["region", "role_arn", "K", "é", "k l", "%k"]),
    st.sampled_from(["", " ", "\t", "\u3000"]),
    st.sampled_from(["=", "=", ":"]),
    _gap,
    _value.filter(lambda value: not {"\n", "\r"}.intersection(value)),
    _gap,
)
_more = st.sampled_from(["", "", "  # x", "; x", "  a = b", "\t  c=d # e", "   ", "\x0c", "  a", "  [p]"])
_section = st.builds(
    lambda head, settings, odd, at, end: end.join([head, *settings[:at], *odd, *settings[at:], ""]),
    _head.filter(lambda head: head.endswith("]")),
    st.lists(st.one_of(_good, _good, _more), min_size=1, max_size=4, unique_by=lambda line: line[:2].lower()),
    st.one_of(st.just([]), st.just([]), st.just([]), st.lists(_line, max_size=1)),
    st.integers(0, 4),
    st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n"]),
)
_text = st.one_of(
    st.lists(_section, min_size=1, max_size=4, unique_by=lambda section: section[:12]).map("".join),
    st.lists(_section | joined(_line, _end), max_size=3).map("".join),
)
_file = st.one_of(
    *(_text.map(lambda text: text.encode("utf-8", "surrogatepass")) for _ in range(8)),
    _text.map(lambda text: text.encode("utf-8", "surrogatepass")),
    _text.map(lambda text: text.encode("utf-8-sig", "surrogatepass")),
    _text.map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.binary(max_size=20),
    st.builds(lambda text, more: text.encode("utf-8", "surrogatepass") + more, _text, st.binary(max_size=4)),
)


def environ_of(config: bytes, credentials: bytes) -> dict[str, str]:
    """Return the environment that names files with those contents."""
    return {
        "AWS_CONFIG_FILE": str(file("direct-config", config)),
        "AWS_SHARED_CREDENTIALS_FILE": str(file("direct-credentials", credentials)),
    }


def of_botocore(env: dict[str, str]) -> Profiles | None:
    """Return the profiles as botocore/session.py, full_config, makes them, or None if it fails."""
    try:
        profiles: dict[str, dict[str, Any]] = load_config(env["AWS_CONFIG_FILE"])["profiles"]
        for name, values in raw_config_parse(env["AWS_SHARED_CREDENTIALS_FILE"]).items():
            profiles.setdefault(name, {}).update(values)
    except ConfigParseError:
        return None
    return {name: {key: _simple(value) for key, value in settings.items()} for name, settings in profiles.items()}


def of_direct_way(env: dict[str, str]) -> Profiles | None:
    """Return the profiles as the direct way reads them, or None if it declines; no profile of several lines is used."""
    try:
        profiles = read_profiles(Snapshot(env))
    except DeclinedError:
        return None
    return {name: {key: _simple(value) for key, value in settings.items()} for name, settings in profiles.items()}


def _simple(value: str | dict[str, Any]) -> str:
    return value if isinstance(value, str) and "\n" not in value else LINES


@fuzzed(_file, _file)
def test_files_are_read_as_botocore_reads_them(config: bytes, credentials: bytes) -> None:
    env = environ_of(config, credentials)

    assert of_direct_way(env) in (None, of_botocore(env))


class TestWithoutDrawing:  # a module's own tests are fuzz targets
    def test_files_of_a_thousand_profiles_are_read_whole(self) -> None:
        """The direct way does not decline what nearly everybody writes."""
        config = "".join(
            f"[profile role-{number}]\nrole_arn = arn:aws:iam::{number:012}:role/r\nsource_profile = keys-1\n\n"
            for number in range(1000)
        )
        credentials = "".join(
            f"# {number}\n[keys-{number}]\naws_access_key_id = AKIA{number}\naws_secret_access_key = a/b+{number}=\n"
            for number in range(1000)
        )
        env = environ_of(config.encode(), credentials.encode())

        profiles = of_direct_way(env)

        assert profiles is not None
        assert (2000, profiles) == (len(profiles), of_botocore(env))

    def test_file_that_is_missing_is_one_without_profiles(self) -> None:
        """As for botocore, which raises for it what its session ignores."""
        env = {"AWS_CONFIG_FILE": os.devnull + "/x", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/x"}

        assert {} == of_direct_way(env)
