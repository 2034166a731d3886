# Starts qemu and what gives it the machine's files: console file, socket, virtiofsd, qemu, its arguments. The command's
# outputs are 1 and 4. As the first process of a process namespace this shell takes virtiofsd with it.
exec 4>&2 2>>"$1"
"$3" -f -o sandbox=chroot -o cache=always -o source=/ --socket-path="$2" >&2 4>&- &
until [ -S "$2" ]; do
    kill -0 $! || exit
    sleep 0.01
done
shift 3
"$@"
exit
