import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const WHY = `A file of this name keeps the engine from writing a log of its own, which takes a third of its processor time and has no
switch. With LOG_LEVEL=debug the runner takes it away, and the engine's logs are here: pulumi logs list, pulumi logs decrypt.
`;

/**
 * Makes the engine's home. Unless `keepLog`, the engine cannot make its folder of logs there: it then goes without one
 * (pulumi/pulumi, cmd/pulumi/pulumi.go of v3.259.0). Logs that are there already are dropped.
 */
export async function prepareHome(home: string, keepLog: boolean): Promise<void> {
  const logs = join(home, "logs");
  await mkdir(home, { recursive: true, mode: 0o700 });
  const found = await lstat(logs).catch(() => undefined);
  if (found && found.isDirectory() === keepLog) return;
  await rm(logs, { recursive: true, force: true });
  if (!keepLog) await writeFile(logs, WHY);
}
