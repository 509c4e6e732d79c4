#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernels: 6.1
#
# Mode monitor on a kernel without bpf_sk_assign_tcp_reqsk(): synwardd says what is missing and what helps, counts,
# follows handshakes, and touches nothing.
# shellcheck disable=SC2317 # functions are called by name
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

MODE=monitor
lab_up 2 || exit 1
lab_serve echo --listen :: --port 80
lab_sysctl c net.ipv4.tcp_timestamps=1
expect "synwardd starts" synward_start --interface srv0 --ports 80
expect "it names the kernel and what is missing" \
	synward_said "kernel 6\.1\..* has no bpf_sk_assign_tcp_reqsk\(\)"
expect "it says what helps" synward_said "Linux 6\.9 or newer.*linux-image"
expect "it says what is done instead, in other modes" synward_said "with the kernel's own cookies"
sed 's/^/# synwardd: /' "$LAB_DIR/synwardd.err"
expect "the status is valid JSON and shows path, tc and state" status_is '
	(.interfaces | length == 1) and (.interfaces[0] |
		.name == "srv0" and .path == "kernel-cookie" and .tc == "none" and .xdp_mode == "native") and
	all(.services[]; .armed == false and .mode == "monitor" and .path == "monitor")'
people_told() { "$O/synward" --socket "$SOCKET" | grep bpf_sk_assign_tcp_reqsk; }
expect "people are told why" people_told
"$O/synward" --socket "$SOCKET" | sed 's/^/# /'

passive=$(lab_nstat s TcpPassiveOpens)
for addr in "$LAB_SRV4" "$LAB_SRV6"; do
	expect "200 connections and echoes of 4 kB to $addr" \
		serves 200 "$addr" --echo 4096
done
expect "its SYNs are counted" [ "$(count syns)" = 400 ]
expect "none was answered" status_is '.reasons.syn_cookie == 0 and .reasons.syn_kernel_cookie == 0 and
	all(.services[]; .cookies_sent == 0 and .cookies_valid == 0 and .cookies_invalid == 0)'
expect "the reasons say so" [ "$(reason syn_peace)" = 400 ]
expect "all were followed to their end" status_is '.reasons.kernel_handshake_done == 400 and
	all(.services[]; .served == 400 and .half_open == 0 and .flows > 0)'
for ((i = 0; i < 5; i++)); do
	lab_rawtcp syn-only --dev cli0 --src "$LAB_RAW4" --dst "$LAB_SRV4" --port 80 --sport $((4000 + i)) --wait-ms 10
done >/dev/null
expect "half-open handshakes are counted, and the kernel agrees" status_is '
	all(.services[]; .half_open == 5 and .kernel_half_open == 5 and .backlog == 4096)'
expect "and listed" [ "$("$O/synward" --socket "$SOCKET" -t handshakes --state syn-recv | wc -l)" = 5 ]
expect "the kernel made all the handshakes" [ $(($(lab_nstat s TcpPassiveOpens) - passive)) = 400 ]

if lab_flood_start flood --dst "$LAB_SRV4" --port 80 --pps 5000 --seconds 4; then
	expect "a flood is counted" lab_wait_for "5000 SYNs" 10 syns_flow 5405
	lab_wait flood 20
	expect "and not answered" [ "$(count cookies_sent)" = 0 ]
	expect "it is reported as an attack" synward_said "event=attack_begin.*answered=false"
	expect "and no more is followed than max-half-open" status_is '
		all(.services[]; .half_open <= 4096 and .untracked > 0) and .reasons.syn_untracked > 0'
else
	measured "the flood generator does not run on this kernel" "$(tail -n 3 "$LAB_DIR/flood.err")"
fi

expect "it stops at SIGTERM, with status 0" synward_stop
xdp_left() { lab_s ip -d link show srv0 | grep prog/xdp; }
expect "nothing stays attached" refuse xdp_left
expect "connections go on" serves 20 "$LAB_SRV4"
guest_end
