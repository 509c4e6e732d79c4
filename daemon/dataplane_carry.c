// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the maps of the daemon before into others, of another layout or with other rows: the secret,
 * so that cookies that are out stay good; what is armed, and by whom; and all counters. Fields and
 * rows are found by their names (map_layout.h). The old programs go on counting until the links are
 * swapped; what they count between this and that, some milliseconds, is lost.
 */
#include "dataplane_inside.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "map_layout.h"
#include "names.h"
#include "synward.skel.h"

#define NOT_THERE (~0U)

struct carry {
	struct dataplane *dp;
	const json_t *from, *to;           /* layouts of the maps */
	const json_t *rows_from, *reasons; /* as they were numbered */
};

/* The value at @key; the caller frees it. NULL: it cannot be read. */
static void *read_before(const struct carry *c, const char *map, __u32 key, size_t nr_cpus)
{
	size_t bytes = (map_layout_value_bytes(c->from, map) + 7) / 8 * 8;
	int fd __cleanup(cleanup_close) = dataplane_open_before(c->dp, map);
	void *value = fd < 0 || !bytes ? NULL : malloc(bytes * nr_cpus);

	if (value && bpf_map_lookup_elem(fd, &key, value)) {
		free(value);
		return NULL;
	}
	return value;
}

/* The number that a name had. */
static __u32 place_of(const json_t *names, const json_t *name)
{
	json_t *other;
	size_t i;

	json_array_foreach (names, i, other)
		if (json_equal(name, other))
			return i;
	return NOT_THERE;
}

/* ---- a structure for each row, in a section of variables ---- */

static void carry_rows(const struct carry *c, const char *map, const char *array, void *to,
		       size_t bytes_of_one)
{
	char *before __cleanup(cleanup_free) = read_before(c, map, 0, 1);
	const json_t *rows = json_object_get(c->dp->about, "rows");
	struct map_field there;
	char prefix[64];
	json_t *row;
	size_t i;

	if (!before || !map_layout_field(c->from, map, array, &there))
		return;
	snprintf(prefix, sizeof(prefix), "%s.", array);
	json_array_foreach (rows, i, row) {
		__u32 place = place_of(c->rows_from, row);

		if (place < there.nr)
			map_layout_copy(c->from, before + there.offset + place * there.bytes, c->to,
					(char *)to + i * bytes_of_one, map, prefix);
	}
}

/* ---- counters: what all CPUs have counted goes to the first ---- */

static __u64 sum_of(const void *values, size_t value_bytes, size_t offset, size_t nr_cpus)
{
	const size_t stride = (value_bytes + 7) / 8 * 8;
	__u64 sum = 0, one;

	for (size_t i = 0; i < nr_cpus; i++) {
		memcpy(&one, (const char *)values + i * stride + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

/* Every field below "counts." is a __u64; what is new starts at zero. */
static void sum_counts(const struct carry *c, const void *before, struct row_cpu *ret)
{
	const size_t nr_cpus = c->dp->nr_cpus, bytes = map_layout_value_bytes(c->from, "row_cpu");
	struct map_field there, here;
	const char *path;
	json_t *field;

	json_object_foreach (json_object_get(json_object_get(c->to, "row_cpu"), "fields"), path,
			     field) {
		__u64 sum;

		if (strncmp(path, "counts.", strlen("counts.")) ||
		    !map_layout_field(c->to, "row_cpu", path, &here) ||
		    !map_layout_field(c->from, "row_cpu", path, &there) ||
		    here.bytes != sizeof(sum) || there.bytes != sizeof(sum))
			continue;
		sum = sum_of(before, bytes, there.offset, nr_cpus);
		memcpy((char *)ret + here.offset, &sum, sizeof(sum));
	}
}

static int carry_row_counts(const struct carry *c)
{
	struct row_cpu *all __cleanup(cleanup_free) = calloc(c->dp->nr_cpus, sizeof(*all));
	const json_t *rows = json_object_get(c->dp->about, "rows");
	int fd = bpf_map__fd(c->dp->shared->maps.row_cpu);
	json_t *row;
	size_t i;

	if (!all)
		return -ENOMEM;
	json_array_foreach (rows, i, row) {
		__u32 key = i, place = place_of(c->rows_from, row);
		void *before __cleanup(cleanup_free) = NULL;

		if (place == NOT_THERE)
			continue;
		before = read_before(c, "row_cpu", place, c->dp->nr_cpus);
		if (!before)
			continue;
		sum_counts(c, before, &all[0]);
		if (bpf_map_update_elem(fd, &key, all, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int carry_reasons(const struct carry *c)
{
	__u64 *all __cleanup(cleanup_free) = calloc(c->dp->nr_cpus, sizeof(*all));
	const json_t *reasons = json_object_get(c->dp->about, "reasons");
	int fd = bpf_map__fd(c->dp->shared->maps.reason_counts);
	json_t *reason;
	size_t i;

	if (!all)
		return -ENOMEM;
	json_array_foreach (reasons, i, reason) {
		__u32 key = i, place = place_of(c->reasons, reason);
		void *before __cleanup(cleanup_free) = NULL;

		if (place == NOT_THERE)
			continue;
		before = read_before(c, "reason_counts", place, c->dp->nr_cpus);
		if (!before || map_layout_value_bytes(c->from, "reason_counts") != sizeof(*all))
			continue;
		all[0] = sum_of(before, sizeof(*all), 0, c->dp->nr_cpus);
		if (bpf_map_update_elem(fd, &key, all, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* ---- the rest ---- */

/* Over the one that was made for these maps: what it does not have stays random. */
static int carry_secret(const struct carry *c)
{
	void *before __cleanup(cleanup_free) = read_before(c, "secret", 0, 1);
	int fd = bpf_map__fd(c->dp->shared->maps.secret);
	struct secret secret;
	__u32 only = 0;
	int err = 0;

	if (!before)
		return 0;
	if (bpf_map_lookup_elem(fd, &only, &secret))
		return -errno;
	map_layout_copy(c->from, before, c->to, &secret, "secret", "");
	if (bpf_map_update_elem(fd, &only, &secret, BPF_ANY))
		err = -errno;
	explicit_bzero(&secret, sizeof(secret));
	explicit_bzero(before, map_layout_value_bytes(c->from, "secret"));
	return err;
}

/* Variables whose names begin with @prefix. */
static void carry_variables(const struct carry *c, const char *map, const char *prefix, void *to)
{
	void *before __cleanup(cleanup_free) = read_before(c, map, 0, 1);

	if (before)
		map_layout_copy(c->from, before, c->to, to, map, prefix);
}

int dataplane_carry(struct dataplane *dp)
{
	const struct carry c = {
		.dp = dp,
		.from = json_object_get(dp->about_before, "maps"),
		.to = json_object_get(dp->about, "maps"),
		.rows_from = json_object_get(dp->about_before, "rows"),
		.reasons = json_object_get(dp->about_before, "reasons"),
	};

	carry_rows(&c, ".data.live", "row_live[]", dp->shared->data_live->row_live,
		   sizeof(dp->shared->data_live->row_live[0]));
	carry_rows(&c, ".data.conf", "rows[]", dp->shared->data_conf->rows,
		   sizeof(dp->shared->data_conf->rows[0]));
	carry_variables(&c, ".data.conf", "inherited.", dp->shared->data_conf);
	carry_variables(&c, ".data.live", "host_armed_ms", dp->shared->data_live);
	return carry_secret(&c) ?: carry_row_counts(&c) ?: carry_reasons(&c);
}
