/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block is its type, its length, its body padded to 4 bytes, and its length again; all in this
 * machine's byte order, which the first block tells.
 */
#include "pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINK_ETHERNET 1
#define SNAP_LENGTH 262144
#define OPTION_COMMENT 1
#define OPTION_IF_NAME 2
#define OPTION_FLAGS 2 /* of a packet */
#define OPTION_APPLICATION 4
#define INBOUND 1
#define OUTBOUND 2

#define INTERFACES_MAX 256
#define NAME_SIZE 32
#define BLOCK_SIZE 4096

struct pcapng {
	FILE *file;
	char *path; /* to be removed with nothing in it; NULL: it was there before */
	char names[INTERFACES_MAX][NAME_SIZE];
	size_t nr_names;
	bool has_frames;
};

/* One that is being made. What does not fit is left out, which no caller lets happen. */
struct block {
	unsigned char bytes[BLOCK_SIZE];
	size_t nr;
};

static void put(struct block *b, const void *bytes, size_t nr)
{
	const size_t padded = (nr + 3) / 4 * 4;

	if (padded > sizeof(b->bytes) - b->nr)
		return;
	memset(b->bytes + b->nr, 0, padded);
	memcpy(b->bytes + b->nr, bytes, nr);
	b->nr += padded;
}

static void put32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put16s(struct block *b, uint16_t first, uint16_t second)
{
	const uint16_t both[2] = { first, second };

	put(b, both, sizeof(both));
}

static void put_option(struct block *b, uint16_t code, const void *bytes, size_t nr)
{
	put16s(b, code, (uint16_t)nr);
	put(b, bytes, nr);
}

static void put_text(struct block *b, uint16_t code, const char *text)
{
	put_option(b, code, text, strlen(text));
}

static struct block block_begin(uint32_t type)
{
	struct block b = { .nr = 0 };

	put32(&b, type);
	put32(&b, 0); /* its length, when it is known */
	return b;
}

static int block_end(struct pcapng *file, struct block *b)
{
	const uint32_t length = (uint32_t)b->nr + sizeof(length);

	memcpy(b->bytes + sizeof(length), &length, sizeof(length));
	put32(b, length);
	errno = 0;
	if (fwrite(b->bytes, 1, b->nr, file->file) != b->nr || fflush(file->file))
		return errno ? -errno : -EIO;
	return 0;
}

static int section_write(struct pcapng *file)
{
	const int64_t length_unknown = -1;
	struct block b = block_begin(BLOCK_SECTION);

	put32(&b, BYTE_ORDER_MAGIC);
	put16s(&b, 1, 0); /* version */
	put(&b, &length_unknown, sizeof(length_unknown));
	put_text(&b, OPTION_APPLICATION, "synward " VERSION);
	put16s(&b, 0, 0);
	return block_end(file, &b);
}

/* Times are in microseconds unless an interface says otherwise. */
static int interface_write(struct pcapng *file, const char *name)
{
	struct block b = block_begin(BLOCK_INTERFACE);

	put16s(&b, LINK_ETHERNET, 0);
	put32(&b, SNAP_LENGTH);
	put_text(&b, OPTION_IF_NAME, name);
	put16s(&b, 0, 0);
	return block_end(file, &b);
}

/* The number of the interface of that name, or -errno. */
static int interface_of(struct pcapng *file, const char *name)
{
	size_t i;
	int err;

	for (i = 0; i < file->nr_names; i++)
		if (!strncmp(file->names[i], name, NAME_SIZE - 1))
			return (int)i;
	if (i == INTERFACES_MAX)
		return -E2BIG;
	snprintf(file->names[i], NAME_SIZE, "%s", name);
	err = interface_write(file, file->names[i]);
	if (err)
		return err;
	file->nr_names++;
	return (int)i;
}

int pcapng_write(struct pcapng *file, const struct pcapng_frame *frame)
{
	const uint32_t flags = frame->is_outbound ? OUTBOUND : INBOUND;
	const int interface = interface_of(file, frame->interface);
	struct block b = block_begin(BLOCK_PACKET);

	if (interface < 0)
		return interface;
	if (frame->nr_kept > BLOCK_SIZE / 2 || strlen(frame->comment) > BLOCK_SIZE / 4)
		return -EMSGSIZE;
	put32(&b, (uint32_t)interface);
	put32(&b, (uint32_t)((uint64_t)frame->time_us >> 32));
	put32(&b, (uint32_t)frame->time_us);
	put32(&b, (uint32_t)frame->nr_kept);
	put32(&b, (uint32_t)frame->nr_bytes);
	put(&b, frame->bytes, frame->nr_kept);
	put_text(&b, OPTION_COMMENT, frame->comment);
	put_option(&b, OPTION_FLAGS, &flags, sizeof(flags));
	put16s(&b, 0, 0);
	file->has_frames = true;
	return block_end(file, &b);
}

/* Returns an open file or -errno. */
static int file_open(const char *path, bool *ret_is_new)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat is;

	*ret_is_new = fd >= 0;
	if (fd >= 0 || errno != EEXIST)
		return fd < 0 ? -errno : fd;
	if (stat(path, &is))
		return -errno;
	if (S_ISREG(is.st_mode))
		return -EEXIST;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pcapng_open(const char *path, struct pcapng **ret)
{
	struct pcapng *file = calloc(1, sizeof(*file));
	bool is_new = false;
	int fd __cleanup(cleanup_close) = -1;
	int err;

	if (!file)
		return -ENOMEM;
	fd = file_open(path, &is_new);
	if (fd < 0) {
		free(file);
		return fd;
	}
	file->path = is_new ? strdup(path) : NULL;
	file->file = fdopen(fd, "w");
	if (!file->file) {
		err = -errno;
		pcapng_close(file, true);
		return err;
	}
	take_fd(&fd);
	err = section_write(file);
	if (err) {
		pcapng_close(file, true);
		return err;
	}
	*ret = file;
	return 0;
}

int pcapng_close(struct pcapng *file, bool is_void)
{
	int err = 0;

	if (!file)
		return 0;
	if (file->file && fclose(file->file))
		err = -errno;
	if (is_void && !file->has_frames && file->path)
		unlink(file->path);
	free(file->path);
	free(file);
	return err;
}
