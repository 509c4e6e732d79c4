// SPDX-License-Identifier: GPL-2.0-only
/*
 * One iterator a reading: it sees the namespace of the thread that makes it. One record a read, so
 * that the kernel stops where the listeners end and does not walk all connections.
 */
#include "listeners.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "listeners.skel.h"
#include "load_failure.h"

#define LISTENERS_READ_MAX 65536 /* more are not looked at */

struct listeners {
	struct listeners_bpf *skel;
	int link;
};

int listeners_open(struct listeners **ret)
{
	struct listeners *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->link = -1;
	load_failure_begin();
	l->skel = listeners_bpf__open_and_load();
	err = l->skel ? 0 : -errno;
	if (!err) {
		l->link = bpf_link_create(bpf_program__fd(l->skel->progs.synward_listeners), 0,
					  BPF_TRACE_ITER, NULL);
		err = l->link < 0 ? -errno : 0;
	}
	if (err) {
		load_failure_explain("the look at its listeners (iter/tcp)", err,
				     &(struct load_size){ 0 });
		listeners_close(l);
		return err;
	}
	*ret = l;
	return 0;
}

void listeners_close(struct listeners *l)
{
	if (!l)
		return;
	cleanup_close(&l->link);
	listeners_bpf__destroy(l->skel);
	free(l);
}

static int keep(struct listener_info **all, size_t *nr, size_t *room,
		const struct listener_info *one)
{
	if (*nr == *room) {
		size_t now = *room ? *room * 2 : 64;
		struct listener_info *more = realloc(*all, now * sizeof(*more));

		if (!more)
			return -ENOMEM;
		*all = more;
		*room = now;
	}
	(*all)[(*nr)++] = *one;
	return 0;
}

int listeners_read(struct listeners *l, struct listener_info **ret, size_t *ret_nr)
{
	struct listener_info *all __cleanup(cleanup_free) = NULL;
	int fd __cleanup(cleanup_close) = bpf_iter_create(l->link);
	size_t nr = 0, room = 0;

	if (fd < 0)
		return -errno;
	for (int i = 0; i < LISTENERS_READ_MAX; i++) {
		struct listener_info one;
		ssize_t bytes = read(fd, &one, sizeof(one));

		if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (bytes < 0)
			return -errno;
		if (bytes != sizeof(one) || !one.is_listener)
			break;
		if (keep(&all, &nr, &room, &one))
			return -ENOMEM;
	}
	*ret = take_ptr(all);
	*ret_nr = nr;
	return 0;
}
