// SPDX-License-Identifier: GPL-2.0-only
/*
 * BTF is walked down to what is no structure; of an array of structures one is walked.
 */
#include "map_layout.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

#define PATH_BYTES 128

struct walk {
	const struct btf *btf;
	json_t *fields;
};

static const struct btf_type *plain_type(const struct btf *btf, __u32 id, __u32 *ret_id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	*ret_id = id;
	return type;
}

static void walk_type(struct walk *walk, __u32 id, size_t offset, const char *path);

static void walk_members(struct walk *walk, const struct btf_type *type, size_t offset,
			 const char *path)
{
	const struct btf_member *members = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(walk->btf, members[i].name_off);
		size_t at = offset + btf_member_bit_offset(type, i) / 8;
		char below[PATH_BYTES];

		snprintf(below, sizeof(below), "%s%s%s", path, *path && *name ? "." : "", name);
		walk_type(walk, members[i].type, at, below);
	}
}

/* Of what is no structure the whole is a field. */
static void walk_array(struct walk *walk, __u32 id, size_t offset, const char *path)
{
	const struct btf_array *array = btf_array(btf__type_by_id(walk->btf, id));
	json_int_t bytes = btf__resolve_size(walk->btf, array->type);
	char below[PATH_BYTES];
	__u32 of;

	if (!btf_is_composite(plain_type(walk->btf, array->type, &of))) {
		json_object_set_new(walk->fields, path,
				    json_pack("[I, I]", (json_int_t)offset, bytes * array->nelems));
		return;
	}
	snprintf(below, sizeof(below), "%s[]", path);
	json_object_set_new(
		walk->fields, below,
		json_pack("[I, I, I]", (json_int_t)offset, bytes, (json_int_t)array->nelems));
	walk_type(walk, of, offset, below);
}

static void walk_type(struct walk *walk, __u32 id, size_t offset, const char *path)
{
	const struct btf_type *type = plain_type(walk->btf, id, &id);

	if (btf_is_composite(type))
		walk_members(walk, type, offset, path);
	else if (btf_is_array(type))
		walk_array(walk, id, offset, path);
	else
		json_object_set_new(walk->fields, path,
				    json_pack("[I, I]", (json_int_t)offset,
					      (json_int_t)btf__resolve_size(walk->btf, id)));
}

/* A section of variables is a map with one value. */
static void walk_section(struct walk *walk, const struct btf_type *section)
{
	const struct btf_var_secinfo *var = btf_var_secinfos(section);

	for (int i = 0; i < btf_vlen(section); i++, var++) {
		const struct btf_type *type = btf__type_by_id(walk->btf, var->type);

		walk_type(walk, type->type, var->offset,
			  btf__name_by_offset(walk->btf, type->name_off));
	}
}

static json_t *fields_of(const struct btf *btf, const struct bpf_map *map)
{
	__u32 id = bpf_map__btf_value_type_id(map);
	struct walk walk = { btf, json_object() };
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (type && btf_is_datasec(type))
		walk_section(&walk, type);
	else if (type && id)
		walk_type(&walk, id, 0, "");
	return walk.fields;
}

json_t *map_layout(const struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	json_t *layout = btf ? json_object() : NULL;
	const struct bpf_map *map;

	if (!layout)
		return NULL;
	bpf_object__for_each_map (map, object) {
		if (!device_map_is_shared(map))
			continue;
		json_object_set_new(
			layout, bpf_map__name(map),
			json_pack("{s:i, s:i, s:i, s:I, s:i, s:o}", "type", (int)bpf_map__type(map),
				  "key_bytes", (int)bpf_map__key_size(map), "value_bytes",
				  (int)bpf_map__value_size(map), "entries",
				  (json_int_t)bpf_map__max_entries(map), "flags",
				  (int)bpf_map__map_flags(map), "fields", fields_of(btf, map)));
	}
	return layout;
}

/* ---- reading one ---- */

static const json_t *layout_fields(const json_t *layout, const char *map)
{
	return json_object_get(json_object_get(layout, map), "fields");
}

size_t map_layout_value_bytes(const json_t *layout, const char *map)
{
	json_int_t bytes =
		json_integer_value(json_object_get(json_object_get(layout, map), "value_bytes"));

	return bytes > 0 ? bytes : 0;
}

bool map_layout_field(const json_t *layout, const char *map, const char *path,
		      struct map_field *ret)
{
	const json_t *field = json_object_get(layout_fields(layout, map), path);
	json_int_t offset = json_integer_value(json_array_get(field, 0));
	json_int_t bytes = json_integer_value(json_array_get(field, 1));
	json_int_t nr =
		json_array_size(field) > 2 ? json_integer_value(json_array_get(field, 2)) : 1;
	json_int_t room = map_layout_value_bytes(layout, map);

	*ret = (struct map_field){ offset, bytes, nr };
	return offset >= 0 && bytes > 0 && nr > 0 && nr <= room && bytes <= room / nr &&
	       offset <= room - bytes * nr;
}

/* Where the structure begins whose fields have that prefix: an array, or the value itself. */
static size_t begin_of(const json_t *layout, const char *map, const char *prefix)
{
	const char *end = strchr(prefix, ']');
	char array[PATH_BYTES];
	struct map_field field;

	if (!end)
		return 0;
	snprintf(array, sizeof(array), "%.*s", (int)(end - prefix) + 1, prefix);
	return map_layout_field(layout, map, array, &field) ? field.offset : 0;
}

void map_layout_copy(const json_t *from_layout, const void *from, const json_t *to_layout, void *to,
		     const char *map, const char *prefix)
{
	size_t from_begin = begin_of(from_layout, map, prefix);
	size_t to_begin = begin_of(to_layout, map, prefix);
	struct map_field there, here;
	const char *path;
	json_t *field;

	json_object_foreach ((json_t *)layout_fields(to_layout, map), path, field) {
		if (strncmp(path, prefix, strlen(prefix)) ||
		    !map_layout_field(to_layout, map, path, &here) ||
		    !map_layout_field(from_layout, map, path, &there) ||
		    there.bytes != here.bytes || there.nr != 1 || here.nr != 1)
			continue;
		memcpy((char *)to + (here.offset - to_begin),
		       (const char *)from + (there.offset - from_begin), here.bytes);
	}
}
