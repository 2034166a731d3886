#!/bin/busybox sh
# The guest's first program: puts a writable overlay in memory over the machine's root, and goes there. In
# user-mode-linux that root is ours already; in qemu we are in an initramfs, with the modules to load in their order.
b=/bin/busybox
modules=$VM_MODS/$($b uname -r)
machine=/
if [ -d /modules ]; then
    machine=/machine
    for module in /modules/*; do $b insmod "$module"; done
    $b mount -t virtiofs machine $machine
else
    $b insmod "$modules/kernel/fs/overlayfs/overlay.ko"
fi
$b mount -t tmpfs -o mode=755 vm /mnt
$b mkdir /mnt/up /mnt/work /mnt/root
$b mount -t overlay -o lowerdir=$machine,upperdir=/mnt/up,workdir=/mnt/work vm /mnt/root
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
    if [ $machine = / ]; then
        $b mount -t hostfs -o "$folder" vm ".$folder"
    else
        $b mount -o bind "$machine$folder" ".$folder"
    fi
done <"${machine%/}$VM_JOB/rw"

exec <dev/null >dev/console 2>&1
[ $machine = / ] || exec $b switch_root . /bin/bash "$VM_JOB/run.sh"
$b pivot_root . mnt && exec $b chroot . /bin/bash "$VM_JOB/run.sh"
