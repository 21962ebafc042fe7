// Where the programs under test are: `cargo xtask test` says so in the environment, and without
// that they are looked for where `cargo build` puts them.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

function find(variable, program, build = `cargo build --workspace --bin ${program}`) {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(workspace, 'target');
  const file = process.env[variable] ?? path.join(target, 'debug', program);
  if (!existsSync(file)) {
    throw new Error(`${program} is not built: run \`${build}\`, or set ${variable}`);
  }
  return file;
}

export const anteroom = () => find('INTEROP_ANTEROOM', 'anteroom');
export const interopPeer = () => find('INTEROP_PEER', 'interop-peer');
export const browserPeer = () => find('BROWSER_PEER', 'browser-peer');
export const framesModule = () =>
  find('BROWSER_FRAMES', 'browser-frames.wasm', 'cargo xtask test --step browser');
