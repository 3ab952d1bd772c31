import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.mjs";
import { unpackPackages } from "../debian.mjs";

/** Files of an image like `busybox`: one static program and its names. @param {{work: string, root: string}} folders */
export async function busyboxFiles({ work, root }) {
  const unpacked = join(work, "unpacked");
  mkdirSync(unpacked);
  await unpackPackages({ packages: ["busybox-static"], without: /^(?!busybox-static$)/, work, root: unpacked });
  for (const folder of ["bin", "etc", "root", "tmp", "var", "home"]) mkdirSync(join(root, folder), { recursive: true });
  const program = join(root, "bin/busybox");
  copyFileSync(join(unpacked, "bin/busybox"), program);
  for (const name of run(program, ["--list"]).output.split("\n"))
    if (name !== "busybox") symlinkSync("busybox", join(root, "bin", name));
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  return { changes: ['CMD ["sh"]', "ENV PATH=/bin"] };
}
