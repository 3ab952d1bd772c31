// Shows that steps are alive: on a terminal one line that counts the seconds of all that run, elsewhere a line each 15 s.
const terminal = process.stderr.isTTY;

/** @type {Map<string, number>} label → start, for every step that runs */
const running = new Map();
/** @type {NodeJS.Timeout | undefined} */
let timer;

const seconds = (/** @type {number} */ since) => `${Math.round((Date.now() - since) / 1000)} s`;

function show() {
  const steps = [...running].map(([label, since]) => `${label} … ${seconds(since)}`);
  if (!terminal) for (const step of steps) process.stderr.write(`  ${step}\n`);
  else process.stderr.write(`\r\x1b[K  ${steps.join("  ·  ")}`.slice(0, (process.stderr.columns ?? 80) + 4));
}

/** @param {string} line takes the place of the line that counts */
export function sayLine(line) {
  process.stderr.write(`${terminal ? "\r\x1b[K" : ""}  ${line}\n`);
  if (terminal && running.size > 0) show();
}

/**
 * Counts the seconds of a step until it ends.
 * @template T
 * @param {string} label what people read
 * @param {() => Promise<T>} step
 * @returns {Promise<T>}
 */
export async function withProgress(label, step) {
  const since = Date.now();
  running.set(label, since);
  timer ??= setInterval(show, terminal ? 1_000 : 15_000);
  if (terminal) show();
  else sayLine(`${label} …`);
  let end = "failed after";
  try {
    const value = await step();
    end = "done in";
    return value;
  } finally {
    running.delete(label);
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    sayLine(`${label}: ${end} ${seconds(since)}`);
  }
}
