import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secretsIn } from "../../../../text/mask/addresses.ts";
import { createMask } from "../../../../text/mask/mask.ts";
import { WAYS } from "./ways.ts";

const masks = (...secrets: string[]) => createMask(() => secrets, { shortest: 6, mark: "[secret]" });

/** Every letter that some way of writing escapes. */
const SECRET = `p"a\\s<s>&w'o+r/d=%25 é€😀$x~\`n\tz`;

/** What the text still tells of a secret: enough of it in a row, however it is written. */
function leaks(masked: string, secret: string, write: (text: string) => string): boolean {
  return masked.includes(write(secret)) || masked.includes(secret);
}

describe("a secret is hidden", () => {
  test.each(WAYS)("%s", (_name, write) => {
    for (const secret of [SECRET, "plain-secret-value-123", "4f\u00fcr alle/+=", "a%41b\\u0041&amp;&#65;$$c+d"]) {
      const written = write(secret);
      const masked = masks(secret)(`before ${written} after`);
      expect(masked, secret).toMatch(/^before .*\[secret\].* after$/s);
      expect(masked).not.toContain(written);
      // Of base64 only what the bytes around it make may be left.
      const left = masked.replace("before ", "").replace(" after", "").replaceAll("[secret]", "");
      const around = write("").replace(/\s/g, "").length;
      expect(left.replace(/\s/g, "").length, left).toBeLessThanOrEqual(around + 8);
    }
  });

  test("whatever it is, wherever it stands, however it is written", () => {
    const ways = fc.constantFrom(...WAYS.slice(0, 17).map(([, write]) => write));
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 6, maxLength: 40 }),
        ways,
        fc.string(),
        fc.string(),
        (secret, write, before, after) => {
          fc.pre(secret.trim() === secret && !/[\r\n]/.test(secret));
          expect(leaks(masks(secret)(`${before} ${write(secret)} ${after}`), secret, write)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("as it is, whatever is right before and behind it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 6 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(secret.trim().length >= 6);
        expect(masks(secret)(before + secret + after)).not.toContain(secret.trim());
      }),
      { numRuns: 500 },
    );
    expect(masks("41abcdef")("100%41abcdef")).toBe("100%[secret]");
    expect(masks("nabcdef")("C:\\nabcdef")).toBe("C:\\[secret]");
  });

  test("line by line, when it has several", () => {
    const key = "-----BEGIN KEY-----\r\nMIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC  \nab\n-----END KEY-----\n";
    const mask = masks(key);
    expect(mask("log: MIIEvQIBADANBgkq")).toBe("log: [secret]");
    expect(mask("log: hkiG9w0BAQEFAASC, ab")).toBe("log: [secret], ab");
    expect(mask(JSON.stringify({ key }))).toMatch(/^\{"key":"\[secret\](\\n)?"\}$/);
  });

  test("whole, when it overlaps another one or is a part of it", () => {
    expect(masks("secret", "secret-longer")("is secret-longer")).toBe("is [secret]");
    expect(masks("secret-longer", "secret")("is secret-longer, secret")).toBe("is [secret], [secret]");
    expect(masks("abcdefgh", "efghijkl")("<abcdefghijkl>")).toBe("<[secret]>");
    expect(masks("efghij", "abcdefghijkl")("<abcdefghijkl abcdefghijk>")).toBe("<[secret] abcd[secret]k>");
    expect(masks("aaaaaa")("aaaaaaaaaaaaaaaaaaaa")).toBe("[secret]");
  });

  test("but no short word", () => {
    expect(masks("abc", "abc de")("abc, abc de")).toBe("abc, [secret]");
  });
});

test("a rotated secret counts at once, the old one no more", () => {
  let secret = "first-value";
  const mask = createMask(() => [secret], { shortest: 6, mark: "***" });
  expect(mask("first-value second-value")).toBe("*** second-value");
  secret = "second-value";
  expect(mask("first-value second-value")).toBe("first-value ***");
});

