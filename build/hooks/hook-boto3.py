"""In place of PyInstaller's own hook, which takes all of boto3's data; the spec names what is needed."""
