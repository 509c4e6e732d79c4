#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A full accept queue: the kernel drops SYN and ACK silently there, and so must synward, or clients
# would believe in connections that nobody has. What came before is not lost by that.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

queued() { lab_s ss -Hltn sport = :80 | awk '{ print $2 }'; }
queue_has() { [[ $(queued) == "$1" ]]; }

# A backlog of 1 is full with 2; those who wait there give up soon, and stay in the queue.
queue_fill() {
	loads "$f" --count 2 --timeout-ms 50 | json '.errors["reply:ETIMEDOUT"] == 2'
	lab_wait_for "the queue to be full" 2 queue_has 2
}

check_full() {
	local f=$1
	serve "$(server_of "$f")" --backlog 1 --no-accept-until-signal
	synward_in native
	lab_spawn late lab_c "$LAB_BIN/rawtcp" handshake --dev cli0 --src "$(raw_of "$f")" --dst "$(server_of "$f")" --port "$PORT" \
		--delay-ms 1500 --gap-ms 50 --retransmit 50 --rto-ms 200
	synward_wait '.services[0].cookies_sent == 1' 1
	queue_fill
	[[ $(reason ack_acceptq_full) == 0 ]] # the cookie came before the queue was full

	loads "$f" --timeout-ms 300 | json '.errors == {"connect:ETIMEDOUT": 1}'
	(($(reason syn_acceptq_full) >= 1))
	queue_has 2

	synward_wait '.reasons.ack_acceptq_full >= 3' 5 # the ACK, the data, the data again
	[[ $(nr_of accept) == 0 ]]
	lab_signal server USR1
	lab_wait late 15
	json '.connected and .echo_ok and .received_length == 11 and (.rst | not) and .closed and
		.nr_retransmits >= 1 and .nr_synacks == 1' <"$LAB_DIR/late.out"
	lab_wait_for "the server to report the close" 5 nr_is_above close 2
	[[ $(nr_of accept) == 3 && $(reason handoff) == 3 ]]
	[[ $(lab_nstat s TcpExtListenOverflows) == 0 ]]
	all_served "$f" 5
}

@test "ACK and data after the queue was full are not lost; a SYN is not answered: IPv4" {
	check_full 4
}

@test "ACK and data after the queue was full are not lost; a SYN is not answered: IPv6" {
	check_full 6
}
