"""The package is described in pyproject.toml; only the place of `configs/` inside the wheel needs code."""

from setuptools import find_packages, setup

CONFIGS = ["ganbal.configs", "ganbal.configs.documents"]

setup(
    packages=[*find_packages(include=["ganbal*", "classifiers*"]), *CONFIGS],
    package_dir={"ganbal.configs": "configs"},
    package_data={"ganbal": ["py.typed", "report/templates/*"], "classifiers": ["py.typed"]}
    | {name: ["*.yaml"] for name in CONFIGS},
)
