# Starts user-mode-linux: console file, kernel, its arguments. A shell of its own, for as the first process of a
# process namespace a panicking user-mode-linux cannot abort and hangs.
exec 3>>"$1"
shift
# It is several processes that take turns at every system call of the guest. On a busy machine each turn would wait for
# others' time slices, and the guest stand still for seconds; in real time it does not. Only root may do that.
if chrt -r 1 true 2>/dev/null; then
    set -- chrt -r 1 "$@"
fi
"$@"
exit
