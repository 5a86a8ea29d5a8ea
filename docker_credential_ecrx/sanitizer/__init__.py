"""Every secret of the process out of a line, and third-party text made printable and bounded."""
