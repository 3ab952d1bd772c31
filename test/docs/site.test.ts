import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, extname, join } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installMkdocs } from "../tools/lint/setup.mjs";
import { listPages, ROOT, readBlocks } from "./pages.ts";

const program = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
const hasPip = spawnSync("python3", ["-m", "pip", "--version"]).status === 0;
const canLook = program !== undefined && hasPip;
const why = canLook ? "" : " (needs Debian's package chromium, and python3 with pip)";

const drawn = listPages()
  .map((page) => ({ page, diagrams: readBlocks(page).filter(({ language }) => language === "mermaid") }))
  .filter(({ diagrams }) => diagrams.length > 0);

describe.skipIf(!canLook && process.env.REQUIRE_CHROMIUM !== "1")(`the site, where no network is${why}`, () => {
  const site = mkdtempSync(join(tmpdir(), "docs-site-"));
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let address: string;
  /** What the pages wanted from elsewhere. */
  const asked: string[] = [];

  beforeAll(async () => {
    const words = ["-m", "mkdocs", "build", "--strict", "--quiet", "--config-file", "docs/mkdocs.yml"];
    const { status, stderr } = spawnSync("python3", [...words, "--site-dir", site], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, PYTHONPATH: await installMkdocs(), NO_MKDOCS_2_WARNING: "true" },
    });
    expect(status, stderr).toBe(0);
    server = serve(site);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ ...(program && { executablePath: program }), args: ["--no-sandbox"] });
    context = await browser.newContext();
    await context.route(
      () => true,
      (route) => {
        if (new URL(route.request().url()).origin === address) return route.continue();
        asked.push(route.request().url());
        return route.abort();
      },
    );
    // The theme draws into shadow roots that are closed, where nobody could look.
    await context.addInitScript(`{
      const attach = Element.prototype.attachShadow;
      Element.prototype.attachShadow = function (init) {
        return attach.call(this, { ...init, mode: "open" });
      };
    }`);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(site, { recursive: true, force: true });
  });

  test("has no page that names a script, a style, a font or a picture elsewhere", () => {
    const pages = globSync("**/*.html", { cwd: site });
    expect(pages.length).toBeGreaterThan(listPages().length);
    for (const page of pages) {
      const tags = readFileSync(join(site, page), "utf8").match(/<(script|img|iframe|link)\b[^>]*>/g) ?? [];
      const foreign = tags.filter(
        (tag) => /\b(src|href)="?(https?:)?\/\//.test(tag) && !tag.includes('rel="canonical"'),
      );
      expect(foreign, page).toEqual([]);
    }
  });

  test.each(drawn)("draws each diagram of $page", async ({ page: path, diagrams }) => {
    const page = await context.newPage();
    const failed: string[] = [];
    page.on("pageerror", (error) => failed.push(error.message));
    await page.goto(`${address}/${path.replace(/(index)?\.md$/, (_, index) => (index ? "" : "/"))}`);
    await page
      .locator(".mermaid svg")
      .nth(diagrams.length - 1)
      .waitFor({ timeout: 20_000 });
    const texts = await page.locator(".mermaid svg > g").allTextContents();
    const shown = texts.join(" ");
    expect(shown).not.toContain("Syntax error");
    for (const { text } of diagrams) {
      for (const label of labelsOf(text)) expect(shown, `${path}: ${label}`).toContain(label);
    }
    expect({ asked, failed }).toEqual({ asked: [], failed: [] });
    await page.close();
  });
});

/** The first word of each node, participant, state or tag of a diagram. */
function labelsOf(text: string): string[] {
  const patterns: Record<string, RegExp> = {
    flowchart: /\w[[({]{1,2}"?(\w+)/g,
    sequenceDiagram: /participant \w+ as (\w+)/g,
    "stateDiagram-v2": /--> (\w+)/g,
    gitGraph: /tag: "([\w.]+)/g,
  };
  const [kind = ""] = text.replace(/^%%.*\n/, "").split(/\s/, 1);
  const found = [...text.matchAll(patterns[kind] ?? /(?!)/g)].map(([, label = ""]) => label);
  expect(found.length, text).toBeGreaterThan(2);
  return found;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};

function serve(folder: string): Server {
  return createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "" }).end(readFileSync(file));
  });
}
