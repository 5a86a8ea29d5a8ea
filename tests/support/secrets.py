"""Where a secret must not be: looks for it in any shift of base64."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path


def forms_of(secret: str) -> list[bytes]:
    """Return what stands for ``secret`` in a file: itself, decoded, and the middle of each shift of its base64."""
    raw = secret.encode()
    forms = [raw[:64]]
    with contextlib.suppress(ValueError):
        forms.append(base64.b64decode(raw, validate=True)[40:104])
    forms += [encoded[8:72] for encoded in shifts_of(raw)]
    return [form for form in forms if form]


def shifts_of(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of ``raw`` wherever it begins in a text, without what depends on its neighbours."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        yield encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def places_of(secret: str, *folders: Path) -> list[Path]:
    """Return the files below ``folders`` that hold ``secret`` in any form."""
    forms = forms_of(secret)
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                if path.is_file() and not path.is_symlink() and any(form in path.read_bytes() for form in forms):
                    found.append(path)
    return found
