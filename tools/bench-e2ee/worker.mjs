// The module of WebAssembly below Node.js, for `cargo xtask bench e2ee`: reads one JSON request a line and
// answers each with `{"nanoseconds"}`. `{"members"}` makes a call with a number of members, `{"operation"}`
// prepares the operation with a number, and takes the time of doing it.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));

// The module imports what it might need of JavaScript. It calls the clock alone.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = name.startsWith('__wbg_now_')
    ? () => Date.now()
    : () => {
        throw new Error(`the module calls ${name}`);
      };
}
const instance = new WebAssembly.Instance(module, imports);

// The names of exported functions end with a hash.
function exported(name) {
  const found = Object.entries(instance.exports).find(([one]) => one.startsWith(`${name}_`));
  if (!found) throw new Error(`the module has no function ${name}`);
  return found[1];
}
const makeCall = exported('make_call');
const prepare = exported('prepare');
const run = exported('run');

function must(done, request) {
  if (!done) throw new Error(`${request} fails in WebAssembly`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { members, operation } = JSON.parse(line);
  let nanoseconds = 0;
  if (members === undefined) {
    must(prepare(operation), line);
    const start = process.hrtime.bigint();
    const done = run();
    nanoseconds = Number(process.hrtime.bigint() - start);
    must(done, line);
  } else {
    must(makeCall(members, Math.floor(Date.now() / 1000)), line);
  }
  process.stdout.write(`${JSON.stringify({ nanoseconds })}\n`);
}
