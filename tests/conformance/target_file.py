"""Write a target down as the file that describes it."""

import json
from dataclasses import fields
from pathlib import Path

from multichat_conformance.target import Target

__all__ = ["write_target_file"]


def write_target_file(target: Target, path: Path) -> Path:
    """Write a target file for a server with a login form, and return its path."""
    lines = [f"url = {_toml(target.url)}", f"name = {_toml(target.name)}"]
    if target.groups is not None:
        lines.append(f"groups = {_toml([group.value for group in target.groups])}")
    lines += ["[capabilities]", f"announces = {_toml(target.announces)}", "[limits]"]
    for limit in fields(target.limits):
        value = getattr(target.limits, limit.name)
        if value is not None:
            lines.append(f"{limit.name} = {_toml(value)}")
    if target.hooks.url:
        lines += ["[hooks]", f"url = {_toml(target.hooks.url)}"]
        lines.append(f"offers = {_toml(list(target.hooks.offers))}")
    for account in target.accounts:
        lines += ["[[accounts]]", f"username = {_toml(account.username)}"]
        lines += [f"password = {_toml(account.password)}", f"staff = {_toml(account.staff)}"]
    for room in target.rooms:
        lines += ["[[rooms]]", f"id = {_toml(room.id)}", f"staff_only = {_toml(room.staff_only)}"]
        if room.title is not None:
            lines.append(f"title = {_toml(room.title)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value: object) -> str:
    # Strings, numbers, booleans and lists of them are written alike in both.
    return json.dumps(value, ensure_ascii=False)
