"""Find out whether a Dask scheduler that wants certificates takes that of this machine.

Its client says so only by a traceback.
"""

from __future__ import annotations

import socket
from typing import Any

from breakeven.runner.errors import EngineUnusable

_SCHEME = "tls://"
_PREFIX = "DASK_DISTRIBUTED__COMM__TLS"
_FILES = f"{_PREFIX}__CA_FILE, {_PREFIX}__CLIENT__CERT and {_PREFIX}__CLIENT__KEY"


def check_certificate(address: str, seconds: float) -> None:
    """Shake hands with the scheduler at ``address``, if it speaks TLS; raise EngineUnusable if that fails."""
    if not address.startswith(_SCHEME):
        return
    try:
        context = _context()
    except OSError as error:  # of a file that is none, too
        raise EngineUnusable(
            f"engine.address={address}: the certificate of this machine cannot be read ({error}); see {_FILES}"
        ) from error
    if context is None:
        raise EngineUnusable(
            f"engine.address={address}: this machine has no certificate to show; name files with {_FILES}"
        )
    try:
        _shake_hands(address, context, seconds)
    except OSError as error:
        raise EngineUnusable(
            f"engine.address={address}: no Dask scheduler takes this machine's certificate there ({error}); it must be signed by "
            f"the authority that the scheduler trusts; see {_FILES}"
        ) from error


def _context() -> Any:
    """Return what Dask's own configuration says of clients; None if a file is not named."""
    from distributed.security import Security  # noqa: PLC0415  # an extra, and a second to import

    return Security().get_connection_args("client").get("ssl_context")


def _shake_hands(address: str, context: Any, seconds: float) -> None:
    """Wait for the scheduler's greeting: only then has it looked at the certificate (TLS 1.3)."""
    from distributed.comm.addressing import get_address_host_port  # noqa: PLC0415  # as above

    with (
        socket.create_connection(get_address_host_port(address), seconds) as plain,
        context.wrap_socket(plain) as safe,
    ):
        if not safe.recv(1):
            raise ConnectionResetError("it closes the connection")
