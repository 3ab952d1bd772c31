/** Why a changed path touches what it touches. */
export type AffectedRow = "service" | "all" | "runner" | "application" | "project" | "other";

interface Row {
  name: AffectedRow;
  /**
   * `**` any path, `*` any name, `<number>` digits, `<service>` one of the services, `<stack>` a stack's name; all else
   * stands for itself.
   */
  patterns: readonly string[];
  except?: readonly string[];
  /** What such a path touches: the service in it, every service, or none. */
  touches: "its service" | "every service" | "no service";
}

/** The only table of paths. No two rows match the same path. */
const ROWS: readonly Row[] = [
  {
    name: "service",
    patterns: ["components/<service>/**", "platform/<number>.<service>/**"],
    touches: "its service",
  },
  {
    name: "all",
    patterns: [
      "components/*",
      "components/compose/**",
      "components/dokploy/**",
      "components/engine/**",
      "components/look/**",
      "components/platform/**",
      "components/vault/**",
      // Until 0.1.
      "components/names/**",
      "stacks/**",
      // How a release's program reaches Dokploy and Vault, and masks what it says.
      "text/**",
      "tools/outgoing/**",
      "libs/**",
      "Pulumi.yaml",
      // Every stack's: what is only for production has to pass staging too, before it may be promoted.
      "Pulumi.<stack>.yaml",
      "package.json",
      "package-lock.json",
    ],
    except: ["stacks/bootstrap.ts", "stacks/bootstrap/**", "Pulumi.bootstrap.yaml"],
    touches: "every service",
  },
  // The runner must not restart itself, nor what it leans on.
  {
    name: "runner",
    patterns: [
      "automation/**",
      "cli/**",
      "components/bootstrap/**",
      // Until 0.1.
      "components/runner/**",
      "components/github/**",
      "components/host/**",
      "stacks/bootstrap.ts",
      "stacks/bootstrap/**",
      "Pulumi.bootstrap.yaml",
      "bootstrap/**",
      "Dockerfile",
      ".dockerignore",
    ],
    touches: "no service",
  },
  // Applications have pipelines of their own.
  { name: "application", patterns: ["finance_report/**", "finance/**"], touches: "no service" },
  {
    name: "project",
    patterns: [
      "docs/**",
      "emulator/**",
      "examples/**",
      "test/**",
      "tools/**",
      ".ci/**",
      ".github/**",
      "*.md",
      "LICENSE",
      ".gitignore",
      "biome.json",
      "tsconfig.json",
      "vitest.config.ts",
    ],
    except: ["tools/outgoing/**"],
    touches: "no service",
  },
];

/** Folders of `components` that are no service: those that the table has a row for. */
const NO_SERVICE = ROWS.flatMap(({ patterns }) =>
  patterns.flatMap((pattern) => /^components\/([a-z-]+)\/\*\*$/.exec(pattern)?.[1] ?? []),
);

/** What one changed path touches. */
export interface AffectedPath {
  path: string;
  row: AffectedRow;
  /** Names of the services that it touches. */
  services: string[];
}

/** What a change touches. */
export interface Affected {
  /** The touched services, in the order in which they were given. */
  services: string[];
  /** One entry per path, in order. */
  paths: AffectedPath[];
}

/** Tells which of `services` a change of these paths (relative to the repository, as Git lists them) touches. */
export function affectedServices(paths: readonly string[], services: readonly string[]): Affected {
  const known = withoutReserved(services);
  const rows = ROWS.map((row) => ({ ...row, matches: toMatcher(row, known) }));
  const affected = paths.map((path): AffectedPath => {
    const row = rows.find(({ matches }) => matches(path));
    if (!row) return { path, row: "other", services: [] };
    return { path, row: row.name, services: touched(row, path, known) };
  });
  const names = new Set(affected.flatMap((each) => each.services));
  return { services: known.filter((service) => names.has(service)), paths: affected };
}

/** Every row that matches a path; more than one is a mistake in the table. */
export function matchingRows(path: string, services: readonly string[]): AffectedRow[] {
  const known = withoutReserved(services);
  return ROWS.filter((row) => toMatcher(row, known)(path)).map((row) => row.name);
}

function withoutReserved(services: readonly string[]): string[] {
  return services.filter((service) => !NO_SERVICE.includes(service));
}

function touched(row: Row, path: string, services: readonly string[]): string[] {
  if (row.touches === "every service") return [...services];
  if (row.touches === "no service") return [];
  return services.filter((service) => row.patterns.some((pattern) => toRegExp(pattern, [service]).test(path)));
}

function toMatcher({ patterns, except = [] }: Row, services: readonly string[]): (path: string) => boolean {
  const [wanted, others] = [patterns, except].map((list) => list.map((pattern) => toRegExp(pattern, services)));
  const isIn = (list: RegExp[] | undefined, path: string) => list?.some((expression) => expression.test(path)) === true;
  return (path) => isIn(wanted, path) && !isIn(others, path);
}

function toRegExp(pattern: string, services: readonly string[]): RegExp {
  const parts: Record<string, string> = {
    "**": ".+",
    "*": "[^/]+",
    "<number>": "\\d+",
    "<stack>": "[a-z][a-z0-9-]*",
    "<service>": services.length > 0 ? `(?:${services.map(literal).join("|")})` : "(?!)",
  };
  const source = pattern.split(/(\*\*|\*|<\w+>)/).map((part) => parts[part] ?? literal(part));
  return new RegExp(`^${source.join("")}$`, "s");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
