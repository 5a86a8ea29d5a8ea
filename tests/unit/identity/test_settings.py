"""The identity selected by link name and configuration file, and the errors of a wrong file."""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.rules import canonical_host
from support import need

if sys.platform != "win32":
    import grp
    import pwd

pytestmark = pytest.mark.posix("modes and other users")

ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
# Every form of host for a registry of the account in that region, by the partition's first form.
FORMS = {
    HOST: [
        HOST,
        f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws",
        f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws",
    ],
    f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com": [
        f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        f"{ACCOUNT}.dkr-ecr-fips.us-gov-west-1.on.aws",
    ],
    f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn": [
        f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn",
        f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
    ],
    f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu": [f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu"],
    f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov": [f"{ACCOUNT}.dkr.ecr-fips.us-iso-east-1.c2s.ic.gov"],
    "public.ecr.aws": ["public.ecr.aws", "ecr-public.aws.com"],
}
EVERY_FORM = [(canonical, host) for canonical, hosts in FORMS.items() for host in hosts]


OTHER_USER = 4_300_000
# Loads the configuration file as root with its owner's home, and says what is wrong with it.
_LOAD = """\
import os, sys
from docker_credential_ecrx.identity import settings
settings.load("x", {"ECRX_CONFIG": sys.argv[1], "HOME": os.path.dirname(sys.argv[1])})
"""


@contextmanager
def as_other_user() -> Iterator[Path]:
    """Yield a folder of root's that everybody can reach, and become root again in the end."""
    if os.geteuid() != 0:
        need.missing("root, to be another user,")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest creates its folders private
        Path(folder).chmod(0o755)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


def others_link(folder: Path, target: Path) -> Path:
    """Return another user's symlink to ``target``, in a new folder of theirs."""
    if os.geteuid() != 0:
        need.missing("root, to give a link away,")
    folder.mkdir()
    link = folder / "link"
    link.symlink_to(target)
    for path in (folder, link):
        os.chown(path, OTHER_USER, OTHER_USER, follow_symlinks=False)
    return link


def load(tmp_path: Path, text: str, argv0: str = "docker-credential-ecrx") -> settings.Settings:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return settings.load(argv0, {"ECRX_CONFIG": str(path)})


class TestIdentity:
    def test_link_name_precedes_configuration_file(self, tmp_path: Path) -> None:
        text = f'[[registry]]\nmatch = "{HOST}"\nprofile = "other"\n'

        found = load(tmp_path, text, "/usr/bin/docker-credential-ecrx-secondary").identity_for(HOST)

        assert found.profile == "secondary"

    def test_first_matching_entry_wins(self, tmp_path: Path) -> None:
        text = (
            '[[registry]]\nmatch = "222222222222.*"\nprofile = "never"\n'
            '[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "first"\n'
            '[[registry]]\nmatch = "*"\nprofile = "second"\n'
        )

        assert load(tmp_path, text).identity_for(HOST).profile == "first"

    def test_without_a_match_uses_the_default_chain(self, tmp_path: Path) -> None:
        found = load(tmp_path, '[[registry]]\nmatch = "x"\nprofile = "p"\n').identity_for(HOST)

        assert (found.profile, found.role_arn) == (None, None)

    def test_role_may_use_a_source_profile(self, tmp_path: Path) -> None:
        text = (
            '[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\nsource_profile = "base"\n'
            'external_id = "xy"\nrole_session_name = "ci"\nduration_seconds = 900\n'
        )

        found = load(tmp_path, text).identity_for(HOST)

        assert (
            found.profile,
            found.role_arn,
            found.external_id,
            found.role_session_name,
            found.duration_seconds,
        ) == ("base", "arn:aws:iam::444444444444:role/puller", "xy", "ci", 900)


