import type { Emulator } from "../../../emulator/emulator.ts";
import type { ComposeRow, DeploymentRow } from "../../../emulator/state/records.ts";

export const SERVICE = 'services:\n  web:\n    image: busybox\n    command: ["sleep", "3000"]\n';

/** As few lines as a test needs to talk to an emulator over HTTP. */
export function createClient(emulator: Emulator) {
  const headers = { "x-api-key": emulator.apiKey, "content-type": "application/json" };
  const answer = async (response: Response) => {
    const text = await response.text();
    return { status: response.status, body: text.startsWith("<") || text === "" ? text : JSON.parse(text) };
  };
  const get = async (path: string) => answer(await fetch(`${emulator.url}/api/${path}`, { headers }));
  const post = async (path: string, body: object) =>
    answer(await fetch(`${emulator.url}/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
  return {
    get,
    post,
    /** A raw service in a project of its own. */
    async createService(patch: Partial<ComposeRow> = {}): Promise<ComposeRow> {
      const { environment } = (await post("project.create", { name: "platform" })).body;
      const { environmentId } = environment as { environmentId: string };
      const wanted = { name: "web", appName: "web", environmentId, sourceType: "raw", composeFile: SERVICE };
      const { body } = await post("compose.create", wanted);
      if (Object.keys(patch).length === 0) return body as ComposeRow;
      return (await post("compose.update", { composeId: (body as ComposeRow).composeId, ...patch })).body as ComposeRow;
    },
    async deployments(composeId: string): Promise<DeploymentRow[]> {
      return (await get(`deployment.allByCompose?composeId=${composeId}`)).body as DeploymentRow[];
    },
    /** Deploys, waits for the end, and answers the newest deployment with its log. */
    async deploy(composeId: string): Promise<DeploymentRow & { log: string }> {
      await post("compose.deploy", { composeId });
      await emulator.control.idle();
      const [row] = await this.deployments(composeId);
      if (row === undefined) throw new Error("no deployment");
      return { ...row, log: (await get(`deployment.readLogs?deploymentId=${row.deploymentId}&tail=10000`)).body };
    },
  };
}
