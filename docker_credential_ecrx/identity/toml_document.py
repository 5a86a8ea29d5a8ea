"""Parses any TOML with tomllib, whose import takes 10 ms: for a file that ``toml_subset`` does not parse."""

import re
import tomllib

from docker_credential_ecrx.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def parse(document: str, path: str) -> "dict[str, Any]":
    """Return the tables of ``document``; raise SettingsError if the file ``path`` is not TOML."""
    try:
        return tomllib.loads(document)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python
        if document.startswith("\ufeff"):
            raise SettingsError(
                f"the configuration file {path} begins with a byte-order mark", "save it as UTF-8 without one"
            ) from error
        # tomllib ends in the position; the words before it may name the end of the document, or quote a secret.
        place = re.search(r"\(at (line \d+, column \d+|end of document)\)$", str(error))
        where = place[1] if place else "it is nested too deeply, or has a number with too many digits"
        raise SettingsError(f"the configuration file {path} is not TOML: {where}", "fix the file") from error
