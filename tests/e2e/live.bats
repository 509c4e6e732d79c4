#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What changes under a running synward: half of it taken away by force, sysctls, addresses. Never worse
# than without us, and back as soon as it can be.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

# A daemon that is stopped cannot help: what the data path does by itself.
@test "the TC half is gone and the daemon asleep: the kernel takes over, then cookies again" {
	local id
	synward_in native
	all_served 4 5
	id=$(synward_link tcx)
	[[ -n $id ]]
	lab_signal synwardd STOP
	bpftool link detach id "$id"
	# Handshakes that were noted for nobody are lost until that is noticed: 200 ms and four of them.
	lab_wait_for "the data path to notice" 2 eval 'loads 4 --timeout-ms 300 | jq -e ".served == 1"'
	all_served 4 200
	all_served 6 200
	lab_signal synwardd CONT
	lab_wait_for "synwardd to notice" 3 synward_said "srv0: the TC half was detached by somebody"
	lab_wait_for "synwardd to attach it again" 3 synward_said "srv0: the TC half is attached again"
	synward_wait '.interfaces[0] | .tc == "tcx" and .path == "cookie" and .why == null' 2
	(($(reason syn_kernel_queue) >= 400)) # with net.ipv4.tcp_syncookies=1 and room in the queue
	counts_by 50 handoff all_served 4 50
	counts_by 50 handoff all_served 6 50
	[[ -n $(synward_link tcx) && $(synward_link tcx) != "$id" ]]
}

@test "the XDP half is gone: no connection fails, said and attached again" {
	local mode id
	for mode in native generic; do
		synward_in "$mode"
		all_served 4 5
		id=$(synward_link xdp)
		lab_signal synwardd STOP
		bpftool link detach id "$id"
		all_served 4 100
		all_served 6 100
		[[ $(lab_nstat s TcpExtSyncookiesSent) == 0 ]]
		lab_signal synwardd CONT
		lab_wait_for "synwardd to notice" 3 synward_said "srv0: the XDP program was detached by somebody"
		lab_wait_for "synwardd to attach it again" 3 synward_said "srv0: attached again in $mode mode"
		synward_wait ".interfaces[0] | .xdp_mode == \"$mode\" and .path == \"cookie\"" 2
		counts_by 50 handoff all_served 6 50
		synward_down
	done
}

@test "the XDP half is gone and its place is taken: attached again when it is free" {
	synward_in native
	lab_signal synwardd STOP
	bpftool link detach id "$(synward_link xdp)"
	lab_pass_on
	lab_signal synwardd CONT
	lab_wait_for "synwardd to say who holds it" 3 synward_said "srv0 is held by another XDP program"
	synward_get '.interfaces[0]' | json '.xdp_mode == "none" and .path == "monitor" and .why != null'
	all_served 4 50
	lab_pass_off
	lab_wait_for "synwardd to attach it again" 3 synward_said "srv0: attached again in native mode"
	counts_by 50 handoff all_served 4 50
}

@test "tcp_syncookies=0 and back, under traffic" {
	synward_in native
	lab_spawn traffic lab_load --dst "$LAB_SRV4" --port "$PORT" --seconds 60 -j
	lab_spawn traffic6 lab_load --dst "$LAB_SRV6" --port "$PORT" --seconds 60 -j
	synward_wait '.reasons.handoff > 100' 5
	lab_sysctl s net.ipv4.tcp_syncookies=0
	synward_wait '.interfaces[0] | .path == "monitor" and (.why | test("net.ipv4.tcp_syncookies is 0"))' 2
	synward_said "net.ipv4.tcp_syncookies is 0"
	all_served 4 100
	all_served 6 100
	synward_get '.services[0]' | json '.armed | not'
	lab_sysctl s net.ipv4.tcp_syncookies=1
	synward_wait '.interfaces[0] | .path == "cookie" and .why == null' 2
	counts_by 0 syn_cookies_off all_served 4 100
}

# come_and_go ADDR/LEN OPTION...: protected within 2 s, and no longer within 2 s.
come_and_go() {
	local addr=${1%/*} nr
	ip -n "$LAB_C" neigh replace "$addr" lladdr "$LAB_SRV_MAC" dev cli0 nud permanent
	lab_load --dst "$addr" --port "$PORT" --timeout-ms 100 -j | json '.failed == 1'
	counts_by 0 syn_cookie true
	ip -n "$LAB_S" addr add "$1" dev srv0 "${@:2}"
	lab_wait_for "$addr to be protected" 2 answers_with_cookie "$addr"
	lab_load --dst "$addr" --port "$PORT" --count 20 -j | json '.served == 20'
	ip -n "$LAB_S" addr del "$1" dev srv0
	lab_wait_for "$addr to be left alone" 2 eval "! answers_with_cookie $addr"
	nr=$(reason not_service)
	lab_load --dst "$addr" --port "$PORT" --timeout-ms 100 -j | json '.failed == 1'
	(($(reason not_service) > nr))
}

answers_with_cookie() {
	local before
	before=$(reason syn_cookie)
	lab_load --dst "$1" --port "$PORT" --timeout-ms 100 -j >/dev/null
	(($(reason syn_cookie) > before))
}

@test "addresses that come and go" {
	synward_in native
	come_and_go 192.0.2.9/24
	come_and_go 2001:db8:1::9/64 nodad
	all_served 4 5
	all_served 6 5
}

@test "a device that goes away is said, and the daemon goes on" {
	synward_in native
	ip -n "$LAB_S" link del srv0
	lab_wait_for "synwardd to say so" 3 synward_said "srv0: the device is gone"
	synward_wait '.interfaces[0] | .path == "monitor" and .xdp_mode == "none"' 3
	lab_signal synwardd TERM
	lab_wait_for "synwardd to end" 5 lab_ended synwardd
}
