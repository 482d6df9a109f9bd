"""Every check of this repository, each with the installs it needs: ``nox -l`` lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
SOURCES = (
    "sdk",
    "testing",
    "cli",
    "templates",
    "tests",
    "examples",
    "noxfile.py",
    "scripts/localagent",
    "scripts/release_template",
    "scripts/rule_pages",
)
_TESTS_ON_PATH = {"PYTHONPATH": str(ROOT / "tests")}
LLAMA = "0.3.36"
"""The version of llama-cpp-python that the tests with a model run on."""
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")

nox.needs_version = ">=2025.5"
nox.options.sessions = ["tests", "lint", "types", "layers"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"


def _pythons() -> list[str]:
    """The supported Pythons that run here; a version manager's stand-ins for others do not count."""
    supported = ("3.11", "3.12", "3.13")
    present = [version for version in supported if _runs(f"python{version}")]
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = present or [own]
    # One is enough to tell whether a change may land; the rest is for a release.
    return found[:1] if os.environ.get("CI") else found


def _runs(program: str) -> bool:
    path = shutil.which(program)
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PYPROJECT, name))


def _install_wheel(session: nox.Session, *, extra: str) -> None:
    """Build this project's wheel and install it with an extra: what users get is what is tested."""
    session.install("pip", "build")
    # Not in the session's own temporary folder: that would become the tests' too, inside this repository.
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--wheel", "--outdir", folder, str(ROOT), silent=True)
        (wheel,) = Path(folder).glob("*.whl")
        session.run("python", "-m", "pip", "uninstall", "--yes", "localagent", silent=True)
        session.install(f"localagent[{extra}] @ {wheel.as_uri()}")


@nox.session(python=_pythons())
def tests(session: nox.Session) -> None:
    """Run the tests against the built wheel; further words go to pytest."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"))
    session.run("python", "-m", "pytest", *(session.posargs or ["-n2"]), env={"PYTHONDONTWRITEBYTECODE": ""})


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests that start few processes, while one is at work; further words go to pytest."""
    session.install("-e", ".[dev]", *_group("test"))
    chosen = ("-m", "not soak and not slow", *(session.posargs or ["-n2"]))
    session.run("python", "-m", "pytest", *chosen, env={"PYTHONDONTWRITEBYTECODE": ""})


@nox.session
def quickstart(session: nox.Session) -> None:
    """Make a plugin, test, validate, build, install, enable and run it, in a home of its own."""
    _install_wheel(session, extra="dev")
    work = Path(session.create_tmp()).resolve() / "quickstart"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    env = {"LOCALAGENT_HOME": str(work / "home"), "LOCALAGENT_DEV_MODE": "", "LOCALAGENT_PLUGINS_ALLOW_DEV": ""}
    plugin = "dev-plugins/project-analyzer"
    with session.chdir(work):
        for line in (
            "localagent --version",
            "localagent dev create-plugin project-analyzer command",
            f"localagent plugins test {plugin}",
            f"localagent dev validate {plugin} --strict",
            f"localagent dev build {plugin}",
            f"localagent plugins install {plugin}/dist/localagent_project_analyzer-1.0.0-py3-none-any.whl --yes",
            "localagent plugins list",
            f"localagent analyze-project {ROOT} --detailed",
        ):
            session.run(*line.split(), env=env)
    session.log(f"The plugin is yours: {work / plugin}")
    session.log("Try next, in a folder and an environment of your own (pip install 'localagent[dev]'):")
    session.log("  localagent dev create-plugin my-plugin command")
    session.log("  localagent dev run dev-plugins/my-plugin -- my-plugin .")


@nox.session
def templates(session: nox.Session) -> None:
    """Make plugins of every kind, layout and option from the built wheel, and check them; words go to pytest."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"), *_group("templates"))
    session.run("python", "-m", "pytest", "-m", "soak", "tests/templates/test_matrix.py", *(session.posargs or ["-n2"]))


@nox.session
def dockerfile(session: nox.Session) -> None:
    """Lint the Dockerfile of new plugins, and execute its steps in a clean environment; words go to pytest."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"), *_group("templates"))
    chosen = ("-m", "soak or not soak", "tests/templates/test_dockerfile.py")
    session.run("python", "-m", "pytest", *chosen, *(session.posargs or ["-n2"]))


