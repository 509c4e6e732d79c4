/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/svc_table.c */
/*
 * The table of services: whatever is put in is found, as it was put, and nothing else is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "svc_table.h"
#include "wire.h"

#define SEED 0x9e3779b97f4a7c15ULL
#define NR_BUCKETS 32768
#define NR_SLOTS (NR_BUCKETS * SVC_WAYS / 2)

static struct svc_bucket table[NR_BUCKETS];
static struct svc_slot slots[NR_SLOTS + 1];

/* As hosts have them: a run of addresses of either family, each with a run of ports. */
static void slots_make(size_t nr, int nr_ports)
{
	for (size_t i = 0; i < nr; i++) {
		__u32 host = i / nr_ports;
		bool v6 = host & 1;

		slots[i] = (struct svc_slot){ .port = htons(1 + i % nr_ports),
					      .row_plus_1 = 1 + i % ROWS_MAX,
					      .listener = i % LISTENERS_MAX };
		slots[i].addr.word[0] = v6 ? htonl(0x20010db8) : 0;
		slots[i].addr.word[2] = v6 ? 0 : htonl(0xffff);
		slots[i].addr.word[3] = htonl(v6 ? host : 10U << 24 | host);
	}
}

static const struct svc_slot *find(size_t nr_buckets, __u64 seed, const struct svc_slot *key)
{
	__u64 hash = svc_hash(&key->addr, key->port, seed);
	const struct svc_slot *s;

	s = svc_slot_of(&table[svc_first(hash, nr_buckets - 1)], &key->addr, key->port);
	return s ?: svc_slot_of(&table[svc_second(hash, nr_buckets - 1)], &key->addr, key->port);
}

static void expect_all(size_t nr_buckets, __u64 seed, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct svc_slot *s = find(nr_buckets, seed, &slots[i]);
		struct svc_slot other = slots[i];

		assert_non_null(s);
		assert_memory_equal(s, &slots[i], sizeof(*s));
		other.port ^= htons(0x8000);
		assert_null(find(nr_buckets, seed, &other));
		other = slots[i];
		other.addr.word[1] = htonl(1);
		assert_null(find(nr_buckets, seed, &other));
	}
}

/* Half full, as full as the daemon lets it become: each seed is good enough. */
static void test_half_full(void **state)
{
	static const int ports[] = { 1, 3, 1000, 32767 };

	(void)state;
	for (size_t p = 0; p < sizeof(ports) / sizeof(ports[0]); p++)
		for (int round = 0; round < 3; round++) {
			__u64 seed = rng() | 1;

			slots_make(NR_SLOTS, ports[p]);
			assert_int_equal(svc_table_fill(table, NR_BUCKETS, seed, slots, NR_SLOTS),
					 0);
			expect_all(NR_BUCKETS, seed, NR_SLOTS);
		}
}

static void test_nothing_is_nobody(void **state)
{
	static const struct svc_slot none;

	(void)state;
	slots_make(1, 1);
	assert_int_equal(svc_table_fill(table, 4, 1, slots, 0), 0);
	assert_null(find(4, 1, &slots[0]));
	assert_null(find(4, 1, &none)); /* an empty slot has this key */
}

/* A table that was fuller before holds no more than it is given. */
static void test_filled_again(void **state)
{
	(void)state;
	slots_make(100, 10);
	assert_int_equal(svc_table_fill(table, 64, SEED, slots, 100), 0);
	assert_int_equal(svc_table_fill(table, 64, SEED, slots, 50), 0);
	expect_all(64, SEED, 50);
	for (size_t i = 50; i < 100; i++)
		assert_null(find(64, SEED, &slots[i]));
}

static void test_too_many(void **state)
{
	(void)state;
	slots_make(65, 1);
	assert_int_equal(svc_table_fill(table, 16, 5, slots, 65), -ENOSPC);
	slots_make(NR_SLOTS, 1);
	for (size_t i = 0; i < NR_SLOTS; i++) /* all of one key: no moving helps */
		slots[i] = slots[0];
	assert_int_equal(svc_table_fill(table, NR_BUCKETS, 5, slots, 9), -ENOSPC);
	assert_int_equal(svc_table_fill(table, NR_BUCKETS, 5, slots, 4), 0);
}

static void test_buckets(void **state)
{
	(void)state;
	assert_int_equal(svc_table_buckets(1) * SVC_WAYS / 2, SVC_KEYS_MIN);
	assert_int_equal(svc_table_buckets(129) * SVC_WAYS / 2, 2 * SVC_KEYS_MIN);
	assert_int_equal(svc_table_tickets(1), TICKETS_MIN);
	assert_int_equal(svc_table_tickets(TICKETS_MIN / TICKETS_PER_ROW + 1), 2 * TICKETS_MIN);
	assert_int_equal(svc_table_tickets(ROWS_MAX), TICKETS_MAX);
	assert_int_equal(svc_table_buckets(ROWS_MAX) * SVC_WAYS / 2, ROWS_MAX * SVC_KEYS_PER_ROW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_full),    cmocka_unit_test(test_nothing_is_nobody),
		cmocka_unit_test(test_filled_again), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
