import { type Context, Hono } from "hono";
import { html } from "hono/html";
import type { Dokploy } from "../dokploy.ts";
import { invoke } from "../http/invoke.ts";
import type { Procedures } from "../rpc/procedure.ts";
import type { UserRow } from "../state/records.ts";
import { layout } from "./layout.ts";
import { overviewPage } from "./overview.ts";
import { servicePage } from "./service.ts";

/** A plain page for people. It changes things through the same procedures as any client, as the server's owner. */
export function pageRoutes(dokploy: Dokploy, procedures: Procedures, owner: UserRow): Hono {
  const app = new Hono();

  const run = async (c: Context, name: string, input: object, then: string) => {
    const procedure = procedures[name];
    if (procedure === undefined) throw new Error(`no procedure ${name}`);
    const outcome = await invoke(procedure, input, { dokploy, user: owner });
    return outcome.ok ? c.redirect(then, 303) : c.html(messagePage("That did not work", outcome.error.message), 400);
  };
  const field = async (c: Context, name: string) => {
    // Browsers send line ends as CRLF; the web interface sends them as they were typed.
    return String((await c.req.parseBody())[name] ?? "").replaceAll("\r\n", "\n");
  };
  const missing = (c: Context) => c.html(messagePage("Not found", "There is nothing here (any more)."), 404);

  app.get("/", async (c) => c.html(await overviewPage(dokploy)));
  app.get("/services/:id", async (c) => {
    const compose = dokploy.db.composes.get(c.req.param("id"));
    return compose === undefined ? missing(c) : c.html(await servicePage(dokploy, compose));
  });
  app.get("/deployments/:id", async (c) => {
    const row = dokploy.db.deployments.get(c.req.param("id"));
    const procedure = procedures["deployment.readLogs"];
    if (row === undefined || procedure === undefined) return missing(c);
    const outcome = await invoke(procedure, { deploymentId: row.deploymentId, tail: 10_000 }, { dokploy, user: owner });
    const text = outcome.ok ? String(outcome.value) : outcome.error.message;
    return c.html(logPage(`${row.title}: ${row.status}`, `/services/${row.composeId}`, text));
  });
  app.get("/containers/:id", async (c) => {
    const id = c.req.param("id");
    const config = await dokploy.containers.inspect(id);
    if (config === undefined) return missing(c);
    const log = (await dokploy.containers.logs(id, 1000)) ?? "";
    const text = `${JSON.stringify(config.State, null, 2)}\n\n${log}`;
    return c.html(logPage(`Container ${String(config.Name ?? id).replace(/^\//, "")}`, "/", text));
  });

  app.post("/services/:id/deploy", (c) => {
    const composeId = c.req.param("id");
    return run(c, "compose.deploy", { composeId }, `/services/${composeId}`);
  });
  app.post("/services/:id/stop", (c) => {
    const composeId = c.req.param("id");
    return run(c, "compose.stop", { composeId }, `/services/${composeId}`);
  });
  app.post("/services/:id/start", (c) => {
    const composeId = c.req.param("id");
    return run(c, "compose.start", { composeId }, `/services/${composeId}`);
  });
  app.post("/services/:id/env", async (c) => {
    const composeId = c.req.param("id");
    return run(c, "compose.saveEnvironment", { composeId, env: await field(c, "env") }, `/services/${composeId}`);
  });
  app.post("/services/:id/compose-file", async (c) => {
    const composeId = c.req.param("id");
    const patch = { sourceType: "raw", composePath: "./docker-compose.yml" };
    const composeFile = await field(c, "composeFile");
    return run(c, "compose.update", { composeId, composeFile, ...patch }, `/services/${composeId}`);
  });
  app.post("/services/:id/command", async (c) => {
    const composeId = c.req.param("id");
    return run(c, "compose.update", { composeId, command: await field(c, "command") }, `/services/${composeId}`);
  });
  app.post("/services/:id/delete", async (c) => {
    const deleteVolumes = (await c.req.parseBody()).deleteVolumes !== undefined;
    return run(c, "compose.delete", { composeId: c.req.param("id"), deleteVolumes }, "/");
  });
  return app;
}

/** A text as it is: the log of a deployment or a container. */
function logPage(title: string, back: string, text: string) {
  return layout(title, html`<p><a href="${back}">back</a></p><pre>${text}</pre>`);
}

function messagePage(title: string, text: string) {
  return layout(title, html`<p class="error">${text}</p>`);
}
