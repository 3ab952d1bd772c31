/** What of a JSON value is kept: all of it, the named members of an object, or that of every element of a list. */
export type Selection = true | { readonly [name: string]: Selection } | readonly [Selection];

/** Reads a JSON text that comes in parts, and keeps what is selected. */
export interface JsonPicker {
  /** Takes the next bytes. Throws when they are no UTF-8, or cannot go on a JSON text. */
  write(chunk: Uint8Array): void;
  /** What was selected, as JSON text. Throws when the text has not ended. */
  end(): string;
}

/** How much is kept, in characters: beyond it further elements of lists are left out, and beyond twice of it everything. */
const BUDGET = 128 * 1024;

/** How deep values may lie in one another. */
const DEEPEST = 500;

/** Longest name that can be among the selected ones, and longest number, in characters. */
const LONGEST = 1_000;

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
/** Where a string ends, goes on otherwise, or cannot go on (RFC 8259 forbids control characters in it). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const STOP = /["\\\u0000-\u001f]/g;

interface Frame {
  isList: boolean;
  /** Of what is inside; undefined: nothing is kept. */
  selection: Selection | undefined;
  kept: boolean;
  /** Kept members or elements so far. */
  count: number;
  /** Name of the member that is being read. */
  name?: string | undefined;
}

type Expected = "value" | "value or end" | "name" | "name or end" | "colon" | "comma or end" | "nothing";

/**
 * Picks parts out of a JSON text (RFC 8259) in one pass, holding what is kept and nothing else. A value that is not of the
 * selection's form is kept when it is no list or object, so that whoever checks the result sees it.
 */
export function pickJson(selection: Selection, budget = BUDGET): JsonPicker {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const frames: Frame[] = [];
  const out: string[] = [];
  let size = 0;
  let expected: Expected = "value";
  /** A string or a number that has begun; `kept` undefined: its text is not held. */
  let token: { kind: "text" | "name" | "scalar"; kept: string | undefined } | undefined;
  /** In an escape: how many hexadecimal digits are left, or -1 right after the backslash. */
  let escaped = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`not JSON: ${what}`);
  };
  const selected = (): Selection | undefined => {
    const frame = frames.at(-1);
    if (!frame) return selection;
    // Lists are what is long; what stands after one is not lost for it.
    if (size > (frame.isList ? budget : 2 * budget)) return undefined;
    if (frame.selection === undefined || frame.selection === true) return frame.selection;
    if (frame.isList) return Array.isArray(frame.selection) ? (frame.selection[0] as Selection) : undefined;
    if (Array.isArray(frame.selection) || frame.name === undefined) return undefined;
    const members = frame.selection as Record<string, Selection>;
    return Object.hasOwn(members, frame.name) ? members[frame.name] : undefined;
  };
  const keep = (text: string) => {
    const frame = frames.at(-1);
    const name = frame && !frame.isList ? `${JSON.stringify(frame.name)}:` : "";
    const all = `${frame && frame.count++ > 0 ? "," : ""}${name}${text}`;
    size += all.length;
    // A copy: a slice would hold the whole part of the text that it was cut from.
    out.push(Buffer.from(all).toString());
  };
  const ended = () => {
    expected = frames.length === 0 ? "nothing" : "comma or end";
  };
  const open = (isList: boolean) => {
    if (frames.length >= DEEPEST) fail("too deep");
    const inside = selected();
    if (inside !== undefined) keep(isList ? "[" : "{");
    frames.push({ isList, selection: inside, kept: inside !== undefined, count: 0 });
    expected = isList ? "value or end" : "name or end";
  };
  const close = (isList: boolean) => {
    const frame = frames.pop();
    if (frame?.isList !== isList) fail("brackets that do not fit");
    if (frame?.kept) out.push(isList ? "]" : "}");
    ended();
  };
  /** A string is held with its quotes, as it is written. */
  const endToken = () => {
    if (!token) return;
    const { kind, kept } = token;
    token = undefined;
    const frame = frames.at(-1);
    if (kind === "name") {
      if (frame) frame.name = kept === undefined ? undefined : (JSON.parse(kept) as string);
      expected = "colon";
      return;
    }
    if (kind === "scalar" && !SCALAR.test(kept ?? "")) fail("a value");
    if (kept !== undefined && selected() !== undefined) keep(kept);
    ended();
  };
  const hold = (text: string) => {
    if (!token || token.kept === undefined) return;
    token.kept += text;
    const limit = token.kind === "text" ? budget : LONGEST;
    if (token.kept.length <= limit) return;
    if (token.kind === "scalar") fail("a number");
    token.kept = undefined;
  };

  /** Goes on in a string; returns where it stopped. */
  const readString = (text: string, from: number): number => {
    if (escaped !== 0) {
      const digit = text[from] ?? "";
      if (escaped === -1 ? !/["\\/bfnrtu]/.test(digit) : !/[0-9a-fA-F]/.test(digit)) fail("an escape");
      escaped = escaped === -1 ? (digit === "u" ? 4 : 0) : escaped - 1;
      hold(digit);
      return from + 1;
    }
    STOP.lastIndex = from;
    const stops = STOP.test(text);
    const at = stops ? STOP.lastIndex : text.length;
    if (token?.kept !== undefined) hold(text.slice(from, at));
    if (!stops) return at;
    const stop = text[at - 1];
    if (stop === '"') endToken();
    else if (stop === "\\") escaped = -1;
    else fail("a control character in a string");
    return at;
  };
  const readScalar = (text: string, from: number): number => {
    let at = from;
    while (at < text.length && /[-+.0-9a-zA-Z]/.test(text[at] ?? "")) at += 1;
    hold(text.slice(from, at));
    if (at < text.length) endToken();
    return at;
  };
  const takesValue = () => expected === "value" || expected === "value or end";
  const readMark = (mark: string): void => {
    if (mark === " " || mark === "\n" || mark === "\t" || mark === "\r") return;
    if (mark === '"' && (takesValue() || expected === "name" || expected === "name or end")) {
      const isName = !takesValue();
      const held = isName ? frames.at(-1)?.kept === true : selected() !== undefined;
      token = { kind: isName ? "name" : "text", kept: held ? '"' : undefined };
    } else if (mark === "{" && takesValue()) open(false);
    else if (mark === "[" && takesValue()) open(true);
    else if (mark === "]" && (expected === "value or end" || (expected === "comma or end" && frames.at(-1)?.isList)))
      close(true);
    else if (mark === "}" && (expected === "name or end" || (expected === "comma or end" && !frames.at(-1)?.isList)))
      close(false);
    else if (mark === ":" && expected === "colon") expected = "value";
    else if (mark === "," && expected === "comma or end") expected = frames.at(-1)?.isList ? "value" : "name";
    else if (takesValue() && /[-0-9a-z]/.test(mark)) token = { kind: "scalar", kept: mark };
    else fail("something unexpected");
  };
  const take = (text: string) => {
    for (let at = 0; at < text.length; ) {
      if (token?.kind === "scalar") at = readScalar(text, at);
      else if (token) at = readString(text, at);
      else readMark(text[at++] ?? "");
    }
  };

  return {
    write: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode());
      if (token?.kind === "scalar") endToken();
      if (token || expected !== "nothing") fail("it ends too early");
      return out.join("");
    },
  };
}
