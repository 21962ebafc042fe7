// Tones that come and go as words do, and the tones in what arrives.

/** The length of a word and of the pause after it, in seconds. */
const WORD = 0.7;
const PAUSE = 0.3;

/** A track with a tone of this frequency. */
export function startTone(audio, frequency) {
  const tone = new OscillatorNode(audio, { frequency });
  const words = new GainNode(audio, { gain: 0 });
  const destination = new MediaStreamAudioDestinationNode(audio);
  tone.connect(words).connect(destination);
  tone.start();
  // An hour of words.
  for (let at = audio.currentTime; at < 3600; at += WORD + PAUSE) {
    words.gain.setValueAtTime(0.5, at);
    words.gain.setValueAtTime(0, at + WORD);
  }
  return destination.stream.getAudioTracks()[0];
}

/** Listens to a track: `level(frequency)` is that of the tone in decibels, now. */
export function listen(audio, track) {
  const stream = new MediaStream([track]);
  // Sound of a connection runs only where an element plays it.
  const element = new Audio();
  element.srcObject = stream;
  element.muted = true;
  element.play().catch(() => {});
  const analyser = new AnalyserNode(audio, { fftSize: 4096, smoothingTimeConstant: 0 });
  new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  return {
    element,
    level(frequency) {
      analyser.getFloatFrequencyData(bins);
      return bins[Math.round((frequency * analyser.fftSize) / audio.sampleRate)];
    },
  };
}
