# SPDX-License-Identifier: GPL-2.0-only
#
# The one place to start from. Everything is built in a cache folder outside
# the sources: $MIGRATE_POLICY_CACHE, else ~/.cache/migrate-policy. The work is
# done by scripts/; each of them explains itself with --help.

SHELL := /bin/sh
export PYTHONDONTWRITEBYTECODE := 1
ifdef KDIR
export KDIR := $(abspath $(KDIR))
endif
ifdef SERIES
export SERIES
endif
ifdef ARCH
export ARCH
endif

help:
	@echo 'make demo             boot a kernel with the policy layer, move pages under'
	@echo '                      several policies, leave out/demo/report.{json,svg}'
	@echo 'make test             all tests; ends with "N passed, N failed"'
	@echo 'make test-full        the long ones as well'
	@echo 'make test-debug       of these the debug kernels: KASAN, UBSAN, kmemleak and'
	@echo '                      lockdep, then KCSAN'
	@echo 'make test-all         the tests on the kernels of all series'
	@echo 'make test-SECTION     one section: make test-style (see scripts/run-tests -h)'
	@echo 'make mutants          break one guard after the other: a test has to fail'
	@echo 'make kernel           build the kernel (FLAVOUR=y, n or lockdep)'
	@echo 'make uml              KUnit in User-mode Linux, in seconds'
	@echo 'make bench-uml        measure at native speed in User-mode Linux'
	@echo 'make bench HERE=1     the same on the kernel that runs, if it has the layer'
	@echo 'make shell            a shell in the booted kernel, with migratectl'
	@echo 'make deb              the package of migratectl, in out/deb'
	@echo 'make coverage         the tests of migratectl, and what they do not reach'
	@echo 'make trial-check      whether trials find what there is, and nothing else'
	@echo 'make bench-cli        what migratectl costs, beside lsmem'
	@echo 'make record           take down for its tests what the kernel shows'
	@echo 'make apply KDIR=TREE  put the project into a kernel tree of your own'
	@echo 'make drift KDIR=TREE  whether the patches still apply to a kernel'
	@echo 'make export           the mails of a patch series, in out/export/SERIES'
	@echo 'make quilt            the same as patches for debian/patches, in out/quilt/SERIES'
	@echo 'make refresh          take edits in the applied tree back (KDIR=TREE)'
	@echo 'make clean            remove results and kernel builds; packages, sources'
	@echo '                      and ccache stay'
	@echo
	@echo 'KDIR=TREE with demo, test, kernel or shell: build a copy of this kernel tree'
	@echo 'instead of the linux-source package. JOBS=N: processes of a build.'
	@echo 'SERIES=7.3 with any of these: Linux 7.3 instead of 6.12.'
	@echo 'ARCH=arm64 with test or kernel: an emulated machine with DMA engines.'

FLAVOUR ?= $(or $(ARCH:x86=y),y)
# User-mode Linux has several CPUs from Linux 7.0 on.
UML_SERIES := $(or $(SERIES),7.3)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Everything beyond this is Python.
python:
	@command -v python3 >/dev/null || \
	{ $(SUDO) apt-get update && $(SUDO) apt-get install -y python3; } >/dev/null || \
	{ echo 'python3 is missing and cannot be installed: check the network' >&2; exit 1; }

packages: python
	@scripts/fetch --packages

kernel: python
	@scripts/build $(FLAVOUR)

demo: packages
	@[ "$(or $(ARCH),x86)" = x86 ] || { echo 'make demo: it is for x86 alone; make test ARCH=arm64 migrates with engines' >&2; exit 1; }
	@scripts/build y
	@scripts/build-tools
	@scripts/demo

test: packages
	@scripts/run-tests

test-full: packages
	@scripts/run-tests --full

test-all: packages
	@scripts/run-tests --all-series

test-debug: packages
	@scripts/run-tests $(foreach flavour,kasan kcsan,$(foreach step,\
		build kunit torture,$(step)-$(flavour)))

test-%: packages
	@scripts/run-tests $*

# On a machine of one's own; elsewhere what runs at native speed.
bench:
	@$(if $(HERE),scripts/bench-here,$(MAKE) --no-print-directory bench-uml)

bench-uml: packages
	@SERIES=$(UML_SERIES) scripts/build uml-bench
	@SERIES=$(UML_SERIES) scripts/bench-uml

uml: packages
	@SERIES=$(UML_SERIES) scripts/run-tests build-uml kunit-uml

mutants: packages
	@scripts/mutants

shell: packages
	@scripts/build y
	@scripts/build-tools
	@scripts/boot --timeout 0 --shell

deb: packages
	@mkdir -p out
	@$(MAKE) --no-print-directory -C tools/migratectl OUTPUT=$(CURDIR)/out/ deb

drift: python
	@scripts/drift

# The file in place changes only if all went well.
recorded := tools/migratectl/tests/kernel_tree.txt
record: packages
	@scripts/build y
	@mkdir -p out
	@scripts/boot -- python3 -B tools/migratectl/tests/record.py > out/kernel_tree.txt
	@mv out/kernel_tree.txt $(recorded)

coverage: packages
	@mkdir -p out
	@$(MAKE) --no-print-directory -C tools/migratectl OUTPUT=$(CURDIR)/out/ coverage

bench-cli: packages
	@scripts/build y
	@$(MAKE) --no-print-directory -C tools/migratectl OUTPUT=$(CURDIR)/out/bench/ all measure
	@scripts/boot --icount -- python3 -B tools/migratectl/tests/bench.py $(CURDIR)/out/bench

# In the booted kernel; the KTAP of all of it goes to stdout.
trial-check: packages
	@scripts/build y
	@$(MAKE) --no-print-directory -C tools/migratectl OUTPUT=$(CURDIR)/out/trial/ trial-check
	@scripts/boot --check-log --timeout 1100 -- python3 -B tools/migratectl/tests/trial_check.py $(CURDIR)/out/trial
	@scripts/check-icount --trial
	@scripts/build kasan
	@scripts/selftests --flavour kasan --seconds 600 trials

export: packages
	@scripts/export

quilt: packages
	@scripts/quilt

apply: python
	@test -n "$(KDIR)" || { echo 'make apply: name a kernel tree: make apply KDIR=TREE' >&2; exit 1; }
	@scripts/apply "$(KDIR)"

refresh: python
	@scripts/refresh $(if $(KDIR),"$(KDIR)")

clean:
	@scripts/clean

.PHONY: help python packages kernel demo test test-full test-all test-debug uml bench bench-uml mutants shell \
	deb drift export quilt record coverage bench-cli trial-check apply refresh clean
