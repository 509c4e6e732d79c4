#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # functions are called by name, and words are for eval
# kernels: 6.12 6.1
# init: systemd
# timeout: 900
#
# The Debian package under systemd, as an operator meets it: install, edit one line, start, look, reload with a good
# config and a bad one, a daemon that hangs, one that is killed, a bad start, upgrade, stop, remove, purge. It needs
# what `make deb` builds. The server's device is in the namespace that systemd itself is in.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"
CONF=/etc/synward/synward.conf

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
attached() { ip -d link show srv0 | grep -q xdp; }

# restarts N: it has been started again that often by systemd, and is ready.
restarts() { unit_is NRestarts "$1" && is_up && "$SYNWARD" status; }
process() { sed -n "s/^$1:\\s*//p" "/proc/$(of_unit MainPID)/status"; } # process FIELD
process_is() { [[ $(process "$1") == "$2" ]] || { process "$1" && return 1; } }
set_mode() { sed -i "0,/^;*mode = .*/s//mode = $1/" $CONF; } # set_mode MODE: of the first service
mode_is() { "$SYNWARD" -j status | jq -e ".services[0].mode == \"$1\""; }

# What has its name, where the package, the daemon and systemd put things.
left() {
	local path
	for path in /{etc,run,var/lib,sys/fs/bpf,usr/bin,usr/sbin}/synward* /usr/lib/{systemd/system,sysusers.d}/synward* \
		/usr/share/{doc,man/man?,bash-completion/completions}/synward* /var/lib/dpkg/info/synward* \
		/{etc,run}/systemd/system/{,*/}synward* /var/lib/systemd/deb-systemd-helper-*/{,*/}synward*; do
		[[ ! -e $path ]] || echo "$path"
	done
}
nothing_left() { ! left | grep .; }

# The same package with a higher version.
repack() {
	rm -rf /run/repack && dpkg-deb -R "$deb" /run/repack && sed -i 's/^Version: .*/&+1/' /run/repack/DEBIAN/control &&
		dpkg-deb --root-owner-group -b /run/repack /run/newer.deb
}

deb=$(compgen -G "$O/deb/synward_*.deb")
SYNWARD=/usr/bin/synward
export DEBIAN_FRONTEND=noninteractive
# The machine has the host's files, where somebody may have tried synward, and packages may not start anything; and no
# time to index all man pages.
rm -rf /etc/synward /var/lib/synward /usr/sbin/policy-rc.d
sed -i '/ man-db/d' /var/lib/dpkg/triggers/File
lab_up_here || exit 1
lab_serve echo --listen :: --port 80
measured systemd "$(systemctl --version | head -n 1)"

# ---- install, edit one line, start ----

expect "nothing of it is there" nothing_left
expect "the package is installed" dpkg -i "$deb"
expect "nothing is started, or enabled" unit_is ActiveState inactive
expect "not enabled" refuse systemctl -q is-enabled synwardd
expect "the group is made" getent group synward
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
syns=$(reason syn_pass)
kill -KILL "$(of_unit MainPID)"
expect "protected while no daemon is there" attached
expect "connections meanwhile" serves 10 "$LAB_SRV6"
expect "a daemon that is killed, too" lab_wait_for "the restart" 30 restarts 2
expect "connections after it" serves 10 "$LAB_SRV6"
expect "it has all been counted" [ "$(reason syn_pass)" -ge $((syns + 20)) ]

# ---- upgrade ----

pid=$(of_unit MainPID)
expect "a newer package" repack
expect "an upgrade" dpkg -i /run/newer.deb
expect "restarts it" lab_wait_for "the new one" 30 eval 'is_up && [[ $(of_unit MainPID) != "$pid" ]]'
expect "and keeps the config" grep -qx 'interfaces = srv0' $CONF
expect "connections after it" serves 10 "$LAB_SRV4"

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
expect "it can be enabled" systemctl enable synwardd

# ---- remove and purge ----

expect "a drop-in of a command" "$SYNWARD" mode web monitor --persist
expect "the package is removed" dpkg -r synward
expect "nothing is attached" refuse attached
expect "no process is left" refuse pgrep -x synwardd
expect "the config is" test -e $CONF
expect "connections go on" serves 10 "$LAB_SRV4"
expect "it is purged" dpkg -P synward
expect "nothing is left" nothing_left
expect "no group" refuse getent group synward
left | sed 's/^/# left: /'
((nr_unmet == 0)) || journalctl -q -o short-monotonic -u synwardd | tail -n 60 | sed 's/^/# /'
guest_end