@nox.session
def release_template(session: nox.Session) -> None:
    """Add the template to its released versions; ``--again`` replaces a version that nobody has yet."""
    session.install("-e", ".")
    session.run("python", "scripts/release_template", *session.posargs)


@nox.session
def reference_pages(session: nox.Session) -> None:
    """Write the pages on commands and manifest anew, from the commands and the manifest's schema."""
    session.install("-e", ".")
    session.run("python", "-m", "handbook.reference", env=_TESTS_ON_PATH)


@nox.session
def pictures(session: nox.Session) -> None:
    """Make those pictures anew that do not show any more what commands print; words choose some by name."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "handbook.pictures", *session.posargs, env=_TESTS_ON_PATH)


@nox.session
def lint(session: nox.Session) -> None:
    """Look for bad style and misspelt words."""
    session.install(*_group("lint"))
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)
    session.run("codespell", *SOURCES, "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with two checkers, both strict."""
    session.install("-e", ".[dev]", *_group("test"), *_group("types"), "nox")
    session.run("mypy")
    session.run("basedpyright")


@nox.session
def layers(session: nox.Session) -> None:
    """Check who imports whom."""
    session.install("-e", ".", *_group("layers"))
    session.run("lint-imports")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what starting, finding and calling plugins cost, as ratios of CPU time; further words choose rows."""
    _install_wheel(session, extra="dev")
    session.install(*_group("bench"))
    peers = _peers(session, "llm", "npe2", "stevedore", "uv", "cookiecutter", "twine")
    session.run("python", "-m", "benchmarks", f"--peers={peers}", *_from_here(session), env=_TESTS_ON_PATH)


@nox.session
def micro(session: nox.Session) -> None:
    """Measure what happens often within one process, against the stored run; ``--store`` takes this run's place."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"))
    folder = ROOT / "tests" / "benchmarks" / "micro"
    stored = folder / "stored.json"
    # A busy machine makes half as much again of the least of many measurements, in loops that it is as busy for.
    against = [f"--benchmark-compare={stored}", "--benchmark-compare-fail=min:75%"]
    words = [f"--benchmark-json={stored}"] if "--store" in session.posargs else against
    words += ["--benchmark-timer=benchmarks.micro.loops.clock", "--benchmark-columns=min,median,iqr,rounds"]
    words += ["--benchmark-max-time=2", "--benchmark-disable-gc"]
    others = [word for word in session.posargs if word != "--store"]
    plain = ["-p", "no:xdist", "-p", "no:randomly", str(folder)]
    session.run("python", "-m", "pytest", *plain, *words, *others, env=_TESTS_ON_PATH)


@nox.session
def faults(session: nox.Session) -> None:
    """Put this host and its peers through the same faults and print one page; further words choose cells."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"))
    peers = _peers(session, "llm", "stevedore", "npe2")
    session.run("python", "-m", "faults", f"--peers={peers}", *_from_here(session), env=_TESTS_ON_PATH)


@nox.session
def soak(session: nox.Session) -> None:
    """Run the long forms one after another; the next call goes on where this one ends. ``--list`` tells which."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"))
    kept = session.cache_dir.resolve() / "soak.json"
    # Tests that are interrupted clean up.
    session.run(
        "python", "-m", "soak", f"--kept={kept}", *_from_here(session), env=_TESTS_ON_PATH, interrupt_timeout=90
    )


