#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # functions are called by name
# kernels: 6.1 6.12
# timeout: 900
#
# synward trace on other kernels: that their verifiers take the programs, which come out of the packet table as the
# others do; that the kernel swaps them on its links, with the three capabilities alone; and what is told. On 6.1 SYNs
# are answered with the kernel's own cookies, and there is no TC half.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

CAPABILITIES=+bpf,+net_admin,+perfmon
is_old_enough() { (($(cut -d. -f1 /proc/uptime) > 132)); } # the table has cookies of the epochs before

packets() {
	"$O/prog/test_taps" --other-kernel >/run/packets 2>&1
	local status=$?
	grep -v '^not on this kernel' /run/packets
	return "$status"
}

# Root, but for what the unit takes away.
start() {
	mkdir -p "${SOCKET%/*}"
	lab_spawn synwardd lab_s setpriv --bounding-set="-all,$CAPABILITIES" --inh-caps=-all "$O/synwardd" \
		--control-socket "$SOCKET" --mode always --interface srv0 --ports 80 "$@"
	lab_wait_for "synwardd to answer" 30 synward_status
}

trace_begin() {
	lab_spawn trace "$O/synward" --socket "$SOCKET" -j trace --pcap "$LAB_DIR/$1.pcapng"
	lab_wait_for "trace to begin" 60 lab_out_has trace trace_begin
}
trace_end() { lab_signal trace INT && lab_wait trace 10; }

told() { grep '"event": "packet"' "$LAB_DIR/trace.out" | jq -s "sort_by(.time) | $1"; }
told_is() { told . | jq -e "$1"; }
nr_told() { (($(told length) >= $1)); }
xdp_is() {
	local id
	id=$(lab_s ip -j -d link show dev srv0 | jq '.[0].xdp.prog.id')
	[[ $(bpftool -j prog show id "$id" | jq -r .name) == "$1" ]]
}

raw() { # ADDR SCENARIO ARG...
	local src=$LAB_RAW4
	[[ $1 != *:* ]] || src=$LAB_RAW6
	lab_rawtcp "$2" --dev cli0 --src "$src" --dst "$1" --port 80 "${@:3}"
}

# follows MODE
follows() {
	local addr answered=syn_cookie finished='["ack_cookie_valid", "handoff"]'
	if [[ $KERNEL == 6.1 ]]; then
		answered=syn_kernel_cookie finished='["kernel_cookie"]'
	fi
	rm -f "$LAB_DIR/trace.out"
	expect "$1: trace begins" trace_begin "$1" || return
	expect "$1: the programs that trace are attached" xdp_is synward_xdp_tap
	for addr in "$LAB_SRV4" "$LAB_SRV6"; do
		expect "$1: a handshake with $addr" json_is .connected raw "$addr" handshake
	done
	expect "$1: all of it is told" lab_wait_for "six steps" 10 nr_told 6
	expect "$1: by both families, step by step" told_is "
		([.[].in.source] | unique | length) == 2 and (group_by(.in.source) | all(
			.[0].reason == \"$answered\" and ([.[1:][] | .reason][0:$(jq length <<<"$finished")]) == $finished and
			.[0].fate == \"answered\" and .[0].out.ack == (.[0].in.seq + 1) % 4294967296 and
			.[1].in.ack == (.[0].out.seq + 1) % 4294967296))"
	told 'map([.time, .hook, .reason, .in.flags, .out.flags])' | jq -c '.[]' | sed 's/^/# /'
	expect "$1: trace ends" trace_end
	expect "$1: the program of before is back" xdp_is synward_xdp
	expect "$1: connections go on" serves 20 "$LAB_SRV4"
	expect "$1: tcpdump reads the file" tcpdump -nr "$LAB_DIR/$1.pcapng"
}
json_is() { "${@:2}" | jq -e "$1"; }

lab_up 2 || exit 1
lab_serve echo --listen :: --port 80
[[ $KERNEL != 6.1 ]] || lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
for mode in native generic; do
	[[ $mode != generic ]] || lab_gro on
	expect "$mode: synwardd starts with three capabilities" start --xdp-mode "$mode"
	follows "$mode"
	expect "$mode: it stops" synward_stop
done
expect "the clock has epochs before" lab_wait_for "them" 150 is_old_enough
expect "the packet table, through the programs that trace" packets
guest_end
