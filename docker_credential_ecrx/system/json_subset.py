"""Reads a JSON document without the json module, whose regular expressions take as long to load as half a hit."""

from docker_credential_ecrx.system.fast_stdlib import scan_json


def parse(text: str) -> object:
    """Return what ``text`` holds; raise ValueError where it is not one JSON document."""
    text = text.strip(" \t\r\n")
    try:
        document, end = scan_json(text, 0)
    except Exception as error:  # json's own errors are in json, which is not loaded: there is a SystemError instead
        raise ValueError("not JSON") from error
    if end != len(text):
        raise ValueError("more than one JSON document")
    return document
