import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";
import { ALLOWED_SIGNERS, parseSignedTag, type TagProof } from "../domain/releases/tag-proof.ts";
import { RequestError } from "../errors.ts";
import type { Mirror } from "./mirror.ts";

/** Git signs with this namespace, so that a signature for anything else is none for a tag (gpg.format=ssh). */
const NAMESPACE = "git";

/** When ssh-keygen is given up, in milliseconds. */
const TIMEOUT = 10_000;

/** Names for one key that are tried. */
const MOST_PRINCIPALS = 20;

/**
 * Whether a signer that the branch's head names stands up for a tag on this commit. Throws RequestError `tag_unverifiable` when
 * ssh-keygen cannot be asked, `git_unreachable` when git cannot.
 */
export async function proveTag(
  mirror: Pick<Mirror, "tagObject" | "branchHead" | "readText">,
  { tag, commit, branch }: { tag: string; commit: string; branch: string },
): Promise<TagProof> {
  const object = await mirror.tagObject(tag);
  if (object === undefined) return { lacks: "annotation" };
  const inner = parseSignedTag(object);
  if (inner.signature === null) return { lacks: "signature" };
  // Whoever has a signed tag can push the same object under another name.
  if (inner.tag !== tag || inner.commit !== commit) return { lacks: "identity" };
  const head = await mirror.branchHead(branch);
  const signers = head && (await mirror.readText(head, ALLOWED_SIGNERS));
  if (!signers || !/^\s*[^#\s]/m.test(signers)) return { lacks: "signers" };
  const by = await verify({ signers, signed: inner.signed, signature: inner.signature });
  return by === undefined ? { lacks: "allowance" } : { by };
}

/**
 * The signer, as the file names them; undefined when none of them made this signature, or none may now. Git itself
 * asks with the time that the tag names (`verify-time` in https://github.com/git/git/blob/master/gpg-interface.c), which whoever has a
 * key that ran out can choose: here it is the time of this moment.
 */
async function verify(given: { signers: string; signed: string; signature: string }): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "dockmaster-signature-"));
  try {
    const [signers, signature] = [join(folder, "signers"), join(folder, "signature")];
    await Promise.all([writeFile(signers, given.signers), writeFile(signature, given.signature)]);
    const found = await keygen(["-Y", "find-principals", "-f", signers, "-s", signature], given.signed);
    for (const principal of found?.split("\n").filter(Boolean).slice(0, MOST_PRINCIPALS) ?? []) {
      const words = ["-Y", "verify", "-f", signers, "-I", principal, "-n", NAMESPACE, "-s", signature];
      if ((await keygen(words, given.signed)) !== undefined) return principal;
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What ssh-keygen says; undefined when it says no. */
async function keygen(words: string[], input: string): Promise<string | undefined> {
  const env = { PATH: process.env.PATH, LC_ALL: "C" };
  const run = await runProgram("ssh-keygen", words, { env, input, timeoutMs: TIMEOUT }).catch((cause: Error) => {
    throw unverifiable(cause.message, cause);
  });
  if (run.code === 0) return run.stdout;
  if (run.code === null) throw unverifiable(run.ended === "late" ? "it took too long" : "it was ended");
  return undefined;
}

function unverifiable(why: string, cause?: unknown): RequestError {
  return new RequestError("tag_unverifiable", `The tag's signature cannot be checked with ssh-keygen: ${why}`, {
    cause,
  });
}
