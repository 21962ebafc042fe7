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

/** The lowest level of a tone that is heard, in decibels. */
const AUDIBLE = -60;
/** The frequencies beside a tone in hertz, and by how many decibels it is above them: a click has all alike. */
const BESIDE = [-150, 150];
const CLEAR = 20;

/** Listens to a track: `hears(frequency)` is whether the tone is in it at this moment. */
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
    hears(frequency) {
      analyser.getFloatFrequencyData(bins);
      const level = (at) => bins[Math.round((at * analyser.fftSize) / audio.sampleRate)];
      const tone = level(frequency);
      return tone > AUDIBLE && BESIDE.every((beside) => tone > level(frequency + beside) + CLEAR);
    },
  };
}
