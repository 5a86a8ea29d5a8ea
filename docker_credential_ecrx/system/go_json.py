"""Reads JSON as Go's encoding/json decodes it into a struct: Docker, podman and credential helpers are Go programs.

https://pkg.go.dev/encoding/json#Unmarshal: a field's name may be in any case; of a field that is there twice, the last
value counts, and two objects are merged; null changes no text; a value of another type counts as the empty value.
"""

import json
from typing import NoReturn

_WHITESPACE = " \t\r\n"
# The only letters outside ASCII that Go's folding, Unicode's simple one, makes equal to a letter of ASCII.
_FOLDS = str.maketrans({"\u017f": "s", "\u212a": "k"})


class Object(list[tuple[str, object]]):
    """The names and values of a JSON object, in their order."""


def decode(text: str) -> tuple[object, str]:
    """Return the first JSON value in ``text``, and the text after it; raise ValueError if there is none.

    Go's ``Decoder`` ignores that text, as Docker and the helpers do; ``Unmarshal``, which podman calls, refuses it.
    """
    try:
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(_WHITESPACE)))
    except json.JSONDecodeError as error:
        # json's own message quotes the text.
        message = f"not JSON: there is an error in line {error.lineno}, column {error.colno}"
        raise ValueError(message) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value, text[end:].lstrip(_WHITESPACE)


def fields(value: object, name: str) -> list[object]:
    """Return all values of the field ``name`` of an object, in their order; none if ``value`` is not an object."""
    return [each for key, each in value if folded(key) == folded(name)] if isinstance(value, Object) else []


def string(value: object, name: str) -> str:
    """Return the text of the field ``name``, or an empty one."""
    return next((each for each in reversed(fields(value, name)) if isinstance(each, str)), "")


def entries(value: object, name: str) -> dict[str, object]:
    """Return the entries of the field ``name``, which is a map: its keys are compared as they are."""
    found: dict[str, object] = {}
    for each in fields(value, name):
        if isinstance(each, Object):
            found |= each
        elif each is None:
            found = {}
    return found


def folded(name: str) -> str:
    """Return a field's name as Go compares it."""
    return name.translate(_FOLDS).lower()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"not JSON: {constant} is not a number")


# Numbers are decoded as floats, since an integer can have too many digits for Python.
_DECODER = json.JSONDecoder(object_pairs_hook=Object, parse_int=float, parse_constant=_refuse)
