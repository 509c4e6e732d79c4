/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/pcapng.c */
/*
 * The file of `synward trace --pcap`, read back block by block; whether tcpdump reads it, too, is
 * tests/e2e/trace.bats's to see. What may be written to, and what is said when it cannot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "pcapng.h"

static char directory[64], path[96];

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/file", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

/* ---- a reader, after the draft ---- */

static struct {
	unsigned char bytes[65536];
	size_t nr, at;
} file;

static uint32_t word(size_t at)
{
	uint32_t value;

	assert_true(at + 4 <= file.nr);
	memcpy(&value, file.bytes + at, 4);
	return value;
}

static void read_file(void)
{
	FILE *from = fopen(path, "re");

	assert_non_null(from);
	file.nr = fread(file.bytes, 1, sizeof(file.bytes), from);
	file.at = 0;
	fclose(from);
}

/* At the next block, which is of that type: where its body begins, and *ret_end, where it ends. */
static size_t block(uint32_t type, size_t *ret_end)
{
	const size_t at = file.at;
	const uint32_t length = word(at + 4);

	assert_int_equal(word(at), type);
	assert_int_equal(length % 4, 0);
	assert_true(at + length <= file.nr);
	assert_int_equal(word(at + length - 4), length);
	file.at += length;
	*ret_end = at + length - 4;
	return at + 8;
}

/* The bytes of that option among those from @at to @end, which end in the option that ends them. */
static const void *option(size_t at, size_t end, unsigned int code, size_t *ret_nr)
{
	const void *found = NULL;

	for (; at < end; at += 4 + (word(at) >> 16) + 3 - ((word(at) >> 16) + 3) % 4) {
		if (!word(at)) {
			assert_int_equal(at + 4, end);
			return found;
		}
		if ((word(at) & 0xffff) == code) {
			assert_null(found);
			found = file.bytes + at + 4;
			*ret_nr = word(at) >> 16;
		}
	}
	fail_msg("options without an end");
	return NULL;
}

static void expect_text(size_t at, size_t end, unsigned int code, const char *wanted)
{
	size_t nr = 0;
	const char *text = option(at, end, code, &nr);

	assert_non_null(text);
	assert_int_equal(nr, strlen(wanted));
	assert_memory_equal(text, wanted, nr);
}

static void expect_section(void)
{
	size_t end, at = block(0x0a0d0d0a, &end);

	assert_int_equal(word(at), 0x1a2b3c4d);
	assert_int_equal(word(at + 4), 1);
	assert_int_equal(word(at + 8), ~0U);
	assert_int_equal(word(at + 12), ~0U);
	expect_text(at + 16, end, 4, "synward " VERSION);
}

static void expect_interface(const char *name)
{
	size_t end, at = block(1, &end);

	assert_int_equal(word(at), 1); /* Ethernet */
	assert_true(word(at + 4) >= 65535);
	expect_text(at + 8, end, 2, name);
}

static void expect_frame(uint32_t interface, const struct pcapng_frame *frame)
{
	size_t end, at = block(6, &end), nr = 0, padded = (frame->nr_kept + 3) / 4 * 4;
	uint32_t flags;

	assert_int_equal(word(at), interface);
	assert_int_equal((int64_t)word(at + 4) << 32 | word(at + 8), frame->time_us);
	assert_int_equal(word(at + 12), frame->nr_kept);
	assert_int_equal(word(at + 16), frame->nr_bytes);
	if (frame->nr_kept)
		assert_memory_equal(file.bytes + at + 20, frame->bytes, frame->nr_kept);
	expect_text(at + 20 + padded, end, 1, frame->comment);
	memcpy(&flags, option(at + 20 + padded, end, 2, &nr), 4);
	assert_int_equal(nr, 4);
	assert_int_equal(flags, frame->is_outbound ? 2 : 1);
}

/* ---- tests ---- */

