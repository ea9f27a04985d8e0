"""The version of this project, as its installation says."""

from importlib.metadata import PackageNotFoundError, version


def project_version() -> str:
    """Return the version of this project, ``unknown`` if it runs without being installed."""
    try:
        return version("breakeven")
    except PackageNotFoundError:
        return "unknown"


__version__ = project_version()
