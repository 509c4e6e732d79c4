#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Servers that speak first, and a client whose ACK was lost: it believes that it is connected, and waits. The
# SYN-ACK that comes once more makes it acknowledge again.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
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

# The answer that comes again is the first one, byte by byte, whatever the frame carried.
@test "what comes again is the same SYN-ACK: tags, options, numbers" {
	local f
	speak_first server-first=yes
	synward_up_conf
	for f in "${families[@]}"; do
		lab_spawn dump lab_c tcpdump -nn -xx -i cli0 -Q in -c 2 "vlan and tcp and src port $PORT"
		lab_wait_for "tcpdump" 5 grep -q listening "$LAB_DIR/dump.err"
		raw "$f" syn-only --vlan 7 --wait-ms 3000 | json '.nr_synacks == 2 and .nr_bad_checksums == 0'
		lab_wait dump 5
		[[ $(grep -c '0x0010:' "$LAB_DIR/dump.out") == 2 ]]
		[[ $(grep '0x0' "$LAB_DIR/dump.out" | sort | uniq -c | awk '$1 != 2') == "" ]]
		lab_stop dump
	done
}

answers() { lab_cli_counts | jq .spoofed_synack; }

# None came for a second, which is as long as one waits.
answers_end() {
	local before
	before=$(answers)
	sleep 1.2
	[[ $(answers) == "$before" ]]
}

# Slots of a fixed number, and the newest wins: some are sent again, and each that is is told.
@test "a flood: nobody fails, and it gets at most one more SYN-ACK for each SYN" {
	local f nr_taken nr_answers nr_again
	speak_first server-first=yes
	synward_up_conf
	for f in "${families[@]}"; do
		lab_flood_start "flood$f" --dst "$(server_of "$f")" --port "$PORT" --pps 20000 --count 30000 --seconds 60 -j
		for _ in {1..20}; do
			raw "$f" handshake --payload hi --expect-bytes 8 | json '.connected and .received == "hello\nhi"'
		done
		lab_wait "flood$f" 30
	done
	lab_wait_for "the last SYN-ACK" 10 answers_end
	nr_taken=$(grep -h '^{' "$LAB_DIR"/flood[46].out | jq -s 'map(.sent - .ring_full) | add')
	nr_answers=$(answers)
	nr_again=$(synward_get .synacks_resent)
	echo "$nr_taken taken, $nr_answers answers, $nr_again of them sent again"
	((nr_again > nr_taken / 10 && nr_again <= nr_taken && nr_answers == nr_taken + nr_again))
}