static void test_frames(void **state)
{
	unsigned char bytes[1024];
	struct pcapng_frame frame = { .interface = "eth0:in",
				      .time_us = 1795860662123456,
				      .bytes = bytes,
				      .nr_bytes = 2000 };
	struct pcapng *to = NULL;
	char comment[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	assert_int_equal(pcapng_open(path, &to), 0);
	read_file(); /* it is there before it is closed */
	expect_section();
	for (i = 0; i < 300; i++) {
		snprintf(comment, sizeof(comment), "%.*s", (int)(i % 17), "of all the lengths");
		frame.interface = i % 3 ? "eth0:in" : "enp0s31f6:kernel";
		frame.is_outbound = i % 2;
		frame.comment = comment;
		frame.nr_kept = i;
		assert_int_equal(pcapng_write(to, &frame), 0);
		read_file();
	}
	assert_int_equal(pcapng_close(to, true), 0); /* which it is not */
	read_file();
	expect_section();
	for (i = 0; i < 300; i++) {
		snprintf(comment, sizeof(comment), "%.*s", (int)(i % 17), "of all the lengths");
		frame.is_outbound = i % 2;
		frame.comment = comment;
		frame.nr_kept = i;
		if (i == 0)
			expect_interface("enp0s31f6:kernel");
		if (i == 1)
			expect_interface("eth0:in");
		expect_frame(i % 3 ? 1 : 0, &frame);
	}
	assert_int_equal(file.at, file.nr);
}

static void test_too_large(void **state)
{
	static unsigned char bytes[8192];
	struct pcapng_frame frame = {
		.interface = "a", .bytes = bytes, .nr_kept = 4096, .comment = ""
	};
	struct pcapng *to = NULL;

	(void)state;
	assert_int_equal(pcapng_open(path, &to), 0);
	assert_int_equal(pcapng_write(to, &frame), -EMSGSIZE);
	frame.nr_kept = 2048;
	frame.nr_bytes = 2048;
	assert_int_equal(pcapng_write(to, &frame), 0);
	assert_int_equal(pcapng_close(to, false), 0);
	read_file();
	expect_section();
	expect_interface("a");
	expect_frame(0, &frame);
	assert_int_equal(file.at, file.nr);
}

static void test_new_file(void **state)
{
	struct pcapng *to = NULL;
	struct stat is;

	(void)state;
	assert_int_equal(pcapng_open(path, &to), 0);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
	assert_int_equal(pcapng_close(to, true), 0);
	assert_int_equal(stat(path, &is), -1); /* nothing came of it */
	assert_int_equal(pcapng_open(path, &to), 0);
	assert_int_equal(pcapng_close(to, false), 0); /* it was quiet */
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(pcapng_open(path, &to), -EEXIST);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(pcapng_close(NULL, true), 0);
	assert_int_equal(pcapng_open(directory, &to), -EISDIR);
	assert_int_equal(pcapng_open("/nonexistent/file", &to), -ENOENT);
}

static void test_fifo(void **state)
{
	struct pcapng *to = NULL;
	struct stat is;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(pcapng_open(path, &to), 0);
	file.nr = (size_t)read(reader, file.bytes, sizeof(file.bytes));
	file.at = 0;
	expect_section();
	assert_int_equal(pcapng_close(to, true), 0);
	assert_int_equal(stat(path, &is), 0); /* it was there before */
	close(reader);
}

static void test_full(void **state)
{
	struct pcapng_frame frame = {
		.interface = "a", .bytes = file.bytes, .nr_kept = 500, .comment = ""
	};
	struct rlimit limit, small;
	struct pcapng *to = NULL;
	int err = 0;

	(void)state;
	assert_int_equal(pcapng_open("/dev/full", &to), -ENOSPC);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ 4000, limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(pcapng_open(path, &to), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 20 && !err; i++)
		err = pcapng_write(to, &frame);
	pcapng_close(to, false);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(err, -EFBIG);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_frames), TEST(test_too_large), TEST(test_new_file),
		TEST(test_fifo),   TEST(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
