/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interface: the text of include/io.patcherd.varlink, for introspection. */
#ifndef PATCHERD_INTERFACE_H
#define PATCHERD_INTERFACE_H

extern const char interface_io_patcherd[] __attribute__((visibility("hidden")));

#endif
