"""Whose identity answers, by link name and configuration file, and what is said of a wrong file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx import settings
from docker_credential_ecrx.errors import EcrxError, SettingsError

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"


def load(tmp_path: Path, text: str, called_by: str = "docker-credential-ecrx") -> settings.Settings:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return settings.load(called_by, {"ECRX_CONFIG": str(path)})


class TestIdentity:
    def test_a_link_name_goes_before_the_configuration_file(self, tmp_path: Path) -> None:
        text = f'[[registry]]\nmatch = "{HOST}"\nprofile = "other"\n'

        found = load(tmp_path, text, "/usr/bin/docker-credential-ecrx-secondary").identity_for(HOST)

        assert found.profile == "secondary"

    def test_the_first_matching_entry_of_the_file_wins(self, tmp_path: Path) -> None:
        text = (
            '[[registry]]\nmatch = "222222222222.*"\nprofile = "never"\n'
            '[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "first"\n'
            '[[registry]]\nmatch = "*"\nprofile = "second"\n'
        )

        assert load(tmp_path, text).identity_for(HOST).profile == "first"

    def test_without_a_match_the_default_chain_answers(self, tmp_path: Path) -> None:
        found = load(tmp_path, '[[registry]]\nmatch = "x"\nprofile = "p"\n').identity_for(HOST)

        assert (found.profile, found.role_arn) == (None, None)

    def test_a_role_may_come_from_a_source_profile(self, tmp_path: Path) -> None:
        text = (
            '[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\nsource_profile = "base"\n'
            'external_id = "x"\nrole_session_name = "ci"\nduration_seconds = 900\n'
        )

        found = load(tmp_path, text).identity_for(HOST)

        assert (
            found.profile,
            found.role_arn,
            found.external_id,
            found.role_session_name,
            found.duration_seconds,
        ) == ("base", "arn:aws:iam::444444444444:role/puller", "x", "ci", 900)


class TestLinkName:
    @pytest.mark.parametrize(
        ("path", "profile"),
        [
            ("docker-credential-ecrx", None),
            ("/opt/x/docker-credential-ecrx", None),
            ("ecrx", None),
            ("docker-credential-ecrx-secondary", "secondary"),
            ("./docker-credential-ecrx-a-b.c", "a-b.c"),
            ("docker-credential-ecrx-my profile", "my profile"),
            ("docker-credential-other", None),
            ("docker-credential-ecrx2", None),
            ("", None),
        ],
    )
    def test_what_follows_the_program_name_is_the_profile(self, path: str, profile: str | None) -> None:
        assert settings.profile_of(path) == profile

    def test_a_name_that_ends_in_the_hyphen_is_an_error(self) -> None:
        with pytest.raises(SettingsError, match="names no AWS profile"):
            settings.profile_of("docker-credential-ecrx-")


WRONG = [
    ("[[registry]\n", "is not TOML"),
    pytest.param(f"a = {'9' * 5000}\n", "is not TOML", id="a number that Python does not read"),
    ("registry = 1\n", "registry is not an array of tables"),
    ("registry = [1]\n", "registry is not an array of tables"),
    ('[[registry]]\nprofile = "p"\n', "number 1: match is missing"),
    (
        '[[registry]]\nmatch = "https://*"\nprofile = "p"\n',
        "fits no registry's host: none has a ':'; write match",
    ),
    ('[[registry]]\nmatch = "*.amazonaws.com/app"\nprofile = "p"\n', "none has a '/';"),
    ('[[registry]]\nmatch = "*.{com,cn}"\nprofile = "p"\n', "none has a '{';"),
    ('[[registry]]\nmatch = "*"\n', "exactly one of profile and role_arn"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\nrole_arn = "arn:aws:iam::1:role/r"\n', "exactly one of"),
    ('[[registry]]\nmatch = "*"\nprofil = "p"\n', "unknown key profil;"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\n[[registry]]\nmatch = "*"\nprofile = ""\n', "number 2: profile is not"),
    ('[[registry]]\nmatch = 1\nprofile = "p"\n', "match is not a text"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\nexternal_id = "x"\n', "external_id goes with role_arn"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "puller"\n', "role_arn puller is not a role's ARN"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:role/r"\n', "role_arn arn:aws:role/r is not a role's ARN"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::1:role/r"\n', "is not a role's ARN"),
    ('[[registry]]\nmatch="*"\nrole_arn="arn:aws:iam::1:role/r"\nduration_seconds = 60\n', "duration_seconds"),
    ('[[registry]]\nmatch="*"\nrole_arn="arn:aws:iam::1:role/r"\nduration_seconds = true\n', "duration_seconds"),
    ('[cash]\nkeyring = "auto"\n', "unknown key cash"),
    ("cache = 1\n", "cache is not a table"),
    ('[cache]\nkeyrings = "auto"\n', "[cache]: unknown key keyrings"),
    ("[cache]\nkeyring = 1\n", "keyring is not a text"),
    ('[cache]\nkeyring = "vault"\n', "unknown keyring, vault"),
]


class TestWrongFile:
    @pytest.mark.parametrize(("text", "said"), WRONG)
    def test_the_message_names_file_table_and_key(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, text)

        assert said in str(caught.value)
        assert str(tmp_path / "config.toml") in str(caught.value)
        assert caught.value.hint

    def test_a_file_that_is_named_but_missing_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="does not exist"):
            settings.load("docker-credential-ecrx", {"ECRX_CONFIG": str(tmp_path / "missing")})

    def test_a_missing_default_file_is_an_empty_one(self, tmp_path: Path) -> None:
        assert settings.load("x", {"XDG_CONFIG_HOME": str(tmp_path)}).keyring == "auto"

    def test_an_unknown_keyring_in_the_environment_is_an_error(self) -> None:
        with pytest.raises(SettingsError, match="ECRX_KEYRING names an unknown keyring, plaintext"):
            settings.load("x", {"ECRX_KEYRING": "plaintext", "XDG_CONFIG_HOME": "/nonexistent"})

    def test_the_environment_goes_before_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_text('[cache]\nkeyring = "kernel"\n')

        assert settings.load("x", {"ECRX_CONFIG": str(path), "ECRX_KEYRING": "none"}).keyring == "none"

    @given(st.text())
    def test_any_text_is_either_read_or_refused_in_one_line(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.toml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")

        try:
            settings.load("x", {"ECRX_CONFIG": str(path)})
        except EcrxError as error:
            assert str(error).isprintable()  # noqa: PT017 - most texts are refused, not all
