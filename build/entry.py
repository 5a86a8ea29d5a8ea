"""Where the frozen program starts."""

import sys

from docker_credential_ecrx.__main__ import main

sys.exit(main())
