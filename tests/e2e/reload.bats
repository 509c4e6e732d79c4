#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The config while the daemon runs: all of it or nothing, by `synward reload` and by SIGHUP, without a packet noticing.
#
# shellcheck disable=SC2154 # bats sets what run says
load e2e

bats_require_minimum_version 1.5.0

setup() {
	lab_up
	serve
}

reload() { run --separate-stderr synward_cli reload; }
refused() { # refused LINE: by the last reload; the whole of what it said
	[[ $status == 1 && $stderr == "synward: $1" ]] || {
		printf 'status %s\nsaid   %s\nwanted synward: %s\n' "$status" "$stderr" "$1" >&2
		return 1
	}
}
conf_set() { # conf_set KEY VALUE, of a key that is there
	sed -i "s|^$1 = .*|$1 = $2|" "$LAB_DIR/synward.conf"
}
attached() { synward_link xdp; }

@test "modes and thresholds follow; nothing is attached again" {
	local before
	synward_with "mode = monitor" "arm-half-open = 100" "hold = 20s"
	before=$(attached)
	row_is '.mode == "monitor" and .thresholds.half_open == 100'
	conf_set mode always
	conf_set arm-half-open 200
	synward_cli reload
	row_is '.mode == "always" and .armed and .thresholds.half_open == 200 and .thresholds.hold_seconds == 20'
	counts_by 3 handoff all_served 4 3
	[[ $(attached) == "$before" ]]
	synward_cli reload # once more, without a change
	row_is '.mode == "always"'
	synward_said "mode is always now, was monitor"
}

@test "what a command said gives way to the files, what it armed stays" {
	synward_with "mode = auto"
	synward_cli set web hold 77s
	synward_cli arm web
	synward_cli reload
	row_is '.thresholds.hold_seconds == 30 and .armed'
	synward_cli mode web monitor
	synward_cli reload
	row_is '.mode == "auto" and (.armed | not)'
	synward_cli set web hold 78s --persist
	synward_cli reload
	row_is '.thresholds.hold_seconds == 78'
}

@test "an error anywhere, and nothing changes: every line is told" {
	synward_with "mode = auto" "arm-half-open = 100"
	conf_set mode always
	conf_set arm-half-open 0
	echo "bogus = 1" >>"$LAB_DIR/synward.conf"
	reload
	[[ $status == 1 && ${#stderr_lines[@]} == 2 ]]
	[[ ${stderr_lines[0]} == "synward: $LAB_DIR/synward.conf:9: arm-half-open: '0' is no threshold; it is auto, or 1 to 8192" ]]
	[[ ${stderr_lines[1]} == "synward: $LAB_DIR/synward.conf:10: unknown key 'bogus'; "* ]]
	row_is '.mode == "auto" and .thresholds.half_open == 100'
	synward_said "reload: nothing is changed"
	sed -i '/bogus/d' "$LAB_DIR/synward.conf"
	conf_set arm-half-open 101
	synward_cli reload
	row_is '.mode == "always" and .thresholds.half_open == 101'
	rm "$LAB_DIR/synward.conf"
	reload
	[[ $status == 1 && $stderr == *"cannot be opened"* ]]
	row_is '.mode == "always"'
}

@test "what was settled at the start is refused with its name, and the rest with it" {
	synward_with "mode = auto"
	conf_set mode always
	echo "server-first = yes" >>"$LAB_DIR/synward.conf"
	reload
	refused "$LAB_DIR/synward.conf: server-first = yes, for the first service that has it; restart synwardd for that"
	sed -i '/server-first/d' "$LAB_DIR/synward.conf"
	conf_set ports "80 81"
	reload
	refused "$LAB_DIR/synward.conf: [service web] has other ports; restart synwardd for that"
	conf_set ports 80
	conf_set control-socket "$LAB_DIR/other"
	conf_set interfaces "srv0 lo"
	reload
	[[ $status == 1 && ${#stderr_lines[@]} == 2 ]]
	row_is '.mode == "auto"'
	synward_is '.services | length == 1'
}

@test "addresses: a port is protected there, and no longer elsewhere" {
	synward_with "mode = always" "addresses = $LAB_SRV4"
	counts_by 2 handoff all_served 4 2
	counts_by 0 handoff all_served 6 2
	conf_set addresses "$LAB_SRV6"
	synward_cli reload
	counts_by 0 handoff all_served 4 2
	counts_by 2 handoff all_served 6 2
}

@test "the lists: a file's lines come and go, a command's stay" {
	synward_conf "mode = always"
	echo "$LAB_RAW4" >"$LAB_DIR/deny"
	sed -i "s|^interfaces.*|&\ndeny-file = $LAB_DIR/deny|" "$LAB_DIR/synward.conf"
	synward_up_conf
	synward_cli allow add 192.0.2.0/24
	echo 203.0.113.7 >"$LAB_DIR/deny"
	synward_cli reload
	[[ $(synward_cli deny list -t | cut -f 3) == 203.0.113.7/32 ]]
	[[ $(synward_cli allow list -t | cut -f 3) == 192.0.2.0/24 ]]
	echo nonsense >>"$LAB_DIR/deny"
	reload
	[[ $status == 1 && $stderr == *"deny:2: "* ]]
	[[ $(synward_cli deny list -t | cut -f 3) == 203.0.113.7/32 ]]
}

@test "SIGHUP does the same, and only root may reload" {
	synward_with "mode = monitor"
	conf_set mode always
	lab_signal synwardd HUP
	lab_wait_for "the reload" 5 row_is '.mode == "always"'
	conf_set mode never
	lab_signal synwardd HUP
	lab_wait_for "the refusal" 5 synward_said "reload: nothing is changed"
	row_is '.mode == "always"'
	chmod 666 "$LAB_DIR/ctl" && chmod 755 "$LAB_DIR"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNWARD" --socket "$LAB_DIR/ctl" reload
	[[ $status == 1 && $output == *"only root may"* ]]
}
