"""The locks, the image and the workflows hold what they promise, as far as that shows without a container engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import dockerfile
from tests.dockerfile import Stage

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
LOCKS = ["base", "dev", "build", "spark"]

# --- locks ---------------------------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, Requirement]:
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")
    lines = [line.split(" --hash=")[0] for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {canonicalize_name(found.name): found for found in map(Requirement, lines)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_line_has_one_version_and_a_hash(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")

    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    assert lines
    assert [line for line in lines if not re.match(r"[\w.\[\],-]+==[\w.+!]+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("file", [f"{name}.{kind}" for name in LOCKS for kind in ("in", "txt")])
def test_no_requirements_file_names_an_address_or_an_index(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()

    assert re.findall(r"\w+://\S+|--(?:extra-|default-)?index\S*|--find-links\S*|--trusted-host\S*", text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_each_lock_satisfies_what_was_asked_for(name: str) -> None:
    asked = [
        Requirement(line.split("#")[0])
        for line in (ROOT / f"requirements/{name}.in").read_text().splitlines()
        if line.split("#")[0].strip() and not line.startswith("-")
    ]
    pins = {name: next(iter(pin.specifier)).version for name, pin in locked(name).items()}

    unsatisfied = [str(want) for want in asked if not want.specifier.contains(pins[canonicalize_name(want.name)])]

    assert unsatisfied == []


@pytest.mark.parametrize("name", ["dev", "spark"])
def test_locks_that_are_installed_together_agree(name: str) -> None:
    base, more = locked("base"), locked(name)

    assert {name: str(more[name]) for name in base.keys() & more.keys() if str(more[name]) != str(base[name])} == {}


def test_the_extra_asks_for_what_its_lock_was_made_of_and_the_image_has_none_of_it() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    files = setuptools["dynamic"]["optional-dependencies"]["spark"]["file"]

    # setuptools reads plain requirements only, no options such as -c
    wanted = {
        canonicalize_name(Requirement(line).name) for file in files for line in (ROOT / file).read_text().splitlines()
    }

    assert files == ["requirements/spark.in"]
    assert wanted <= locked("spark").keys()
    assert not locked("spark").keys() & locked("base").keys()


# --- workflows, compose file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["zizmor", "--offline", "--quiet", ".github"],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml"],
        ["check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", ".github/workflows/ci.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
        ["bash", "-n", ".ci/run"],
    ],
    ids=" ".join,
)
def test_its_linter_has_nothing_to_say(command: list[str]) -> None:
    program = PROGRAMS / command[0]

    done = subprocess.run(
        [str(program) if program.exists() else command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    return loaded


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    lines = re.findall(r"uses: (.*)", (ROOT / ".github/workflows/ci.yml").read_text())

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_no_job_may_do_more_than_read() -> None:
    jobs = workflow()["jobs"]

    assert workflow()["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items() if job["permissions"] != {"contents": "read"}} == {}


def test_the_workflow_runs_on_both_foreign_databases() -> None:
    images = workflow()["jobs"]["databases"]["strategy"]["matrix"]["image"]

    assert [image.split(":")[0] for image in images] == ["mariadb", "mysql"]
    assert "mysql:8.4" in images


def test_the_compose_file_has_no_default_for_a_secret_and_the_example_names_each() -> None:
    text = (ROOT / "compose.yaml").read_text()
    example = (ROOT / ".env.example").read_text()

    required = set(re.findall(r"\$\{(\w+):\?", text))
    offered = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))

    assert {"TELEGRAM_TOKEN", "BOOTPAY_CLIENT_KEY", "BOOTPAY_SECRET_KEY", "MARIADB_PASSWORD"} <= required
    assert offered == dict.fromkeys(required, "")
    assert [name for name in re.findall(r"\$\{(\w+):-", text) if re.search("TOKEN|KEY|PASSWORD", name)] == []


# --- image ---------------------------------------------------------------------------------------------------------


def stages() -> tuple[Stage, Stage]:
    build, final = dockerfile.read(ROOT / "Dockerfile")
    return build, final


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which the Dockerfile's build stage was carried out."""
    root = tmp_path_factory.mktemp("image")
    try:
        dockerfile.play(stages()[0], ROOT, root)
    except dockerfile.StepFailed as failure:
        if "CI" not in os.environ and re.search("NewConnectionError|NameResolutionError", str(failure)):
            pytest.skip("no package index can be reached")
        raise
    return root


def run_in(image: Path, command: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {name: dockerfile.moved(value, image) for name, value in stages()[1].environment().items()}
    path = settings["PATH"].replace("$PATH", os.defpath)
    return subprocess.run(
        command, cwd=cwd, env=settings | {"PATH": path} | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(600)
def test_the_build_steps_run_in_an_empty_folder_and_leave_the_stand_ins_out(image: Path) -> None:
    shipped = {path.relative_to(image).as_posix() for path in (image / "app").rglob("*")}

    assert {"app/bot/app.py", "app/migrations/versions", "app/pyproject.toml"} <= shipped
    assert [path for path in shipped if "sandbox" in path or path.startswith("app/tests")] == []


@pytest.mark.timeout(600)
def test_the_installed_command_works_without_the_stand_ins(image: Path, tmp_path: Path) -> None:
    done = run_in(image, ["two", "run", "--help"], tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(600)
def test_started_without_settings_it_stops_and_names_what_is_missing(image: Path, tmp_path: Path) -> None:
    done = run_in(image, ["two", "run"], tmp_path)

    assert done.returncode != 0
    assert "TELEGRAM_TOKEN" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(600)
def test_what_the_image_needs_is_complete_and_holds_no_test_tool(image: Path, tmp_path: Path) -> None:
    listed = run_in(
        image,
        ["python", "-c", "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"],
        tmp_path,
    )

    installed = {canonicalize_name(name) for name in listed.stdout.split()}
    assert installed == locked("base").keys() | {"two"}


@contextmanager
def answering(status: int) -> Iterator[int]:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
    assert set(asked) <= {"/healthz"}


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_health_check_believes_only_a_200_of_healthz(status: int, healthy: bool) -> None:
    command = [sys.executable, *stages()[1].health_command()[1:]]

    with answering(status) as port:
        done = subprocess.run(command, env={"PORT": str(port)}, capture_output=True)

    assert (done.returncode == 0) is healthy


def test_the_health_check_fails_when_nobody_listens() -> None:
    with answering(200) as port:
        pass

    done = subprocess.run(
        [sys.executable, *stages()[1].health_command()[1:]], env={"PORT": str(port)}, capture_output=True
    )

    assert done.returncode != 0


def test_the_final_stage_is_not_root_and_takes_only_what_the_build_made() -> None:
    _, final = stages()

    assert final.all("USER") == ["10001:10001"]
    assert [text for text in final.all("COPY") if not text.startswith("--from=build ")] == []
    assert [name for name in final.environment() if re.search("TOKEN|KEY|SECRET|PASSWORD", name)] == []


def test_the_build_context_holds_everything_that_is_copied_and_not_much_else() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {source for text in stages()[0].all("COPY") for source in text.split()[:-1]}

    assert next(rule for rule in rules if not rule.startswith("#")) == "*"
    assert {source for source in copied if not any(rule.startswith(f"!{source}") for rule in rules)} == set()
    assert "bot/sandbox/" in rules
