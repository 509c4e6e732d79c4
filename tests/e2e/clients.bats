#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Real clients beside a real flood, and connections that are older than synward.
load e2e

flood_and_clients() {
	local family=$1 sent
	serve
	lab_flood_start flood --dst "$(server_of "$family")" --port "$PORT" --pps 200000 --seconds 6 -j
	want "$(loads "$family" --count 2000)" '.served == 2000 and .failed == 0'
	lab_wait flood 15
	sent=$(grep -o '"sent": *[0-9]*' "$LAB_DIR/flood.out" | grep -o '[0-9]*')
	echo "flood $sent, cookies $(reason syn_cookie), half-open $(syn_recv)"
	((sent > 200000))
	(($(reason syn_cookie) >= sent * 95 / 100))
	(($(reason handoff) == 2000))
	(($(syn_recv) == 0))
}

@test "flood and 2000 real connections, none fails, IPv4" {
	synward_up
	flood_and_clients 4
}

@test "flood and 2000 real connections, none fails, IPv6" {
	synward_up
	flood_and_clients 6
}

@test "flood and 2000 real connections, none fails, generic" {
	lab_gro on
	synward_up --xdp-mode generic
	flood_and_clients 4
}

@test "the same flood without synward does harm" {
	serve :: --backlog 64
	lab_sysctl s net.ipv4.tcp_syncookies=0
	lab_pass_on
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 100000 --seconds 4
	want "$(loads 4 --count 3 --timeout-ms 800)" '.failed > 0'
	(($(syn_recv) > 0))
}

# A connection that says one line for each line that it is told to.
old_connection() {
	mkfifo "$LAB_DIR/say"
	lab_spawn old lab_c bash -c "exec 5<>/dev/tcp/$1/$PORT; exec 4<>$LAB_DIR/say
		while read -r line <&4; do echo \"\$line\" >&5; read -r answer <&5; echo \"\$answer\"; done"
	say one
}

say() {
	echo "$1" >"$LAB_DIR/say"
	lab_wait_for "the old connection to say $1" 10 lab_out_has old "^$1$"
}

old_connection_survives() {
	serve
	old_connection "$1"
	synward_up
	say two
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 200000 --seconds 2
	say three
	lab_wait flood 10
	(($(reason flow_learned) >= 1 && $(reason flow_known) >= 1))
	synward_down
	say four
}

@test "a connection from before survives attach, flood and detach, IPv4" { old_connection_survives "$LAB_SRV4"; }
@test "a connection from before survives attach, flood and detach, IPv6" { old_connection_survives "$LAB_SRV6"; }
