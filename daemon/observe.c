// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the data path can be seen to do: counters, states, half-open handshakes, the flow table,
 * sampled sources. Only reads.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "dataplane_inside.h"
#include "half_open.h"
#include "names.h"
#include "synward.skel.h"

#define HANDSHAKES_LOOKED_AT (1U << 17) /* entries of the flow table, for one page */

static int get(const struct bpf_map *map, __u32 index, void *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(map), &index, ret) ? -errno : 0;
}

/* Add @nr __u64 counters. */
static void add_up(const void *from, size_t nr, void *to)
{
	const __u64 *more = from;
	__u64 *sum = to;

	while (nr--)
		*sum++ += *more++;
}

/* ---- rows ---- */

int dataplane_look(const struct dataplane *dp, size_t row, __u64 now_ms, struct row_look *ret)
{
	const struct synward_bpf *skel = dp->shared;
	const struct row_conf *conf = &dp->row_confs[row];
	__u32 bucket = now_ms >> conf->bucket_shift;
	struct row_cpu per_cpu[dp->nr_cpus];
	struct peace_half_open peace;
	__s64 held, cookies = 0;
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->live = skel->data_live->row_live[row];
	err = get(skel->maps.row_cpu, row, per_cpu);
	if (!err)
		err = get(skel->maps.peace_half_open, row, &peace);
	if (err)
		return err;
	for (int i = 0; i < dp->nr_cpus; i++) {
		add_up(&per_cpu[i].counts, sizeof(ret->counts) / sizeof(__u64), &ret->counts);
		cookies += half_open_sum(&per_cpu[i].cookies, bucket, conf->nr_buckets);
	}
	held = half_open_sum(&peace.held, bucket, conf->nr_buckets);
	ret->held = held > 0 ? held : 0;
	ret->half_open = held + cookies > 0 ? held + cookies : 0;
	return 0;
}

/* ---- devices and verdicts ---- */

/* The best of the devices; NULL when there is none. */
static const struct rung *best_rung(const struct dataplane *dp)
{
	const struct rung *best = NULL;

	for (size_t i = 0; i < dp->nr_devices; i++)
		if (!best || dp->devices[i].rung.path > best->path)
			best = &dp->devices[i].rung;
	return best;
}

static const struct rung no_device = { PATH_MONITOR, "no device is attached" };

const char *dataplane_why_not(const struct dataplane *dp)
{
	const struct rung *best = best_rung(dp) ?: &no_device;

	return best->path == PATH_MONITOR ? best->why : NULL;
}

bool dataplane_has_kernel_cookies(const struct dataplane *dp)
{
	return dp->means.can_kernel_cookie && (dp->means.may & KERNEL_COOKIES_ALWAYS);
}

void dataplane_row_rung(const struct dataplane *dp, const struct rung_row *row, struct rung *ret)
{
	rung_of_row(&dp->means, best_rung(dp) ?: &no_device, row, ret);
}

/* How long it has gone without protection, if it does. */
static __u64 gap_ms(const struct device *dev)
{
	return dev->gap_since_ms ? clock_now_ms() - dev->gap_since_ms : dev->gap_ms;
}

static __u32 unconfirmed_seconds(const struct device *dev)
{
	__u64 now_ms = clock_now_ms();

	if (!dev->confirm_by_ms)
		return 0;
	return dev->confirm_by_ms > now_ms ? (dev->confirm_by_ms - now_ms + 999) / 1000 : 1;
}

static void look_at_device(const struct dataplane *dp, const struct device *dev,
			   struct snapshot_device *ret)
{
	snprintf(ret->name, sizeof(ret->name), "%s", dev->name);
	ret->xdp_mode = dev->xdp_mode ?: "none";
	ret->tc = dev->tc_link >= 0 ? "tcx" : "none";
	ret->path = path_name(dev->rung.path);
	ret->why = dev->rung.why[0] ? dev->rung.why : NULL;
	ret->state = device_state(dev);
	memcpy(ret->config_name, dev->wanted, sizeof(ret->config_name));
	ret->unconfirmed_seconds = unconfirmed_seconds(dev);
	ret->gaps = dev->gaps;
	ret->gap_ms = gap_ms(dev);
	device_runs(dev, &ret->xdp_runs, &ret->tc_runs);
	dataplane_add_tap_runs(dp, dev, &ret->xdp_runs, &ret->tc_runs);
}

