/** A part of a text, from one place to before another. */
export interface Part {
  start: number;
  end: number;
}

/** Finds every occurrence of some words in a text, overlapping ones too. */
export type Finder = (text: string) => Part[];

/** Letters that a word is looked for by before its automaton is asked. No word may be shorter. */
export const SHORTEST_WORD = 4;

/** Bits of the table of beginnings: four letters of five bits each. */
const BEGINNING_BITS = 20;
const BEGINNINGS = (1 << BEGINNING_BITS) - 1;

/**
 * Makes a finder of `words`: an automaton after Aho and Corasick (https://doi.org/10.1145/360825.360855), so that the time depends on
 * the text's length and never on how many words there are or how often they almost stand there. Where no word begins, which a table
 * of their first letters says, the automaton is not asked at all.
 */
export function createFinder(words: Iterable<string>): Finder {
  const known = [...new Set(words)].filter((word) => word.length >= SHORTEST_WORD);
  if (known.length === 0) return () => [];
  const trie = plant(known);
  const { next, fail, longest, begins } = trie;
  return (text) => {
    const parts: Part[] = [];
    let node = 0;
    let beginning = 0;
    for (let at = 0; at < Math.min(SHORTEST_WORD - 1, text.length); at++) beginning = roll(beginning, text, at);
    for (let at = 0; at < text.length; at++) {
      beginning = roll(beginning, text, at + SHORTEST_WORD - 1);
      if (node === 0 && begins[beginning] === 0) continue;
      const letter = text.charCodeAt(at);
      let to = next(node, letter);
      while (to === 0 && node !== 0) {
        node = fail[node] ?? 0;
        to = next(node, letter);
      }
      node = to;
      const length = longest[node] ?? 0;
      if (length > 0) addPart(parts, { start: at + 1 - length, end: at + 1 });
    }
    return parts;
  };
}

/** The parts in order, those that overlap as one. */
export function unite(parts: Part[]): Part[] {
  const united: Part[] = [];
  for (const part of parts.toSorted((a, b) => a.end - b.end)) addPart(united, { ...part });
  return united;
}

/** Adds a part that ends where the last one does or later; what it overlaps becomes one part with it. */
function addPart(parts: Part[], part: Part): void {
  for (let last = parts.at(-1); last !== undefined && last.end > part.start; last = parts.at(-1)) {
    part.start = Math.min(part.start, last.start);
    parts.pop();
  }
  parts.push(part);
}

/** The last four letters as a number: an older one is shifted out. */
function roll(beginning: number, text: string, at: number): number {
  return ((beginning << 5) ^ (at < text.length ? text.charCodeAt(at) : 0)) & BEGINNINGS;
}

/** The words as a tree of letters; every node knows the longest word that ends in it, and where to go on when no letter fits. */
function plant(words: string[]) {
  const most = words.reduce((sum, word) => sum + word.length, 1);
  const fail = new Int32Array(most);
  const longest = new Int32Array(most);
  const begins = new Uint8Array(1 << BEGINNING_BITS);
  const edges = createEdges(most);
  let nodes = 1;
  for (const word of words) {
    let node = 0;
    let beginning = 0;
    for (let at = 0; at < word.length; at++) {
      const letter = word.charCodeAt(at);
      let to = edges.next(node, letter);
      if (to === 0) {
        to = nodes++;
        edges.add(node, letter, to);
      }
      node = to;
      if (at < SHORTEST_WORD) beginning = roll(beginning, word, at);
    }
    longest[node] = word.length;
    begins[beginning] = 1;
  }
  // By depth, for a node leans on nodes that are nearer to the root.
  const queue = [...edges.of(0)].map(({ to }) => to);
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] ?? 0;
    for (const { letter, to } of edges.of(node)) {
      let back = fail[node] ?? 0;
      while (back !== 0 && edges.next(back, letter) === 0) back = fail[back] ?? 0;
      const shorter = edges.next(back, letter);
      fail[to] = shorter;
      longest[to] = Math.max(longest[to] ?? 0, longest[shorter] ?? 0);
      queue.push(to);
    }
  }
  return { next: edges.next, fail, longest, begins };
}

/** The tree's edges in a table of hashes: one look for each letter of the text. */
function createEdges(nodes: number) {
  const size = 2 ** Math.ceil(Math.log2(nodes * 2));
  const [from, by, to] = [new Int32Array(size).fill(-1), new Uint16Array(size), new Int32Array(size)];
  const [newest, older, letters] = [new Int32Array(nodes), new Int32Array(nodes), new Uint16Array(nodes)];
  const slotOf = (node: number, letter: number) => {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(letter + 1, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & (size - 1);
    while (from[slot] !== -1 && (from[slot] !== node || by[slot] !== letter)) slot = (slot + 1) & (size - 1);
    return slot;
  };
  return {
    /** The node behind a letter; 0 when there is none. */
    next: (node: number, letter: number): number => to[slotOf(node, letter)] ?? 0,
    add(node: number, letter: number, child: number): void {
      const slot = slotOf(node, letter);
      [from[slot], by[slot], to[slot]] = [node, letter, child];
      [older[child], newest[node], letters[child]] = [newest[node] ?? 0, child, letter];
    },
    *of(node: number): Generator<{ letter: number; to: number }> {
      for (let child = newest[node] ?? 0; child !== 0; child = older[child] ?? 0) {
        yield { letter: letters[child] ?? 0, to: child };
      }
    },
  };
}
