"""What the fuzz targets share.

A target is a test in a module ``test_*.py`` of this folder, decorated with ``fuzzed``: pytest tries some inputs, the
same at each run; ``tests/fuzz/run`` lets the coverage that each input reaches choose the next.
"""

import base64
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docker_credential_ecrx.errors import EcrxError

Target = Callable[..., None]

_EXAMPLES = 150
_folder = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)  # noqa: PTH112, S108

# Texts, some of them nested deeper than a parser that calls itself can follow.
deep = st.builds(lambda opening, depth: opening * depth, st.sampled_from(["[", '{"a":', "("]), st.integers(1, 3000))
texts = st.text() | deep
numbers = st.sampled_from(
    ["0", "-1", "1e3", "0.5", "1e999", "-1e999", "NaN", "Infinity", "9" * 400, "9" * 5000, "true", "null", '"1"']
)


def fuzzed(*inputs: st.SearchStrategy[Any]) -> Callable[[Target], Target]:
    """Let the decorated test be called with inputs of these kinds."""

    def decorate(test: Target) -> Target:
        again = settings(
            max_examples=_EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        return again(given(*inputs)(test))

    return decorate


def file(name: str, content: str | bytes = b"") -> Path:
    """Return the path of a file of that name with ``content``."""
    path = Path(_folder.name, name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def folder() -> str:
    """Return the folder of those files."""
    return _folder.name


def is_line(text: str) -> bool:
    """Return whether ``text`` is one line that a terminal shows as it stands."""
    return bool(text) and text.isprintable()


def told(error: EcrxError, secret: str = "\0") -> None:  # noqa: S107 - what is in no text
    """Check that a person can be shown the error as it stands, and that it does not tell ``secret``."""
    assert error.message
    assert is_line(str(error))
    assert secret not in str(error)


def base64_of(text: str) -> str:
    """Return the text in base64."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts that have one of each of ``parts``, in their order."""
    return st.tuples(*parts).map("".join)


def json_texts(*names: str) -> st.SearchStrategy[str]:
    """Return JSON, well formed but for single characters, whose objects often have ``names``."""
    gap = st.sampled_from(["", "", " ", "\n", "\n\t", "\r\n  ", "\t"])
    name = st.sampled_from([json.dumps(name) for name in names]) | st.text(max_size=4).map(json.dumps)
    leaf = st.one_of(
        name, numbers, st.text(max_size=12).map(json.dumps), st.sampled_from(["[]", "{}", '""', '"\\ud800"'])
    )

    def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        member = joined(gap, name, gap, st.just(":"), gap, inner, gap)
        items = st.lists(joined(gap, inner, gap), max_size=3).map(",".join)
        members = st.lists(member, max_size=4).map(",".join)
        return joined(st.just("["), items, gap, st.just("]")) | joined(st.just("{"), members, gap, st.just("}"))

    value = st.recursive(leaf, nested, max_leaves=12)
    return value | joined(value, st.text(max_size=2)) | texts
