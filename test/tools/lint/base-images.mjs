// Which images a Dockerfile takes without saying by digest which ones.

/** @param {string} text of a Dockerfile @returns {string[]} the lines that name an image without a digest */
export function findFloating(text) {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/);
  /** @type {Set<string>} */
  const stages = new Set(["scratch"]);
  /** @type {Map<string, string>} */
  const defaults = new Map();
  return lines.filter((line) => {
    // The frontend is an image too (https://docs.docker.com/build/buildkit/frontend/).
    const syntax = /^#\s*syntax\s*=\s*(\S+)/i.exec(line)?.[1];
    if (syntax) return !isPinned(syntax);
    const [, name = "", value = ""] = /^\s*ARG\s+(\w+)=(\S+)/i.exec(line) ?? [];
    if (name) defaults.set(name, value.replaceAll(/["']/g, ""));
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line);
    const copied = /^\s*(?:COPY|ADD)\s.*?--from=(\S+)/i.exec(line)?.[1];
    const mounted = [...line.matchAll(/--mount=\S*?\bfrom=([^\s,]+)/g)].map(([, image = ""]) => image);
    const images = [from?.[1], copied, ...mounted].filter((image) => image !== undefined);
    const isFloating = images
      .map((image) => image.replaceAll(/\$\{?(\w+)\}?/g, (_, arg) => defaults.get(arg) ?? ""))
      .some((image) => !isPinned(image) && !stages.has(image.toLowerCase()) && !/^\d+$/.test(image));
    if (from?.[2]) stages.add(from[2].toLowerCase());
    return isFloating;
  });
}

/** @param {string} image */
function isPinned(image) {
  return /@sha256:[0-9a-f]{64}$/.test(image);
}
