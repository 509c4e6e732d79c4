/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allow and deny lists, into the data path: two tries, the filter in front of them
 * (list_table.c fills it) and how it is asked. What is put on a list goes to the filter, the trie
 * and list_conf, in this order, and what is taken off leaves them in the other one: a packet that
 * the filter lets through finds the trie as it was or as it is.
 */
#include "dataplane_inside.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"
#include "synward.skel.h"

#define ASK_ALL_USEC 10000 /* no program runs that long */
#define BLOCKS_BYTES (2 * LIST_BLOCKS_MAX * sizeof(struct list_block))

union trie_key {
	struct list_key_v4 v4;
	struct list_key_v6 v6;
};

/* The trie of that family, and the prefix as its key. */
static int trie_of(const struct dataplane *dp, const struct prefix *prefix, union trie_key *ret)
{
	*ret = (union trie_key){};
	if (prefix->is_v6) {
		ret->v6.prefix_bits = prefix->bits;
		memcpy(ret->v6.addr, prefix->addr.word, sizeof(ret->v6.addr));
		return bpf_map__fd(dp->shared->maps.list_v6);
	}
	ret->v4.prefix_bits = prefix->bits;
	ret->v4.addr = prefix->addr.word[3];
	return bpf_map__fd(dp->shared->maps.list_v4);
}

static int put_entry(const struct dataplane *dp, const struct list_entry *entry)
{
	const struct list_value value = { .expires_ms = entry->expires_ms, .list = entry->list };
	union trie_key key;
	int fd = trie_of(dp, &entry->prefix, &key);

	return bpf_map_update_elem(fd, &key, &value, BPF_ANY);
}

static void put_conf(const struct dataplane *dp)
{
	__sync_synchronize(); /* the filter is there before it is asked */
	dp->shared->data_conf->list_conf = dp->list_table.conf;
}

int dataplane_list_put(struct dataplane *dp, const struct list_entry *entry, bool is_new)
{
	bool has_changed = false;
	int err;

	if (is_new)
		has_changed = list_table_add(&dp->list_table, &entry->prefix);
	err = put_entry(dp, entry);
	if (!err && has_changed)
		put_conf(dp);
	if (err && is_new)
		list_table_remove(&dp->list_table, &entry->prefix);
	return err;
}

int dataplane_list_delete(struct dataplane *dp, const struct prefix *prefix)
{
	union trie_key key;
	int fd;

	fd = trie_of(dp, prefix, &key);
	if (bpf_map_delete_elem(fd, &key) && errno != ENOENT)
		return -errno;
	if (list_table_remove(&dp->list_table, prefix))
		put_conf(dp);
	return 0;
}

void dataplane_follow_lists(struct dataplane *dp)
{
	if (!dp->lists || !list_table_turn(&dp->list_table, dp->lists))
		return;
	put_conf(dp);
}

/* ---- all of them ---- */

struct filling {
	const struct dataplane *dp;
	int err;
};

static void fill_entry(void *arg, const struct list_entry *entry)
{
	struct filling *filling = arg;

	if (!filling->err)
		filling->err = put_entry(filling->dp, entry);
}

static struct prefix prefix_of(const union trie_key *key, bool is_v6)
{
	struct prefix prefix = { .is_v6 = is_v6 };

	if (is_v6) {
		memcpy(prefix.addr.word, key->v6.addr, sizeof(key->v6.addr));
		prefix.bits = key->v6.prefix_bits;
	} else {
		prefix.addr.word[2] = htonl(0xffff);
		prefix.addr.word[3] = key->v4.addr;
		prefix.bits = key->v4.prefix_bits;
	}
	return prefix;
}

/* One that is in the trie of that family and not in the lists; @after: the last that is in both,
 * from which the walk goes on. */
static bool find_stale(const struct dataplane *dp, int trie, bool is_v6, union trie_key *after,
		       bool *has_after, union trie_key *ret)
{
	while (!bpf_map_get_next_key(trie, *has_after ? after : NULL, ret)) {
		struct prefix prefix = prefix_of(ret, is_v6);

		if (!lists_find(dp->lists, &prefix))
			return true;
		*after = *ret;
		*has_after = true;
	}
	return false;
}

/* What the daemon before had listed, and we have not. */
static void remove_stale(const struct dataplane *dp, bool is_v6)
{
	int trie = bpf_map__fd(is_v6 ? dp->shared->maps.list_v6 : dp->shared->maps.list_v4);
	union trie_key good = {}, stale = {};
	bool has_good = false;

	while (find_stale(dp, trie, is_v6, &good, &has_good, &stale))
		bpf_map_delete_elem(trie, &stale);
}

/* The filter in use is about to change its size: until then, the lists themselves are asked. */
static void ask_all(const struct dataplane *dp)
{
	struct list_conf *conf = &dp->shared->data_conf->list_conf;

	if (!conf->key)
		return;
	conf->levels_v4 |= LIST_LEVEL_ALL;
	conf->levels_v6 |= LIST_LEVEL_ALL;
	usleep(ASK_ALL_USEC);
}

int dataplane_use_lists(struct dataplane *dp, const struct lists *lists)
{
	const struct list_conf *in_use = &dp->shared->data_conf->list_conf;
	int fd = bpf_map__fd(dp->shared->maps.list_blocks);
	struct filling filling = { .dp = dp };
	void *blocks;
	__u64 key;
	int err = random_fill(&key, sizeof(key));

	if (err)
		return err;
	blocks = mmap(NULL, BLOCKS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (blocks == MAP_FAILED)
		return -errno;
	dp->lists = lists;
	ask_all(dp);
	list_table_fill(&dp->list_table, blocks, key, in_use, lists);
	lists_each(lists, fill_entry, &filling);
	put_conf(dp);
	remove_stale(dp, false);
	remove_stale(dp, true);
	if (filling.err == -ENOSPC) { /* those of before and ours together were too many */
		filling.err = 0;
		lists_each(lists, fill_entry, &filling);
	}
	return filling.err;
}

void dataplane_forget_lists(struct dataplane *dp)
{
	if (dp->list_table.blocks)
		munmap(dp->list_table.blocks, BLOCKS_BYTES);
	dp->list_table.blocks = NULL;
}
