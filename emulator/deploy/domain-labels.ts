import type { DomainRow } from "../state/records.ts";

/** The Traefik labels of one domain on one entry point. */
export function domainLabels(appName: string, domain: DomainRow, entrypoint: string): string[] {
  const router = `${appName}-${domain.uniqueConfigKey}-${entrypoint}`;
  const path = domain.path !== null && domain.path !== "/" ? domain.path : undefined;
  // The web router of an https domain only redirects; the rest runs where the request lands.
  const redirects = entrypoint === "web" && domain.https && domain.customEntrypoint === null;
  const defines = entrypoint === "web" || domain.customEntrypoint !== null;
  const middlewares = redirects ? ["redirect-to-https@file"] : [];
  const labels = [
    `traefik.http.routers.${router}.rule=Host(\`${domain.host}\`)${path === undefined ? "" : ` && PathPrefix(\`${path}\`)`}`,
    `traefik.http.routers.${router}.entrypoints=${entrypoint}`,
    `traefik.http.services.${router}.loadbalancer.server.port=${domain.port}`,
    `traefik.http.routers.${router}.service=${router}`,
  ];
  const add = (name: string, definition: string) => {
    if (defines) labels.push(`traefik.http.middlewares.${name}.${definition}`);
    if (!redirects) middlewares.push(name);
  };
  if (domain.stripPath && path !== undefined) {
    add(`stripprefix-${appName}-${domain.uniqueConfigKey}`, `stripprefix.prefixes=${path}`);
  }
  if (domain.internalPath?.startsWith("/") && domain.internalPath !== "/") {
    add(`addprefix-${appName}-${domain.uniqueConfigKey}`, `addprefix.prefix=${domain.internalPath}`);
  }
  if (!redirects) middlewares.push(...(domain.middlewares ?? []));
  if (middlewares.length > 0) labels.push(`traefik.http.routers.${router}.middlewares=${middlewares.join(",")}`);
  const tls = entrypoint === "websecure" || (domain.customEntrypoint !== null && domain.https);
  return tls ? [...labels, ...tlsLabels(router, domain)] : labels;
}

function tlsLabels(router: string, { certificateType, customCertResolver, https }: DomainRow): string[] {
  if (certificateType === "letsencrypt") return [`traefik.http.routers.${router}.tls.certresolver=letsencrypt`];
  if (certificateType === "custom" && customCertResolver) {
    return [`traefik.http.routers.${router}.tls.certresolver=${customCertResolver}`];
  }
  return certificateType === "none" && https ? [`traefik.http.routers.${router}.tls=true`] : [];
}
