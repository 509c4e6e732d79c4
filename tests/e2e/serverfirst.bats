#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# server-first: a server that speaks first, and a client whose ACK is lost. It believes that it is connected and
# waits; the SYN-ACK comes once more, its second ACK finishes the handshake, and the server speaks.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve :: --mode hello
}

armed_with() {
	synward_conf "mode = ${MODE:-always}" "$@"
	sed -i 's/^mode = auto-armed/mode = auto/' "$LAB_DIR/synward.conf"
	synward_up_conf
	[[ ${MODE:-always} != auto-armed ]] || synward_cli arm web
}

# Says nothing before it is greeted, and acknowledges nothing before it is asked again.
mute() { raw "$1" mute --expect-bytes 6 --wait-ms "$2" "${@:3}"; }

@test "with server-first a client whose ACK was lost is greeted" {
	local f ts
	armed_with "server-first = yes"
	for f in "${families[@]}"; do
		for ts in on off; do
			mute "$f" 5000 --ts "$ts" | json '.connected and .received == "hello\n" and .nr_synacks == 2 and (.rst | not)'
		done
	done
	[[ $(reason handoff) == 4 ]]
}

@test "without server-first it waits in vain" {
	local f
	armed_with
	for f in "${families[@]}"; do
		mute "$f" 3000 | json '(.connected | not) and .received == "" and .nr_synacks == 1'
	done
	[[ $(reason handoff) == 0 ]]
}

@test "with server-first nobody gets a third SYN-ACK, and whose ACK came gets no second" {
	local f
	armed_with "server-first = yes"
	for f in "${families[@]}"; do
		lab_spawn "silent$f" lab_rawtcp_at "$f" syn-only --wait-ms 8000
		lab_spawn "quick$f" lab_rawtcp_at "$f" handshake --payload hi --expect-bytes 8 --gap-ms 10
	done
	for f in "${families[@]}"; do
		lab_wait "quick$f" 10
		json '.connected and .received == "hello\nhi" and .nr_synacks == 1' <"$LAB_DIR/quick$f.out"
		lab_wait "silent$f" 10
		json '.nr_synacks == 2' <"$LAB_DIR/silent$f.out"
	done
}

# lab_rawtcp_at FAMILY SCENARIO OPTION...: for lab_spawn, each from a port of its own.
lab_rawtcp_at() {
	local f=$1 scenario=$2
	shift 2
	lab_rawtcp "$scenario" --dev cli0 --src "$(raw_of "$f")" --dst "$(server_of "$f")" --port "$PORT" "$@"
}

# The answer that comes again is the first one, byte by byte, whatever the frame carried.
@test "what comes again is the same SYN-ACK: tags, options, numbers" {
	local f
	armed_with "server-first = yes"
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

# Slots of a fixed number, and the newest wins: some are sent again, none twice.
@test "a flood: nobody fails, and it gets at most one more SYN-ACK for each SYN" {
	local f nr_taken nr_answers
	armed_with "server-first = yes"
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
	echo "$nr_taken taken, $nr_answers answers"
	((nr_answers > nr_taken * 11 / 10 && nr_answers <= 2 * nr_taken))
}
