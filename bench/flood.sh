#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034,SC2154,SC2317 # for and from lab.sh; functions are called by name
#
# The flood curve: SYNs from random addresses at rising rates, and what becomes of real clients, behind the kernel's
# own defences, netfilter's SYNPROXY and synward; and what the machine can receive and send at all: mac-swap is an XDP
# program that sends every frame back, and serves nobody. Every round meets all defenders at all rates, one after another,
# so that what else the machine does falls on all of them. Generator and receive path share CPU LAB_FLOOD_CPU, server and
# clients have LAB_CLIENT_CPU with a queue of their own: a client that fails was refused, not lost in a ring.
#
# A core that only receives would be the better measure, but a veth cannot give it: with the generator on the other CPU
# (threaded NAPI on this one) the frames, the ring and the return of pages cross between CPUs, and every defender, the
# swap too, gets slower by more than the generator had cost. So both share the core, and "ns above swap" is without it.
#
#   BENCH_ROUNDS=5  BENCH_RATES="100000 300000 1000000 2000000 3000000 0"  (0: as fast as possible)
#   BENCH_DEFENDERS="mac-swap kernel-0 kernel-1 kernel-2 synproxy synward-auto synward-always synward-generic"
#
# A table, a budget, and $O/bench-flood.json. A report: it fails only when something was not measured. Needs root; touches
# nothing outside its namespaces.
set -euo pipefail
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export O=${O:-$bench_root/build}
export LAB_BIN=${LAB_BIN:-$O/lab}
# shellcheck source=tests/lab/lab.sh
source "$bench_root/tests/lab/lab.sh"
# shellcheck source=bench/report.sh
source "$bench_root/bench/report.sh"

ROUNDS=${BENCH_ROUNDS:-5}
read -ra RATES <<<"${BENCH_RATES:-100000 300000 1000000 2000000 3000000 0}"
read -ra DEFENDERS <<<"${BENCH_DEFENDERS:-mac-swap kernel-0 kernel-1 kernel-2 synproxy synward-auto synward-always synward-generic}"
WARM_UP_S=0.5 CLIENTS_S=2 TIMEOUT_MS=3000 CONCURRENCY=8 QUEUES=2
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

die() {
	printf 'bench: %s\n' "$1" >&2
	[[ ! -s ${2:-} ]] || cat "$2" >&2
	exit 1
}

# ---- defenders -----------------------------------------------------------------------------------

kernel_alone() { # VALUE of tcp_syncookies
	lab_sysctl s "net.ipv4.tcp_syncookies=$1"
	lab_pass_on # gives the device what the flood needs
}

# As its documentation sets it up: SYNs are not tracked, and what is not tracked, or invalid, is its business.
synproxy() {
	lab_sysctl s net.ipv4.tcp_syncookies=1 net.netfilter.nf_conntrack_tcp_loose=0
	lab_s nft -f - <<-'NFT'
		table inet bench {
			chain raw {
				type filter hook prerouting priority raw
				tcp dport 80 tcp flags syn notrack
			}
			chain in {
				type filter hook input priority filter
				tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 10 timestamp sack-perm
				ct state invalid drop
			}
		}
	NFT
	lab_pass_on
}

synward() { # MODE XDP_MODE
	[[ $2 != generic ]] || lab_gro on
	lab_spawn_first synwardd lab_s "$LAB_CLIENT_CPU" "$O/synwardd" --interface srv0 --ports 80 --mode "$1" \
		--xdp-mode "$2" --control-socket "$LAB_DIR/ctl"
	lab_wait_for "synwardd to be ready" 15 grep -q ready "$LAB_DIR/synwardd.err" ||
		die "synwardd did not start" "$LAB_DIR/synwardd.err"
}

defend() {
	case $1 in
	mac-swap) lab_floor_on ;;
	kernel-[012]) kernel_alone "${1#kernel-}" ;;
	synproxy) synproxy ;;
	synward-auto) synward auto native ;;
	synward-always) synward always native ;;
	synward-generic) synward always generic ;;
	*) die "there is no defender $1" ;;
	esac
}

# Not every kernel has it.
can_defend() {
	[[ $1 == synproxy ]] || return 0
	lab_up "$QUEUES"
	local can=0
	synproxy 2>"$LAB_DIR/refused" || { can=1 && echo "synproxy is left out: $(head -n 1 "$LAB_DIR/refused")"; }
	lab_down
	return "$can"
}

# ---- one measurement -----------------------------------------------------------------------------

# Ticks that a CPU was busy, and all of them.
cpu_ticks() {
	awk -v cpu="cpu$1" '$1 == cpu { for (i = 2; i <= 9; i++) all += $i; print all - $5 - $6, all }' /proc/stat
}

