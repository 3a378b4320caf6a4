// The TypeScript SDK 2.x as a client of the gate, in the mode given: legacy, or auto (which prefers 2026-07-28).
const root = process.argv[2];
const { Client } = await import(`${root}/@modelcontextprotocol/client/dist/index.mjs`);
const { StdioClientTransport } = await import(`${root}/@modelcontextprotocol/client/dist/stdio.mjs`);
const [command, ...args] = JSON.parse(process.argv[3]);
const mode = process.argv[4];
const options = mode === "legacy" ? {} : { versionNegotiation: { mode } };
const client = new Client({ name: "ts2", version: "1" }, { capabilities: {}, ...options });
await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
const out = { version: client.getNegotiatedProtocolVersion?.() ?? null };
out.tools = (await client.listTools()).tools.map((t) => t.name);
out.time = await client.callTool({ name: "get_current_time", arguments: { timezone: "Europe/Oslo" } });
console.log(JSON.stringify(out));
await client.close();
process.exit(0);
