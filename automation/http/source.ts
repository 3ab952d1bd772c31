import { BlockList, isIP, isIPv6 } from "node:net";

/** Addresses of proxies whose word about the address before them is taken. */
export type Proxies = Pick<BlockList, "check">;

/**
 * Reads addresses and networks separated by commas, e.g. `10.0.1.0/24, 2001:db8::1`; an empty text is none. Throws Error that names the
 * one that is neither.
 */
export function parseProxies(text: string): Proxies {
  const list = new BlockList();
  if (text.trim() === "") return list;
  for (const each of text.split(",").map((part) => part.trim())) {
    const [address = "", bits, ...rest] = each.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (isIP(address) === 0 || rest.length > 0 || !(length <= most)) {
      throw new Error(`${JSON.stringify(each)} is neither an address nor a network like 10.0.1.0/24`);
    }
    if (length === 0) throw new Error(`${each} would trust everybody`);
    list.addSubnet(address, length, family);
  }
  return list;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [plain = ""] = address.split("%");
  const parts = (text: string) =>
    text === ""
      ? []
      : text.split(":").flatMap((group) => {
          if (!group.includes(".")) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const [before = "", after] = plain.split("::");
  const [first, last] = [parts(before), parts(after ?? "")];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/** An address in one form: an IPv4 address that came as IPv6 (`::ffff:203.0.113.7`) as IPv4. */
function normalise(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return address.split("%")[0] ?? address;
}

/** Whose requests count together: an IPv4 address, or the /64 of an IPv6 one, of which everybody has 2^64 for themselves. */
export function toBucket(address: string): string {
  const plain = normalise(address);
  if (!isIPv6(plain)) return plain;
  const groups = groupsOf(plain).slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

/** The address in an entry of `X-Forwarded-For`, which some proxies write with a port; undefined when there is none. */
function readEntry(entry: string): string | undefined {
  const text = entry.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : normalise(bare);
}

/** Whether an address is one of the proxies. */
export function isProxy(proxies: Proxies, address: string): boolean {
  const plain = normalise(address);
  const family = isIP(plain);
  return family !== 0 && proxies.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/**
 * The address that a request came from: of what `X-Forwarded-For` says the right-most one that is no proxy of ours, for what stands
 * left of it anybody may have written. The connection's own address when that is no proxy. Pure.
 */
export function clientAddress(peer: string, forwarded: string | undefined, proxies: Proxies): string {
  let address = normalise(peer);
  if (forwarded === undefined) return address;
  for (const entry of forwarded.split(",").reverse()) {
    if (!isProxy(proxies, address)) return address;
    const before = readEntry(entry);
    // Whoever wrote that is no proxy as we know them: what was found up to here counts.
    if (before === undefined) return address;
    address = before;
  }
  return address;
}
