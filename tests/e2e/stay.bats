#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Connections that exist are never touched: not by the attach, not while armed, not by a flood, not
# when synward goes, however it goes.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

held_all() {
	local name=$1 f
	for f in "${families[@]}"; do
		held_open "$name$f" "$(server_of "$f")"
	done
}

echo_all() {
	local name=$1 f
	for f in "${families[@]}"; do
		held_echo "$name$f" "$2"
	done
}

check_stay() {
	held_all old
	echo_all old peace
	synward_in "$1"
	echo_all old armed
	(($(reason flow_learned) >= 2))
	held_all new
	[[ $(reason handoff) == 2 ]]
	echo_all new armed
	echo_all old still
	lab_signal synwardd "$2"
	lab_wait_for "synwardd to end" 10 lab_ended synwardd
	echo_all old "after$2"
	echo_all new "after$2"
	synward_in "$1" # and back: these are all from before now
	echo_all old again
	echo_all new again
	[[ $(nr_of accept) == 4 && $(nr_of close) == 0 ]]
}

@test "connections survive attach and detach, generic mode" {
	check_stay generic TERM
}

@test "connections survive the death of the daemon" {
	check_stay native KILL
}
