"""Reads a JSON document without the json module, which takes half as long to load as a whole cached ``get``."""

from docker_credential_ecrx.system.fast_stdlib import scan_json


def parse(text: str) -> object:
    """Return the value of the JSON document ``text``; raise ValueError if it is not one JSON document."""
    text = text.strip(" \t\r\n")
    try:
        document, end = scan_json(text, 0)
    except Exception as error:  # the scanner raises SystemError, since json with its own error is not loaded
        raise ValueError("not JSON") from error
    if end != len(text):
        raise ValueError("more than one JSON document")
    return document
