"""config.toml as text: entries are added and removed, and nothing else changes, comments and order included."""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.config_files import ecrx_config
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity import rule_index, rules, settings, toml_subset

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
OTHER_HOST = "333333333333.dkr.ecr.us-east-1.amazonaws.com"
HEADER = "[[registry]] # by docker-credential-ecrx configure\n"
ENTRY = f'{HEADER}match = "{HOST}"\nprofile = "secondary"\n'
NARROW = '[[registry]]\nmatch = "222222222222.*"\nprofile = "mine"\n'
BROAD = '# everything else\n# of ours\n[[registry]] # c\nmatch = "*.dkr.ecr.*"   # all\nprofile = "base"\n'
CACHE = '[cache]\nkeyring = "auto" # c\n'

# For each form the text before and after.
SHAPES = {
    "empty": ("", ENTRY),
    "a comment": ("# mine\n", f"# mine\n\n{ENTRY}"),
    "no line end": ("# mine", f"# mine\n\n{ENTRY.rstrip()}"),
    "other tables": (CACHE, f"{CACHE}\n{ENTRY}"),
    "an entry for others": (NARROW, f"{NARROW}\n{ENTRY}"),
    "an entry that would hide it": (BROAD, f"{ENTRY}\n{BROAD}"),
    "between two": (f"{NARROW}\n{BROAD}", f"{NARROW}\n{ENTRY}\n{BROAD}"),
    "a table between two": (f"{NARROW}\n{CACHE}\n{BROAD}", f"{NARROW}\n{CACHE}\n{ENTRY}\n{BROAD}"),
    "other spellings of the header": (
        NARROW.replace("[[registry]]", '[["registry"]]') + BROAD.replace("[[", " [[ ").replace("]]", "\t]]"),
        NARROW.replace("[[registry]]", '[["registry"]]')
        + f"{ENTRY}\n"
        + BROAD.replace("[[", " [[ ").replace("]]", "\t]]"),
    ),
    "the host's own entry by hand": (
        f'[[registry]]\nmatch = "{HOST}"\nprofile = "mine"\n',
        f'{ENTRY}\n[[registry]]\nmatch = "{HOST}"\nprofile = "mine"\n',
    ),
}
SHAPES |= {
    f"{name}, Windows line ends": (before.replace("\n", "\r\n"), after.replace("\n", "\r\n"))
    for name, (before, after) in SHAPES.items()
    if "\n" in before
}


def set_entry(text: str, host: str = HOST, **keys: str) -> str:
    return ecrx_config.set_entries(TextFile("config.toml", text), {host: keys or {"profile": "secondary"}})[0].text


def remove_entry(text: str, host: str = HOST) -> str:
    return ecrx_config.remove_entries(TextFile("config.toml", text), [host]).text


class TestSetEntry:
    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_precedes_the_entry_that_would_hide_it(self, before: str, after: str) -> None:
        """Comments above that entry stay with it."""
        assert after == set_entry(before)

    @pytest.mark.parametrize("after", [after for _, after in SHAPES.values()], ids=SHAPES)
    def test_existing_entry_changes_nothing(self, after: str) -> None:
        assert after == set_entry(after)

    @pytest.mark.parametrize("before", [before for before, _ in SHAPES.values()], ids=SHAPES)
    def test_replaces_an_earlier_one_for_the_host(self, before: str) -> None:
        assert set_entry(before) == set_entry(set_entry(before, profile="earlier"))

    def test_is_skipped_if_another_entry_has_the_same_effect(self) -> None:
        assert BROAD == set_entry(BROAD, profile="base")

    @pytest.mark.parametrize("key", ['account = "111111111111"', 'account = "111111111111"\nregion = "us-east-1"'])
    def test_precedes_the_entry_of_its_account(self, key: str) -> None:
        account = f'[[registry]]\n{key}\nprofile = "base"\n'

        assert f"{ENTRY}\n{account}" == set_entry(account)
        assert account == set_entry(account, profile="base")

    @pytest.mark.parametrize("key", ['account = "222222222222"', 'account = "111111111111"\nregion = "eu-west-1"'])
    def test_follows_entries_of_other_accounts_and_regions(self, key: str) -> None:
        account = f'[[registry]]\n{key}\nprofile = "base"\n'

        assert f"{account}\n{ENTRY}" == set_entry(account)

    def test_of_a_fips_host_is_separate(self) -> None:
        """The registry's entry covers both hosts, but is removed separately."""
        fips = HOST.replace("ecr.", "ecr-fips.")
        both = set_entry(ENTRY, fips)

        assert [fips, HOST] == [entry["match"] for entry in tomllib.loads(both)["registry"]]
        assert both == set_entry(both, fips)
        assert ENTRY == remove_entry(both, fips)

    def test_moves_before_the_entry_that_hides_it(self) -> None:
        assert f"{ENTRY}\n{BROAD}" == set_entry(f"{BROAD}\n{ENTRY}")

    def test_has_the_role_and_its_credential_source(self) -> None:
        keys = {"role_arn": "arn:aws:iam::444444444444:role/puller", "source_profile": "base", "external_id": 'a"\\b'}

        assert [{"match": HOST} | keys] == tomllib.loads(set_entry("", **keys))["registry"]

    @pytest.mark.parametrize("text", ["registry = []\n", f'registry = [{{match = "{HOST}", profile = "mine"}}]\n'])
    def test_rejects_entries_of_another_form(self, text: str) -> None:
        with pytest.raises(FileError, match="in a form that this command cannot edit"):
            set_entry(text)

    def test_rejects_invalid_toml(self) -> None:
        with pytest.raises(FileError, match="not TOML"):
            set_entry("registry")
        with pytest.raises(FileError, match="not TOML"):
            set_entry(f"a = {'9' * 5000}")

    @pytest.mark.parametrize("text", ["registry = 1", 'registry = "x"', "registry = [1]", "[registry]"])
    def test_rejects_a_registry_key_that_is_no_array(self, text: str) -> None:
        with pytest.raises(FileError, match="not an array of tables"):
            set_entry(text)

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
    def test_is_read_back_with_any_profile_name(self, profile: str) -> None:
        table = tomllib.loads(set_entry("", profile=profile))

        assert [{"match": HOST, "profile": profile}] == table["registry"]

    def test_accepts_every_character_that_configure_accepts(self) -> None:
        every = "".join(character for character in map(chr, range(sys.maxunicode + 1)) if character.isprintable())

        assert [{"match": HOST, "profile": every}] == tomllib.loads(set_entry("", profile=every))["registry"]


