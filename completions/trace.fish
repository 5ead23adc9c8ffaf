# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_trace_global_optspecs
    string join \n o/output= out= color= ascii width= z/timezone= utc v/verbose q/quiet show-queries no-progress config= profile= h/help V/version
end

function __fish_trace_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_trace_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_trace_using_subcommand
    set -l cmd (__fish_trace_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c trace -n "__fish_trace_needs_command" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_needs_command" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_needs_command" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_needs_command" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_needs_command" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_needs_command" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_needs_command" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_needs_command" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_needs_command" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_needs_command" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_needs_command" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_needs_command" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_needs_command" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c trace -n "__fish_trace_needs_command" -s V -l version -d 'Print version'
complete -c trace -n "__fish_trace_needs_command" -f -a "find" -d 'The story of one ID in one screen'
complete -c trace -n "__fish_trace_needs_command" -f -a "timeline" -d 'Every span, queue wait, error and line of one ID, in time'
complete -c trace -n "__fish_trace_needs_command" -f -a "span" -d 'One span whole: attributes, events, stack trace, links, lines'
complete -c trace -n "__fish_trace_needs_command" -f -a "logs" -d 'Every line of one ID, over all services, in time order'
complete -c trace -n "__fish_trace_needs_command" -f -a "missing" -d 'What did not happen and should have, and what went wrong, each with its evidence'
complete -c trace -n "__fish_trace_needs_command" -f -a "latency" -d 'How long calls take, and what users wait for: p50 to max, own time, queues, critical path'
complete -c trace -n "__fish_trace_needs_command" -f -a "map" -d 'Who calls whom: services, topics, databases, hosts, with calls, errors and lengths'
complete -c trace -n "__fish_trace_needs_command" -f -a "hotspots" -d 'Where errors come from: the worst services and operations, new, worse or gone'
complete -c trace -n "__fish_trace_needs_command" -f -a "errors" -d 'The newest errors, whole: what they say, where, in which journeys'
complete -c trace -n "__fish_trace_needs_command" -f -a "verify-pipeline" -d 'Did every expected step happen, in order, in time? A gate for CI'
complete -c trace -n "__fish_trace_needs_command" -f -a "learn-pipeline" -d 'From good runs a spec for verify-pipeline, with the figures it rests on'
complete -c trace -n "__fish_trace_needs_command" -f -a "phases" -d 'How the phases of the pipeline stand, and which are stuck, from metrics'
complete -c trace -n "__fish_trace_needs_command" -f -a "alerts" -d 'Alerts of a time, since when, and the journeys that show them; the rules behind them'
complete -c trace -n "__fish_trace_needs_command" -f -a "why" -d 'What bad journeys have in common that good ones have not: a host, a version, a tenant'
complete -c trace -n "__fish_trace_needs_command" -f -a "diff" -d 'Two journeys, or two windows, step by step: added, missing, slower, faster, more, fewer'
complete -c trace -n "__fish_trace_needs_command" -f -a "demo" -d 'A short guided tour on embedded data'
complete -c trace -n "__fish_trace_needs_command" -f -a "doctor" -d 'Whom would be asked, and whether each is well'
complete -c trace -n "__fish_trace_needs_command" -f -a "config" -d 'What is configured, and where each value came from'
complete -c trace -n "__fish_trace_needs_command" -f -a "schema" -d 'The JSON Schema of what `-o json` prints'
complete -c trace -n "__fish_trace_needs_command" -f -a "completions" -d 'A completion script for a shell'
complete -c trace -n "__fish_trace_using_subcommand find" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand find" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand find" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand find" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand find" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand find" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand find" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand find" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand find" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand find" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand find" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand find" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand find" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand find" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand find" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand find" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand find" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand find" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l logs -d 'Which lines and events to draw between the spans [default: errors]' -r -f -a "all\t''
errors\t''
none\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l depth -d 'Draw only so many levels below each root' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l attributes -d 'Show these attributes beside each span' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand timeline" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand timeline" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand timeline" -l full -d 'Fold nothing, and show all rows'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l adjust-clocks -d 'Shift services by their measured clock difference'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand timeline" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand timeline" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand timeline" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand timeline" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand span" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand span" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand span" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand span" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand span" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand span" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand span" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand span" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand span" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand span" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand span" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand span" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand span" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand span" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand span" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand span" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand span" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand span" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand logs" -s C -l context -d 'Show so many lines of the same service around each' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l level -d 'Only lines at least this grave' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
error\t''
fatal\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand logs" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand logs" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand logs" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand logs" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand logs" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand logs" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand logs" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand logs" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand logs" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand logs" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand logs" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand logs" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand missing" -l baseline -d 'Compare with the newest N runs that begin alike; of a file or the demo, with all others in it' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand missing" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand missing" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand missing" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l ids-from -d 'Every ID of this file, one a line; `-` is standard input; `#` begins a comment' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l recent -d 'The newest N runs, found by their first operation or by the filters' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l total-timeout -d 'How long asking about all runs may take; --timeout is for each' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand missing" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand missing" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand missing" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand missing" -l all -d 'Show what is only worth knowing as well'
complete -c trace -n "__fish_trace_using_subcommand missing" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand missing" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand missing" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand missing" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand missing" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand missing" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand missing" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand missing" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand missing" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand missing" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand latency" -l by -d 'By what calls are told apart: operation, service, or attribute:KEY [default: operation]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l top -d 'Show so many rows' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l via -d 'From metrics that count every span, from spans, or from whichever there is [default: auto]' -r -f -a "auto\t''
metrics\t''
spans\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand latency" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand latency" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand latency" -l histogram -d 'Show how the lengths of each row are spread'
complete -c trace -n "__fish_trace_using_subcommand latency" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand latency" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand latency" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand latency" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand latency" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand latency" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand latency" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand latency" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand latency" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand latency" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand map" -l top -d 'Show so many edges' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l via -d 'From metrics that count every span, from spans, or from whichever there is [default: auto]' -r -f -a "auto\t''
metrics\t''
spans\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand map" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand map" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand map" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand map" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand map" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand map" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand map" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand map" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand map" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand map" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand map" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand map" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand map" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l top -d 'Show so many rows' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l via -d 'From metrics that count every span, from spans, or from whichever there is [default: auto]' -r -f -a "auto\t''
metrics\t''
spans\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l all -d 'Show errors as well that others caused'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand hotspots" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand errors" -l limit -d 'The newest N, repeats not counted' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand errors" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand errors" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand errors" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand errors" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand errors" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand errors" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand errors" -l all -d 'Show errors as well that others caused'
complete -c trace -n "__fish_trace_using_subcommand errors" -l stack -d 'Show stack traces'
complete -c trace -n "__fish_trace_using_subcommand errors" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand errors" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand errors" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand errors" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand errors" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand errors" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand errors" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand errors" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand errors" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand errors" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l expect -d 'Instead of a spec: a span of this name is expected; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l correlation-id -d 'The run\'s correlation ID' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l trace-id -d 'The run\'s trace ID' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l wait -d 'Ask again for so long while something may still come' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l known-failures -d 'Failures that are put up with: only others give 1' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l write-known-failures -d 'Write the failures of these runs as such a file' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l junit -d 'Write a JUnit report as well' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l json -d 'Write the JSON document as well' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l markdown -d 'Write the report as Markdown as well' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l ids-from -d 'Every ID of this file, one a line; `-` is standard input; `#` begins a comment' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l recent -d 'The newest N runs, found by their first operation or by the filters' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l total-timeout -d 'How long asking about all runs may take; --timeout is for each' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l check -d 'Only look whether the spec is sound; asks nobody'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l in-order -d 'The expected spans must be seen in the order in which they are written'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand verify-pipeline" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l name -d 'What the pipeline is called [default: as its first step]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l root -d 'With which operation the runs of --recent begin' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l update -d 'Show what would change in this spec: new steps, and figures; with --out, write it' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l ids-from -d 'Every ID of this file, one a line; `-` is standard input; `#` begins a comment' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l recent -d 'The newest N runs, found by their first operation or by the filters' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l total-timeout -d 'How long asking about all runs may take; --timeout is for each' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l force -d 'Learn from fewer than three good runs, too'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand learn-pipeline" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand phases" -l stuck-after -d 'A phase is stuck that has something in progress and has not moved for so long [default: 15m]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand phases" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand phases" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand phases" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand phases" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand phases" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand phases" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand phases" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand phases" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand phases" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand phases" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand phases" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand phases" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand phases" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand phases" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand phases" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand phases" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand alerts" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand alerts" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand alerts" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand alerts" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand alerts" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand alerts" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand alerts" -l rules -d 'The rules instead: their health, and those that never had data'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand alerts" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand alerts" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand alerts" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand alerts" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand why" -l bad -d 'Which journeys are bad [default: error; with --good alone, all others]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l good -d 'Which are good [default: all others]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l slow -d 'Compare the slow with the fast: the slowest tenth of each entry operation, or those that last longer than this' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l top -d 'Show so many rows' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l by -d 'Compare only these: attribute, operation, service; repeatable' -r -f -a "attribute\t''
operation\t''
service\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand why" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand why" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand why" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand why" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand why" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand why" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand why" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand why" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand why" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand why" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand why" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand why" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand why" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand diff" -l at -d 'Compare the hour before this time with the hour after it' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l before -d 'Compare this window …' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l after -d '… with this one' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l limit -d 'Of backends, the newest N traces of each service [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l correlation-id -d 'A correlation ID, whatever it looks like' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l trace-id -d 'A trace ID: 1 to 32 hex digits, or base64' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l fail-on -d '1 where something this grave was found and is not of low confidence: error, warning or info' -r -f -a "error\t''
warning\t''
info\t''"
complete -c trace -n "__fish_trace_using_subcommand diff" -l since -d 'Look from this long ago until now: 15m, 2h, 7d; a point in time does too' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l start -l from -d 'Look from here: RFC 3339, epoch digits, now-15m, "15m ago", "yesterday 14:00", 14:00' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l end -l to -d 'Look up to here; alone, the hour before it' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l service -d 'Only these services, by their whole name or the short one shown; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l operation -d 'Only spans of this name; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l tag -d 'Only spans that carry this attribute; repeatable, all must be there' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l min-duration -d 'Only spans at least this long' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-duration -d 'Only spans at most this long' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l log -d 'Only lines that contain this; repeatable' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l input -d 'Read spans or lines from a file instead of asking; `-` is standard input; repeatable' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l demo -d 'Look at embedded data instead of asking; --demo=SCENARIO picks one' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand diff" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand diff" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand diff" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand diff" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand diff" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand diff" -l all -d 'Show the steps that are alike as well'
complete -c trace -n "__fish_trace_using_subcommand diff" -l exit-code -d '1 where they differ, 3 where too few journeys can tell'
complete -c trace -n "__fish_trace_using_subcommand diff" -l allow-partial -d '0 also where the answer is not complete'
complete -c trace -n "__fish_trace_using_subcommand diff" -l fail-empty -d '1 where nothing was found and the answer is complete'
complete -c trace -n "__fish_trace_using_subcommand diff" -l error -d 'Only errors'
complete -c trace -n "__fish_trace_using_subcommand diff" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand diff" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand diff" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand diff" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand diff" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand diff" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand diff" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand demo" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand demo" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand demo" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand demo" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand demo" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand demo" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand demo" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand demo" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand demo" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand demo" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand demo" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand demo" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand demo" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand demo" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand doctor" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand doctor" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand doctor" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand doctor" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l record -d 'Keep every answer of the backends in this folder' -r -F
complete -c trace -n "__fish_trace_using_subcommand doctor" -l replay -d 'Answer only from this recording; nothing is sent' -r -F
complete -c trace -n "__fish_trace_using_subcommand doctor" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand doctor" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand doctor" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand doctor" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand doctor" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand doctor" -l demo -d 'Look at embedded data instead of asking'
complete -c trace -n "__fish_trace_using_subcommand doctor" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand doctor" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand doctor" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand doctor" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand doctor" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand doctor" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand config; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Every value in force and where it came from; secrets never'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l jaeger-url -d 'Jaeger\'s address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l loki-url -d 'Loki\'s address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l prometheus-url -d 'Prometheus\' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l without -d 'Do not ask these' -r -f -a "jaeger\t''
loki\t''
prometheus\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l jaeger-api -d 'Which of Jaeger\'s APIs to speak [env: TRACE_JAEGER_API]' -r -f -a "auto\t''
v1\t''
v3\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l loki-selector -d 'Which lines to search, as a LogQL stream selector such as \'{namespace="shop"}\' [env: TRACE_LOKI_SELECTOR]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l key -d 'Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l ca-cert -d 'Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]' -r -F
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l timeout -d 'How long asking may take in all, and one answer half of it [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l connect-timeout -d 'How long a connection may take to stand, TLS included [default: 3s]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l idle-timeout -d 'How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l settle -d 'How long after its last span a journey counts as finished [default: 30s]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-traces -d 'Traces of one journey [default: 200]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-spans -d 'Spans of one journey [default: 100000]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-lines -d 'Lines of one journey [default: 50000]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-requests -d 'Requests in all [default: 500, more where services must be asked one by one]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l page-size -d 'Lines asked for in one request [default: 1000]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l search-limit -d 'Traces asked for in one search [default: 100]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-rounds -d 'Rounds of following what links and lines name [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l in-flight -d 'Requests under way at one server [default: 8]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l max-answer -d 'Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c trace -n "__fish_trace_using_subcommand schema" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand schema" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand schema" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand schema" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand schema" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand schema" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand schema" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand schema" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand schema" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand schema" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand schema" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand schema" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand schema" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c trace -n "__fish_trace_using_subcommand completions" -s o -l output -d 'The form of the answer [default: table]' -r -f -a "table\t''
json\t''
jsonl\t''
csv\t''
markdown\t''
mermaid\t''
dot\t''"
complete -c trace -n "__fish_trace_using_subcommand completions" -l out -d 'Write the answer to this file' -r -F
complete -c trace -n "__fish_trace_using_subcommand completions" -l color -l colour -d 'When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c trace -n "__fish_trace_using_subcommand completions" -l width -d 'Lay out for this many columns' -r
complete -c trace -n "__fish_trace_using_subcommand completions" -s z -l timezone -d 'Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]' -r
complete -c trace -n "__fish_trace_using_subcommand completions" -l config -d 'Read this configuration file and no other [env: TRACE_CONFIG]' -r -F
complete -c trace -n "__fish_trace_using_subcommand completions" -l profile -d 'Use this profile of the configuration [env: TRACE_PROFILE]' -r
complete -c trace -n "__fish_trace_using_subcommand completions" -l ascii -d 'Draw with ASCII only'
complete -c trace -n "__fish_trace_using_subcommand completions" -l utc -d 'Short for --timezone utc'
complete -c trace -n "__fish_trace_using_subcommand completions" -s v -l verbose -d 'Show more: span IDs, addresses, the requests in sum; twice, each request'
complete -c trace -n "__fish_trace_using_subcommand completions" -s q -l quiet -d 'Nothing but the answer, and errors'
complete -c trace -n "__fish_trace_using_subcommand completions" -l show-queries -d 'Print the requests as URLs, LogQL and PromQL to paste elsewhere'
complete -c trace -n "__fish_trace_using_subcommand completions" -l no-progress -d 'No progress on standard error'
complete -c trace -n "__fish_trace_using_subcommand completions" -s h -l help -d 'Print help'
