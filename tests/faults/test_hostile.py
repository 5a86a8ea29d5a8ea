"""Files, variables and names that an attacker provides, and that would mean something else to the program."""

import os
from pathlib import Path

import pytest
from faults.helpers import World

from fakes import faults
from support.forms import in_one_form
from support.home import HOST, NOT_FOUND, Home

# Any program that loads this prints so.
EVIL = "import os\nos.write(2, b'evil\\n')\nopen(os.environ['HOME'] + '/evil', 'w').close()\n"
MODULES = ("botocore", "json", "keyring", "jeepney", "sitecustomize", "usercustomize", "os", "ssl", "encodings")
VARIABLES = {
    "PYTHONHOME": "{evil}",
    "PYTHONPATH": "{evil}",
    "PYTHONSTARTUP": "{evil}/os.py",
    "PYTHONPLATLIBDIR": "{evil}",
    "PYTHONEXECUTABLE": "{evil}/python",
    "PYTHONUSERBASE": "{evil}",
    "PYTHONPYCACHEPREFIX": "{evil}",
    "PYTHONBREAKPOINT": "os.abort",
    "PYTHONINSPECT": "1",
    "PYTHONOPTIMIZE": "x",
    "PYTHONVERBOSE": "1",
    "PYTHONDEBUG": "9",
    "PYTHONDEVMODE": "1",
    "PYTHONPROFILEIMPORTTIME": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONWARNDEFAULTENCODING": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONTRACEMALLOC": "x",
    "PYTHONMALLOC": "x",
    "PYTHONMALLOCSTATS": "1",
    "PYTHONHASHSEED": "x",
    "PYTHONUTF8": "x",
    "PYTHONIOENCODING": "x",
    "PYTHONLEGACYWINDOWSSTDIO": "1",
    "PYTHONCASEOK": "1",
    "PYTHONINTMAXSTRDIGITS": "1",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}
NAMES = {
    "blanks": " my  team ",
    "umlauts": "ünï",
    "beyond 16 bits": "🐳",
    "a new line": "a\nb",
    "a bell": "a\ab",
    "a colour": "\x1b[31mred",
    "right to left": "\u202egnp",
    "not utf-8": os.fsdecode(b"\xff\xfe"),
    "very long": "x" * 230,
    "braces": "{profile}{0}",
    "per cent": "%s%n",
    "shell": "$(touch evil)`id`;&|",
    "quotes": "'\"\\",
    "brackets": "[default]",
    "a hyphen": "-",
    "an option": "--help",
    "dots": "..",
    "a hash": "#x",
    "docker's line": NOT_FOUND.strip(),
}


def plant(folder: Path) -> None:
    """Put modules, libraries and configurations into ``folder`` that the program must not load."""
    for module in MODULES:
        (folder / f"{module}.py").write_text(EVIL)
    for package in ("boto3", "docker_credential_ecrx", "urllib3"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(EVIL)
    for library in ("libc.so.6", "libpython3.11.so.1.0", "libssl.so.3", "_blake2.so"):
        (folder / library).write_text("evil")
    for file in ("config", "credentials", ".aws/config", ".aws/credentials", "ecrx/config.toml", "config.toml"):
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("[profile secondary\nevil")
    (folder / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=os.Keyring\nkeyring-path=.\n")


class TestPlantedFiles:
    @pytest.mark.parametrize("place", ["where it is called", "beside its link"])
    def test_are_never_loaded(self, world: World, keyring: dict[str, str], tmp_path: Path, place: str) -> None:
        home, name = world.home, "docker-credential-ecrx-secondary"
        folder = home.bin if place == "beside its link" else tmp_path / "hostile"
        folder.mkdir(exist_ok=True)
        plant(folder)
        home.link(name)

        got = [home.run("get", stdin=HOST, argv0=name, cwd=folder, env=keyring) for _ in range(2)]

        assert (got[0].secret, ["", ""]) == (got[1].secret, [one.stderr for one in got])
        assert not (home.folder / "evil").exists()


@pytest.mark.parametrize("program", ["frozen"], indirect=True)
class TestPythonVariables:
    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        """Return the environment whose variables all lead to what is planted."""
        plant(tmp_path)
        return {name: value.format(evil=tmp_path) for name, value in VARIABLES.items()}

    def test_do_not_affect_first_get_of_frozen_program(self, world: World, env: dict[str, str]) -> None:
        got = [world.home.get(env=env) for _ in range(2)]

        assert (got[0].secret, ["", ""]) == (got[1].secret, [one.stderr for one in got])
        assert not (world.home.folder / "evil").exists()

    def test_do_not_affect_cached_get_one_by_one(self, world: World, env: dict[str, str]) -> None:
        expected = world.home.get()

        got = {name: world.home.get(env={name: value}) for name, value in env.items()}

        assert dict.fromkeys(VARIABLES, expected) == got
        assert not (world.home.folder / "evil").exists()


class TestProgramName:
    @in_one_form
    @pytest.mark.parametrize("profile", NAMES.values(), ids=NAMES)
    def test_with_an_odd_unknown_profile_fails_clearly(self, world: World, profile: str) -> None:
        found = world.home.get(profile=profile)

        assert (1, found.stderr, 1) == (found.status, found.stdout, len(found.stdout.splitlines()))
        assert found.stdout.rstrip("\n").isprintable()
        assert f"no token for {HOST} with profile " in found.stdout
        assert "does not exist" in found.stdout
        assert NOT_FOUND.strip() not in found.stdout
        assert [] == world.aws.calls

    @pytest.mark.parametrize("profile", ["ünï", "my team", "x" * 200])
    @pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "xx_XX.ISO-8859-1"}], ids=str)
    def test_with_a_profile_works_in_any_locale(self, home: Home, profile: str, locale: dict[str, str]) -> None:
        home.add_role_profile(f'"{profile}"')

        assert home.get(profile=profile, env=locale).secret == home.get(profile=profile, env=locale).secret

    def test_with_non_ascii_profile_is_shown_in_any_locale(self, world: World) -> None:
        world.home.add_role_profile("ünï", "arn:aws:iam::222222222222:role/other", "base2")
        world.aws.fail("AssumeRole", faults.forbidden)

        found = world.home.get(profile="ünï", env={"LC_ALL": "C"})

        assert "with profile ünï: AWS denied" in found.stdout
