// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path's secret: made at start, and its master key made anew from time to time. Cookies
 * are good for two epochs, so the next key begins with an epoch, and the one before judges what is
 * older: no handshake is lost. Whoever fears that the key is known rotates it at once, and then
 * nothing of before is good.
 */
#include "dataplane_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "random.h"
#include "synward.skel.h"

#define KEY_LIFETIME_MS 3600000 /* an attacker who tries cookies begins anew after that */
#define KEY_RETRY_MS 60000

/* Until all CPUs have heard of a key, and more: it must not be told in its own epoch. */
#define TELL_MS 1000

static const __u32 only;

static int secret_map(const struct dataplane *dp)
{
	return bpf_map__fd(dp->shared->maps.secret);
}

int dataplane_make_secret(struct dataplane *dp)
{
	struct secret s = { 0 };
	int err = random_fill(s.master, sizeof(s.master)) ?: random_fill(s.flow, sizeof(s.flow));

	while (!err && !s.salt) /* 0: a CPU that has not read it yet */
		err = random_fill(&s.salt, sizeof(s.salt));
	err = err ?: bpf_map_update_elem(secret_map(dp), &only, &s, BPF_ANY);
	explicit_bzero(&s, sizeof(s));
	dp->shared->data_conf->inherited.key_made_ms = clock_now_ms();
	return err;
}

int dataplane_read_key(struct dataplane *dp)
{
	struct secret s;

	if (bpf_map_lookup_elem(secret_map(dp), &only, &s))
		return -errno;
	dp->key_epoch = s.from_epoch;
	explicit_bzero(&s, sizeof(s));
	return 0;
}

/* The secret with another master key from @epoch on. */
static int put_key(struct dataplane *dp, __u64 epoch, bool keep_before)
{
	struct secret s;
	int err = bpf_map_lookup_elem(secret_map(dp), &only, &s);

	if (!err && keep_before)
		memcpy(s.master_before, s.master, sizeof(s.master_before));
	else if (!err)
		err = random_fill(s.master_before, sizeof(s.master_before));
	err = err ?: random_fill(s.master, sizeof(s.master));
	s.from_epoch = epoch;
	err = err ?: bpf_map_update_elem(secret_map(dp), &only, &s, BPF_ANY);
	explicit_bzero(&s, sizeof(s));
	return err;
}

/* So that every CPU reads it again, within a tick. */
static void tell(struct dataplane *dp)
{
	dp->secret_serial++;
	dataplane_put_settings(dp);
}

int dataplane_rotate_key(struct dataplane *dp, bool at_once, __u64 *ret_ms)
{
	__u64 now_ms = clock_now_ms(), epoch_ms = 1ULL << dp->settings.epoch_shift;
	__u64 from = at_once ? now_ms / epoch_ms : (now_ms + TELL_MS) / epoch_ms + 1;
	int err;

	*ret_ms = 0;
	if (!at_once && dp->key_epoch && from < dp->key_epoch + 2) {
		*ret_ms = (dp->key_epoch + 1) * epoch_ms - now_ms;
		return -EAGAIN;
	}
	err = put_key(dp, from, !at_once);
	if (err)
		return err;
	dp->key_epoch = from;
	dp->shared->data_conf->inherited.key_made_ms = now_ms;
	tell(dp);
	*ret_ms = at_once ? 0 : from * epoch_ms - now_ms;
	return 0;
}

void dataplane_check_key(struct dataplane *dp)
{
	__u64 *made_ms = &dp->shared->data_conf->inherited.key_made_ms;
	__u64 in_ms;
	int err;

	if (clock_now_ms() - *made_ms < KEY_LIFETIME_MS)
		return;
	err = dataplane_rotate_key(dp, false, &in_ms);
	if (!err || err == -EAGAIN)
		return;
	log_warn("cannot rotate the cookies' key: %s; the one that there is stays, and is tried "
		 "again in a minute",
		 strerror(-err));
	*made_ms += KEY_RETRY_MS;
}
