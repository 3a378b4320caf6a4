// The TypeScript SDK 1.x as a client of the gate: lists, reads and calls (or, with "held", makes one call that waits
// for a person and counts heartbeats), and prints what it got as JSON.
const [, , root, line, mode] = process.argv;
const { Client } = await import(`${root}/@modelcontextprotocol/sdk/dist/esm/client/index.js`);
const { StdioClientTransport } = await import(`${root}/@modelcontextprotocol/sdk/dist/esm/client/stdio.js`);
const [command, ...args] = JSON.parse(line);
const client = new Client({ name: "ts1", version: "1" }, { capabilities: {} });
await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
const out = {};
if (mode === "held") {
  const beats = [];
  out.held = await client.callTool({ name: "get-sum", arguments: { a: 40, b: 2 } }, undefined, {
    timeout: 2500, // shorter than the wait: only heartbeats keep the call alive
    resetTimeoutOnProgress: true,
    onprogress: (p) => beats.push(p),
  });
  out.beats = beats;
} else {
  out.tools = (await client.listTools()).tools.map((t) => t.name);
  out.echo = await client.callTool({ name: "echo", arguments: { message: "hi" } });
  const progress = [];
  out.long = await client.callTool(
    { name: "trigger-long-running-operation", arguments: { duration: 1, steps: 4 } },
    undefined,
    { onprogress: (p) => progress.push(p.progress) },
  );
  out.progress = progress;
  out.resources = (await client.listResources()).resources.length;
  out.prompts = (await client.listPrompts()).prompts.map((p) => p.name);
}
console.log(JSON.stringify(out));
await client.close();
process.exit(0);
