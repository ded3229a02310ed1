# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's own tests and those of other projects that scripts/kernel-tests
runs: what makes pages migrate, or looks at what migration leaves behind."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A command for the guest's shell, in the folder of selftests/mm."""
    name: str
    command: str = ""       # the program of that name alone
    seconds: int = 120      # it is stopped then
    short: str = ""         # the command of the short run, if it is in that

    def line(self, short):
        """What scripts/guest-kernel-tests reads."""
        command = self.short if short else self.command or f"./{self.name}"
        return f"{self.name}\t{self.seconds}\t{command}\n"


# One huge page is what these two want.
ONE_PAGE = "echo 1 >/proc/sys/vm/nr_hugepages; ./"
# Its tests of the page cache want large folios there.
SPLIT = ("truncate -s 300M /tmp/xfs && mkfs.xfs -q /tmp/xfs && "
         "mkdir -p /tmp/split && "
         "mount $(losetup --find --show /tmp/xfs) /tmp/split && "
         "./split_huge_page_test /tmp/split; status=$?; umount /tmp/split; "
         "exit $status")
# Another process's pages, all of them, there and back.
MIGRATEPAGES = ("sleep 100 & for to in 1 0 1; do "
                "migratepages $! 0,1 $to || exit 1; done; kill $!")

CASES = (
    # The kernel's: tools/testing/selftests/mm.
    Case("migration", seconds=400,
         short="./migration -t private_anon"),
    Case("cow", seconds=300),
    Case("ksm_functional_tests", seconds=400,
         short="./ksm_functional_tests"),
    Case("ksm-merge", "./ksm_tests -M -p 10"),
    Case("ksm-unmerge", "./ksm_tests -U"),
    Case("ksm-zero-0", "./ksm_tests -Z -p 10 -z 0"),
    Case("ksm-zero-1", "./ksm_tests -Z -p 10 -z 1"),
    # This one does not wait long enough for the second page, and so depends
    # on where the scan is.
    Case("ksm-numa-1", "./ksm_tests -N -m 1"),
    Case("ksm-numa-0", "./ksm_tests -N -m 0", short="./ksm_tests -N -m 0"),
    Case("ksm-huge", "./ksm_tests -H -s 20"),
    Case("hugepage-mmap"),
    Case("hugepage-shm"),
    Case("map_hugetlb"),
    Case("hugepage-mremap"),
    Case("hugepage-vmemmap"),
    Case("hugetlb-madvise"),
    Case("hugetlb_dio"),
    # Ten thousand rounds; a few hundred are all that an emulated machine does.
    Case("hugetlb_fault_after_madv", f"{ONE_PAGE}hugetlb_fault_after_madv",
         60),
    Case("hugetlb_madv_vs_map", f"{ONE_PAGE}hugetlb_madv_vs_map"),
    Case("hugetlb-soft-offline"),
    Case("gup_longterm", seconds=200),
    Case("gup_test", "./gup_test -ct -F 0x1 0 19 0x1000"),
    Case("mkdirty", short="./mkdirty"),
    Case("mremap_test"),
    Case("mremap_dontunmap"),
    Case("madv_populate", short="./madv_populate"),
    Case("split_huge_page_test", SPLIT, 600),
    Case("transhuge-stress", "./transhuge-stress -d 10", 300),
    Case("khugepaged", seconds=600),
    Case("soft-dirty", seconds=200),
    Case("pagemap_ioctl", seconds=200),
    Case("uffd-unit-tests", seconds=600),
    Case("uffd-stress-anon", "./uffd-stress anon 20 4"),
    Case("uffd-stress-shmem", "./uffd-stress shmem 20 4"),
    Case("uffd-stress-hugetlb", "./uffd-stress hugetlb 64 4"),
    Case("compaction_test", seconds=200),
    Case("mlock2-tests"),
    Case("mlock-random-test"),
    Case("mrelease_test"),
    Case("map_populate"),
    Case("map_fixed_noreplace"),
    Case("memfd_secret"),
    Case("thuge-gen"),
    Case("droppable"),
    # Those of the packages numactl and stress-ng.
    Case("migspeed", "migspeed -p 2000 0 1", short="migspeed -p 500 0 1"),
    Case("migratepages", MIGRATEPAGES, short=MIGRATEPAGES),
    Case("stress-ng-numa", "stress-ng --numa 2 -t 10 --verify",
         short="stress-ng --numa 1 -t 5 --verify"),
    Case("stress-ng-pagemove", "stress-ng --pagemove 1 -t 5 --verify"),
    Case("stress-ng-pageswap", "stress-ng --pageswap 1 -t 5 --verify"),
    Case("stress-ng-memhotplug", "stress-ng --memhotplug 1 -t 5"),
)
