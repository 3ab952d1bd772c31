import { showLine } from "../../text/characters.ts";
import { formatDuration } from "./duration.ts";
import { paint, toTerminal } from "./terminal.ts";

/** Shows what is going on: spinners with times in a terminal, plain lines elsewhere (logs of GitHub Actions). */
export interface Live {
  /** Something began; `name` tells it from the others, a second start of the same name changes its text. */
  start(name: string, text: string): void;
  /** It came to an end: its line stays. */
  end(name: string, mark: Mark, text: string): void;
  /** A line of its own. */
  note(text: string): void;
  /** Takes what is still spinning off the screen. */
  close(): void;
}

/** How something ended. */
export type Mark = "ok" | "same" | "failed" | "skipped";

const MARKS: Record<Mark, string> = {
  ok: paint("green", "✔"),
  same: paint("dim", "="),
  failed: paint("red", "✘"),
  skipped: paint("yellow", "-"),
};

/** The mark as it is printed. */
export function printMark(mark: Mark): string {
  return MARKS[mark];
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** Opens the display on `stream`. */
export function openLive(stream: NodeJS.WriteStream = process.stdout): Live {
  return stream.isTTY ? openTerminal(stream) : openPlain(stream);
}

/** For programs that read `--json`: nothing is shown. */
export function silentLive(): Live {
  return { start() {}, end() {}, note() {}, close() {} };
}

function openPlain(stream: NodeJS.WritableStream): Live {
  const shown = new Map<string, string>();
  const line = (text: string) => stream.write(`${toTerminal(text)}\n`);
  return {
    start(name, text) {
      if (shown.get(name) === text) return;
      shown.set(name, text);
      line(`… ${name}: ${text}`);
    },
    end: (name, mark, text) => void line(`${MARKS[mark]} ${name}: ${text}`),
    note: (text) => void line(text),
    close() {},
  };
}

function openTerminal(stream: NodeJS.WriteStream): Live {
  const running = new Map<string, { text: string; since: number }>();
  let drawn = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const draw = () => {
    clear();
    // A terminal that tells no size has 0 rows and columns.
    const { rows, columns } = { rows: stream.rows || 24, columns: stream.columns || 80 };
    const lines = [...running].slice(0, rows - 1).map(([name, { text, since }]) => {
      const spinner = paint("cyan", FRAMES[frame % FRAMES.length] ?? "…");
      const time = formatDuration(Date.now() - since).padStart(8);
      // A wrapped line would break the count of lines that is cleared.
      return `${spinner} ${paint("dim", time)}  ${showLine(`${name}: ${text}`).slice(0, columns - 14)}\n`;
    });
    stream.write(toTerminal(lines.join("")));
    drawn = lines.length;
    frame += 1;
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    clear();
  };
  const settle = () => {
    if (running.size === 0) return stop();
    draw();
    timer ??= setInterval(draw, FRAME_MS).unref();
  };
  const line = (text: string) => {
    clear();
    stream.write(`${toTerminal(text)}\n`);
    settle();
  };
  return {
    start(name, text) {
      running.set(name, { text, since: running.get(name)?.since ?? Date.now() });
      settle();
    },
    end(name, mark, text) {
      running.delete(name);
      line(`${MARKS[mark]} ${name}: ${text}`);
    },
    note: line,
    close() {
      running.clear();
      stop();
    },
  };
}
