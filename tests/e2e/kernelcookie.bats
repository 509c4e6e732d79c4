#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A listener that takes no cookie of ours (MPTCP) is answered with the kernel's own, when they are due: at once
# with tcp_syncookies=2, with 1 when its queue is full; with the options that tcp_timestamps=2 makes possible.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

setup() {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	lab_up
}

# up_with SYNCOOKIES TIMESTAMPS
up_with() {
	lab_sysctl s "net.ipv4.tcp_syncookies=$1" "net.ipv4.tcp_timestamps=$2"
	serve :: --mptcp
	synward_in native
}

# The kernel takes a cookie of its own for 2 minutes after it sent one: without synward it must not be that.
only_kernel_cookies() {
	[[ $(reason syn_kernel_cookie) == "$1" && $(reason kernel_cookie) == "$1" ]]
	[[ $(reason syn_cookie) == 0 && $(reason handoff) == 0 && $(syn_recv) == 0 ]]
	[[ $(lab_nstat s TcpExtSyncookiesRecv) == "$1" && $(lab_nstat s TcpExtSyncookiesFailed) == 0 ]]
}

@test "tcp_syncookies=2: MPTCP listeners are armed, clients of TCP and of MPTCP served" {
	local f
	up_with 2 1
	for f in "${families[@]}"; do
		all_served "$f" 50
		all_served "$f" 10 --mptcp
		all_served "$f" 1 --echo 1048576 --timeout-ms 10000
	done
	only_kernel_cookies 122
}

shape='.synack | {flags, options, mss, wscale, sack, ts, ecn, checksum_valid, ack_ok, ttl, df, tos, payload_length}'
syns=("" "--ts off" "--sack off" "--wscale off" "--ecn" "--ts off --sack off --wscale off" "--mss 536" "--mss 1300")

synacks() {
	local args f
	for f in "${families[@]}"; do
		for args in "${syns[@]}"; do
			# shellcheck disable=SC2086 # words
			echo "IPv$f [$args] $(raw "$f" syn-only --settle-ms 30 $args | jq -c "$shape")"
		done
	done
}

# What the kernel agreed to, of its own accord and through us: it reads that from the ACK alone.
agreed() {
	local args f
	for f in "${families[@]}"; do
		for args in "${syns[@]}"; do
			# shellcheck disable=SC2086 # words
			echo "IPv$f [$args] $(options_of "$(report_of accept raw "$f" handshake $args 2>/dev/null)")"
		done
	done
}

@test "tcp_timestamps=2: what is offered and agreed is what the kernel does by itself" {
	lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
	serve :: --mptcp
	synacks >"$LAB_DIR/peace"
	agreed >>"$LAB_DIR/peace"
	synward_in native
	synacks >"$LAB_DIR/armed"
	agreed >>"$LAB_DIR/armed"
	diff "$LAB_DIR/peace" "$LAB_DIR/armed"
	[[ $(reason syn_kernel_cookie) == 32 && $(reason kernel_cookie) == 16 ]]
	grep -q '"sack":true,"ts":true' "$LAB_DIR/armed"
}

# Only the kernel knows the offset of its timestamps.
@test "tcp_timestamps=1: nothing is offered but an MSS, and what is agreed is that" {
	local f report
	up_with 2 1
	for f in "${families[@]}"; do
		raw "$f" syn-only --settle-ms 30 | json '.nr_synacks == 1 and .synack.options == "mss"'
		report=$(report_of accept raw "$f" handshake 2>/dev/null)
		want "$report" '(.timestamps | not) and (.sack | not) and (.wscale | not) and .snd_wscale == 0 and .rcv_wscale == 0'
	done
	[[ $(reason syn_kernel_cookie) == 4 && $(reason kernel_cookie) == 2 ]]
}

# A cookie of the kernel's for each of those that found its queue full, and for nobody else.
@test "tcp_syncookies=1: the kernel answers until its queue is full, then cookies are sent for it" {
	local f queue
	lab_sysctl s net.ipv4.tcp_syncookies=1
	serve :: --mptcp --backlog 32
	synward_in native
	for f in "${families[@]}"; do
		all_served "$f" 10
	done
	[[ $(reason syn_kernel_queue) == 20 && $(reason syn_kernel_cookie) == 0 ]]
	spoof flood 4 200 2000
	lab_wait_for "the queue to be full" 5 reason_is syn_kernel_cookie 1
	queue=$(syn_recv)
	((queue >= 32 && queue <= 34))
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
	lab_signal flood TERM
	(($(syn_recv) <= 34 && $(reason kernel_cookie) >= 40))
	[[ $(lab_nstat s TcpExtTCPReqQFullDrop) == 0 && $(reason syn_cookie) == 0 ]]
}

# Ours and the kernel's side by side, each from the listener that it is for.
@test "a listener of each kind, on two ports" {
	local f
	lab_sysctl s net.ipv4.tcp_syncookies=2
	serve :: --mptcp
	lab_serve other --listen :: --port 81
	synward_in native --ports 80,81
	for f in "${families[@]}"; do
		all_served "$f" 20
		lab_load --dst "$(server_of "$f")" --port 81 --count 20 -j | json '.served == 20'
	done
	[[ $(reason syn_kernel_cookie) == 40 && $(reason kernel_cookie) == 40 ]]
	[[ $(reason syn_cookie) == 40 && $(reason handoff) == 40 ]]
}
