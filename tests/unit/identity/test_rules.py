"""The rules of config.toml: which are valid, and which registries they apply to."""

import pytest

from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.identity import rule_checks
from docker_credential_ecrx.identity.rules import accounts, is_plain, matches, read

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


ROLE = {"account": "111111111111", "role_arn": "arn:aws:iam::222222222222:role/pull"}


@pytest.mark.parametrize(
    "entry",
    [
        {"account": "111111111111", "region": "us-east-1", "profile": "p"},
        {"account": "111111111111", "region": "cn-north-1", "profile": "p"},
        ROLE | {"region": "eu-central-1"},
        ROLE | {"duration_seconds": 900},
        ROLE | {"duration_seconds": 43200, "source_profile": "p", "external_id": "id", "role_session_name": "me"},
    ],
)
def test_entry_of_every_key_is_plainly_valid(entry: dict[str, object]) -> None:
    assert is_plain(entry)
    rule_checks.check([entry], "config.toml")


@pytest.mark.parametrize(
    "entry",
    [
        {"account": "111111111111", "region": "us-east", "profile": "p"},
        {"account": "111111111111", "region": "us-east-1.evil", "profile": "p"},
        {"account": "111111111111", "region": "", "profile": "p"},
        {"account": "111111111111", "region": 1, "profile": "p"},
        {"match": "*", "region": "us-east-1", "profile": "p"},
        {"account": "111111111111", "duration_seconds": 3600, "profile": "p"},
        ROLE | {"duration_seconds": 899},
        ROLE | {"duration_seconds": 43201},
        ROLE | {"duration_seconds": True},
        ROLE | {"duration_seconds": "3600"},
    ],
)
def test_wrong_region_or_duration_is_refused(entry: dict[str, object]) -> None:
    assert not is_plain(entry)
    with pytest.raises(SettingsError):
        rule_checks.check([entry], "config.toml")


@pytest.mark.parametrize(
    ("plain", "key", "value"),
    [
        ({"match": HOST, "profile": "p"}, "match", "*.exämple.com"),
        ({"match": HOST, "profile": "p"}, "match", ""),
        ({"match": HOST, "profile": "p"}, "match", 1),
        ({"match": HOST, "profile": "p"}, "profile", True),
        ({"match": HOST, "profile": "p"}, "profile", ""),
        ({"match": HOST, "role_arn": ROLE["role_arn"]}, "role_arn", "arn:aws:iam::22222222222:role/pull"),
        ({"match": HOST, "role_arn": ROLE["role_arn"]}, "role_arn", "arn:aws:iam::222222222222:user/pull"),
        ({"match": HOST, "role_arn": ROLE["role_arn"]}, "role_arn", ""),
        ({"match": HOST, "role_arn": ROLE["role_arn"], "source_profile": "p"}, "source_profile", ["p"]),
        (ROLE, "account", "11111111111a"),
        (ROLE | {"external_id": "id"}, "external_id", "i"),
    ],
)
def test_invalid_value_among_many_is_refused(plain: dict[str, object], key: str, value: object) -> None:
    """Entries that are alike are checked together."""
    many = [dict(plain) for _ in range(100)]
    assert tuple(many) == read({"registry": many}, "config.toml")

    many[70][key] = value

    with pytest.raises(SettingsError, match=r"config\.toml: \[\[registry\]\] entry 71: "):
        read({"registry": many}, "config.toml")


@pytest.mark.parametrize(
    "security", [{"accounts": []}, {"accounts": ["1"]}, {"accounts": "111111111111"}, {"account": ["111111111111"]}, []]
)
def test_wrong_accounts_are_refused(security: object) -> None:
    with pytest.raises(SettingsError):
        accounts({"security": security}, "config.toml")
