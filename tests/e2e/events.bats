#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The begin and the end of an attack, in the log and on `synward monitor`: what is said of it is what
# was done.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

setup() {
	lab_up
	serve :: --backlog 256
}

# attacked FAMILY: by one source, until it ends; *sent* is what was taken of it.
attacked() {
	local family=$1
	lab_flood --dst "$(server_of "$family")" --port "$PORT" --pps 20000 --seconds 10 --count 30000 --src one -j \
		>"$LAB_DIR/flood"
	sent=$(jq '.sent - .ring_full' "$LAB_DIR/flood")
}

# The log says the same: event_logged JSON
event_logged() {
	local line
	line=$(grep "event=$(jq -r .event <<<"$1") time=$(jq -r .time <<<"$1") " "$LAB_DIR/synwardd.err")
	jq -r 'del(.sources, .duration_seconds) | to_entries[] | "\(.key)=\(.value)"' <<<"$1" | while read -r word; do
		[[ " $line " == *" $word "* ]] || {
			echo "no '$word' in: $line" >&2
			return 1
		}
	done
}

# attack_told FAMILY PREFIX
attack_told() {
	local f=$1 prefix=$2 sent begin end
	synward_with "hold = 2s"
	monitor_begin
	attacked "$f"
	all_served "$f" 40 # while it lasts
	raw "$f" bogus-ack --settle-ms 50 >/dev/null
	lab_wait_for "the begin" 2 nr_events_is attack_begin 1
	nr_events_is attack_end 0
	lab_wait_for "the end" 5 nr_events_is attack_end 1
	begin=$(events attack_begin) end=$(events attack_end)
	[[ $(reason syn_peace) == 64 ]]
	want "$begin" '.service == "web" and .port == 80 and .mode == "auto" and .answered and .cause == "half_open" and
		.value == 64 and .threshold == 64'
	want "$end" ".service == \"web\" and .port == 80 and .answered and .cause == \"half_open\" and .value == 64 and
		.threshold == 64 and .duration_seconds >= 2 and .duration_seconds < 6 and .peak_syn_rate > 10000 and .peak_syn_rate < 40000 and
		.syns >= $sent + 41 - 64 and .syns <= $sent + 41 and
		.cookies_sent == $sent + 41 - $(synward_get '.reasons | .syn_peace + .syn_known + .syn_over_cap') and .cookies_valid == 40 and .cookies_invalid == 1 and .served == 40"
	want "$end" ".sources[0].prefix == \"$prefix\" and .sources[0].percent > 95"
	event_logged "$begin"
	event_logged "$end"
	grep -q "event=attack_end .* source=$prefix:" "$LAB_DIR/synwardd.err"
	row_is '.armed | not'
	want "$end" ".began == $(jq .time <<<"$begin")"
}

@test "an attack is told, and its source: IPv4" {
	attack_told 4 198.18.1.0/24
}

@test "an attack is told, and its source: IPv6" {
	attack_told 6 2001:db8:ffff::/48
}

@test "in monitor an attack is told, and that nothing was done about it" {
	local sent
	synward_with "mode = monitor" "hold = 1s"
	monitor_begin
	attacked 4
	lab_wait_for "the end" 5 nr_events_is attack_end 1
	want "$(events attack_begin)" '.mode == "monitor" and (.answered | not) and .cause == "half_open" and .value == 64'
	want "$(events attack_end)" "(.answered | not) and .cookies_sent == 0 and .peak_syn_rate > 10000 and
		.sources[0].prefix == \"198.18.1.0/24\""
	row_is ".cookies_sent == 0 and .syns == $sent"
	nr_events_is attack_begin 1
}

@test "in always an attack is told too" {
	local sent
	synward_with "mode = always" "hold = 1s"
	monitor_begin
	attacked 6
	lab_wait_for "the end" 5 nr_events_is attack_end 1
	want "$(events attack_begin)" '.mode == "always" and .answered and .cause == "syn_rate" and .value >= .threshold'
	want "$(events attack_end)" ".answered and .cookies_sent > 25000"
	# from one prefix: what is too much for it in one second is dropped
	row_is ".armed and .cookies_sent == $sent - $(synward_get '.reasons.syn_over_cap // 0')"
}

@test "who begins to watch in the midst of an attack is told of it; two may watch" {
	synward_with "hold = 1s"
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 60
	lab_wait_for "the log" 3 synward_said event=attack_begin
	monitor_begin
	lab_wait_for "the begin" 2 nr_events_is attack_begin 1
	lab_spawn other lab_s "$SYNWARD" --socket "$LAB_DIR/ctl" monitor
	lab_wait_for "the begin, in words" 2 lab_out_has other 'web:80 .*attack begins.*: 64 half-open handshakes (threshold 64)'
	lab_signal flood TERM
	lab_wait flood 5
	lab_wait_for "the end" 4 nr_events_is attack_end 1
	lab_wait_for "the end, in words" 1 lab_out_has other 'attack ends.* clients served'
	synward_down
	lab_wait_for "monitor to see that the daemon is gone" 2 lab_ended monitor
	lab_wait monitor 1 || [[ $? == 3 ]]
}

@test "random sources: none stands out" {
	synward_with "hold = 1s"
	monitor_begin
	lab_flood --dst "$LAB_SRV4" --port "$PORT" --pps 50000 --seconds 3 --count 100000
	lab_wait_for "the end" 5 nr_events_is attack_end 1
	events attack_end | json '.sources | length == 5 and
		all(.[]; (.prefix | test("^198[.]1[89][.][0-9]+[.]0/24$")) and .percent > 0 and .percent < 5)'
}
