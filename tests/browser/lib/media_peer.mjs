// The running `browser-peer`: a media server with one call, asked and answering in lines of JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { browserPeer } from '../../interop/lib/binaries.mjs';

const STOP_TIMEOUT = 30_000;

/** Starts it. `ask(name, members)` asks it; `onEvent` gets what happens in the call. */
export function startPeer(onEvent = () => {}) {
  const process = spawn(browserPeer(), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map();
  let last = 0;
  createInterface({ input: process.stdout }).on('line', (line) => {
    const { id, ok, error, ...event } = JSON.parse(line);
    if (id === undefined) {
      onEvent(event);
      return;
    }
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(ok);
    else reject(new Error(`browser-peer: ${error}`));
  });
  const ended = new Promise((resolve) => process.once('exit', resolve)).then(() => {
    for (const { reject } of waiting.values()) reject(new Error('browser-peer has ended'));
  });
  return {
    ask: (name, members = {}) => {
      last += 1;
      const id = last;
      const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      process.stdin.write(`${JSON.stringify({ id, do: name, ...members })}\n`);
      return answered;
    },
    stop: async () => {
      process.stdin.end();
      const deadline = setTimeout(() => process.kill('SIGKILL'), STOP_TIMEOUT);
      await ended;
      clearTimeout(deadline);
    },
  };
}
