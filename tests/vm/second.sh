#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the second of two machines, and does what the first one says: a line is a command in base64, the
# answer one line: its status and, in base64, what it printed. Ends with the machine.
set -uo pipefail

modprobe -a virtio_console virtio_net
for ((try = 0; try < 100; try++)); do
	port=$(compgen -G '/dev/vport*p1') && break
	sleep 0.1
done
exec {line}<>"$port" || exit 1
while read -ru "$line" command; do
	said=$(bash -c "$(base64 -d <<<"$command")" 2>&1 </dev/null)
	echo "$? $(base64 -w 0 <<<"$said")" >&"$line"
done
