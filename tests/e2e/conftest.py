"""A user of the secondary account, whose clients meet AWS and the primary account's registry by their real names."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes import certificates, engine, names, registry
from fakes.certificates import Certificates
from fakes.clients import Client, docker_commands, write_json
from fakes.endpoints import Endpoints
from fakes.matrix import WAYS, Matrix
from fakes.registry import Registry
from support import need
from support.home import HOST, OTHER_HOST, PRIMARY, SECONDARY, Home
from support.secrets import places_of

# For documentation only (RFC 5737): nobody else is there.
_REGISTRY_ADDRESS, _AWS_ADDRESS = "192.0.2.1", "192.0.2.2"
OWN_HOST = "images.example.com"
_REGISTRIES = (HOST, OTHER_HOST, OWN_HOST)
_ENDPOINTS = (
    "sts.amazonaws.com",
    "sts.us-east-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "sts.us-east-9.amazonaws.com",
    "sts.cn-north-1.amazonaws.com.cn",
    "sts-fips.us-east-1.amazonaws.com",
    "sts.us-east-1.api.aws",
    "api.ecr.us-east-1.amazonaws.com",
    "api.ecr.eu-west-1.amazonaws.com",
    "api.ecr.us-east-9.amazonaws.com",
    "api.ecr.cn-north-1.amazonaws.com.cn",
    "api.ecr-fips.us-east-1.amazonaws.com",
    "ecr.us-east-1.api.aws",
    "ecr-fips.us-east-1.api.aws",
    "api.ecr-public.us-east-1.amazonaws.com",
)
# Where the clients and the engine leave things when they run as root, whatever they are told.
_MACHINE_FOLDERS = (Path("/run"), Path("/var/lib/containers"))
_images = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what writes the matrix of clients, and what draws the picture of the README."""
    parser.addoption("--matrix", action="store_true", help="write which clients work into docs/clients.md")
    parser.addoption("--draw", action="store_true", help="draw the README's picture of a session")


def pytest_configure(config: pytest.Config) -> None:
    """Gather the matrix where it is asked for."""
    if config.getoption("--matrix"):
        config.pluginmanager.register(Matrix())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    """Return who vouches for the names, which lead to loopback meanwhile."""
    names.need_namespaces()
    folder = tmp_path_factory.mktemp("names")
    addresses = dict.fromkeys(_REGISTRIES, _REGISTRY_ADDRESS) | dict.fromkeys(_ENDPOINTS, _AWS_ADDRESS)
    issued = certificates.issue(folder, addresses)
    with ExitStack() as stack:
        for number in (_REGISTRY_ADDRESS, _AWS_ADDRESS):
            stack.enter_context(names.address(number))
        for path in _MACHINE_FOLDERS:
            stack.enter_context(names.empty(path))
        stack.enter_context(names.known(addresses, issued.authority, folder))
        yield issued


@pytest.fixture(scope="session")
def endpoints(authority: Certificates) -> Iterator[Endpoints]:
    """Return AWS, at port 443 of its names."""
    with Endpoints(authority.context(), _AWS_ADDRESS) as aws:
        yield aws


