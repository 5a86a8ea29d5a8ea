"""The JSON object of ``configure``: which files it changes, and what for each registry."""

from typing import Any

from docker_credential_ecrx.cli import configure_edits
from docker_credential_ecrx.cli.configure_plan import Options, Plan
from docker_credential_ecrx.config_files import docker_config, ecrx_config, text_file
from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.paths import exists


def document(plan: Plan, options: Options) -> dict[str, Any]:
    """Return the object for what ``plan`` changes, without the remarks; nothing is written yet."""
    changed = {before.path: (before, after) for before, after in plan.result.changed}
    return {
        "dry_run": options["dry_run"],
        "files": [
            {"path": path, "changed": path in changed, "created": path in changed and not exists(path)}
            for path in dict.fromkeys(plan.paths)
        ],
        "registries": _registries(plan, changed, remove=options["remove"]),
        "deleted_tokens": [
            {"registry": login.entry["servers"][0], "keyring": login.entry["keyring"]} for login in plan.logins
        ],
    }


def _registries(plan: Plan, changed: dict[str, tuple[TextFile, TextFile]], *, remove: bool) -> list[dict[str, Any]]:
    """Return what is done for each registry, with the helper and the identity that it then has."""
    if plan.config in changed:
        before, after = map(ecrx_config.settings_of, changed[plan.config])
    else:
        before = after = configure_edits.settings_with(plan.config)
    files = changed.get(plan.file) or [text_file.read(plan.file)] * 2
    was, is_now = map(docker_config.helpers, files)
    found = []
    for registry in plan.registries:
        host = registry.host
        helper = is_now.get(host)
        is_changed = was.get(host) != helper or before.rule_for(host) != after.rule_for(host)
        made = "removed" if remove else "changed" if host in was else "added"
        found.append(
            {
                "host": host,
                "registry": registry.ecr_host,
                "helper": None if helper is None else third_party.line(docker_config.shown(helper)),
                "identity": None if remove else third_party.line(str(after.identity_for(host))),
                "change": made if is_changed else "unchanged",
            }
        )
    return found
