import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";

/** The secret that holds it: in Vault beside the runner's, and of the environments whose workflows push tags. */
export const TAG_KEY = "TAG_KEY";

/** Makes an SSH key for pushing tags, in PEM, which ssh reads. */
export function makeTagKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}

/** Its public half as a deploy key has it (https://www.rfc-editor.org/rfc/rfc5656#section-3.1). Throws for another kind of key. */
export function publicKeyOf(pem: string): string {
  const { crv, x, y } = createPublicKey(createPrivateKey(pem)).export({ format: "jwk" });
  if (crv !== "P-256" || !x || !y) throw new Error(`${TAG_KEY} is no ECDSA key on the curve P-256`);
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const parts = [Buffer.from("ecdsa-sha2-nistp256"), Buffer.from("nistp256"), point];
  const blob = Buffer.concat(parts.flatMap((part) => [uint32(part.length), part]));
  return `ecdsa-sha2-nistp256 ${blob.toString("base64")}`;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
