import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALLOWED_SIGNERS } from "../../automation/domain/releases/tag-proof.ts";

/** Somebody with an SSH key that Git signs with. */
export interface Signer {
  /** The private key's file. */
  key: string;
  /** A line of `allowed_signers`. */
  line: string;
  /** Words before a git command that signs with it. */
  config: string[];
  remove(): void;
}

/** Makes a key. */
export function createSigner(name: string): Signer {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-signer-"));
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  const [type, text] = readFileSync(`${key}.pub`, "utf8").split(" ");
  return {
    key,
    line: `${name}@example.org namespaces="git" ${type} ${text}\n`,
    config: ["-c", "gpg.format=ssh", "-c", `user.signingkey=${key}`],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The files by which main names signers. */
export function signersFile(...signers: Signer[]): Record<string, string> {
  return { [ALLOWED_SIGNERS]: signers.map(({ line }) => line).join("") };
}
