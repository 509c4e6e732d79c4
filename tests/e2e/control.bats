#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The control socket and those who abuse it: each gets an error or is closed, and neither the daemon's loop nor another
# client notices, nor is anything left of them afterwards. And that it speaks Varlink, as others read it. What is decided
# in a single turn of the loop is in tests/unit/test_control.c and test_monitor.c.
#
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets what run says, and makes subshells of tests
load e2e

bats_require_minimum_version 1.5.0

setup() {
	lab_up
}

PYTHON=/usr/bin/python3 # Debian's

# nobody CMD... : as a user who is not root, in a group that may connect.
nobody() { "${as_nobody[@]}" "$@"; }

# open_to_group: the lab's directory, which is its owner's, is opened to that group.
open_to_group() {
	chgrp "$(stat -c %g "$LAB_DIR/ctl")" "$LAB_DIR"
	chmod 710 "$LAB_DIR"
	cp "$LAB_ROOT/tests/lab/rude.py" "$SYNWARD" "$LAB_DIR"
	chmod 755 "$LAB_DIR"/{rude.py,synward}
	as_nobody=(setpriv --reuid=65534 --regid="$(stat -c %g "$LAB_DIR/ctl")" --clear-groups)
}

# rude KIND CLIENTS SECONDS: so many of them, who are not root, in the background.
rude() {
	lab_spawn "rude-$1" "${as_nobody[@]}" "$PYTHON" "$LAB_DIR/rude.py" "$LAB_DIR/ctl" "$@"
	lab_wait_for "$1 to begin" 10 lab_out_has "rude-$1" '^begun'
}

# rude_ended KIND EXPRESSION: true of what they say when all are closed.
rude_ended() {
	lab_wait "rude-$1" 30 || cat "$LAB_DIR/rude-$1.err" >&2
	tail -n 1 "$LAB_DIR/rude-$1.out" | json "$2"
}

# rude_end KIND EXPRESSION: for those who stay, true of what they say.
rude_end() {
	lab_signal "rude-$1" TERM
	rude_ended "$@"
}

# polite WHO COUNT: the status, so often, by root or nobody; JSON. Each is answered.
polite() {
	local who=()
	[[ $1 == root ]] || who=("$1")
	"${who[@]}" "$PYTHON" "$LAB_DIR/rude.py" "$LAB_DIR/ctl" polite "$2"
}

calls() { "$PYTHON" "$LAB_ROOT/tests/lab/rude.py" "$LAB_DIR/ctl" calls "$@"; }

daemon_fds() { find "/proc/$(lab_pid synwardd)/fd" -type l | wc -l; }
daemon_fds_are() { [[ $(daemon_fds) == "$1" ]]; }
daemon_rss_kb() { awk '/^VmRSS:/ { print $2 }' "/proc/$(lab_pid synwardd)/status"; }

# flat FDS KB [MORE_KB]: it has as many descriptors, and not much more memory, by default half a MB.
flat() {
	local now more=${3:-512}
	lab_wait_for "$1 file descriptors" 8 daemon_fds_are "$1" || {
		ls -l "/proc/$(lab_pid synwardd)/fd" >&2
		return 1
	}
	now=$(daemon_rss_kb)
	echo "RSS: $2 kB, then $now kB"
	((now <= $2 + more))
}

# One of each kind, and what becomes of it.
all_kinds() {
	local kind
	for kind in idle drip huge garbage half deaf deaf-monitor passer busy; do
		rude "$kind" 50 30
	done
	rude leaver 10 30
}

