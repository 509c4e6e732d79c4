#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Single packets against an armed service: what is answered and how, what is dropped, what passes.
load e2e

# The answer to the same SYN, by the kernel and by synward: all that the client can see.
synack_of() {
	raw "$1" syn-only --settle-ms 100 "${@:2}" |
		jq -c '.synack | {flags, options, mss, wscale, sack, ts, ecn, ttl, df, tos, payload_length, total_length,
			checksum_valid}'
}

@test "the SYN-ACK looks like the kernel's own" {
	local family options kernel ours
	serve
	synward_up
	for family in 4 6; do
		for options in "" "--ts off" "--sack off" "--wscale off" "--ecn" "--ts off --sack off --wscale off"; do
			synward_down
			# shellcheck disable=SC2086 # words
			kernel=$(synack_of "$family" $options)
			synward_up
			# shellcheck disable=SC2086
			ours=$(synack_of "$family" $options)
			echo "IPv$family $options"
			echo "kernel $kernel"
			echo "ours   $ours"
			[[ $kernel == "$ours" ]]
		done
	done
}

@test "the same for a listener with a small SO_RCVBUF" {
	local kernel ours
	serve :: --rcvbuf 16384
	kernel=$(synack_of 4)
	synward_up
	ours=$(synack_of 4)
	echo "kernel $kernel"
	echo "ours   $ours"
	[[ $kernel == "$ours" ]]
}

@test "one SYN, one SYN-ACK, with nothing that was not offered" {
	local answer
	serve
	synward_up
	answer=$(raw 4 syn-only --mss off --wscale off --sack off --ts off)
	want "$answer" '.nr_synacks == 1 and .synack.options == "" and .synack.checksum_valid'
	answer=$(raw 6 syn-only --syn-payload "a payload that must not come back")
	want "$answer" '.nr_synacks == 1 and .synack.payload_length == 0 and .synack.ack_ok'
}

@test "checksums: wrong is dropped, partial is answered" {
	local family
	serve
	synward_up
	for family in 4 6; do
		want "$(raw "$family" syn-only --bad-checksum --wait-ms 200)" '.nr_replies == 0'
		want "$(raw "$family" handshake --partial-checksum --payload x)" '.connected and .echo_ok'
	done
	(($(reason syn_bad_checksum) == 2))
}

@test "VLAN tags are kept" {
	local family
	serve
	synward_up
	for family in 4 6; do
		want "$(raw "$family" syn-only --vlan 100 --settle-ms 100)" '.nr_synacks == 1 and .synack.vlans == [100]'
		want "$(raw "$family" syn-only --vlan 100,200 --settle-ms 100)" '.nr_synacks == 1 and .synack.vlans == [100, 200]'
	done
}

@test "the announced MSS follows the device" {
	serve
	synward_up
	mss_is() { [[ $(raw "$1" syn-only --settle-ms 20 | jq .synack.mss) == "$2" ]]; }
	mss_is 4 1460
	mss_is 6 1440
	lab_s ip link set srv0 mtu 1400
	lab_wait_for "the MSS of the new MTU" 3 mss_is 4 1360
	mss_is 6 1340
}
