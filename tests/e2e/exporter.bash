# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests of the exporter: it runs in the server's namespace, as nobody, with the one right to connect to the control
# socket (its group, which is root's where there is no group synward). Loaded after e2e.

HTTP_PORT=9797
EXPORTER=$(dirname "$LAB_BIN")/synward-exporter

exporter_gid() { stat -c %g "$LAB_DIR/ctl"; }


exporter_said() { grep -q -- "$1" "$LAB_DIR/exporter.err"; }

# exporter_up [GID]: the lab's directory, which is its owner's, is opened to the group for that.
exporter_up() {
	local gid=${1:-$(exporter_gid)}
	chgrp "$gid" "$LAB_DIR"
	chmod 710 "$LAB_DIR"
	cp "$EXPORTER" "$LAB_DIR/synward-exporter"
	chmod 755 "$LAB_DIR/synward-exporter"
	lab_spawn exporter lab_s setpriv --reuid=65534 --regid="$gid" --clear-groups --bounding-set=-all --inh-caps=-all \
		--no-new-privs "$LAB_DIR/synward-exporter" --listen "127.0.0.1:$HTTP_PORT" --socket "$LAB_DIR/ctl"
	lab_wait_for "the exporter to be ready" 5 exporter_said ready || {
		cat "$LAB_DIR/exporter.err" >&2
		return 1
	}
}

# http PATH [OPTION...]: its body.
http() { lab_s curl -s --max-time 8 "http://127.0.0.1:$HTTP_PORT$1" "${@:2}"; }

http_status() { http "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }

scrape() { http /metrics | grep "^$1"; } # scrape BEGINNING
