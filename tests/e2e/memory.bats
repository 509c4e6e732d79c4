#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# max-flows: the tables have that size, all of it is used, and status says what it takes: what the kernel says, and what
# the man page's formula says.
load e2e

# synward_flows N [KEY=VALUE...]: the daemon with max-flows = N.
synward_flows() {
	synward_conf "${@:2}"
	sed -i "/^\[synward\]/a max-flows = $1" "$LAB_DIR/synward.conf"
	synward_up_conf
}

# fdinfo FIELD...: of each map that the daemon holds, a line.
fdinfo() {
	awk -v fields="$*" '
		function flush() { if ("map_id:" in of && !seen[of["map_id:"]]++) {
			line = ""
			for (i = 1; i <= nr; i++) line = line of[name[i] ":"] " "
			print line
		} delete of }
		BEGIN { nr = split(fields, name, " ") }
		FNR == 1 { flush() }
		{ of[$1] = $2 }
		END { flush() }' "/proc/$(lab_pid synwardd)"/fdinfo/*
}

# has_map VALUE_SIZE ENTRIES
has_map() { fdinfo value_size max_entries | grep -qx "$1 $2 "; }

# memory_by_man NAME=VALUE...: the formula, with these.
memory_by_man() {
	local "$@" formula
	formula=$(sed -n '/^memory = /,/^```/p' "$LAB_ROOT/docs/synward.conf.5.scd" | grep -v '```' | tr -d '\n')
	[[ -n $formula ]]
	echo $((formula))
}

# status_tells BYTES: of memory, more or less 2 %.
status_tells() { synward_get . | json ".memory_bytes > $1 * 0.98 and .memory_bytes < $1 * 1.02"; }

@test "max-flows is rounded up, the maps have that size, and status says so" {
	synward_flows 1025
	has_map 512 256 # sets of eight
	has_map 8 256   # of a byte of their tags,
	has_map 32 256  # and of which had a packet in this second
	synward_get . | json '.max_flows == 2048'
	[[ $(synward_get .memory_bytes) == $(fdinfo memlock | awk '{ sum += $1 } END { print sum }') ]]
	status_tells "$(memory_by_man flows=2048 cpus="$(getconf _NPROCESSORS_CONF)" services=1 tickets=256 buckets=4096 \
		interfaces=1 server_first=0 prefixes_v4=0 prefixes_v6=0)"
	synward_cli | grep -qx '[0-9.]* MiB of BPF maps, with room for 2048 flows'
	[[ $(synward_cli -t | grep ^daemon | cut -f 4-) == "$(synward_get .memory_bytes)"$'\t'2048 ]]
}

@test "a large table, many services, prefixes: the memory is what the man page says" {
	local i
	for i in {0..4999}; do echo "10.$((i / 250)).$((i % 250)).0/24"; done >"$LAB_DIR/deny"
	for i in {0..4999}; do printf '2001:db8:%x::/48\n' "$i"; done >>"$LAB_DIR/deny"
	synward_flows 100000$'\\n'"deny-file = $LAB_DIR/deny" "[service many]" "ports = 1000-1499" "server-first = yes"
	synward_get . | json '.max_flows == 131072'
	status_tells "$(memory_by_man flows=131072 cpus="$(getconf _NPROCESSORS_CONF)" services=501 tickets=2048 buckets=16384 \
		interfaces=1 server_first=1 prefixes_v4=5000 prefixes_v6=5000)"
}

@test "a large table is counted and listed piece by piece, and nobody waits for the whole of it" {
	local ask=(/usr/bin/python3 "$LAB_ROOT/tests/lab/rude.py" "$LAB_DIR/ctl" ask)
	serve
	synward_flows 1048576 "mode = always"
	all_served 4 50
	all_served 6 50
	synward_wait '.services[0].flows == 100' 20
	[[ $(synward_cli -t handshakes | wc -l) == 100 ]]
	[[ $(synward_cli -t handshakes --state closing --limit 7 | wc -l) -le 7 ]]
	# An eighth of it for one page, though there is room for more in the page; the last page says that it is the last.
	"${ask[@]}" '{"method": "org.synward.Handshakes"}' | json '.parameters.next == 131072'
	"${ask[@]}" '{"method": "org.synward.Handshakes", "parameters": {"from": 917504}}' | json '.parameters.next == null'
}

@test "the smallest table is used: handshakes are listed from all of it" {
	serve
	synward_flows 1024 "mode = always"
	all_served 4 50
	all_served 6 50
	synward_get . | json '.max_flows == 1024 and .services[0].flows == 100'
	[[ $(synward_cli -t handshakes | wc -l) == 100 ]]
}
