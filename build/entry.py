"""Where the frozen program starts."""

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Importer:
    """Imports the modules whose code objects are in one file, and leaves the others to Python's own importers."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with open(f"{folder}/cached_get", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes milliseconds
            self._modules: dict[str, tuple[bool, bytes]] = marshal.loads(file.read())  # noqa: S302 - a part of ours

    def find_spec(self, name: str, *_: object) -> "ModuleSpec | None":
        """Return where the module comes from, if it is in the file."""
        found = self._modules.get(name)
        if found is None:
            return None
        is_package = found[0]
        spec: ModuleSpec = type(sys.__spec__)(name, self, is_package=is_package)  # importlib would have to be imported
        if is_package:
            spec.submodule_search_locations = [f"{self._folder}/{name.replace('.', '/')}"]
        return spec

    def create_module(self, _: object) -> None:
        """Let Python make an ordinary module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module's code."""
        code = marshal.loads(self._modules[module.__name__][1])  # noqa: S302 - a part of ours
        exec(code, module.__dict__)  # noqa: S102 - as an import does


def start() -> None:
    """Run the program, which ends the process."""
    try:
        sys.meta_path.insert(0, Importer(getattr(sys, "_MEIPASS", "")))
        from docker_credential_ecrx.__main__ import run

        forget_loader()
        run()
    except Exception as error:
        loss = loss_behind(error)
        if loss is None:
            raise
        line = f"docker-credential-ecrx: a part of the program is {loss}; install it again\n"
        # As docker wants it told, and a person once.
        for stream in (2,) if os.path.sameopenfile(1, 2) else (1, 2):
            os.write(stream, line.encode())
        os._exit(1)


def forget_loader() -> None:
    """Give what the program starts the environment that it was given itself.

    PyInstaller's loader leads to the program's own libraries, and tells a further start of it that this is done.
    A credential_process is another program and has its own, and one that starts this program again starts a new one.
    """
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    if sys.platform == "linux":
        path = os.environ.pop("LD_LIBRARY_PATH_ORIG", "")
        os.environ.pop("LD_LIBRARY_PATH", None)
        if path:
            os.environ["LD_LIBRARY_PATH"] = path


def loss_behind(error: Exception) -> str | None:
    """Return which part of the program is missing or damaged, with that word before it, or None."""
    try:
        from docker_credential_ecrx.system import installation
    except ImportError as missing:  # with all of the package
        return f"missing: {missing.name}"
    return installation.damage_behind(error)


start()
