"""Writes the repository policy that ``grant`` sets as Terraform's HCL."""

import hashlib
import json
import re
from itertools import groupby
from typing import Any

from docker_credential_ecrx.ecr.repository_policy import Document

_NOTE = """\
# For the AWS provider of {place}.
# This sets the whole policy of the repository: add the statements of others, which policy show prints.
"""
_EACH = """\
data "aws_ecr_repositories" "{label}" {{}}

{note}resource "aws_ecr_repository_policy" "{label}" {{
  for_each   = toset([for name in data.aws_ecr_repositories.{label}.names : name if startswith(name, {prefix})])
  repository = each.value
  policy = jsonencode({policy})
}}
"""
_ONE = """\
{note}resource "aws_ecr_repository_policy" "{label}" {{
  repository = {name}
  policy = jsonencode({policy})
}}
"""
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def of_repository(name: str, document: Document, place: str) -> str:
    """Return the resource that sets the policy of the repository ``name``; ``place`` names its account and region."""
    note = _NOTE.format(place=place)
    return _ONE.format(note=note, label=_label(name), name=_text(name), policy=_value(document, "  "))


def of_prefix(prefix: str, document: Document, place: str) -> str:
    """Return the resource that sets the policy of each repository whose name begins with ``prefix``."""
    note = _NOTE.format(place=place)
    label = _label(f"{prefix}*")
    return _EACH.format(note=note, label=label, prefix=_text(prefix), policy=_value(document, "  "))


def _label(name: str) -> str:
    """Return the name of the resource: a digest distinguishes names that differ only in other characters.

    It does not begin with a digit.
    """
    label = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
    start = label if label[:1].isalpha() else f"_{label}"
    return f"{start}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _value(value: Any, indent: str) -> str:  # noqa: ANN401 - JSON
    """Return a value of JSON as an expression; ``indent`` is that of its first line."""
    inner = f"{indent}  "
    if isinstance(value, dict):
        members = [(_key(key), _value(member, inner)) for key, member in value.items()]
        lines = []
        # As terraform fmt does: it aligns neighbours whose values have one line each.
        for is_long, group in groupby(members, lambda member: "\n" in member[1]):
            pairs = list(group)
            width = 0 if is_long else max(len(key) for key, _ in pairs)
            lines += [f"{inner}{key:{width}} = {text}\n" for key, text in pairs]
        return f"{{\n{''.join(lines)}{indent}}}"
    if isinstance(value, list):
        lines = [f"{inner}{_value(member, inner)},\n" for member in value]
        return f"[\n{''.join(lines)}{indent}]"
    return _text(value)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    """Return a string in quotes, without a template in it."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
