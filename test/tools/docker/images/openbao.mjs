import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ensureOpenbao } from "../../openbao/install.mjs";
import { path, unpackSystem } from "./system.mjs";

/** OpenBao behind the interface of the official image, as far as an agent needs it. @param {{work: string, root: string}} folders */
export async function openbaoFiles({ work, root }) {
  const program = await ensureOpenbao();
  await unpackSystem({ work, root, packages: [], user: "openbao", entrypoint: "openbao-entrypoint.sh" });
  copyFileSync(program, join(root, "usr/bin/bao"));
  return { changes: [`ENV PATH=${path}`, 'ENTRYPOINT ["docker-entrypoint.sh"]', 'CMD ["server", "-dev"]'] };
}
