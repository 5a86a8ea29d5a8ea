"""Docker's config.json as text: an edit changes the entry, and no other byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.config_files import docker_config, podman_config
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.errors import FileError

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
OTHER_HOST = "333333333333.dkr.ecr.us-east-1.amazonaws.com"
ENTRY = f'"{HOST}": "ecrx"'
SECRET = "hunter2"
TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"

# For each form the text before and after.
SHAPES = {
    "tabs, as docker writes it": (
        '{\n\t"auths": {},\n\t"credsStore": "desktop"\n}',
        f'{{\n\t"auths": {{}},\n\t"credsStore": "desktop",\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}',
    ),
    "tabs, with helpers": (
        '{\n\t"credHelpers": {\n\t\t"gcr.io": "gcloud"\n\t},\n\t"psFormat": "{{.ID}}"\n}\n',
        f'{{\n\t"credHelpers": {{\n\t\t"gcr.io": "gcloud",\n\t\t{ENTRY}\n\t}},\n\t"psFormat": "{{{{.ID}}}}"\n}}\n',
    ),
    "2 blanks": ('{\n  "a": 1\n}\n', f'{{\n  "a": 1,\n  "credHelpers": {{\n    {ENTRY}\n  }}\n}}\n'),
    "4 blanks": ('{\n    "a": 1\n}\n', f'{{\n    "a": 1,\n    "credHelpers": {{\n        {ENTRY}\n    }}\n}}\n'),
    "no indentation": ('{\n"a": 1\n}', f'{{\n"a": 1,\n"credHelpers": {{\n{ENTRY}\n}}\n}}'),
    "one line": ('{"a": {"b": [1]}}\n', f'{{"a": {{"b": [1]}}, "credHelpers": {{{ENTRY}}}}}\n'),
    "one line without blanks": ('{"a":1}', f'{{"a":1,"credHelpers":{{"{HOST}":"ecrx"}}}}'),
    "one line with blanks inside": ('{ "a" : 1 }', f'{{ "a" : 1, "credHelpers" : {{"{HOST}" : "ecrx"}} }}'),
    "Windows line ends": (
        '{\r\n  "a": 1\r\n}\r\n',
        f'{{\r\n  "a": 1,\r\n  "credHelpers": {{\r\n    {ENTRY}\r\n  }}\r\n}}\r\n',
    ),
    "blank lines and blanks around": (
        '\n {\n\n\t"a": 1,\n\n\t"b": 2\n\n} \n\n',
        f'\n {{\n\n\t"a": 1,\n\n\t"b": 2,\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n\n}} \n\n',
    ),
    "keys and texts that nobody knows": (
        '{\n\t"ключ": "\\u00e9é\\/\\"}{",\n\t"n": 1.50e+3,\n\t"n": 2\n}',
        f'{{\n\t"ключ": "\\u00e9é\\/\\"}}{{",\n\t"n": 1.50e+3,\n\t"n": 2,\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}',
    ),
    "a number with more digits than Python takes": (
        f'{{"a": {"9" * 5000}}}',
        f'{{"a": {"9" * 5000}, "credHelpers": {{{ENTRY}}}}}',
    ),
    "nothing in it": ("{}\n", f'{{"credHelpers": {{{ENTRY}}}}}\n'),
    "nothing in two lines": ("{\n}\n", f'{{\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}}\n}}\n'),
}


def file(text: str) -> TextFile:
    return TextFile("config.json", text)


def set_helper(text: str, host: str = HOST) -> str:
    return docker_config.set_helpers(file(text), [host], "ecrx")[0].text


def remove_helper(text: str, host: str = HOST) -> str:
    return docker_config.remove_helpers(file(text), [host]).text


class TestSetHelper:
    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_adds_an_entry_and_changes_nothing_else(self, before: str, after: str) -> None:
        assert after == set_helper(before)

    @pytest.mark.parametrize("after", [after for _, after in SHAPES.values()], ids=SHAPES)
    def test_existing_entry_changes_nothing(self, after: str) -> None:
        assert after == set_helper(after)

    @pytest.mark.parametrize("empty", ["", "\n", " \t\r\n"])
    def test_formats_an_empty_file_as_docker_does(self, empty: str) -> None:
        assert json.dumps({"credHelpers": {HOST: "ecrx"}}, indent="\t") == set_helper(empty)

    def test_replaces_another_helper(self) -> None:
        assert f'{{"credHelpers" : {{"a":"b", "{HOST}" :  "ecrx" , "c":"d"}}}}' == set_helper(
            f'{{"credHelpers" : {{"a":"b", "{HOST}" :  "ecr-login" , "c":"d"}}}}'
        )

    def test_accepts_null_helpers_as_docker_does(self) -> None:
        assert f'{{\n\t"credHelpers": {{\n\t\t{ENTRY}\n\t}},\n\t"a": 1\n}}' == set_helper(
            '{\n\t"credHelpers": null,\n\t"a": 1\n}'
        )

    def test_finds_helpers_in_any_case_as_docker_does(self) -> None:
        assert '{"CREDHELPERS": {"a": "b", "' + HOST + '": "ecrx"}}' == set_helper('{"CREDHELPERS": {"a": "b"}}')


class TestRemoveHelper:
    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_restores_the_original_file(self, before: str, after: str) -> None:
        assert before == remove_helper(after)

    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    def test_removes_two_in_any_order(self, before: str, after: str) -> None:
        both = set_helper(after, OTHER_HOST)

        assert before == remove_helper(remove_helper(both, HOST), OTHER_HOST)
        assert before == remove_helper(remove_helper(both, OTHER_HOST), HOST)

    @pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
    @pytest.mark.parametrize("hosts", [[HOST, OTHER_HOST], ["third.example", HOST], [OTHER_HOST, "third.example"]])
    def test_removes_several_as_one_by_one(self, before: str, after: str, hosts: list[str]) -> None:
        text = set_helper(set_helper(after, OTHER_HOST), "third.example")
        expected = text
        for host in hosts:
            expected = remove_helper(expected, host)

        assert expected == docker_config.remove_helpers(file(text), hosts).text
        assert before == docker_config.remove_helpers(file(text), [HOST, OTHER_HOST, "third.example"]).text

    @pytest.mark.parametrize("before", ["", *(before for before, _ in SHAPES.values())])
    def test_missing_entry_changes_nothing(self, before: str) -> None:
        assert before == remove_helper(before)


class TestRemoveAuth:
    def test_removes_one_server(self) -> None:
        before = '{\n\t"auths": {\n\t\t"a": {\n\t\t\t"auth": "x"\n\t\t},\n\t\t"b": {}\n\t}\n}'

        assert '{\n\t"auths": {\n\t\t"b": {}\n\t}\n}' == docker_config.remove_auth(file(before), "a").text
        assert before == docker_config.remove_auth(file(before), "c").text


class TestReading:
    def test_passwords_are_entries_that_can_log_in(self) -> None:
        auths = {
            "a": {"auth": "eDp5"},
            "b": {},
            "c": {"identitytoken": "t"},
            "d": {"auth": ""},
            "e": None,
            "f": {"username": "x", "password": "y"},
        }

        assert ["a", "c", "f"] == docker_config.passwords(file(json.dumps({"auths": auths})))

    def test_empty_file_has_nothing(self) -> None:
        assert ({}, [], "") == (
            docker_config.helpers(file("")),
            docker_config.passwords(file("")),
            docker_config.store(file("")),
        )

    def test_store_is_a_text(self) -> None:
        assert "desktop" == docker_config.store(file('{"credsStore": "desktop"}'))
        assert "" == docker_config.store(file('{"credsStore": null}'))

    def test_shown_text_has_no_secret(self) -> None:
        document = {
            "auths": {HOST: {"auth": 'pass"w\\ord'}},
            "HttpHeaders": {"X": ["secret"]},
            "credHelpers": {HOST: "ecrx"},
            "psFormat": "table",
        }

        shown = docker_config.without_secrets(file(json.dumps(document))).text

        assert {
            "auths": {HOST: {"auth": "..."}},
            "HttpHeaders": {"X": ["..."]},
            "credHelpers": {HOST: "ecrx"},
            "psFormat": "table",
        } == json.loads(shown)

    @pytest.mark.parametrize(
        "document",
        [
            {"auths": {f"https://me:{SECRET}@registry.example/v1/": {}}},
            {"auths": {f"me:{SECRET}@registry.example": {}}},
            {"auths": {f"registry.example/?token={SECRET}": {}}},
            {"auths": {TOKEN: {}}},
            {"credHelpers": {f"//{SECRET}@registry.example": "pass"}},
            {"credHelpers": {"registry.example": f"//{SECRET}@helper"}},
            {"credHelpers": {"registry.example": {"auth": SECRET}}},
            {"credHelpers": [SECRET]},
            {"credHelpers": SECRET},
            {"CREDHELPERS": {"registry.example": [SECRET]}},
            {"credsStore": f"https://me:{SECRET}@host"},
            {"psFormat": {"a": SECRET}},
            {"proxies": {"default": {"httpProxy": f"http://me:{SECRET}@proxy:3128"}}},
            {"proxies": {f"tcp://me:p@ss/{SECRET}@host:2375": {}}},
            {"HttpHeaders": {"Authorization": SECRET}},
            {"token": SECRET},
            {"": SECRET},
            {f"https://me:{SECRET}@host": 1},
            {"plugins": [[{"a": [SECRET, f"//{SECRET}@host"]}]]},
        ],
        ids=lambda document: json.dumps(document)[:50],
    )
    @pytest.mark.parametrize("is_escaped", [False, True])
    def test_shown_text_has_no_secret_anywhere(self, document: dict[str, Any], *, is_escaped: bool) -> None:
        """Another program may have put a secret anywhere, in any spelling."""
        text = json.dumps(document, indent=2)
        if is_escaped:
            text = text.replace("/", "\\/").replace("@", "\\u0040").replace("h", "\\u0068")

        shown = docker_config.without_secrets(file(text)).text

        assert SECRET not in json.dumps(json.loads(shown))
        assert SECRET not in shown
        assert TOKEN not in shown
        assert text.count("\n") == shown.count("\n")

    def test_shown_text_has_names_formats_and_helpers(self) -> None:
        """A person needs them in order to see what changes."""
        document = {
            "auths": {"https://index.docker.io/v1/": {}, HOST: {}, f"{HOST}/team/app": {}},
            "credHelpers": {HOST: "ecrx-123456789012-AdministratorAccess", "my-registry.example:5000": "pass"},
            "credsStore": "desktop",
            "currentContext": "colima",
            "detachKeys": "ctrl-e,e",
            "psFormat": "table {{.ID}}\\t{{.Names}}",
            "experimental": "enabled",
            "n": [1, 2.5, True, None],
        }
        text = json.dumps(document, indent="\t")

        assert text == docker_config.without_secrets(file(text)).text


class TestBrokenFile:
    @pytest.mark.parametrize(
        ("text", "fault"),
        {
            "[]": "not a JSON object",
            '"text"': "not a JSON object",
            "null": "not a JSON object",
            '{\n"a": 1,\n"b"}': "in line 3",
            "{'a': 1}": "not JSON",
            '{"a": NaN}': "not JSON",
            '{"a": 1} {}': "text after its JSON object",
            "// mine\n{}": "not JSON",
            "\ufeff{}": "byte-order mark",
            '{"a":' * 100_000: "nested too deeply",
            '{"credHelpers": {}, "credHelpers": {}}': "credHelpers twice",
            '{"credHelpers": {}, "CredHelpers": {}}': "credHelpers twice",
            f'{{"credHelpers": {{"{HOST}": "a", "{HOST}": "b"}}}}': f"{HOST} twice",
            '{"credHelpers": []}': "credHelpers in config.json is not an object",
        }.items(),
        ids=lambda text: text[:30],
    )
    def test_is_rejected_with_a_remedy(self, text: str, fault: str) -> None:
        with pytest.raises(FileError, match=fault) as caught:
            set_helper(text)

        assert "config.json" in caught.value.message
        assert str(caught.value.remedy)


@pytest.mark.posix("paths as POSIX has them")
class TestPath:
    def test_docker_has_its_own_variable(self) -> None:
        assert "/d/config.json" == docker_config.path({"DOCKER_CONFIG": "/d", "HOME": "/h"})
        assert "/h/.docker/config.json" == docker_config.path({"DOCKER_CONFIG": "", "HOME": "/h"})

    def test_podman_reads_login_file_first(self) -> None:
        assert ["/r/containers/auth.json", "/h/.config/containers/auth.json"] == podman_config.paths(
            {"XDG_RUNTIME_DIR": "/r", "HOME": "/h"}
        )
        assert "/c/containers/auth.json" == podman_config.paths({"XDG_CONFIG_HOME": "/c", "HOME": "/h"})[-1]

    def test_podman_reads_only_the_file_its_variable_names(self) -> None:
        assert ["/a.json"] == podman_config.paths({"REGISTRY_AUTH_FILE": "/a.json", "HOME": "/h"})


_BLANKS = st.text(" \t\r\n", max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_HELPERS = st.dictionaries(st.text() | st.just(OTHER_HOST), st.text(), min_size=1, max_size=3)
_NOT_OURS = st.text().filter(lambda name: name.lower() not in ("credhelpers", "auths"))
_DOCUMENTS = st.builds(
    lambda one, helpers, two: one | helpers | two,
    st.dictionaries(_NOT_OURS, _VALUES, max_size=3),
    # Docker itself deletes an empty credHelpers, so nobody can tell whether it was there before.
    st.just({}) | st.builds(lambda helpers: {"credHelpers": helpers}, _HELPERS),
    st.dictionaries(_NOT_OURS, _VALUES, max_size=3),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a JSON object with any blanks between its tokens."""

    def written(value: Any, gap: str) -> str:  # noqa: ANN401 - JSON
        blanks = [draw(_BLANKS) for _ in range(4)] if loose else ["", gap, "", " "]
        if isinstance(value, dict) and value:
            inner = gap + "  " if gap else ""
            items = (
                f"{blanks[0]}{inner}{json.dumps(key, ensure_ascii=False)}{blanks[2]}:{blanks[3]}{written(item, inner)}"
                for key, item in value.items()
            )
            return f"{{{','.join(items)}{blanks[1]}}}"
        if isinstance(value, dict):
            return f"{{{draw(_BLANKS) if loose else ''}}}"
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    loose = draw(st.booleans())
    gap = draw(st.sampled_from(["", "\n", "\r\n", "\n\t"]))
    around = draw(_BLANKS), draw(_BLANKS)
    return around[0] + written(draw(_DOCUMENTS), gap) + around[1]


class TestAnyObject:
    @given(texts())
    def test_adding_and_removing_an_entry_changes_nothing(self, text: str) -> None:
        assert text == remove_helper(set_helper(text))

    @given(texts())
    def test_added_entry_is_valid_json(self, text: str) -> None:
        expected = json.loads(text)
        expected["credHelpers"] = expected.get("credHelpers", {}) | {HOST: "ecrx"}

        assert expected == json.loads(set_helper(text))

    @given(texts())
    def test_is_read_as_json_reads_it(self, text: str) -> None:
        document = json.loads(text)

        assert document.get("credHelpers", {}) == docker_config.helpers(file(text))
        assert [] == docker_config.passwords(file(text))

    @given(texts(), st.data())
    def test_loses_only_the_removed_entry(self, text: str, data: st.DataObject) -> None:
        helpers = json.loads(text).get("credHelpers", {})
        host = data.draw(st.sampled_from(sorted(helpers))) if helpers else HOST

        left = json.loads(remove_helper(text, host)).get("credHelpers", {})

        assert {name: helper for name, helper in helpers.items() if name != host} == left
