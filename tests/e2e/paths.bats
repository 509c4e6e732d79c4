#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What 'synward status' says of the way in which SYNs are answered, and what would make it a better one.
load e2e

@test "an MPTCP listener: kernel-cookie, with the commands that help, until they are no longer needed" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	serve :: --mptcp
	synward_up
	synward_wait '.services[0] | .path == "kernel-cookie" and .armed' 2
	row_is '.why | test("1 of 1 listeners is MPTCP.*GODEBUG") and test("sysctl -w net.ipv4.tcp_syncookies=2") and
		test("sysctl -w net.ipv4.tcp_timestamps=2")'
	synward_get '.interfaces[0]' | json '.path == "cookie" and .why == null'
	synward_cli | grep -q "^default:$PORT: kernel-cookie, because 1 of 1 listeners is MPTCP"

	lab_sysctl s net.ipv4.tcp_syncookies=2 net.ipv4.tcp_timestamps=2
	synward_wait '.services[0].why | test("sysctl") | not' 3
	counts_by 5 syn_kernel_cookie all_served 4 5
	counts_by 5 syn_kernel_cookie all_served 6 5

	lab_sysctl s net.ipv4.tcp_timestamps=1
	synward_wait '.services[0].why | test("tcp_timestamps=2") and (test("tcp_syncookies=2") | not)' 3
	[[ $(lab_s sysctl -n net.ipv4.tcp_syncookies) == 2 ]]
}

@test "the listener becomes a plain one: cookie" {
	[[ -e /proc/sys/net/mptcp/enabled ]] || skip "the kernel has no MPTCP"
	serve :: --mptcp
	synward_up
	synward_wait '.services[0].path == "kernel-cookie"' 2
	lab_stop server
	serve
	synward_wait '.services[0] | .path == "cookie" and .why == null' 2
	counts_by 5 syn_cookie all_served 4 5
}

@test "a mode that answers nothing: monitor, and how it would" {
	serve
	MODE=monitor synward_up
	synward_wait '.services[0] | .path == "monitor" and (.why | test("mode is monitor.*synward mode default auto"))' 2
	if synward_cli | grep -q ": monitor, because"; then return 1; fi
	synward_cli mode default auto
	synward_wait '.services[0] | .path == "cookie" and .why == null' 2
}

@test "tcp_syncookies=0: monitor, on interface and service, and said once" {
	serve
	lab_sysctl s net.ipv4.tcp_syncookies=0
	synward_up
	synward_wait '.services[0] | .path == "monitor" and (.armed | not) and (.why | test("tcp_syncookies=1"))' 2
	(($(synward_cli | grep -c tcp_syncookies=1) == 1))
	lab_sysctl s net.ipv4.tcp_syncookies=1
	synward_wait '.services[0] | .path == "cookie" and .armed' 3
}
