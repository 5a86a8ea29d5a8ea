"""The JSON reader without the json module gives the same results."""

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.system import fast_json

# A Python whose scanner needs one more option, as 3.15 does; what is read, and whether json was imported.
_DEMANDING = """\
import _json, sys
make_scanner = _json.make_scanner
def demanding(options):
    if type(options).__module__ != "json.decoder":  # which has them all
        getattr(options, sys.argv[1])
    return make_scanner(options)
_json.make_scanner = demanding
from docker_credential_ecrx.system import fast_json
print(fast_json.parse(' {"a": [1, 2.5, null]} '), "json" in sys.modules)
"""

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_documents = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
_pieces = st.sampled_from(
    [*'{}[]",:\\ \n\t\x00a1-.eE', "true", "null", "NaN", "-Infinity", "\\u00e4", "\\ud800", '"a"']
)


@given(_documents, st.booleans(), st.sampled_from([None, 2]))
def test_document_is_read_as_json_wrote_it(document: object, ascii_: bool, indent: int | None) -> None:  # noqa: FBT001
    assert document == fast_json.parse(json.dumps(document, ensure_ascii=ascii_, indent=indent))


@given(st.lists(_pieces, max_size=12).map("".join) | st.text(max_size=12))
def test_rejects_exactly_what_json_rejects(text: str) -> None:
    try:
        expected = repr(json.loads(text))
    except ValueError:
        with pytest.raises(ValueError, match="JSON"):
            fast_json.parse(text)
    else:
        assert expected == repr(fast_json.parse(text))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_rejects_an_incomplete_document(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        fast_json.parse(text)


def test_last_of_duplicate_keys_counts() -> None:
    assert {"a": 2} == fast_json.parse('{"a": 1, "a": 2}')
    assert math.inf == fast_json.parse("Infinity")


@pytest.mark.parametrize(("option", "needs_json"), [("array_hook", False), ("hook_of_the_future", True)])
def test_scanner_with_more_options_works(option: str, needs_json: bool) -> None:  # noqa: FBT001
    done = subprocess.run([sys.executable, "-c", _DEMANDING, option], capture_output=True, text=True, check=True)

    assert f"{{'a': [1, 2.5, None]}} {needs_json}\n" == done.stdout
