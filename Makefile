# SPDX-License-Identifier: GPL-2.0-or-later
# patcherd: see README.md. Everything that is made lies in $(BUILD).
#
#   make                 the daemon and the client
#   make deps            install what building and testing needs (apt, Debian 12)
#   make module KVER=…   the kernel module, against that kernel's headers
#   make install         DESTDIR= PREFIX=/usr/local
#   make check           all tests       make demo   the live demonstration
#   make check-kernels   every kernel we test with, and the long tests
#   make check-crash     killed, starved and overrun: every point of what check takes some of
#   make bench           the measurements of speed
#   make fuzz            the fuzzers, SECONDS each
#   make lint            static analysis
#   SAN=address,undefined with any of them: a sanitizer build, in $(BUILD)-san, with ARCH=i386 too
#   ARCH=i386 with the first or unit: 32-bit programs, in build-i386, made on amd64

VERSION := 0.1.0
BUILD ?= build$(if $(ARCH),-$(ARCH))$(if $(SAN),-san)
PREFIX ?= /usr/local
DESTDIR ?=

CC = gcc
CFLAGS ?= -O2 -g

# What we link, as Debian names it.
LIBRARIES = libelf-dev libdw-dev libbpf-dev binutils-dev libiberty-dev libcapstone-dev libyaml-dev libjansson-dev \
	zlib1g-dev libzstd-dev liblzma-dev liblz4-dev libsqlite3-dev libsodium-dev libcmocka-dev

# 32-bit programs, against i386's packages, which are unpacked and not installed. The unit tests run
# where they are made, with the libraries unpacked too; the other programs where i386 is installed.
ifeq ($(ARCH),i386)
SYSROOT := $(shell tests/guest/sysroot.sh $(LIBRARIES))
$(if $(SYSROOT),,$(error tests/guest/sysroot.sh failed))
override CC += -m32 --sysroot=$(SYSROOT) -B$(SYSROOT)/usr/lib/gcc/i686-linux-gnu/12/
TEST_LDFLAGS = -Wl,--dynamic-linker,$(SYSROOT)/lib/ld-linux.so.2,--disable-new-dtags \
	-Wl,-rpath,$(SYSROOT)/lib/i386-linux-gnu:$(SYSROOT)/usr/lib/i386-linux-gnu
endif
# gcc and clang differ in what hardening they have: probe each flag.
flag = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
HARDENING := $(foreach f,-fstack-protector-strong -fstack-clash-protection -fcf-protection,$(call flag,$(f)))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DVERSION='"$(VERSION)"' -Iinclude -I. \
	-Wall -Wextra -Wformat=2 -Wshadow $(if $(CI),-Werror) \
	$(HARDENING) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,-D_FORTIFY_SOURCE=2) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

