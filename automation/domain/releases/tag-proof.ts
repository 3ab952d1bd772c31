import { conflict, type Refusal } from "./refusal.ts";

/** Where the repository says whose signatures on tags count, in ssh-keygen's format. The main branch's head is asked, no other. */
export const ALLOWED_SIGNERS = ".github/allowed_signers";

/**
 * Whether somebody stands up for a tag. `by`: a signer that the main branch names. Else what it lacks: a message of its own, a signature,
 * the same name and commit inside as outside, signers on the main branch, or a signature of one of them that holds now.
 */
export type TagProof = { by: string } | { lacks: "annotation" | "signature" | "identity" | "signers" | "allowance" };

/** An annotated tag, as Git stores it: what was signed, and the signature below it. */
export interface SignedTag {
  /** Commit that it names; null when it names something else. */
  commit: string | null;
  /** Name that it was made with. */
  tag: string;
  signed: string;
  /** In OpenSSH's armor; null without one. */
  signature: string | null;
}

const BEGIN = "-----BEGIN SSH SIGNATURE-----";

/**
 * Reads a tag object, as `git cat-file tag` prints it. The last signature in it counts and covers all before it
 * (https://git-scm.com/docs/gitformat-signature).
 */
export function parseSignedTag(object: string): SignedTag {
  const start = object.startsWith(BEGIN) ? 0 : object.lastIndexOf(`\n${BEGIN}`) + 1;
  const isSigned = start > 0;
  const signed = isSigned ? object.slice(0, start) : object;
  const [, commit = null, type, tag = ""] = /^object ([0-9a-f]{40,64})\ntype (\w+)\ntag ([^\n]*)\n/.exec(signed) ?? [];
  return { commit: type === "commit" ? commit : null, tag, signed, signature: isSigned ? object.slice(start) : null };
}

/** Refuses a tag that nobody stands up for. */
export function refuseUnproven(tag: string, proof: TagProof): Refusal | undefined {
  if ("by" in proof) return undefined;
  const messages: Record<typeof proof.lacks, string> = {
    annotation: `${tag} is a lightweight tag, which everybody who may push can make`,
    signature: `${tag} is not signed with an SSH key`,
    identity: `${tag} holds a tag of another name or commit`,
    signers: `main has no ${ALLOWED_SIGNERS} that names a key`,
    allowance: `the signature of ${tag} is of no key that ${ALLOWED_SIGNERS} on main allows now`,
  };
  return conflict(
    "hotfix_unsigned",
    `a hotfix needs a signed tag: ${messages[proof.lacks]}`,
    `sign a new tag with a key that ${ALLOWED_SIGNERS} on main names (dockmaster release hotfix, with gpg.format=ssh and user.signingkey), or ask with PRODUCTION_SECRET`,
  );
}
