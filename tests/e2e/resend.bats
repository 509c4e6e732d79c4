#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Servers that speak first, and a client whose ACK was lost: it believes that it is connected, and waits. The
# SYN-ACK that comes once more makes it acknowledge again.
#
# shellcheck disable=SC2154 # $families is in e2e
load e2e

speak_first() { # KEY=VALUE... of the service
	serve :: --mode hello
	synward_conf mode=always "$@"
}

# mute FAMILY OPTION...: what became of it
mute() { raw "$1" mute --wait-ms 4000 --expect-bytes 6 "${@:2}"; }

@test "the SYN-ACK comes once more, the server speaks, and speaks no more than once" {
	local f
	speak_first server-first=yes
	synward_up_conf
	for f in "${families[@]}"; do
		mute "$f" | json '.nr_synacks == 2 and .connected and .received_length == 6 and .nr_bad_checksums == 0 and (.rst | not)'
	done
	synward_get . | json '.synacks_resent == 2'
	want "$(raw 4 syn-only --wait-ms 4000)" '.nr_synacks == 2 and .nr_bad_checksums == 0'
	synward_get . | json '.synacks_resent == 3'
}

@test "without timestamps, without options, with a VLAN tag" {
	speak_first server-first=yes
	synward_up_conf
	mute 4 --ts off | json '.nr_synacks == 2 and .connected and .received_length == 6'
	mute 6 --wscale off --mss off --ts off | json '.nr_synacks == 2 and .connected and .received_length == 6'
	want "$(raw 4 syn-only --vlan 7 --wait-ms 2500)" '.nr_synacks == 2 and .nr_bad_checksums == 0'
}

@test "not for clients whose ACK came" {
	serve :: --mode send --bytes 64
	synward_with mode=always server-first=yes
	all_served 4 50 --read 64
	all_served 6 50 --read 64
	sleep 1.5 # what would be sent again is due after 1 s
	synward_get . | json '.synacks_resent == 0'
}

@test "off unless asked for" {
	speak_first
	synward_up_conf
	mute 4 | json '.nr_synacks == 1 and (.connected | not)'
	synward_get . | json '.synacks_resent == 0'
}
