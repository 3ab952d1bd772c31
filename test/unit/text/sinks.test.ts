import { describe, expect, test } from "vitest";
import { paint, toTerminal, widthOf } from "../../../cli/print/terminal.ts";
import { hasHidden, LINE_PATTERN, LINES_PATTERN, showLine, showLines, toJson } from "../../../text/characters.ts";
import { feishuText, slackText } from "../../../text/chat.ts";
import { markdownBlock, markdownCode, markdownWords } from "../../../text/markdown.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Everything that is not seen or makes others be seen otherwise, by its number. */
const HIDDEN = [
  ...[...range(0, 0x1f), ...range(0x7f, 0x9f)],
  ...[0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, ...range(0x200b, 0x200f), ...range(0x2028, 0x202e)],
  ...[...range(0x2060, 0x2069), 0x2800, 0x3164, 0xfeff, 0xffa0, ...range(0xfff9, 0xfffb), 0xe0001, 0xe0041, 0xe01ef],
];

/** A text that tries everything at once. */
const HOSTILE = HIDDEN.map((code) => `a${String.fromCodePoint(code)}`).join("");

/** Which of them are left in a text. */
const left = (text: string) => HIDDEN.filter((code) => text.includes(String.fromCodePoint(code)));

describe("characters", () => {
  test.each(HIDDEN)("%i is refused in a line, and shown", (code) => {
    const text = `a${String.fromCodePoint(code)}b`;
    expect(hasHidden(text)).toBe(true);
    expect(showLine(text)).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(`"${showLine(text)}"`)).toBe(text);
    if (code <= 0xffff) expect(text).not.toMatch(LINE_PATTERN);
    const isLine = code === 9 || code === 10;
    expect(hasHidden(text, { lines: true })).toBe(!isLine);
    if (code <= 0xffff) expect(LINES_PATTERN.test(text)).toBe(isLine);
  });

  test.each(["Zoë O'Neill-Šimůnková", "山田 太郎", "José 👍🏽 ✔️", "שלום", "a\\u001b"])(
    "%s is left as it is",
    (text) => {
      expect(hasHidden(text)).toBe(false);
      expect(text).toMatch(LINE_PATTERN);
      expect(showLine(text)).toBe(text);
    },
  );

  test("half a pair is shown", () => expect(showLine("a\ud800b")).toBe("a\\ud800b"));

  test("lines and tabs stay where a text has lines", () => {
    expect(showLines("a\r\n\tb\rc\u001b[31m")).toBe("a\n\tb\\u000dc\\u001b[31m");
    expect(LINES_PATTERN.test("a\r\n\tb")).toBe(true);
  });

  test("JSON shows them too, and reads as the same value", () => {
    const value = { text: HOSTILE, [HOSTILE]: [1] };
    expect(left(toJson(value))).toEqual([]);
    expect(JSON.parse(toJson(value))).toEqual(value);
  });
});

describe("a terminal", () => {
  test("acts on nothing that others wrote", () => {
    const text = `${HOSTILE}\u001b[2J\u001b]0;title\u0007\u001b]8;;https://evil\u001b\\x`;
    expect(left(toTerminal(text, {}))).toEqual([9, 10]);
  });

  test("shows our colours, and none of others, whatever they write", () => {
    const terminal = {
      ...process.stdout,
      isTTY: true,
      getColorDepth: () => 8,
      hasColors: () => true,
    } as unknown as NodeJS.WriteStream;
    const painted = paint("red", "✘", terminal);
    expect(widthOf(`${painted} a`)).toBe(3);
    const shown = toTerminal(`${painted} \u001b[32m\u001b[31;1m`, {});
    expect(shown).toBe("\u001b[31m✘\u001b[39m \\u001b[32m\\u001b[31;1m");
  });

  test("in GitHub Actions gives its runner no command", () => {
    const text = "log:\n::add-mask::a\n  ::stop-commands::x\na ::error::\n##[error]x";
    expect(toTerminal(text, { GITHUB_ACTIONS: "true" })).toBe(
      "log:\n\\u003a:add-mask::a\n  \\u003a:stop-commands::x\na ::error::\n#\\u0023[error]x",
    );
    expect(toTerminal(text, {})).toBe(text);
  });
});

describe("Markdown", () => {
  test.each([
    ["a | b\n| c", "a \\| b \\| c"],
    ["`code` *b* _i_ ~~s~~", "\\`code\\` \\*b\\* \\_i\\_ \\~\\~s\\~\\~"],
    ["![x](https://evil/a.png)", "!\\[x\\](https\u200b://evil/a.png)"],
    ["[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"],
    ["<img src=x onerror=y> &lt;b&gt; <!-- x -->", "\\<img src=x onerror=y\\> \\&lt;b\\&gt; \\<!-- x --\\>"],
    [
      "@team/all and a@b.example, #12, x/y#3, GH-4",
      "@\u200bteam/all and a@\u200bb.example, #\u200b12, x/y#\u200b3, GH-\u200b4",
    ],
    ["www.evil.example HTTP://x", "www\u200b.evil.example HTTP\u200b://x"],
    ["- item", "\\- item"],
    ["1. item", "\\1. item"],
    ["# heading", "# heading"],
    ["$x$", "\\$x\\$"],
    ["\u202egnp.exe\u001b[31m", "\\\\u202egnp.exe\\\\u001b\\[31m"],
  ])("words: %j", (text, expected) => expect(markdownWords(text)).toBe(expected));

  test.each([
    ["plain", "`plain`"],
    ["a`b``c", "```a`b``c```"],
    ["`a", "`` `a ``"],
    ["a|b\nc", "`a\\|b c`"],
    ["", "`  `"],
  ])("code: %j", (text, expected) => expect(markdownCode(text)).toBe(expected));

  test("a block ends where we end it", () => {
    expect(markdownBlock("a\n```\n@all\u001b[0m\n", "diff")).toBe("````diff\na\n```\n@all\\u001b[0m\n````");
  });
});

test("Slack finds no mention, link or name", () => {
  expect(slackText("<!channel> <@U1> <https://evil|good> a & b\u202e")).toBe(
    "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil|good&gt; a &amp; b\\u202e",
  );
});

test("Feishu finds no mention and no link", () => {
  expect(feishuText('<at user_id="all">x</at> [good](https://evil)\u2028')).toBe(
    '＜at user_id="all">x＜/at> [good] (https://evil)\\u2028',
  );
});
