"""Where the frozen program starts."""

import gc
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType


# Ready, since what it reports may leave nothing to make it from; the same as in __main__, which may be missing.
LAST_RESORT = (
    b"docker-credential-ecrx: the program failed before it could say why, maybe for lack of memory, files or threads; "
    b"raise the limits of its process (ulimit -a)\n"
)


_OURS = "docker_credential_ecrx."


class Importer:
    """Imports the modules whose code objects are in two files, and leaves the others to Python's own importers.

    One file has what each ``get`` imports, and the other what a first one does.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._modules = self._read("cached_get")
        self._has_all = False

    def _read(self, name: str) -> "dict[str, tuple[bool, CodeType | bytes]]":
        with open(f"{self._folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes milliseconds
            found: dict[str, tuple[bool, CodeType | bytes]] = marshal.loads(file.read())  # noqa: S302 - a part of ours
            return found

    def import_ready(self) -> None:
        """Import the modules that are stored as code objects, which are in order: each after those that it imports.

        Python's import system would take longer to find each one's place than the module takes to run.
        """
        for name, (is_package, code) in self._modules.items():
            if isinstance(code, bytes) or name in sys.modules:
                continue
            module = sys.modules[name] = type(sys)(name)
            module.__spec__ = self._spec(name, is_package=is_package)
            if is_package:
                module.__path__ = module.__spec__.submodule_search_locations  # type: ignore[assignment]
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)
            exec(code, module.__dict__)  # noqa: S102 - as an import does

    def find_spec(self, name: str, *_: object) -> "ModuleSpec | None":
        """Return where the module comes from, if it is in one of the files.

        Raises ImportError, once, if the second file is missing or damaged: what reports that is in neither.
        """
        found = self._modules.get(name)
        if found is None and not self._has_all and name.startswith(_OURS):
            self._has_all = True
            try:
                self._modules |= self._read("first_get")
            except (OSError, EOFError, ValueError, TypeError) as error:
                raise ImportError(name, name=name, path=f"{self._folder}/first_get") from error
            found = self._modules.get(name)
        return None if found is None else self._spec(name, is_package=found[0])

    def _spec(self, name: str, *, is_package: bool) -> "ModuleSpec":
        spec: ModuleSpec = type(sys.__spec__)(name, self, is_package=is_package)  # importlib would have to be imported
        if is_package:
            spec.submodule_search_locations = [f"{self._folder}/{name.replace('.', '/')}"]
        return spec

    def create_module(self, _: object) -> None:
        """Let Python make an ordinary module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module's code."""
        code = self._modules[module.__name__][1]
        exec(marshal.loads(code) if isinstance(code, bytes) else code, module.__dict__)  # noqa: S102, S302 - as above


def start() -> None:
    """Run the program, which ends the process."""
    try:
        gc.disable()  # nearly all that a get creates is needed until it ends; cli.run enables it
        importer = Importer(getattr(sys, "_MEIPASS", ""))
        sys.meta_path.insert(0, importer)
        importer.import_ready()
        from docker_credential_ecrx.__main__ import run

        forget_loader()
        run()
    except KeyboardInterrupt:  # before there is anything that reports it
        os.write(2, b"docker-credential-ecrx: interrupted\n")
        os._exit(130)
    except Exception as error:  # noqa: BLE001 - a client must not get a traceback
        gc.collect()  # there may be no memory left
        try:
            line = line_about(error) or LAST_RESORT
        except Exception:  # noqa: BLE001 - there is not even memory, or a descriptor, to find out
            line = LAST_RESORT
        try:
            is_one = os.path.sameopenfile(1, 2)
        except Exception:  # noqa: BLE001 - as above
            is_one = False
        # Docker reads both streams, and a person sees the line once.
        for stream in (2,) if is_one else (1, 2):
            os.write(stream, line)
        os._exit(1)


def forget_loader() -> None:
    """Restore the environment that the program was started with, for the programs that it starts.

    PyInstaller's loader sets variables that lead to the program's own libraries, and that tell another start of it so.
    A credential_process has libraries of its own, and may start this program again.
    """
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    if sys.platform == "linux":
        path = os.environ.pop("LD_LIBRARY_PATH_ORIG", "")
        os.environ.pop("LD_LIBRARY_PATH", None)
        if path:
            os.environ["LD_LIBRARY_PATH"] = path


def line_about(error: Exception) -> bytes | None:
    """Return the line about what the process lacks, or which part of the program is missing or damaged, or None."""
    try:
        from docker_credential_ecrx.system import installation, shortage
    except ImportError as missing:  # with all of the package
        return line(f"a part of the program is missing: {missing.name}", "install it again")
    lacking = shortage.behind(error)
    if lacking:
        return line(*lacking)
    loss = installation.damage_behind(error)
    return line(f"a part of the program is {loss}", "install it again") if loss else None


def line(message: str, remedy: str) -> bytes:
    """Return the line that docker and a person get."""
    return f"docker-credential-ecrx: {message}; {remedy}\n".encode()


start()