@pytest.fixture(scope="session")
def ecr(authority: Certificates, endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Return the registries; the primary account's repository policies permit the secondary account."""
    address = (_REGISTRY_ADDRESS, 443)
    with registry.serving(tmp_path_factory.mktemp("registry"), endpoints, authority.context(), address) as served:
        served.permitted[PRIMARY].add(SECONDARY)
        served.stands_for[OWN_HOST] = HOST
        yield served


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the docker engine keeps everything."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def docker_host(ecr: Registry, engine_folder: Path) -> Iterator[str]:  # noqa: ARG001 - the engine starts with the names
    """Return the address of a docker engine."""
    with engine.running(engine_folder) as address:
        yield address


@pytest.fixture
def aws(endpoints: Endpoints) -> Endpoints:
    """Return AWS at its own names, with nothing on record yet."""
    endpoints.forget()
    return endpoints


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for sockets and the like; podman takes none whose path has more than 50 characters."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def at_real_names(authority: Certificates, runtime: Path) -> dict[str, str]:
    """Return the environment of who meets AWS by its real names."""
    return {"AWS_CA_BUNDLE": str(authority.authority), "XDG_RUNTIME_DIR": str(runtime)}


@pytest.fixture
def home(
    tmp_path: Path,
    program: Path,
    aws: Endpoints,
    at_real_names: dict[str, str],
    kernel: dict[str, str],  # noqa: ARG001 - the kernel's keyring is left as it was
) -> Home:
    """Return the home of a user with the secondary account's role profile, to whom AWS has its real names."""
    home = Home(tmp_path / "home", program, aws)
    home.link("docker-credential-ecrx-secondary")
    home.add_role_profile()
    del home.env["AWS_ENDPOINT_URL"]
    home.env |= at_real_names | {"REGISTRY_AUTH_FILE": str(home.folder / "auth.json")}
    return home


@pytest.fixture
def assert_in_no_file(tmp_path: Path, runtime: Path, engine_folder: Path) -> Callable[..., None]:
    """Return what asserts that a token is in no file of the user, of the clients, of the engine and in more folders."""

    def check(token: str, *more: Path) -> None:
        assert [] == places_of(token, tmp_path, runtime, engine_folder, *_MACHINE_FOLDERS, *more)

    return check


@pytest.fixture
def image(ecr: Registry) -> str:
    """Return the reference of an image of its own in the primary account's registry."""
    number = next(_images)
    ecr.publish("team/app", f"v{number}", engine.layer(f"image {number}"))
    return f"{HOST}/team/app:v{number}"


@pytest.fixture
def layer() -> bytes:
    """Return an image's layer that no registry has yet."""
    return engine.layer(f"layer {next(_images)}")


@pytest.fixture(params=WAYS)
def registry_user(request: pytest.FixtureRequest, home: Home, ecr: Registry) -> Home:  # noqa: ARG001 - it is there
    """Return a user whose Docker configuration names this program for the registry, or for every registry."""
    entry = {HOST: "ecrx-secondary"} if request.param == "credHelpers" else "ecrx-secondary"
    write_json(home.folder / ".docker" / "config.json", {request.param: entry})
    return home


@pytest.fixture(params=["link", "configuration file"])
def helper(request: pytest.FixtureRequest, home: Home) -> None:
    """Give every client our program as the registry's credential helper, each way that names the profile."""
    helpers = {"credHelpers": {HOST: _suffix(home, request.param)}}
    write_json(home.folder / ".docker" / "config.json", helpers)
    write_json(home.folder / "auth.json", helpers)


@pytest.fixture(params=["link", "configuration file", "store"])
def docker_helper(request: pytest.FixtureRequest, home: Home) -> None:
    """Give docker our program as the registry's credential helper, or as the store for every registry."""
    suffix = _suffix(home, request.param)
    document = {"credsStore": suffix} if request.param == "store" else {"credHelpers": {HOST: suffix}}
    write_json(home.folder / ".docker" / "config.json", document)


def _suffix(home: Home, way: str) -> str:
    if way == "link":
        return "ecrx-secondary"
    home.configure('[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "secondary"\n')
    return "ecrx"


@pytest.fixture(params=docker_commands())
def docker(request: pytest.FixtureRequest, home: Home, docker_host: str, docker_helper: None) -> Client:  # noqa: ARG001
    """Return the docker command, in every release of it that is here."""
    home.env |= {"DOCKER_HOST": docker_host, "DOCKER_BUILDKIT": "0"}
    return Client(home, need.command(request.param))


@pytest.fixture
def podman(home: Home, ecr: Registry, helper: None) -> Client:  # noqa: ARG001
    """Return podman, with its images in the home."""
    return Client(home, need.command("podman"), *_storage(home))


@pytest.fixture
def buildah(home: Home, ecr: Registry, helper: None) -> Client:  # noqa: ARG001
    """Return buildah, with its images in the home."""
    return Client(home, need.command("buildah"), *_storage(home))


@pytest.fixture
def skopeo(home: Home, ecr: Registry, helper: None) -> Client:  # noqa: ARG001
    """Return skopeo."""
    return Client(home, need.command("skopeo"))


def _storage(home: Home) -> tuple[str, ...]:
    run = Path(home.env["XDG_RUNTIME_DIR"], "images")
    return ("--storage-driver=vfs", f"--root={home.folder / 'images'}", f"--runroot={run}")
