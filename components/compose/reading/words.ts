/**
 * Splits a command into words as Compose does: no shell, but quotes, backslashes and `$(…)`. Everything from the first `;`, `&`, `|`,
 * `<` or `>` on is dropped. Undefined where something is opened that nothing ends.
 * https://github.com/mattn/go-shellwords/blob/v1.0.12/shellwords.go
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word = "";
  let begun = false;
  let escaped = false;
  const inside = { double: false, single: false, back: false, dollar: false };
  const isInside = () => inside.double || inside.single || inside.back || inside.dollar;
  const add = (character: string) => {
    word += character;
    begun = true;
  };
  for (const character of line) {
    if (escaped) {
      add(character);
      escaped = false;
    } else if (character === "\\") {
      if (inside.single) word += character;
      else escaped = true;
    } else if (" \t\r\n".includes(character)) {
      if (isInside()) word += character;
      else if (begun) {
        words.push(word);
        word = "";
        begun = false;
      }
    } else if (character === "`") {
      if (!inside.single && !inside.double && !inside.dollar) inside.back = !inside.back;
      add(character);
    } else if (character === ")") {
      if (!inside.single && !inside.double && !inside.back) inside.dollar = !inside.dollar;
      add(character);
    } else if (character === "(") {
      if (!inside.single && !inside.double && !inside.back) {
        if (inside.dollar || !word.endsWith("$")) return undefined;
        inside.dollar = true;
        word += character;
      } else add(character);
    } else if (character === '"' && !inside.single && !inside.dollar) {
      if (inside.double) begun = true;
      inside.double = !inside.double;
    } else if (character === "'" && !inside.double && !inside.dollar) {
      if (inside.single) begun = true;
      inside.single = !inside.single;
    } else if (";&|<>".includes(character) && !isInside()) {
      if (character === ">" && /^\d/.test(word)) begun = false;
      break;
    } else add(character);
  }
  if (begun) words.push(word);
  return escaped || isInside() ? undefined : words;
}
