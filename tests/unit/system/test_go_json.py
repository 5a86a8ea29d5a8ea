"""JSON is read as Go's encoding/json decodes it into a struct."""

import pytest

from docker_credential_ecrx.system import go_json

STRINGS = {
    '{"credsStore": "a"}': "a",
    '{"CREDSSTORE": "a"}': "a",
    '{"cred\u017f\u017ftore": "a"}': "a",
    '{"cred\u00dftore": "a"}': "",  # Go does not fold one letter to two
    '{"cred\ufb06ore": "a"}': "",
    '{"credsStore": "a", "credsstore": "b"}': "b",
    '{"credsStore": "a", "credsstore": null}': "a",
    '{"credsStore": "a", "credsstore": 1}': "a",
    '{"credsStore": 1}': "",
    '{"credsStor": "a"}': "",
    "null": "",
    "[]": "",
}
MAPS: dict[str, dict[str, object]] = {
    '{"auths": {"a": 1, "A": 2}}': {"a": 1.0, "A": 2.0},
    '{"auths": {"a": 1, "a": 2}}': {"a": 2.0},
    '{"auths": {"a": 1}, "AUTHS": {"b": 2}}': {"a": 1.0, "b": 2.0},
    '{"auths": {"a": 1}, "auths": null}': {},
    '{"auths": {"a": 1}, "auths": []}': {"a": 1.0},
    '{"auths": "a"}': {},
    "{}": {},
}


class TestFields:
    @pytest.mark.parametrize(("text", "expected"), STRINGS.items())
    def test_of_a_text_are_found_in_any_case(self, text: str, expected: str) -> None:
        assert expected == go_json.string(go_json.decode(text)[0], "credsStore")

    @pytest.mark.parametrize(("text", "expected"), MAPS.items())
    def test_of_a_map_are_merged(self, text: str, expected: dict[str, object]) -> None:
        assert expected == go_json.entries(go_json.decode(text)[0], "auths")

    def test_are_folded_with_the_kelvin_sign(self) -> None:
        assert ["a"] == go_json.fields(go_json.decode('{"to\u212aen": "a"}')[0], "token")


class TestDecode:
    @pytest.mark.parametrize(
        ("text", "rest"), [("{}", ""), (" \t\r\n{} \n", ""), ("{}x", "x"), ("{} {}", "{}"), ('"a"]', "]")]
    )
    def test_returns_the_text_after_the_value(self, text: str, rest: str) -> None:
        assert rest == go_json.decode(text)[1]

    @pytest.mark.parametrize(
        "text", ["", " ", "{", "{'a': 1}", "NaN", '{"a": Infinity}', "\ufeff{}", "\x0b{}", '{"a":' * 100_000]
    )
    def test_refuses_what_go_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not JSON|nested too deeply"):
            go_json.decode(text)

    def test_reads_a_number_of_any_length(self) -> None:
        assert [float("inf")] == go_json.decode(f"[{'9' * 5000}]")[0]
