#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What synward does, shown in under a minute: a real nginx and real clients in peace, under a spoofed
# SYN flood with the kernel's half-open table alone, with the kernel's own cookies, and with synward.
# One table, one sentence computed from it, a copy in build/demo.json. Exit 0 when no client failed
# behind synward, else 1.
#
# Every phase has a lab of its own, so that no half-open connection, TIME_WAIT or used port of the
# phase before counts. nginx has one listener for IPv4 and IPv6, so that the IPv4 flood fills the
# table of both. The flood and what the server spends on receiving it have one CPU, nginx and clients
# the other, with a receive queue of their own: a client that fails was refused, not lost in a ring.
#
# `make demo` builds what this needs. DEMO_PPS: another rate of the flood.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

if ((EUID != 0)); then
	echo "demo: network namespaces and BPF need root: sudo make demo" >&2
	exit 1
fi

# shellcheck source=tests/lab/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

pps=${DEMO_PPS:-1000000}
warm_up_s=1   # of flood before the first client, so that the table is full by then
clients_s=6   # how long new clients come
timeout_ms=3000
concurrency=8 # clients at a time, each over IPv4 and over IPv6
out=${LAB_BIN%/lab}
results=()

die() {
	printf 'demo: %s\n' "$1" >&2
	[[ ! -s ${2:-} ]] || cat "$2" >&2
	exit 1
}

# ---- the parts of a phase ----------------------------------------------------------------------

nginx_start() {
	mkdir "$LAB_DIR/www"
	printf '<!doctype html><title>synward</title><p>served %s\n' {1..40} >"$LAB_DIR/www/index.html"
	lab_nginx 1000 || die "nginx did not start" "$LAB_DIR/nginx.err"
}

synward_status() { "$out/synward" --socket "$LAB_DIR/control.sock" -j; }

# A second demo has its own pins and socket.
synward_start() {
	cat >"$LAB_DIR/synward.conf" <<-END
		[synward]
		interfaces = srv0
		on-stop = detach
		control-socket = $LAB_DIR/control.sock
		pin-path = /sys/fs/bpf/$LAB_ID

		[service web]
		ports = 80
	END
	lab_spawn_first synwardd lab_s "$LAB_CLIENT_CPU" \
		"$out/synwardd" --config "$LAB_DIR/synward.conf"
	lab_wait_for "synwardd to answer" 10 synward_status ||
		die "synwardd did not start" "$LAB_DIR/synwardd.err"
	synward_path=$(synward_status | jq -c '.interfaces[0]')
	jq -r '"   synward: path \(.path), XDP \(.xdp_mode), TC \(.tc)" +
		if .why then "\n   because: \(.why)" else "" end' <<<"$synward_path"
}

# defend HOW : what stands between the flood and nginx. Without synward an XDP program that passes
# everything gives the device what the flood needs.
defend() {
	local syncookies=1
	[[ $1 != table ]] || syncookies=0
	lab_sysctl s "net.ipv4.tcp_syncookies=$syncookies"
	if [[ $1 == synward ]]; then
		synward_start
	else
		lab_pass_on
	fi
}

# What came in by the flood's queue, as the server's device counts it.
received() {
	lab_s ethtool -S srv0 | awk -v name="rx_queue_$((LAB_FLOOD_CPU % 2))_xdp_packets:" \
		'$1 == name { print $2 }'
}

half_open() { lab_s ss -Htn state syn-recv sport = :80 | wc -l; }

# clients_run : sets half_open_max; the clients' own reports are in clients4.out and clients6.out.
clients_run() {
	local family dst now nr_left=$((10 * (clients_s + timeout_ms / 1000 + 10)))
	half_open_max=0
	for family in 4 6; do
		dst=LAB_SRV$family
		lab_spawn_first "clients$family" lab_c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" \
			--dst "${!dst}" --port 80 --http /index.html --seconds "$clients_s" \
			--timeout-ms "$timeout_ms" --concurrency "$concurrency" -j
	done
	while lab_running clients4 || lab_running clients6; do
		now=$(half_open)
		half_open_max=$((now > half_open_max ? now : half_open_max))
		((nr_left-- > 0)) || die "the clients do not end"
		sleep 0.1
	done
	for family in 4 6; do
		jq -e .served "$LAB_DIR/clients$family.out" >/dev/null ||
			die "the clients did not report" "$LAB_DIR/clients$family.err"
	done
}

flood_start() {
	lab_spawn_first flood lab_c "$LAB_FLOOD_CPU" "$LAB_BIN/flood" --dev cli0 --dst "$LAB_SRV4" \
		--pps "$pps" --seconds 60 --announce -j
	lab_wait_for "the flood to flow" 10 lab_out_has flood '^flowing' ||
		die "the flood did not start" "$LAB_DIR/flood.err"
}

# flood_stop RECEIVED_BEFORE : sets flood_report, the generator's own with what was received.
flood_stop() {
	local after
	lab_signal flood TERM || die "the flood ended too early" "$LAB_DIR/flood.err"
	lab_wait flood 5 || die "the flood failed" "$LAB_DIR/flood.err"
	after=$(received)
	flood_report=$(tail -n 1 "$LAB_DIR/flood.out" | jq -c --argjson pps "$pps" \
		--argjson received $((after - $1)) '{offered_pps: $pps, sent_pps: .pps,
			received_pps: ($received / .seconds | round)}')
}

