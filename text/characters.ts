/**
 * What is not seen, or makes others be seen otherwise: control characters (C0, DEL, C1, so terminals' escapes too), format characters
 * (those that turn the direction of a text, of no width, the byte order mark, tags), what ends a line or a paragraph, halves of
 * surrogate pairs, and letters without a shape. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing,
 * https://trojansource.codes
 */
const HIDDEN_CHARACTERS =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e" +
  "\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0e\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff";

/** Beyond the basic plane, and halves of pairs. */
const HIDDEN_BEYOND =
  "\\u{13430}-\\u{13440}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}\\ud800-\\udfff";

const HIDDEN = new RegExp(`[${HIDDEN_CHARACTERS}${HIDDEN_BEYOND}]`, "gu");

/** What a text of one line that others show may consist of, as a schema says it. What lies beyond the basic plane it lets through. */
export const LINE_PATTERN = new RegExp(`^[^${HIDDEN_CHARACTERS}]*$`);

/** The same for a text of several lines. */
export const LINES_PATTERN = new RegExp(`^(?:[^${HIDDEN_CHARACTERS}]|[\\n\\t]|\\r\\n)*$`);

/** Whether a text has such a character, or with `lines` one besides tabs and ends of lines. */
export function hasHidden(text: string, { lines = false } = {}): boolean {
  return (lines ? text.replace(/\r?\n|\t/g, "") : text).search(HIDDEN) >= 0;
}

/** The text of others as one line: each hidden character as `\u202e`, so that it is seen. */
export function showLine(text: string): string {
  return text.replace(HIDDEN, escapeCharacter);
}

/** The text of others with its lines and tabs, and each other hidden character as `\u202e`. */
export function showLines(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(HIDDEN, (character) => {
    return character === "\n" || character === "\t" ? character : escapeCharacter(character);
  });
}

/** The same text of JSON: hidden characters, which stand in strings only, are written as JSON's escapes. */
export function showJson(json: string): string {
  return json.replace(HIDDEN, (character) => (/[\t\n\r]/.test(character) ? character : escapeCharacter(character)));
}

/** JSON on one line that shows what is hidden in its texts. It reads as the same value. */
export function toJson(value: unknown): string {
  return showJson(JSON.stringify(value));
}

/** As JSON writes it: a character beyond the basic plane by its two halves. */
function escapeCharacter(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
