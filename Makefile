# SPDX-License-Identifier: GPL-2.0-only
# Builds, tests and shows synward. `make help` lists what there is.
#
#   V=1    print whole command lines       SAN=1  build with address and undefined sanitizers
#   O=dir  build elsewhere than build/

O       ?= build
VERSION := 0.1$(addprefix +g,$(shell git rev-parse --short HEAD 2>/dev/null))

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool /usr/local/sbin/bpftool) bpftool)
PREFIX  ?= /usr/local

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

WARN    := -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANFLAG := $(if $(SAN),$(SANITIZE))
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS) $(SANFLAG) -MMD -MP -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-Iinclude -I$(O)

# Rebuild what shows the version when it changes.
$(shell mkdir -p $(O); test "$$(cat $(O)/version 2>&1)" = "$(VERSION)" || echo "$(VERSION)" > $(O)/version)
# UAPI headers live in the multiarch directory on Debian and its kin; clang's bpf target does not look there.
ARCH_INC := $(addprefix -idirafter /usr/include/,$(shell $(CC) -print-multiarch 2>/dev/null))
BPF_CFLAGS = -std=gnu11 -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wshadow -Werror \
	-Wno-unused-parameter -MMD -MP -Iinclude -Ibpf $(ARCH_INC)

DAEMON_LIBS := -lbpf -linih -lsystemd -ljansson -lmnl -lm
CLI_LIBS    := -ljansson -linih
EXPORTER_LIBS := -ljansson -lmicrohttpd -lsystemd
LAB_LIBS    := -lbpf -ljansson -lpthread -lm
UNIT_LIBS   := -lcmocka -ljansson -linih -lsystemd
FUZZ_LIBS   := -ljansson -linih

