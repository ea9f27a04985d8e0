"""A network namespace of this process's own, for libraries that always listen on every address.

What they open can be reached by this process's own descendants alone. A child of another process tells whether the
system allows it: ``python network.py`` exits with 0 if it does.
"""

from __future__ import annotations

import os
import struct
import sys

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_NETWORK = "/proc/thread-self/ns/net"  # a thread's own, which can differ from that of its process
_private: list[int] = []  # the descriptor of the namespace once there is one


def enter() -> int:
    """Move this thread, and those that it will start, to the namespace; return a descriptor of the former one.

    Without the right to do so the process becomes root of a namespace of users as well, in which it keeps its
    ids. Raise OSError.
    """
    former = os.open(_NETWORK, os.O_RDONLY)
    try:
        if _private:
            _call("setns", _private[0], _CLONE_NEWNET)
        else:
            _create()
            _private.append(os.open(_NETWORK, os.O_RDONLY))
    except BaseException:
        os.close(former)
        raise
    return former


def leave(former: int) -> None:
    """Return to the former namespace; raise OSError without the right to do so."""
    try:
        _call("setns", former, _CLONE_NEWNET)
    finally:
        os.close(former)


def _create() -> None:
    try:
        _call("unshare", _CLONE_NEWNET)
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNET)
        for file, text in (
            ("uid_map", f"{user} {user} 1"),
            ("setgroups", "deny"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as opened:
                opened.write(text)
    _start_loopback()


def _start_loopback() -> None:
    import socket  # noqa: PLC0415  # with fcntl, for a process that needs a namespace
    from fcntl import ioctl  # noqa: PLC0415  # as above

    with socket.socket() as asked:
        ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _call(name: str, *arguments: int) -> None:
    import ctypes  # noqa: PLC0415  # as above; Python has both from 3.12 on

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        enter()
    except (OSError, AttributeError):  # the latter where the system has no such calls
        sys.exit(1)
