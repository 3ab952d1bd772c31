/** A number of places of which each is taken by one at a time. */
export interface Semaphore {
  /** Resolves when it is one's turn, first come, first served; with what gives the place back. */
  take(): Promise<() => void>;
}

export function createSemaphore(count: number): Semaphore {
  const waiting: (() => void)[] = [];
  let free = count;
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return release;
    },
  };
}
