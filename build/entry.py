"""Where the frozen program starts."""

import os
import sys

try:
    from docker_credential_ecrx.__main__ import main
except ImportError as error:
    line = f"docker-credential-ecrx: a part of the program is missing: {error.name}; install it again\n"
    for stream in (1, 2):  # as docker wants it told
        os.write(stream, line.encode())
    os._exit(1)

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
