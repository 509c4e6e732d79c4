/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of the packet table: on which kernel it runs, which sockets there are, and the programs
 * loaded for each kind of host.
 */
#ifndef SYNWARD_TEST_TABLE_WORLD_H
#define SYNWARD_TEST_TABLE_WORLD_H

#include <bpf/btf.h>

#include "setup.h"

struct world {
	struct synward_bpf *skel[NR_BUILDS]; /* share nothing */
	int nr_cpus;
	cpu_set_t here, elsewhere; /* one CPU each */
	bool seen[NR_REASONS];
	unsigned int nr_rows, nr_run, nr_failed;
	unsigned int nr_by_lane[NR_REASONS][2]; /* IPv4 and IPv6 */
	unsigned int nr_again[2];
	bool has_mptcp, checks_echo, has_hand_off, is_other_kernel;
	int syncookies, full_listener;
	struct world_synack synacks[NR_SERVICES][2]; /* of half-open connections, IPv4 and IPv6 */
};

static void run_on(const cpu_set_t *cpu)
{
	MUST(sched_setaffinity(0, sizeof(*cpu), cpu));
}

/* What is different while a row runs. */
static void set_sysctls(struct world *w, const struct row *row)
{
	int syncookies = row->syncookies ?: 1;

	if (w->syncookies != syncookies)
		world_sysctl("ipv4/tcp_syncookies", syncookies);
	w->syncookies = syncookies;
}

/* Let the kernel take one connection, and no more. */
static void fill_accept_queue(const struct world *w, bool is_full)
{
	if (is_full)
		world_connect(false, 0, PORT_FULL);
	else
		close(MUST(accept(w->full_listener, NULL, NULL)));
}

static bool is_mptcp(uint16_t port)
{
	return port == PORT_MPTCP || port == PORT_MPTCP_FULL;
}

static bool has_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return true;
	return false;
}

static void look_at_kernel(struct world *w)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf__find_by_name_kind(btf, "tcp_request_sock", BTF_KIND_STRUCT);

	/* Older kernels do not compare the echoed time of a handshake with what they sent. */
	w->checks_echo = has_member(btf, btf__type_by_id(btf, id), "snt_tsval_first");
	w->has_hand_off = btf__find_by_name_kind(btf, "bpf_sk_assign_tcp_reqsk", BTF_KIND_FUNC) > 0;
	btf__free(btf);
}

/* One CPU to run on, and another one, if there is one. */
static void choose_cpus(struct world *w)
{
	cpu_set_t all;
	int nr = 0;

	MUST(sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE && nr < 2; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&w->elsewhere);
		CPU_SET(cpu, &w->elsewhere);
		if (!nr++)
			w->here = w->elsewhere;
	}
	run_on(&w->here);
}

static void open_listeners(struct world *w)
{
	static const uint16_t plain[] = { PORT_MONITOR, PORT_DRAIN,    PORT_TIMES, PORT_ATTACKED,
					  PORT_FORCED,  PORT_DISARMED, PORT_OFF,   PORT_OFF_DRAIN };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		world_listen(plain[i], 0, 16, 0);
	world_listen(PORT_SMALL, 0, 16, SMALL_RCVBUF);
	world_defer(world_listen(PORT_DEFER, 0, 16, 0));
	world_share(world_listen(PORT_SHARED, 0, 16, 0));
	w->has_mptcp = world_listen(PORT_MPTCP, 262, 16, 0) >= 0;
	w->full_listener = world_listen(PORT_FULL, 0, 0, 0);
	fill_accept_queue(w, true); /* one more than a backlog of 0 */
	world_add_key(world_listen(PORT_MD5, 0, 16, 0));
	world_listen(PORT_BRIM, 0, 1, 0);
	world_connect(false, 0, PORT_BRIM);
	/* of which two handshakes are open */
	world_listen(PORT_ROOMY, 0, 4, 0);
	world_listen(PORT_CROWDED, 0, 3, 0);
	if (w->has_mptcp)
		world_listen(PORT_MPTCP_FULL, 262, 1, 0);
}

static const uint16_t half_open_ports[] = { PORT_AUTO,    PORT_DEFER,      PORT_TIMES, PORT_ROOMY,
					    PORT_CROWDED, PORT_MPTCP_FULL, PORT_SHARED };

static void open_connections(struct world *w, bool v6, int web, int auto_listener)
{
	struct frame from = { .src = ADDR_OTHER };
	struct frame_net net = { .v6 = v6 };

	memcpy(net.dst, v6 ? world_srv6 : world_srv4, 16);
	pick_source(&from, &net);
	world_connections(v6, web);
	world_connect(v6, SPORT_ESTABLISHED, PORT_AUTO);
	MUST(accept(auto_listener, NULL, NULL));
	world_time_wait(v6, PORT_AUTO, auto_listener);
	world_half_open(v6, &net, PORT_WEB);
	for (size_t i = 0; i < sizeof(half_open_ports) / sizeof(half_open_ports[0]); i++) {
		uint16_t port = half_open_ports[i];

		if (is_mptcp(port) && !w->has_mptcp)
			continue;
		w->synacks[service_row(port)][v6] = world_half_open(v6, &net, port);
	}
}

static void world_open(struct world *w)
{
	int web, auto_listener;

	world_namespace();
	choose_cpus(w);
	web = world_listen(PORT_WEB, 0, 16, 0);
	auto_listener = world_listen(PORT_AUTO, 0, 16, 0);
	open_listeners(w);
	for (int v6 = 0; v6 < 2; v6++)
		open_connections(w, v6, web, auto_listener);
	look_at_kernel(w);
	w->nr_cpus = MUST(libbpf_num_possible_cpus());
	for (int build = 0; build < NR_BUILDS; build++)
		w->skel[build] = load(build, w->has_hand_off || !w->is_other_kernel);
}

#endif
