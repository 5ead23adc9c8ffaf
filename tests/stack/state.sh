# shellcheck shell=bash
# Sourced by build, up and down: where binaries and running servers are.

# Binaries, kept between runs.
# shellcheck disable=SC2034
cache=${TRACE_STACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trace-stack}

# One running stack: a folder a server, with its `binary`, `pid`, `url`, `log` and data. Another folder, another stack.
dir=$(realpath -m "${TRACE_STACK_DIR:-${TMPDIR:-/tmp}/trace-stack-$UID}")

# Present in a folder that `up` made, and so may remove.
marker=$dir/.trace-stack

say() { printf 'stack: %s\n' "$*" >&2; }

# Whether the server NAME runs. A pid alone proves nothing after a reboot, so what it executes is compared.
running() {
  local pid binary
  [[ -s $dir/$1/pid && -O $marker ]] || return 1
  pid=$(<"$dir/$1/pid")
  binary=$(<"$dir/$1/binary")
  [[ $(readlink "/proc/$pid/exe") == "$binary"* ]]
}

# One `up` or `down` at a time; held until the script ends.
lock() {
  mkdir -p "$cache"
  exec 9>"$cache/.stack.lock"
  flock 9
}
