#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What takes its time, side by side in labs of their own: floods as slow as can be, one that comes and
# goes, and epochs that pass while the daemon sleeps.
#
# shellcheck disable=SC2154 # $families is in e2e
load e2e
load floods

setup_file() {
	beside slow4 slow_flood 4
	beside slow6 slow_flood 6
	beside epochs epochs_asleep
	beside wave comes_and_goes
}

setup() { :; }
teardown() { :; }
teardown_file() { beside_stop; }

# ---- two SYNs a second against a backlog of 128: full in a minute, without us ------------------

slow_flood() {
	local most
	serve :: --backlog 128
	synward_with
	clients_begin --pause-ms 50
	spoof flood "$1" 2 151 # 75 s
	most=$(highest kernel_half_open flood)
	clients_end
	echo "at most $most half-open in the kernel, $(clients_served) clients served"
	json '.opened == 151 and .seconds > 74.9 and .seconds < 77' <"$LAB_DIR/flood.out"
	((most >= 30 && most <= 32 && $(clients_served) > 500)) # the threshold, a quarter of the backlog
	kernel_is_at_ease
	row_is '.thresholds.half_open == 32 and .cookies_sent > 0'
}

@test "a flood of two SYNs a second, longer than a handshake lives: no client fails, IPv4" {
	beside_passed slow4 120
}

@test "a flood of two SYNs a second, longer than a handshake lives: no client fails, IPv6" {
	beside_passed slow6 120
}

# ---- a flood that comes and goes ---------------------------------------------------------------

# wave CYCLES ON OFF: the floods, so many seconds on and off.
wave() {
	local i f
	for ((i = 0; i < $1; i++)); do
		for f in "${families[@]}"; do
			lab_signal "flood$f" CONT
		done
		sleep "$2"
		for f in "${families[@]}"; do
			lab_signal "flood$f" STOP
		done
		sleep "$3"
	done
}

floods_begin() {
	local f
	for f in "${families[@]}"; do
		lab_flood_start "flood$f" --dst "$(server_of "$f")" --port "$PORT" --pps 1500 --seconds 60
		lab_signal "flood$f" STOP
	done
}

is_disarmed() { synward_is '.services[0].armed | not'; }

comes_and_goes() {
	local nr
	lab_sysctl s net.ipv4.tcp_synack_retries=1
	serve
	synward_with "hold = 2s" "arm-syn-rate = 2000" "arm-half-open = 1500" "handshake-timeout = 3s"
	monitor_begin
	clients_begin
	floods_begin
	lab_wait_for "the service to be at peace" 5 is_disarmed

	# Faster than the hold: armed all the time.
	wave 6 0.5 0.5
	lab_wait_for "the attack to end" 4 nr_events_is attack_end "$(nr_events attack_begin)"
	nr=$(nr_events attack_begin)
	((nr <= 2)) # one more than one may be of the floods' start
	events attack_end | tail -n 1 | json '.duration_seconds >= 5.5 and .served > 100'

	# Slower than the hold: armed and disarmed each time.
	wave 3 3 3
	lab_wait_for "the attack to end" 4 nr_events_is attack_end "$(nr_events attack_begin)"
	clients_end
	nr_events_is attack_begin $((nr + 3))
	events attack_end | jq -s . | json 'all(.[]; .duration_seconds >= 2)'
	[[ $(lab_nstat s TcpExtTCPReqQFullDoCookies) == 0 && $(lab_nstat s TcpExtTCPReqQFullDrop) == 0 ]]
	(($(reason syn_cookie) > 1000 && $(reason handoff) > 100 && $(reason kernel_handshake_done) > 100))
}

@test "a flood that comes and goes: at most one disarm in each hold, no client fails" {
	beside_passed wave 90
}

# ---- epochs ------------------------------------------------------------------------------------

# late FAMILY TS: a cookie that is answered after a minute; in two of them an epoch ends for sure.
late() {
	raw "$1" handshake --ts "$2" --delay-ms 60000 | json '.connected and .echo_ok'
	raw "$1" handshake --ts "$2" --delay-ms 60000 | json '.connected and .echo_ok'
}

# An epoch lasts 65.5 s, a cookie's lifetime two of them at most.
epochs_asleep() {
	local f ts pid late=()
	serve
	synward_with "mode = always"
	lab_signal synwardd STOP
	clients_begin --pause-ms 1000
	for f in "${families[@]}"; do
		for ts in on off; do
			late "$f" "$ts" &
			late+=($!)
		done
	done
	sleep 133 # the epochs' own time
	for pid in "${late[@]}"; do
		wait "$pid"
	done
	clients_end
	lab_signal synwardd CONT
	echo "$(clients_served) clients served"
	(($(clients_served) > 200 && $(reason handoff) == $(clients_served) + 8))
	row_is '.cookies_invalid == 0 and .cookies_sent == .cookies_valid'
	[[ $(reason syn_cookie) == "$(reason handoff)" && $(reason syn_peace) == 0 ]]
}

@test "two epochs pass while the daemon is asleep: no client fails, nor one that takes a minute" {
	beside_passed epochs 170
}
