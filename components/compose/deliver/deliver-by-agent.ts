import type { AgentDelivery, Context } from "../context.ts";
import type { ComposeConfig, ComposeService } from "../model.ts";
import type { PlainFile, PlainService } from "../normalise.ts";
import { isAlteredContent } from "../round-trip.ts";
import { escapeDollars } from "../variables.ts";
import { mapStrings } from "../walk.ts";
import type { AgentParts } from "./agent.ts";

/** The file with its agents in it, the env they need, and which variable has to hold which of an agent's own secrets. */
export interface ByAgent {
  compose: PlainFile;
  variables: Record<string, string>;
  env: Record<string, string>;
  /** The agents that join the environment's network. */
  joins: string[];
}

/** Adds the containers that write the secrets, and to each consumer its mount, its label and the wait for its agent. */
export function deliverByAgent(compose: PlainFile, delivery: AgentDelivery, context: Context): ByAgent {
  const { secrets: _sources, ...rest } = compose;
  const consumers = Object.entries(compose.services).map(([key, { secrets = [], user, entrypoint, command }]) => [
    key,
    { grants: secrets, user, entrypoint, command },
  ]);
  const containers = Object.keys(compose.services);
  const { plans, problems } = delivery.plan({ consumers: Object.fromEntries(consumers), containers });
  for (const { container, path, message, hint } of problems) {
    context.report(["services", container, ...path], message, hint);
  }
  const services = Object.entries(compose.services).map(([key, service]) => {
    const own = plans.find(({ consumers }) => key in consumers);
    return [key, toConsumer(key, service, own)];
  });
  const start: ByAgent = {
    compose: { ...rest, services: Object.fromEntries(services) },
    variables: {},
    env: {},
    joins: [],
  };
  return plans.reduce((file, plan) => addAgent(file, plan, context), start);
}

function addAgent({ compose, variables, env, joins }: ByAgent, plan: AgentParts, context: Context): ByAgent {
  for (const key of Object.keys(plan.volumes)) {
    if (compose.volumes === undefined || !(key in compose.volumes)) continue;
    context.report(["volumes", key], `\`${key}\` is the name of the platform's own volume`, "use another name");
  }
  const carried = carryConfigs(plan);
  return {
    compose: {
      ...compose,
      services: { ...compose.services, [plan.name]: toPlain(plan.agent) },
      volumes: { ...compose.volumes, ...plan.volumes },
      configs: { ...compose.configs, ...carried.configs },
      secrets: { ...compose.secrets, ...plan.secrets },
    },
    variables: { ...variables, ...checkVariables(plan, context) },
    env: { ...env, ...carried.env },
    joins: plan.joins ? [...joins, plan.name] : joins,
  };
}

function toConsumer(key: string, { secrets: _grants, ...service }: PlainService, plan: AgentParts | undefined) {
  const added = plan?.consumers[key];
  if (!added) return service;
  const own = Array.isArray(service.entrypoint) ? service.entrypoint : [];
  return {
    ...service,
    entrypoint: [...added.entrypoint.map(escapeDollars), ...own],
    volumes: [...(service.volumes ?? []), ...added.volumes],
    depends_on: { ...service.depends_on, ...added.depends_on },
    labels: [...service.labels, ...added.labels].sort(),
  };
}

function toPlain(agent: ComposeService): PlainService {
  const { environment, labels, ...rest } = mapStrings(agent, escapeDollars) as ComposeService;
  return {
    ...rest,
    environment: [environment ?? []].flat() as string[],
    labels: [labels ?? []].flat() as string[],
    depends_on: {},
  };
}

/** A text that YAML would alter on its way goes through a variable. */
function carryConfigs({ configs }: AgentParts): {
  configs: Record<string, ComposeConfig>;
  env: Record<string, string>;
} {
  const env: Record<string, string> = {};
  const carried = Object.entries(configs).map(([name, { content }]): [string, ComposeConfig] => {
    if (!isAlteredContent(content)) return [name, { content: escapeDollars(content) }];
    const variable = `CONFIG_${name.toUpperCase()}`;
    env[variable] = content;
    return [name, { environment: variable }];
  });
  return { configs: Object.fromEntries(carried), env };
}

function checkVariables({ secrets }: AgentParts, context: Context): Record<string, string> {
  const entries = Object.entries(secrets).map(([name, { environment }]) => {
    if (environment in context.env || environment in context.containerEnv) {
      context.report([], `the service's env holds \`${environment}\`, which the agent needs`, "use another name");
    }
    return [environment, name];
  });
  return Object.fromEntries(entries);
}
