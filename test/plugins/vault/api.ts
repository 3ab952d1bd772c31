/** Where the engine told us to go; without an explicit provider the environment says it, as with the real plugin. */
interface Settings {
  address: string;
  token?: string;
  authLogin?: { path: string; parameters?: Record<string, string> };
}

let settings: Settings | undefined;
let token: Promise<string> | undefined;

/** Takes the provider's own inputs. */
export function configure(inputs: Record<string, unknown>): void {
  const text = (key: string) => (typeof inputs[key] === "string" ? inputs[key] : undefined);
  const login = text("authLogin");
  settings = {
    address: text("address") ?? process.env.VAULT_ADDR ?? "",
    token: text("token") ?? process.env.VAULT_TOKEN,
    authLogin: login === undefined ? undefined : JSON.parse(login),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: whatever Vault answers.
type Body = any;

/** A request to the real server. Answers undefined for 404; anything else but a success is an error with Vault's words. */
export async function request(method: string, path: string, body?: object): Promise<Body | undefined> {
  token ??= signIn();
  return send(method, path, await token, body);
}

/** Like `request`, for what has to be there. */
export async function demand(method: string, path: string, body?: object): Promise<Body> {
  const answer = await request(method, path, body);
  if (answer === undefined) throw new Error(`${method} ${path}: 404`);
  return answer;
}

async function signIn(): Promise<string> {
  const { authLogin, token: own } = given();
  if (!authLogin) return own ?? "";
  return (await send("PUT", authLogin.path, "", authLogin.parameters)).auth.client_token;
}

async function send(method: string, path: string, key: string, body?: object): Promise<Body | undefined> {
  const headers = { "X-Vault-Token": key, "content-type": "application/json" };
  const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
  const answer = await fetch(`${given().address}/v1/${path}`, init);
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${method} ${path}: Code: ${answer.status}. Errors: ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

function given(): Settings {
  if (!settings) configure({});
  return settings as Settings;
}