# phase NAME HOW DESCRIPTION : one row of the table. HOW: peace, table, cookies, synward.
phase() {
	local before
	printf '%d of 4: %s\n' $((${#results[@]} + 1)) "$3"
	lab_up 2
	nginx_start
	defend "$2"
	flood_report=null
	if [[ $2 != peace ]]; then
		before=$(received)
		flood_start
		sleep "$warm_up_s"
	fi
	clients_run
	[[ $2 == peace ]] || flood_stop "$before"
	# Connect times are those of the slower of the two families.
	results+=("$(jq -cs --arg name "$1" --argjson flood "$flood_report" \
		--argjson half_open "$half_open_max" '{name: $name, flood: $flood,
			served: map(.served) | add, failed: map(.failed) | add,
			connect_ms: {p50: (map(.connect_us.p50) | max / 1000),
				p99: (map(.connect_us.p99) | max / 1000)},
			half_open_max: $half_open, errors: map(.errors)}' \
		"$LAB_DIR/clients4.out" "$LAB_DIR/clients6.out")")
	lab_down
}

# ---- what is printed ---------------------------------------------------------------------------

print_head() {
	cat <<-END
		A flood of $pps SYNs a second, and what becomes of real clients.
		kernel   $(uname -r); synward's cookies need Linux 6.9 or newer
		         (bpf_sk_assign_tcp_reqsk), without that it only counts
		server   nginx, one worker, a backlog of 511, on CPU $LAB_CLIENT_CPU
		clients  $concurrency at a time over IPv4 and $concurrency over IPv6 for $clients_s s, on CPU $LAB_CLIENT_CPU:
		         each asks for a page and has failed if it is not there in $((timeout_ms / 1000)) s
		flood    IPv4 SYNs from random addresses of $LAB_SPOOFED4, on CPU $LAB_FLOOD_CPU
		All in network namespaces of this machine that go away in the end.

	END
}

print_table() {
	printf '\n%-19s %18s   %14s   %15s %6s\n' '' 'flood SYNs/s' 'clients' 'connect, ms' 'half-'
	printf '%-19s %9s %8s   %7s %6s   %7s %7s %6s\n' phase offered received served failed p50 p99 open
	jq -r '.phases[] | [.name, .flood.offered_pps // "-", .flood.received_pps // "-",
		.served, .failed, (.connect_ms | if .p99 > 0 then .p50, .p99 else "-", "-" end),
		.half_open_max] | @tsv' <<<"$1" |
		while IFS=$'\t' read -r name offered received served failed p50 p99 half; do
			[[ $p50 == - ]] || printf -v p50 %.2f "$p50"
			[[ $p99 == - ]] || printf -v p99 %.2f "$p99"
			printf '%-19s %9s %8s   %7s %6s   %7s %7s %6s\n' "$name" "$offered" "$received" \
				"$served" "$failed" "$p50" "$p99" "$half"
		done
	cat <<-END

		Offered: what the generator was set to. It shares its CPU with the server's
		receive path; what that had no time for, a NIC would have dropped.
		Connect: of those that connected, the slower of IPv4 and IPv6.
		Half-open: SYN_RECV sockets that the kernel held, the most seen.

	END
}

print_sentence() {
	jq -r 'def percent(part; all): if all > 0 then part * 100 / all | round else 0 end;
		def refused: if .failed == 0 then "failed no client"
			else "failed \(.failed) of \(.failed + .served) clients" end;
		def taken: "took in \(percent(.flood.received_pps; .flood.offered_pps)) % of the flood";
		def ms: . * 100 | round / 100;
		.phases as [$peace, $table, $cookies, $synward] |
		"At \($table.flood.offered_pps) SYNs a second the half-open table alone \($table | refused);"
		+ " the kernel\u0027s own cookies \($cookies | taken) and \($cookies | refused); "
		+ if .synward.path == "cookie" then
			"synward \($synward | taken) and \($synward | refused), with a p99 of"
			+ " \($synward.connect_ms.p99 | ms) ms to connect (\($peace.connect_ms.p99 | ms) ms in peace)."
		else
			"phase 4 ran in monitor, where synward counts and the kernel answers,"
			+ " because \(.synward.why): it \($synward | taken) and \($synward | refused)."
		end' <<<"$1" | fmt -w 79
}

main() {
	local report name
	for name in nginx jq ethtool ss taskset; do
		command -v "$name" >/dev/null || die "$name is missing: 'make deps' installs it"
	done
	[[ -x $out/synwardd && -x $out/synward ]] || die "build it first: make all lab"
	lab_trap
	print_head
	phase "1 peace" peace "peace, no flood"
	phase "2 half-open table" table "the flood, and the kernel's half-open table (tcp_syncookies=0)"
	phase "3 kernel's cookies" cookies "the flood, and the kernel's own cookies (tcp_syncookies=1)"
	phase "4 synward" synward "the flood, and synward in mode auto, which arms by itself"
	report=$(printf '%s\n' "${results[@]}" | jq -s --arg kernel "$(uname -r)" \
		--argjson synward "$synward_path" '{kernel: $kernel, synward: $synward, phases: .}')
	print_table "$report"
	print_sentence "$report"
	printf '%s\n' "$report" >"$out/demo.json.$$"
	mv "$out/demo.json.$$" "$out/demo.json"
	jq -e '.phases[3] | .served > 0 and .failed == 0' <<<"$report" >/dev/null
}

main "$@"
