#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Frames that are large, tagged twice, in pieces or behind headers that nobody needs: an armed service is served
# through them, or they are dropped; none gets round it to the kernel's queue.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

# lab_larger MTU: a lab of its own, with a server.
lab_larger() {
	lab_down
	lab_up 2 "$1"
	serve
}

transfers() {
	local f
	for f in "${families[@]}"; do
		all_served "$f" 3 --echo 3000000 --timeout-ms 10000
		[[ $(accepted | jq .snd_mss) -gt 8000 ]]
	done
	[[ $(reason handoff) == 6 && $(reason syn_cookie) == 6 ]]
}

@test "jumbo frames, MTU 9000: 3 MB each way, native mode" {
	lab_larger 9000
	synward_in native
	transfers
	raw 4 syn-only --settle-ms 50 | json '.synack.mss == 8960'
	raw 6 syn-only --settle-ms 50 | json '.synack.mss == 8940'
}

@test "jumbo frames, MTU 9000: 3 MB each way, generic mode" {
	lab_larger 9000
	synward_in generic
	transfers
}

# A SYN with payload is answered only as far as its checksum is looked at.
@test "a SYN with a payload of 1200 bytes is answered, with nothing of it" {
	local f payload
	printf -v payload '%1200s' x
	serve
	synward_in native
	for f in "${families[@]}"; do
		raw "$f" syn-only --syn-payload "$payload" --settle-ms 50 |
			json '.nr_synacks == 1 and .synack.payload_length == 0 and .synack.frame_length < 100'
	done
}

# In peace the kernel answers them all, which shows that they are right.
answered() { raw "$f" syn-only --settle-ms 100 "$@" | json '.nr_synacks == 1'; }
silence() { raw "$f" syn-only --wait-ms 100 "$@" | json '.nr_replies == 0'; }

@test "IPv4 options and IPv6 extension headers before TCP: a few are served, too many are dropped" {
	local f nr
	serve
	for f in "${families[@]}"; do
		for nr in 1 6 10; do
			answered --ext "$nr"
		done
	done
	synward_in native
	f=4
	for nr in 1 6 10; do
		counts_by 1 syn_cookie answered --ext "$nr"
		raw 4 handshake --ext "$nr" | json '.connected and .echo_ok and (.rst | not)'
	done
	f=6
	for nr in 1 6; do
		counts_by 1 syn_cookie answered --ext "$nr"
		raw 6 handshake --ext "$nr" | json '.connected and .echo_ok and (.rst | not)'
	done
	counts_by 1 ext_too_deep_armed silence --ext 10
	[[ $(syn_recv) == 6 ]] # those of before
}

# Cut behind the whole TCP header, in its options, and, which the kernel takes for IPv4 alone, in the header.
@test "SYNs in two fragments are dropped while armed, and answered in peace" {
	local f bytes
	serve
	for f in "${families[@]}"; do
		answered --fragment 24
		answered --fragment 32
	done
	f=4 answered --fragment 8
	[[ $(syn_recv) == 5 ]]
	synward_in native
	for f in "${families[@]}"; do
		for bytes in 8 16 24 32; do
			counts_by 1 fragment_syn silence --fragment "$bytes"
		done
	done
	[[ $(syn_recv) == 5 && $(lab_nstat s TcpPassiveOpens) == 0 ]]
}

udp_arrived() { [[ $(lab_nstat s "$1") == 1 ]]; }

@test "other fragments pass while a service is armed: datagrams, and the data of a connection" {
	local f name
	serve
	synward_in native
	for f in "${families[@]}"; do
		[[ $f == 4 ]] && name=UdpNoPorts || name=Udp6NoPorts
		# shellcheck disable=SC2016 # for the inner shell
		lab_c bash -c 'printf %4000s x >"/dev/udp/$1/80"' udp "$(server_of "$f")"
		lab_wait_for "the datagram" 2 udp_arrived "$name"
		# only the data is longer than that
		counts_by 2 fragment raw "$f" handshake --mss off --sack off --ts off --wscale off --fragment 24 >"$LAB_DIR/raw"
		json '.connected and .echo_ok and (.rst | not)' <"$LAB_DIR/raw"
	done
	[[ $(reason fragment_syn) == 0 ]]
}

# The kernel here has no VLAN devices, so no handshake ends: tests/vm has them.
@test "two tags, 802.1ad outside: a SYN is answered with both, and a flood of them" {
	local f nr
	serve
	synward_in native
	for f in "${families[@]}"; do
		counts_by 1 syn_cookie answered --vlan 10,20
		raw "$f" syn-only --settle-ms 50 --vlan 10,20 | json '.synack.vlans == [10, 20]'
		lab_flood --dst "$(server_of "$f")" --port "$PORT" --pps 20000 --count 5000 --seconds 10 --vlan 10,20 -j \
			>"$LAB_DIR/flood"
		nr=$(jq '.sent - .ring_full' "$LAB_DIR/flood")
		((nr > 1000))
	done
	(($(reason syn_cookie) == $(row syns)))
	[[ $(syn_recv) == 0 ]]
}