describe("without knowing it, in an address", () => {
  const mask = masks();
  test.each([
    ["https://me:pw@example.org/x.git failed", "https://[secret]@example.org/x.git failed"],
    ["https://token@example.org/x.git", "https://[secret]@example.org/x.git"],
    ["postgres://u:p@ss@db/x", "postgres://[secret]@db/x"],
    ["postgres://u:pa/ss@db/x", "postgres://[secret]@db/x"],
    ["postgres://u:p?a#b@db/x", "postgres://[secret]@db/x"],
    ["https://example.org/a@b and https://example.org:8080/@scope/x", undefined],
    ["http://[::1]:8080/@scope/x", undefined],
    [
      "postgres://db/x?sslmode=require&password=a%26b&sslpassword=c",
      "postgres://db/x?sslmode=require&password=[secret]&sslpassword=[secret]",
    ],
    ["host=db password=secret user=me", "host=db password=[secret] user=me"],
    [
      "GET /x?X-Amz-Date=1&X-Amz-Signature=abc&X-Amz-Credential=d%2Fe HTTP/1.1",
      "GET /x?X-Amz-Date=1&X-Amz-Signature=[secret]&X-Amz-Credential=[secret] HTTP/1.1",
    ],
    ["s3://bucket?endpoint=h&accessKey=a", "s3://bucket?endpoint=h&accessKey=[secret]"],
    ["https%3A%2F%2Fme%3Apw%40example.org", "https%3A%2F%2F[secret]%40example.org"],
    ["https://x/?a=1\\u0026access_token=zzz", "https://x/?a=1\\u0026access_token=[secret]"],
    ["https://x/?a=1&amp;api_key=zzz", "https://x/?a=1&amp;api_key=[secret]"],
    ["https://hooks.slack.com/services/T0/B0/xyz failed", "https://hooks.slack.com/services/[secret] failed"],
    ["https://open.feishu.cn/open-apis/bot/v2/hook/0f-1", "https://open.feishu.cn/open-apis/bot/v2/hook/[secret]"],
    ["https://discord.com/api/webhooks/1/abc", "https://discord.com/api/webhooks/[secret]"],
    ["https://x/?page=2&sort=key", undefined],
    ["the key=value of a=b&c=d", undefined],
  ])("%s", (text, expected) => expect(mask(text)).toBe(expected ?? text));
});

test("an address that is a secret is one by its parts too", () => {
  expect(secretsIn("postgres://u:p%40ss@db/x?sslpassword=a%2Bb&sslmode=require")).toEqual([
    "p%40ss",
    "p@ss",
    "a+b",
    "a%2Bb",
  ]);
  expect(secretsIn("https://token@example.org/x.git")).toEqual(["token"]);
  expect(secretsIn("https://example.org/x.git")).toEqual([]);
  expect(secretsIn("no address?password=x")).toEqual([]);
  expect(secretsIn("https://h.example/services/T0/B0/abcdefghijkl?x=1", { whole: true })).toEqual([
    "/services/T0/B0/abcdefghijkl?x=1",
    "abcdefghijkl",
  ]);
});

test("no text keeps it busy: a megabyte of each kind, with 200 secrets", () => {
  const secrets = Array.from({ length: 200 }, (_, index) =>
    Buffer.from(`secret-value-${index * 7919}`).toString("base64"),
  );
  const mask = masks(...secrets);
  const almost = secrets[0]?.slice(0, -1) ?? "";
  const pieces = ["the quick brown fox ", `${almost} `, "%2525", "\\\\", "+", "a", "://a:b/", "?password=", "&amp;"];
  for (const piece of [...pieces, " ", "://", "=@", "?a", "\n", `${"x".repeat(76)}\n`]) {
    const text = piece.repeat(1_000_000 / piece.length);
    // What grew with the square of the length would take longer than a test may.
    expect(mask(`${text} ${secrets[1]}`).endsWith("[secret]"), piece).toBe(true);
  }
});
