#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Listeners that do not take what comes: no client may believe that it is connected when it is not, or not for
# longer than without us.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

# Two fit a backlog of 1, as the kernel counts.
refusals() { loads "$1" --count 5 --timeout-ms 400 | jq -cS .errors; }

@test "a backlog of 1 that is never accepted: who does not fit is not connected" {
	local f peace
	serve :: --backlog 1 --no-accept-until-signal
	peace=$(refusals 4)
	[[ $peace == '{"connect:ETIMEDOUT":3,"reply:ETIMEDOUT":2}' ]]
	for f in "${families[@]}"; do
		lab_stop server
		serve :: --backlog 1 --no-accept-until-signal
		synward_in native
		[[ $(refusals "$f") == "$peace" ]]
		(($(reason syn_acceptq_full) >= 3))
		synward_down
	done
}

# Without pauses a client comes back at once; with a listener away for less than it waits, none of those that
# were connected may be left hanging.
@test "a server that is started again and again under load: nobody hangs" {
	local f
	serve
	synward_in native
	clients_begin --concurrency 4 --timeout-ms 8000
	for _ in {1..6}; do
		lab_stop server
		sleep 0.2 # so long nobody listens
		serve
		for f in "${families[@]}"; do
			all_served "$f" 50
		done
	done
	sleep 3.5 # SYNs that nobody refused come again after 1 s, and after 3; no client gives up before
	for f in "${families[@]}"; do
		lab_signal "clients$f" TERM
	done
	for f in "${families[@]}"; do
		lab_wait "clients$f" 10
		cat "$LAB_DIR/clients$f.out"
		# Refused, within the budget of resets, or cut off with the server that had them; not left alone.
		json '.served > 50 and (.errors | keys - ["connect:ECONNREFUSED", "connect:ECONNRESET", "reply:ECONNRESET",
			"reply:ENODATA", "reply:EPIPE"] == [])' <"$LAB_DIR/clients$f.out"
		json '.errors["connect:ECONNREFUSED"] > 0' <"$LAB_DIR/clients$f.out"
	done
}

@test "a flood all the while: the server that is started again is served" {
	local f
	serve
	synward_in native
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 50000 --seconds 60
	for f in "${families[@]}"; do
		all_served "$f" 50
		lab_stop server
		serve
		all_served "$f" 50
	done
}
