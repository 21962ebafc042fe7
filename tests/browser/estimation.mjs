// How a viewer's browser gets the layers that fit its link: a sender with three layers, and a viewer behind a
// path whose rate, delay and loss change. `npm run estimation` prints a table; with `-- --seconds` the state of
// each second, too.
import { setTimeout as wait } from 'node:timers/promises';

import { startCall } from './lib/media_pages.mjs';

const SENDER = 16;
const VIEWER = 32;
const CAMERA = { colour: [200, 40, 40], width: 960, height: 540, rate: 15, noise: 100 };

/** The links, one after the other in one call. */
const LINKS = [
  { name: 'free', seconds: 20 },
  { name: '300 kbit/s', seconds: 40, rate: 300_000 },
  { name: 'free again', seconds: 50 },
  { name: '2 % loss, 100 ms', seconds: 20, loss: 20, delayMs: 100 },
  { name: '10 % loss, 100 ms', seconds: 20, loss: 100, delayMs: 100 },
  { name: 'free at last', seconds: 40 },
];

const prints = process.argv.includes('--seconds');
const call = await startCall();
try {
  await call.join(SENDER, { camera: CAMERA, tone: 440 });
  const viewer = await call.join(VIEWER, {}, { route: 'proxy', audioSlots: 1, videoSlots: 1 });
  await viewer.view([{ device: SENDER, source: 'camera', height: CAMERA.height }]);
  const rows = [];
  let before = await sample(viewer);
  for (const { name, seconds, rate = null, loss = 0, delayMs = 0 } of LINKS) {
    await viewer.shape({
      download: { bitsPerSecond: rate, loss, delayMs },
      upload: { bitsPerSecond: null, loss, delayMs },
    });
    const states = [];
    for (let second = 0; second < seconds; second += 1) {
      await wait(1000);
      const now = await sample(viewer);
      states.push(difference(before, now));
      before = now;
      if (prints) process.stdout.write(`${name} ${second + 1}: ${JSON.stringify(states.at(-1))}\n`);
    }
    rows.push(summary(name, states));
  }
  console.table(rows);
} finally {
  await call.stop();
}

/** What the viewer has received until now. */
async function sample(viewer) {
  const { at, received, path } = await viewer.measure();
  const of = (kind) => Object.values(received).find((report) => report.kind === kind) ?? {};
  const [video, audio] = [of('video'), of('audio')];
  const [shown] = viewer.slots().filter(({ source }) => source === 'camera');
  return {
    at,
    height: shown?.pause ? shown.pause : shown?.height,
    estimate: path.availableIncomingBitrate ?? 0,
    bytes: path.bytesReceived ?? 0,
    frames: video.framesDecoded ?? 0,
    frozen: video.totalFreezesDuration ?? 0,
    lost: (video.packetsLost ?? 0) + (audio.packetsLost ?? 0),
    samples: audio.totalSamplesReceived ?? 0,
    concealed: audio.concealedSamples ?? 0,
  };
}

function difference(before, now) {
  const seconds = (now.at - before.at) / 1000;
  return {
    height: now.height,
    estimate: Math.round(now.estimate / 1000),
    kbits: Math.round(((now.bytes - before.bytes) * 8) / 1000 / seconds),
    frames: Math.round((now.frames - before.frames) / seconds),
    frozen: now.frozen - before.frozen,
    samples: now.samples - before.samples,
    concealed: now.concealed - before.concealed,
  };
}

function summary(name, states) {
  const sum = (member) => states.reduce((all, state) => all + state[member], 0);
  const share = (height) => {
    const count = states.filter((state) => state.height === height).length;
    return Math.round((count / states.length) * 100);
  };
  const heights = [540, 270, 135].map(share);
  const settled = states.findIndex(({ height }) => height === states.at(-1).height) + 1;
  return {
    link: name,
    'layers %': heights.join(' / '),
    'paused %': share('bandwidth'),
    'last height': states.at(-1).height,
    'first at s': settled,
    'kbit/s': Math.round(sum('kbits') / states.length),
    estimate: states.at(-1).estimate,
    'frames/s': Math.round(sum('frames') / states.length),
    'worst s': Math.min(...states.map(({ frames }) => frames)),
    'frozen s': Math.round(sum('frozen') * 10) / 10,
    'concealed %': Math.round((sum('concealed') / sum('samples')) * 1000) / 10,
  };
}
