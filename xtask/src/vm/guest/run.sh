# Runs the command and leaves its status. In user-mode-linux this is the first process inside the overlay, and the
# command's outputs go to the consoles that lead to the machine's.
mapfile -d '' env <"$VM_JOB/env"
mapfile -d '' argv <"$VM_JOB/argv"
ip link set lo up

if [ -z "$VM_MODS" ]; then
    env -i -C "${argv[0]}" "${env[@]}" "${argv[@]:1}"
    echo $? >"$VM_JOB/rc"
    exit
fi

/sbin/modprobe ip_vs
stty -F /dev/tty1 raw -echo
stty -F /dev/tty2 raw -echo
mkfifo /run/out /run/err
cat /run/out >/dev/tty1 & out=$!
cat /run/err >/dev/tty2 & err=$!
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
