"""The machine-readable Bot API reference as a second judge: no parameter and no field that it does not name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.sandbox.telegram import Entry

# Beside the checkout, where there is one; the file itself does not belong to the project.
FILE = Path(__file__).parents[4] / "shared" / "botapi" / "api-10.0.json"


class Reference:
    """Methods and types of one Bot API version."""

    def __init__(self, file: Path = FILE) -> None:
        api = json.loads(file.read_text())
        self.methods: dict[str, Any] = api["methods"]
        self.types: dict[str, Any] = api["types"]

    def breaches(self, entry: Entry) -> list[str]:
        """Say what in a request with its reply, or in an update, the reference does not know."""
        if entry.kind == "update":
            return self._object("Update", entry.update or {}, "update")
        method = self.methods.get(entry.method or "")
        if method is None:
            return [f"no method {entry.method}"]
        fields = {field["name"]: field for field in method.get("fields", [])}
        found = [f"{entry.method}: unknown parameter {name}" for name in entry.params.keys() - fields.keys()]
        found += [
            f"{entry.method}: missing parameter {name}"
            for name, field in fields.items()
            if field["required"] and name not in entry.params
        ]
        if isinstance(entry.reply, dict) and entry.reply.get("ok"):
            found += self._value(method["returns"], entry.reply["result"], f"{entry.method} reply")
        return found

    def _value(self, kinds: list[str], value: Any, path: str) -> list[str]:
        """Judge a value by the kind that fits it best."""
        return min((self._as(kind, value, path) for kind in kinds), key=len)

    def _as(self, kind: str, value: Any, path: str) -> list[str]:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{path}: not an array"]
            inner = kind.removeprefix("Array of ")
            return [breach for n, item in enumerate(value) for breach in self._as(inner, item, f"{path}[{n}]")]
        plain = {"Integer": int, "String": str, "Boolean": bool, "True": bool, "Float": float}
        if kind in plain:
            fits = isinstance(value, plain[kind]) and (kind != "Integer" or not isinstance(value, bool))
            return [] if fits else [f"{path}: {value!r} is no {kind}"]
        return self._object(kind, value, path)

    def _object(self, kind: str, value: Any, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: not a {kind}"]
        if subtypes := self.types[kind].get("subtypes"):
            return min((self._object(subtype, value, path) for subtype in subtypes), key=len)
        fields = {field["name"]: field for field in self.types[kind].get("fields", [])}
        found = [f"{path}: {kind} has no field {name}" for name in value.keys() - fields.keys()]
        for name, field in fields.items():
            if name in value:
                found += self._value(field["types"], value[name], f"{path}.{name}")
            elif field["required"]:
                found.append(f"{path}: {kind} lacks {name}")
        return found
