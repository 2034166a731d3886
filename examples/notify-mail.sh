#!/bin/sh
# Tells somebody by mail. Use it with the generic keyword, which gives four arguments:
#
#   notify "/etc/keepalived/notify-mail.sh ops@example.com"

if [ $# -ne 5 ]; then
    echo "usage: $0 MAIL-ADDRESS INSTANCE|GROUP NAME STATE PRIORITY" >&2
    exit 1
fi
to=$1 name=$3 state=$4 priority=$5
host=$(uname -n)

# In the background: a slow mail server must not delay the next notification.
printf '%s: %s on %s became %s with priority %s\n' "$(date '+%F %T')" "$name" "$host" "$state" "$priority" |
    mail -s "$name is $state on $host" "$to" &
