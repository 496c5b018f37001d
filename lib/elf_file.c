/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/elf_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* vmlinux with all its debug information comes close to this. */
#define FILE_SIZE_MAX ((off_t)1 << 30)
#define SECTION_SIZE_MAX ((uint64_t)1 << 30)
#define SECTION_COUNT_MAX ((size_t)1 << 20)
#define ALIGNMENT_MAX ((uint64_t)1 << 21)
/* A relocatable file has no addresses; it begins here, so that nothing is at 0. */
#define RELOCATABLE_BASE 0x10000u

/* The NUL-terminated string at `offset` of `size` bytes; NULL: it does not end in there. */
static const char *string_in(const uint8_t *data, uint64_t size, uint64_t offset)
{
	if (data == NULL || offset >= size || memchr(data + offset, '\0', size - offset) == NULL)
		return NULL;
	return (const char *)data + offset;
}

/* The same, of characters that can be shown on a terminal. */
static const char *name_in(const uint8_t *data, uint64_t size, uint64_t offset)
{
	const char *name = string_in(data, size, offset);

	for (const char *at = name; at != NULL && *at != '\0'; at++) {
		if (!isgraph((unsigned char)*at))
			return NULL;
	}
	return name;
}

static int map_file(struct elf_file *elf, struct fail *fail)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for */
	CLEANUP_CLOSE int fd = open(elf->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot open the image", elf->path);
	if (fstat(fd, &status) != 0)
		return fail_errno(fail, errno, "%s: cannot look at the image", elf->path);
	if (!S_ISREG(status.st_mode))
		return fail_set(fail, OUTCOME_ERROR, "%s: not a regular file", elf->path);
	if (status.st_size < (off_t)sizeof(Elf32_Ehdr))
		return fail_set(fail, OUTCOME_ERROR, "%s: too short for an ELF file (%jd bytes)",
				elf->path, (intmax_t)status.st_size);
	if (status.st_size > FILE_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: too large for a kernel or a module "
				"(%jd bytes; the limit is 1 GiB)",
				elf->path, (intmax_t)status.st_size);
	elf->size = (size_t)status.st_size;
	elf->map = mmap(NULL, elf->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (elf->map == MAP_FAILED)
		return fail_errno(fail, errno, "%s: cannot map the image", elf->path);
	elf->data = elf->map;
	return 0;
}

static int read_header(struct elf_file *elf, struct fail *fail)
{
	GElf_Ehdr header;

	if (memcmp(elf->data, ELFMAG, SELFMAG) != 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: not an ELF file; an image is a vmlinux, "
				"a vmlinuz, a .ko or a .o", elf->path);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return fail_set(fail, OUTCOME_ERROR, "libelf is too old: %s", elf_errmsg(-1));
	elf->elf = elf_memory((char *)elf->data, elf->size);
	if (elf->elf == NULL || elf_kind(elf->elf) != ELF_K_ELF ||
	    gelf_getehdr(elf->elf, &header) == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: damaged ELF header", elf->path);

	int class = gelf_getclass(elf->elf);

	if (header.e_machine == EM_X86_64 && class == ELFCLASS64)
		elf->architecture = ARCH_X86_64;
	else if (header.e_machine == EM_386 && class == ELFCLASS32)
		elf->architecture = ARCH_I386;
	else
		return fail_set(fail, OUTCOME_ERROR, "%s: for another architecture (ELF machine "
				"%u, class %d); only x86_64 and i386 are supported", elf->path,
				header.e_machine, class);
	if (header.e_ident[EI_DATA] != ELFDATA2LSB)
		return fail_set(fail, OUTCOME_ERROR, "%s: not little-endian", elf->path);
	if (header.e_type != ET_REL && header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return fail_set(fail, OUTCOME_ERROR, "%s: neither a kernel nor an object file (ELF "
				"type %u)", elf->path, header.e_type);
	elf->relocatable = header.e_type == ET_REL;
	return 0;
}

static int read_section(struct elf_file *elf, size_t index, const char *name,
			const GElf_Shdr *header, struct fail *fail)
{
	struct elf_section *section = &elf->sections[index];
	bool has_bytes = header->sh_type != SHT_NOBITS && header->sh_type != SHT_NULL;

	if (has_bytes && !in_range(header->sh_offset, header->sh_size, elf->size))
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s lies outside the file (offset "
				"0x%" PRIx64 ", size 0x%" PRIx64 ")", elf->path, name,
				header->sh_offset, header->sh_size);
	section->name = name;
	section->size = header->sh_size;
	section->data = has_bytes ? elf->data + header->sh_offset : NULL;
	section->flags = header->sh_flags;
	section->entry_size = header->sh_entsize;
	/* Thread-local data has addresses of its own and is not in memory as such. */
	if (header->sh_type == SHT_NULL || (header->sh_flags & SHF_TLS) != 0)
		section->flags &= ~(uint64_t)SHF_ALLOC;
	if ((section->flags & SHF_ALLOC) == 0)
		return 0;

	uint64_t last = elf->architecture == ARCH_X86_64 ? UINT64_MAX : UINT32_MAX;

	if (section->size > SECTION_SIZE_MAX || !in_range(header->sh_addr, section->size, last))
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s cannot be as large as it says "
				"(0x%" PRIx64 " at 0x%" PRIx64 ")", elf->path, name, section->size,
				header->sh_addr);
	if ((header->sh_addralign & (header->sh_addralign - 1)) != 0 ||
	    header->sh_addralign > ALIGNMENT_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s has an impossible alignment "
				"(0x%" PRIx64 ")", elf->path, name, header->sh_addralign);
	section->address = header->sh_addr;
	if (section->size > 0)
		elf->in_memory[elf->in_memory_count++] = section;
	return 0;
}

/* A relocatable file's sections, one behind the other. */
static int place_section(struct elf_file *elf, size_t index, uint64_t alignment, uint64_t *next,
			 struct fail *fail)
{
	struct elf_section *section = &elf->sections[index];

	if ((section->flags & SHF_ALLOC) == 0)
		return 0;
	if (alignment > 1)
		*next = (*next + alignment - 1) & ~(alignment - 1);
	section->address = *next;
	*next += section->size;
	if (*next > SECTION_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: sections up to %s are larger than 1 GiB "
				"together", elf->path, section->name);
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct elf_section *a = *(const struct elf_section *const *)left;
	const struct elf_section *b = *(const struct elf_section *const *)right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static int check_overlap(struct elf_file *elf, struct fail *fail)
{
	qsort(elf->in_memory, elf->in_memory_count, sizeof(struct elf_section *), by_address);
	for (size_t i = 1; i < elf->in_memory_count; i++) {
		const struct elf_section *before = elf->in_memory[i - 1];
		const struct elf_section *section = elf->in_memory[i];

		if (section->address - before->address < before->size)
			return fail_set(fail, OUTCOME_ERROR, "%s: sections %s and %s overlap at 0x%"
					PRIx64, elf->path, before->name, section->name,
					section->address);
	}
	return 0;
}

/* How many sections there are, and the header of the one with their names. */
static int read_names(struct elf_file *elf, GElf_Shdr *names, struct fail *fail)
{
	GElf_Ehdr header;
	size_t index;

	if (gelf_getehdr(elf->elf, &header) == NULL ||
	    elf_getshdrnum(elf->elf, &elf->section_count) != 0 ||
	    elf->section_count == 0 || elf->section_count > SECTION_COUNT_MAX ||
	    !in_range(header.e_shoff, elf->section_count * (uint64_t)header.e_shentsize, elf->size))
		return fail_set(fail, OUTCOME_ERROR, "%s: no table of sections, or one that lies "
				"outside the file", elf->path);
	if (elf_getshdrstrndx(elf->elf, &index) != 0 || index == 0 || index >= elf->section_count ||
	    gelf_getshdr(elf_getscn(elf->elf, index), names) == NULL ||
	    names->sh_type != SHT_STRTAB || !in_range(names->sh_offset, names->sh_size, elf->size))
		return fail_set(fail, OUTCOME_ERROR, "%s: no names of sections", elf->path);
	return 0;
}

static int read_sections(struct elf_file *elf, struct fail *fail)
{
	uint64_t next = RELOCATABLE_BASE;
	GElf_Shdr names, header;

	if (read_names(elf, &names, fail) != 0)
		return -1;
	elf->sections = calloc(elf->section_count, sizeof(*elf->sections));
	elf->in_memory = calloc(elf->section_count, sizeof(struct elf_section *));
	if (elf->sections == NULL || elf->in_memory == NULL)
		return fail_memory(fail, "the image's sections");
	for (size_t i = 0; i < elf->section_count; i++) {
		if (gelf_getshdr(elf_getscn(elf->elf, i), &header) == NULL)
			return fail_set(fail, OUTCOME_ERROR, "%s: section %zu is damaged",
					elf->path, i);
		const char *name = name_in(elf->data + names.sh_offset,
					   names.sh_size, header.sh_name);

		if (name == NULL)
			return fail_set(fail, OUTCOME_ERROR, "%s: section %zu has a name that is "
					"no text, or outside the table of names", elf->path, i);
		if (read_section(elf, i, name, &header, fail) != 0)
			return -1;
		if (elf->relocatable &&
		    place_section(elf, i, header.sh_addralign, &next, fail) != 0)
			return -1;
		if (header.sh_type == SHT_SYMTAB && elf->symbols_index == 0)
			elf->symbols_index = i;
		if (header.sh_type == SHT_NOTE && elf->build_id[0] == '\0')
			(void)elf_note_build_id(elf->sections[i].data, elf->sections[i].size,
						elf->build_id); /* most notes are others */
	}
	return check_overlap(elf, fail);
}

const struct elf_section *elf_file_section_next(const struct elf_file *elf, const char *beginning,
						const struct elf_section *previous)
{
	size_t i = previous == NULL ? 0 : (size_t)(previous - elf->sections) + 1;

	while (i < elf->section_count &&
	       strncmp(elf->sections[i].name, beginning, strlen(beginning)) != 0)
		i++;
	return i < elf->section_count ? &elf->sections[i] : NULL;
}

const uint8_t *elf_file_behind(const struct elf_file *elf, size_t *length)
{
	GElf_Ehdr header;
	GElf_Shdr section;
	uint64_t end;

	*length = 0;
	if (gelf_getehdr(elf->elf, &header) == NULL)
		return NULL;
	/* in range, as read_names() and read_section() found */
	end = header.e_shoff + elf->section_count * (uint64_t)header.e_shentsize;
	for (size_t i = 0; i < elf->section_count; i++) {
		if (gelf_getshdr(elf_getscn(elf->elf, i), &section) == NULL)
			return NULL;
		if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
		    section.sh_offset + section.sh_size > end)
			end = section.sh_offset + section.sh_size;
	}
	if (end >= elf->size)
		return NULL;
	*length = elf->size - end;
	return elf->data + end;
}

/* A copy of the word at `text`, which ends at a blank, a NUL or after `size` bytes. */
static int copy_word(const char *text, size_t size, char **out, struct fail *fail)
{
	size_t length = 0;

	while (length < size && isgraph((unsigned char)text[length]))
		length++;
	*out = length == 0 || length > 127 ? NULL : strndup(text, length);
	if (*out == NULL && length > 0 && length <= 127)
		return fail_memory(fail, "the image's release");
	return 0;
}

/* "name=nfs\0vermagic=6.1.0-1-amd64 SMP \0…" */
static int read_modinfo(struct elf_file *elf, struct fail *fail)
{
	const struct elf_section *info = elf_file_section(elf, ".modinfo");
	uint64_t at = 0;
	const char *text;

	if (info == NULL)
		return 0;
	while ((text = string_in(info->data, info->size, at)) != NULL) {
		size_t length = strlen(text);

		if (elf->module == NULL && strncmp(text, "name=", 5) == 0 &&
		    copy_word(text + 5, length - 5, &elf->module, fail) != 0)
			return -1;
		if (elf->release == NULL && strncmp(text, "vermagic=", 9) == 0 &&
		    copy_word(text + 9, length - 9, &elf->release, fail) != 0)
			return -1;
		at += length + 1;
	}
	return 0;
}

/* linux_banner (init/version.c): "Linux version 6.1.0-1-amd64 (…". */
static int read_banner(struct elf_file *elf, struct fail *fail)
{
	static const char banner[] = "Linux version ";
	const struct elf_section *section = elf_file_section(elf, ".rodata");
	const uint8_t *at = section != NULL ? section->data : NULL;
	uint64_t left = at != NULL ? section->size : 0;

	while (elf->release == NULL && left > 0) {
		const uint8_t *found = memmem(at, left, banner, sizeof(banner) - 1);

		if (found == NULL)
			return 0;
		left -= (uint64_t)(found - at) + sizeof(banner) - 1;
		at = found + sizeof(banner) - 1;
		if (left > 0 && isdigit(*at) &&
		    copy_word((const char *)at, left, &elf->release, fail) != 0)
			return -1;
	}
	return 0;
}

/* Of no bytes yet. NULL: memory ran out. */
static struct elf_file *create(const char *path, struct fail *fail)
{
	struct elf_file *elf = calloc(1, sizeof(*elf));

	if (elf != NULL) {
		elf->map = MAP_FAILED;
		elf->path = strdup(path);
		if (elf->path != NULL)
			return elf;
	}
	free(elf);
	(void)fail_memory(fail, "the image");
	return NULL;
}

/* Closes it where that fails. */
static int read_all(struct elf_file *elf, struct elf_file **out, struct fail *fail)
{
	if (read_header(elf, fail) != 0 || read_sections(elf, fail) != 0 ||
	    read_modinfo(elf, fail) != 0 || read_banner(elf, fail) != 0) {
		elf_file_close(elf);
		return -1;
	}
	*out = elf;
	return 0;
}

int elf_file_open(const char *path, struct elf_file **out, struct fail *fail)
{
	struct elf_file *elf = create(path, fail);

	*out = NULL;
	if (elf == NULL)
		return -1;
	if (map_file(elf, fail) != 0) {
		elf_file_close(elf);
		return -1;
	}
	return read_all(elf, out, fail);
}

int elf_file_open_bytes(const char *path, uint8_t *data, size_t size, struct elf_file **out,
			struct fail *fail)
{
	struct elf_file *elf = create(path, fail);

	*out = NULL;
	if (elf == NULL) {
		free(data);
		return -1;
	}
	elf->owned = data;
	elf->data = data;
	elf->size = size;
	if (size >= sizeof(Elf32_Ehdr))
		return read_all(elf, out, fail);
	(void)fail_set(fail, OUTCOME_ERROR, "%s: too short for an ELF file (%zu bytes)", path, size);
	elf_file_close(elf);
	return -1;
}

void elf_file_close(struct elf_file *elf)
{
	if (elf == NULL)
		return;
	(void)elf_end(elf->elf); /* a count of references */
	if (elf->map != MAP_FAILED)
		(void)munmap(elf->map, elf->size);
	free(elf->owned);
	free(elf->path);
	free(elf->sections);
	free(elf->in_memory);
	free(elf->module);
	free(elf->release);
	free(elf);
}

enum architecture elf_file_architecture(const struct elf_file *elf)
{
	return elf->architecture;
}

bool elf_file_relocatable(const struct elf_file *elf)
{
	return elf->relocatable;
}

const char *elf_file_module(const struct elf_file *elf)
{
	return elf->module;
}

const char *elf_file_release(const struct elf_file *elf)
{
	return elf->release;
}

const char *elf_file_build_id(const struct elf_file *elf)
{
	return elf->build_id[0] != '\0' ? elf->build_id : NULL;
}

const struct elf_section *elf_file_section_at(const struct elf_file *elf, uint64_t address)
{
	size_t low = 0, high = elf->in_memory_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct elf_section *section = elf->in_memory[middle];

		if (address < section->address)
			high = middle;
		else if (address - section->address >= section->size)
			low = middle + 1;
		else
			return section;
	}
	return NULL;
}

const uint8_t *elf_file_bytes(const struct elf_file *elf, uint64_t address, size_t length)
{
	const struct elf_section *section = elf_file_section_at(elf, address);

	if (section == NULL || section->data == NULL ||
	    !in_range(address - section->address, length, section->size))
		return NULL;
	return section->data + (address - section->address);
}

const struct elf_section *elf_file_section(const struct elf_file *elf, const char *name)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	}
	return NULL;
}

