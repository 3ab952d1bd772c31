import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `code/` is emptied before every deployment, so an old `.env` does not survive one without. */
export function writeRawCompose(folder: string, text: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "docker-compose.yml"), text);
}
