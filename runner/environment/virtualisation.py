"""Which hypervisor or container this process runs in, as far as that can be seen from inside.

No single file shows it: a hypervisor shows in a CPU flag, in firmware tables and in the clocks it offers, a
container in marks that its engine leaves and in the names of control groups.
"""

from __future__ import annotations

import re

from breakeven.runner.environment.cpu import described_cpus
from breakeven.runner.environment.files import exists, read_text

_MARKS = {
    "run/.containerenv": "podman",
    ".dockerenv": "docker",
    "var/run/secrets/kubernetes.io": "kubernetes",
}
_GROUP_NAMES = {  # patterns; Kubernetes comes first, since its paths name its engine as well
    "kubepods": "kubernetes",
    "libpod": "podman",
    "docker[-/]": "docker",  # but not docker.service, which is the engine itself
    "containerd[-/:]": "containerd",
    "lxc[./]": "lxc",
    "systemd-nspawn@": "systemd-nspawn",
}
_FIRMWARE = {  # maker and product as the firmware names them; the more specific come first
    "kvm": "KVM",
    "vmware": "VMware",
    "virtualbox": "VirtualBox",
    "innotek": "VirtualBox",
    "microsoft corporation virtual machine": "Hyper-V",
    "xen": "Xen",
    "parallels": "Parallels",
    "bhyve": "bhyve",
    "apple virtualization": "Apple Virtualization",
    "amazon ec2": "Amazon EC2",
    "google compute engine": "Google Compute Engine",
    "openstack": "OpenStack",
    "qemu": "QEMU",
    "bochs": "QEMU",
}
_CLOCKS = {"kvm-clock": "KVM", "hyperv": "Hyper-V", "xen": "Xen", "vmware": "VMware"}


def virtualisation() -> str | None:
    """Return container and hypervisor, such as ``docker on KVM``; ``none`` for neither, None if unknown."""
    machine, container = hypervisor(), container_engine()
    if container is None:
        return machine
    return container if machine in (None, "none") else f"{container} on {machine}"


def container_engine() -> str | None:
    """Return the engine of the container this process is in; None if none shows."""
    named = read_text("run/systemd/container") or _variable_of_init()
    marked = next((name for mark, name in _MARKS.items() if exists(mark)), None)
    return named or marked or _named_in((read_text("proc/self/cgroup") or "").lower(), _GROUP_NAMES)


def _variable_of_init() -> str | None:
    """Return the variable ``container`` that an engine sets for the first process; only root may read it."""
    variables = (read_text("proc/1/environ") or "").split("\0")
    return next((value for text in variables if (value := text.removeprefix("container=")) != text), None)


def hypervisor() -> str | None:
    """Return the hypervisor of this machine; ``none`` if CPU or firmware show none, None if unknown."""
    if "microsoft" in (read_text("proc/sys/kernel/osrelease") or "").lower():
        return "WSL"
    if (read_text("sys/hypervisor/type") or "") == "xen":
        return "Xen"
    flag = _flagged()
    if flag is False:
        return "none"
    name = _firmware_name() or _named_in(_offered_clocks(), _CLOCKS)
    return name or ("unknown hypervisor" if flag else None)


def _flagged() -> bool | None:
    """Return whether the CPU is flagged as virtual; None if its kind has no such flag (all but x86)."""
    flags = next((cpu["flags"].split() for cpu in described_cpus() if "flags" in cpu), None)
    return None if flags is None else "hypervisor" in flags


def _firmware_name() -> str | None:
    about = [read_text(f"sys/class/dmi/id/{field}") or "" for field in ("sys_vendor", "product_name")]
    text = " ".join(about).lower()
    return None if ".metal" in text else _named_in(text, _FIRMWARE)


def _offered_clocks() -> str:
    return read_text("sys/devices/system/clocksource/clocksource0/available_clocksource") or ""


def _named_in(text: str, names: dict[str, str]) -> str | None:
    """Return the name of the first pattern found in ``text`` at the beginning of a word."""
    return next((name for pattern, name in names.items() if re.search(rf"\b{pattern}", text)), None)