clients_run() {
	local family dst
	for family in 4 6; do
		dst=LAB_SRV$family
		lab_spawn_first "clients$family" lab_c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" --dst "${!dst}" --port 80 \
			--seconds "$CLIENTS_S" --timeout-ms "$TIMEOUT_MS" --concurrency "$CONCURRENCY" -j
	done
	for family in 4 6; do
		lab_wait "clients$family" $((CLIENTS_S + TIMEOUT_MS / 1000 + 10)) ||
			die "the clients failed" "$LAB_DIR/clients$family.err"
	done
}

# The same time without them, where nobody would serve them.
no_clients() {
	touch "$LAB_DIR/clients4.out" "$LAB_DIR/clients6.out"
	sleep "$CLIENTS_S"
}

# measure ROUND DEFENDER PPS : a line of JSON into $rows. Answered: SYN-ACKs that came back to spoofed addresses, of the
# swap SYNs that came back from them. Received: what did not find the ring full.
measure() {
	local before after answered clients=clients_run counter=spoofed_synack
	[[ $2 != mac-swap ]] || clients=no_clients counter=spoofed_syn
	lab_up "$QUEUES"
	lab_spawn_first server lab_s "$LAB_CLIENT_CPU" "$LAB_BIN/tcpserve" --listen :: --port 80 --backlog 511
	lab_wait_for "the server" 5 lab_out_has server '^ready'
	defend "$2"
	lab_spawn_first flood lab_c "$LAB_FLOOD_CPU" "$LAB_BIN/flood" --dev cli0 --dst "$LAB_SRV4" --port 80 \
		--pps "$3" --seconds 60 --announce -j
	lab_wait_for "the flood" 10 lab_out_has flood '^flowing' || die "the flood did not start" "$LAB_DIR/flood.err"
	sleep "$WARM_UP_S"
	before=$(cpu_ticks "$LAB_FLOOD_CPU")
	"$clients"
	after=$(cpu_ticks "$LAB_FLOOD_CPU")
	lab_signal flood TERM
	lab_wait flood 5 || die "the flood failed" "$LAB_DIR/flood.err"
	answered=$(lab_cli_counts | jq ".$counter")
	jq -cs --argjson round "$1" --arg defender "$2" --argjson pps "$3" --argjson answered "$answered" \
		--argjson flood "$(grep '^{' "$LAB_DIR/flood.out" | tail -n 1)" --arg before "$before" --arg after "$after" '
		($before | split(" ") | map(tonumber)) as $b | ($after | split(" ") | map(tonumber)) as $a |
		{round: $round, defender: $defender, pps: $pps,
		 offered_pps: ($flood.sent / $flood.seconds | round),
		 received_pps: (($flood.sent - $flood.ring_full) / $flood.seconds | round),
		 answered_pps: ($answered / $flood.seconds | round),
		 served: (map(.served) | add), failed: (map(.failed) | add),
		 p50_us: (map(.connect_us.p50) | max), p99_us: (map(.connect_us.p99) | max),
		 cpu_percent: (100 * ($a[0] - $b[0]) / ($a[1] - $b[1]) | round)}' \
		"$LAB_DIR/clients4.out" "$LAB_DIR/clients6.out" >>"$rows"
	lab_down
}

# ---- the run -------------------------------------------------------------------------------------

able=()
for defender in "${DEFENDERS[@]}"; do
	! can_defend "$defender" || able+=("$defender")
done
machine=$(jq -n --arg kernel "$(uname -r)" --arg cpu "$(cpu_model)" --argjson cpus "$(nproc --all)" \
	--argjson queues "$QUEUES" --argjson rounds "$ROUNDS" \
	'{kernel: $kernel, cpu: $cpu, cpus: $cpus, device: "veth", queues: $queues, rounds: $rounds}')
jq -r --arg flood_cpu "$LAB_FLOOD_CPU" --arg client_cpu "$LAB_CLIENT_CPU" --arg clients $((2 * CONCURRENCY)) \
	'"kernel \(.kernel), \(.cpu) (\(.cpus) CPUs), \(.device) with \(.queues) queues; flood and receive path on CPU " +
	"\($flood_cpu), server and \($clients) clients at a time on CPU \($client_cpu); \(.rounds) rounds"' <<<"$machine"
for ((round = 1; round <= ROUNDS; round++)); do
	for pps in "${RATES[@]}"; do
		for defender in "${able[@]}"; do
			measure "$round" "$defender" "$pps"
		done
	done
	echo "round $round of $ROUNDS, $SECONDS s" >&2
done
jq -s -L "$bench_root/bench" --argjson machine "$machine" 'include "flood"; report($machine)' "$rows" >"$O/bench-flood.json"
jq -r -L "$bench_root/bench" 'include "flood"; tables | @tsv' "$O/bench-flood.json" | aligned
echo "as JSON: $O/bench-flood.json"
