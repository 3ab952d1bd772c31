import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { runStep } from "../../../../tools/setup/run.mjs";
import { unpackPackages } from "../debian.mjs";

/** What a shell script in an image expects to find. */
const base = [
  "base-files",
  "bash",
  "coreutils",
  "dash",
  "findutils",
  "grep",
  "hostname",
  "libc-bin",
  "procps",
  "sed",
  "tzdata",
  "util-linux",
];

/** Needed to install or to log in, not to run one program. */
const notNeeded =
  /^(adduser|cron|debconf.*|dpkg|init-system-helpers|libllvm.*|libpam-.*|login|logrotate|lsb-base|perl.*|libperl.*|postgresql-(client-)?common|ssl-cert|sensible-utils|systemd.*|sysvinit-utils|tar|ucf|openssl)$/;

/**
 * A small Debian with some packages, one user for the program, and its entrypoint if it has one.
 *
 * @param {{work: string, root: string, packages: string[], user: string, entrypoint?: string}} options `entrypoint`: the
 *   script beside this file that becomes `docker-entrypoint.sh`
 */
export async function unpackSystem({ work, root, packages, user, entrypoint }) {
  await unpackPackages({ packages: [...base, ...packages], without: notNeeded, work, root });
  for (const folder of ["dev", "proc", "sys", "root", "run", "etc"]) mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(join(root, "tmp"), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  rmSync(join(root, "var/run"), { recursive: true, force: true });
  symlinkSync("/run", join(root, "var/run"));
  if (!existsSync(join(root, "usr/bin/sh"))) symlinkSync("dash", join(root, "usr/bin/sh"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
  appendFileSync(join(root, "etc/passwd"), `${user}:x:999:999:${user}:/var/lib/${user}:/bin/bash\n`);
  appendFileSync(join(root, "etc/group"), `${user}:x:999:\n`);
  writeFileSync(join(root, "etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
  if (entrypoint) {
    const script = join(root, "usr/local/bin/docker-entrypoint.sh");
    mkdirSync(join(root, "usr/local/bin"), { recursive: true });
    copyFileSync(new URL(entrypoint, import.meta.url), script);
    chmodSync(script, 0o755);
  }
  await runStep("Linking its libraries", "ldconfig", ["-r", root]);
}

export const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
