/** A small generator with a seed, so that a sequence can be played again. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Plays a story of a seed. When it goes wrong the error says how to play it again, and what had happened. */
export async function retell(seed: number, play: (seed: number, story: string[]) => Promise<void>): Promise<void> {
  const story: string[] = [];
  try {
    await play(seed, story);
  } catch (error) {
    throw new Error(`SEED=${seed} SEQUENCES=1\n${story.join("\n")}`, { cause: error });
  }
}