BPF_SKELS  := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))
DAEMON_SRC := $(wildcard daemon/*.c)
# `synward config` reads as synwardd does, and `synward detach` finds what it left.
CLI_SRC    := $(wildcard cli/*.c) $(wildcard daemon/config*.c) daemon/pins.c
EXPORTER_SRC := $(wildcard daemon/exporter/*.c) cli/metrics.c cli/wire.c
LAB_TOOLS  := $(patsubst tests/lab/%.c,$(O)/lab/%,$(filter-out %.bpf.c,$(wildcard tests/lab/*.c)))
LAB_SKELS  := $(patsubst tests/lab/%.bpf.c,$(O)/lab/%.skel.h,$(wildcard tests/lab/*.bpf.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_SKELS := $(patsubst bench/%.bpf.c,$(O)/bench/%.skel.h,$(wildcard bench/*.bpf.c))
PROG_TESTS := $(patsubst tests/prog/%.c,$(O)/prog/%,$(wildcard tests/prog/test_*.c))

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
.PHONY: all help deps demo check check-unit check-prog check-e2e check-fuzz check-lab check-kernels bench bench-program bench-flood bench-traffic stat lint format run lab tests man clean deb install uninstall FORCE

all: $(O)/synwardd $(O)/synward $(O)/synward-exporter ## build the daemon, the CLI and the exporter

help: ## list the targets
	$(Q)sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' Makefile

deps: ## install what building and testing need (Debian packages)
	$(Q)tests/lab/deps.sh

# The first make may have begun without a compiler: what needs one runs in a second.
demo: deps ## a flood, and what it does to a server without and with synward; 60 s, touches nothing outside
	$(Q)$(MAKE) --no-print-directory all lab
	$(Q)tests/lab/demo.sh

check: deps ## every test
	$(Q)$(MAKE) --no-print-directory all lab tests
	$(Q)O=$(O) tests/check.sh lint unit fuzz stat prog lab e2e

check-unit check-fuzz check-prog check-e2e check-lab: check-%: all lab tests
	$(Q)O=$(O) tests/check.sh $*

check-kernels: deps ## other kernels (Debian's 6.1 and 6.12) in QEMU: downloads them, half an hour
	$(Q)$(MAKE) --no-print-directory all lab $(PROG_TESTS) deb
	$(Q)O=$(O) tests/vm/check.sh

bench: ## what a packet costs, the flood curve, and peace: the next three, as tables and build/bench.json; half an hour
	$(Q)tests/lab/deps.sh bench
	$(Q)$(MAKE) --no-print-directory all lab $(O)/bench/program
	$(Q)O=$(O) bench/all.sh

bench-program: ## what a packet costs, by kind, above a program that only sends it back, and its budget; 3 minutes
bench-flood: ## floods of rising rates, and real clients, behind the kernel's defences and synward; 20 minutes
bench-traffic: ## throughput and requests a second without attack; 4 minutes
bench-program bench-flood bench-traffic: bench-%:
	$(Q)tests/lab/deps.sh bench
	$(Q)$(MAKE) --no-print-directory all lab $(O)/bench/program
	$(Q)O=$(O) bench/$*.sh

run: ## protect a real NIC until Ctrl-C: make run IFACE=eth0 PORTS=80,443 [MODE=auto|always|monitor]
	$(Q)test -n "$(IFACE)" -a -n "$(PORTS)" || { echo "usage: sudo make run IFACE=eth0 PORTS=443" >&2; exit 2; }
	$(Q)tests/lab/deps.sh
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(O)/synwardd --interface $(IFACE) --ports $(PORTS) $(if $(MODE),--mode $(MODE))

stat: $(O)/prog/stat ## the size of each BPF program, against its budget in bpf/stat.budget
	$(Q)$< bpf/stat.budget

lint: ## format, licence lines, man pages, cppcheck, shellcheck
	$(Q)tests/lint.sh

format: ## mend the format
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')

## ---- the data path and the programs -----------------------------------------------------------

$(O)/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/%.skel.h: $(O)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$(notdir $*))_bpf > $@

$(O)/daemon/%.o: daemon/%.c $(O)/version | $(BPF_SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(O)/cli/%.o: cli/%.c $(O)/version
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(O)/daemon/exporter/%.o: daemon/exporter/%.c $(O)/version
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Icli -c $< -o $@

$(O)/synwardd: $(DAEMON_SRC:%.c=$(O)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAG) $(LDFLAGS) $^ -o $@ $(DAEMON_LIBS)

$(O)/synward: $(CLI_SRC:%.c=$(O)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAG) $(LDFLAGS) $^ -o $@ $(CLI_LIBS)

$(O)/synward-exporter: $(EXPORTER_SRC:%.c=$(O)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAG) $(LDFLAGS) $^ -o $@ $(EXPORTER_LIBS)

## ---- the lab -----------------------------------------------------------------------------------

lab: $(LAB_TOOLS) ## build the tools of the test bed

# Made on the way to a tool, but not to be thrown away after it.
.SECONDARY: $(LAB_SKELS) $(LAB_SKELS:.skel.h=.bpf.o) $(BENCH_SKELS) $(BENCH_SKELS:.skel.h=.bpf.o) $(BPF_SKELS) $(BPF_SKELS:.skel.h=.bpf.o)

$(O)/lab/%.bpf.o: tests/lab/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/lab/%: tests/lab/%.c | $(LAB_SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MF $@.d $< -o $@ $(LAB_LIBS)

$(O)/bench/%.bpf.o: bench/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(O)/bench/%.skel.h: $(O)/bench/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name bench_bpf > $@

$(O)/bench/%: bench/%.c $(BENCH_SKELS)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -I$(O)/bench -MF $@.d $< -o $@ $(LAB_LIBS)

## ---- tests ---------------------------------------------------------------------------------------

tests: $(UNIT_TESTS) $(PROG_TESTS) $(O)/prog/stat $(FUZZERS)

# libFuzzer targets; `make check` replays the kept corpus and looks for more for a moment. Like a unit test, a fuzzer
# names the sources that it needs in its second line.
FUZZ_CFLAGS = -std=gnu11 -g -O2 -Wall -Wextra -D_GNU_SOURCE -DVERSION='"fuzz"' -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -Iinclude -Idaemon -Icli -Ibpf -Itests/unit
$(O)/fuzz/%: tests/fuzz/%.c
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MM -MP -MT $@ $(unit_sources) > $@.d
	$(Q)$(CLANG) $(FUZZ_CFLAGS) $(unit_sources) -o $@ $(FUZZ_LIBS)

# The second line of a unit test names the sources that it needs: /* sources: daemon/config.c ... */
# Their dependencies are listed first, all in one file, which -MMD does not do for several sources.
UNIT_CFLAGS = $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(SANITIZE) -Idaemon -Icli -Ibpf -Itests/unit
unit_sources = $< $$(sed -n '2s|.*sources:\(.*\)\*/.*|\1|p' $<)
$(O)/unit/%: tests/unit/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_CFLAGS) -MM -MP -MT $@ $(unit_sources) > $@.d
	$(Q)$(CC) $(UNIT_CFLAGS) $(unit_sources) -o $@ $(UNIT_LIBS)