all_kinds_ended() {
	# What is no request is refused, and that is the end.
	rude_ended huge '.closed == 50 and .errors == 50'
	rude_ended garbage '.closed == 50 and .errors == 50'
	rude_ended half '.closed == 50 and .answers == 0'
	# Five seconds for a request, and for an answer.
	rude_ended idle '.closed == 50 and .answers == 0 and .first_closed_s > 4.5'
	rude_ended drip '.closed == 50 and .answers == 0 and .first_closed_s > 4.5'
	rude_ended deaf '.closed == 50 and .first_closed_s > 4.5'
	# Whole requests are answered, whatever comes with them; a subscriber may be silent as long as there is nothing to
	# tell; and who leaves is not missed.
	rude_end busy '.closed == 0 and .answers > 100 and .errors == 0'
	rude_end passer '.closed == 0 and .answers > 100 and .errors == 0'
	rude_end deaf-monitor '.closed == 0'
	rude_end leaver '.answers == 0'
}

@test "who does not behave gets an error or is closed, and nobody else notices" {
	local fds rss said
	serve
	synward_with "mode = always"
	open_to_group
	fds=$(daemon_fds)
	all_kinds
	# Root is answered at once, others who behave in time, and clients of the service notice nothing.
	said=$(polite root 50)
	echo "# root's status: $said" >&3
	json '.answers == 50 and .max_ms < 2000' <<<"$said"
	said=$(polite nobody 5)
	echo "# another's: $said" >&3
	json '.answers == 5' <<<"$said"
	all_served 4 20
	all_served 6 20
	# The loop: what is polled every second is.
	lab_sysctl s net.ipv4.tcp_syncookies=0
	synward_wait '.interfaces[0].path == "monitor"' 2
	lab_sysctl s net.ipv4.tcp_syncookies=1
	synward_wait '.interfaces[0].path == "cookie"' 2
	all_kinds_ended
	flat "$fds" "$(daemon_rss_kb)"
	# Once more: what the first had taken is used again, as far as as many of them meet.
	rss=$(daemon_rss_kb)
	all_kinds
	all_kinds_ended
	flat "$fds" "$rss" 2048
}

nr_lines() { grep -c "$1" "$LAB_DIR/synwardd.err"; }

@test "more clients than there may be: the idlest go, and their lines leave out nobody else's" {
	local fds began=$SECONDS
	synward_with
	open_to_group
	fds=$(daemon_fds)
	rude idle 1200 30
	# Each of these makes room for the next.
	lab_spawn polite "$PYTHON" "$LAB_DIR/rude.py" "$LAB_DIR/ctl" polite 100
	for _ in {1..8}; do
		synward_cli arm web
		sleep 0.2
	done
	lab_wait polite 10
	json '.answers == 100 and .max_ms < 2000' <"$LAB_DIR/polite.out"
	[[ $(nr_lines "service web: armed by hand") == 8 ]]
	(($(nr_lines "idle longest") >= 10))
	(($(nr_lines "idle longest") <= 10 * (SECONDS - began + 1)))
	rude_ended idle '.closed == 1200 and .first_closed_s < 4'
	flat "$fds" "$(daemon_rss_kb)"
}

# attack_ports FIRST NR: SYNs to so many ports, by which each is under attack: two events for each, in time.
attack_ports() {
	lab_c "$PYTHON" - "$1" "$2" <<-'END'
		import socket, sys
		first, nr = int(sys.argv[1]), int(sys.argv[2])
		for _ in range(3):
		    for port in range(first, first + nr):
		        sock = socket.socket()
		        sock.setblocking(False)
		        sock.connect_ex(("192.0.2.1", port))
		        sock.close()
	END
}

@test "events that one does not read are no reason that another misses them" {
	local fds began=$SECONDS
	synward_conf
	printf '%s\n' "[service many]" "ports = 20000-20799" "mode = monitor" "arm-syn-rate = 1" "hold = 1s" \
		>>"$LAB_DIR/synward.conf"
	synward_up_conf
	open_to_group
	fds=$(daemon_fds)
	rude deaf-monitor 20 25
	rude monitor 1 25
	attack_ports 20000 800
	lab_wait_for "the deaf to be closed" 20 lab_ended rude-deaf-monitor
	rude_ended deaf-monitor '.closed == 20'
	synward_said "a client of Monitor is closed: it does not take its events"
	json '.answers == 5' <<<"$(polite root 5)"
	synward_wait '[.services[] | select(.attacked)] == []' 10
	rude_end monitor '.closed == 0 and .answers == 1600'
	# Nor does the log have a line for each of them.
	(($(nr_lines "event=attack_") <= 10 * (SECONDS - began + 1)))
	synward_said "lines left out"
	flat "$fds" "$(daemon_rss_kb)"
}

