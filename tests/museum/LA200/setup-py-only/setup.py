from setuptools import setup

setup(name="localagent-hello-world", version="1.0.0", py_modules=["plugin"])
