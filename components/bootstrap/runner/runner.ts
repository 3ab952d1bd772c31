import * as pulumi from "@pulumi/pulumi";
import { Compose, Environment, type OwnerArgs } from "../../dokploy/resources.ts";
import type { HttpCheck } from "../../platform/checks/http.ts";
import type { AgentName } from "../../vault/agent/agent-request.ts";
import { PORT, SERVICE, STACK } from "./compose.ts";

/** What changes with what other resources answer. */
export interface RunnerText {
  composeFile: string;
  /** Plain env, which the text's `${NAME}` take their values from. */
  env: Record<string, string>;
  /** Key of the door's container in the text. */
  container: string;
  stages: number;
}

/** Who an agent is at Vault. */
export interface SignIn {
  roleId: pulumi.Input<string>;
  secretId: pulumi.Input<string>;
  env: AgentName["env"];
}

export interface RunnerArgs {
  /** Name of the project on Dokploy. */
  project: string;
  owner: OwnerArgs;
  text: pulumi.Input<RunnerText>;
  /** Each agent's sign-in at Vault, and the variables that have to hold it. */
  signIns: readonly SignIn[];
  /** Host name that leads to it, e.g. `iac.example.org`. */
  host: string;
  checks: HttpCheck[];
  /** Seconds until it has to be healthy. */
  waitTimeout: number;
  /** Take over a Compose project of this name that is not ours. */
  adopt: boolean;
}

/** The runner on Dokploy, door and engine workers, in an environment of its own, with its route. */
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
    const signIns = args.signIns.map(({ env, roleId, secretId }) =>
      pulumi.all([roleId, pulumi.secret(secretId)]).apply(([role, secret]) => ({
        [env.roleId]: role,
        [env.secretId]: secret,
      })),
    );
    const env = pulumi
      .all([text, pulumi.all(signIns)])
      .apply(([{ env }, ids]): Record<string, string> => Object.assign({}, env, ...ids));
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
      // Its volumes hold the history of runs, and states.
      { parent: this, retainOnDelete: true },
    );
    this.url = `https://${host}`;
    this.registerOutputs({ url: this.url });
  }
}