comma := ,
LIBS = -lcapstone -lbpf -lelf -llzma -llz4 -lzstd -lz -lyaml -ljansson -lsodium
DAEMON_LIBS = $(LIBS) -lsqlite3
# patchctl is linked statically: it starts in a fifth of the time, as the dynamic loader would relocate
# 80,000 pointers of libcapstone and libbfd at each start, and runs in a rescue shell. Its dlopen(),
# which libbfd calls for plugins, is the one in patchctl/debug.c.
CLIENT_LIBS = $(LIBS) -lbfd $(if $(SAN),,-static -lsframe -liberty -Wl$(comma)--wrap=dlopen) -lzstd -lz -lpthread

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJECTS := $(call objects,$(wildcard lib/*.c))
DAEMON_OBJECTS := $(call objects,$(wildcard patcherd/*.c))
CLIENT_OBJECTS := $(call objects,$(wildcard patchctl/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))

.PHONY: all deps deps-lint module module-test install install-module check check-kernels check-crash demo bench fuzz lint clean unit
.SECONDARY:

all: $(BUILD)/patcherd $(BUILD)/patchctl

$(BUILD)/patcherd: $(DAEMON_OBJECTS) $(BUILD)/lib.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

# A daemon that kills itself at the point that PATCHERD_FAULT names, see patcherd/fault.h.
$(BUILD)/faults/patcherd: $(DAEMON_OBJECTS:$(BUILD)/obj/%=$(BUILD)/obj/faults/%) $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

$(BUILD)/obj/faults/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DPATCHERD_FAULTS -MMD -MP -c -o $@ $<

$(BUILD)/patchctl: $(CLIENT_OBJECTS) $(BUILD)/lib.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CLIENT_LIBS)

$(BUILD)/lib.a: $(LIB_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# It includes the text of the interface, which no -MMD sees.
$(BUILD)/obj/patcherd/interface.o $(BUILD)/obj/faults/patcherd/interface.o: include/io.patcherd.varlink

# Programs that run in a guest.
$(addprefix $(BUILD)/tests/guest/,module_test target_test stress): $(BUILD)/obj/tests/guest/kmem.o
$(BUILD)/tests/guest/%: $(BUILD)/obj/tests/guest/%.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/lib.a -lelf

# A unit test links what it uses of lib.a; one for the daemon's parts names their objects here.
unit: $(UNIT_TESTS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/lib.a $(DAEMON_LIBS) -lcmocka

# Compares lib/insn and lib/asm with libopcodes: tests/boundaries/run.
$(BUILD)/tests/boundaries: $(BUILD)/obj/tests/boundaries/boundaries.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcapstone -lopcodes -lbfd

# Prints the owners that lib/hazard finds in an image: tests/tables/owners.t.
$(BUILD)/tests/owners: $(BUILD)/obj/tests/tables/owners.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Prints where the stack's depth changes in a module: tests/tables/orc.t.
$(BUILD)/tests/orc: $(BUILD)/obj/tests/tables/orc.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Finds instructions again by patterns made of them: tests/patterns/patterns.t.
$(BUILD)/tests/patterns: $(BUILD)/obj/tests/patterns/patterns.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Prints what differs in the structs of two object files: tests/layouts/layouts.t.
$(BUILD)/tests/layouts: $(BUILD)/obj/tests/layouts/layouts.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

faults = $(patsubst %.c,$(BUILD)/obj/faults/%.o,$(1))
TRANSACTION = $(patsubst %,patcherd/%.c,transaction transaction_revert transaction_return store claim \
	look offline trace replace times)
$(BUILD)/tests/test_confirm: $(call objects,patcherd/confirm.c)
$(BUILD)/tests/test_keep: $(call objects,patcherd/keep.c)
$(BUILD)/tests/test_keep: TEST_LDFLAGS += -Wl,--wrap=write,--wrap=fsync,--wrap=renameat
$(BUILD)/tests/test_marker: $(call objects,patcherd/keep.c patcherd/marker.c)
$(BUILD)/tests/test_marker: TEST_LDFLAGS += -Wl,--wrap=unlinkat
$(BUILD)/tests/test_server: $(call objects,patcherd/server.c)
$(BUILD)/tests/test_trouble: $(call objects,patcherd/trouble.c)
$(BUILD)/tests/test_trouble: TEST_LDFLAGS += -Wl,--wrap=read
$(BUILD)/tests/test_trace: $(call objects,patcherd/trace.c)
$(BUILD)/tests/test_log: $(call objects,patcherd/log.c)
$(BUILD)/tests/test_log: TEST_LDFLAGS += -Wl,--wrap=connect
$(BUILD)/tests/test_look: $(call objects,patcherd/look.c)
$(BUILD)/tests/test_uevent: $(call objects,patcherd/uevent.c)
$(BUILD)/tests/test_drift: $(call objects,patcherd/drift_describe.c)
$(BUILD)/tests/test_drift_look: $(call objects,patcherd/drift.c patcherd/drift_describe.c patcherd/look.c)
$(BUILD)/tests/test_modules_watch: $(call objects,patcherd/modules_watch.c)
$(BUILD)/tests/test_disarm: $(call objects,patcherd/disarm.c)
$(BUILD)/tests/test_arming: $(call objects,patcherd/arming.c)
$(BUILD)/tests/test_armed: $(call objects,patcherd/armed.c patcherd/armed_state.c)
$(BUILD)/tests/test_armed: TEST_LDFLAGS += -Wl,--wrap=modules_load,--wrap=module_identity
$(BUILD)/tests/test_armed_state: $(call objects,patcherd/armed_state.c)
$(BUILD)/tests/test_site_owners: $(call objects,patcherd/site_owners.c)
$(BUILD)/tests/test_claim: $(call objects,patcherd/look.c patcherd/claim.c patcherd/replace.c patcherd/store.c \
	patcherd/times.c)
$(BUILD)/tests/test_transaction $(BUILD)/tests/test_revert: $(call objects,$(TRANSACTION))
$(addprefix $(BUILD)/tests/test_,recover replace return): $(call faults,$(TRANSACTION) patcherd/recover.c)
$(BUILD)/tests/test_offline: $(call faults,$(TRANSACTION) patcherd/recover.c)

$(BUILD)/tests/symtab_bench: $(BUILD)/obj/tests/bench/symtab_bench.o $(BUILD)/lib.a
$(BUILD)/tests/hazard_bench: $(BUILD)/obj/tests/bench/hazard_bench.o $(BUILD)/lib.a
$(BUILD)/tests/sites: $(BUILD)/obj/tests/bench/sites.o $(BUILD)/lib.a
$(BUILD)/tests/symtab_bench $(BUILD)/tests/hazard_bench $(BUILD)/tests/sites:
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# ---- running them ------------------------------------------------------------------------------

# The unit tests run twice, the second time with sanitizers. Those in guests come last: a fault
# that costs a second to find is found before.
TESTS = $(UNIT_TESTS) $(UNIT_TESTS:$(BUILD)/%=build-san/%) tests/spec/run \
	$(wildcard tests/client/*.t tests/server/*.t tests/crash/*.t tests/boundaries/*.t tests/tables/*.t \
	tests/patterns/*.t tests/derive/*.t tests/drift/*.t tests/layouts/*.t tests/fuzz/*.t tests/guest/*.t)

check: deps
	$(MAKE) --no-print-directory all unit $(BUILD)/faults/patcherd $(BUILD)/tests/boundaries \
		$(BUILD)/tests/owners $(BUILD)/tests/orc $(BUILD)/tests/patterns \
		$(BUILD)/tests/layouts
	$(MAKE) --no-print-directory SAN=address,undefined BUILD=build-san unit build-san/faults/patcherd \
		$(REPLAYS:%=build-san/%)
	prove --timer --exec '' $(TESTS)

# Killed or told to end at each of its system calls, in a guest too, each of those failing, 50 clients for
# a minute, and the power cut 200 times: this, and the kills in a guest, each take an hour in an emulator.
check-crash: deps
	$(MAKE) --no-print-directory all $(BUILD)/faults/patcherd
	$(MAKE) --no-print-directory SAN=address,undefined BUILD=build-san build-san/faults/patcherd
	tests/crash/kill.t 1
	TIMEOUT=7200 tests/crash/kill-module.t 1 1
	tests/crash/term.t 1
	tests/crash/errors.t 1
	tests/crash/clients.t 60
	tests/crash/power.t 200

# The unit tests as 32-bit programs, every kernel of tests/guest/matrix, then the hammer and the stress
# with their full numbers, which take hours in an emulator.
check-kernels: deps
	$(MAKE) --no-print-directory all $(BUILD)/faults/patcherd
	$(MAKE) --no-print-directory ARCH=i386 SAN=address,undefined BUILD=build-i386-san unit
	prove --exec '' $(UNIT_TESTS:$(BUILD)/%=build-i386-san/%)
	tests/guest/matrix
	tests/patterns/flavours
	for kernel in 5.10-kmem 5.10-i386 5.10-i386-pae 6.1-686-pae; do \
		KERNEL=$$kernel tests/guest/shipped.t || exit 1; done
	KERNEL=6.12 tests/guest/digest.t
	KERNEL=6.12 tests/guest/confirm.t
	TIMEOUT=7200 tests/guest/hammer.t 10000
	TIMEOUT=7200 KERNEL=5.10-kmem tests/guest/hammer.t 10000
	TIMEOUT=7200 tests/guest/modules.t 100
	TIMEOUT=7200 tests/guest/stress.t churn 5000
	TIMEOUT=7200 KERNEL=5.10-kmem tests/guest/stress.t churn 5000
	TIMEOUT=7200 tests/guest/stress.t reload 500
	TIMEOUT=7200 KERNEL=6.1-686-pae tests/guest/stress.t reload 500

demo: deps
	@$(MAKE) --no-print-directory all
	@tests/guest/demo

bench: deps
	@$(MAKE) --no-print-directory all $(BUILD)/tests/symtab_bench \
		$(BUILD)/tests/hazard_bench $(BUILD)/tests/sites
	@tests/bench/bench

# Each fuzzer for SECONDS, from its corpus where one is kept; what it learns stays in build-fuzz.
SECONDS = 600
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
fuzz: deps-lint
	$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined BUILD=build-fuzz \
		$(FUZZERS:%=build-fuzz/%)
	for f in $(FUZZERS); do \
		mkdir -p build-fuzz/corpus/$$f && \
		build-fuzz/$$f -max_total_time=$(SECONDS) -verbosity=0 build-fuzz/corpus/$$f \
			$$(ls -d tests/fuzz/corpus/$${f#fuzz_} 2>/dev/null) || exit 1; \
	done

# The same on the files of tests/fuzz/corpus, by any compiler: tests/fuzz/replay.t.
REPLAYS = $(patsubst tests/fuzz/corpus/%,replay_%,$(wildcard tests/fuzz/corpus/*))
$(BUILD)/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay/main.o $(BUILD)/lib.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/lib.a
	$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

# ---- installing --------------------------------------------------------------------------------

SBINDIR = $(PREFIX)/sbin
UNITDIR = $(PREFIX)/lib/systemd/system

install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/patcherd \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(BUILD)/patcherd $(BUILD)/patchctl $(DESTDIR)$(SBINDIR)
	install -m 644 man/patch.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 man/patcherd.8 man/patchctl.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 patches/* include/io.patcherd.varlink $(DESTDIR)$(PREFIX)/share/patcherd
	install -m 644 systemd/patcherd.socket $(DESTDIR)$(UNITDIR)
	install -m 644 systemd/patcherd-ways.conf $(DESTDIR)$(PREFIX)/share/patcherd
	for unit in patcherd.service patcherd-boot.service; do \
		sed 's,@sbindir@,$(SBINDIR),' systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	install -d $(DESTDIR)$(UNITDIR)/multi-user.target.wants
	ln -sf ../patcherd-boot.service $(DESTDIR)$(UNITDIR)/multi-user.target.wants

# ---- what building and testing needs -----------------------------------------------------------

PACKAGES = build-essential pkg-config $(LIBRARIES) \
	qemu-system-x86 mmdebstrap arch-test kmod cpio xz-utils zstd lz4 e2fsprogs \
	bc bison flex strace clang dwarves \
	python3-minimal python3-jsonschema python3-yaml mandoc
LINT_PACKAGES = clang-tidy cppcheck libclang-rt-14-dev mandoc

# Asks apt only for what is missing of $(1).
install_missing = @missing=$$(for p in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; \
	done); \
	if [ -n "$$missing" ]; then \
		echo "installing:" $$missing; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

deps:
	$(call install_missing,$(PACKAGES))

deps-lint: deps
	$(call install_missing,$(LINT_PACKAGES))

# ---- looking at the code -----------------------------------------------------------------------

SOURCES = $(wildcard lib/*.c patcherd/*.c patchctl/*.c)

# To gcc's analyzer what is stored through a pointer leaks where the function that stores it ends, and
# to cppcheck whatever a cleanup attribute frees: the unit tests look for leaks, with a sanitizer.
# cppcheck does not read jansson.h. mandoc looks for the manuals that ours name among the installed.
lint: deps-lint
	$(MAKE) BUILD=build-lint/gcc CFLAGS='-O2 -Werror -fanalyzer -Wno-analyzer-malloc-leak' all
	$(MAKE) BUILD=build-lint/clang CC=clang CFLAGS='-O2 -Werror' all unit
	$(MAKE) -k -j$(shell nproc) CC=clang $(SOURCES:%=tidy-%)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability \
		--suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
		-D'json_array_foreach(array,i,item)=while ((item = json_array_get(array, i)) != NULL)' \
		-Iinclude -I. -DVERSION='""' $(SOURCES)
	! mandoc -Tlint -Wstyle man/*.[58] 2>&1 | grep -v -e 'mandoc.db' -e 'referenced manual not found'

# Its rules are in .clang-tidy.
$(SOURCES:%=tidy-%): tidy-%:
	@clang-tidy --quiet $* -- $(ALL_CFLAGS)

# The kernel module, in a directory for each kernel. KDIR: a tree of headers that is not installed.
KVER ?= $(shell $(if $(filter file,$(origin KDIR)),uname -r,\
	cut -d '"' -f 2 $(KDIR)/include/generated/utsrelease.h))
KDIR ?= /lib/modules/$(KVER)/build
KMOD = $(BUILD)/kmod-$(KVER)
# Two kernels of one release, one after the other, may be configured differently.
KCONFIG = $(wildcard $(KDIR)/include/config/auto.conf)
module: $(KMOD)/patcher_kmem.ko
module-test: $(KMOD)/test/patcherd_test.ko
$(KMOD)/patcher_kmem.ko $(KMOD)/test/patcherd_test.ko: $(KCONFIG)
$(KMOD)/patcher_kmem.ko: kmod/patcher_kmem.c kmod/Kbuild include/patcher_kmem.h
$(KMOD)/test/patcherd_test.ko: $(wildcard tests/guest/kmod/*)
$(KMOD)/%.ko:
	@test -f $(KDIR)/Makefile || { echo "no headers of kernel $(KVER) in $(KDIR):" \
		"apt-get install linux-headers-$(KVER), or give KVER= or KDIR=" >&2; exit 1; }
	@mkdir -p $(@D)
	@cp $(filter-out $(KCONFIG),$^) $(@D)
	$(MAKE) -C $(KDIR) M=$(abspath $(@D)) KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES= modules

install-module: module
	install -D -m 644 $(KMOD)/patcher_kmem.ko \
		$(DESTDIR)/lib/modules/$(KVER)/updates/patcher_kmem.ko
	$(if $(DESTDIR),,depmod $(KVER))

clean:
	rm -rf build build-san build-i386 build-i386-san build-lint build-fuzz

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
