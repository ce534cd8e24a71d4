// The time line: each channel's waveform, who speaks when, what was left out or redacted, and where the player is.
import { html, useLayoutEffect, useRef } from "./html.js";
import { clock } from "./format.js";

const LANE = 44; // pixels

function draw(canvas, { peaks, channels, duration, sentences, omissions, bars }) {
  const { width, ratio } = { width: canvas.clientWidth, ratio: devicePixelRatio };
  canvas.width = width * ratio;
  canvas.height = LANE * channels * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (channel) => style.getPropertyValue(`--party-${channel % 2}`);
  const x = (seconds) => (seconds / duration) * width;
  for (const sentence of sentences) {
    const channel = sentence.audioChannelIndex - 1;
    context.fillStyle = colour(channel);
    context.globalAlpha = 0.18;
    const start = x(sentence.startTimeSeconds);
    context.fillRect(start, channel * LANE + 2, Math.max(1, x(sentence.endTimeSeconds) - start), LANE - 4);
  }
  context.globalAlpha = 1;
  for (let channel = 0; channel < channels; channel++) {
    context.fillStyle = colour(channel);
    const middle = (channel + 0.5) * LANE;
    const points = peaks?.channels[channel] ?? [];
    for (let pixel = 0; pixel < width; pixel++) {
      const first = Math.floor(((pixel / width) * duration) / (peaks?.secondsPerPeak ?? 1));
      const last = Math.max(first + 1, Math.floor((((pixel + 1) / width) * duration) / (peaks?.secondsPerPeak ?? 1)));
      let peak = 0;
      for (let place = first; place < last; place++) peak = Math.max(peak, points[place] ?? 0);
      const height = Math.max(1, (peak / 127) * (LANE - 8));
      context.fillRect(pixel, middle - height / 2, 1, height);
    }
  }
  context.fillStyle = style.getPropertyValue("--text");
  for (const bar of bars) {
    const start = x(bar.startTimeSeconds);
    context.fillRect(start, (bar.audioChannelIndex - 0.5) * LANE - 7, Math.max(2, x(bar.endTimeSeconds) - start), 14);
  }
  context.fillStyle = style.getPropertyValue("--warning");
  for (const omission of omissions) {
    const start = x(omission.startTimeSeconds);
    context.fillRect(start, omission.audioChannelIndex * LANE - 5, Math.max(2, x(omission.endTimeSeconds) - start), 4);
  }
}

/** `bars` are the stretches that are redacted, by `redaction.barsOf`. */
export function Waveform({ peaks, transcript, duration, player, bars }) {
  const canvas = useRef(null);
  const head = useRef(null);
  const slider = useRef(null);
  const channels = Math.max(peaks?.channels.length ?? 1, ...transcript.sentences.map((sentence) => sentence.audioChannelIndex));

  useLayoutEffect(() => {
    const shown = { peaks, channels, duration, sentences: transcript.sentences, omissions: transcript.omissions, bars };
    const again = () => draw(canvas.current, shown);
    const sized = new ResizeObserver(again);
    sized.observe(canvas.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    return () => {
      sized.disconnect();
      dark.removeEventListener("change", again);
    };
  }, [peaks, transcript, duration, channels, bars]);

  useLayoutEffect(
    () =>
      player.onTime((seconds) => {
        head.current.style.transform = `translateX(${(seconds / duration) * canvas.current.clientWidth}px)`;
        slider.current.setAttribute("aria-valuenow", Math.round(seconds));
        slider.current.setAttribute("aria-valuetext", clock(seconds));
      }),
    [player, duration],
  );

  const seek = (event) => {
    const box = canvas.current.getBoundingClientRect();
    player.seek(((event.clientX - box.left) / box.width) * duration);
  };
  return html`
    <div class="waveform" ref=${slider} role="slider" tabindex="0" aria-label="Time in the call" aria-valuemin="0"
      aria-valuemax=${Math.round(duration)} aria-valuenow="0" onPointerDown=${seek}>
      <canvas ref=${canvas}></canvas>
      <div class="playhead" ref=${head}></div>
    </div>
  `;
}
