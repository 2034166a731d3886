# Starts user-mode-linux: console file, kernel, its arguments. A shell of its own, for as the first process of a
# process namespace a panicking user-mode-linux cannot abort and hangs.
exec 3>>"$1"
shift
# The guest's timers are late when this machine is busy, so it asks for a better priority; only root may, and it works
# without. The kernel shares the processors between sessions first: it leads one of its own.
setsid sh -c '
    {
        printf %s -10 >/proc/self/autogroup
        renice -n -10 -p $$ >/dev/null
    } 2>/dev/null
    exec "$@"
' sh "$@"
exit
