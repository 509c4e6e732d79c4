#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# synack-per-prefix: a victim whose addresses are spoofed gets so many SYN-ACKs in a second and no more, and
# others get theirs.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

# capped_up CAP: for any prefix.
capped_up() {
	synward_conf "mode = always"
	sed -i "/^\[synward\]/a synack-per-prefix = $1" "$LAB_DIR/synward.conf"
	synward_up_conf
}

setup() {
	lab_up
	serve
}

prefix_of() { if [[ $1 == 6 ]]; then echo 2001:db8:9abc::/48; else echo 198.18.5.0/24; fi; }
answers() { lab_cli_counts | jq .spoofed_synack; }

# spoofed FAMILY COUNT PPS [SRC]: *taken* of them came in, *answered* of those were, in so many *seconds* at most.
spoofed() {
	local began=${EPOCHREALTIME//[!0-9]/} before
	before=$(answers)
	lab_flood --dst "$(server_of "$1")" --port "$PORT" --count "$2" --pps "$3" --seconds 60 --src "${4:-$(prefix_of "$1")}" \
		-j >"$LAB_DIR/flood"
	answered=$(($(answers) - before))
	taken=$(jq '.sent - .ring_full' "$LAB_DIR/flood")
	seconds=$(((${EPOCHREALTIME//[!0-9]/} - began) / 1000000 + 2)) # that were touched
	echo "IPv$1: $taken taken, $answered answered in $seconds s at most"
}

@test "a spoofed prefix gets no more SYN-ACKs in a second than the cap, and others are served" {
	local f taken answered seconds over
	capped_up 1000
	for f in "${families[@]}"; do
		over=$(reason syn_over_cap)
		lab_spawn load lab_load --dst "$(server_of "$f")" --port "$PORT" --seconds 1 --pause-ms 5 -j
		spoofed "$f" 100000 100000
		((taken > 20000 && answered >= 900 && answered <= 1000 * seconds))
		(($(reason syn_over_cap) - over == taken - answered))
		lab_wait load 10
		json '.served > 20 and .failed == 0' <"$LAB_DIR/load.out"
		rm "$LAB_DIR/load.pid"
	done
}

# What counts is the prefix.
@test "clients of the prefix that is spoofed wait for their second" {
	local f taken answered seconds
	capped_up 100
	for f in "${families[@]}"; do
		all_served "$f" 60
		raw "$f" syn-only --settle-ms 50 | json '.nr_synacks == 1'
	done
	loads 4 --count 500 --concurrency 4 --timeout-ms 10000 | json '.served == 500 and .failed == 0'
	(($(reason syn_over_cap) > 0))
}

@test "the cap by default is 20000, and 0 is none" {
	local f taken answered seconds
	synward_with "mode = always"
	for f in "${families[@]}"; do
		spoofed "$f" 200000 200000
		((taken > 60000 && answered > 18000 && answered <= 20000 * seconds && answered < taken))
	done
	synward_down
	capped_up 0
	for f in "${families[@]}"; do
		spoofed "$f" 200000 200000
		((answered == taken))
	done
	[[ $(reason syn_over_cap) == 0 ]]
}

# 512 prefixes share 100000 a second; none of them is anywhere near the cap.
@test "a flood from random sources is answered, all of it" {
	local f taken answered seconds
	capped_up 1000
	for f in "${families[@]}"; do
		spoofed "$f" 100000 100000 random
		((taken > 20000 && answered == taken))
	done
	[[ $(reason syn_over_cap) == 0 ]]
}
