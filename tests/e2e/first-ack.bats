#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# How a handshake can end: the ACK alone, the ACK with data, data instead of a lost ACK, ACK and data
# in one NAPI batch. Each time the server accepts one connection and reads the data once.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e

setup() {
	lab_up
	serve
}

# check SCENARIO ARGS... : in both families, with and without timestamps.
check() {
	local f ts report nr=0 before
	before=$(reason handoff)
	for f in "${families[@]}"; do
		for ts in on off; do
			report=$(report_of close raw_fine "$@" --ts "$ts")
			json '.received == 11 and .sent == 11 and .error == ""' <<<"$report"
			nr=$((nr + 1))
		done
	done
	(($(reason handoff) - before == nr * ${each:-1}))
}

raw_fine() {
	raw "$f" "$@" | json '.connected and .echo_ok and .received_length == 11 and .closed and
		(.rst | not) and .nr_synacks == 1 and .nr_bad_checksums == 0'
}

@test "each way to end a handshake makes one connection and brings the data once, native mode" {
	synward_in native
	check handshake
	check data-in-ack
	check lost-ack --gap-ms 50
	check batch
}

@test "each way to end a handshake makes one connection and brings the data once, generic mode" {
	synward_in generic
	check handshake
	check data-in-ack
	check batch
}

@test "an ACK with a wrong checksum does not make a connection, the data behind it does" {
	synward_in native
	each=2 # only TCP itself sees that the first is bad
	check handshake --bad-ack-checksum --gap-ms 50 --retransmit 5
}
