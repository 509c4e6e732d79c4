#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes docs/top.svg: a flood in the test bed, synward top on a terminal that watches it, and what stands there after
# half a minute. Everything that it shows has happened. Needs root, tmux, and `make all lab`.
#
#   sudo docs/top.sh [PICTURE]
set -euo pipefail
cd "$(dirname "$0")/.."
picture=$(realpath "${1:-docs/top.svg}")
out=$(realpath "${O:-build}")
export LAB_BIN=$out/lab
# shellcheck source=tests/lab/lab.sh
. tests/lab/lab.sh

columns=110 lines=22
bpf_stats=$(sysctl -n kernel.bpf_stats_enabled)

term() { LC_ALL=C.UTF-8 tmux -S "$LAB_DIR/tmux" -f /dev/null "$@"; }

clean_up() {
	sysctl -q -w kernel.bpf_stats_enabled="$bpf_stats"
	term kill-server 2>/dev/null || :
}

flood() { # flood NAME PPS OPTION...
	lab_flood_start "$1" --dst "$LAB_SRV4" --port 443 --pps "$2" --seconds 90 "${@:3}"
}

lab_up 2
trap 'clean_up; lab_down' EXIT # in place of the lab's own; what it does on signals stays
printf '%s\n' "[synward]" "interfaces = srv0" "control-socket = $LAB_DIR/ctl" "[service web]" "ports = 80 443" \
	"[service mail]" "ports = 25" "mode = always" "[service ssh]" "ports = 22" >"$LAB_DIR/synward.conf"
for port in 22 25 80 443; do
	lab_serve "server$port" --listen :: --port "$port" --backlog 511
done
lab_spawn synwardd lab_s "$out/synwardd" --config "$LAB_DIR/synward.conf"
lab_wait_for "synwardd to be ready" 10 grep -q ready "$LAB_DIR/synwardd.err"
"$out/synward" --socket "$LAB_DIR/ctl" deny add 198.19.8.0/24

sysctl -q -w kernel.bpf_stats_enabled=1
term new-session -d -x "$columns" -y "$lines" "env LC_ALL=C.UTF-8 $out/synward --socket $LAB_DIR/ctl top"
for port in 25 80 443; do
	lab_spawn "clients$port" lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" --dst "$LAB_SRV4" --port "$port" \
		--seconds 90 --pause-ms $((port / 10 + 3))
done
# A history to look at: the flood grows.
sleep 3
flood narrow 30000 --src 198.18.7.0/24
sleep 3
flood wide 50000 --src random
flood denied 8000 --src 198.19.8.0/24
sleep 3
flood wider 80000 --src random
flood acks 3000 --src random --flags ACK
sleep 5
term capture-pane -e -p >"$LAB_DIR/screen"
grep -q 'web:443.*armed' "$LAB_DIR/screen"
LC_ALL=C awk -v columns="$columns" -v title="sudo synward top" -f docs/ansi2svg.awk "$LAB_DIR/screen" >"$LAB_DIR/top.svg"
cp "$LAB_DIR/top.svg" "$picture"
echo "$picture: $(wc -c <"$picture") bytes"
