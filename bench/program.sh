#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034,SC2154 # for and from lab.sh
#
# What a packet costs, by kind: nanoseconds above a program that swaps MACs and sends the frame back. For one service
# and for a thousand, without lists and with 98 000 denied prefixes of which no source is one. A table, and
# $O/bench-program.json. BENCH_ROUNDS (5), BENCH_CPU (the last). Needs root; touches nothing outside its namespaces.
set -euo pipefail
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export O=${O:-$bench_root/build}
export LAB_BIN=${LAB_BIN:-$O/lab}
# shellcheck source=tests/lab/lab.sh
source "$bench_root/tests/lab/lab.sh"

ROUNDS=${BENCH_ROUNDS:-5} CPU=${BENCH_CPU:-$(($(nproc) - 1))}
FIRST_PORT=10000 # of the thousand

leave() {
	! lab_running synwardd || lab_signal synwardd CONT
	lab_down
}
# protect PORTS: always armed, a service each.
protect() {
	printf '%s\n' "[synward]" "interfaces = srv0" "control-socket = $LAB_DIR/ctl" "state-directory = $LAB_DIR/state" \
		"[service bench]" "mode = always" "ports = $1" >"$LAB_DIR/synward.conf"
	lab_spawn synwardd lab_s "$O/synwardd" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 20 grep -q ready "$LAB_DIR/synwardd.err"
}

# rows WORLD ARG...: measured, while the daemon sleeps: it would take test runs for an attack.
rows() {
	local world=$1
	shift
	lab_signal synwardd STOP
	lab_s taskset -c "$CPU" "$O/bench/program" --dev srv0 --dst4 "$LAB_SRV4" --dst6 "$LAB_SRV6" --rounds "$ROUNDS" "$@" |
		jq -c --arg world "$world" '{world: $world} + .' | tee -a "$LAB_DIR/rows" |
		jq -r '"\(.world)\t\(.name)\t\(.family)\t\(.vlans)\t\(.ns)\t\(.ns_min)\t\(.ns_max)\t\(.floor_ns)"' |
		awk -F '\t' '{ printf "%-14s %-26s IPv%s  %s tags %6d ns  (%d to %d)\n", $1, $2, $3, $4, $5, $6, $7 }'
	lab_signal synwardd CONT
}

prefixes() { # none of which holds a source of ours, which are of 10.0.0.0/8 and 2001:db8::/32
	awk 'BEGIN {
		for (i = 0; i < 49000; i++) {
			printf "%d.%d.%d.0/24\n", 11 + i % 100, i / 100 % 256, int(i / 25600) * 7 + i % 7
			printf "2a00:%x:%x::/48\n", i % 977, i
		}
	}' | sort -u
}

lab_up 1
trap leave EXIT # instead of the lab's own
lab_serve server --listen :: --port 80 --backlog 4096
echo "kernel $(uname -r), $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo), CPU $CPU; median of $ROUNDS rounds, least and most"
protect 80
rows plain --port 80
lab_stop synwardd # it has seen hand-offs that arrived nowhere
protect 80
prefixes | "$O/synward" --socket "$LAB_DIR/ctl" deny add - >"$LAB_DIR/deny.out"
rows lists --port 80 --list syn-linux
lab_stop synwardd
protect "80 $FIRST_PORT-$((FIRST_PORT + 998))"
rows 1000-services --port 80 --list syn-linux,ack-known-flow
jq -s --arg kernel "$(uname -r)" '{part: "program", kernel: $kernel, rounds: .[0].rounds, rows: .}' \
	"$LAB_DIR/rows" >"$O/bench-program.json"
echo "as JSON: $O/bench-program.json"
