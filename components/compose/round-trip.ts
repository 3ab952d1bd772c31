// Dokploy parses the text as YAML 1.2 and writes it again, without the quotes that YAML 1.2 does not need;
// Compose then reads it with YAML 1.1 habits. Both predicates were found by sending thousands of values through both.

/** Whether a whole scalar comes out of Dokploy's YAML round trip as something else: a date, `1_000`, `0b101`, … */
export function isAlteredScalar(text: string): boolean {
  const digits = text.replaceAll("_", "");
  return (
    /^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?.*)?$/.test(text) ||
    (text.includes("_") && /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(digits)) ||
    (/^[-+]?0[xX][0-9a-fA-F_]+$/.test(text) && !/^0x[0-9a-fA-F]+$/.test(text)) ||
    (/^[-+]?0[oO]?[0-7_]+$/.test(text) && !/^0o[0-7]+$/.test(text) && !/^[-+]?0[0-7]+$/.test(text)) ||
    /^[-+]?0[bB][01_]+$/.test(text)
  );
}

/** Whether a config's `content` would arrive changed, or not at all. Errs on the safe side. */
export function isAlteredContent(text: string): boolean {
  if (text === "") return true;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]/.test(text)) return true;
  if (!text.includes("\n")) return isAlteredScalar(text);
  if (/^[ \t\r\n]*$/.test(text) && !/^\n*$/.test(text)) return true;
  if (/^[ \n]*\t/.test(text)) return true;
  return text.split("\n").some((line) => line.length > 900) && /(^|\n)[ \t]/.test(text);
}
