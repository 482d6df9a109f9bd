"""Lets tools that want a setup.py build what pyproject.toml describes."""

from setuptools import setup

# Named, or setuptools packs this file as a module of the plugin.
setup(script_name="setup.py")
