/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_internal: what is known of values while a function is followed. Internal to lib/uses*.c. */
#ifndef PATCHERD_USES_INTERNAL_H
#define PATCHERD_USES_INTERNAL_H

#include "insn_layout.h"
#include "uses.h"

enum { REGISTERS = 16, RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7,
       NO_REGISTER = -1, RIP = -2 };
enum { SLOTS_MAX = 64 };

enum known_kind {
	KNOWN_NOTHING,
	KNOWN_NUMBER,		/* 0 or an error number: a pointer that is none */
	KNOWN_POINTER,		/* `offset` bytes behind the start of an `aggregate` */
	KNOWN_PLACE,		/* `offset` bytes behind a variable that is a pointer to an
				 * `aggregate` */
	KNOWN_STACK		/* `offset` from the stack pointer at the function's entry */
};

struct known {
	enum known_kind kind;
	const struct aggregate *aggregate;
	int64_t offset;
};

/* As large as a pointer. */
struct slot {
	int64_t offset;		/* from the stack pointer at the function's entry */
	struct known known;
};

struct state {
	bool reached;
	struct known registers[REGISTERS];
	struct slot *slots;
	size_t slot_count, slot_room;
};

/* A function that is followed. */
struct flow {
	const struct object *object;
	const struct elf_fields *fields;
	struct layouts *layouts;
	const struct function *codes;
	size_t count;			/* of codes */
	enum architecture arch;
	unsigned pointer;		/* bytes */
	/* The address of a place of the frame, or of the caller's, goes elsewhere: anybody may
	 * change what is there, and by container_of() what is before it. */
	bool escaped_frame, escaped_caller;
	bool escaped;			/* one of them has become true */
};

/* uses_state.c */
struct known known_join(struct known a, struct known b);
/* 1: *into has become less; 0: it has not; -1: memory ran out. */
int state_join(struct state *into, const struct state *from, struct fail *fail) MUST_CHECK;
int state_copy(struct state *into, const struct state *from, struct fail *fail) MUST_CHECK;
void state_deinit(struct state *state);
void state_forget(struct state *state);
void slots_forget(const struct flow *flow, struct state *state, int64_t offset, uint64_t size);
int slot_set(struct state *state, int64_t offset, struct known known,
	     struct fail *fail) MUST_CHECK;
struct known slot_get(const struct flow *flow, const struct state *state, int64_t offset);
void stack_escape(struct flow *flow, int64_t offset);

/* uses_entry.c: what the parameters are. */
int state_enter(const struct flow *flow, struct state *state, struct fail *fail) MUST_CHECK;
/* That of the name, where one symbol of the object has it; NULL: it is not known. */
const struct prototype *prototype_find(const struct flow *flow, const char *name);
/* What an address that a relocation gives is. */
struct known variable_known(const struct flow *flow, const struct elf_field *field,
			    int64_t behind);

/* uses_operand.c: the operand in memory of an instruction. */
struct operand {
	bool memory;
	bool known;			/* the address is what follows */
	struct known address;
	int base, index;		/* registers; NO_REGISTER, RIP */
	unsigned scale;
	int64_t displacement;
};
struct operand operand_take(const struct flow *flow, const struct state *state,
			    const struct insn *insn, const struct insn_layout *layout);
/* Of the operand, bytes; 0: not known. */
unsigned operand_size(const struct insn_layout *layout, unsigned pointer);
/* What a pointer that lies there points to. */
struct known operand_load(const struct flow *flow, const struct state *state,
			  const struct operand *operand);
/* A pointer moved by `by`. To the start of a member that is an aggregate, it may be meant for that,
 * for the first one in it, or for another one of a union: it stays one to the outer. */
struct known known_move(struct known known, int64_t by);

/* uses_step.c: what one instruction does to the state. */
int insn_step(struct flow *flow, struct state *state, const struct insn *insn,
	      const struct insn_layout *layout, struct fail *fail) MUST_CHECK;

/* uses_name.c: the use that an instruction makes of a member; false: none. */
bool use_of(const struct flow *flow, const struct state *state, const struct insn *insn,
	    const struct insn_layout *layout, struct use *out);
/* What the pointer at `offset` of an aggregate points to. */
struct known member_load(const struct aggregate *aggregate, uint64_t offset, unsigned pointer);

#endif
