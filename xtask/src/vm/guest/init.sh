#!/bin/busybox sh
# The guest's first program: puts a writable overlay in memory over the machine's root, and goes there.
b=/bin/busybox
modules=$VM_MODS/$($b uname -r)
$b insmod "$modules/kernel/fs/overlayfs/overlay.ko"
$b mount -t tmpfs -o mode=755 vm /mnt
$b mkdir /mnt/up /mnt/work /mnt/root
$b mount -t overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work vm /mnt/root
cd /mnt/root

for fs in proc:proc sysfs:sys devtmpfs:dev tmpfs:run; do
    $b mount -t "${fs%:*}" vm "${fs#*:}"
done
$b mkdir -p dev/pts dev/shm run/netns run/lock lib/modules
$b mount -t devpts -o ptmxmode=666 vm dev/pts
$b mount -t tmpfs -o mode=1777 vm dev/shm

# The kernel loads modules by itself when there is a modprobe that finds them.
$b ln -sfn "$modules" "lib/modules/${modules##*/}"
[ -x sbin/modprobe ] || $b ln -s /bin/busybox sbin/modprobe

while read -r folder; do
    $b mount -t hostfs -o "$folder" vm ".$folder"
done <"$VM_JOB/rw"

exec <dev/null >dev/console 2>&1
$b pivot_root . mnt && exec $b chroot . /bin/bash "$VM_JOB/run.sh"