$(O)/prog/%: tests/prog/%.c $(BPF_SKELS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Ibpf -MF $@.d $< -o $@ -lbpf

man: $(patsubst docs/%.scd,$(O)/man/%,$(wildcard docs/*.scd)) ## build the man pages

$(O)/man/%: docs/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)scdoc < $< > $@

# Where it goes. A distribution's package (PREFIX=/usr) asks pkg-config; what is below another PREFIX stays there, and
# systemd, man and bash look below /usr/local too. Each directory can be said: make install UNITDIR=/etc/systemd/system
ask_pkgconf = $(shell test "$(PREFIX)" = /usr && pkg-config --variable=$(2) $(1) 2>/dev/null)
SBINDIR     ?= $(PREFIX)/sbin
BINDIR      ?= $(PREFIX)/bin
MANDIR      ?= $(PREFIX)/share/man
UNITDIR     ?= $(or $(call ask_pkgconf,systemd,systemdsystemunitdir),$(PREFIX)/lib/systemd/system)
SYSUSERSDIR ?= $(or $(call ask_pkgconf,systemd,sysusersdir),$(PREFIX)/lib/sysusers.d)
BASHDIR     ?= $(or $(call ask_pkgconf,bash-completion,completionsdir),$(PREFIX)/share/bash-completion/completions)

# mode:file:where of all that install puts there and uninstall takes away. The config is the operator's: it is not
# among them.
INSTALLED = 755:$(O)/synwardd:$(SBINDIR)/synwardd 755:$(O)/synward:$(BINDIR)/synward \
	755:$(O)/synward-exporter:$(BINDIR)/synward-exporter \
	644:$(O)/dist/synwardd.service:$(UNITDIR)/synwardd.service 644:dist/synward.sysusers:$(SYSUSERSDIR)/synward.conf \
	644:dist/synward.bash:$(BASHDIR)/synward \
	644:$(O)/dist/synward-exporter.service:$(UNITDIR)/synward-exporter.service \
	644:dist/synward-exporter.socket:$(UNITDIR)/synward-exporter.socket \
	644:dist/prometheus/synward.rules.yml:$(PREFIX)/share/synward/prometheus/synward.rules.yml \
	644:dist/grafana/synward.json:$(PREFIX)/share/synward/grafana/synward.json \
	$(foreach page,$(patsubst docs/%.scd,%,$(wildcard docs/*.scd)),644:$(O)/man/$(page):$(MANDIR)/man$(lastword $(subst ., ,$(page)))/$(page))

# Anew each time: the paths in it may be others than before.
$(O)/dist/%: dist/%.in FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sed 's|@sbindir@|$(SBINDIR)|g; s|@bindir@|$(BINDIR)|g' $< > $@
FORCE:

install: all man $(O)/dist/synwardd.service $(O)/dist/synward-exporter.service ## install below PREFIX (default /usr/local) and DESTDIR; starts nothing
	$(Q)for what in $(INSTALLED); do \
		from=$${what#*:}; install -D -m "$${what%%:*}" "$${from%:*}" "$(DESTDIR)$${what##*:}" || exit; done
	$(Q)test -e $(DESTDIR)/etc/synward/synward.conf || \
		install -D -m 644 dist/synward.conf $(DESTDIR)/etc/synward/synward.conf
	$(Q)test -n "$(DESTDIR)" || printf '%s\n' "Installed. Say what to protect, and start it:" \
		"  editor /etc/synward/synward.conf && synward config check" \
		"  systemd-sysusers && systemctl daemon-reload && systemctl enable --now synwardd"

# Without the programs nobody could end what synwardd has left attached.
uninstall: ## remove what install put there; before: systemctl disable --now synwardd; synward detach
	$(Q)test -n "$(DESTDIR)" || ! test -e /sys/fs/bpf/synward || { printf '%s\n' \
		"uninstall: /sys/fs/bpf/synward is still there: devices are protected, and would stay so." \
		"First: systemctl disable --now synwardd synward-exporter.socket; synward detach" >&2; exit 1; }
	$(Q)for what in $(INSTALLED); do rm -f "$(DESTDIR)$${what##*:}" || exit; done
	$(Q)test -n "$(DESTDIR)" || echo "Removed. Kept: /etc/synward (configuration) and /var/lib/synward (what was learned)."

# ---- packages: built from a copy, since a tree that is built has debian/ at its top ----

# Rises with every commit; 0.1 itself will be above it.
DEB_VERSION ?= 0.1~git$(shell git rev-list --count HEAD 2>/dev/null)
MAINTAINER  ?= $(if $(DEBEMAIL),$(or $(DEBFULLNAME),synward) <$(DEBEMAIL)>,$(shell git log -1 --format='%an <%ae>' 2>/dev/null))
DEB_DATE     = $(shell git log -1 --format=%aD 2>/dev/null || date -R)
DEB_TREE    := $(O)/deb/synward
TREE        := LICENSE Makefile README.md bench bpf cli daemon dist docs include tests

deb: ## a Debian package in $O/deb, looked at by lintian
	$(Q)tests/lab/deps.sh deb
	$(Q)rm -rf $(O)/deb
	$(Q)mkdir -p $(DEB_TREE)
	$(Q)cp -r $(TREE) $(DEB_TREE)
	$(Q)mv $(DEB_TREE)/dist/debian $(DEB_TREE)/debian
	$(Q)sed 's|@maintainer@|$(MAINTAINER)|' dist/debian/control.in > $(DEB_TREE)/debian/control
	$(Q)rm $(DEB_TREE)/debian/control.in
	$(Q)printf 'synward (%s) unstable; urgency=medium\n\n  * Built from its tree.\n\n -- %s  %s\n' \
		'$(DEB_VERSION)' '$(MAINTAINER)' '$(DEB_DATE)' > $(DEB_TREE)/debian/changelog
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u O -u DESTDIR dpkg-buildpackage -b -us -uc > ../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	$(Q)lintian --fail-on error --allow-root $(O)/deb/*.changes
	$(Q)ls $(O)/deb/synward_*.deb

clean: ## remove what was built
	$(Q)rm -rf $(O)

-include $(wildcard $(O)/*.d $(O)/*/*.d)