class TestSetEntries:
    def test_parses_the_file_as_often_for_one_as_for_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Otherwise, the time would grow with the square of the number of hosts."""
        parsed: list[str] = []
        compared: list[str | None] = []

        def parse(document: str) -> dict[str, Any] | None:
            parsed.append(document)
            return parse_subset(document)

        def is_for(entry: Mapping[str, Any], host: str | None, registry: Registry | None) -> bool:
            compared.append(host)
            return rules.is_for(entry, host, registry)

        parse_subset = toml_subset.parse
        monkeypatch.setattr(toml_subset, "parse", parse)
        monkeypatch.setattr(rule_index, "is_for", is_for)

        for count in (1, 50, 500):
            hosts = [f"{number:012}.dkr.ecr.us-east-1.amazonaws.com" for number in range(count)]
            empty = TextFile("config.toml", "")
            first, changed = ecrx_config.set_entries(empty, {host: {"profile": "a"} for host in hosts})
            other, _ = ecrx_config.set_entries(first, {host: {"profile": "b"} for host in hosts})
            again, unchanged = ecrx_config.set_entries(other, {host: {"profile": "b"} for host in hosts})

            assert (hosts, []) == (changed, unchanged)
            assert other == again
            assert empty == ecrx_config.remove_entries(other, hosts)
            assert len(parsed) == 7
            assert len(compared) <= 3 * count
            parsed.clear()
            compared.clear()


class TestRemoveEntry:
    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_restores_the_original_file(self, before: str, after: str) -> None:
        assert before == remove_entry(after)

    @pytest.mark.parametrize("before", [before for before, _ in SHAPES.values()], ids=SHAPES)
    def test_removes_two_in_any_order(self, before: str) -> None:
        both = set_entry(set_entry(before), OTHER_HOST)

        assert before == remove_entry(remove_entry(both, HOST), OTHER_HOST)
        assert before == remove_entry(remove_entry(both, OTHER_HOST), HOST)

    def test_removes_additions_inside_the_entry(self) -> None:
        assert BROAD == remove_entry(f"{ENTRY}# why\n{BROAD}".replace("# why\n", "role_session_name = 'x'\n\n"))

    def test_leaves_the_following_comment(self) -> None:
        assert f"# why\n{CACHE}" == remove_entry(f"{ENTRY}# why\n{CACHE}")

    def test_leaves_text_that_looks_like_an_entry(self) -> None:
        text = f"[[registry]]\nmatch = '''\n{ENTRY}'''\nprofile = 'x'\n"

        assert text == remove_entry(text)


def test_entry_applies_to_its_host_only(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(set_entry(f"{NARROW}\n{BROAD}"))

    loaded = settings.load("docker-credential-ecrx", {"ECRX_CONFIG": str(path)})

    assert ("secondary", "base") == (loaded.identity_for(HOST).profile, loaded.identity_for(OTHER_HOST).profile)
