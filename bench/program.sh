#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034,SC2154 # for and from lab.sh
#
# What a packet costs, by kind: nanoseconds above a program that swaps MACs and sends the frame back. Then, for SYNs
# and ACKs of known flows, what it costs in other worlds: with 10^5 allowed and 10^5 denied prefixes of which no
# source is one, with a thousand services that all get packets, or of which one does (so that caches do not count), with
# 10^5 flows in a table of 200 000, with 10 and 10^6 in one of two million. Worlds take turns with a plain one and are
# compared within the turn, so that what else the machine does is the same for both; 10^6 flows with ten in the same
# table. Last what two cores do. Tables, a budget, and $O/bench-program.json. A report: it fails only when something was
# not measured.
#
# ACKs come from any of the flows: of 10^6 most are the first of their flow in this second, and of 10^5 the line of a flow
# is rarely in a cache. That is the worst that known flows can cost, not what they do in a server's ordinary traffic.
#
# BENCH_ROUNDS (5), BENCH_TURNS (3), BENCH_CPU (the last), BENCH_CPUS (0 and that). Needs root; touches nothing outside
# its namespaces.
set -euo pipefail
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export O=${O:-$bench_root/build}
export LAB_BIN=${LAB_BIN:-$O/lab}
# shellcheck source=tests/lab/lab.sh
source "$bench_root/tests/lab/lab.sh"
# shellcheck source=bench/report.sh
source "$bench_root/bench/report.sh"

ROUNDS=${BENCH_ROUNDS:-5} TURNS=${BENCH_TURNS:-3} CPU=${BENCH_CPU:-$(($(nproc --all) - 1))}
CPUS=${BENCH_CPUS:-0,$CPU}
COMPARED=syn-linux,ack-known-flow

leave() {
	! lab_running synwardd || lab_signal synwardd CONT
	lab_down
}

# protect PORTS [KEY...] : always armed, a service each, by a new daemon: the one before has seen hand-offs that arrived
# nowhere.
protect() {
	lab_stop synwardd
	printf '%s\n' "[synward]" "interfaces = srv0" "control-socket = $LAB_DIR/ctl" "state-directory = $LAB_DIR/state" "on-stop = detach" \
		"${@:2}" "[service bench]" "mode = always" "ports = $1" >"$LAB_DIR/synward.conf"
	lab_spawn synwardd lab_s "$O/synwardd" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to be ready" 20 grep -q ready "$LAB_DIR/synwardd.err"
}

# measure ARG... : while the daemon sleeps; it would take test runs for an attack.
measure() {
	lab_signal synwardd STOP
	lab_s taskset -c "$CPU" "$O/bench/program" --dev srv0 --dst4 "$LAB_SRV4" --dst6 "$LAB_SRV6" --port 80 \
		--rounds "$ROUNDS" "$@"
	lab_signal synwardd CONT
}

# rows WORLD TURN ARG...
rows() {
	echo "measuring $1, turn $2 of $TURNS" >&2
	measure "${@:3}" | jq -c --arg world "$1" --argjson turn "$2" '{world: $world, turn: $turn} + .' >>"$LAB_DIR/measured"
}

# prefixes FIRST : 10^5 of both families, none of which holds a source of ours: those are of 10.0.0.0/8 and
# 2001:db8::/32. Of one length in each family: a list of several costs a SYN another line of the filter for each.
prefixes() {
	awk -v first="$1" 'BEGIN {
		for (i = first; i < first + 50000; i++) {
			printf "%d.%d.%d.0/24\n", 11 + i / 65536, i / 256 % 256, i % 256
			printf "2a00:%x:%x::/48\n", i / 65536, i % 65536
		}
	}'
}

turn() {
	local nr
	protect 80
	rows plain "$1" --untagged --list "$COMPARED"
	protect 80 "allow-file = $LAB_DIR/allow" "deny-file = $LAB_DIR/deny"
	rows lists "$1" --untagged --list syn-linux
	protect 80-1079
	rows 1000-services "$1" --untagged --list "$COMPARED" --ports 1000
	rows one-of-1000-services "$1" --untagged --list syn-linux
	protect 80 "max-flows = 200000"
	rows flows-100000 "$1" --untagged --list "$COMPARED" --flows 100000
	protect 80 "max-flows = 2000000"
	for nr in 10 1000000; do
		rows "flows-$nr" "$1" --untagged --list "$COMPARED" --flows "$nr"
	done
}

# What the numbers are of.
machine() {
	jq -n --arg kernel "$(uname -r)" --arg cpu "$(cpu_model)" \
		--argjson on_cpu "$CPU" --arg siblings "$(cat "/sys/devices/system/cpu/cpu$CPU/topology/thread_siblings_list")" \
		--arg mode "$(sed -n 's/.*srv0: attached in \([a-z]*\) mode.*/\1/p;T;q' "$LAB_DIR/synwardd.err")" \
		'{kernel: $kernel, cpu: $cpu, mode: $mode, on_cpu: $on_cpu, thread_siblings: $siblings}'
}

lab_up 1
trap leave EXIT # instead of the lab's own
lab_serve server --listen :: --port 80 --backlog 4096
prefixes 0 >"$LAB_DIR/allow"
prefixes 50000 >"$LAB_DIR/deny"
protect 80
machine=$(machine)
jq -r '"kernel \(.kernel), \(.cpu), \(.mode) mode, CPU \(.on_cpu) (hyperthreads of that core: \(.thread_siblings))"' <<<"$machine"
rows plain 0
for ((i = 1; i <= TURNS; i++)); do
	turn "$i"
done
protect 80
measure --cores "$CPUS" >>"$LAB_DIR/measured"
jq -s -L "$bench_root/bench" --argjson machine "$machine" 'include "program"; report($machine)' \
	"$LAB_DIR/measured" >"$O/bench-program.json"
jq -r -L "$bench_root/bench" 'include "program"; tables | @tsv' "$O/bench-program.json" | aligned
echo "as JSON: $O/bench-program.json"
