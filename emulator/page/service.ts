import { html } from "hono/html";
import type { Dokploy } from "../dokploy.ts";
import type { ComposeRow, DeploymentRow } from "../state/records.ts";
import { action, layout, status, time } from "./layout.ts";

/** One service: its containers and deployments, and forms that change its record as the web interface does. */
export async function servicePage({ db, containers }: Dokploy, compose: ComposeRow) {
  const path = `/services/${compose.composeId}`;
  const rows = (await containers.list(compose.appName)).map(
    ({ containerId, name, state, status }) => html`<tr>
      <td><a href="/containers/${containerId}">${name}</a></td>
      <td class="${state === "running" ? "running-container" : state}">${status}</td>
    </tr>`,
  );
  const domains = db.domains
    .of(compose.composeId)
    .map(
      ({ host, path, port, serviceName, enabled }) =>
        html`<li>${host}${path} → ${serviceName}:${port}${enabled ? "" : " (off)"}</li>`,
    );
  return layout(compose.name, [
    html`<p>
        ${status(compose.composeStatus)} · ${compose.appName} · push deploys ${compose.autoDeploy ? "on" : "off"}
        ${compose.description === null ? "" : html`<br /><span class="muted">${compose.description}</span>`}
      </p>
      ${action(`${path}/deploy`, "Deploy")} ${action(`${path}/stop`, "Stop")} ${action(`${path}/start`, "Start")}`,
    html`<h2>Containers</h2>${rows.length === 0 ? html`<p class="muted">none</p>` : html`<table>${rows}</table>`}`,
    html`<h2>Deployments</h2>${deploymentTable(db.deployments.of(compose.composeId).reverse())}`,
    html`<h2>Domains</h2>${domains.length === 0 ? html`<p class="muted">none</p>` : html`<ul>${domains}</ul>`}`,
    html`<h2>Edit by hand</h2>
      <p class="muted">Saving changes the record only; it takes effect with the next deployment.</p>
      ${editor(`${path}/env`, "Environment", "env", compose.env ?? "", 8)}
      ${editor(`${path}/compose-file`, "Compose file", "composeFile", compose.composeFile, 24)}
      ${editor(`${path}/command`, "Command", "command", compose.command, 2)}`,
    html`<h2>Delete</h2>
      <form method="post" action="${path}/delete">
        <label><input type="checkbox" name="deleteVolumes" /> with its volumes</label> <button>Delete</button>
      </form>`,
  ]);
}

function deploymentTable(rows: DeploymentRow[]) {
  if (rows.length === 0) return html`<p class="muted">none</p>`;
  return html`<table>
    <tr><th>Title</th><th>Status</th><th>Started</th><th>Finished</th></tr>
    ${rows.map(
      (row) => html`<tr>
        <td>
          <a href="/deployments/${row.deploymentId}">${row.title}</a> <span class="muted">${row.description}</span>
        </td>
        <td>${status(row.status)}</td>
        <td>${time(row.startedAt)}</td>
        <td>${time(row.finishedAt)}</td>
      </tr>`,
    )}
  </table>`;
}

function editor(path: string, label: string, name: string, text: string, lines: number) {
  // HTML drops the first newline of a textarea, hence the one that is added.
  return html`<form method="post" action="${path}">
    <h3><label for="${name}">${label}</label></h3>
    <textarea id="${name}" name="${name}" rows="${lines}" spellcheck="false">${"\n"}${text}</textarea>
    <button>Save</button>
  </form>`;
}
