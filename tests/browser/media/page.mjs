// One participant: a connection that sends a camera in three layers, a screen and a tone, and receives in
// slots. The test carries its offer and everything else to the server.
import { startPictures, watchPictures } from './pictures.mjs';
import { listen, startTone } from './sounds.mjs';
import { measure } from './measure.mjs';

/** The camera's layers, the smallest first: names, parts of the height, and bits a second. */
const LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 120_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_200_000 },
];

let connection;
let worker;
const pictures = new Map();
const sounds = new Map();
const transceivers = [];

/** Begins, and returns the offer with the names of the m-lines. */
async function begin({ camera, screen, tone, audioSlots, videoSlots, keys }) {
  const audio = new AudioContext();
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  if (keys) await startWorker(keys);
  const send = (track, context, sendEncodings) => {
    const options = { direction: 'sendonly', ...(sendEncodings && { sendEncodings }) };
    const transceiver = connection.addTransceiver(track, options);
    if (worker) transceiver.sender.transform = new RTCRtpScriptTransform(worker, { seals: context });
    return add(transceiver, track.kind);
  };
  const lines = { slots: [], sounds: [] };
  if (tone) lines.audio = send(startTone(audio, tone), 0);
  if (camera) lines.camera = send(startPictures(camera).track, 1, camera.single ? undefined : LAYERS);
  if (screen) lines.screen = send(startPictures(screen).track, 2, [{ maxBitrate: 1_500_000 }]);
  // A transform that is set after an `await` is ignored without an error.
  const receive = (kind, place) => {
    const transceiver = connection.addTransceiver(kind, { direction: 'recvonly' });
    const { receiver } = transceiver;
    if (worker) receiver.transform = new RTCRtpScriptTransform(worker, { opens: kind, place });
    return add(transceiver, kind);
  };
  for (let place = 0; place < audioSlots; place += 1) {
    const transceiver = receive('audio', place);
    lines.sounds.push(transceiver);
    sounds.set(transceiver, listen(audio, transceiver.receiver.track));
  }
  for (let place = 0; place < videoSlots; place += 1) {
    const transceiver = receive('video', place);
    lines.slots.push(transceiver);
    pictures.set(transceiver, watchPictures(transceiver.receiver.track));
  }
  await connection.setLocalDescription();
  const mid = (line) => (Array.isArray(line) ? line.map(mid) : line.mid);
  const mids = Object.fromEntries(Object.entries(lines).map(([name, line]) => [name, mid(line)]));
  return { offer: connection.localDescription.sdp, mids };
}

function add(transceiver, kind) {
  const wanted = kind === 'video' ? /^video\/(VP8|rtx)$/i : /^audio\/opus$/i;
  const { codecs } = RTCRtpReceiver.getCapabilities(kind);
  transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => wanted.test(mimeType)));
  transceivers.push(transceiver);
  return transceiver;
}

/** Takes the server's answer, and waits for the connection. */
async function answer(sdp) {
  const connected = new Promise((resolve, reject) => {
    const look = () => {
      if (connection.connectionState === 'connected') resolve();
      if (connection.connectionState === 'failed') reject(new Error('the connection has failed'));
    };
    connection.addEventListener('connectionstatechange', look);
    look();
  });
  await connection.setRemoteDescription({ type: 'answer', sdp });
  await connected;
}

/** What each slot for pictures shows, by its mid, with the leaf and the context that sealed it last. */
async function tiles() {
  const opened = worker ? await askWorker({ ask: 'opened' }) : {};
  const entries = [...pictures].map(([{ mid }, seen], place) => [
    mid,
    { ...seen, ...opened[`video ${place}`] },
  ]);
  return Object.fromEntries(entries);
}

/** Which of the frequencies are heard at this moment, in any slot. */
function tones(frequencies) {
  const heard = (frequency) => [...sounds.values()].some((sound) => sound.hears(frequency));
  return frequencies.filter(heard);
}

async function startWorker(keys) {
  worker = new Worker('worker.mjs', { type: 'module' });
  await askWorker({ ask: 'begin', keys });
}

/** Asks the worker one thing at a time. */
function askWorker(question) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (error) => reject(new Error(error.message ?? 'the worker has failed'));
    worker.postMessage(question);
  });
}

window.anteroom = { begin, answer, tiles, tones, measure: () => measure(connection) };
