const formUrl = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);
const lowerCase = (text: string) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
const html = (text: string, quote: string, apostrophe: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe);
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const ascii = (text: string) =>
  json(text).replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
const go = (text: string) => json(text).replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
const base64 = (text: string, before = 0, after = "") =>
  Buffer.concat([Buffer.alloc(before, "-"), Buffer.from(text + after)]).toString("base64");

/** Every way in which programs write a text, by its name. */
export const WAYS: [string, (text: string) => string][] = [
  ["as it is", (text) => text],
  ["in an address", encodeURIComponent],
  ["in an address, small letters", (text) => lowerCase(encodeURIComponent(text))],
  ["in a form", formUrl],
  ["in a form, small letters", (text) => lowerCase(formUrl(text))],
  [
    "all of it in an address",
    (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  ],
  ["in JSON", json],
  ["in JSON of ASCII", ascii],
  ["in JSON as Go writes it", go],
  ["in JSON as PHP writes it", (text) => ascii(text).replaceAll("/", "\\/")],
  ["in JSON in JSON", (text) => json(json(text))],
  ["in an address in JSON in an address", (text) => encodeURIComponent(json(encodeURIComponent(text)))],
  ["in HTML", (text) => html(text, "&quot;", "&#39;")],
  ["in HTML by numbers", (text) => html(text, "&#34;", "&#x27;")],
  ["in HTML in JSON", (text) => json(html(text, "&quot;", "&apos;"))],
  ["in a Compose file", (text) => text.replaceAll("$", "$$$$")],
  ["in hexadecimal digits", (text) => Buffer.from(text).toString("hex")],
  ["in large hexadecimal digits", (text) => Buffer.from(text).toString("hex").toUpperCase()],
  ...[0, 1, 2].flatMap((before): [string, (text: string) => string][] => [
    [`in base64 after ${before} bytes`, (text) => base64(text, before, "after")],
    [`in base64 after ${before} bytes, at the end`, (text) => base64(text, before)],
    [`in base64 after ${before} bytes, without padding`, (text) => base64(text, before).replace(/=+$/, "")],
    [
      `in base64 of addresses after ${before} bytes`,
      (text) => base64(text, before, "~~~").replaceAll("+", "-").replaceAll("/", "_"),
    ],
    [`in base64 after ${before} bytes, in an address`, (text) => encodeURIComponent(base64(text, before, "?"))],
    [
      `in base64 after ${before} bytes, in lines`,
      (text) => base64(text, 45 + before, "x".repeat(60)).replace(/.{76}/g, "$&\r\n"),
    ],
  ]),
];
