#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # functions are called by name, and words are for eval
# kernels: 6.12 6.1
# init: systemd
# timeout: 900
#
# The README's tour, walked by somebody who is new to it: the package installed, one line edited, protection seen, a
# flood watched, a config broken and mended, metrics, doctor, an upgrade and a kill under flood, and all of it gone again
# in the end. Each command is run as the README shows it, and has to stand there. What they print is shown in the end: the
# README has its examples from here. It needs what `make deb` builds. What the unit may and does is systemd.sh's.
set -uo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$0")/guest.sh"

tour=$(sed -n '/^## A tour/,/^## /p' "$guest_root/README.md")
debs=$O/deb DEV=srv0

# shown COMMAND : as the tour has it, for the device and the packages that are here, by root.
shown() {
	local command=$1 status
	grep -qF -- "$1" <<<"$tour" || {
		echo "the README's tour has no such command"
		return 1
	}
	command=${command//sudo /}
	command=${command//.\/build\/deb/$debs}
	eval "${command//eth0/$DEV}" >/run/shown.out 2>&1 </dev/null
	status=$?
	cat /run/shown.out
	{ echo "\$ $1" && head -n 50 /run/shown.out && echo; } >>/run/tour.out
	return "$status"
}

# shows WORDS COMMAND : it succeeds, and prints them.
shows() { shown "$2" && grep -qE -- "$1" /run/shown.out; }

# The device has the README's name where the kernel renames one that is up.
as_in_readme() { ip link set srv0 name eth0 2>/dev/null && DEV=eth0; }

# ---- clients and floods ----

# clients_begin, clients_end : over and over, in both families; all of them are to be served.
clients_begin() {
	local f addr
	for f in 4 6; do
		addr=LAB_SRV$f
		lab_spawn "clients$f" lab_c taskset -c "$LAB_CLIENT_CPU" "$LAB_BIN/tcpload" --dst "${!addr}" --port 443 \
			--seconds 3600 --timeout-ms 20000 --pause-ms 200 -j
	done
}
clients_end() {
	local f
	for f in 4 6; do
		lab_signal "clients$f" TERM && lab_wait "clients$f" 30 || return
		cat "$LAB_DIR/clients$f.out"
		jq -e '.served > 20 and .failed == 0' "$LAB_DIR/clients$f.out" || return
	done
}
flood() { lab_flood_start flood --dst "$LAB_SRV4" --port 443 --pps 700 --seconds 900; }
is_attacked() { "$SYNWARD" -j status | jq -e '.services[] | select(.port == 443) | .armed'; }
answered() { (($("$SYNWARD" -j status | jq ".reasons.$ANSWER // 0") > $1)); }

# ---- what is there ----

# What has its name, where the package, the daemon and systemd put things.
left() {
	local path
	for path in /{etc,run,var/lib,sys/fs/bpf,usr/bin,usr/sbin}/synward* /usr/lib/{systemd/system,sysusers.d}/synward* \
		/usr/share/{,doc/,man/man?/,bash-completion/completions/}synward* /var/lib/dpkg/info/synward* \
		/{etc,run}/systemd/system/{,*/}synward* /var/lib/systemd/deb-systemd-helper-*/{,*/}synward*; do
		[[ ! -e $path && ! -L $path ]] || echo "$path"
	done
}
nothing_left() { ! left | grep .; }
no_process() { ! pgrep -x 'synwardd|synward-exporte'; }
nobody_listens() { ! ss -Htln sport = :9797 | grep .; }
attached() { xdp_on "$DEV"; }

# The same package with a higher version.
repack() {
	mkdir /run/newer && dpkg-deb -R "$deb" /run/repack && sed -i 's/^Version: .*/&+1/' /run/repack/DEBIAN/control &&
		dpkg-deb --root-owner-group -Znone -b /run/repack /run/newer
}
is_newer() { dpkg-query -Wf '${Version}\n' synward | grep -q '+1$'; }
is_another() { is_up && [[ $(of_unit MainPID) != "$1" ]] && "$SYNWARD" status; }

package_begin
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes
lab_up_here || exit 1
[[ $KERNEL == 6.1 ]] || expect "the device is called as in the README" as_in_readme
lab_serve http --listen :: --port 80 --backlog 511
lab_serve https --listen :: --port 443 --backlog 511
if [[ $KERNEL == 6.1 ]]; then WAY=kernel-cookie ANSWER=syn_kernel_cookie; else WAY=cookie ANSWER=syn_cookie; fi
INSTALL='sudo apt install ./build/deb/synward_*.deb'

# ---- install ----

expect "nothing of it is there" nothing_left
expect "there is a newer package for later" repack
expect "the package is installed" shown "$INSTALL"
expect "nothing is started" unit_is ActiveState inactive
expect "nothing is enabled" refuse systemctl -q is-enabled synwardd synward-exporter.socket
expect "the group is made" getent group synward

# ---- protect a port ----

sed -i "s/^interfaces = .*/interfaces = $DEV/" $CONF
expect "the config is good, it is enabled, and started" shown 'sudo synward config check && sudo systemctl enable --now synwardd'
expect "it is ready" is_up
expect "it is enabled" systemctl -q is-enabled synwardd
expect "status shows the device and its path" shows "^$DEV +native +\S+ +$WAY$" 'sudo synward'
if [[ $KERNEL == 6.1 ]]; then
	expect "the doctor says what would help" shows '^warn +net.ipv4.tcp_syncookies' 'sudo synward doctor'
	sed -nE 's/.*(sysctl -w [a-z0-9._]+=[0-9]+).*/\1/p' /run/shown.out | sort -u >/run/remedies
	expect "which is to be typed" grep . /run/remedies
	expect "so typed" sh -e /run/remedies
	sleep 2 # sysctls are read every second
fi
expect "nothing is in the way" shows '^ok +self-test web:443' 'sudo synward doctor'
clients_begin

# ---- watch an attack ----

lab_spawn monitor "$SYNWARD" monitor
expect "a flood" flood
expect "it arms" lab_wait_for "an attack" 30 is_attacked
expect "SYNs are answered" lab_wait_for "answers" 30 answered 2000
expect "top, a line a second" shows 'attacked=web:443' 'sudo synward top --count 2 | cat'
expect "monitor tells of it" grep -q 'web:443 attack begins' "$LAB_DIR/monitor.out"
expect "status" shows '^web +443 +auto +armed' 'sudo synward'

# ---- tune ----

expect "thresholds" shows '^web +443 ' 'synward thresholds'
expect "pinned" shown 'sudo synward set web arm-half-open 400'
expect "armed for a time" shown 'sudo synward arm web --for 10m'
expect "that is ended" "$SYNWARD" disarm web
expect "half-open handshakes" shown 'synward handshakes --state syn-recv'
echo 'mode = never' >>$CONF
pid=$(of_unit MainPID)
expect "a broken config is refused" refuse shown 'sudo synward reload'
expect "with its line" grep -q "$CONF:[0-9]*: " /run/shown.out
expect "systemd says no, too" refuse systemctl reload synwardd
expect "what is in force stays" eval '"$SYNWARD" thresholds | grep -q "400 *pinned"'
sed -i '$d' $CONF
expect "mended, it is reloaded" shown 'sudo synward reload'
expect "by the same process" [ "$(of_unit MainPID)" = "$pid" ]

# ---- attach and detach ----

expect "a device more" ip link add eth1 type veth peer name eth2
expect "it is attached for two seconds" "$SYNWARD" attach eth1 --confirm 2s
expect "so it is" xdp_on eth1
expect "nobody confirms: taken back" lab_wait_for "the end" 20 eval '! xdp_on eth1'
expect "attached again" shown 'sudo synward attach eth1 --confirm 60s'
expect "and confirmed" shown 'sudo synward confirm'
expect "which stays" xdp_on eth1
expect "detached" shown 'sudo synward detach eth1'
expect "nothing is there" refuse xdp_on eth1
ip link del eth1

# ---- read metrics ----

expect "metrics" shows "^synward_packets_total\{reason=\"$ANSWER\",fate=\"answered\"\} [1-9]" 'sudo synward metrics'
expect "the exporter" shown 'sudo systemctl enable --now synward-exporter.socket'
expect "is scraped" shows '"443"' 'curl -s http://127.0.0.1:9797/metrics | grep 443'
expect "the dashboard is there" test -s /usr/share/synward/grafana/synward.json
expect "so are the alerts" test -s /usr/share/synward/prometheus/synward.rules.yml

# ---- upgrade, kill: under flood ----

syns=$("$SYNWARD" -j status | jq ".reasons.$ANSWER")
debs=/run/newer
expect "an upgrade" shown "$INSTALL"
expect "it is the newer" is_newer
expect "restarts it" lab_wait_for "the new one" 60 is_another "$pid"
expect "took over" said "$DEV: taken over"
expect "and keeps the config" grep -qx "interfaces = $DEV" $CONF
expect "the exporter asks the new one" shows '^synward_service_armed.*443"} 1$' \
	'curl -s http://127.0.0.1:9797/metrics | grep 443'
expect "no counter went back" answered "$syns"
kill -KILL "$(of_unit MainPID)"
expect "killed: protected meanwhile" attached
expect "it is started again" lab_wait_for "the restart" 30 eval 'unit_is NRestarts 1 && "$SYNWARD" status'
syns=$("$SYNWARD" -j status | jq ".reasons.$ANSWER")
expect "still armed, and answering" lab_wait_for "answers" 30 answered $((syns + 500))
expect "in all this no client failed" clients_end
lab_stop flood
expect "the journal" shows 'taken over' 'journalctl -u synwardd'
lab_stop monitor

# ---- remove ----

expect "it stops" shown 'sudo systemctl disable --now synwardd synward-exporter.socket'
expect "it stays protected" attached
expect "connections without a daemon" serves 10 "$LAB_SRV4"
expect "until it is detached" shown 'sudo synward detach'
expect "nothing is attached" refuse attached
expect "nothing is pinned" test ! -e /sys/fs/bpf/synward
expect "started once more" systemctl start synwardd synward-exporter.socket
expect "a drop-in of a command" "$SYNWARD" mode web monitor --persist
expect "the package is removed" apt-get -y remove synward
expect "nothing is attached then" refuse attached
expect "no process is left" no_process
expect "nobody listens where metrics were" nobody_listens
expect "the config is left" test -e $CONF
expect "connections go on" serves 10 "$LAB_SRV4"
expect "it is purged" shown 'sudo apt purge synward'
expect "nothing is left" nothing_left
expect "no group" refuse getent group synward
left | sed 's/^/# left: /'
((nr_unmet == 0)) || journalctl -q -o short-monotonic -u synwardd -u 'synward-exporter*' | tail -n 60 | sed 's/^/# /'
sed 's/^/# /' /run/tour.out
guest_end
