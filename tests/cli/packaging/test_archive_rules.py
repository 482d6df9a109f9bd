"""What the rules for archives say, to the word, where the museum has no case of it; and what they do not mind."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cli.packaging.archives import INFO, MANIFEST, Change, make_archive
from localagent.version import __version__
from localagent_cli.packaging.verification import verify_archive

DATA = "localagent_demo-1.0.0.data"
METADATA = f"{INFO}/METADATA"
ABOUT = f"which {METADATA} is about"
PACKED = "demo/plugin-manifest.yaml"
AGAIN = "build it again: localagent dev build"
REFUSE = "do not install it; build it again from a source that you trust"
RENAME = "rename one of them; letters' case makes no difference"
SOMEBODY_ELSES = "give it a name of its own, or make it a command of the plugin"
OWN_NAME = "give the package a name of its own, and require the other one where it is needed"
LEFT = "leave it out: add it to .gitignore, and build again"
TAKE_OUT = "take it out, and have it replaced by a new one: whoever has seen it can use it"
WRITE = "write what belongs there, and build again"
PACK = "pack it as data of the package (setuptools: [tool.setuptools.package-data] in pyproject.toml)"
CORRECT = "correct [project] in pyproject.toml, and build again"
WHEEL_FILE = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {}\n"

Told = tuple[str, str, int | None, str]
"""Message, path in the archive, line, way out."""


def told(folder: Path, rule: str, **change: Any) -> list[Told]:
    """What a rule says of an archive with a change."""
    archive = make_archive(Change(**change), folder)
    found = verify_archive(archive, purpose="publish")
    return [
        (each.message, each.where.file.relative_to(archive).as_posix(), each.where.line, each.fix)
        for each in found
        if each.rule == rule
    ]


def manifest(*lines: str) -> dict[str, str]:
    """The files of a wheel whose manifest has more lines."""
    return {PACKED: MANIFEST + "".join(f"{line}\n" for line in lines)}


def entry_points(text: str) -> dict[str, str]:
    """The files of a wheel with more entry points."""
    return {f"{INFO}/entry_points.txt": f"[localagent.plugins.commands]\ndemo = demo.plugin:ThePlugin\n{text}"}


def sdist(**change: Any) -> dict[str, Any]:
    """A change of an sdist."""
    return {"archive": "sdist", **change}


CASES: dict[str, tuple[str, dict[str, Any], list[Told]]] = {
    "a backslash in a path": (
        "LA501",
        {"files": {"demo\\x.txt": ""}},
        [("'demo\\x.txt' must not be unpacked: a character that no path in an archive has", ".", None, REFUSE)],
    ),
    "a path from the root of a drive": (
        "LA501",
        {"files": {"\\x.txt": ""}},
        [("'\\x.txt' must not be unpacked: an absolute path", ".", None, REFUSE)],
    ),
    "a path on a drive": (
        "LA501",
        {"files": {"C:demo.py": ""}},
        [("'C:demo.py' must not be unpacked: an absolute path", ".", None, REFUSE)],
    ),
    "files that were not recorded": (
        "LA502",
        {"late": {"demo/late.py": "", "demo/later.py": ""}},
        [
            ("demo/late.py is not mentioned in RECORD", ".", None, AGAIN),
            ("demo/later.py is not mentioned in RECORD", ".", None, AGAIN),
        ],
    ),
    "a long name that was not recorded": (
        "LA502",
        {"late": {f"demo/{'x' * 300}": ""}},
        [(f"demo/{'x' * 295}...", ".", None, AGAIN)],
    ),
    "an sdist without RECORD": ("LA502", sdist(), []),
    "an sdist's file that is setuid": (
        "LA501",
        sdist(odd={"demo/tool": "setuid"}),
        [
            (
                "'localagent_demo-1.0.0/demo/tool' must not be unpacked: it would run with another user's rights",
                ".",
                None,
                REFUSE,
            )
        ],
    ),
    "a letter written in two ways": (
        "LA507",
        {"files": {"demo/\u00e9.txt": "", "demo/e\u0301.txt": ""}},
        [("'demo/e\\u0301.txt' comes to lie where 'demo/\\xe9.txt' does", ".", None, RENAME)],
    ),
    "two files below one that is a file": (
        "LA507",
        {"files": {"demo/a": "", "demo/a/b": "", "demo/a/c": "", "demo/a/d/e": ""}},
        [("'demo/a' is a file, and a folder of others", ".", None, "rename one of them")],
    ),
    "two files in folders of the data folder": (
        "LA507",
        {"files": {f"{DATA}/purelib/demo/PLUGIN.py": ""}},
        [
            (
                "'localagent_demo-1.0.0.data/purelib/demo/PLUGIN.py' comes to lie where 'demo/plugin.py' does",
                ".",
                None,
                RENAME,
            )
        ],
    ),
    "no version": (
        "LA511",
        {"headers": {"Version": ""}},
        [(f"{METADATA} names no project and version", ".", None, AGAIN)],
    ),
    "another version": (
        "LA511",
        {"headers": {"Version": "2.0.0"}},
        [
            (
                f"the file's name is not of 'localagent-demo' 2.0.0, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
            (
                f"the folder of its metadata is not of 'localagent-demo' 2.0.0, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
        ],
    ),
    "another name": (
        "LA511",
        {"headers": {"Name": "other"}},
        [
            (
                f"the file's name is not of 'other' 1.0.0, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
            (
                f"the folder of its metadata is not of 'other' 1.0.0, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
        ],
    ),
    "the same version in other words": ("LA511", {"headers": {"Version": "1.0"}}, []),
    "the same name in other letters": ("LA511", {"headers": {"Name": "LocalAgent.Demo"}}, []),
    "a version that is none": (
        "LA511",
        {"headers": {"Version": "one"}},
        [
            (
                f"the file's name is not of 'localagent-demo' one, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
            (
                f"the folder of its metadata is not of 'localagent-demo' one, {ABOUT}",
                ".",
                None,
                AGAIN,
            ),
        ],
    ),
    "a file name that is none": (
        "LA511",
        {"name": "demo.whl"},
        [
            (
                f"the file's name is not of 'localagent-demo' 1.0.0, {ABOUT}",
                ".",
                None,
                AGAIN,
            )
        ],
    ),
    "an sdist's file name that is none": (
        "LA511",
        sdist(name="demo.tar.gz"),
        [("the file's name is not of 'localagent-demo' 1.0.0, which PKG-INFO is about", ".", None, AGAIN)],
    ),
    "an sdist of another version": (
        "LA511",
        sdist(name="localagent_demo-2.0.0.tar.gz", top="localagent_demo-2.0.0"),
        [("the file's name is not of 'localagent-demo' 1.0.0, which PKG-INFO is about", ".", None, AGAIN)],
    ),
    "a tag that is not the name's": (
        "LA525",
        {"files": {f"{INFO}/WHEEL": WHEEL_FILE.format("py2-none-any")}},
        [("its name says py3-none-any, its file WHEEL py2-none-any", ".", None, AGAIN)],
    ),
    "tags of two Pythons": (
        "LA525",
        {
            "name": "localagent_demo-1.0.0-py2.py3-none-any.whl",
            "files": {f"{INFO}/WHEEL": WHEEL_FILE.format("py2-none-any\nTag: py3-none-any")},
        },
        [],
    ),
    "a tag too few": (
        "LA525",
        {"name": "localagent_demo-1.0.0-py2.py3-none-any.whl"},
        [("its name says py2-none-any, py3-none-any, its file WHEEL py3-none-any", ".", None, AGAIN)],
    ),
    "no file WHEEL": ("LA525", {"remove": (f"{INFO}/WHEEL",)}, []),
    "no tag": ("LA525", {"files": {f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"}}, []),
    "a compiled module of Windows": (
        "LA525",
        {"files": {"demo/a.pyd": "", "demo/b.dylib": ""}},
        [
            (
                "'demo/a.pyd' is for one system, but the wheel's name promises all (none-any)",
                "demo/a.pyd",
                None,
                "tell the build backend that the project has compiled modules",
            )
        ],
    ),
    "a library of macOS": (
        "LA525",
        {"files": {"demo/b.dylib": ""}},
        [
            (
                "'demo/b.dylib' is for one system, but the wheel's name promises all (none-any)",
                "demo/b.dylib",
                None,
                "tell the build backend that the project has compiled modules",
            )
        ],
    ),
    "a compiled module in a wheel for one system": (
        "LA525",
        {
            "name": "localagent_demo-1.0.0-cp311-cp311-linux_x86_64.whl",
            "files": {"demo/a.so": "", f"{INFO}/WHEEL": WHEEL_FILE.format("cp311-cp311-linux_x86_64")},
        },
        [],
    ),
    "a compiled module of one of two systems": (
        "LA525",
        {
            "name": "localagent_demo-1.0.0-py3-none-any.linux_x86_64.whl",
            "files": {"demo/a.so": "", f"{INFO}/WHEEL": WHEEL_FILE.format("py3-none-any\nTag: py3-none-linux_x86_64")},
        },
        [],
    ),
    "an sdist with a compiled module": ("LA525", sdist(files={"demo/a.so": ""}), []),
    "modules of tools at the top": (
        "LA505",
        {"files": {"conftest.py": "", "docs/a.md": "", "demo/tests/test_a.py": ""}},
        [
            (
                "'conftest' is packed at the top level, where every other distribution's would land too",
                ".",
                None,
                "leave conftest out of the wheel (setuptools: name the packages in [tool.setuptools])",
            ),
            (
                "'docs' is packed at the top level, where every other distribution's would land too",
                ".",
                None,
                "leave docs out of the wheel (setuptools: name the packages in [tool.setuptools])",
            ),
        ],
    ),
    "an sdist with its tests": ("LA505", sdist(files={"tests/test_a.py": ""}), []),
    "pth files": (
        "LA508",
        {
            "files": {
                f"{DATA}/purelib/a.pth": "",
                f"{DATA}/data/b.pth": "",
                f"{DATA}/data/deep/c.pth": "",
                "demo/d.pth": "",
                "e.pth": "",
            }
        },
        [
            ("'a.pth' runs whenever Python starts", "a.pth", None, "leave it out"),
            ("'e.pth' runs whenever Python starts", "e.pth", None, "leave it out"),
            (
                "'localagent_demo-1.0.0.data/data/b.pth' runs whenever Python starts",
                "localagent_demo-1.0.0.data/data/b.pth",
                None,
                "leave it out",
            ),
        ],
    ),
    "a module for every user": (
        "LA508",
        {"files": {"usercustomize/__init__.py": ""}},
        [("the module 'usercustomize' runs whenever Python starts", ".", None, "leave it out")],
    ),
    "an sdist with a pth file": ("LA508", sdist(files={"a.pth": "", "sitecustomize.py": ""}), []),
    "a module of its own name": ("LA509", {"headers": {"Name": "typer"}, "files": {"typer.py": ""}}, []),
    "another one's module in a wheel without a name": (
        "LA509",
        {"headers": {"Name": ""}, "files": {"typer.py": ""}},
        [("'typer' is a module of another distribution", ".", None, OWN_NAME)],
    ),
    "modules of LocalAgent": (
        "LA509",
        {"files": {"localagent_cli/a.py": "", "localagent_testing/a.py": "", "localagent_templates.py": ""}},
        [
            ("'localagent_cli' is a module of LocalAgent", ".", None, OWN_NAME),
            ("'localagent_templates' is a module of LocalAgent", ".", None, OWN_NAME),
            ("'localagent_testing' is a module of LocalAgent", ".", None, OWN_NAME),
        ],
    ),
    "a folder of tools that others have too": ("LA509", {"files": {"docs/a.md": "", "setup.py": ""}}, []),
    "metadata of eggs": (
        "LA509",
        {"files": {"other.egg-info/PKG-INFO": "", "other.egg-info/more.txt": ""}},
        [("'other.egg-info' is the metadata of another distribution", "other.egg-info", None, "leave it out")],
    ),
    "an sdist with metadata of eggs": ("LA509", sdist(files={"demo.egg-info/PKG-INFO": "", "typer/a.py": ""}), []),
    "programs of others": (
        "LA510",
        {
            "files": entry_points(
                "[console_scripts]\npython3.11 = demo:main\npip3 = demo:main\n"
                "[gui_scripts]\nGit = demo:main\ngit = demo:main\n"
            )
        },
        [
            (
                "the program 'python3.11' would take the place of another one",
                f"{INFO}/entry_points.txt",
                None,
                SOMEBODY_ELSES,
            ),
            (
                "the program 'pip3' would take the place of another one",
                f"{INFO}/entry_points.txt",
                None,
                SOMEBODY_ELSES,
            ),
            ("the program 'git' would take the place of another one", f"{INFO}/entry_points.txt", None, SOMEBODY_ELSES),
        ],
    ),
    "a program that is hidden": (
        "LA510",
        {"files": entry_points("[console_scripts]\n.demo = demo.plugin:main\n")},
        [
            (
                "'.demo' is no name of a program",
                f"{INFO}/entry_points.txt",
                None,
                "use letters, digits, hyphens and dots",
            )
        ],
    ),
    "a program with a space": (
        "LA510",
        {"files": entry_points("[console_scripts]\nde mo = demo.plugin:main\n")},
        [
            (
                "'de mo' is no name of a program",
                f"{INFO}/entry_points.txt",
                None,
                "use letters, digits, hyphens and dots",
            )
        ],
    ),
    "a program that is there twice": (
        "LA510",
        {"files": entry_points("[console_scripts]\npip = demo:main\npip = demo:other\n")},
        [
            (
                "the program 'pip' would take the place of another one",
                f"{INFO}/entry_points.txt",
                None,
                SOMEBODY_ELSES,
            )
        ],
    ),
    "a program with a colon": (
        "LA510",
        {"files": entry_points("[console_scripts]\npip:x = demo:main\n")},
        [
            (
                "'pip:x' is no name of a program",
                f"{INFO}/entry_points.txt",
                None,
                "use letters, digits, hyphens and dots",
            )
        ],
    ),
    "a program of its own": (
        "LA510",
        {"files": entry_points("[console_scripts]\ndemo-tool_2.x = demo.plugin:main\npythonic = demo.plugin:main\n")},
        [],
    ),
    "scripts as files": (
        "LA510",
        {"files": {f"{DATA}/scripts/deep/curl": "", f"{DATA}/scripts/demo": "", "demo/scripts/git": ""}},
        [
            (
                "the program 'curl' would take the place of another one",
                "localagent_demo-1.0.0.data/scripts/deep/curl",
                None,
                SOMEBODY_ELSES,
            )
        ],
    ),
    "programs that cannot be read": ("LA510", {"files": entry_points("[console_scripts\npip = x\n")}, []),
    "an sdist with entry points": (
        "LA510",
        sdist(files={"entry_points.txt": "[console_scripts]\npip = demo:main\n"}),
        [],
    ),
    "an sdist with a script": ("LA510", sdist(files={f"{DATA}/scripts/git": ""}), []),
    "what tools leave": (
        "LA514",
        {
            "files": {
                "demo/__pycache__/a.txt": "",
                "demo/__pycache__/b.txt": "",
                "demo/c.orig": "",
                "demo/d.rej": "",
                "demo/e~": "",
                "demo/f.pyo": "",
                "demo/.x.swp": "",
                ".DS_Store": "",
                "demo/original": "",
            }
        },
        [
            ("'.DS_Store' was left by a tool, and is no part of the project", ".DS_Store", None, LEFT),
            ("'demo/.x.swp' was left by a tool, and is no part of the project", "demo/.x.swp", None, LEFT),
            (
                "'demo/__pycache__/a.txt' was left by a tool, and is no part of the project",
                "demo/__pycache__/a.txt",
                None,
                LEFT,
            ),
            ("'demo/c.orig' was left by a tool, and is no part of the project", "demo/c.orig", None, LEFT),
            ("'demo/d.rej' was left by a tool, and is no part of the project", "demo/d.rej", None, LEFT),
            ("'demo/e~' was left by a tool, and is no part of the project", "demo/e~", None, LEFT),
            ("'demo/f.pyo' was left by a tool, and is no part of the project", "demo/f.pyo", None, LEFT),
        ],
    ),
    "html as readme": (
        "LA517",
        {"headers": {"Description-Content-Type": "text/html"}},
        [
            (
                "the description cannot be shown: its type is 'text/html'",
                METADATA,
                None,
                "correct the readme, and build again",
            )
        ],
    ),
    "a readme that was forgotten": (
        "LA517",
        {"description": "UNKNOWN\n"},
        [("there is no description", METADATA, None, 'write in [project]: readme = "README.md"')],
    ),
    "a readme of blanks": (
        "LA517",
        {"description": " \n \n"},
        [("there is no description", METADATA, None, 'write in [project]: readme = "README.md"')],
    ),
    "a readme of no type": ("LA517", {"headers": {"Description-Content-Type": ""}}, []),
    "a readme in plain text": (
        "LA517",
        {"headers": {"Description-Content-Type": "text/plain"}, "description": ".. figure::\n"},
        [],
    ),
    "a readme with a character set": (
        "LA517",
        {"headers": {"Description-Content-Type": "Text/Markdown; charset=UTF-8"}, "description": ".. figure::\n"},
        [],
    ),
    "a readme of no project": ("LA517", {"headers": {"Name": ""}, "description": ""}, []),
    "core metadata with a version that is none": (
        "LA518",
        {"headers": {"Version": "one"}},
        [("'one' is invalid for 'version'", METADATA, None, CORRECT)],
    ),
    "a long version that is none": (
        "LA518",
        {"headers": {"Version": "x" * 300}},
        [(f"'{'x' * 199}...", METADATA, None, CORRECT)],
    ),
    **{
        f"a file of a licence in format {version}": (
            "LA518",
            {"headers": {"Metadata-Version": version, "License-File": "LICENSE"}},
            [],
        )
        for version in ("2.2", "2.3", "2.4")
    },
    "a file of a licence in an older format": (
        "LA518",
        {"headers": {"Metadata-Version": "2.1", "License-File": "LICENSE"}},
        [],
    ),
    "a LocalAgent to come": (
        "LA519",
        {"files": manifest('compatibility: {localagent_min_version: "9"}')},
        [(f"the manifest asks for LocalAgent 9 or later, and this is {__version__}", PACKED, 9, "correct the limits")],
    ),
    "a LocalAgent of old": (
        "LA519",
        {"files": manifest('compatibility: {localagent_max_version: "0.5"}')},
        [
            (
                f"the manifest asks for LocalAgent 0.5 or earlier, and this is {__version__}",
                PACKED,
                9,
                "correct the limits",
            )
        ],
    ),
    "LocalAgents to come": (
        "LA519",
        {"files": manifest('compatibility: {localagent_min_version: "8", localagent_max_version: "9"}')},
        [(f"the manifest asks for LocalAgent 8 to 9, and this is {__version__}", PACKED, 9, "correct the limits")],
    ),
    "this LocalAgent": (
        "LA519",
        {
            "files": manifest(
                f'compatibility: {{localagent_min_version: "{__version__}", localagent_max_version: "{__version__}"}}'
            )
        },
        [],
    ),
    "a LocalAgent that is no version": (
        "LA519",
        {"files": manifest('compatibility: {localagent_min_version: "new"}')},
        [],
    ),
    "a Python before the range": (
        "LA519",
        {"files": manifest('compatibility: {python_min_version: "3.10"}')},
        [("Python 3.10 is promised, but Requires-Python is '>=3.11'", PACKED, 9, "name one version in both")],
    ),
    "a Python before the range, among other limits": (
        "LA519",
        {"files": manifest("compatibility:", '  python_max_version: "3.14"', '  python_min_version: "3.10"')},
        [("Python 3.10 is promised, but Requires-Python is '>=3.11'", PACKED, 11, "name one version in both")],
    ),
    "a Python in a range without one": (
        "LA519",
        {"headers": {"Requires-Python": ""}, "files": manifest('compatibility: {python_min_version: "3.10"}')},
        [],
    ),
    "a Python in the range": ("LA519", {"files": manifest('compatibility: {python_min_version: "3.11"}')}, []),
    "a Python whose first releases are not in the range": (
        "LA519",
        {"headers": {"Requires-Python": ">=3.11.4"}, "files": manifest('compatibility: {python_min_version: "3.11"}')},
        [],
    ),
    "a requirement of LocalAgent in other letters": (
        "LA519",
        {"headers": {"Requires-Dist": "Localagent<1"}},
        [
            (
                f"it needs localagent<1, and this is {__version__}",
                METADATA,
                None,
                "correct the range, or build with a LocalAgent that is in it",
            )
        ],
    ),
    "a requirement of LocalAgent to come, before its release": (
        "LA519",
        {"headers": {"Requires-Dist": "localagent>=1.0.0rc1"}},
        [],
    ),
    "a requirement of another one": ("LA519", {"headers": {"Requires-Dist": "other>=9"}}, []),
    "a requirement that is none": ("LA519", {"headers": {"Requires-Dist": "localagent >>9"}}, []),
    "a local version": (
        "LA522",
        {"headers": {"Version": "1.0.0+mine"}},
        [("the version has a local part, which indexes refuse", METADATA, None, "leave out what follows the '+'")],
    ),
    "an address with an extra": (
        "LA522",
        {"headers": {"Requires-Dist": "a.b-c [x] @ https://example.org/a.whl"}},
        [
            (
                "the requirement 'a.b-c [x] @ https://example.org/a.whl' names an address, which indexes refuse",
                METADATA,
                None,
                "require a version instead",
            )
        ],
    ),
    "a requirement": ("LA522", {"headers": {"Requires-Dist": "a>=1; python_version > '3' "}}, []),
    "a range of Python that is none": ("LA524", {"headers": {"Requires-Python": ">>3"}}, []),
    "a range of Python to come": ("LA524", {"headers": {"Requires-Python": ">=3.29"}}, []),
    "a range of Python too far": (
        "LA524",
        {"headers": {"Requires-Python": ">=3.30"}},
        [
            (
                "Requires-Python '>=3.30' leaves out every Python that LocalAgent runs on",
                METADATA,
                None,
                "allow 3.11 and later",
            )
        ],
    ),
    "a range of no project": ("LA524", {"headers": {"Name": "", "Requires-Python": ""}}, []),
    "a manifest in none of the packages": (
        "LA503",
        {
            "remove": (PACKED, "demo/plugin.py"),
            "files": {
                "demo/sub/plugin.py": "class ThePlugin: ...\n",
                f"{INFO}/entry_points.txt": "[localagent.plugins.commands]\ndemo = demo.sub.plugin:ThePlugin\n",
            },
        },
        [("plugin-manifest.yaml is not in demo or demo/sub or demo/sub/plugin", ".", None, PACK)],
    ),
    "a module in no package": (
        "LA504",
        {"files": {f"{INFO}/entry_points.txt": "[localagent.plugins.commands]\ndemo = other.sub.plugin:ThePlugin\n"}},
        [
            (
                "entry point 'demo' names the module 'other.sub.plugin', which is not here",
                ".",
                None,
                "pack other, or correct the entry point in pyproject.toml",
            )
        ],
    ),
    "a module of Windows": (
        "LA504",
        {"remove": ("demo/plugin.py",), "files": {"demo/plugin.cp311-win_amd64.pyd": ""}},
        [],
    ),
    "a module that is text": (
        "LA504",
        {"remove": ("demo/plugin.py",), "files": {"demo/plugin.txt": ""}},
        [
            (
                "entry point 'demo' names the module 'demo.plugin', which is not here",
                ".",
                None,
                "pack demo, or correct the entry point in pyproject.toml",
            )
        ],
    ),
    "another name in the manifest": (
        "LA513",
        {"files": {PACKED: MANIFEST.replace("name: demo\nv", "name: other\nv")}},
        [
            (
                "the name 'other' is not the distribution's, 'localagent-demo'",
                PACKED,
                1,
                "use one name in both, with or without 'localagent-' in front",
            )
        ],
    ),
    "another name further down in the manifest": (
        "LA513",
        {"files": {PACKED: MANIFEST.replace('name: demo\nversion: "1.0.0"', 'version: "1.0.0"\nname: other', 1)}},
        [
            (
                "the name 'other' is not the distribution's, 'localagent-demo'",
                PACKED,
                2,
                "use one name in both, with or without 'localagent-' in front",
            )
        ],
    ),
    "a wheel without entry points": ("LA513", {"remove": (f"{INFO}/entry_points.txt",)}, []),
    "the name with the prefix": (
        "LA513",
        {"files": {PACKED: MANIFEST.replace("name: demo\nv", "name: localagent-demo\nv")}},
        [],
    ),
    "the version in other words": ("LA513", {"files": {PACKED: MANIFEST.replace('"1.0.0"', '"1.0"')}}, []),
    "a version that is none in the manifest": (
        "LA513",
        {"files": {PACKED: MANIFEST.replace('"1.0.0"', '"one"')}},
        [
            (
                "the version 'one' is not the distribution's, '1.0.0'",
                PACKED,
                2,
                "write the same version in both, and build again",
            )
        ],
    ),
    "a version that is none in both": (
        "LA513",
        {"headers": {"Version": "one"}, "files": {PACKED: MANIFEST.replace('"1.0.0"', '"one"')}},
        [],
    ),
    "a plugin that is no entry point": (
        "LA513",
        {"files": manifest('    - {name: second, class: "demo.plugin:ThePlugin"}')},
        [
            (
                "the entry point 'second' is not among the wheel's",
                PACKED,
                9,
                'add it to [project.entry-points."localagent.plugins.commands"] of pyproject.toml',
            )
        ],
    ),
    "a plugin of another kind": (
        "LA513",
        {"files": entry_points("[localagent.plugins.ui]\npanels = demo.plugin:ThePlugin\n")},
        [("the manifest lacks the ui plugin 'panels'", PACKED, None, "add it to entry_points.ui of the manifest")],
    ),
    "a plugin in other letters": (
        "LA513",
        {"files": {f"{INFO}/entry_points.txt": "[localagent.plugins.commands]\nDemo = demo.plugin:ThePlugin\n"}},
        [],
    ),
    "a template of a module": ("LA520", {"files": {"demo/templates/a.py": "(", "templates/b.py": "("}}, []),
    "a broken module at an absolute path": ("LA520", {"files": {"/etc/bad.py": "("}}, []),
    "a broken module of an sdist": ("LA520", sdist(files={"demo/bad.py": "("}), []),
    "a schema in a folder": (
        "LA521",
        {
            "files": {
                **manifest("configuration: {schema_file: settings/schema.json}"),
                "demo/settings/schema.json": "{}",
            }
        },
        [],
    ),
    "a schema that is not there, among other lines": (
        "LA521",
        {"files": manifest("configuration:", "  optional_settings: [a]", "  schema_file: schema.json")},
        [("there is no 'schema.json' beside the manifest", PACKED, 11, PACK)],
    ),
    "a schema that an sdist has not": (
        "LA521",
        sdist(files=manifest("configuration: {schema_file: schema.json}")),
        [],
    ),
    "a schema in a folder that is not there": (
        "LA521",
        {"files": manifest("configuration: {schema_file: settings/schema.json}")},
        [("there is no 'settings/schema.json' beside the manifest", PACKED, 9, PACK)],
    ),
    "an sdist without modules": (
        "LA523",
        sdist(remove=("demo/__init__.py", "demo/plugin.py"), files={"setup.py": ""}),
        [("it has no Python module", ".", None, "add the plugin's package to what the sdist has")],
    ),
    "an sdist with setup.py": ("LA523", sdist(remove=("pyproject.toml",), files={"setup.py": ""}), []),
    "a kind that nobody has": (
        "LA512",
        {"files": {PACKED: MANIFEST.replace("[command]", "[commander]")}},
        [
            (
                "'plugin_types[0]' cannot be 'commander' (LA104)",
                PACKED,
                4,
                "choose one of: command, provider, ui, workflow",
            ),
            (
                "entry points in 'commands' need the kind 'command' in plugin_types (LA108)",
                PACKED,
                4,
                "add 'command' to plugin_types",
            ),
        ],
    ),
    "a secret of GitHub": (
        "LA515",
        {"files": {"demo/a.py": "x = 1\nT = 'ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5" + "'\n"}},
        [("'demo/a.py' has a token of GitHub in line 2", "demo/a.py", 2, TAKE_OUT)],
    ),
    "a secret after an example": (
        "LA515",
        {"files": {"demo/a.py": "A = 'AKIAIOSFODNN7EXAMPLE'\nB = 'AKIAQ7P4MZ3T9WB6XK2D'\n"}},
        [("'demo/a.py' has a key of AWS in line 2", "demo/a.py", 2, TAKE_OUT)],
    ),
    "files for secrets": (
        "LA515",
        {
            "files": {
                "demo/.netrc": "",
                "demo/id_rsa": "",
                "demo/credentials.json": "AKIAQ7P4MZ3T9WB6XK2D",
                "demo/my.env": "",
            }
        },
        [
            ("'demo/.netrc' is a file for secrets", "demo/.netrc", None, TAKE_OUT),
            ("'demo/credentials.json' is a file for secrets", "demo/credentials.json", None, TAKE_OUT),
            ("'demo/id_rsa' is a file for secrets", "demo/id_rsa", None, TAKE_OUT),
        ],
    ),
    "secrets in two files, after an empty line": (
        "LA515",
        {"files": {"demo/a.py": "\nB = 'AKIAQ7P4MZ3T9WB6XK2D'\n", "demo/b.py": "\n\nB = 'AKIAQ7P4MZ3T9WB6XK2D'\n"}},
        [
            ("'demo/a.py' has a key of AWS in line 2", "demo/a.py", 2, TAKE_OUT),
            ("'demo/b.py' has a key of AWS in line 3", "demo/b.py", 3, TAKE_OUT),
        ],
    ),
    "a template that the readme shows": ("LA516", {"description": "# Demo\n\n{{ name }}\n\n{{ name }}\n"}, []),
    "a template's value in the manifest, after an empty line": (
        "LA516",
        {"files": manifest("", "tags: ['{{ what }}']")},
        [(f"'{PACKED}' has a place for a value of the template in line 10", PACKED, 10, WRITE)],
    ),
    "a merge conflict in a picture": ("LA516", {"files": {"demo/a.svg": "<<<<<<< HEAD\n"}}, []),
    "a merge conflict further down": (
        "LA516",
        {"files": {"demo/a.md": "a\nb\n>>>>>>> main\n"}},
        [("'demo/a.md' has the mark of a merge conflict in line 3", "demo/a.md", 3, WRITE)],
    ),
    "a template's value in the manifest": (
        "LA516",
        {"files": {PACKED: MANIFEST.replace("Greets everybody", '"{{ what }}"')}},
        [("'demo/plugin-manifest.yaml' has a place for a value of the template in line 3", PACKED, 3, WRITE)],
    ),
    "a template's value in code": ("LA516", {"files": {"demo/a.py": "'{{ what }}'\n"}}, []),
    "nobody's address": (
        "LA516",
        {"headers": {"Author-Email": "you@example.com"}},
        [("'localagent_demo-1.0.0.dist-info/METADATA' has the address of nobody in line 7", METADATA, 7, WRITE)],
    ),
}


@pytest.mark.parametrize(("rule", "change", "expected"), CASES.values(), ids=CASES)
def test_what_a_rule_says_of_an_archive(
    rule: str, change: dict[str, Any], expected: list[Told], tmp_path: Path
) -> None:
    assert told(tmp_path, rule, **change) == expected


def test_a_name_that_is_there_twice_is_found(tmp_path: Path) -> None:
    archive = make_archive(Change(), tmp_path)
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "a") as opened:
        warnings.simplefilter("ignore")  # zipfile's, of just that
        opened.writestr("demo/plugin.py", "other")
    found = [finding for finding in verify_archive(archive) if finding.rule == "LA507"]
    assert [finding.message for finding in found] == ["'demo/plugin.py' comes to lie where 'demo/plugin.py' does"]
    assert [finding.fix for finding in found] == [RENAME]


def test_a_readme_that_cannot_be_shown_is_told_with_its_line(tmp_path: Path) -> None:
    change = {"headers": {"Description-Content-Type": "text/x-rst"}, "description": "Demo\n====\n\n.. figure::\n"}
    ((message, file, line, fix),) = told(tmp_path, "LA517", **change)
    assert message.startswith("the description cannot be shown: line 4: ")
    assert (file, line, fix) == (METADATA, None, "correct the readme, and build again")


def test_a_broken_module_is_told_with_its_column(tmp_path: Path) -> None:
    archive = make_archive(Change(files={"demo/bad.py": "\nx = )\n"}), tmp_path)
    (finding,) = verify_archive(archive)
    assert (finding.rule, finding.where.line, finding.where.column) == ("LA520", 2, 5)


def test_an_unknown_key_of_the_packed_manifest_is_told_with_what_is_meant(tmp_path: Path) -> None:
    (finding,) = verify_archive(make_archive(Change(files=manifest("tagz: [a]")), tmp_path))
    assert (finding.rule, finding.hint) == ("LA512", "did you mean 'tags'?")


def test_a_record_that_has_its_own_hash_is_told(tmp_path: Path) -> None:
    record = f"{INFO}/RECORD"
    with zipfile.ZipFile(make_archive(Change(), tmp_path)) as opened:
        text = opened.read(record).decode()
    changed = text.replace(f"{record},,", f"{record},sha256=AAAA,5")
    assert told(tmp_path / "changed", "LA502", files={record: changed}) == [
        ("RECORD file incorrectly contains hash / size", ".", None, AGAIN)
    ]


def test_a_name_is_there_twice_behind_folders_too(tmp_path: Path) -> None:
    archive = make_archive(Change(), tmp_path)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.mkdir("demo")
        opened.writestr("demo/Plugin.py", "other")
    found = [finding.message for finding in verify_archive(archive) if finding.rule == "LA507"]
    assert found == ["'demo/Plugin.py' comes to lie where 'demo/plugin.py' does"]


def test_a_tag_that_is_no_text_is_told(tmp_path: Path) -> None:
    archive = make_archive(Change(remove=(f"{INFO}/WHEEL",)), tmp_path)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(f"{INFO}/WHEEL", b"Tag: \xff\n")
    found = [finding.message for finding in verify_archive(archive) if finding.rule == "LA525"]
    assert found == ["its name says py3-none-any, its file WHEEL \\ufffd"]


def test_a_program_whose_name_is_no_text_is_told(tmp_path: Path) -> None:
    path = f"{INFO}/entry_points.txt"
    archive = make_archive(Change(remove=(path,)), tmp_path)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(path, b"[console_scripts]\npip\xff = demo:main\n")
    found = [finding.message for finding in verify_archive(archive) if finding.rule == "LA510"]
    assert found == ["'pip\\ufffd' is no name of a program"]


def test_folders_of_an_archive_come_to_lie_nowhere_twice(tmp_path: Path) -> None:
    archive = make_archive(Change(), tmp_path)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.mkdir("demo")
        opened.mkdir("DEMO")
    assert "LA507" not in [finding.rule for finding in verify_archive(archive)]
