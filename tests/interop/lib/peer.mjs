// The running `interop-peer`: one JSON request a line, one JSON answer a line, in order.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { interopPeer } from './binaries.mjs';

/** The product refused, as it should refuse what is wrong. */
export class Refused extends Error {
  name = 'Refused';
}

class Peer {
  #process;
  #waiting = [];

  constructor() {
    this.#process = spawn(interopPeer(), { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line));
    });
    this.#process.on('exit', (code, signal) => {
      const error = new Error(`interop-peer ended with ${signal ?? code}`);
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
    // An idle peer does not keep the tests from ending: it ends with its standard input.
    this.#process.unref();
    this.#process.stdout.unref();
    this.#process.stdin.unref();
  }

  async ask(operation, members) {
    const answered = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#waiting.length === 1) this.#hold();
    this.#process.stdin.write(`${JSON.stringify({ operation, ...members })}\n`);
    try {
      return await answered;
    } finally {
      if (this.#waiting.length === 0) this.#release();
    }
  }

  // While an answer is awaited, the process does keep the tests from ending.
  #hold() {
    this.#process.ref();
    this.#process.stdout.ref();
  }

  #release() {
    this.#process.unref();
    this.#process.stdout.unref();
  }
}

let peer;

/** Asks the peer, and gives its result or throws {@link Refused}. */
export async function ask(operation, members = {}) {
  peer ??= new Peer();
  const answer = await peer.ask(operation, members);
  if (answer.error === 'request') throw new Error(`${operation}: ${answer.detail}`);
  if (answer.error) throw new Refused(`${operation}: ${answer.detail ?? answer.error}`);
  return answer.ok;
}
