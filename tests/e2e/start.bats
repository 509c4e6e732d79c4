#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# How the daemon comes and goes: misuse, who holds what, what stays behind.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

bats_require_minimum_version 1.5.0

daemon() { lab_s timeout 20 "$SYNWARDD" "$@"; }

@test "a word that is none: exit 2, and it is named" {
	run -2 daemon --interface srv0 --ports 80 --mode sometimes --control-socket "$LAB_DIR/ctl"
	[[ $output == *sometimes* ]]
	run -2 daemon --interface srv0 --ports 80 --xdp-mode fast --control-socket "$LAB_DIR/ctl"
	[[ $output == *fast* ]]
	run -2 daemon --interface srv0 --ports 0 --control-socket "$LAB_DIR/ctl"
	run -2 daemon --interface srv0
	[[ $output == *--ports* ]]
	[[ ! -e $LAB_DIR/ctl ]]
}

@test "a second daemon changes nothing for the first" {
	serve
	synward_in native
	run -1 daemon --interface srv0 --ports "$PORT" --control-socket "$LAB_DIR/ctl"
	[[ $output == *"$LAB_DIR/ctl"*"$(lab_pid synwardd)"* ]]
	run -1 daemon --interface srv0 --ports "$PORT" --control-socket "$LAB_DIR/other"
	[[ $output == *"srv0"*"another synwardd"* ]]
	run -1 daemon --interface srv0 --ports "$PORT" --xdp-mode generic --control-socket "$LAB_DIR/other"
	[[ $output == *"srv0"*"another synwardd"* ]]
	[[ ! -e $LAB_DIR/other && ! -e $LAB_DIR/other.lock ]]
	counts_by 20 handoff all_served 4 20
	counts_by 20 handoff all_served 6 20
}

@test "a foreign XDP program keeps working when synward is refused" {
	serve
	lab_pass_on
	run -1 daemon --interface srv0 --ports "$PORT" --control-socket "$LAB_DIR/ctl"
	[[ $output == *"lab_pass"* ]]
	all_served 4 3
	lab_flood --dst "$LAB_SRV4" --pps 1000 --seconds 1 --count 100
	lab_srv_counts | json '.spoofed_syn == 100'
	[[ ! -e $LAB_DIR/ctl ]]
}

@test "SIGTERM and SIGINT take both halves and the socket along" {
	local signal xdp tcx
	for signal in TERM INT; do
		synward_in native
		xdp=$(synward_link xdp) tcx=$(synward_link tcx)
		link_is_there "$xdp"
		link_is_there "$tcx"
		[[ -S $LAB_DIR/ctl ]]
		lab_signal synwardd "$signal"
		lab_wait synwardd 10 # and its exit status is 0
		link_is_gone "$xdp"
		link_is_gone "$tcx"
		[[ ! -e $LAB_DIR/ctl && ! -e $LAB_DIR/ctl.lock ]]
		[[ $(lab_s ip -j link show srv0 | jq '.[0] | has("xdp")') == false ]]
	done
}

@test "kill -9 leaves no half that answers, and no lock: the next one starts" {
	local f
	serve
	synward_in native
	all_served 4 5
	lab_signal synwardd KILL
	lab_wait_for "the daemon to be gone" 5 lab_ended synwardd
	[[ $(lab_s ip -j link show srv0 | jq '.[0] | has("xdp")') == false ]]
	for f in "${families[@]}"; do
		all_served "$f" 20
	done
	run -3 synward_cli
	synward_in native
	counts_by 5 handoff all_served 6 5
}

@test "status for people, for scripts, and for people who like JSON" {
	serve
	synward_in native
	all_served 4 3
	run -0 synward_cli
	[[ ${lines[0]} == *"1 of 1 service ports armed"* ]]
	grep -Eq '^srv0 +native +tcx +cookie$' <<<"$output"
	grep -Eq '^default +80 +always +armed +3 +3 +3 +0 +0 +4096 +[0-9]+$' <<<"$output"
	grep -Eq '^syn_cookie +3 +answered' <<<"$output"
	run -0 synward_cli -t status
	grep -Pq '^service\tdefault\t80\talways\tarmed\t3\t3\t3\t0\t0\t0\t4096\t' <<<"$output"
	[[ $(synward_cli -j | wc -l) == 1 && $(synward_cli -p | wc -l) -gt 10 ]]
	# counters of the lab's own chatter move between the two; the shape does not
	[[ $(synward_cli -j | jq -c '[paths]') == "$(synward_cli -p | jq -c '[paths]')" ]]
}

@test "two labs with a daemon each, side by side" {
	serve
	synward_in native
	# shellcheck disable=SC2016 # for the inner shell
	env -u BATS_TEST_FILENAME BATS_TEST_DIRNAME="$BATS_TEST_DIRNAME" bash -c 'set -euo pipefail; source "$BATS_TEST_DIRNAME/e2e.bash"; lab_up; serve
		synward_in native; all_served 4 20; [[ $(reason handoff) == 20 ]]; synward_down'
	counts_by 20 handoff all_served 4 20
	[[ $(reason syn_cookie) == 20 ]]
}
