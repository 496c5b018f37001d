#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels.t: patcherd on a kernel with a /dev/kmem of its own and on Debian 12's two; see matrix, which
# has more of them.
exec "$(dirname "$0")/matrix" 5.10-kmem 6.1 6.12
