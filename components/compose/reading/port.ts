import { isIP } from "node:net";

/** A port in the short form. */
export interface Port {
  /** What the host offers: empty when Docker chooses, `8000-8010` when it chooses one of these. */
  published: string;
  /** Of the container, a range too, without the protocol. */
  container: string;
  problem?: string;
}

/** Reads `[[address:]host:]container[/protocol]`. https://github.com/docker/go-connections/blob/v0.6.0/nat/nat.go */
export function parsePort(text: string): Port {
  const parts = text.split(":");
  const container = parts.at(-1) ?? "";
  const host = parts.length > 1 ? (parts.at(-2) ?? "") : "";
  const address = parts.slice(0, -2).join(":");
  const [port = "", protocol] = container.includes("/") ? cut(container) : [container];
  const published = { published: host, container: port };
  if (port === "") return { ...published, problem: "no port of the container" };
  if (!["tcp", "udp", "sctp"].includes((protocol || "tcp").toLowerCase()))
    return { ...published, problem: `there is no protocol \`${protocol}\`` };
  if (address !== "" && !isAddress(address)) return { ...published, problem: `\`${address}\` is no IP address` };
  const inside = parseRange(port);
  if (!inside) return { ...published, problem: `\`${port}\` is no port of the container` };
  if (host === "") return published;
  const outside = parseRange(host);
  if (!outside) return { ...published, problem: `\`${host}\` is no port of the host` };
  const [start, end] = inside;
  if (end - start !== outside[1] - outside[0] && end !== start)
    return { ...published, problem: "the two ranges are not equally long" };
  return published;
}

function cut(container: string): [string, string] {
  const slash = container.indexOf("/");
  return [container.slice(0, slash), container.slice(slash + 1)];
}

function isAddress(text: string): boolean {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  return isIP(bare) !== 0 && !bare.includes("%");
}

function parseRange(text: string): [number, number] | undefined {
  const [start = "", end = start] = text.split("-");
  if (![start, end].every((part) => /^\d+$/.test(part) && Number(part) < 65_536)) return undefined;
  return Number(end) < Number(start) ? undefined : [Number(start), Number(end)];
}
