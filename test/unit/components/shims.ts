/** A dynamic provider as the engine's process calls it. */
export interface OpenedProvider {
  configure(request: { config: unknown }): void;
  diff(id: string, olds: object, news: object): Promise<{ changes: boolean }>;
}

/** Evaluates a provider's text as the engine's process does. */
export function openProvider(text: string): OpenedProvider {
  const exports: { handler?(): OpenedProvider } = {};
  new Function("exports", text)(exports);
  if (!exports.handler) throw new Error("the text exports no handler");
  return exports.handler();
}
