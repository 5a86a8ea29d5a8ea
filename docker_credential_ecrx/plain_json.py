"""Reads a JSON document without the json module, whose regular expressions take as long to load as half a hit.

``_json`` is CPython's own and private.
A version whose scanner wants more than what is known here, or that has none, is served by json itself.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class _Options:
    strict = True
    object_hook = object_pairs_hook = None
    array_hook = None  # read from CPython 3.15 on
    parse_float = parse_constant = float
    parse_int = int


def _scanner() -> "Callable[[str, int], tuple[object, int]]":
    """Return what reads the document that begins at an index, and says where it ends."""
    try:
        import _json

        scan: Callable[[str, int], tuple[object, int]] = _json.make_scanner(_Options)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        import json

        scan = json.JSONDecoder().raw_decode
    return scan


_scan = _scanner()


def parse(text: str) -> object:
    """Return what ``text`` holds; raise ValueError where it is not one JSON document."""
    text = text.strip(" \t\r\n")
    try:
        document, end = _scan(text, 0)
    except Exception as error:  # json's own errors are in json, which is not loaded: there is a SystemError instead
        message = "not JSON"
        raise ValueError(message) from error
    if end != len(text):
        message = "more than one JSON document"
        raise ValueError(message)
    return document
