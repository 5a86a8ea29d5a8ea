"""In place of PyInstaller's own hook, which takes all of botocore's data; the spec names what is needed."""