@test "a thousand looks and a thousand reloads leave nothing behind" {
	local fds rss method
	synward_with
	for method in Status Reload Doctor; do # what is taken once, and kept
		calls org.synward.$method 100 | json '.answers == 100 and .errors == 0'
	done
	fds=$(daemon_fds) rss=$(daemon_rss_kb)
	for method in Status Reload Doctor Thresholds; do
		calls org.synward.$method 1000 | json '.answers == 1000 and .errors == 0'
	done
	echo "ports = 1" >>"$LAB_DIR/synward.conf" # twice
	calls org.synward.Reload 1000 | json '.answers == 1000 and .errors == 1000'
	flat "$fds" "$rss"
}

@test "who is not root looks, and changes nothing; who may not connect does neither" {
	synward_with
	open_to_group
	nobody "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" -j status | json '.services[0].name == "web"'
	run -1 nobody "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" arm web
	[[ $output == "synward: only root may change what synwardd does" ]]
	run -1 nobody "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" reload
	[[ $output == "synward: only root may change what synwardd does" ]]
	chmod 711 "$LAB_DIR"
	run -1 setpriv --reuid=65534 --regid=65534 --clear-groups "$LAB_DIR/synward" --socket "$LAB_DIR/ctl" status
	[[ $output == "synward: no permission for $LAB_DIR/ctl; run as root, or as a member of group synward" ]]
	row_is '(.armed | not)'
}

@test "it is Varlink: every answer is as the interface says, and every error" {
	serve
	synward_with "mode = always"
	all_served 4 3 # so that there is something to tell
	synward_cli deny add 203.0.113.7 --for 1h
	"$LAB_ROOT/tests/lab/strict.py" "$LAB_DIR/ctl" org.synward Status Thresholds Handshakes List Doctor Reload RotateKey
}

varlinkctl() { O=$(dirname "$LAB_BIN") "$LAB_ROOT/tests/lab/varlinkctl.sh" "$@"; }
somebody_connected() { [[ $(lab_s ss -Hx state connected src "$LAB_DIR/ctl" | wc -l) == 1 ]]; }

@test "systemd's varlinkctl understands it" {
	local at
	run varlinkctl --version
	((status == 0)) || skip "$output"
	synward_with
	at=unix:$LAB_DIR/ctl
	varlinkctl info -j "$at" | json '.product == "synwardd" and (.interfaces | index("org.synward"))'
	varlinkctl introspect "$at" org.synward >"$LAB_DIR/org.synward.varlink"
	varlinkctl validate-idl "$LAB_DIR/org.synward.varlink"
	varlinkctl introspect "$at" org.varlink.service >"$LAB_DIR/org.varlink.service.varlink"
	varlinkctl validate-idl "$LAB_DIR/org.varlink.service.varlink"
	varlinkctl list-methods "$at" | grep -qx org.synward.Status
	varlinkctl call -j "$at" org.synward.Status '{}' | json '.services[0].name == "web"'
	run -1 varlinkctl call -j "$at" org.synward.Arm '{"service": "nobody"}'
	[[ $output == *org.synward.InvalidArgument* ]]
	run -1 varlinkctl call -j "$at" org.synward.Arm '{"service": 7}'
	[[ $output == *org.varlink.service.InvalidParameter* ]]
	lab_spawn events lab_s env O="$(dirname "$LAB_BIN")" "$LAB_ROOT/tests/lab/varlinkctl.sh" call -j --more "$at" \
		org.synward.Monitor '{}'
	lab_wait_for "the subscription" 5 somebody_connected
	synward_cli set web arm-syn-rate 1
	attack_ports "$PORT" 1
	lab_wait_for "the event" 5 lab_out_has events attack_begin
}
