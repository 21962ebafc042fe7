// Pictures of one colour with noise, so that an encoder needs bits for them, and the colours of what arrives.

/** The length of a side of the squares of noise, in pixels. */
const SQUARE = 8;

/** A track of pictures: `rate` a second, of this colour and size. */
export function startPictures({ colour, width, height, rate, noise }) {
  const track = new MediaStreamTrackGenerator({ kind: 'video' });
  const writer = track.writable.getWriter();
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const begin = performance.now();
  const draw = () => {
    context.fillStyle = `rgb(${colour.join()})`;
    context.fillRect(0, 0, width, height);
    for (let number = 0; number < noise; number += 1) {
      const bright = number % 2 ? 255 : 0;
      context.fillStyle = `rgb(${bright},${bright},${bright})`;
      const x = Math.random() * width;
      // The middle has the colour alone.
      const y = (Math.random() * height) / 4;
      context.fillRect(x, number % 4 < 2 ? y : height - y - SQUARE, SQUARE, SQUARE);
    }
    const timestamp = Math.round((performance.now() - begin) * 1000);
    // An encoder that has too much to do makes the writer wait: the picture is left out.
    if (writer.desiredSize > 0) writer.write(new VideoFrame(canvas, { timestamp })).catch(() => {});
  };
  draw();
  const timer = setInterval(draw, 1000 / rate);
  return { track, stop: () => clearInterval(timer) };
}

/** What arrives on a track: the number of pictures, and colour and height of the last one. */
export function watchPictures(track) {
  const seen = { frames: 0, colour: null, height: 0 };
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  (async () => {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      seen.frames += 1;
      seen.height = frame.displayHeight;
      const { displayWidth: width, displayHeight: height } = frame;
      context.drawImage(frame, width / 2, height / 2, 1, 1, 0, 0, 1, 1);
      seen.colour = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      frame.close();
    }
  })();
  return seen;
}
