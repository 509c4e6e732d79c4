#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A connection made through a cookie is as good as one made in peace: round-trip time, data, odd listeners and
# clients. Options are compared in options.bats, the ways of the first data in first-ack.bats.
load e2e

@test "the server sees the true round-trip time" {
	local family rtt
	serve
	synward_up
	for family in 4 6; do
		want "$(raw "$family" handshake --delay-ms 50 --payload hello)" '.connected and .echo_ok'
		rtt=$(jq .rtt_us <<<"$(accepted)")
		echo "IPv$family: $rtt us"
		((rtt >= 50000 && rtt <= 65000))
	done
}

transfer() {
	want "$(loads 4 --count 3 --echo 1048576)" '.served == 3 and .failed == 0'
	want "$(loads 6 --count 3 --echo 1048576)" '.served == 3 and .failed == 0'
	(($(reason handoff) == 6))
	# what the server received and what it sent back are the same million bytes, six times
	lab_wait_for "the last connection to close" 5 all_closed
	[[ $(grep '"close"' "$LAB_DIR/server.out" | jq -c '[.received, .sent, .fnv1a]' | sort -u | wc -l) == 1 ]]
}

all_closed() { (($(grep -c '"close"' "$LAB_DIR/server.out") == 6)); }

@test "1 MB each way, native" {
	serve
	synward_up
	[[ $(synward_get '.interfaces[0].xdp_mode') == native ]]
	transfer
}

@test "1 MB each way, generic" {
	serve
	lab_gro on
	synward_up --xdp-mode generic
	[[ $(synward_get '.interfaces[0].xdp_mode') == generic ]]
	transfer
}

@test "clients without timestamps, options one by one" {
	serve
	synward_up
	for options in "--ts off" "--ts off --sack off" "--ts off --wscale off" \
		"--ts off --sack off --wscale off" "--ts off --sack off --wscale off --mss off" "--sack off" \
		"--wscale off" "--mss 536" "--mss 1452 --wscale 14" "--ecn"; do
		for family in 4 6; do
			echo "IPv$family $options"
			# shellcheck disable=SC2086 # words
			want "$(raw "$family" handshake --payload hi $options)" '.connected and .echo_ok and (.rst | not)'
		done
	done
	(($(reason handoff) == 20))
}

@test "data after an accept queue drop is accepted once there is room" {
	serve :: --backlog 0 --no-accept-until-signal
	synward_up
	# its SYN-ACK comes while the queue has room; its ACK and data while it has none
	lab_spawn late lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/rawtcp" handshake --dev cli0 --src "$LAB_RAW4" \
		--dst "$LAB_SRV4" --port "$PORT" --delay-ms 700 --payload late --retransmit 10 --rto-ms 300 --wait-ms 5000
	lab_wait_for "the late client's cookie" 3 reason_is syn_cookie 1
	lab_spawn filler lab_load --dst "$LAB_SRV4" --port "$PORT" --count 1 --timeout-ms 8000 -j
	lab_wait_for "the ACK to be dropped" 5 reason_is ack_acceptq_full 1
	# a SYN in this state is dropped, as the kernel would
	want "$(loads 6 --count 1 --timeout-ms 300)" '.failed == 1 and (.errors | has("connect:ETIMEDOUT"))'
	(($(reason syn_acceptq_full) >= 1))
	lab_signal server USR1
	lab_wait late 10
	want "$(cat "$LAB_DIR/late.out")" '.connected and .echo_ok and (.rst | not)'
}

@test "a listener with a small SO_RCVBUF, one bound to an address" {
	serve "$LAB_SRV4" --rcvbuf 16384
	synward_up
	want "$(loads 4 --count 2 --echo 300000)" '.served == 2'
	want "$(raw 4 syn-only --settle-ms 20)" '.synack.wscale == 0 and .synack.window <= 16384'
	want "$(loads 6 --count 1)" '.errors | has("connect:ECONNREFUSED")'
	(($(reason handoff) == 2 && $(reason syn_no_listener) >= 1))
}

@test "a client that uses its port again at once" {
	local family i
	serve
	synward_up
	for family in 4 6; do
		for i in {1..5}; do
			want "$(raw "$family" handshake --sport 33333 --payload "round $i")" '.connected and .echo_ok and (.rst | not)'
		done
	done
	(($(reason handoff) == 10))
}
