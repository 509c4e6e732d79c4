# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every end-to-end test does: a lab of its own, synward on the server's device, questions to it.
# shellcheck source=tests/lab/lab.sh
. "$BATS_TEST_DIRNAME/../lab/lab.sh"

PORT=80

setup() {
	lab_up 2
}

teardown() {
	lab_down
}

# synward_up [OPTION...]: the daemon on srv0, ready.
synward_up() {
	lab_spawn synwardd lab_s "$LAB_ROOT/build/synwardd" --interface srv0 --ports "$PORT" \
		--control-socket "$LAB_DIR/ctl" "$@"
	lab_wait_for "synwardd to be ready" 15 synward_said ready
}

synward_down() { lab_stop synwardd; }
synward_said() { grep -q -- "$1" "$LAB_DIR/synwardd.err"; }
synward_status() { "$LAB_ROOT/build/synward" --socket "$LAB_DIR/ctl" -j; }

# synward_get JQ: a value of the status.
synward_get() { synward_status | jq -r "$1"; }
reason() { synward_get ".reasons.$1"; }

# reason_is NAME MINIMUM
reason_is() { (($(reason "$1") >= $2)); }

server_of() { if [[ $1 == 6 ]]; then echo "$LAB_SRV6"; else echo "$LAB_SRV4"; fi; }
raw_of() { if [[ $1 == 6 ]]; then echo "$LAB_RAW6"; else echo "$LAB_RAW4"; fi; }

# raw FAMILY SCENARIO OPTION...: the scripted client; its JSON.
raw() {
	local family=$1 scenario=$2
	shift 2
	lab_rawtcp "$scenario" --dev cli0 --src "$(raw_of "$family")" --dst "$(server_of "$family")" \
		--port "$PORT" "$@"
}

# loads FAMILY OPTION...: real connections; their JSON.
loads() {
	local family=$1
	shift
	lab_load --dst "$(server_of "$family")" --port "$PORT" -j "$@"
}

# What the server's kernel says of the last connection that it accepted.
accepted() { grep '"event": "accept"' "$LAB_DIR/server.out" | tail -n 1 | grep .; }

# The options of a connection, without what differs from one to the next.
options_of() {
	jq -ce '{timestamps, sack, wscale, ecn, snd_wscale, rcv_wscale, maxseg, snd_mss, advmss}' <<<"$1"
}

serve() { lab_serve server --listen "${1:-::}" --port "$PORT" --report "${@:2}"; }

want() { # want JSON JQ-CONDITION
	jq -e "$2" <<<"$1" >/dev/null || {
		printf 'not true: %s\nof: %s\n' "$2" "$1" >&2
		return 1
	}
}
