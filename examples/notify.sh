#!/bin/sh
# Runs when an instance changes its state. Works for both kinds of notify keywords:
#
#   notify_master "/etc/keepalived/notify.sh master"     (notify_backup, notify_fault, notify_stop alike)
#   notify /etc/keepalived/notify.sh                     gets: INSTANCE|GROUP name STATE priority
#
# Scripts run one after the other, so be quick; start what takes long in the background.

case "$1" in
    INSTANCE | GROUP)
        name=$2 state=$3 ;;
    *)
        name="this machine" state=$1 ;;
esac

logger -t vipd-notify "$name is now $state"

case "$state" in
    master | MASTER)
        # Services that must run only where the address is, for instance:
        # systemctl start mailer
        ;;
    backup | BACKUP | fault | FAULT | stop | STOP | deleted | DELETED)
        # systemctl stop mailer
        ;;
    *)
        echo "usage: $0 master|backup|fault|stop" >&2
        exit 1
        ;;
esac
