import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedContainers } from "../../../../emulator/containers/simulated.ts";
import type { Emulator } from "../../../../emulator/emulator.ts";
import type { DeploymentRow } from "../../../../emulator/state/records.ts";
import { compare, type Difference, type Known, translate } from "./compare.ts";
import type { CheckStep, ControlStep, RequestStep, SettleStep, Step } from "./step.ts";

/** Carries out steps of the walk against a running emulator and says where it answers otherwise. */
export function createReplay(emulator: Emulator, containers: SimulatedContainers, known: Known) {
  let restarted = Promise.resolve();

  const call = async (step: RequestStep): Promise<Difference[]> => {
    const response = await send(emulator, known, step).catch(() => undefined);
    if (response === undefined) return compare(step.answer.status, null, known, true, "status");
    const text = await response.text();
    const { answer } = step;
    if (response.status !== answer.status)
      return [{ at: "status", recorded: answer.status, actual: `${response.status} ${text.slice(0, 300)}` }];
    if (answer.text !== undefined) return compare(answer.text, text, known);
    if (answer.partial !== undefined) return compare(answer.partial, JSON.parse(text), known, false);
    if (answer.json !== undefined) return compare(answer.json, JSON.parse(text), known);
    for (const [title, id] of Object.entries(answer.partialByTitle ?? {})) {
      const row = (JSON.parse(text) as DeploymentRow[]).find((row) => row.title === title);
      if (row === undefined) return [{ at: title, recorded: id, actual: undefined }];
      known.set(id, row.deploymentId);
    }
    return [];
  };

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${emulator.url}/api/${path}`, { headers: { "x-api-key": emulator.apiKey } });
    return (await response.json()) as T;
  };

  const settle = async ({ settle: wanted }: SettleStep): Promise<Difference[]> => {
    await restarted;
    await emulator.control.idle();
    const composeId = translate(wanted.composeId, known);
    const { composeStatus } = await get<{ composeStatus: string }>(`compose.one?composeId=${composeId}`);
    const rows = await get<DeploymentRow[]>(`deployment.allByCompose?composeId=${composeId}`);
    if (wanted.newestId !== undefined && rows[0]) known.set(wanted.newestId, rows[0].deploymentId);
    const newest = rows.slice(0, wanted.deployments?.length ?? 0).map(({ title, status }) => [title, status]);
    return [
      ...(wanted.composeStatus ? compare(wanted.composeStatus, composeStatus, known, true, "composeStatus") : []),
      ...compare(wanted.deployments ?? [], newest, known, true, "deployments"),
    ];
  };

  const check = async ({ check: wanted }: CheckStep): Promise<Difference[]> => {
    const folder = (app: string) => join(emulator.dataDir, "compose", translate(app, known));
    if ("volumesOf" in wanted) {
      const app = translate(wanted.volumesOf, known);
      const left = (await containers.volumes()).filter((name) => name.startsWith(app));
      return compare(wanted.left, left.sort(), known, true, "volumes").filter(
        ({ recorded, actual }) => translate(String(recorded), known) !== String(actual),
      );
    }
    if ("files" in wanted)
      return compare(wanted.are, readdirSync(join(folder(wanted.files), "code")).sort(), known, true, "files");
    if ("container" in wanted) {
      const environment = containers.environmentOf(translate(wanted.container, known)) ?? {};
      return compare(wanted.env, environment, known, false, "env");
    }
    if ("running" in wanted) {
      const states = await Promise.all(
        wanted.running.map(async (name) => {
          const state = (await containers.inspect(translate(name, known)))?.State as { Status: string } | undefined;
          return state?.Status;
        }),
      );
      return compare(
        wanted.running.map(() => "running"),
        states,
        known,
        true,
        "running",
      );
    }
    return compare(false, existsSync(folder(wanted.gone)), known, true, "exists");
  };

  const control = async (step: ControlStep): Promise<Difference[]> => {
    if ("fault" in step) emulator.control.addFault({ ...step.fault, service: translate(step.fault.service, known) });
    else if (step.control === "restart") restarted = emulator.control.restart(1000);
    else if (step.control === "clearFaults") emulator.control.clearFaults();
    else {
      const id = translate(step.environmentId, known);
      const { compose } = await get<{ compose: { composeId: string }[] }>(`environment.one?environmentId=${id}`);
      for (const { composeId } of compose) {
        const json = { composeId, deleteVolumes: true };
        await send(emulator, known, {
          ...{ method: "POST", path: "/api/compose.delete", key: "admin", contentType: "application/json", json },
          answer: { status: 200 },
        });
      }
    }
    return [];
  };

  return (step: Step): Promise<Difference[]> => {
    if ("method" in step) return call(step);
    if ("settle" in step) return settle(step);
    return "check" in step ? check(step) : control(step);
  };
}

async function send(emulator: Emulator, known: Known, step: RequestStep): Promise<Response> {
  const headers = new Headers(step.headers);
  if (step.key !== undefined) headers.set("x-api-key", keyOf(emulator, known, step.key));
  if (step.bearer !== undefined) headers.set("authorization", `Bearer ${emulator.apiKey}`);
  if (step.contentType !== undefined) headers.set("content-type", step.contentType);
  const body = step.json === undefined ? step.text : JSON.stringify(filled(step));
  return await fetch(emulator.url + translate(step.path, known), {
    method: step.method,
    headers,
    ...(body !== undefined && { body: translate(body, known) }),
  });
}

function keyOf(emulator: Emulator, known: Known, name: string): string {
  if (name === "admin") return emulator.apiKey;
  return known.get(name) ?? "no such key";
}

function filled({ json, fill = {} }: RequestStep): unknown {
  const copy = structuredClone(json) as Record<string, unknown>;
  for (const [path, length] of Object.entries(fill)) {
    const keys = path.split(".");
    const last = keys.pop() as string;
    const holder = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy);
    holder[last] = "x".repeat(length);
  }
  return copy;
}
