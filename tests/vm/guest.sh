# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2317 # functions are called by name
#
# What the scripts that run inside a machine of vm.sh share: the lab, synwardd in its server namespace, and
# a report of one line per expectation. A script goes on after a failure, and ends with guest_end.

guest_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lab/lab.sh
source "$guest_root/tests/lab/lab.sh"
SOCKET=/run/synward/control.sock

nr_expected=0 nr_unmet=0

# expect WHAT CMD... : CMD succeeds. What it printed is shown when it does not.
expect() {
	local what=$1 said=/run/expect.out began=$SECONDS
	shift
	nr_expected=$((nr_expected + 1))
	if "$@" >"$said" 2>&1; then # in this shell: what CMD starts is this shell's to wait for
		echo "ok $nr_expected - $what"
		return 0
	fi
	nr_unmet=$((nr_unmet + 1))
	echo "not ok $nr_expected - $what"
	printf '#   %s\n' "$*" "after $((SECONDS - began)) s:"
	sed 's/^/#   /' "$said"
}

refuse() { ! "$@"; }

# measured WHAT VALUE : a figure for the reader.
measured() { echo "# $1: $2"; }

guest_end() {
	echo "1..$nr_expected"
	if ((nr_unmet)) && [[ -e ${LAB_DIR:-/}/synwardd.err ]]; then
		echo "# synwardd said:"
		sed 's/^/#   /' "$LAB_DIR/synwardd.err"
	fi
	exit $((nr_unmet > 0))
}

# ---- synwardd ------------------------------------------------------------------------------------

synward_start() {
	mkdir -p "${SOCKET%/*}"
	lab_spawn synwardd lab_s "$O/synwardd" --control-socket "$SOCKET" "$@"
	lab_wait_for "synwardd to answer" 30 synward_status
}

synward_status() { "$O/synward" --socket "$SOCKET" -j status; }
synward_stop() { lab_signal synwardd TERM && lab_wait synwardd 10; }
synward_said() { grep -qE -- "$1" "$LAB_DIR/synwardd.err"; }

# status EXPRESSION : jq's, of the status.
status() { synward_status | jq -r "$1"; }

# status_is EXPRESSION : it is true of the status.
status_is() { synward_status | jq -e "$1"; }

# serves COUNT ADDR [ARG...] : that many connections, one after another, with echoes; none fails.
serves() { lab_load --dst "$2" --port 80 --count "$1" "${@:3}" -j | jq -e ".served == $1 and .failed == 0"; }

cookies_flow() { (($(count cookies_sent) >= $1)); }
syns_flow() { (($(count syns) >= $1)); }

# count FIELD [PORT] : summed over the services.
count() { status "[.services[]${2:+ | select(.port == $2)} | .$1] | add"; }
reason() { status ".reasons.$1 // 0"; }
