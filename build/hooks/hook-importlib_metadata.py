"""In place of PyInstaller's own hook, which takes the package's metadata for the version that nobody asks for."""
