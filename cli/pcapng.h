/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a pcapng file (draft-ietf-opsawg-pcapng): frames with a comment each, on interfaces that
 * are described when the first of their frames comes. tcpdump reads no file in which interfaces
 * differ in link type or snap length, so all are Ethernet, and of one length. Each frame is in the
 * file when pcapng_write() returns. Nothing here prints.
 */
#ifndef SYNWARD_PCAPNG_H
#define SYNWARD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng;

struct pcapng_frame {
	const char *interface; /* "eth0:in" */
	int64_t time_us;       /* since 1970 */
	const unsigned char *bytes;
	size_t nr_kept, nr_bytes; /* here, and of the frame as it was */
	bool is_outbound;
	const char *comment;
};

/*
 * A new file, for its owner alone. What is there already and no regular file (a FIFO, a device) is
 * written to; a file is not: -EEXIST. Returns 0 or -errno.
 */
int pcapng_open(const char *path, struct pcapng **ret);

/* Returns 0 or -errno; then the file may end in the middle of a frame. */
int pcapng_write(struct pcapng *file, const struct pcapng_frame *frame);

/* Ends it; a file without any frame that was made here is removed if @is_void. NULL is fine.
 * Returns 0 or -errno. */
int pcapng_close(struct pcapng *file, bool is_void);

#endif
