#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The moments at which a service arms and disarms, by itself or by hand: nobody's handshake is lost
# there, and they are not many.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

setup() {
	lab_up
	serve
}

# in_flight_begin DELAY_MS: one with and one without timestamps, in each family, that acknowledge so late.
in_flight_begin() {
	local f ts
	for f in "${families[@]}"; do
		for ts in on off; do
			lab_spawn "flying-$f-$ts" lab_c "$LAB_BIN/rawtcp" handshake --dev cli0 --src "$(raw_of "$f")" \
				--dst "$(server_of "$f")" --port "$PORT" --ts "$ts" --delay-ms "$1"
		done
	done
}

in_flight_end() {
	local f ts
	for f in "${families[@]}"; do
		for ts in on off; do
			lab_wait "flying-$f-$ts" 10
			json '.connected and .echo_ok and .closed and (.rst | not)' <"$LAB_DIR/flying-$f-$ts.out"
		done
	done
}

@test "armed while the kernel's handshakes are in flight: all complete" {
	local f
	synward_with
	in_flight_begin 1500
	for f in "${families[@]}"; do # and one that sends its SYN again after that
		lab_spawn "again$f" lab_c "$LAB_BIN/handshakes" --dev cli0 --src "$(raw_of "$f")" --dst "$(server_of "$f")" \
			--port "$PORT" --count 1 --retransmit 1 --pps 1 --end ack
	done
	synward_wait '.services[0].half_open == 6' 1
	synward_cli arm web
	row_is '.armed and .half_open == 6 and .cookies_sent == 0'
	all_served 4 10
	all_served 6 10
	for f in "${families[@]}"; do
		lab_wait "again$f" 5
	done
	in_flight_end
	kernel_holds 0
	row_is '.half_open == 0 and .cookies_sent == 20 and .served == 26'
	[[ $(reason syn_known) == 2 && $(reason kernel_handshake_done) == 6 && $(reason handoff) == 20 ]]
	[[ $(nr_of accept) == 26 ]]
}

# disarmed_by WORD...: while cookies are in flight.
disarmed_by() {
	local before
	before=$(row cookies_sent)
	in_flight_begin 800
	synward_wait ".services[0] | .armed and .cookies_sent == $before + 4" 1
	synward_cli "$@"
	row_is '.armed | not'
	in_flight_end
	row_is ".armed | not"
	row_is ".cookies_sent == $before + 4"
}

@test "disarmed while cookies are in flight, in every way by hand: all complete" {
	synward_with
	synward_cli arm web
	counts_by 4 handoff disarmed_by disarm web
	synward_cli arm web
	counts_by 4 handoff disarmed_by mode web monitor
	synward_cli mode web always
	counts_by 4 handoff disarmed_by mode web auto
	synward_cli mode web always
	counts_by 4 handoff disarmed_by mode web off
	[[ $(nr_of accept) == 16 ]]
}

@test "disarmed while cookies are in flight, by the end of the flood: all complete" {
	synward_with "hold = 1s" "arm-syn-rate = 500"
	lab_flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 2 --count 5000
	in_flight_begin 2500
	synward_wait '.services[0] | .armed and .cookies_valid == 0 and .syns == 5004' 1
	synward_wait '.services[0].armed | not' 3
	counts_by 4 handoff in_flight_end
	counts_by 20 kernel_handshake_done all_served 4 20
	counts_by 20 kernel_handshake_done all_served 6 20
	row_is '.armed | not'
}

# Some handshake of theirs is in flight at every moment.
@test "always to auto to always, a hundred times under traffic: no client fails" {
	local i
	synward_with "mode = always"
	clients_begin --concurrency 8
	lab_wait_for "clients" 5 reason_is handoff 100
	for ((i = 0; i < 100; i++)); do
		synward_cli mode web auto
		synward_cli mode web always
	done
	clients_end
	(($(reason handoff) > 500 && $(reason kernel_handshake_done) > 100))
}

@test "with the daemon asleep a flood arms, and its end disarms" {
	local f t
	synward_with "hold = 2s" "arm-syn-rate = 500"
	lab_signal synwardd STOP
	for f in "${families[@]}"; do
		lab_flood_start "flood$f" --dst "$(server_of "$f")" --port "$PORT" --pps 20000 --seconds 60
	done
	raw 4 syn-only --wait-ms 300 >/dev/null # long enough for 500 SYNs
	for f in "${families[@]}"; do
		all_served "$f" 50
	done
	for f in "${families[@]}"; do
		lab_signal "flood$f" TERM
		lab_wait "flood$f" 10
	done
	t=$EPOCHSECONDS
	lab_wait_for "the hold to pass" 5 eval "((EPOCHSECONDS > $t + 2))"
	for f in "${families[@]}"; do
		all_served "$f" 50
	done
	lab_signal synwardd CONT
	row_is '(.armed | not) and .cookies_sent > 5000' # and no SYN since
	[[ $(reason handoff) == 100 && $(reason kernel_handshake_done) == 100 ]]
	lab_wait_for "the log" 3 synward_said event=attack_end
	kernel_is_at_ease
}
