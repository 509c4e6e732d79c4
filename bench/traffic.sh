#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034,SC2154,SC2317 # for and from lab.sh; functions are called by name
#
# What synward costs when nobody attacks: throughput (iperf3), requests a second and their p99 (wrk and nginx) over kept
# connections and with a connection for each request; without synward, behind an XDP program that only passes, behind that
# and one at TC that does nothing (synward's two hooks without synward), behind synward in peace, and armed. Ratios are
# against the program that only passes: that much native XDP costs by itself, a veth above all. Every round meets all
# of them. Client on LAB_FLOOD_CPU, server on LAB_CLIENT_CPU.
#
# And what a packet of these connections costs the programs in place, where the stacks, nginx and wrk share the caches with
# them: the kernel's own statistics, while other requests are made; they take some 30 ns themselves, in all modes alike.
#
#   BENCH_ROUNDS=5  BENCH_SECONDS=2 of each measurement
#
# A table, and $O/bench-traffic.json. Needs root; touches nothing outside its namespaces but kernel.bpf_stats_enabled.
set -euo pipefail
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export O=${O:-$bench_root/build}
export LAB_BIN=${LAB_BIN:-$O/lab}
# shellcheck source=tests/lab/lab.sh
source "$bench_root/tests/lab/lab.sh"

ROUNDS=${BENCH_ROUNDS:-5} LASTS=${BENCH_SECONDS:-2}
MODES=(none pass hooks peace armed)
rows=$(mktemp)
stats_were=$(sysctl -n kernel.bpf_stats_enabled)
stats() { sysctl -qw "kernel.bpf_stats_enabled=$1"; }
trap 'rm -f "$rows"; stats "$stats_were"' EXIT

nginx_start() {
	mkdir "$LAB_DIR/www"
	head -c 4096 /dev/zero | tr '\0' s >"$LAB_DIR/www/index.html"
	lab_nginx 4000 "keepalive_requests 100000000;"
}

# All clients are of one /24, and come faster than any one network of real ones: neither is what is measured.
synward_conf() { # MODE
	cat <<-END
		[synward]
		interfaces = srv0
		on-stop = detach
		synack-per-prefix = 0
		control-socket = $LAB_DIR/ctl
		state-directory = $LAB_DIR/state
		[service bench]
		ports = 80 5201
		mode = $1
		arm-syn-rate = 1000000
		arm-half-open = 8192
	END
}

set_mode() {
	local how=auto
	case $1 in
	none) ;;
	pass) lab_bare_on ;;
	hooks) lab_hooks_on ;;
	*)
		[[ $1 == peace ]] || how=always
		synward_conf "$how" >"$LAB_DIR/synward.conf"
		lab_spawn_first synwardd lab_s "$LAB_CLIENT_CPU" "$O/synwardd" --config "$LAB_DIR/synward.conf"
		lab_wait_for "synwardd to be ready" 15 grep -q ready "$LAB_DIR/synwardd.err"
		;;
	esac
}

client() { lab_c taskset -c "$LAB_FLOOD_CPU" "$@"; }

# wrk's two figures: requests a second, and p99 in us.
requests() {
	client wrk -t 1 -c 32 -d "${LASTS}s" --latency "$@" "http://$LAB_SRV4/index.html" | awk '
		$1 == "99%" { unit = $2; sub(/^[0-9.]+/, "", unit); p99 = $2 * (unit == "s" ? 1e6 : unit == "ms" ? 1e3 : 1) }
		$1 == "Requests/sec:" { rate = $2 }
		END { printf "[%d, %d]\n", rate, p99 }'
}

megabits() { client iperf3 -c "$LAB_SRV4" -t "$LASTS" -J | jq '.end.sum_received.bits_per_second / 1e6 | round'; }

# Runs and nanoseconds so far of the server's XDP program and of its TC program, the newest of their names.
program_stats() {
	bpftool prog show -j | jq -c 'def newest(name): map(select(.name | name)) | max_by(.id) | [.run_cnt // 0, .run_time_ns // 0];
		[newest(. == "lab_bare" or . == "synward_xdp"), newest(. == "lab_next" or . == "synward_tc")]'
}

