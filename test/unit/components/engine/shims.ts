/** A dynamic provider as the engine's process calls it. */
export interface OpenedProvider {
  configure(request: { config: unknown }): void;
  diff(id: string, olds: object, news: object): Promise<{ changes: boolean }>;
}

/** Evaluates a provider's text as the engine's process does; `modules` stands in for `import` when it is given. */
export function openProvider(text: string, modules?: (name: string) => Promise<object>): OpenedProvider {
  const exports: { handler?(): OpenedProvider } = {};
  const program = modules ? text.replaceAll("import(", "modules(") : text;
  new Function("exports", "modules", program)(exports, modules);
  if (!exports.handler) throw new Error("the text exports no handler");
  return exports.handler();
}
