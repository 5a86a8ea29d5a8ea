"""Docker's config.json: an edit changes only the entry, and undoing it restores the file."""

import json
import os
from typing import Any

import pytest
from fuzz.helpers import fuzzed, joined, json_texts, texts, told
from hypothesis import strategies as st

from docker_credential_ecrx.config_files import docker_config, json_editor
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.errors import FileError

HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
SECRET = "hunter2:"
_gap = st.sampled_from(["", "", " ", "\n", "\n\t", "\n    ", "\r\n  ", "\t"])
_server = st.sampled_from([HOST, "a", "public.ecr.aws", "https://index.docker.io/v1/", 'q"\\', "é"]).map(json.dumps)
_secret = st.text(max_size=4).map(lambda text: json.dumps(SECRET + text))


def _object(name: st.SearchStrategy[str], value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = joined(_gap, name, _gap, st.just(":"), _gap, value, _gap)
    return joined(_gap, st.just("{"), st.lists(member, max_size=4).map(",".join), _gap, st.just("}"))


_auth = _object(st.sampled_from(['"auth"', '"identitytoken"', '"password"', '"x"']), _secret)
_section = st.one_of(
    _object(_server, st.sampled_from(['"ecrx"', '"desktop"', "null", "1"])),
    _object(_server, _auth),
    json_texts("auths"),
    st.sampled_from(['"osxkeychain"', "null", "1e999", "[]"]),
)
_section_name = st.sampled_from(
    ["credHelpers", "credHelpers", "auths", "credsStore", "CREDHELPERS", "HttpHeaders", "x"]
)
documents = st.one_of(
    joined(_object(_section_name.map(json.dumps), _section), _gap),
    _object(st.just('"credHelpers"'), _object(_server, st.just('"ecrx"'))),
    texts,
    st.just(""),
)


def unfold(text: str) -> list[tuple[str, Any]]:
    """Return a document's content with its names in order and with repetitions."""
    sections: list[tuple[str, Any]] = json.loads(
        "{}" if json_editor.is_blank(text) else text, object_pairs_hook=list, parse_int=float
    )
    return sections


def is_kept(before: str, after: str) -> bool:
    """Return whether ``after`` is ``before`` with something inserted at one place."""
    start = len(os.path.commonprefix([before, after]))  # noqa: RUF071 - texts
    end = len(os.path.commonprefix([before[::-1], after[::-1]]))  # noqa: RUF071 - texts
    return start + end >= len(before)


@fuzzed(documents, st.sampled_from([HOST, "a", 'q"\\']), st.sampled_from(["ecrx", "ecrx-é"]))
def test_adding_and_removing_a_helper_changes_nothing(document: str, host: str, helper: str) -> None:
    before = TextFile("config.json", document)
    try:
        known = docker_config.helpers(before)
        after, _ = docker_config.set_helpers(before, [host], helper)
    except FileError as error:
        told(error)
        return
    assert known | {host: helper} == docker_config.helpers(after)
    assert (after, []) == docker_config.set_helpers(after, [host], helper)
    removed = docker_config.remove_helpers(after, [host])
    assert {name: found for name, found in known.items() if name != host} == docker_config.helpers(removed)
    assert removed == docker_config.remove_helpers(removed, [host])
    named = [value for name, value in unfold(document) if name.lower() == "credhelpers"]
    # An empty or blank object takes an entry, and is removed with it.
    if not json_editor.is_blank(document) and (not named or (named[0] and host not in dict(named[0]))):
        assert is_kept(document, after.text)
        assert document == removed.text


@fuzzed(documents, st.lists(st.sampled_from([HOST, "a", "public.ecr.aws", "b", "é"]), min_size=1, unique=True))
def test_several_helpers_are_set_as_one_after_another(document: str, hosts: list[str]) -> None:
    one_by_one = before = TextFile("config.json", document)
    changed = []
    try:
        for host in hosts:
            one_by_one, more = docker_config.set_helpers(one_by_one, [host], "ecrx")
            changed += more
    except FileError as error:
        told(error)
        with pytest.raises(FileError):
            docker_config.set_helpers(before, hosts, "ecrx")
    else:
        assert (one_by_one, changed) == docker_config.set_helpers(before, hosts, "ecrx")


@fuzzed(documents, st.sampled_from([HOST, "a", "public.ecr.aws"]))
def test_removal_of_a_password_changes_nothing_else(document: str, server: str) -> None:
    before = TextFile("config.json", document)
    try:
        servers, helpers = docker_config.passwords(before), docker_config.helpers(before)
        after = docker_config.remove_auth(before, server)
    except FileError as error:
        told(error)
        return
    assert [one for one in servers if one != server] == docker_config.passwords(after)
    assert helpers == docker_config.helpers(after)
    assert is_kept(after.text, before.text)


@fuzzed(documents)
def test_file_is_shown_without_its_secrets(document: str) -> None:
    try:
        shown = docker_config.without_secrets(TextFile("config.json", document))
    except FileError as error:
        told(error)
        return
    assert SECRET not in shown.text
