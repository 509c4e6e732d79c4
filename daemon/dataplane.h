/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path as the daemon sees it: load, attach, feed, look, detach. What is behind this header
 * (dataplane*.c, observe.c, device.c) alone speaks with libbpf, so that nothing else depends on how
 * the kernel is spoken to.
 *
 * Rows are numbered in the order of the config: services, and the ports of each.
 */
#ifndef SYNWARD_DATAPLANE_H
#define SYNWARD_DATAPLANE_H

#include "abi.h"
#include "config.h"
#include "netlink.h"
#include "rungs.h"
#include "snapshot.h"

struct dataplane;

struct row_id {
	size_t service; /* index in the config */
	const char *name;
	__u16 port; /* host order */
};

/*
 * Open the data path for @conf, which must outlive it: probe the kernel, make maps and keys.
 * Nothing is attached yet, and all rows are off. Logs. Returns 0 or -errno.
 */
int dataplane_open(const struct config *conf, const struct settings *settings,
		   struct dataplane **ret);

/* Leave all devices to what is pinned, if the config says so, or detach from them, XDP before TC;
 * and release everything. Before dataplane_settle() the start has failed: what it took over stays,
 * what it made goes. Logs. */
void dataplane_close(struct dataplane *dp);

/* ---- devices (dataplane_devices.c, dataplane_orders.c) ---- */

/* One more device of the config: its programs are loaded, so that nothing takes time later. Logs.
 * Returns 0 or -errno. */
int dataplane_want(struct dataplane *dp, const char *name);

/* Are the maps those of the daemon before, which its programs are at work on, and full of what they
 * were told? */
bool dataplane_has_adopted(const struct dataplane *dp);

/*
 * Attach to all of them that are there; the others are waited for. On maps that are new, addresses,
 * lists and rows are told before. Logs. Returns 0, or -errno of the first that cannot be attached:
 * then the start has failed.
 */
int dataplane_begin(struct dataplane *dp, const struct links *links);

/* The start was a good one: from here on, what is to outlive us does, and what was left for a
 * device that is not ours goes. Logs. */
void dataplane_settle(struct dataplane *dp);

/* Which links there are now: devices came, went, or are others. Logs. */
void dataplane_follow_links(struct dataplane *dp, const struct links *links);

struct device_look {
	enum device_state state;
	bool is_present;     /* detached or not */
	bool is_unconfirmed; /* and taken back if it stays so */
	bool is_in_config;
	const char *xdp_mode; /* NULL: none */
};

/* By its name now, or that of the config. Returns whether it is one of ours. */
bool dataplane_find_device(struct dataplane *dp, const char *name, struct device_look *ret);

/*
 * Attach one of ours that is not, or one more, until we end; or, with @seconds, until then, unless
 * dataplane_confirm() follows. One that is not there is waited for if it is of the config. Logs.
 * Returns 0 or -errno, with cause and remedy in @ret_why if they are known ("").
 */
int dataplane_attach(struct dataplane *dp, const char *name, const struct links *links,
		     __u32 seconds, char ret_why[RUNG_CAUSE_SIZE]);

struct device_names {
	char name[DEVS_MAX][IF_NAMESIZE];
	size_t nr;
};

/* Those that are attached now. */
void dataplane_attached(const struct dataplane *dp, struct device_names *ret);

/* What was attached only for a time stays; @ret: those. Logs. */
void dataplane_confirm(struct dataplane *dp, struct device_names *ret);

/* Detach one of ours, or all (NULL), XDP before TC, and leave it alone; @ret: those that were not
 * left alone before. Logs. */
void dataplane_detach(struct dataplane *dp, const char *name, struct device_names *ret);

/* What a row was when the daemon before ended; zeros if there was none. */
const struct row_conf *dataplane_row_before(const struct dataplane *dp, size_t row);

/* Attacks have been looked at; and when that was last done, by the daemon before too. 0: never. */
void dataplane_set_alive(struct dataplane *dp, __u64 now_ms);
__u64 dataplane_alive_ms(const struct dataplane *dp);

/* The config is another one, in the same place and of the same rows. Addresses and rows are told by
 * themselves. */
void dataplane_follow_config(struct dataplane *dp);

/* What the sysctls say now. */
void dataplane_set_settings(struct dataplane *dp, const struct settings *settings);

/* What is wanted of a row. */
void dataplane_set_row(struct dataplane *dp, size_t row, const struct row_conf *conf);

/* The local addresses: services with `addresses = any` follow them. Logs when the table is full.
 * Returns 0 or -errno. */
int dataplane_set_addresses(struct dataplane *dp, const struct ip_addr *addrs, size_t nr);

/*
 * To be called every second: is the TC half of each device still attached? A device where it is not
 * stops answering, and it is attached again. Logs.
 */
void dataplane_check(struct dataplane *dp);

/* ---- the allow and deny lists ---- */

struct lists;
struct list_entry;
struct prefix;

/* The lists to obey, once and at the start. They must outlive @dp, and each change of them is told
 * by the two functions below. Returns 0 or -errno. */
