/** Sorts names so that each comes after those it needs, else in the given order; or says who waits for whom in a circle. */
export function orderByNeeds(nodes: readonly { name: string; needs: readonly string[] }[]): {
  order: string[];
  circle?: string[];
} {
  const needs = new Map(nodes.map((node) => [node.name, node.needs]));
  const order: string[] = [];
  let circle: string[] | undefined;
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) circle ??= [...above.slice(above.indexOf(name)), name];
    if (order.includes(name) || above.includes(name)) return;
    for (const next of needs.get(name) ?? []) if (needs.has(next)) visit(next, [...above, name]);
    order.push(name);
  };
  for (const { name } of nodes) visit(name, []);
  return circle ? { order, circle } : { order };
}
