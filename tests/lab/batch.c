// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends frames given in hex, one per line of standard input, in order and as one NAPI batch of the
 * peer (batch_send.h). Empty lines and lines that begin with # are skipped.
 */
#include <ctype.h>
#include <stdlib.h>

#include "batch_send.h"
#include "guard.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False when the line is no frame. */
static bool read_frame(const char *line, struct batch_frame *frame)
{
	frame->len = 0;
	while (*line && !isspace((unsigned char)*line)) {
		int high = hex_digit(line[0]), low = high < 0 ? -1 : hex_digit(line[1]);

		if (low < 0 || frame->len == BATCH_FRAME_MAX)
			return false;
		frame->bytes[frame->len++] = (__u8)(high << 4 | low);
		line += 2;
	}
	return frame->len >= BATCH_FRAME_MIN;
}

int main(int argc, char **argv)
{
	static struct batch_frame frames[BATCH_MAX];
	const char *dev, *refused;
	char line[4096];
	__u32 nr = 0;
	int err;

	if (argc != 3 || strcmp(argv[1], "--dev")) {
		fprintf(stderr,
			"usage: batch --dev DEV < FRAMES   (hex, one per line, at most %d)\n",
			BATCH_MAX);
		return 2;
	}
	dev = argv[2];
	refused = guard_refuses(dev);
	if (refused) {
		fprintf(stderr, "batch: refusing %s: %s\n", dev, refused);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] == '\n' || line[0] == '#')
			continue;
		if (nr == BATCH_MAX || !read_frame(line, &frames[nr])) {
			fprintf(stderr, "batch: frame %u: too many, or not %d to %d bytes in hex\n",
				nr + 1, BATCH_FRAME_MIN, BATCH_FRAME_MAX);
			return 2;
		}
		nr++;
	}
	err = batch_send(dev, frames, nr);
	if (err) {
		fprintf(stderr, "batch: cannot send: %s\n",
			err == -ENOTCONN ? "the peer wants an XDP program or GRO" : strerror(-err));
		return 1;
	}
	printf("sent %u frames in one batch\n", nr);
	return 0;
}