class TestRule:
    """The registries to which an entry of [[registry]] applies."""

    @pytest.mark.parametrize(("canonical", "host"), EVERY_FORM)
    def test_covers_every_host_of_the_named_registry(self, tmp_path: Path, canonical: str, host: str) -> None:
        found = load(tmp_path, f'[[registry]]\nmatch = "{canonical}"\nprofile = "p"\n')

        assert "p" == found.identity_for(host).profile
        assert canonical == canonical_host(registry(host))

    def test_for_a_fips_host_covers_only_that_host(self, tmp_path: Path) -> None:
        fips = HOST.replace("ecr.", "ecr-fips.")
        found = load(tmp_path, f'[[registry]]\nmatch = "{fips}"\nprofile = "p"\n')

        assert ["p", None] == [found.identity_for(host).profile for host in (fips, HOST)]

    def test_first_match_wins_on_either_host(self, tmp_path: Path) -> None:
        fips = HOST.replace("ecr.", "ecr-fips.")
        texts = [f'[[registry]]\nmatch = "{host}"\nprofile = "{host}"\n' for host in (HOST, fips)]

        assert HOST == load(tmp_path, "".join(texts)).identity_for(fips).profile
        assert fips == load(tmp_path, "".join(reversed(texts))).identity_for(fips).profile

    @pytest.mark.parametrize(("canonical", "host"), [pair for pair in EVERY_FORM if "public" not in pair[1]])
    def test_of_an_account_covers_all_its_hosts(self, tmp_path: Path, canonical: str, host: str) -> None:
        region = canonical.split(".")[3]
        for key, profile in (
            (f'account = "{ACCOUNT}"', "p"),
            (f'account = "{ACCOUNT}"\nregion = "{region}"', "p"),
            (f'account = "{ACCOUNT}"\nregion = "eu-west-9"', None),
            (f'account = "{OTHER_ACCOUNT}"', None),
        ):
            found = load(tmp_path, f'[[registry]]\n{key}\nprofile = "p"\n').identity_for(host)

            assert profile == found.profile

    @pytest.mark.parametrize("host", FORMS["public.ecr.aws"])
    def test_of_an_account_excludes_ecr_public(self, tmp_path: Path, host: str) -> None:
        found = load(tmp_path, f'[[registry]]\naccount = "{ACCOUNT}"\nprofile = "p"\n')

        assert found.identity_for(host).profile is None

    def test_folds_only_ascii_letters(self, tmp_path: Path) -> None:
        """The Kelvin sign in lower case is a k."""
        found = load(tmp_path, '[[registry]]\nmatch = "[1]11111111111.d\u212ar.*"\nprofile = "p"\n')

        assert found.identity_for(HOST).profile is None

    def test_ignores_the_case_of_its_pattern(self, tmp_path: Path) -> None:
        found = load(tmp_path, f'[[registry]]\nmatch = "{HOST.upper()}"\nprofile = "p"\n')

        assert "p" == found.identity_for(HOST).profile


def registry(host: str) -> Registry:
    """Return the registry that has the host."""
    found = Registry.parse(host)
    assert found is not None
    return found


class TestAccounts:
    """The accounts for whose registries get returns credentials."""

    def test_are_unrestricted_by_default(self, tmp_path: Path) -> None:
        assert load(tmp_path, "").allows(registry(HOST))
        assert load(tmp_path, "[security]\n").allows(registry(HOST))

    @pytest.mark.parametrize("host", [host for _, host in EVERY_FORM])
    def test_are_the_listed_ones_and_ecr_public(self, tmp_path: Path, host: str) -> None:
        own = load(tmp_path, f'[security]\naccounts = ["{OTHER_ACCOUNT}", "{ACCOUNT}"]\n')
        assert own.allows(registry(host))
        own.require(registry(host))

        assert (not registry(host).account) == load(tmp_path, f'[security]\naccounts = ["{OTHER_ACCOUNT}"]\n').allows(
            registry(host)
        )

    def test_unlisted_error_names_file_and_key(self, tmp_path: Path) -> None:
        found = load(tmp_path, f"[security]\naccounts = ['{OTHER_ACCOUNT}']\n")

        with pytest.raises(SettingsError) as caught:
            found.require(registry(HOST))

        path = tmp_path / "config.toml"
        said = f"{HOST} is not allowed: {path}: [security]: accounts does not list {ACCOUNT}; if you trust that account"
        assert str(caught.value).startswith(said)


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
    def test_suffix_of_program_name_is_the_profile(self, path: str, profile: str | None) -> None:
        assert settings.profile_of(path) == profile

    def test_trailing_hyphen_is_an_error(self) -> None:
        with pytest.raises(SettingsError, match="does not name an AWS profile"):
            settings.profile_of("docker-credential-ecrx-")