@nox.session
def orders(session: nox.Session) -> None:
    """Run the tests in 20 random orders and tell which are flaky; the next call goes on where this one ends."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"))
    kept = session.cache_dir.resolve() / "orders.json"
    session.run(
        "python", "-m", "orders", f"--kept={kept}", *_from_here(session), env=_TESTS_ON_PATH, interrupt_timeout=90
    )


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, follow its links, look at it; ``-- serve`` shows it, ``-- mkdocs`` has MkDocs build it, too."""
    session.install(*_group("docs"))
    if "serve" in session.posargs:
        session.run("zensical", "serve")
        return
    session.run("zensical", "build", "--clean", "--strict")
    session.run("python", "-m", "handbook.links", "site", env=_TESTS_ON_PATH)
    session.run("python", "-m", "handbook.seen", "site", env=_TESTS_ON_PATH)
    if "mkdocs" in session.posargs:
        session.install("mkdocs-material")
        session.run("mkdocs", "build", "--strict", "--site-dir", str(Path(session.create_tmp()).resolve() / "site"))


@nox.session
def mutants(session: nox.Session) -> None:
    """Change modules in small ways and count what their tests notice; further words choose modules."""
    _install_wheel(session, extra="dev")
    session.install(*_group("test"), *_group("mutants"))
    session.run("python", "-m", "mutation", *_from_here(session), env=_TESTS_ON_PATH)


@nox.session
def api(session: nox.Session) -> None:
    """Fail if a public name of the last release is gone or asks for more, and the changelog does not say so."""
    session.install("griffelib>=2.4")
    session.run("python", "-m", "public_api", str(ROOT), env=_TESTS_ON_PATH)


@nox.session
def local_model(session: nox.Session) -> None:
    """Ask a model that really runs, embedded and by llama.cpp's server; further words go to pytest.

    What takes long is made once and kept in the folder that LOCALAGENT_WHEELHOUSE names.
    """
    kept = _wheelhouse()
    session.install("pip")
    _build_llama(session, kept)
    session.install("--find-links", str(kept), f"llama_cpp_python[server]=={LLAMA}")
    _install_wheel(session, extra="test,local")
    session.install(*_group("test"))
    home = kept / "home"
    session.run("localagent", "--home", str(home), "providers", "setup", "embedded", "--no-check")
    (model,) = home.glob("data/embedded/*.gguf")
    tests = [*session.posargs, str(ROOT / "tests" / "local_model")]
    session.run("python", "-m", "pytest", *tests, env={"LOCAL_MODEL": str(model), "PYTHONDONTWRITEBYTECODE": ""})


def _wheelhouse() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("LOCALAGENT_WHEELHOUSE") or f"{caches}/localagent/wheelhouse").expanduser().resolve()


def _build_llama(session: nox.Session, wheelhouse: Path) -> None:
    """Build the wheel of llama-cpp-python, which takes 5 to 15 minutes, unless it is there; one serves every Python."""
    if any(wheelhouse.glob(f"llama_cpp_python-{LLAMA}-*.whl")):
        return
    session.log(f"building llama-cpp-python {LLAMA} for {wheelhouse}: this takes 5 to 15 minutes, once")
    # Without images, and for any processor of this kind.
    flags = "-DLLAVA_BUILD=OFF -DGGML_NATIVE=OFF"
    options = ["--no-deps", "--no-binary", "llama-cpp-python", "--wheel-dir", str(wheelhouse)]
    session.run("python", "-m", "pip", "wheel", *options, f"llama-cpp-python=={LLAMA}", env={"CMAKE_ARGS": flags})


def _from_here(session: nox.Session) -> list[str]:
    """The words given to a session, a file to write named from where nox was called."""
    return [
        str(Path(session.invoked_from, word)) if word.endswith((".json", ".md")) else word for word in session.posargs
    ]


def _peers(session: nox.Session, *names: str) -> Path:
    """A folder with an environment for each tool that this project is compared with, made once."""
    folder = session.cache_dir.resolve() / "peers"
    for name in names:
        environment = folder / name
        python = environment / "bin" / "python"
        if not (environment / "bin" / "ready").exists():
            session.run("python", "-m", "venv", "--clear", str(environment))
            session.run(str(python), "-m", "pip", "install", "--quiet", name, external=True)
            (environment / "bin" / "ready").touch()
    return folder