# Nanoseconds of both for each packet, on average, of fresh connections.
in_place() {
	local before after
	stats 1
	before=$(program_stats)
	requests -H 'Connection: close' >/dev/null
	after=$(program_stats)
	stats "$stats_were"
	jq -cn --argjson before "$before" --argjson after "$after" '[$before, $after] | transpose |
		map((.[1][0] - .[0][0]) as $runs | if $runs > 0 then (.[1][1] - .[0][1]) / $runs | round else 0 end)'
}

# measure ROUND MODE : a line of JSON into $rows.
measure() {
	lab_up 2
	nginx_start
	lab_spawn_first iperf lab_s "$LAB_CLIENT_CPU" iperf3 -s --forceflush
	lab_wait_for "iperf3" 5 lab_out_has iperf listening
	set_mode "$2"
	jq -cn --argjson round "$1" --arg mode "$2" --argjson mbit "$(megabits)" --argjson kept "$(requests)" \
		--argjson fresh "$(requests -H 'Connection: close')" --argjson ns "$(in_place)" '{round: $round, mode: $mode, mbit_per_s: $mbit,
		kept_per_s: $kept[0], kept_p99_us: $kept[1], fresh_per_s: $fresh[0], fresh_p99_us: $fresh[1],
		xdp_ns: $ns[0], tc_ns: $ns[1]}' >>"$rows"
	lab_down
}

# Ratios are taken within each round, where both sides had the same machine.
summary() {
	jq -s --arg kernel "$(uname -r)" --argjson rounds "$ROUNDS" '
		def stat: sort | {median: .[length / 2 | floor], min: .[0], max: .[-1]};
		(map(select(.mode == "pass")) | INDEX(.round)) as $base |
		{part: "traffic", kernel: $kernel, rounds: $rounds, rows: (group_by(.mode) | map(. as $of | {mode: .[0].mode} + (
			["mbit_per_s", "kept_per_s", "kept_p99_us", "fresh_per_s", "fresh_p99_us"] | map(. as $f | {key: $f, value: (
				($of | map(.[$f]) | stat) +
				{against_pass: ($of | map(.[$f] / ($base[.round | tostring][$f])) | stat)})}) | from_entries) +
			{xdp_ns: ($of | map(.xdp_ns) | stat), tc_ns: ($of | map(.tc_ns) | stat)}))}' "$rows"
}

table() {
	printf '%-6s %16s %18s %14s %18s %14s %18s\n' mode "Mbit/s (ratio)" "kept req/s (ratio)" "p99/ms" \
		"fresh conn/s (ratio)" "p99/ms" "XDP, TC ns/packet"
	jq -r --arg modes "${MODES[*]}" '(.rows | INDEX(.mode)) as $rows | $modes | split(" ")[] | $rows[.] |
		[.mode, .mbit_per_s.median, .mbit_per_s.against_pass.median, .kept_per_s.median, .kept_per_s.against_pass.median,
		 .kept_p99_us.median / 1000, .fresh_per_s.median, .fresh_per_s.against_pass.median, .fresh_p99_us.median / 1000,
		 .xdp_ns.median, .tc_ns.median] | @tsv' <<<"$1" | awk -F '\t' '{
			printf "%-6s %8d (%.3f) %10d (%.3f) %14.2f %10d (%.3f) %14.2f %12d, %4d\n",
				$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 }'
}

echo "kernel $(uname -r); client on CPU $LAB_FLOOD_CPU, server on CPU $LAB_CLIENT_CPU; $ROUNDS rounds of $LASTS s each"
for ((round = 1; round <= ROUNDS; round++)); do
	for mode in "${MODES[@]}"; do
		measure "$round" "$mode"
	done
done
report=$(summary)
table "$report"
printf '%s\n' "$report" >"$O/bench-traffic.json"
echo "as JSON: $O/bench-traffic.json"
