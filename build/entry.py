"""Where the frozen program starts."""

import os
import sys

from docker_credential_ecrx.__main__ import main

# PyInstaller's loader leads to the program's own libraries, and tells a further start of it that this is done.
# A credential_process is another program and has its own, and one that starts this program again starts it anew.
for name in [name for name in os.environ if name.startswith("_PYI_")]:
    del os.environ[name]
if sys.platform == "linux":
    path = os.environ.pop("LD_LIBRARY_PATH_ORIG", "")
    os.environ.pop("LD_LIBRARY_PATH", None)
    if path:
        os.environ["LD_LIBRARY_PATH"] = path

status = main()
try:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
except OSError:  # nobody reads it
    status = 1
# All is written; to take the interpreter down piece by piece would cost a get a millisecond.
os._exit(status)
