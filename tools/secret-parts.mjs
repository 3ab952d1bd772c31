// What a secret must be so that nobody guesses it: the runner, and the stack that sets it up, go by the same rule.

/** Characters that a secret of callers has at least: 16 bytes in hex, which no one tries out. */
export const LEAST_SECRET = 32;

const MAKE = "make one with `openssl rand -hex 32`";

/**
 * The parts of a comma list, also those that are empty.
 * @param {string} text
 */
function parts(text) {
  return text.split(",").map((part) => part.trim());
}

/**
 * Every part of a comma list that says something, whether it counts or not.
 * @param {string} [text]
 * @returns {string[]}
 */
export function secretParts(text = "") {
  return parts(text).filter(Boolean);
}

/**
 * The parts of a secret that count, and what is wrong with the others. No part is shown. Pure.
 * @param {string} name of the variable, for the words
 * @param {string | undefined} text its value; undefined or empty: there is none
 * @param {"whole" | "parts"} of whether commas part several
 * @returns {{ good: string[], problems: string[] }}
 */
export function readSecret(name, text, of) {
  if (!text) return { good: [], problems: [] };
  const given = of === "parts" ? parts(text) : [text];
  /** @type {string[]} */
  const problems = [];
  const good = given.filter((part, index) => {
    if (part.length >= LEAST_SECRET) return true;
    const which = given.length === 1 ? name : `${name}: part ${index + 1} of ${given.length}`;
    if (part === "") problems.push(`${which} is empty: take out the comma, or ${MAKE}`);
    else problems.push(`${which} has ${part.length} characters, at least ${LEAST_SECRET} are needed: ${MAKE}`);
    return false;
  });
  return { good, problems };
}
