#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # functions are called by name, and words are for eval
# kernels: 6.12 6.1
# init: systemd
# timeout: 900
#
# The unit under systemd: that it is ready when it says so, has no more than it needs, reloads a good config and not a bad
# one, is started again when it hangs or is killed, and stops. How the package comes and goes is trial.sh's. It needs what
# `make deb` builds. The server's device is in the namespace that systemd itself is in.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

attached() { xdp_on srv0; }

# restarts N: it has been started again that often by systemd, and is ready.
restarts() { unit_is NRestarts "$1" && is_up && "$SYNWARD" status; }
process() { sed -n "s/^$1:\\s*//p" "/proc/$(of_unit MainPID)/status"; } # process FIELD
process_is() { [[ $(process "$1") == "$2" ]] || { process "$1" && return 1; } }
set_mode() { sed -i "0,/^;*mode = .*/s//mode = $1/" $CONF; } # set_mode MODE: of the first service
mode_is() { "$SYNWARD" -j status | jq -e ".services[0].mode == \"$1\""; }

package_begin
lab_up_here || exit 1
lab_serve echo --listen :: --port 80
measured systemd "$(systemctl --version | head -n 1)"

# ---- install, edit one line, start ----

expect "the package is installed" dpkg -i "$deb"
sed -i 's/^interfaces = .*/interfaces = srv0/' $CONF
expect "the edited example is a good config" "$SYNWARD" config check
expect "it starts" systemctl start synwardd
expect "it is ready" is_up
expect "systemd knows its state" unit_is StatusText "0 of 2 service ports armed"
expect "its interface is protected" status_is '.interfaces[0].name == "srv0" and .interfaces[0].path != "monitor"'
expect "the log is in the journal, with levels" said "ready"
expect "no error in it" refuse grep . <(journalctl -q -o cat -u synwardd -p err)
expect "connections in peace" serves 20 "$LAB_SRV4"

# ---- with no more than it needs ----

expect "three capabilities" process_is CapEff 000000c000001000
expect "and no way to more" process_is CapBnd 000000c000001000
expect "no new privileges" process_is NoNewPrivs 1
expect "system calls are filtered" process_is Seccomp 2
expect "the socket is the group's" eval '[[ $(stat -c "%U:%G %a" /run/synward/control.sock) == "root:synward 660" ]]'
expect "the state is its own" eval '[[ $(stat -c "%U %a" /var/lib/synward) == "root 700" ]]'
expect "a member of the group may look" setpriv --reuid 65534 --regid synward --clear-groups "$SYNWARD" status
expect "and change nothing" refuse setpriv --reuid 65534 --regid synward --clear-groups "$SYNWARD" arm web
expect "nobody else may look" refuse setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNWARD" status
expect "exposure is at most 3.0" systemd-analyze security --threshold=30 synwardd
measured exposure "$(systemd-analyze security --no-pager synwardd | tail -n 1)"
"$SYNWARD" arm web
if [[ $KERNEL != 6.1 ]]; then
	handed=$(reason handoff)
	expect "armed: 20 connections" serves 20 "$LAB_SRV4"
	expect "by cookies" [ "$(reason handoff)" = $((handed + 20)) ]
	expect "the doctor's handshake goes through" eval "$SYNWARD -j doctor | jq -e '
		any(.checks[]; .name == \"self-test web:80 srv0 IPv4\" and .status == \"ok\")'"
fi
expect "systemd is told of that, too" lab_wait_for "the status" 5 unit_is StatusText "2 of 2 service ports armed"

# ---- reload ----

pid=$(of_unit MainPID)
set_mode always
expect "a good config is reloaded" systemctl reload synwardd
expect "it is in force" mode_is always
set_mode never
expect "a bad one is refused" refuse systemctl reload synwardd
expect "what is in force stays" mode_is always
expect "it runs on" is_up
expect "the journal has the place" said "$CONF:"
expect "and so has who asks" eval '[[ $($SYNWARD reload 2>&1) == *never* ]]'
set_mode auto
expect "the same process mends it" systemctl reload synwardd
expect "which it is" [ "$(of_unit MainPID)" = "$pid" ]

# ---- a daemon that hangs, or is killed ----

kill -STOP "$pid"
began=$SECONDS
expect "a daemon that hangs is started again" lab_wait_for "the watchdog" 90 restarts 1
measured "seconds until it was" $((SECONDS - began))
expect "by the watchdog" said "Watchdog timeout"
expect "connections after it" serves 10 "$LAB_SRV4"
expect "what it protects was taken over" said "srv0: taken over"
syns=$(count syns)
kill -KILL "$(of_unit MainPID)"
expect "protected while no daemon is there" attached
expect "connections meanwhile" serves 10 "$LAB_SRV6"
expect "a daemon that is killed, too" lab_wait_for "the restart" 30 restarts 2
expect "connections after it" serves 10 "$LAB_SRV6"
expect "it has all been counted" [ "$(count syns)" -ge $((syns + 20)) ]

# ---- stop ----

expect "it stops" systemctl stop synwardd
expect "well" unit_is Result success
expect "no socket is left" test ! -e /run/synward
expect "on-stop = keep: it stays protected" attached
expect "connections without a daemon" serves 10 "$LAB_SRV4"
expect "until it is detached" "$SYNWARD" detach
expect "nothing is attached" refuse attached
expect "nothing is pinned" test ! -e /sys/fs/bpf/synward
set_mode never
expect "with a bad config it does not start" refuse systemctl start synwardd
sleep 3 # in which it would be started again
expect "nor is it tried again" unit_is ActiveState failed
expect "its exit says so" unit_is ExecMainStatus 2
set_mode auto
systemctl reset-failed synwardd
expect "mended, it starts" systemctl start synwardd

((nr_unmet == 0)) || journalctl -q -o short-monotonic -u synwardd | tail -n 60 | sed 's/^/# /'
guest_end
