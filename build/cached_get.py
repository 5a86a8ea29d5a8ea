"""The modules that a cached ``get`` imports: the frozen program keeps them as code objects in one file.

So a module there costs a ``get`` neither a search nor a file, and may be as small as its purpose.
finish.py writes the file, entry.py imports from it, and tests/blackbox/test_guard.py compares this list with what
is imported.
"""

PACKAGE = "docker_credential_ecrx"
START = ("", "__main__")
EVERY_GET = (
    *("ecr", "ecr.registry", "errors", "helper", "keyrings", "log", "protocols", "protocols.docker", "protocols.reply"),
    *("identity", "identity.aws_profiles", "identity.fingerprint", "identity.model", "identity.settings"),
    *("store", "store.cached_token", "store.item_names", "store.token_cache"),
    *("system", "system.environment", "system.fast_stdlib", "system.hardening", "system.paths"),
    "system.read_file",
)
KEYRINGS = {
    "kernel": ("keyrings.kernel", "keyrings.keyctl", "keyrings.key_payload"),
    "secret-service": (
        "keyrings.secret_service",
        "keyrings.secret_service_api",
        "keyrings.dbus",
        "keyrings.dbus_messages",
        "keyrings.session_bus",
    ),
}
CONFIGURATION = ("identity.toml_subset", "identity.rules")
OWN_HOSTS = ("identity.own_hosts",)
OUTSIDE = ("keyrings.outer_keys", "keyrings.proc_keys")


def full(*names: str) -> list[str]:
    """Return the full names of modules of the package."""
    return [f"{PACKAGE}.{name}".rstrip(".") for name in names]


def modules() -> list[str]:
    """Return the full names of all of them."""
    keyrings = (name for names in KEYRINGS.values() for name in names)
    return full(*START, *EVERY_GET, *keyrings, *CONFIGURATION, *OWN_HOSTS, *OUTSIDE)
