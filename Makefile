# SPDX-License-Identifier: GPL-2.0
#
# What to build is in Kbuild (the module) and tools/*/Makefile; "make help"
# lists what can be asked for here.

VERSION := 0.1

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install
# A staged install stages the module too.
INSTALL_MOD_PATH ?= $(DESTDIR)

# The Makefiles of several folders use them, as words of the shell.
$(foreach name,DESTDIR INSTALL_MOD_PATH,\
	$(if $(word 2,$($(name))),$(error mgre: $(name)="$($(name))" holds a space)))
override DESTDIR := $(abspath $(DESTDIR))
override INSTALL_MOD_PATH := $(abspath $(INSTALL_MOD_PATH))

KERNELS ?= 6.1 6.12
KERNEL ?= 6.12
TESTS ?=

vm := selftests/vm/run
scripts := tools/scripts
tools := tools/nhrp tools/iproute2
man_pages := $(wildcard Documentation/man/*.8)
# Of the headers that are used, asked for only where it is needed.
release = $(shell $(MAKE) -s -C $(KDIR) kernelrelease)
module_dir = $(INSTALL_MOD_PATH)/lib/modules/$(release)

export KERNELS PREFIX DESTDIR

all: modules tools ## build the module and the tools (default)

modules: headers ## build mgre.ko for the running kernel, or for KDIR=
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools: ## build the nhrp tool and the plugin of ip
	@for dir in $(tools); do $(MAKE) -C $$dir all || exit 1; done

# No signature: a distribution's headers come without its key.
install: all ## install the module, the tools and the man pages (DESTDIR, PREFIX, INSTALL_MOD_PATH; IPLIBDIR is where ip looks for plugins)
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) \
		CONFIG_MODULE_SIG_ALL= modules_install
	$(if $(INSTALL_MOD_PATH),,depmod $(release))
	@for dir in $(tools); do $(MAKE) -C $$dir DESTDIR=$(DESTDIR) install || exit 1; done
	$(INSTALL) -d $(DESTDIR)$(MANDIR)/man8
	$(INSTALL) -m 644 $(man_pages) $(DESTDIR)$(MANDIR)/man8

uninstall: headers ## remove what install put there
	$(RM) $(module_dir)/updates/mgre.ko*
	$(if $(INSTALL_MOD_PATH),,depmod $(release))
	@for dir in $(tools); do $(MAKE) -C $$dir DESTDIR=$(DESTDIR) uninstall || exit 1; done
	$(RM) $(addprefix $(DESTDIR)$(MANDIR)/man8/,$(notdir $(man_pages)))

deps-build: ## install what building needs, the running kernel's headers too (Debian)
	@KERNELS=$$(uname -r) $(scripts)/deps.sh build

dkms-install: ## copy the module's sources to where DKMS looks (then: dkms install mgre/VERSION)
	$(INSTALL) -d $(DESTDIR)/usr/src/mgre-$(VERSION)
	find Kbuild mgre nhrp include -name Kbuild -o -name '*.[ch]' ! -name '*.mod.c' | \
		xargs cp --parents -t $(DESTDIR)/usr/src/mgre-$(VERSION)
	sed 's/@VERSION@/$(VERSION)/' tools/dkms.conf >$(DESTDIR)/usr/src/mgre-$(VERSION)/dkms.conf

demo: KERNELS = $(KERNEL)
demo: deps built ## show a hub and three spokes at work, in a VM (KERNEL=6.12)
	@$(vm) -k $(KERNEL) -- selftests/demo.sh

check: deps built ## run all tests on both kernels, in VMs (KERNELS="6.1 6.12" TESTS="wire ...")
	@selftests/run.sh $(TESTS)

check-6.1: ## run all tests on Linux 6.1
	@$(MAKE) --no-print-directory check KERNELS=6.1

check-6.12: ## run all tests on Linux 6.12
	@$(MAKE) --no-print-directory check KERNELS=6.12

check-debug: KERNELS = 6.12-debug 6.12-leaks
check-debug: deps built ## run all tests on kernels with KASAN and lockdep, and with kmemleak (6.12-kcsan for KCSAN)
	@selftests/run.sh $(TESTS); status=$$?; \
		set -- build/results/*/*.gcov; [ ! -d "$$1" ] || \
		$(scripts)/coverage.py $(CURDIR) "$$@" || exit; exit $$status

check-kselftest: KERNELS = $(KERNEL)
check-kselftest: deps built ## run all tests with the kernel's own kselftest runner, in a VM (KERNEL=6.12)
	@$(scripts)/kselftest.sh $(KERNEL)

bench: KERNELS = $(KERNEL)
bench: deps built ## measure packets and tables beside ip_gre, in a VM (KERNEL=6.12, BENCH_*)
	@$(vm) -k $(KERNEL) -t 3000 -m 3000 --icount -- env \
		$(foreach name,$(filter BENCH_%,$(.VARIABLES)),'$(name)=$($(name))') \
		selftests/bench.sh

lint: ## check the sources: checkpatch, warnings, sparse, shellcheck, man pages, layers
	@$(scripts)/deps.sh lint
	@$(scripts)/lint.sh

clean: ## remove everything that was built
	find . -maxdepth 2 ! -path './.git*' \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name Module.symvers \
		-o -name modules.order \) -delete
	$(RM) -r build
	@for dir in $(tools); do $(MAKE) -C $$dir clean || exit 1; done

help: ## print this list
	@sed -nE 's/^([a-z][a-z0-9.-]*):[^#]* ## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		expand -t 17

headers:
	@[ -e $(KDIR)/Makefile ] || { \
		echo "mgre: no kernel headers at $(KDIR): apt-get install linux-headers-$$(uname -r), or give KDIR=" >&2; \
		exit 1; }

deps:
	@$(scripts)/deps.sh check

# A module for each kernel that is to be tested, in build/RELEASE, one with the
# unit tests beside it, and the tools.
built: deps
	@for kernel in $(KERNELS); do \
		release=$$(selftests/vm/kernel release $$kernel) && \
		$(scripts)/build.sh $$kernel build/$$release -j$$(nproc) && \
		$(scripts)/build.sh $$kernel build/$$release-selftest \
			MGRE_SELFTEST=y -j$$(nproc) || exit 1; \
	done
	@$(MAKE) -s --no-print-directory tools

.PHONY: all modules tools install uninstall dkms-install demo check check-6.1 check-6.12 check-debug \
	check-kselftest bench lint clean help headers deps deps-build built
