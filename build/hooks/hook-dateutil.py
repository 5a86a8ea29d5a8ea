"""In place of PyInstaller's own hook, which takes an archive of all time zones."""
