#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# From one daemon to the next: what stays when it goes, however it goes, and what the next one takes over.
#
# shellcheck disable=SC2030,SC2031,SC2154 # bats makes subshells of tests; $families is in e2e
load e2e

# A BPF file system of our own: the host's may not be mounted, and is none of our business.
setup() {
	lab_up 2
	PINS=$LAB_DIR/bpf/synward
	mkdir "$LAB_DIR/bpf"
	mount -t bpf bpf "$LAB_DIR/bpf"
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || why_failed
	umount "$LAB_DIR/bpf"
	lab_down
}

# keeps [KEY=VALUE...]: synward_conf, but protection stays.
keeps() {
	synward_conf "$@"
	sed -i "s#^on-stop = .*#pin-path = $PINS#" "$LAB_DIR/synward.conf"
}

pinned() { find "$PINS" -mindepth 2 -printf '%P\n' 2>/dev/null | grep . || :; }
xdp_id() { lab_s bpftool -j net show dev srv0 | jq '.[0].xdp[0].id // empty'; }
nothing_attached() { [[ -z $(lab_s bpftool -j net show dev srv0 | jq '.[0] | .xdp[], .tc[]') ]]; }

@test "stopped: it stays protected; started: taken over, with its counters and its key" {
	local before after
	keeps "mode = always"
	synward_up_conf
	serve
	want "$(loads 4 --count 5)" '.served == 5'
	before=$(xdp_id)
	synward_down
	[[ $(xdp_id) == "$before" ]]
	want "$(loads 4 --count 5)" '.served == 5'
	synward_up_conf
	synward_said "taken over"
	after=$(xdp_id)
	((after != before))
	want "$(loads 4 --count 5)" '.served == 5'
	want "$(row .)" '.syns == 15 and .cookies_valid == 15'
	pinned
}
