// A stream whose payload type changes: two connections of one page, VP8 and VP9 negotiated on one m-line, and the
// sender goes from one codec to the other and back without an offer. Prints the pictures that were decoded in each
// second, and the codec that the receiver names. `npm run payload-types`.
import { setTimeout as wait } from 'node:timers/promises';

import { serveMediaPages, startMediaBrowser } from './lib/media_pages.mjs';

const SECONDS = 4;
const CODECS = ['video/VP8', 'video/VP9', 'video/VP8'];

const [browser, pages] = await Promise.all([startMediaBrowser(), serveMediaPages()]);
try {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate(async () => {
    const { startPictures } = await import('./pictures.mjs');
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate);
    const camera = { colour: [200, 40, 40], width: 320, height: 180, rate: 15, noise: 20 };
    const transceiver = near.addTransceiver(startPictures(camera).track, { direction: 'sendonly' });
    const { codecs } = RTCRtpSender.getCapabilities('video');
    const wanted = codecs.filter(({ mimeType }) => /VP8|VP9|rtx/.test(mimeType));
    transceiver.setCodecPreferences(wanted);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
    const seen = document.createElement('video');
    seen.muted = true;
    seen.srcObject = new MediaStream([far.getReceivers()[0].track]);
    seen.play();
    window.choose = async (mimeType) => {
      const parameters = transceiver.sender.getParameters();
      parameters.encodings[0].codec = wanted.find((codec) => codec.mimeType === mimeType);
      await transceiver.sender.setParameters(parameters);
    };
    window.look = async () => {
      const reports = await far.getStats();
      const received = [...reports.values()].find(({ type }) => type === 'inbound-rtp');
      const { ssrc, framesDecoded, keyFramesDecoded, freezeCount, totalFreezesDuration } = received;
      const { mimeType, payloadType } = reports.get(received.codecId) ?? {};
      const frozen = totalFreezesDuration;
      return { ssrc, mimeType, payloadType, framesDecoded, keyFramesDecoded, freezeCount, frozen };
    };
  });
  const rows = [];
  let before = 0;
  for (const codec of CODECS) {
    await page.evaluate((chosen) => window.choose(chosen), codec);
    for (let second = 1; second <= SECONDS; second += 1) {
      await wait(1000);
      const { framesDecoded, ...state } = await page.evaluate(() => window.look());
      rows.push({ sent: codec, second, decoded: framesDecoded - before, ...state });
      before = framesDecoded;
    }
  }
  console.table(rows);
} finally {
  await browser.close();
  await pages.stop();
}
