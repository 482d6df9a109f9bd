"""Names of modules that LocalAgent and its tools bring along, which no plugin may take."""

from __future__ import annotations

INSTALLED_BESIDE = frozenset(
    "app attr attrs build check_wheel_contents click copier coverage cryptography dask debugpy "  # noqa: SIM905 - seventy lines
    "distributed docutils filelock hatchling httpcore2 httpx httpx2 hypothesis idna iniconfig installer jinja2 "
    "jsonschema keyring llama_cpp llama_cpp_python localagent markdown_it mypy nox packaging pathspec pip "
    "pkg_resources pluggy plumbum psutil pydantic pygments pypiserver pytest pytest_asyncio pytest_benchmark "
    "referencing requests rich rpds ruamel ruamel_yaml ruff setuptools shellingham stamina structlog tenacity tomlkit "
    "twine typer typing_extensions urllib3 validate_pyproject virtualenv watchfiles wheel yaml".split()
)
"""Import and distribution names, written with underscores."""
