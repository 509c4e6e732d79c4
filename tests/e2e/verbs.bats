#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What the operator says by hand: arm, disarm, mode; who may, what is refused and how.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

log_has() { [[ $(grep -c -- "$1" "$LAB_DIR/synwardd.err") == "$2" ]]; } # log_has TEXT TIMES

@test "arm and disarm, once and again" {
	local f
	synward_with
	row_is '(.armed | not) and .armed_until_seconds == 0'
	synward_cli arm web
	row_is '.armed and .armed_until_seconds == 2147483647'
	synward_cli arm web
	row_is '.armed and .armed_until_seconds == 2147483647'
	for f in "${families[@]}"; do
		counts_by 5 handoff all_served "$f" 5
	done
	synward_cli disarm web
	row_is '(.armed | not) and .armed_until_seconds == 0'
	synward_cli disarm web
	row_is '(.armed | not) and .armed_until_seconds == 0'
	for f in "${families[@]}"; do
		counts_by 5 kernel_handshake_done all_served "$f" 5
	done
	row_is '.served == 20 and .cookies_sent == 10'
	log_has attack_ 0 # nobody attacked
}

@test "armed for a time: it ends by itself, with the daemon asleep too" {
	synward_with
	synward_cli arm web --for 2s
	row_is '.armed and .armed_until_seconds >= 1 and .armed_until_seconds <= 2'
	counts_by 5 handoff all_served 4 5
	synward_wait '.services[0].armed | not' 3
	counts_by 5 kernel_handshake_done all_served 6 5
	synward_cli arm web --for 1s
	lab_signal synwardd STOP
	sleep 1.2 # that is the time it is armed for
	all_served 4 5
	lab_signal synwardd CONT
	row_is '(.armed | not) and .cookies_sent == 5'
	synward_cli arm web
	synward_cli arm web --for 1h # the last word counts
	row_is '.armed_until_seconds > 3590 and .armed_until_seconds <= 3600'
}

@test "disarmed in the midst of a flood: the flood arms it again" {
	synward_with "hold = 5s"
	monitor_begin
	clients_begin
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 50000 --seconds 60
	synward_wait '.services[0] | .armed and .cookies_sent > 10000' 5
	lab_wait_for "the begin" 2 nr_events_is attack_begin 1
	synward_cli disarm web
	lab_wait_for "another begin" 3 nr_events_is attack_begin 2
	nr_events_is attack_end 1
	row_is '.armed'
	clients_end
}

@test "mode: each, and what it does" {
	local f
	synward_with
	for f in "${families[@]}"; do
		synward_cli mode web always
		counts_by 3 handoff all_served "$f" 3
		row_is '.mode == "always" and .armed and .armed_until_seconds == 2147483647'
		synward_cli mode web always
		synward_cli mode web monitor
		counts_by 3 syn_peace all_served "$f" 3
		row_is '.mode == "monitor" and (.armed | not)'
		synward_cli mode web auto
		counts_by 3 kernel_handshake_done all_served "$f" 3
		synward_cli mode web off
		row_is '.mode == "off" and (.armed | not)'
	done
	all_served 4 3
	all_served 6 3
	row_is '.syns == 18 and .cookies_sent == 6 and .served == 18' # off: not even counted
	# By hand is not for ever: another mode ends it.
	synward_cli mode web auto
	synward_cli arm web
	synward_cli mode web monitor
	synward_cli mode web auto
	row_is '.armed | not'
}

@test "what cannot be is refused, and why" {
	local mode
	synward_with
	for mode in monitor off; do
		synward_cli mode web "$mode"
		run -1 synward_cli arm web
		[[ ${#lines[@]} == 1 && $output == *"mode $mode"* && $output == *"synward mode web auto"* ]]
		row_is '.armed | not'
	done
	synward_cli mode web always
	synward_cli arm web # it is
	run -1 synward_cli disarm web
	[[ $output == *"mode always"* ]]
	row_is '.armed'
	synward_cli mode web auto
	lab_sysctl s net.ipv4.tcp_syncookies=0
	synward_wait '.interfaces[0].path == "monitor"' 3
	run -1 synward_cli arm web
	[[ $output == *tcp_syncookies* ]]
}

@test "a wrong word: exit 2, one line that names it, and nothing is changed" {
	local named words
	synward_with
	while read -r named words; do
		echo "synward $words"
		# shellcheck disable=SC2086 # words
		run -2 synward_cli $words
		[[ ${#lines[@]} == 1 && $output == *"$named"* ]] || {
			echo "$output" >&2
			return 1
		}
	done <<-END
		nobody arm nobody
		nobody disarm nobody
		nobody mode nobody always
		sometimes mode web sometimes
		nobody handshakes --service nobody
		half-dead handshakes --state half-dead
		0 handshakes --limit 0
		0s arm web --for 0s
		soon arm web --for soon
		365d arm web --for 366d
		50000d arm web --for 50000d
		-5% set web low-water -5%
		handed-off handshakes --state half-dead
		nonesuch help nonesuch
		--for status --for 5m
		web thresholds web
		mode mode web
		arm arm
	END
	row_is '.mode == "auto" and (.armed | not)'
}

@test "who is not root changes nothing" {
	local words
	synward_with
	chmod 755 "$LAB_DIR" # the socket's own permissions are what is tested, and the daemon's word
	nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" "$@"; }
	for words in "arm web" "mode web always" "set web arm-half-open 7"; do
		# shellcheck disable=SC2086 # words
		run -1 nobody $words
		[[ $output == *permission* ]]
	done
	chmod 666 "$LAB_DIR/ctl"
	nobody -j status | json '.services[0].name == "web"'
	for words in "arm web" "disarm web" "mode web always" "set web arm-half-open 7"; do
		# shellcheck disable=SC2086 # words
		run -1 nobody $words
		[[ $output == *root* ]]
	done
	row_is '.mode == "auto" and (.armed | not) and .thresholds.half_open_source == "tuned"'
}

@test "another key: what was answered before is finished, and with --now it is not" {
	local f
	synward_with "mode = always"
	all_served 4 5
	synward_cli key rotate | grep -Eqx "another key in [0-9]+ s; what was answered before stays good"
	for f in "${families[@]}"; do
		counts_by 5 handoff all_served "$f" 5
	done
	run -1 synward_cli key rotate
	[[ $output == *"cookies of the one before are still out: try again in "*" s, or lose them with 'synward key rotate --now'" ]]
	synward_cli key rotate --now | grep -qx "another key, now; what was answered before has to begin anew"
	for f in "${families[@]}"; do
		counts_by 5 handoff all_served "$f" 5
	done
	synward_cli key rotate --now -j | json '.milliseconds == 0'
	run -2 synward_cli key
	[[ $output == *"needs a word: rotate"* ]]
	run -2 synward_cli key turn
	[[ $output == *"turn is nothing to do with a key; there is rotate"* ]]
}
