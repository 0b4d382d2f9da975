"""Reads a Dockerfile and plays its build steps in a folder, for machines without a container engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PLACES = re.compile(r"(?<![\w./-])/(?=(?:opt|app|var)\b)")


@dataclass(frozen=True)
class Step:
    """One instruction, its continuation lines joined."""

    word: str
    text: str


@dataclass
class Stage:
    """What stands between one FROM and the next."""

    image: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """Return the text of every instruction of one kind."""
        return [step.text for step in self.steps if step.word == word]

    def environment(self) -> dict[str, str]:
        """Return what ENV sets, in the form NAME=value."""
        pairs = (pair.partition("=") for text in self.all("ENV") for pair in shlex.split(text))
        return {name: value for name, _, value in pairs}

    def health_command(self) -> list[str]:
        """Return the command of the HEALTHCHECK, which must be in its JSON form."""
        (text,) = self.all("HEALTHCHECK")
        command: list[str] = json.loads(text[text.index("CMD") + 3 :])
        return command


class StepFailed(AssertionError):
    """A RUN line ended with an error; carries what it printed."""


def read(dockerfile: Path) -> list[Stage]:
    """Split a Dockerfile into its stages."""
    lines = [line for line in dockerfile.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, text = line.split(None, 1)
        if word == "FROM":
            image, _, name = text.partition(" AS ")
            stages.append(Stage(image, name))
        else:
            stages[-1].steps.append(Step(word, text))
    return stages


def play(stage: Stage, context: Path, root: Path) -> None:
    """Carry out WORKDIR, COPY and RUN with `root` in the place of / and this machine's Python in that of the image."""
    __tracebackhide__ = True  # a traceback would print this machine's environment
    environment = _environment(stage, root)
    here = root
    for step in stage.steps:
        if step.word == "WORKDIR":
            here = Path(moved(step.text, root))
            here.mkdir(parents=True, exist_ok=True)
        elif step.word == "COPY":
            *sources, target = step.text.split()
            for source in sources:
                _copy(context / source, here / moved(target, root))
        elif step.word == "RUN":
            _run(moved(step.text, root), here, environment)


def moved(text: str, root: Path) -> str:
    """Put `root` before the image's own absolute paths."""
    return _PLACES.sub(f"{root}/", text)


def _environment(stage: Stage, root: Path) -> dict[str, str]:
    programs = root / "usr/bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(os.path.realpath(sys.executable))} "$@"\n')
    python.chmod(0o755)
    theirs = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "TEST_"))
    }
    ours = {name: moved(value, root) for name, value in stage.environment().items()}
    # An image keeps no cache; here one saves the registry a download and a test its minute.
    ours.pop("PIP_NO_CACHE_DIR", None)
    # pip reads its negated options the other way round: 0 means that nothing is compiled.
    return theirs | ours | {"PATH": f"{programs}:{os.defpath}", "PIP_NO_COMPILE": "0"}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name if target.is_dir() else target)


def _run(command: str, here: Path, environment: dict[str, str]) -> None:
    __tracebackhide__ = True
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=here,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailed(f"RUN ended with {done.returncode}\n{command}\n{done.stdout[-6000:]}")