int dataplane_use_lists(struct dataplane *dp, const struct lists *lists);

/* In force when it returns. @is_new: nothing was there for that prefix. Return 0 or -errno, and
 * then nothing has changed. */
int dataplane_list_put(struct dataplane *dp, const struct list_entry *entry, bool is_new);
int dataplane_list_delete(struct dataplane *dp, const struct prefix *prefix);

/*
 * Another master key for cookies: from the next epoch on, in *ret_ms, and no handshake is lost; or
 * @at_once, and every cookie that is out is lost. Returns 0 or -errno: -EAGAIN when cookies of two
 * keys are out already, for another *ret_ms.
 */
int dataplane_rotate_key(struct dataplane *dp, bool at_once, __u64 *ret_ms);

/* To be called every second: the filter in front of the lists is made anew when it has to be. */
void dataplane_follow_lists(struct dataplane *dp);

/* Does the server of some row speak first? Then this is to be called every RESEND_MS: SYN-ACKs to
 * which no ACK has come go out once more. Logs. */
#define RESEND_MS 100
bool dataplane_has_retries(const struct dataplane *dp);
void dataplane_resend(struct dataplane *dp, __u64 now_ms);

/* ---- following packets ---- */

struct trace_conf;
struct trace_lost;
struct trace_record;

/* Of that device: its name, and that by which an answer left, if it is another one. */
typedef void take_packet(void *arg, const char *device, const char *out_device,
			 const struct trace_record *record);

/*
 * From now on every packet that is wanted goes to @take, when dataplane_trace_read() is called,
 * which is worth it when dataplane_trace_fd() can be read. The programs are swapped for ones that
 * tell, on all devices or on none, and no packet goes past them meanwhile. One can trace at a time.
 * Logs. Returns 0 or -errno, and then *ret_why, to be freed, is a line for who asked, or NULL.
 */
int dataplane_trace_begin(struct dataplane *dp, const struct trace_conf *whose, take_packet *take,
			  void *arg, char **ret_why);
int dataplane_trace_fd(const struct dataplane *dp);
void dataplane_trace_read(struct dataplane *dp);

/* What was wanted and not told, since the begin. */
void dataplane_trace_lost(const struct dataplane *dp, struct trace_lost *ret);

/* Why it cannot go on, for who traces: then it is to be ended. NULL: it goes on. */
const char *dataplane_trace_over(const struct dataplane *dp);

/* The programs of before are back when it returns. Does nothing when nobody traces. */
void dataplane_trace_end(struct dataplane *dp);

size_t dataplane_nr_rows(const struct dataplane *dp);
const struct row_id *dataplane_row(const struct dataplane *dp, size_t row);

/* ---- looking ---- */

/* What the data path says of a row. */
struct row_look {
	struct row_live live;
	struct row_counts counts; /* over all CPUs */
	__u32 held;               /* handshakes that passed in peace and are not finished */
	__u64 half_open;          /* these, and the cookies that did not come back */
};

/* At @now_ms of the data path's clock. Returns 0 or -errno; *ret is then undefined. */
int dataplane_look(const struct dataplane *dp, size_t row, __u64 now_ms, struct row_look *ret);

/* Devices and verdicts; rows are not filled in. Returns 0 or -errno; *ret is then undefined. */
int dataplane_snapshot(const struct dataplane *dp, struct snapshot *ret);

/* Why no device answers SYNs, with the remedy; NULL: at least one does. */
const char *dataplane_why_not(const struct dataplane *dp);

/* Can SYNs be answered with cookies of the kernel's own at any time (tcp_syncookies=2)? */
bool dataplane_has_kernel_cookies(const struct dataplane *dp);

/* How the row's SYNs are answered on the best device. */
void dataplane_row_rung(const struct dataplane *dp, const struct rung_row *row, struct rung *ret);

/* Entries of the flow table by row, into as many numbers as there are rows; of a large table as
 * they were when it was last counted. */
void dataplane_count_flows(struct dataplane *dp, __u64 now_ms, __u32 *ret);

/* Is it to be counted? Then by a piece of a few milliseconds, whenever nothing else is to be done.
 */
bool dataplane_has_to_count(const struct dataplane *dp, __u64 now_ms);
void dataplane_count_piece(struct dataplane *dp, __u64 now_ms);

/* The entries that @query wants, from @query->from on: as many of them as are found in some
 * milliseconds. Names are those of the config. */
void dataplane_handshakes(const struct dataplane *dp, const struct handshake_query *query,
			  __u64 now_ms, struct handshake_page *ret);

/* Calls @take for every source that was sampled in @second; @weight: SYNs that it stands for. */
typedef void take_source(void *arg, const struct source_sample *sample, double weight);
void dataplane_sources(const struct dataplane *dp, __u32 second, take_source *take, void *arg);

unsigned int dataplane_nr_cpus(const struct dataplane *dp);

/* Bytes of the kernel's memory that a half-open handshake takes. */
__u32 dataplane_request_bytes(const struct dataplane *dp);

#endif