/* 1: *out is a symbol with a place, or, where `undefined`, without; 0: it is of another kind; -1:
 * damaged. */
static int read_symbol(const struct elf_file *elf, const GElf_Sym *symbol,
		       const struct elf_section *names, size_t index, bool undefined,
		       struct elf_symbol *out, struct fail *fail)
{
	unsigned char type = GELF_ST_TYPE(symbol->st_info);
	const struct elf_section *section = NULL;
	const char *name = name_in(names->data, names->size, symbol->st_name);

	if (name == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: symbol %zu has a name that is no text, "
				"or outside the table of names", elf->path, index);
	if (*name == '\0' || type == STT_SECTION || type == STT_FILE || type == STT_TLS ||
	    symbol->st_shndx == SHN_COMMON || (symbol->st_shndx == SHN_UNDEF) != undefined)
		return 0;
	if (undefined) {
		*out = (struct elf_symbol){ .name = name, .address = undefined_address(index) };
		return 1;
	}
	if (symbol->st_shndx != SHN_ABS) {
		if (symbol->st_shndx >= elf->section_count)
			return fail_set(fail, OUTCOME_ERROR, "%s: symbol %zu (%.64s) is in section "
					"%u, which does not exist", elf->path, index, name,
					symbol->st_shndx);
		section = &elf->sections[symbol->st_shndx];
		if ((section->flags & SHF_ALLOC) == 0)
			return 0;
		if (elf->relocatable && symbol->st_value > section->size)
			return fail_set(fail, OUTCOME_ERROR, "%s: symbol %zu (%.64s) lies outside "
					"its section %s", elf->path, index, name, section->name);
	}
	*out = (struct elf_symbol){
		.name = name,
		.address = symbol->st_value,
		.size = symbol->st_size,
		.section = section,
		.type = type,
		.binding = GELF_ST_BIND(symbol->st_info),
	};
	if (elf->relocatable && section != NULL)
		out->address += section->address;
	return 1;
}

