// https://github.com/distribution/reference/blob/v0.6.0/reference.go has the grammar.
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "[\\w][\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(?:${HOST}/)(${COMPONENT}(?:/${COMPONENT})*)(?::${TAG})?(?:@(${DIGEST}))?$`);

/** Hexadecimal digits that a digest of each algorithm has. */
const DIGESTS: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/** Longest path of a repository, in characters. */
const MAX_PATH = 255;

/** Why no registry can have such an image; undefined when one can. */
export function imageProblem(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) return "an id instead of a name";
  const { host, rest } = splitHost(image);
  const [, path = "", digest] = REFERENCE.exec(`${host}/${rest}`) ?? [];
  if (path === "") return "no name of an image";
  if (path.length > MAX_PATH) return "too long";
  if (digest === undefined) return undefined;
  const [algorithm = "", hex = ""] = digest.split(":");
  return DIGESTS[algorithm] === hex.length && /^[a-f0-9]+$/.test(hex) ? undefined : "no digest";
}

function splitHost(image: string): { host: string; rest: string } {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash));
  const isHost = slash >= 0 && (first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase());
  const host = isHost && first !== "index.docker.io" ? first : "docker.io";
  const rest = isHost ? image.slice(slash + 1) : image;
  return { host, rest: host === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest };
}
