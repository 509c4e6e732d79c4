/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies where in the maps, in words that a daemon of another version understands too:
 *
 *     {"flows": {"type": 2, "key_bytes": 4, "value_bytes": 512, "entries": 8192, "flags": 1024,
 *                "fields": {"way[]": [0, 64, 8], "way[].id": [0, 8], ...}}, ...}
 *
 * A field is [offset, bytes] in the value; an array of structures is [offset, bytes of one, how
 * many], and the fields below it are those of its first. Made from the object's BTF, so that nobody
 * has to remember to tell of a change. Nothing here logs.
 */
#ifndef SYNWARD_MAP_LAYOUT_H
#define SYNWARD_MAP_LAYOUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct bpf_object;

/* Of all maps that devices share. A new reference; NULL: no memory, or no BTF. */
json_t *map_layout(const struct bpf_object *object);

struct map_field {
	size_t offset;
	size_t bytes; /* of one */
	size_t nr;    /* 1, if it is no array of structures */
};

/* Where @path lies in the map of that name. False: nowhere. */
bool map_layout_field(const json_t *layout, const char *map, const char *path,
		      struct map_field *ret);

/* Of a value of the map of that name; 0: there is no such map. */
size_t map_layout_value_bytes(const json_t *layout, const char *map);

/*
 * Copy what is called the same and has the same size in both: all fields of @map whose path begins
 * with @prefix. @from and @to are where the first structure of such fields begins in their layouts,
 * or another one of the same array.
 */
void map_layout_copy(const json_t *from_layout, const void *from, const json_t *to_layout, void *to,
		     const char *map, const char *prefix);

#endif
