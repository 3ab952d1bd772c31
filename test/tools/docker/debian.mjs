import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runStep } from "../../../tools/setup/run.mjs";
import { run, Unavailable } from "./command.mjs";

/**
 * Downloads Debian packages with all they depend on and unpacks them into a folder, without running their scripts.
 *
 * @param {{packages: string[], without?: RegExp, work: string, root: string}} options `without`: names of packages that
 *   the program does not need to run. `work`: for the downloads. `root`: where the files go.
 * @throws {Unavailable} where there is no Debian
 */
export async function unpackPackages({ packages, without, work, root }) {
  if (!run("apt-get", ["--version"]).ok)
    throw new Unavailable("the test images are built from Debian packages: no apt-get");
  mkdirSync(join(work, "partial"), { recursive: true });
  // Without a list of what is installed here, apt plans the whole closure.
  const nothingInstalled = join(work, "status");
  writeFileSync(nothingInstalled, "");
  const apt = ["-y", "-qq", "-o", `Dir::State::status=${nothingInstalled}`, "--no-install-recommends"];
  const plan = run("apt-get", [...apt, "--print-uris", "install", ...packages]);
  if (!plan.ok) throw new Unavailable(`apt-get cannot plan ${packages.join(", ")}: ${plan.output}`);
  const wanted = [...plan.output.matchAll(/^'[^']+' (([^_ ]+)_([^_ ]+)_[^_ ]+\.deb) /gm)]
    .map(([, , name = "", version = ""]) => ({ name, version: decodeURIComponent(version) }))
    .filter(({ name }) => !without?.test(name));
  await runStep(
    `Downloading ${wanted.length} Debian packages`,
    "apt-get",
    ["download", "-qq", "-o", "APT::Sandbox::User=root", ...wanted.map(({ name, version }) => `${name}=${version}`)],
    { cwd: work },
  );
  // Debian keeps programs and libraries below /usr; packages still name the old places.
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", folder), { recursive: true });
    run("ln", ["-sfn", `usr/${folder}`, join(root, folder)]);
  }
  const archives = readdirSync(work).filter((name) => name.endsWith(".deb"));
  await runStep("Unpacking them", "sh", [
    ...[
      "-ec",
      'root=$1; shift; for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"; done',
    ],
    ...["sh", root, ...archives.map((name) => join(work, name))],
  ]);
}
