#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# operations-6.12.t: operations.t with Debian's kernel 6.12.
KERNEL=6.12 exec "${0%/*}/operations.t"
