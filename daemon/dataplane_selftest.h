/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single frames through the data path of a device, as if they had come in there: the self-test's
 * part of dataplane.h. Nothing here logs.
 */
#ifndef SYNWARD_DATAPLANE_SELFTEST_H
#define SYNWARD_DATAPLANE_SELFTEST_H

#include "dataplane.h"

#define TEST_FRAME_MAX 256

struct test_frame {
	__u8 bytes[TEST_FRAME_MAX];
	size_t nr_bytes;
};

struct test_device {
	int ifindex;
	__u8 mac[6];
};

/* Is the data path attached to a device of that name? Then what a frame to it needs. */
bool dataplane_device(const struct dataplane *dp, const char *name, struct test_device *ret);

/* What would XDP do with the frame? It is judged and counted as any other, and goes nowhere; *frame
 * is then what XDP made of it. Returns the XDP action, or -errno. */
int dataplane_try(const struct dataplane *dp, const char *device, struct test_frame *frame);

/* Let it in: past XDP, if that passes it, and up the stack. It has been through all of that on
 * return. Returns 0 or -errno. */
int dataplane_inject(const struct dataplane *dp, const char *device,
		     const struct test_frame *frame);

#endif
