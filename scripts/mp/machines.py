# SPDX-License-Identifier: GPL-2.0-only
"""The machines that QEMU emulates for kernels of other architectures.

scripts/boot itself knows the one for x86, with its two memory tiers; these are
plainer: their nodes are made by the kernel (numa=fake), and their devices are
behind virtio-mmio.
"""

from dataclasses import dataclass

# In emulation a CPU may wait for another: what takes long is no hang.
COMMON = ("panic=-1", "oops=panic", "kunit.enable=0", "watchdog_thresh=60",
          "rcupdate.rcu_cpu_stall_timeout=120", "numa=fake=2", "rdinit=/init")


@dataclass(frozen=True)
class Machine:
    """What QEMU and the kernel are told."""
    qemu: str
    package: str
    arguments: tuple
    console: str
    mem: str = "1G,1G"      # more is not in one piece on VERSAL

    def command(self, mem):
        """QEMU's command line up to the devices."""
        return [self.qemu, *self.arguments, "-accel", "tcg,thread=multi",
                "-m", f"{mem >> 20}M"]

    def words(self):
        """The kernel's arguments."""
        return [f"console={self.console}", *COMMON]


# Two of its four CPUs are for real time and stay off. It has eight channels
# that the driver xilinx-zynqmp-dma serves.
VERSAL = Machine("qemu-system-aarch64", "qemu-system-arm",
                 ("-machine", "xlnx-versal-virt", "-smp", "4"), "ttyAMA0")

MACHINES = {"arm64": VERSAL}


def machine_of(flavour):
    """The machine for a flavour; None for the one of scripts/boot."""
    return MACHINES.get(flavour)
