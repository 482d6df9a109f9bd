from setuptools import setup

setup(name="hello-world", script_name="setup.py")
