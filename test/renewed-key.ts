/** Makes another API key on an emulated Dokploy and deletes all others, as people do when they renew one. */
export async function renewKey(server: { url: string; apiKey: string }, key = server.apiKey): Promise<string> {
  const ask = async <T>(as: string, procedure: string, body?: object): Promise<T> => {
    const headers = { "x-api-key": as, "content-type": "application/json" };
    const request = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${server.url}/api/${procedure}`, request);
    if (!answer.ok) throw new Error(`${procedure} answered ${answer.status}`);
    return (await answer.json()) as T;
  };
  const [organization] = await ask<{ id: string }[]>(key, "organization.all");
  const wanted = { name: "renewed", rateLimitEnabled: false, metadata: { organizationId: organization?.id } };
  const made = await ask<{ id: string; key: string }>(key, "user.createApiKey", wanted);
  const { user } = await ask<{ user: { apiKeys: { id: string }[] } }>(made.key, "user.get");
  for (const { id } of user.apiKeys) {
    if (id !== made.id) await ask(made.key, "user.deleteApiKey", { apiKeyId: id });
  }
  return made.key;
}
