"""Look for secrets in the tracked files (or in the files named); print where they are, never what they are.

A finding that is none is marked in its line with `pragma: allowlist secret` and a reason.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Generator, Iterable
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import transient_settings

_HERE = f"file://{Path(__file__).resolve()}"
_SETTINGS = {
    "plugins_used": [
        {"name": "AWSKeyDetector"},
        {"name": "AzureStorageKeyDetector"},
        {"name": "GitHubTokenDetector"},
        {"name": "GitLabTokenDetector"},
        {"name": "JwtTokenDetector"},
        {"name": "NpmDetector"},
        {"name": "OpenAIDetector"},
        {"name": "PrivateKeyDetector"},
        {"name": "PypiTokenDetector"},
        {"name": "SendGridDetector"},
        {"name": "SlackDetector"},
        {"name": "StripeDetector"},
        {"name": "TelegramBotTokenDetector"},
        {"name": "Base64HighEntropyString", "limit": 4.5},
        {"name": "HexHighEntropyString", "limit": 3.0},
        {"name": "PasswordInAddress", "path": _HERE},
        {"name": "NamedSecret", "path": _HERE},
    ],
    # No verification filter: it would send what it finds to the service that it belongs to.
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
        {"path": "detect_secrets.filters.heuristic.is_potential_uuid"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
        {"path": f"{_HERE}::is_alphabet"},
    ],
}


class PasswordInAddress(RegexBasedDetector):
    """A password written into an address, as in a database URL."""

    secret_type = "Password in an address"  # noqa: S105 - a name of findings
    denylist = (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@\"'`]*:([^\s/?#@\"'`]+)@[^\s/?#@\"'`]"),)

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        yield from (found for found in super().analyze_string(string) if not _stands_for_a_value(found))


class NamedSecret(RegexBasedDetector):
    """A long random value beside a name that says it is secret, quoted or not (.env, YAML, shell, code)."""

    secret_type = "Value of a secret's name"  # noqa: S105 - a name of findings
    denylist = (
        re.compile(
            r"(?:token|secret|passw(?:or)?d|(?:api|client|secret|private|access|encryption|credential)[_-]?key)"
            r"[\"']?\]?\s*(?::\s*[A-Za-z]+\s*)?[:=]\s*[\"']?([A-Za-z0-9+/_=.~!@#%^&*-]{16,})",
            re.IGNORECASE,
        ),
    )

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        yield from (found for found in super().analyze_string(string) if _looks_random(found))


def is_alphabet(secret: str) -> bool:
    """Say whether no character comes twice: the letters a code is drawn from, not a code."""
    return len(secret) >= 20 and len(set(secret)) == len(secret)


def _stands_for_a_value(text: str) -> bool:
    return text.startswith(("$", "{", "<", "%(")) or not text.strip("*.…") or re.fullmatch(r"[A-Z_]+", text) is not None


def _looks_random(text: str) -> bool:
    expression = re.fullmatch(r"[A-Za-z_.]+(?:[_.-]?\d+)?", text)  # such as settings.token, or a plain name
    digits, letters = sum(map(str.isdigit, text)), sum(map(str.isalpha, text))
    return expression is None and digits >= 2 and letters >= 1 and len(set(text)) >= 8


def findings(files: Iterable[Path]) -> list[str]:
    """Return one line a finding: file, line number, kind."""
    with transient_settings(_SETTINGS):
        return [
            f"{file}:{found.line_number}: {found.type}"
            for file in files
            for found in sorted(scan_file(str(file)), key=lambda found: (found.line_number, found.type))
        ]


def tracked() -> list[Path]:
    """Return the files that git keeps, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git is wherever the person has it: the path is theirs to trust
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for path in map(Path, filter(None, listed.split("\0"))) if path.is_file()]


def main(arguments: list[str]) -> int:
    """Report and return 1 when something was found."""
    if not sys.flags.utf8_mode:
        print("run me with python -X utf8: a file in another encoding would be passed over", file=sys.stderr)
        return 2
    files = [Path(argument) for argument in arguments] or tracked()
    found = findings(files)
    for line in found:
        print(line)
    print(f"secrets: {len(found)} in {len(files)} files", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
