"""The subset of TOML is read as tomllib reads it, and everything else is left to tomllib."""

import tomllib

import pytest

from docker_credential_ecrx.identity import toml_subset

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

[security]
accounts = ["111111111111", '222222222222',"333333333333" ,] # those alone
none = []
also_none = [ ]
"""


def test_reads_typical_configuration_files() -> None:
    found = toml_subset.parse(PLAIN)

    assert tomllib.loads(PLAIN) == found
    assert found is not None


@pytest.mark.parametrize("end", ["", "\n", '\nprofile = "last"', "\n[cache]\nkeyring = 'none'"])
@pytest.mark.parametrize("blank", ["", "\n", "\n\n"])
def test_reads_many_rules_that_are_alike(blank: str, end: str) -> None:
    rules = [f'[[registry]]\nmatch   = "{number}.*"\nrole_arn = "r{number}"{blank}' for number in range(300)]
    document = "[security]\naccounts = ['1']\n" + "\n".join(rules) + end

    assert tomllib.loads(document) == toml_subset.parse(document)


@pytest.mark.parametrize(
    "document",
    [
        "\r",
        "[a]\n[a]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "a = 1\n[a]",
        "a = 1\n[[a]]",
        "a = []\n[[a]]",
        "a = ['x']\n[[a]]",
        "a = 1\na = 2",
        "\ufeffa = 1",
        "# \x00",
        "a = '\x7f'",
        "a = 1 # \x1f",
        "a = ['x'",
        "a = ['x' 'y']",
        "a = ['x',,'y']",
        "a = [,]",
        "a = ['x'] 'y'",
        "match",
        'match = "',
        'profile = "a" "b"',
        'profile = "a\\"',
    ],
    ids=repr,
)
def test_leaves_invalid_toml_to_tomllib(document: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(document)
    assert toml_subset.parse(document) is None


@pytest.mark.parametrize(
    "document",
    [
        f"a = {'9' * 19}",
        'a = "\\u0041"',
        "a.b = 1",
        '"a" = 1',
        "a = [1]",
        "a = ['x', 1]",
        "a = [['x']]",
        "a = [\n'x']",
        'a = ["\\u0041"]',
        'a = """\nx"""',
        "a = true",
        "a",
    ],
)
def test_leaves_the_rest_to_tomllib(document: str) -> None:
    assert toml_subset.parse(document) is None
