import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";
import { CliError } from "../problem.ts";
import type { Repository } from "./repository.ts";

/** The text of a tag with its signature below. Throws CliError `tag_not_signed`. */
export type SignTag = (text: string) => Promise<string>;

/**
 * Signs tags as `git tag -s` would with what Git is told here: `gpg.format=ssh`, `user.signingkey`, `gpg.ssh.program`. Undefined where
 * it is told no SSH key.
 */
export async function findSigner({ git }: Pick<Repository, "git">): Promise<SignTag | undefined> {
  const config = async (...words: string[]) => {
    try {
      return (await git(["config", ...words])).trim() || undefined;
    } catch {
      return undefined;
    }
  };
  if ((await config("--get", "gpg.format")) !== "ssh") return undefined;
  const key = await config("--type=path", "--get", "user.signingkey");
  if (key === undefined) return undefined;
  const program = (await config("--type=path", "--get", "gpg.ssh.program")) ?? "ssh-keygen";
  return (text) => sign(text, key, program);
}

/** A key may stand in the configuration itself; its private half is with the agent then. */
const LITERAL = /^(key::|ssh-|ecdsa-|sk-)/;

async function sign(text: string, key: string, program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dockmaster-sign-"));
  try {
    const [file, keyFile] = [join(folder, "tag"), join(folder, "key")];
    await writeFile(file, text);
    const isLiteral = LITERAL.test(key);
    if (isLiteral) await writeFile(keyFile, `${key.replace(/^key::/, "")}\n`);
    const words = ["-Y", "sign", "-n", "git", "-f", isLiteral ? keyFile : key, ...(isLiteral ? ["-U"] : []), file];
    const { code, stderr } = await runProgram(program, words).catch((cause: Error) => {
      throw notSigned(cause.message, cause);
    });
    if (code !== 0) throw notSigned(stderr.trim().split("\n").at(-1) ?? `exit code ${code}`);
    return text + (await readFile(`${file}.sig`, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function notSigned(why: string, cause?: unknown): CliError {
  const hint = "Check user.signingkey and that your agent has the key, or say --no-sign; no tag was made";
  return new CliError("tag_not_signed", `The tag could not be signed: ${why}`, hint, { cause });
}
