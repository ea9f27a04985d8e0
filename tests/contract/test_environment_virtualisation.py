"""Hypervisors and containers, told by the traces they leave."""

from __future__ import annotations

import pytest

from breakeven.runner.environment import virtualisation
from tests.kernel_files import KernelFiles

BARE = {"proc/cpuinfo": "flags\t: fpu vme sse2\n"}
GUEST = {"proc/cpuinfo": "flags\t: fpu vme sse2 hypervisor lahf_lm\n"}
ARM = {"proc/cpuinfo": "CPU implementer : 0x41\nFeatures : fp asimd\n"}
CLOCKS = "sys/devices/system/clocksource/clocksource0/available_clocksource"


def _firmware(maker: str, product: str) -> dict[str, str]:
    return {"sys/class/dmi/id/sys_vendor": f"{maker}\n", "sys/class/dmi/id/product_name": f"{product}\n"}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, None),
        (BARE, "none"),
        (BARE | _firmware("Amazon EC2", "m5.metal"), "none"),
        (BARE | {"sys/hypervisor/type": "xen\n"}, "Xen"),
        (GUEST, "unknown hypervisor"),
        (GUEST | {CLOCKS: "tsc kvm-clock \n"}, "KVM"),
        (GUEST | {CLOCKS: "hyperv_clocksource_tsc_page acpi_pm\n"}, "Hyper-V"),
        (GUEST | _firmware("QEMU", "Standard PC (Q35 + ICH9, 2009)"), "QEMU"),
        (GUEST | _firmware("Red Hat", "KVM"), "KVM"),
        (GUEST | _firmware("Amazon EC2", "m5.large"), "Amazon EC2"),
        (GUEST | _firmware("Google", "Google Compute Engine"), "Google Compute Engine"),
        (GUEST | _firmware("Microsoft Corporation", "Virtual Machine"), "Hyper-V"),
        (GUEST | _firmware("VMware, Inc.", "VMware Virtual Platform"), "VMware"),
        (GUEST | _firmware("innotek GmbH", "VirtualBox"), "VirtualBox"),
        (GUEST | {"proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"}, "WSL"),
        (ARM, None),
        (ARM | _firmware("QEMU", "KVM Virtual Machine"), "KVM"),
        (ARM | _firmware("Amazon EC2", "c6g.metal"), None),
        (ARM | _firmware("Microsoft Corporation", "Surface Laptop"), None),
        (BARE | {".dockerenv": ""}, "docker"),
        (GUEST | {".dockerenv": "", CLOCKS: "kvm-clock tsc"}, "docker on KVM"),
        (ARM | {"run/.containerenv": ""}, "podman"),
        (BARE | {"run/systemd/container": "systemd-nspawn\n", ".dockerenv": ""}, "systemd-nspawn"),
        (BARE | {"proc/1/environ": "HOME=/root\0container=lxc\0TERM=linux\0"}, "lxc"),
        (BARE | {"proc/1/environ": "HOME=/root\0my_container=box\0"}, "none"),
        (BARE | {"proc/self/cgroup": "0::/system.slice/docker-0a1b.scope\n"}, "docker"),
        (BARE | {"proc/self/cgroup": "4:cpu:/docker/0a1b\n"}, "docker"),
        (BARE | {"proc/self/cgroup": "0::/system.slice/docker.service\n"}, "none"),
        (BARE | {"proc/self/cgroup": "0::/user.slice/undocker-tests.scope\n"}, "none"),
        (BARE | {"proc/self/cgroup": "0::/kubepods.slice/pod1/cri-containerd-0a.scope\n"}, "kubernetes"),
        (BARE | {"proc/self/cgroup": "0::/machine.slice/libpod-0a1b.scope/container\n"}, "podman"),
        (BARE | {"proc/self/cgroup": "0::/lxc.payload.box/init.scope\n"}, "lxc"),
        (BARE | {"proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n"}, "none"),
    ],
)
def test_hypervisor_and_container_are_named_as_far_as_they_show(
    kernel: KernelFiles, tree: dict[str, str], expected: str | None
) -> None:
    """By CPU flag, firmware, clocks, marks and cgroups; nothing is claimed where nothing tells."""
    kernel.put(tree)
    assert virtualisation.virtualisation() == expected
