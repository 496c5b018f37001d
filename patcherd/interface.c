/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interface.h"

/* The file itself, so that what is served is what is in the tree; the path is from its root. */
__asm__(".pushsection .rodata\n"
	".globl interface_io_patcherd\n"
	".hidden interface_io_patcherd\n"
	".type interface_io_patcherd, @object\n"
	"interface_io_patcherd:\n"
	".incbin \"include/io.patcherd.varlink\"\n"
	".byte 0\n"
	".size interface_io_patcherd, . - interface_io_patcherd\n"
	".popsection\n");
