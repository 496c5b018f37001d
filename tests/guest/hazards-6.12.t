#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hazards-6.12.t: hazards.t with Debian's kernel 6.12.
KERNEL=6.12 exec "${0%/*}/hazards.t"
