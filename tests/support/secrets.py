"""Where a secret must not be: looks for it in any shift of base64."""

import base64
import contextlib
from pathlib import Path


def forms_of(secret: str) -> list[bytes]:
    """Return what stands for ``secret`` in a file: itself, decoded, and the middle of each shift of its base64."""
    raw = secret.encode()
    forms = [raw[:64]]
    with contextlib.suppress(ValueError):
        forms.append(base64.b64decode(raw, validate=True)[40:104])
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms.append(encoded[8:72])  # clear of the characters that the shift's padding touches
    return forms


def places_of(secret: str, *folders: Path) -> list[Path]:
    """Return the files below ``folders`` that hold ``secret`` in any form."""
    forms = forms_of(secret)
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                if any(form in content for form in forms):
                    found.append(path)
    return found
