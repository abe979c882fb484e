#!/bin/sh
# Compiles a package of this workspace to read the time from the operating system: a wrapper of rustc,
# for `src/check/clocks.rs`.
exec "$@" --cfg kairos_os_clock