static int each_symbol(const struct elf_file *elf, bool undefined,
		       int (*each)(const struct elf_symbol *symbol, void *data, struct fail *fail),
		       void *data, struct fail *fail)
{
	Elf_Scn *table = elf_getscn(elf->elf, elf->symbols_index);
	Elf_Data *symbols = elf->symbols_index != 0 ? elf_getdata(table, NULL) : NULL;
	struct elf_symbol symbol;
	GElf_Shdr header;
	GElf_Sym raw;

	if (elf->symbols_index == 0)
		return 0;
	if (symbols == NULL || symbols->d_type != ELF_T_SYM ||
	    gelf_getshdr(table, &header) == NULL || header.sh_link == 0 ||
	    header.sh_link >= elf->section_count)
		return fail_set(fail, OUTCOME_ERROR, "%s: the table of symbols is damaged",
				elf->path);
	for (int i = 1; gelf_getsym(symbols, i, &raw) != NULL; i++) {
		int result = read_symbol(elf, &raw, &elf->sections[header.sh_link], (size_t)i,
					 undefined, &symbol, fail);

		if (result > 0)
			result = each(&symbol, data, fail);
		if (result != 0)
			return result;
	}
	return 0;
}

int elf_file_symbols(const struct elf_file *elf,
		     int (*each)(const struct elf_symbol *symbol, void *data, struct fail *fail),
		     void *data, struct fail *fail)
{
	return each_symbol(elf, false, each, data, fail);
}

int elf_file_undefined(const struct elf_file *elf,
		       int (*each)(const struct elf_symbol *symbol, void *data, struct fail *fail),
		       void *data, struct fail *fail)
{
	return each_symbol(elf, true, each, data, fail);
}
