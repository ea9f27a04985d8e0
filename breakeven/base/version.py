"""The version of this project, from its installed metadata."""

from importlib.metadata import PackageNotFoundError, version


def project_version() -> str:
    """Return the version of this project, ``unknown`` if it is not installed."""
    try:
        return version("breakeven")
    except PackageNotFoundError:
        return "unknown"


__version__ = project_version()