IN_ROLE = '[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\n'
# What STS would refuse.
NOT_ACCEPTED = [
    *(
        (f'role_session_name = "{name}"', "role_session_name is not 2 to 64 letters, digits or _+=,.@-")
        for name in ("team/app build", "team/app", "a b", "a", "x" * 65, "é" * 2, "a:b", "team\\u0009b")
    ),
    *(
        (f'external_id = "{name}"', "external_id is not 2 to 1224 letters, digits or _+=,.@:/-")
        for name in ("x", "a b", "a*b", "x" * 1225, "éé")
    ),
    ("duration_seconds = 43201", "duration_seconds is not a whole number from 900 to 43200"),
    ('duration_seconds = "3600"', "duration_seconds is not a whole number from 900 to 43200"),
]
ACCEPTED = [
    ("role_session_name", ["ci", "x" * 64, "team_app+build=1,2.3@host-1"]),
    ("external_id", ["ab", "x" * 1224, "a_b+c=d,e.f@g:h/i-j"]),
]
MORE = "there is more text after a value or after the name of a table"
TWICE = "a key or a table is defined twice"
# What tomllib says of these quotes keys and characters of the file.
NOT_TOML = [
    ("[[registry]\n", "line 1, column 11: the name of a table is not followed by the brackets that close it"),
    ("[registry\n", "line 1, column 10: the name of a table is not followed by the brackets that close it"),
    (f"[[registry]]\nmatch = {ACCOUNT}.*\n", f"line 2, column 21: {MORE}"),
    (f"[[registry]]\r\nmatch = {ACCOUNT}.*\r\n", f"line 2, column 21: {MORE}"),
    ('[cache]\nkeyring = "auto" "kernel"\n', f"line 2, column 18: {MORE}"),
    ("[cache] keyring\n", f"line 1, column 9: {MORE}"),
    ('[cache]\nkeyring = "auto\n', "line 2, column 16: a string is not closed"),
    ('[cache]\nkeyring = "auto\r\n', "line 2, column 16: a string is not closed"),
    ('[cache]\nkeyring = "auto', "end of document: a string is not closed"),
    ("[cache]\nkeyring = 'auto", "end of document: a string is not closed"),
    ("[cache]\nkeyring = 'auto\na = 'b'\n", "line 2, column 16: a string is not closed"),
    ('[cache]\nkeyring = """auto\n', "end of document: a string is not closed"),
    ("[cache]\nkeyring = '''auto\n", "end of document: a string is not closed"),
    ('[cache]\nkeyring = "au\x01to"\n', "line 2, column 14: there is a control character"),
    ("[cache] # \x01\n", "line 1, column 11: there is a control character"),
    ("[cache]\nkeyring = \n", "line 2, column 11: a key has no value"),
    ("[cache]\nkeyring = # auto\n", "line 2, column 11: a key has no value"),
    ("[cache]\nkeyring =", "end of document: a key has no value"),
    ("[cache]\nkeyring\n", "line 2, column 8: a key is not followed by = and a value"),
    ("[cache]\nkeyring = auto\n", "line 2, column 11: a value is not a string in quotes, a number, true or false"),
    ("a = [1,", "end of document: an array has no ] at its end, or no comma between two of its items"),
    ("a = [1 2]\n", "line 1, column 8: an array has no ] at its end, or no comma between two of its items"),
    ("a = {b = 1\n", "line 1, column 11: an inline table has no } at its end, or no comma between two of its keys"),
    ("[cache]\na = 1\na = 2\n", f"line 3, column 6: {TWICE}"),
    ("[cache]\n[cache]\n", f"line 2, column 7: {TWICE}"),
    ("cache = {}\n[[cache]]\n", f"line 2, column 8: {TWICE}"),
    ("[a.b]\n[a]\nb.c = 1\n", f"line 3, column 8: {TWICE}"),
    ("a = {b = 1, b = 2}\n", f"line 1, column 18: {TWICE}"),
    ("= 1\n", "line 1, column 1: a line does not begin with a key, a table or #"),
    ("[]\n", "line 1, column 2: a key or the name of a table is missing, or has to be in quotes"),
    ('a = "C:\\Users"\n', "line 1, column 10: a string has a backslash that is not part of a valid escape"),
    ('a = "C:\\path"\n', "line 1, column 10: a string has a backslash that is not part of a valid escape"),
    ('a = "\\ud800"\n', "line 1, column 12: a string has a backslash that is not part of a valid escape"),
]
QUOTED_BY_TOMLLIB = ["[hunter2]\n[hunter2]\n", "hunter2 = {}\nhunter2.a = 1\n", "a = {hunter2 = 1, hunter2 = 2}\n"]
WRONG = [
    *((text, f"is not TOML: {said}; ") for text, said in NOT_TOML),
    pytest.param(f"a = {'9' * 5000}\n", "is not TOML", id="a number that Python does not read"),
    ("registry = 1\n", "registry is not an array of tables"),
    ("registry = [1]\n", "registry is not an array of tables"),
    ('[[registry]]\nprofile = "p"\n', "entry 1: match is missing"),
    (
        '[[registry]]\nmatch = "https://*"\nprofile = "p"\n',
        "match cannot match a registry: no host contains ':'; write match",
    ),
    ('[[registry]]\nmatch = "*.amazonaws.com/app"\nprofile = "p"\n', "no host contains '/';"),
    ('[[registry]]\nmatch = "*.{com,cn}"\nprofile = "p"\n', "no host contains '{';"),
    (f'[[registry]]\nmatch = "*"\naccount = "{ACCOUNT}"\nprofile = "p"\n', "match and account cannot be combined"),
    (
        f'[[registry]]\naccount = {ACCOUNT}\nprofile = "p"\n',
        f'is not a string, or is empty; write account = "{ACCOUNT}"',
    ),
    ('[[registry]]\naccount = "1111"\nprofile = "p"\n', "account is not an AWS account ID of 12 digits"),
    ('[[registry]]\naccount = "1111-1111-1111"\nprofile = "p"\n', "account is not an AWS account ID"),
    ('[[registry]]\naccount = "\u0661\u0661\u0661\u0661\u0661\u0661111111"\nprofile = "p"\n', "not an AWS account ID"),
    (
        '[[registry]]\nmatch = "*"\nregion = "us-east-1"\nprofile = "p"\n',
        "region requires account, and cannot be combined with match",
    ),
    (f'[[registry]]\naccount = "{ACCOUNT}"\nregion = "*"\nprofile = "p"\n', "region is not an AWS region"),
    (f'[[registry]]\naccount = "{ACCOUNT}"\nregion = "US-EAST-1"\nprofile = "p"\n', "region is not an AWS region"),
    ("security = 1\n", "security is not a table"),
    ("[security]\naccount = []\n", "[security]: unknown key account"),
    ("[security]\naccounts = []\n", "[security]: accounts is not a list of AWS account IDs"),
    (f'[security]\naccounts = "{ACCOUNT}"\n', "accounts is not a list of AWS account IDs"),
    (f"[security]\naccounts = [{ACCOUNT}]\n", "accounts is not a list of AWS account IDs, each of 12 digits in quotes"),
    (f'[security]\naccounts = ["{ACCOUNT}", "1"]\n', "accounts is not a list of AWS account IDs"),
    ('[[registry]]\nmatch = "*"\n', "exactly one of profile and role_arn"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\nrole_arn = "arn:aws:iam::1:role/r"\n', "exactly one of"),
    ('[[registry]]\nmatch = "*"\nprofil = "p"\n', "unknown key profil;"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\n[[registry]]\nmatch = "*"\nprofile = ""\n', "entry 2: profile is not"),
    ('[[registry]]\nmatch = 1\nprofile = "p"\n', "match is not a string"),
    ('[[registry]]\nmatch = "*"\nprofile = "p"\nexternal_id = "x"\n', "external_id requires role_arn"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "puller"\n', "role_arn puller is not the ARN of a role"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:role/r"\n', "role_arn arn:aws:role/r is not the ARN of a role"),
    ('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::1:role/r"\n', "is not the ARN of a role"),
    ('[[registry]]\nmatch="*"\nrole_arn="arn:aws:iam::1:role/r"\nduration_seconds = 60\n', "duration_seconds"),
    ('[[registry]]\nmatch="*"\nrole_arn="arn:aws:iam::1:role/r"\nduration_seconds = true\n', "duration_seconds"),
    ("\ufeff[cache]\n", "begins with a byte-order mark; save it as UTF-8 without one"),
    *((f"{IN_ROLE}{text}\n", said) for text, said in NOT_ACCEPTED),
    ('[cash]\nkeyring = "auto"\n', "unknown key cash"),
    ("cache = 1\n", "cache is not a table"),
    ('[cache]\nkeyrings = "auto"\n', "[cache]: unknown key keyrings"),
    ("[cache]\nkeyring = 1\n", "keyring is not a string"),
    ('[cache]\nkeyring = "vault"\n', "unknown keyring, vault"),
]


class TestInvalidFile:
    @pytest.mark.parametrize(("text", "said"), WRONG)
    def test_error_names_file_table_and_key(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, text)

        assert said in str(caught.value)
        assert str(tmp_path / "config.toml") in str(caught.value)
        assert str(caught.value.remedy)

    @pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ACCEPTED for value in values])
    def test_what_sts_accepts_is_accepted(self, tmp_path: Path, key: str, value: str) -> None:
        identity = load(tmp_path, f'{IN_ROLE}{key} = "{value}"\n').identity_for(HOST)

        assert value == getattr(identity, key)

    @pytest.mark.parametrize("text", QUOTED_BY_TOMLLIB)
    def test_error_quotes_nothing_of_a_file_that_is_not_toml(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ValueError, match="hunter2"):
            tomllib.loads(text)

        with pytest.raises(SettingsError, match=r"is not TOML: line [12], column") as caught:
            load(tmp_path, text)

        assert "hunter2" not in str(caught.value) + repr(caught.value)

    def test_missing_named_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="does not exist"):
            settings.load("docker-credential-ecrx", {"ECRX_CONFIG": str(tmp_path / "missing")})

    def test_missing_default_file_is_empty(self, tmp_path: Path) -> None:
        assert settings.load("x", {"XDG_CONFIG_HOME": str(tmp_path)}).keyring == "auto"

    def test_unknown_keyring_in_environment_is_an_error(self) -> None:
        with pytest.raises(SettingsError, match="ECRX_KEYRING names an unknown keyring, plaintext"):
            settings.load("x", {"ECRX_KEYRING": "plaintext", "XDG_CONFIG_HOME": "/nonexistent"})

    def test_environment_precedes_file(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_text('[cache]\nkeyring = "kernel"\n')

        assert settings.load("x", {"ECRX_CONFIG": str(path), "ECRX_KEYRING": "none"}).keyring == "none"

    def test_keyring_defaults_to_the_callers(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        env = {"ECRX_CONFIG": str(path)}
        found = []
        for text in ("", "[cache]\n", '[cache]\nkeyring = "auto"\n', '[cache]\nkeyring = "kernel"\n'):
            path.write_text(text)
            found.append(settings.load("x", env, keyring="none").keyring)
        found.append(settings.load("x", env | {"ECRX_KEYRING": "auto"}, keyring="none").keyring)

        assert ["none", "none", "auto", "kernel", "auto"] == found

    @given(st.text())
    def test_any_text_is_read_or_rejected_in_one_line(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.toml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")

        try:
            settings.load("x", {"ECRX_CONFIG": str(path)})
        except EcrxError as error:
            assert str(error).isprintable()  # noqa: PT017 - most texts are refused, not all


def _has_own_group(user: "pwd.struct_passwd") -> bool:
    try:
        group = grp.getgrgid(user.pw_gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and not group.gr_mem


class TestUnsafeFile:
    """A file that another user can write is refused, as with ssh's StrictModes."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a safe file in a safe folder."""
        folder = tmp_path / "ecrx"
        folder.mkdir(mode=0o700)
        path = folder / "config.toml"
        path.write_text(f'[[registry]]\nmatch = "{HOST}"\nprofile = "p"\n')
        path.chmod(0o600)
        return path

    def refusal(self, path: Path) -> str:
        with pytest.raises(SettingsError) as caught:
            settings.load("x", {"ECRX_CONFIG": str(path)})
        return str(caught.value)

    @pytest.mark.parametrize("mode", [0o400, 0o444, 0o600, 0o640, 0o644, 0o700, 0o755])
    def test_readable_by_others_is_safe(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        path.parent.chmod(mode | 0o100)

        assert "p" == settings.load("x", {"ECRX_CONFIG": str(path)}).identity_for(HOST).profile

    @pytest.mark.parametrize("mode", [0o620, 0o660, 0o664, 0o602, 0o606, 0o646, 0o666, 0o777])
    def test_writable_by_others_is_unsafe(self, path: Path, mode: int) -> None:
        path.chmod(mode)

        what = f"the configuration file is not used, because other users can write to {path}"
        assert f"{what}; remove their access: chmod go-w {path}" == self.refusal(path)

    @pytest.mark.parametrize("mode", [0o770, 0o775, 0o703, 0o777])
    def test_in_folder_writable_by_others_is_unsafe(self, path: Path, mode: int) -> None:
        path.parent.chmod(mode)

        assert self.refusal(path).endswith(
            f"other users can write to {path.parent}; remove their access: chmod go-w {path.parent}"
        )

    def test_in_sticky_folder_is_safe(self, path: Path) -> None:
        """Nobody can replace another user's file there."""
        path.parent.chmod(0o1777)

        assert settings.load("x", {"ECRX_CONFIG": str(path)})

    @pytest.mark.parametrize("mode", [0o1666, 0o1620])
    def test_sticky_bit_on_file_does_not_help(self, path: Path, mode: int) -> None:
        """Only on a folder does the bit protect files."""
        path.chmod(mode)

        assert "other users can write to" in self.refusal(path)

    def test_writable_by_the_users_own_group_is_safe(self, path: Path) -> None:
        """Ubuntu's umask gives write permission to the group with the user's name and no other member."""
        user = next((user for user in pwd.getpwall() if user.pw_uid and _has_own_group(user)), None)
        if os.geteuid() != 0 or user is None:
            need.missing("root, and a user with a group of his own,")
        path.chmod(0o664)
        path.parent.chmod(0o775)
        for place in (path, path.parent):
            os.chown(place, user.pw_uid, user.pw_gid)
        home = path.parent.parent / "home"
        home.mkdir()
        os.chown(home, user.pw_uid, 0)

        assert settings.load("x", {"ECRX_CONFIG": str(path), "HOME": str(home)})
        os.chown(path, user.pw_uid, 0)
        with pytest.raises(SettingsError, match="other users can write to"):
            settings.load("x", {"ECRX_CONFIG": str(path), "HOME": str(home)})

    @pytest.mark.parametrize(
        ("users", "groups", "is_safe"),
        [
            ("alice:x:5001:5001::/:/bin/sh", "alice:x:5001:", True),
            ("alice:x:5001:5001::/:/bin/sh\nbob:x:5002:5001::/:/bin/sh", "alice:x:5001:", False),
            ("alice:x:5001:5001::/:/bin/sh", "alice:x:5001:bob", False),
            ("alice:x:5001:5001::/:/bin/sh", "staff:x:5001:", False),
            ("", "", True),
            ("bob:x:5002:5001::/:/bin/sh", "", False),
            ("", "staff:x:5001:bob", False),
        ],
        ids=["own", "primary of another", "member", "other name", "numbers", "number of another", "named"],
    )
    def test_writable_by_a_group_of_others_is_unsafe(self, users: str, groups: str, *, is_safe: bool) -> None:
        """A user may be in the group by /etc/passwd alone; in a container, users may have no names."""
        unshare = [need.command("unshare"), "--mount"]
        if os.geteuid() != 0 or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
            need.missing("root, for unshare --mount,")
        script = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'
        with as_other_user() as folder:
            files = [folder / name for name in ("passwd", "group", "config.toml")]
            for file, text in zip(files, (f"root:x:0:0::/:/bin/sh\n{users}\n", f"{groups}\n", ""), strict=True):
                file.write_text(text)
            files[2].chmod(0o664)
            for path in (folder, files[2]):
                os.chown(path, 5001, 5001)

            done = subprocess.run(
                [*unshare, "sh", "-c", script, "sh", *files[:2], sys.executable, "-c", _LOAD, files[2]],
                check=False,
                capture_output=True,
                text=True,
            )

        assert (0 if is_safe else 1, not is_safe) == (done.returncode, "other users can write to" in done.stderr), done

    def test_owned_by_the_owner_of_roots_home_is_safe(self, path: Path) -> None:
        """In a GitHub job container Docker reads config.json there, too, which may name any program."""
        if os.geteuid() != 0:
            need.missing("root, to give a file away,")
        home = path.parent.parent / "home"
        home.mkdir()
        for place in (path, path.parent, home):
            os.chown(place, 4_300_000, 0)

        assert settings.load("x", {"ECRX_CONFIG": str(path), "HOME": str(home)})
        os.chown(home, 4_300_001, 0)
        with pytest.raises(SettingsError, match="another user owns"):
            settings.load("x", {"ECRX_CONFIG": str(path), "HOME": str(home)})

    def test_behind_a_link_is_checked_at_its_target(self, path: Path, tmp_path: Path) -> None:
        """A link into a folder of dotfiles is safe."""
        link = tmp_path / "link.toml"
        link.symlink_to(path)
        assert settings.load("x", {"ECRX_CONFIG": str(link)})
        path.parent.chmod(0o777)
        assert str(path.parent) in self.refusal(link)
        path.parent.chmod(0o700)
        path.chmod(0o666)

        assert f"chmod go-w {link}" in self.refusal(link)

    def test_behind_replaceable_link_is_unsafe(self, path: Path, tmp_path: Path) -> None:
        link = tmp_path / "open" / "link.toml"
        link.parent.mkdir()
        link.symlink_to(path)
        link.parent.chmod(0o777)

        assert f"other users can write to {link.parent}" in self.refusal(link)

    @pytest.mark.parametrize("is_missing", [False, True], ids=["file", "no file"])
    @pytest.mark.parametrize("way", ["link", "folder", "folder above", "dots"])
    def test_behind_a_link_of_another_user_is_unsafe(
        self, path: Path, tmp_path: Path, way: str, *, is_missing: bool
    ) -> None:
        """Wherever on the path it is; if there is no file now, that user may have led the path elsewhere."""
        own = tmp_path / "own"
        (own / "deep").mkdir(parents=True)
        theirs = tmp_path / "theirs"
        if way == "link":
            link = others_link(theirs, path)
            (own / "ecrx").mkdir()
            (own / "ecrx" / "config.toml").symlink_to(link)
        elif way == "folder above":
            link = others_link(theirs, tmp_path)
            own = own / "above"
            own.symlink_to(link)
        else:
            link = others_link(theirs, path.parent)
            (own / "ecrx").symlink_to(link if way == "folder" else "deep/../../theirs/link")
        if is_missing:
            path.unlink()

        with pytest.raises(SettingsError, match=f"another user owns {theirs}"):
            settings.load("x", {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(own)})

    def test_behind_links_of_this_user_and_root_is_safe(self) -> None:
        """A home that root moved, a dotfile manager's relative links, and a link in a folder like /tmp."""
        with as_other_user() as root:
            home = root / "disk" / "alice"
            (home / "dotfiles" / "ecrx").mkdir(parents=True)
            (home / "dotfiles" / "ecrx" / "config.toml").write_text('[cache]\nkeyring = "kernel"\n')
            (home / ".config").mkdir()
            (home / ".config" / "ecrx").symlink_to("../dotfiles/ecrx")
            (root / "home").symlink_to("disk")
            (root / "shared").mkdir()
            (root / "shared").chmod(0o1777)
            (root / "shared" / "link").symlink_to(home / "dotfiles")
            for path in (home, *home.rglob("*"), root / "shared" / "link"):
                os.chown(path, OTHER_USER, OTHER_USER, follow_symlinks=False)
            home.chmod(0o775)  # its group is the user's own
            os.seteuid(OTHER_USER)

            for env in (
                {"HOME": str(root / "home" / "alice")},
                {"XDG_CONFIG_HOME": str(root / "shared" / "link")},
                {"ECRX_CONFIG": str(home / ".config" / ".." / ".config" / "ecrx" / "config.toml")},
            ):
                assert "kernel" == settings.load("x", env).keyring

    def test_behind_a_broken_link_of_this_user_is_none(self, tmp_path: Path) -> None:
        """As without the link: the disk that it leads to may not be mounted."""
        (tmp_path / "file").touch()
        for target in ("missing", "file"):
            (tmp_path / ".config").unlink(missing_ok=True)
            (tmp_path / ".config").symlink_to(target)

            assert "auto" == settings.load("x", {"HOME": str(tmp_path)}).keyring

    def test_deletable_by_others_is_unsafe(self, tmp_path: Path) -> None:
        """Its restrictions would be lost with it."""
        folder = tmp_path / ".config" / "ecrx"
        folder.mkdir(parents=True)
        assert settings.load("x", {"HOME": str(tmp_path)})
        folder.chmod(0o777)

        with pytest.raises(SettingsError, match="other users can write to"):
            settings.load("x", {"HOME": str(tmp_path)})

    def test_is_not_read_from_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A relative HOME is ignored."""
        folder = tmp_path / ".config" / "ecrx"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text("what")
        monkeypatch.chdir(tmp_path)

        assert settings.load("x", {"HOME": "."})

    def test_error_has_a_valid_shell_command(self, tmp_path: Path) -> None:
        path = tmp_path / "my config.toml"
        path.touch()
        path.chmod(0o666)

        assert self.refusal(path).endswith(f"; remove their access: chmod go-w '{path}'")

    def test_of_another_user_is_unsafe(self, path: Path) -> None:
        if os.geteuid() != 0:
            need.missing("root, to give a file away,")
        os.chown(path, 4_300_000, 0)

        said = f"the configuration file is not used, because another user owns {path}; run the command without sudo"
        assert self.refusal(path).startswith(said)

    def test_in_folder_of_another_user_is_unsafe(self, path: Path) -> None:
        if os.geteuid() != 0:
            need.missing("root, to give a folder away,")
        os.chown(path.parent, 4_300_000, 0)

        assert f"another user owns {path.parent}" in self.refusal(path)

    def test_of_root_is_safe_for_everybody(self) -> None:
        with as_other_user() as folder:
            path = folder / "config.toml"
            path.write_text('[cache]\nkeyring = "kernel"\n')
            os.seteuid(OTHER_USER)

            assert "kernel" == settings.load("x", {"ECRX_CONFIG": str(path)}).keyring

    @pytest.mark.parametrize(
        ("variable", "private"),
        [("HOME", ""), ("HOME", ".config"), ("HOME", ".config/ecrx"), ("XDG_CONFIG_HOME", "")],
    )
    def test_in_a_folder_that_may_not_be_searched_is_none(self, variable: str, private: str) -> None:
        """A container that runs as another user may still have HOME=/root (kubectl#1200)."""
        with as_other_user() as folder:
            base = folder / (".config/ecrx" if variable == "HOME" else "ecrx")
            base.mkdir(parents=True)
            (base / "config.toml").write_text('[cache]\nkeyring = "kernel"\n')
            (folder / private).chmod(0o700)
            os.seteuid(OTHER_USER)

            assert "auto" == settings.load("x", {variable: str(folder)}).keyring

    @pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o000, 0o611])
    @pytest.mark.parametrize(
        ("variable", "closed"),
        [("HOME", ""), ("HOME", ".config"), ("HOME", ".config/ecrx"), ("XDG_CONFIG_HOME", "ecrx"), ("HOME", "link")],
    )
    def test_in_a_folder_of_the_users_is_an_error(self, variable: str, closed: str, mode: int) -> None:
        """Without the error, [security] accounts in the file would be off."""
        with as_other_user() as root:
            folder = root / "a home"
            base = folder / (".config/ecrx" if variable == "HOME" else "ecrx")
            base.mkdir(parents=True)
            (base / "config.toml").write_text(f'[security]\naccounts = ["{OTHER_ACCOUNT}"]\n')
            place = folder / closed
            if closed == "link":
                place = root / "linked"
                base.rename(place)
                base.symlink_to(place)
            for path in (*folder.rglob("*"), folder, place):
                os.chown(path, OTHER_USER, OTHER_USER, follow_symlinks=False)
            place.chmod(mode)
            os.seteuid(OTHER_USER)

            with pytest.raises(SettingsError, match=r"cannot read the configuration file .*: Permission") as caught:
                settings.load("x", {variable: str(folder)})
            command = f"chmod u+x '{place}'" if " " in str(place) else f"chmod u+x {place}"
            assert str(caught.value).endswith(f"; let yourself search its folder: {command}")
            place.chmod(mode | 0o100)
            registry = Registry.parse(HOST)
            assert registry is not None
            assert not settings.load("x", {variable: str(folder)}).allows(registry)

    def test_that_may_not_be_read_is_an_error(self) -> None:
        with as_other_user() as folder:
            path = folder / ".config/ecrx/config.toml"
            path.parent.mkdir(parents=True)
            path.write_text("")
            path.chmod(0o600)
            os.seteuid(OTHER_USER)

            with pytest.raises(SettingsError, match=f"cannot read the configuration file {path}: Permission denied"):
                settings.load("x", {"HOME": str(folder)})

    def test_from_ecrx_config_must_be_reachable(self) -> None:
        with as_other_user() as folder:
            folder.chmod(0o700)
            os.seteuid(OTHER_USER)

            with pytest.raises(SettingsError, match=r"cannot read the configuration file .*: Permission denied"):
                settings.load("x", {"ECRX_CONFIG": str(folder / "config.toml")})

    @pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
    def test_that_is_no_regular_file_is_unsafe(self, path: Path, kind: str) -> None:
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")

        assert str(path) in self.refusal(path)

    def test_null_device_counts_as_no_file(self) -> None:
        assert "auto" == settings.load("x", {"ECRX_CONFIG": os.devnull}).keyring
