# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_vipd_global_optspecs
    string join \n h/help
end

function __fish_vipd_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_vipd_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_vipd_using_subcommand
    set -l cmd (__fish_vipd_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c vipd -n "__fish_vipd_needs_command" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "status" -d 'Show how everything stands: routers, virtual servers, checks, what is wrong first'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "events" -d 'Show what happened: the last 1,000 events, or everything that follows'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "reload" -d 'Read the configuration anew'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "explain" -d 'Explain why something is as it is, and what would change it; or what a word of the configuration means'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "neighbours" -d 'Show who else speaks VRRP on our links, and which VRIDs are free'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "recorder" -d 'Show what an instance was told around its last changes of state: advertisements, timers, results of scripts'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "top" -d 'Show the status, again each second; q quits. Once, where the output is no terminal'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "capture" -d 'Listen to VRRP on an interface, or read a pcap file, and say what is wrong'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "config" -d 'Show the configuration that runs, without secrets, or what the file would change'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "doctor" -d 'Look at this machine and at the configuration, and say what will hurt, why, and what to do'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "probe" -d 'Make the checks of a real server once, now, and show what is sent and received, when, and the result with its reason'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "confirm" -d 'Keep the configuration of `vipd reload --confirm`'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "undo" -d 'Go back to the configuration that ran before the last reload'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "handover" -d 'Give the addresses of an instance to another router; answers when it has taken over, or nobody did'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "maintenance" -d 'Leave the addresses to other routers, until it is switched off or the time is over'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "announce" -d 'Announce the addresses of an instance that is MASTER again (gratuitous ARP, unsolicited neighbour advertisements)'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "upgrade" -d 'Let another version of the program take over from the one that runs. No address moves'
complete -c vipd -n "__fish_vipd_needs_command" -f -a "server" -d 'Drain a real server, take it out for maintenance, give it another weight, or end that'
complete -c vipd -n "__fish_vipd_using_subcommand status" -l want -d 'With --check: the state that the instances must have' -r -f -a "master\t'Serving'
backup\t'Listening'
any\t'One of the two'"
complete -c vipd -n "__fish_vipd_using_subcommand status" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand status" -l check -d 'Print nothing; the exit status is 0 if all is well, 1 if something is wrong or a worker process hangs'
complete -c vipd -n "__fish_vipd_using_subcommand status" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vipd -n "__fish_vipd_using_subcommand events" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand events" -s f -l follow -d 'Go on with the events that follow'
complete -c vipd -n "__fish_vipd_using_subcommand events" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand events" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand reload" -l confirm -d 'Go back to the configuration that runs now, unless `vipd confirm` comes within this time (60s, 5m)' -r
complete -c vipd -n "__fish_vipd_using_subcommand reload" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand reload" -l dry-run -d 'Only say what would change'
complete -c vipd -n "__fish_vipd_using_subcommand reload" -l wait -d 'Wait for the end of the reload; the exit status is 1 if the configuration is not taken'
complete -c vipd -n "__fish_vipd_using_subcommand reload" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand reload" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand explain" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand explain" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand explain" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand neighbours" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand neighbours" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand neighbours" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand recorder" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand recorder" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand recorder" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vipd -n "__fish_vipd_using_subcommand top" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand top" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand top" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand capture" -l for -d 'Listen for this time (10s, 5m); without it, until SIGINT' -r
complete -c vipd -n "__fish_vipd_using_subcommand capture" -l svg -d 'Draw who was master when, as a picture' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand capture" -l json -d 'Print what was found as JSON'
complete -c vipd -n "__fish_vipd_using_subcommand capture" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand config" -s f -l use-file -d 'Show this file, and ask no daemon' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand config" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand config" -l resolved -d 'As text, with includes, definitions, conditions and sequences resolved; this is what is shown without --diff and --json'
complete -c vipd -n "__fish_vipd_using_subcommand config" -l diff -d 'Show the changes of a reload: things that are added, removed, or changed, with their fields'
complete -c vipd -n "__fish_vipd_using_subcommand config" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand config" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand doctor" -s f -l use-file -d 'The configuration; without it, that of the running daemon, else /etc/keepalived/keepalived.conf' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand doctor" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand doctor" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand probe" -s f -l use-file -d 'The configuration; without it, that of the running daemon' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand probe" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand probe" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vipd -n "__fish_vipd_using_subcommand confirm" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand confirm" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand confirm" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand undo" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand undo" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand undo" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand handover" -l reason -d 'Why, for the log and the status; at most 256 bytes' -r
complete -c vipd -n "__fish_vipd_using_subcommand handover" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand handover" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand handover" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -l for -d 'End it by itself after this time (30m, 2h)' -r
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -l reason -d 'Why, for the log and the status; at most 256 bytes' -r
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -l hard -d 'Do not serve even if nobody else does'
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vipd -n "__fish_vipd_using_subcommand announce" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand announce" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand announce" -s h -l help -d 'Print help'
complete -c vipd -n "__fish_vipd_using_subcommand upgrade" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand upgrade" -l check -d 'Only say whether it could take over'
complete -c vipd -n "__fish_vipd_using_subcommand upgrade" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand upgrade" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c vipd -n "__fish_vipd_using_subcommand server" -l for -d 'End it by itself after this time (30m, 2h)' -r
complete -c vipd -n "__fish_vipd_using_subcommand server" -l reason -d 'Why, for the log and the status; at most 256 bytes' -r
complete -c vipd -n "__fish_vipd_using_subcommand server" -l socket -d 'Socket of the daemon (control_socket in its configuration)' -r -F
complete -c vipd -n "__fish_vipd_using_subcommand server" -l persist -d 'Keep it over a stop and a start of vipd as well, which forget it otherwise (reloads and crashes never do)'
complete -c vipd -n "__fish_vipd_using_subcommand server" -l json -d 'Print the daemon\'s answer as it is, one JSON object a line'
complete -c vipd -n "__fish_vipd_using_subcommand server" -s h -l help -d 'Print help (see more with \'--help\')'
