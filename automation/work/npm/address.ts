/**
 * Folders of git hosts that npm takes for tarballs. It fetches any other `https:` address there with git, and then compares no
 * checksum: https://github.com/npm/hosted-git-info/blob/main/lib/hosts.js, https://github.com/npm/pacote/blob/main/lib/git.js
 */
const TARBALLS_OF_GIT_HOSTS: Record<string, RegExp> = {
  "github.com": /^\/[^/]+\/[^/]+\/(?!tree(?:\/|$))[^/]/,
  "gitlab.com": /^\/.*\/-\/|^\/.*\/archive\.tar\.gz/,
  "bitbucket.org": /^\/[^/]+\/[^/]+\/get(?:\/|$)/,
  "gist.github.com": /^\/[^/]+\/[^/]+\/raw(?:\/|$)/,
  "git.sr.ht": /^\/[^/]+\/[^/]+\/archive(?:\/|$)/,
};

/** Why an address is not one that may be fetched from: `https:`, or `http:` on this machine. Undefined when it is. */
export function refuseAddress(text: string): string | undefined {
  const protocol = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase();
  if (protocol === undefined) return "is no address";
  // Parsers disagree on the rest (a backslash, a tab inside), so that npm could see another host than is seen here.
  if (!/^https?:\/\/(?!\/)[\x21-\x5b\x5d-\x7e]+$/.test(text) || !URL.canParse(text)) {
    return /^https?:$/.test(protocol) ? "is no address" : `is ${protocol} and not https:`;
  }
  const url = new URL(text);
  if (/^https?:\/+[^/?#]*@/.test(text)) return "has a password in its address";
  if (url.protocol === "http:" && !isLoopback(url.hostname)) return "is http: and not https:";
  return undefined;
}

/** Why an address is not one of a tarball that npm compares with a checksum. Undefined when it is. */
export function refuseTarball(text: string): string | undefined {
  const refused = refuseAddress(text);
  if (refused) return refused;
  const { hostname, pathname } = new URL(text);
  const tarballs = TARBALLS_OF_GIT_HOSTS[hostname.replace(/^www\./, "").replace(/\.$/, "")];
  return tarballs && !tarballs.test(pathname) ? "is a git repository" : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
