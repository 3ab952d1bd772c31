import { html } from "hono/html";
import type { Dokploy } from "../dokploy.ts";
import type { ComposeRow } from "../state/records.ts";
import { layout, status, time } from "./layout.ts";

/** Projects, their environments, and the services in them with their last deployment and containers. */
export async function overviewPage(dokploy: Dokploy) {
  const { db, queue } = dokploy;
  const projects = await Promise.all(
    db.projects.all().map(async (project) => {
      const environments = await Promise.all(
        db.environments.of(project.projectId).map(async (environment) => {
          const rows = await Promise.all(
            db.composes.of(environment.environmentId).map((row) => serviceRow(dokploy, row)),
          );
          return html`<h3>${environment.name}</h3>
            ${
              rows.length === 0
                ? html`<p class="muted">no services</p>`
                : html`<table>
                    <tr><th>Service</th><th>Status</th><th>Containers</th><th>Last deployment</th></tr>
                    ${rows}
                  </table>`
            }`;
        }),
      );
      return html`<section><h2>${project.name}</h2><p class="muted">${project.description}</p>${environments}</section>`;
    }),
  );
  const waiting = queue.list().reverse();
  const jobs = waiting.map(
    ({ composeId, title, processedOn }) =>
      html`<li>${db.composes.get(composeId)?.name}: ${title} (${processedOn === undefined ? "waiting" : "running"})</li>`,
  );
  return layout("Projects", [
    html`${projects.length === 0 ? html`<p class="muted">No projects yet.</p>` : projects}`,
    html`<h2>Queue</h2>${jobs.length === 0 ? html`<p class="muted">empty</p>` : html`<ol>${jobs}</ol>`}`,
  ]);
}

async function serviceRow({ db, containers }: Dokploy, { composeId, name, appName, composeStatus }: ComposeRow) {
  const last = db.deployments.of(composeId).at(-1);
  const states = (await containers.list(appName)).map(({ status }) => status).join(", ");
  return html`<tr>
    <td><a href="/services/${composeId}">${name}</a> <span class="muted">${appName}</span></td>
    <td>${status(composeStatus)}</td>
    <td>${states || "none"}</td>
    <td>${last === undefined ? "never" : html`${last.title} ${status(last.status)} ${time(last.startedAt)}`}</td>
  </tr>`;
}
