// Seals and opens the frames of one page, with the project's own code as a module of WebAssembly.

let module;
/** Functions by their names: those of the module end with a hash. */
let call;
/** The last frames that were opened, by slot. */
const opened = {};

async function begin(keys) {
  const compiled = await WebAssembly.compileStreaming(fetch('frames.wasm'));
  // The module imports what it might need of JavaScript, and calls none of it for frames.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(compiled)) {
    imports[from] ??= {};
    imports[from][name] = () => {
      throw new Error(`the module calls ${name}`);
    };
  }
  module = (await WebAssembly.instantiate(compiled, imports)).exports;
  const named = Object.entries(module).map(([name, value]) => [name.replace(/_[0-9a-f]+$/, ''), value]);
  call = Object.fromEntries(named);
  write(Uint8Array.from((keys.era + keys.key).match(/../g), (digits) => parseInt(digits, 16)));
  const leaves = keys.leaves.reduce((bits, leaf) => bits | (1 << leaf), 0);
  if (!call.add_epoch(keys.group, keys.epoch, keys.ownLeaf, leaves, performance.now())) {
    throw new Error('the frame keys are refused');
  }
}

function write(bytes) {
  const place = call.input(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, place);
}

/** The bytes of the last call, which has returned their number. */
function take(length) {
  const place = call.output();
  return module.memory.buffer.slice(place, place + length);
}

function seal(frame, context) {
  write(new Uint8Array(frame.data));
  const length = call.seal(context, performance.now());
  if (length < 0) return false;
  frame.data = take(length);
  return true;
}

function open(frame, kind, place) {
  write(new Uint8Array(frame.data));
  const length = call.open(kind === 'video', performance.now());
  const state = (opened[`${kind} ${place}`] ??= { refused: 0 });
  if (length < 0) {
    state.refused += 1;
    return false;
  }
  frame.data = take(length);
  state.leaf = call.opened_leaf();
  state.context = call.opened_context();
  return true;
}

self.onrtctransform = ({ transformer }) => {
  const { seals, opens, place } = transformer.options;
  const change = opens
    ? (frame) => open(frame, opens, place)
    : (frame) => seal(frame, seals);
  const transform = new TransformStream({
    transform(frame, controller) {
      // A frame that is left out is asked for again, as if it had been lost.
      if (change(frame)) controller.enqueue(frame);
    },
  });
  transformer.readable.pipeThrough(transform).pipeTo(transformer.writable).catch(() => {});
};

self.onmessage = async ({ data: { ask, keys } }) => {
  if (ask === 'begin') await begin(keys);
  self.postMessage(ask === 'opened' ? opened : {});
};
