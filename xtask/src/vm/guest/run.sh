# Runs the command and leaves its status. In a guest this is the first process inside the overlay, and the command's
# outputs go to the machine's: through consoles in user-mode-linux, through ports in qemu.
mapfile -d '' env <"$VM_JOB/env"
mapfile -d '' argv <"$VM_JOB/argv"
ip link set lo up

if [ -z "$VM_MODS" ]; then
    env -i -C "${argv[0]}" "${env[@]}" "${argv[@]:1}"
    echo $? >"$VM_JOB/rc"
    exit
fi

/sbin/modprobe ip_vs
if [ -c /dev/vport0p1 ]; then
    to=/dev/vport0p1 to_err=/dev/vport0p2
else
    to=/dev/tty1 to_err=/dev/tty2
    stty -F $to raw -echo
    stty -F $to_err raw -echo
fi
mkfifo /run/out /run/err
cat /run/out >$to & out=$!
cat /run/err >$to_err & err=$!
env -i -C "${argv[0]}" "${env[@]}" "${argv[@]:1}" </dev/null >/run/out 2>/run/err
status=$?

# Whoever still runs would keep the outputs open.
left=()
for process in /proc/[0-9]*; do
    case ${process#/proc/} in
    1 | "$out" | "$err") ;;
    *) left+=("${process#/proc/}") ;;
    esac
done
kill -9 "${left[@]}"
wait "$out" "$err"
echo $status >"$VM_JOB/rc"
busybox poweroff -f