int dataplane_snapshot(const struct dataplane *dp, struct snapshot *ret)
{
	__u64 per_cpu[dp->nr_cpus];
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	ret->libbpf = device_libbpf_version();
	for (size_t i = 0; i < dp->nr_devices; i++)
		look_at_device(dp, &dp->devices[i], &ret->devices[ret->nr_devices++]);
	ret->synacks_resent = dp->shared->data_conf->inherited.synacks_resent;
	ret->is_kept = dp->is_kept;
	ret->pins_err = dp->pins_err;
	ret->memory_bytes = dataplane_memory_bytes(dp);
	ret->max_flows = dp->nr_flow_sets * FLOW_WAYS;
	for (__u32 i = 0; i < NR_REASONS && !err; i++) {
		err = get(dp->shared->maps.reason_counts, i, per_cpu);
		for (int c = 0; c < dp->nr_cpus && !err; c++)
			ret->reasons[i] += per_cpu[c];
	}
	return err;
}

unsigned int dataplane_nr_cpus(const struct dataplane *dp)
{
	return dp->nr_cpus;
}

__u32 dataplane_request_bytes(const struct dataplane *dp)
{
	return dp->request_bytes;
}

/* ---- the flow table ---- */

bool dataplane_flow_at(const struct dataplane *dp, size_t index, __u64 now_ms, struct flow *ret)
{
	*ret = dp->flow_sets[index / FLOW_WAYS].way[index % FLOW_WAYS];
	return FLOW_STATE(ret->is) != FLOW_NONE && FLOW_STATE(ret->is) != FLOW_CLAIMED &&
	       FLOW_ROW(ret->is) < dp->nr_rows &&
	       ret->expires_ms - (__u32)now_ms - 1 < FLOW_LIFE_MAX_MS;
}

/* Another CPU's clock can be a tick ahead. */
static __u32 ms_since(__u32 then_ms, __u64 now_ms)
{
	__s32 since_ms = (__u32)now_ms - then_ms;

	return since_ms > 0 ? since_ms : 0;
}

static enum flow_state state_shown(const struct flow *flow)
{
	enum flow_state state = FLOW_STATE(flow->is);

	return state == FLOW_VALIDATED ? FLOW_HANDED_OFF : state;
}

static bool is_wanted(const struct dataplane *dp, const struct handshake_query *query,
		      const struct flow *flow)
{
	if (query->state != FLOW_NONE && query->state != state_shown(flow))
		return false;
	return !query->service || !strcmp(query->service, dp->row_ids[FLOW_ROW(flow->is)].name);
}

void dataplane_handshakes(const struct dataplane *dp, const struct handshake_query *query,
			  __u64 now_ms, struct handshake_page *ret)
{
	size_t nr = dp->nr_flow_sets * FLOW_WAYS;
	struct flow flow;

	ret->nr_entries = 0;
	ret->next = 0;
	for (size_t i = query->from; i < nr; i++) {
		if (i - query->from == HANDSHAKES_LOOKED_AT) {
			ret->next = i;
			return;
		}
		if (!dataplane_flow_at(dp, i, now_ms, &flow) || !is_wanted(dp, query, &flow))
			continue;
		if (ret->nr_entries == query->limit) {
			ret->next = i;
			return;
		}
		ret->entries[ret->nr_entries++] = (struct handshake){
			.src = flow.src,
			.dst = flow.dst,
			.sport = ntohs(flow.sport),
			.dport = ntohs(flow.dport),
			.service = dp->row_ids[FLOW_ROW(flow.is)].name,
			.state = state_shown(&flow),
			.accepted_by = FLOW_ACCEPTED_BY(flow.is),
			.age_ms = ms_since(flow.opened_ms, now_ms),
			.in_state_ms = ms_since(flow.since_ms, now_ms),
		};
	}
}

/* ---- sampled sources ---- */

void dataplane_sources(const struct dataplane *dp, __u32 second, take_source *take, void *arg)
{
	struct source_samples *per_cpu __cleanup(cleanup_free) =
		calloc(dp->nr_cpus, sizeof(*per_cpu));

	if (!per_cpu || get(dp->shared->maps.source_samples, 0, per_cpu))
		return;
	for (int c = 0; c < dp->nr_cpus; c++) {
		const struct sample_round *round = &per_cpu[c].round[second & 1];
		__u32 nr = round->nr_seen < SAMPLES_MAX ? round->nr_seen : SAMPLES_MAX;

		if (round->second != second)
			continue;
		for (__u32 i = 0; i < nr; i++)
			if (round->sample[i].row < dp->nr_rows)
				take(arg, &round->sample[i],
				     (double)SAMPLE_EVERY * round->nr_seen / nr);
	}
}
