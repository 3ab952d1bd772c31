import { readFileSync } from "node:fs";
import { join } from "node:path";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** How people reach a host. */
export interface HostArgs {
  address: string;
  port: number;
  user: string;
  /** Its public key as `ssh-keyscan` prints it (`ssh-ed25519 AAAA…`): without one anybody in between could answer. */
  hostKey: string;
  /** Private key; the SSH agent's unless given. */
  privateKey?: string;
}

const SCRIPT = join(import.meta.dirname, "prepare.sh");

/** Prepares the host that Dokploy runs on, over SSH: kernel settings, and a look at Docker, Compose and Dokploy's network. */
export class PreparedHost extends pulumi.ComponentResource {
  /** The script's last words, e.g. the version of Compose. */
  declare readonly report: pulumi.Output<string>;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockmaster:host:PreparedHost", name, {}, opts);
    const { address: host, port, user, hostKey, privateKey } = args;
    const command = new remote.Command(
      name,
      {
        connection: { host, port, user, hostKey, ...(privateKey && { privateKey: pulumi.secret(privateKey) }) },
        // Run again whenever the script changes; nothing is undone when the resource goes.
        create: readFileSync(SCRIPT, "utf8"),
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.report = command.stdout;
    this.registerOutputs({ report: this.report });
  }
}
