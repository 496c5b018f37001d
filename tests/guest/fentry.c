/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fentry FUNCTION: attaches an empty BPF program to the entry of a kernel function, prints
 * "attached", and keeps it there until its input ends.
 *
 * Without libbpf, as this is all that is wanted of it: the type's number is found in
 * /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst, "BTF Type and String Encoding").
 */
#include <err.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What stands behind a struct btf_type: `fixed` bytes, and `each` for each of its vlen. */
static const struct { unsigned fixed, each; } tails[NR_BTF_KINDS] = {
	[BTF_KIND_INT] = { 4, 0 },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64) },
};

static char *read_all(const char *path, size_t *length)
{
	enum { MOST = 64 * 1024 * 1024 };
	FILE *file = fopen(path, "re");
	char *data = malloc(MOST);

	if (file == NULL || data == NULL)
		err(1, "%s", path);
	*length = fread(data, 1, MOST, file);
	if (ferror(file) || *length < sizeof(struct btf_header))
		errx(1, "%s cannot be read", path);
	(void)fclose(file);	/* it was only read */
	return data;
}

static unsigned find_function(const char *name)
{
	size_t length;
	const char *data = read_all("/sys/kernel/btf/vmlinux", &length);
	const struct btf_header *header = (const void *)data;
	const char *at = data + header->hdr_len + header->type_off, *end = at + header->type_len;
	const char *strings = data + header->hdr_len + header->str_off;

	for (unsigned id = 1; at < end; id++) {
		const struct btf_type *type = (const void *)at;
		unsigned kind = BTF_INFO_KIND(type->info);

		if (kind >= NR_BTF_KINDS)
			errx(1, "type %u is of a kind that is not known, %u", id, kind);
		if (kind == BTF_KIND_FUNC && strcmp(strings + type->name_off, name) == 0)
			return id;
		at += sizeof(*type) + tails[kind].fixed +
		      (size_t)tails[kind].each * BTF_INFO_VLEN(type->info);
	}
	errx(1, "no function %s among the kernel's types", name);
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	static char log[65536];
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.insns = (unsigned long)program,
		.insn_cnt = 2,
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
		.prog_name = "patcherd_test",
	};
	union bpf_attr attach = { .raw_tracepoint = { .name = 0 } };
	int fd;

	if (argc != 2)
		errx(2, "usage: fentry FUNCTION");
	load.attach_btf_id = find_function(argv[1]);
	fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0)
		err(1, "BPF_PROG_LOAD: %s", log);
	attach.raw_tracepoint.prog_fd = (unsigned)fd;
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attach) < 0)
		err(1, "BPF_RAW_TRACEPOINT_OPEN");
	puts("attached");
	(void)fflush(stdout);	/* whoever waits for the line sees that it does not come */
	while (getchar() != EOF)
		;
	return 0;
}
