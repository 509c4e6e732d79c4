#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# When a service arms: not just beneath its thresholds, however long; at once when one is reached, and
# before anybody is hurt; each service for itself. The slow flood is in slow.bats.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load floods

setup() {
	lab_up
}

# Three seconds is a handshake's life here, the kernel's too: 16 a second are 48 or 49 at a time.
@test "half-open handshakes just beneath the threshold, for long: it never arms, no client fails" {
	local most
	lab_sysctl s net.ipv4.tcp_synack_retries=1
	serve :: --backlog 128
	synward_with "handshake-timeout = 3s" "arm-half-open = 52"
	clients_begin
	spoof slow4 4 8 80
	spoof slow6 6 8 80
	most=$(highest half_open slow6)
	clients_end
	echo "at most $most half-open, $(clients_served) served"
	((most >= 48 && most <= 51))
	row_is '.cookies_sent == 0 and (.armed | not)'
	kernel_is_at_ease
}

@test "half-open handshakes at the threshold: the next SYN arms, and is answered" {
	local f nr=52
	serve :: --backlog 128
	synward_with "arm-half-open = 52"
	handshakes 4 --count 26 | json '.answered == 26'
	handshakes 6 --count 26 | json '.answered == 26'
	kernel_holds 52
	row_is '.half_open == 52 and .cookies_sent == 0 and (.armed | not)'
	handshakes 4 --count 1 --sport 9000 | json '.answered == 1'
	kernel_holds 52
	row_is '.half_open == 53 and .cookies_sent == 1 and .armed and
		.armed_until_seconds >= 25 and .armed_until_seconds <= 30'
	for f in "${families[@]}"; do
		counts_by 10 handoff all_served "$f" 10
	done
	[[ $(syn_recv) == "$nr" ]]
}

# A rate is of a second of the clock: with 100 of the flood and some 40 of the clients in each.
@test "a SYN rate just beneath the threshold, for long: it never arms, no client fails" {
	lab_sysctl s net.ipv4.tcp_synack_retries=1
	serve
	synward_with "handshake-timeout = 3s" "arm-syn-rate = 200" "arm-half-open = 1000"
	clients_begin --pause-ms 50
	spoof slow4 4 75 750
	spoof slow6 6 75 750
	highest syn_rate slow6 >"$LAB_DIR/most"
	clients_end
	echo "at most $(cat "$LAB_DIR/most") SYNs a second, $(clients_served) served"
	(($(cat "$LAB_DIR/most") >= 170 && $(cat "$LAB_DIR/most") < 200))
	row_is '.cookies_sent == 0 and (.armed | not)'
	kernel_is_at_ease
}

@test "a SYN rate at the threshold arms" {
	serve
	synward_with "arm-syn-rate = 200" "arm-half-open = 1000"
	lab_flood --dst "$LAB_SRV6" --port "$PORT" --pps 2000 --seconds 5 --count 400 -j
	row_is '.armed and .cookies_sent > 0'
	[[ $(reason syn_peace) == "$(syn_recv)" ]]
	(($(syn_recv) >= 199 && $(syn_recv) < 400))
	lab_wait_for "the log to say why" 2 synward_said "cause=syn_rate value=200 threshold=200"
}

# Whatever the thresholds are: the listener's own queue is what matters.
@test "thresholds pinned far too high: the listener's queue never fills beyond half, no client fails" {
	local most
	serve :: --backlog 128
	synward_with "arm-syn-rate = 100000000" "arm-half-open = 8000" "hold = 2s"
	clients_begin
	spoof flood4 4 20 100
	spoof flood6 6 20 100
	most=$(highest kernel_half_open flood6)
	clients_end
	synward_said "cause=syn_queue value=65 threshold=64"
	echo "at most $most in the kernel"
	((most >= 60 && most <= 65))
	kernel_is_at_ease
}

# fast FAMILY PPS
fast() {
	local family=$1 nr_flood
	serve :: --backlog 128
	synward_with
	clients_begin --concurrency 4 --pause-ms 5
	lab_wait_for "clients" 5 reason_is kernel_handshake_done 100
	lab_flood_start flood --dst "$(server_of "$family")" --port "$PORT" --pps "$2" --seconds 3 -j
	lab_wait flood 10
	clients_end
	# What passed in peace and was none of the clients that the kernel accepted: the threshold and what was in flight.
	nr_flood=$(($(reason syn_peace) - $(clients_served) + $(reason handoff)))
	echo "of the flood $nr_flood reached the kernel, it holds $(syn_recv); $(cat "$LAB_DIR/flood.out")"
	((nr_flood > 0 && nr_flood <= 32))
	(($(syn_recv) <= 32))
	(($(reason handoff) > 100 && $(reason syn_cookie) > 100000))
	row_is '.armed and .thresholds.half_open == 32'
	kernel_is_at_ease
}

@test "a fast flood out of peace: no client fails, the kernel sees no more than the threshold, IPv4" {
	fast 4 500000
}

@test "a fast flood out of peace: no client fails, the kernel sees no more than the threshold, IPv6" {
	fast 6 400000
}

# one_is_armed 0|1: and the other is not.
one_is_armed() {
	synward_get .services | json ".[$1].armed and (.[1 - $1].armed | not) and .[1 - $1].cookies_sent == 0"
}

@test "two services on one device arm independently" {
	local f
	serve
	lab_serve other --listen :: --port 81
	synward_conf "hold = 1s"
	printf '[service other]\nports = 81\nhold = 30s\narm-syn-rate = 500\n' >>"$LAB_DIR/synward.conf"
	synward_up_conf
	synward_get .services | json 'map(.name) == ["web", "other"] and map(.armed) == [false, false]'
	lab_flood --dst "$LAB_SRV4" --port 81 --pps 5000 --seconds 2 --count 3000
	lab_flood --dst "$LAB_SRV6" --port 81 --pps 5000 --seconds 2 --count 3000
	one_is_armed 1
	for f in "${families[@]}"; do
		counts_by 20 kernel_handshake_done all_served "$f" 20
		PORT=81 counts_by 20 handoff all_served "$f" 20
	done
	one_is_armed 1
	grep attack_begin "$LAB_DIR/synwardd.err" | grep -c 'service=other port=81' | grep -qx 1
	[[ $(grep -c attack_begin "$LAB_DIR/synwardd.err") == 1 ]]
	synward_cli disarm other
	synward_get .services | json 'map(.armed) == [false, false]'
	synward_cli arm web
	synward_get .services | json 'map(.armed) == [true, false]'
}
