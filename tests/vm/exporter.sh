#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.12
# timeout: 300
#
# The exporter's units as they are shipped, under a real systemd: that a socket-activated user that exists only while it
# runs, in all its confinement, may ask synwardd and nothing more, and that systemd can start it anew.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

URL=http://127.0.0.1:9797/metrics
UNITS=/run/systemd/system

# systemd is the first process of a PID namespace of its own; the files in /run are shared with it. What a whole system
# does as it starts is left out: emulated, it takes a minute.
systemd_up() {
	local unit
	mkdir -p "$UNITS" /run/log/journal
	for unit in systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-sysusers systemd-hwdb-update; do
		ln -s /dev/null "$UNITS/$unit.service"
	done
	printf '[Unit]\nWants=synward-exporter.socket systemd-journald.service\n' >"$UNITS/machine.target"
	container=synward unshare --fork --pid --mount --cgroup --mount-proc \
		/lib/systemd/systemd --unit=machine.target >/run/systemd.out 2>&1 &
	lab_wait_for "systemd to listen" 60 is_active synward-exporter.socket
}

# It talks to those alone whose PID it can see.
in_systemd() { nsenter --pid --mount --target "$(pgrep -xo systemd)" "$@"; }

metric() { curl -sf --max-time 20 "$URL" | grep "^$1"; }
is_active() { in_systemd systemctl is-active --quiet "$1"; }
main_pid() { in_systemd systemctl show -P MainPID synward-exporter.service; }

# The process as the kernel sees it. Its PID is that of systemd's namespace, so it is found by name.
confined() {
	local status
	status=/proc/$(pgrep -x synward-exporte)/status
	cat "$status"
	grep -qE '^CapEff:\s0+$' "$status" && grep -qE '^CapBnd:\s0+$' "$status" && grep -qE '^NoNewPrivs:\s1$' "$status" &&
		grep -qE '^Seccomp:\s2$' "$status" && refuse grep -qE '^Uid:\s0' "$status" &&
		grep -qE "^Groups:.*\b$(getent group synward | cut -d: -f3)\b" "$status"
}

starts_anew() {
	local before
	before=$(main_pid)
	kill -SEGV "$(pgrep -x synward-exporte)" &&
		lab_wait_for "another one" 30 anew "$before"
}
anew() { metric synward_up && (($(main_pid) > 0 && $(main_pid) != $1)); }

getent group synward >/dev/null || groupadd --system synward
lab_up 2 || exit 1
install -D -m 755 "$O/synward-exporter" /usr/local/bin/synward-exporter
mkdir -p "$UNITS"
cp "$guest_root/dist/synward-exporter.socket" "$UNITS/"
sed 's|@bindir@|/usr/local/bin|' "$guest_root/dist/synward-exporter.service.in" >"$UNITS/synward-exporter.service"
MODE=auto
expect "synwardd starts" synward_start --interface srv0 --ports 80 || guest_end
expect "its socket is the group's" test "$(stat -c '%a %G' "$SOCKET")" = "660 synward"
expect "systemd listens" systemd_up || guest_end
expect "and has not started it" refuse is_active synward-exporter.service
expect "the first scrape starts it, and it may ask" metric 'synward_up 1' ||
	in_systemd journalctl --no-pager -u synward-exporter.service | sed 's/^/# /'
expect "it is active" is_active synward-exporter.service
expect "it has no capability, no right to gain one, and a user of its own" confined
expect "after a crash it is started anew" starts_anew
expect "it stops" in_systemd systemctl stop synward-exporter.service
expect "and the next scrape starts it" metric 'synward_up 1'
expect "synwardd stops" synward_stop
lab_wait_for "synward_up 0" 10 metric 'synward_up 0'
expect "and it says so" metric 'synward_up 0'
guest_end
