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

# expect WHAT CMD... : CMD succeeds. What it printed is shown when it does not. Returns as it did, for what makes no
# sense without: expect ... || guest_end.
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
	return 1
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

# ---- two machines --------------------------------------------------------------------------------

# second_open : to be called once, before the others.
second_open() {
	modprobe virtio_console && lab_wait_for "the line" 10 eval "compgen -G '/dev/vport*p1'" &&
		exec {SECOND}<>"$(compgen -G '/dev/vport*p1')" && second true
}

# second CMD... : in the second machine, which has two minutes for it; its output, and its status.
second() {
	local status said
	printf '%q ' "$@" | base64 -w 0 >&"$SECOND"
	echo >&"$SECOND"
	read -rt 120 -u "$SECOND" status said || {
		echo "the second machine does not answer"
		return 1
	}
	base64 -d <<<"$said"
	return "$status"
}

# ---- VLAN devices --------------------------------------------------------------------------------

# tagged NS DEV HOST : VLAN 100 on DEV, 203.0.113.HOST and 2001:db8:64::HOST; and 802.1Q 200 in
# 802.1ad 101, 198.51.100.HOST and 2001:db8:65::HOST. A veth takes one tag more than its MTU, not two.
tagged() {
	ip -n "$1" link add link "$2" name "$2.100" type vlan id 100 &&
		ip -n "$1" link add link "$2" name "$2.101" type vlan proto 802.1ad id 101 &&
		ip -n "$1" link set "$2.101" up &&
		ip -n "$1" link add link "$2.101" name "$2.101.200" type vlan id 200 &&
		addressed "$1" "$2.100" "203.0.113.$3/24" "2001:db8:64::$3/64" &&
		ip -n "$1" link set "$2.101.200" mtu 1496 &&
		addressed "$1" "$2.101.200" "198.51.100.$3/24" "2001:db8:65::$3/64"
}

# addressed NS DEV IPV4 IPV6
addressed() {
	ip -n "$1" link set "$2" up &&
		ip -n "$1" addr add "$3" dev "$2" &&
		ip -n "$1" addr add "$4" dev "$2" nodad
}

# ---- synwardd ------------------------------------------------------------------------------------

# synward_start OPTION... : in mode $MODE, always if not said.
synward_start() {
	mkdir -p "${SOCKET%/*}"
	lab_spawn synwardd lab_s "$O/synwardd" --control-socket "$SOCKET" --mode "${MODE:-always}" "$@"
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
serves() {
	lab_load --dst "$2" --port 80 --count "$1" --timeout-ms 10000 "${@:3}" -j |
		jq -e ".served == $1 and .failed == 0"
}

cookies_flow() { (($(count cookies_sent) >= $1)); }
syns_flow() { (($(count syns) >= $1)); }

# count FIELD [PORT] : summed over the services.
count() { status "[.services[]${2:+ | select(.port == $2)} | .$1] | add"; }
reason() { status ".reasons.$1 // 0"; }

# ---- the Debian package, under systemd -----------------------------------------------------------

# shellcheck disable=SC2034 # the scripts' own
CONF=/etc/synward/synward.conf SYNWARD=/usr/bin/synward deb=$(compgen -G "$O/deb/synward_*.deb")

# package_begin : the machine has the host's files, where somebody may have tried synward, and packages may not start
# anything; and no time to index all man pages, or to read which packages there are in the world.
package_begin() {
	export DEBIAN_FRONTEND=noninteractive
	rm -rf /etc/synward /var/lib/synward /usr/sbin/policy-rc.d /var/lib/apt/lists
	mkdir -p /var/lib/apt/lists/partial
	sed -i '/ man-db/d' /var/lib/dpkg/triggers/File
}

# The lab's server side, in the first namespace.
lab_up_here() {
	lab_up 2 && ip -n "$LAB_S" link set srv0 netns 1 && ip netns del "$LAB_S" && ip netns attach "$LAB_S" 1 || return
	lab_up_sysctls
	lab_up_side "$LAB_S" srv0 "$LAB_SRV4" "$LAB_SRV6" && lab_up_routes &&
		lab_wait_for "IPv6 addresses" 5 lab_not_tentative "$LAB_S"
}

of_unit() { systemctl show -P "$1" synwardd; } # of_unit PROPERTY
unit_is() { [[ $(of_unit "$1") == "$2" ]] || { of_unit "$1" && return 1; } }
is_up() { unit_is ActiveState active && unit_is SubState running; }
said() { journalctl -q -o cat -u synwardd | grep -F -- "$1"; } # said TEXT: by the unit, ever
xdp_on() { ip -d link show "$1" | grep -q xdp; } # xdp_on DEV
