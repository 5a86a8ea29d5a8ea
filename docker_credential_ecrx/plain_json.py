"""Reads a JSON document without the json module, whose regular expressions take longer to load than a hit does."""

import _json  # the scanner that json itself uses


class _Options:
    strict = True
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float
    parse_int = int


_scan = _json.make_scanner(_Options)  # type: ignore[arg-type] # it reads these six, of whatever it is given


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
