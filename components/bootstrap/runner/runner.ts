import * as pulumi from "@pulumi/pulumi";
import { Compose, Environment, type OwnerArgs } from "../../dokploy/resources.ts";
import type { HttpCheck } from "../../platform/checks/http.ts";
import { PORT, SERVICE, STACK } from "./compose.ts";

/** What changes with what other resources answer. */
export interface RunnerText {
  composeFile: string;
  /** Plain env, which the text's `${NAME}` take their values from. */
  env: Record<string, string>;
  /** Key of the runner's container in the text. */
  container: string;
  stages: number;
}

export interface RunnerArgs {
  /** Name of the project on Dokploy. */
  project: string;
  owner: OwnerArgs;
  text: pulumi.Input<RunnerText>;
  /** The agent's sign-in at Vault. */
  signIn: { roleId: pulumi.Input<string>; secretId: pulumi.Input<string> };
  /** Host name that leads to it, e.g. `iac.example.org`. */
  host: string;
  checks: HttpCheck[];
  /** Seconds until it has to be healthy. */
  waitTimeout: number;
  /** Take over a Compose project of this name that is not ours. */
  adopt: boolean;
}

/** The runner on Dokploy, in an environment of its own, with its route. */
export class Runner extends pulumi.ComponentResource {
  declare readonly url: string;

  constructor(name: string, args: RunnerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockmaster:runner:Runner", name, {}, opts);
    const { project, owner, host, checks, waitTimeout, adopt } = args;
    const text = pulumi.output(args.text);
    const environment = new Environment(
      "environment",
      // As a secret, though it is none: the engine notices a wrong passphrase only once the state has one to decrypt.
      { project, name: STACK, owner: pulumi.secret(owner) },
      { parent: this },
    );
    const env = pulumi.all([text, args.signIn.roleId, pulumi.secret(args.signIn.secretId)]).apply(
      ([{ env }, roleId, secretId]): Record<string, string> => ({
        ...env,
        VAULT_ROLE_ID: roleId,
        VAULT_SECRET_ID: secretId,
      }),
    );
    new Compose(
      name,
      {
        environmentId: environment.environmentId,
        name: SERVICE,
        owner,
        service: SERVICE,
        composeFile: text.composeFile,
        env,
        domains: text.apply(({ container }) => [
          { host, service: container, port: PORT, https: true, certificate: "letsencrypt" as const },
        ]),
        checks,
        waitTimeout,
        stages: text.stages,
        adopt,
      },
      // Its volume holds the history of runs.
      { parent: this, retainOnDelete: true },
    );
    this.url = `https://${host}`;
    this.registerOutputs({ url: this.url });
  }
}
