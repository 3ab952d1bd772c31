/** Cuts a stream of text into lines. */
export interface LineReader {
  push(chunk: string): void;
  /** Gives out what is left without a newline. */
  end(): void;
}

/** A question waits without a newline; after this many milliseconds of silence it counts as a line. */
const silence = 300;

export function createLineReader(onLine: (line: string) => void): LineReader {
  let rest = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    if (rest.trim() !== "") onLine(rest);
    rest = "";
  };
  return {
    push: (chunk) => {
      clearTimeout(timer);
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      if (rest !== "") timer = setTimeout(flush, silence);
    },
    end: flush,
  };
}
