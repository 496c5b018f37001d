# SPDX-License-Identifier: GPL-2.0-or-later
# patcherd: see README.md. Everything that is made lies in $(BUILD).
#
#   make                 the daemon and the client
#   make deps            install what building and testing needs (apt, Debian 12)
#   make module KVER=…   the kernel module, against that kernel's headers
#   make install         DESTDIR= PREFIX=/usr/local
#   make check           all tests       make demo   the live demonstration
#   make bench           the measurements of speed
#   make lint            static analysis
#   SAN=address,undefined with any of them: a sanitizer build, in $(BUILD)-san

VERSION := 0.1.0
BUILD ?= build$(if $(SAN),-san)
PREFIX ?= /usr/local
DESTDIR ?=

CC = gcc
CFLAGS ?= -O2 -g
# gcc and clang differ in what hardening they have: probe each flag.
flag = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
HARDENING := $(foreach f,-fstack-protector-strong -fstack-clash-protection -fcf-protection,$(call flag,$(f)))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Iinclude -I. \
	-Wall -Wextra -Wformat=2 -Wshadow $(if $(CI),-Werror) \
	$(HARDENING) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,-D_FORTIFY_SOURCE=2) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

LIBS = -lcapstone -lelf -lyaml -ljansson
DAEMON_LIBS = $(LIBS) -lsqlite3 -lsodium
CLIENT_LIBS = $(LIBS) -lbfd

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJECTS := $(call objects,$(wildcard lib/*.c))
DAEMON_OBJECTS := $(call objects,$(wildcard patcherd/*.c))
CLIENT_OBJECTS := $(call objects,$(wildcard patchctl/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))

.PHONY: all deps module install check demo bench lint clean unit
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

# A unit test links what it uses of lib.a; one for the daemon's parts names their objects here.
unit: $(UNIT_TESTS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/lib.a $(DAEMON_LIBS) -lcmocka

faults = $(patsubst %.c,$(BUILD)/obj/faults/%.o,$(1))
TRANSACTION = $(patsubst %,patcherd/%.c,transaction transaction_revert store claim look)
$(BUILD)/tests/test_look: $(call objects,patcherd/look.c)
$(BUILD)/tests/test_claim: $(call objects,patcherd/look.c patcherd/claim.c)
$(BUILD)/tests/test_transaction $(BUILD)/tests/test_revert: $(call objects,$(TRANSACTION))
$(BUILD)/tests/test_recover: $(call faults,$(TRANSACTION) patcherd/recover.c)

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
	sed 's,@sbindir@,$(SBINDIR),' systemd/patcherd.service >$(DESTDIR)$(UNITDIR)/patcherd.service

# ---- what building and testing needs -----------------------------------------------------------

PACKAGES = build-essential pkg-config libelf-dev binutils-dev libcapstone-dev libyaml-dev \
	libjansson-dev libsqlite3-dev libsodium-dev libcmocka-dev qemu-system-x86 mmdebstrap mandoc \
	kmod cpio busybox-static xz-utils zstd lz4 e2fsprogs python3-minimal bc perl gdb \
	cppcheck clang clang-tidy

# Asks apt only for what is missing.
deps:
	@missing=$$(for p in $(PACKAGES); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; \
	done); \
	if [ -n "$$missing" ]; then \
		echo "installing:" $$missing; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

# ---- looking at the code -----------------------------------------------------------------------

SOURCES = $(wildcard lib/*.c patcherd/*.c patchctl/*.c)

lint:
	$(MAKE) BUILD=build-lint CFLAGS='-O2 -Werror -fanalyzer' all
	clang-tidy --quiet $(SOURCES) -- $(filter-out -fstack-clash-protection,$(ALL_CFLAGS))
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability \
		--suppress=missingIncludeSystem -Iinclude -I. -DVERSION='""' $(SOURCES)
	mandoc -Tlint -Wstyle man/*.[58]

# The kernel module, in a directory for each kernel. KDIR: a tree of headers that is not installed.
KVER ?= $(shell $(if $(KDIR),cut -d '"' -f 2 $(KDIR)/include/generated/utsrelease.h,uname -r))
KDIR ?= /lib/modules/$(KVER)/build
KMOD = $(BUILD)/kmod-$(KVER)
module:
	@test -f $(KDIR)/Makefile || { echo "no headers of kernel $(KVER) in $(KDIR):" \
		"apt-get install linux-headers-$(KVER), or give KVER= or KDIR=" >&2; exit 1; }
	@mkdir -p $(KMOD)
	@cp -u kmod/* include/patcher_kmem.h $(KMOD)
	$(MAKE) -C $(KDIR) M=$(abspath $(KMOD)) KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES= modules

clean:
	rm -rf build build-san build-lint

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
